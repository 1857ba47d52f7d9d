//! The ledger's promises, on a real database.

mod harness;
mod promise;
