//! The integration tests: one binary, one module per promise.

mod deny;
mod harness;
mod legacy;
mod list;
mod refusal;
mod tidy;
mod transparency;
