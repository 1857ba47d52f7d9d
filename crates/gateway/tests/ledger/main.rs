//! The ledger's promises, on a real database.

mod anchor;
mod command;
mod crash;
mod deed;
mod epoch;
mod failure;
mod follow;
mod harness;
mod privacy;
mod promise;
mod retention;
mod shared;
mod signer;
mod start;
mod witness;
