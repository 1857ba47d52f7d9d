//! Finds secrets and personal data in one JSON message, and masks them by splicing the message.
//!
//! One [`scan`] finds; then each reader gets the masks that are meant for him: the caller what policy says, the record
//! the strictest. What is not masked stays byte for byte. A name of a member that shows a value, as in a map from addresses
//! to people, is masked as one; the others are read and never changed.
//!
//! The order for each value: rules of fields, the name of its member, its looks, text inside it (JSON, base64,
//! hexadecimal, percent-encoding), and at last copies of values that were found by their place. Every step is linear;
//! what cannot be bounded fails, and a message that fails must not pass.

mod apply;
mod finding;
mod fold;
mod grid;
mod layer;
pub mod limit;
mod marked;
mod name;
mod outside;
mod path;
mod rules;
mod said;
mod schema;
mod search;
mod settings;
mod surface;
mod token;
mod value;

use std::fmt;

pub use crate::detect::Form;
use crate::walk;
pub use apply::{Masked, Receipt};
pub use finding::{Finding, Findings, Origin};
pub use outside::{Mark, texts};
pub use path::{Path, PathError};
pub use rules::{CUSTOM, FIELD, Fields, RECOGNIZED, Rules};
pub use schema::Schema;
pub use search::{scan, scan_with};
pub use settings::{Custom, FieldRule, KeyName, RuleError, Settings};
pub use surface::{Part, Surface};
pub use token::Keys;

/// Why nothing is known about a message: it must not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not JSON, or nested more deeply than [`limit::DEPTH_MAX`].
    Json(walk::Fault),
    /// There are more than [`limit::FINDINGS_MAX`] findings.
    TooMany,
    /// Text inside text inside text: more of it than is read again.
    Nested,
    /// It is longer than [`limit::MESSAGE_MAX`].
    TooLong,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(fault) => fault.fmt(f),
            Self::TooMany => write!(f, "more than {} values to mask", limit::FINDINGS_MAX),
            Self::Nested => f.write_str("too much text encoded inside other text"),
            Self::TooLong => write!(f, "longer than {} bytes", limit::MESSAGE_MAX),
        }
    }
}

impl std::error::Error for Fault {}

/// Whether a blob (base64) is of text, and a scan looks into it. Into others nobody looks.
pub fn holds_text(blob: &str) -> bool {
    layer::base64(blob).is_some()
}

#[cfg(test)]
mod tests;
