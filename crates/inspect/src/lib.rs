//! What is in this data? JSON by span, detectors and masking, classification of statements.
//!
//! Pure: no I/O, no clock, no randomness. Everything here reads hostile input, so every loop is linear in the input and
//! every nesting is bounded.

pub mod detect;
pub mod mask;
pub mod statement;
pub mod text;
pub mod unique;
pub mod value;
pub mod walk;
