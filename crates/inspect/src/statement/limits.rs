//! Limits of classification, each with its unit.

/// Longest text that is parsed; a longer one is `unknown`.
pub const TEXT_BYTES_MAX: usize = 32 * 1024;
/// Names kept in each set of facts; more are left out, and the text is then `unknown`.
pub const NAMES_MAX: usize = 64;
/// Longest name kept whole; a longer one is cut, and the text is then `unknown`.
pub const NAME_BYTES_MAX: usize = 128;
