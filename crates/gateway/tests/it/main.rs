//! The integration tests: one binary, one module per promise.

mod crash;
mod deny;
mod drift;
mod harness;
mod legacy;
mod list;
mod refusal;
mod tidy;
mod transparency;
