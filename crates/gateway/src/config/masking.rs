//! What is looked for in messages, besides what the built-in detectors find by themselves.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::limits;

/// What is looked for, and what is left alone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Masking {
    /// Built-in detectors that are switched off, by name.
    pub off: Vec<String>,
    /// Least confidence of a finding, from 0 to 100. Absent: that of the detectors themselves.
    pub threshold: Option<u8>,
    /// The same for single detectors, by name.
    pub thresholds: BTreeMap<String, u8>,
    /// Values that are never masked, exactly as written.
    pub allow: Vec<String>,
    /// Values that are never masked: regular expressions of the whole value.
    pub allow_patterns: Vec<String>,
    /// Names of members whose values are masked, besides those the gateway knows.
    pub keys: Vec<String>,
    /// Detectors of the operator's own.
    pub detectors: Vec<Detector>,
    /// A service that knows names and other things that have no form.
    pub recognizer: Option<Recognizer>,
}

/// An HTTP service that speaks the API of Presidio's analyzer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recognizer {
    /// Where texts are posted.
    pub url: url::Url,
    /// PEM file of further authorities to trust.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
    /// Time that it has for all texts of a message, waiting for a place included.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// Most messages that it is asked about at once.
    #[serde(default = "concurrency")]
    pub concurrency: usize,
    /// Least confidence, from 0 to 100: a score of 0.5 is 50.
    #[serde(default = "threshold")]
    pub threshold: u8,
    /// Language of the texts, as the service calls it.
    #[serde(default = "language")]
    pub language: String,
    /// What is looked for, as the service calls it. Empty: all that it knows.
    #[serde(default)]
    pub entities: Vec<String>,
    /// What becomes of a message when the service fails.
    #[serde(default)]
    pub on_failure: OnFailure,
}

/// What becomes of a message when the recognizer fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// It is refused.
    #[default]
    Refuse,
    /// It passes with what the built-in detectors found, and the record says so.
    Pass,
}

fn timeout_ms() -> u64 {
    limits::RECOGNIZER_TIMEOUT_MS
}

fn concurrency() -> usize {
    limits::RECOGNIZER_PLACES
}

fn threshold() -> u8 {
    50
}

fn language() -> String {
    "en".to_owned()
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
