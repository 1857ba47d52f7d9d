//! The ledger's promises, on a real database.

mod command;
mod crash;
mod failure;
mod harness;
mod privacy;
mod promise;
mod retention;
mod shared;
mod start;
