//! What is looked for in messages, besides what the built-in detectors find by themselves.

use serde::Deserialize;

/// What is looked for, and what is left alone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Masking {
    /// Built-in detectors that are switched off, by name.
    pub off: Vec<String>,
    /// Values that are never masked, exactly as written.
    pub allow: Vec<String>,
    /// Names of members whose values are masked, besides those the gateway knows.
    pub keys: Vec<String>,
    /// Detectors of the operator's own.
    pub detectors: Vec<Detector>,
}

/// A detector of the operator's own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// Its name in policies and receipts: lower-case letters, digits and `-`; not that of a built-in one.
    pub name: String,
    /// Text that every value begins with or holds: at least three bytes. The pattern is tried only around it.
    pub literal: String,
    /// Regular expression of the whole value.
    pub pattern: String,
}
