//! The crate seen from outside: whole logs, written, exported, damaged and verified.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod agreement;
mod archive;
mod chain;
mod differ;
mod fuzz;
mod glass;
mod meaning;
mod package;
mod passkey;
mod retention;
mod sample;
mod tamper;
mod tree;
mod witness;
