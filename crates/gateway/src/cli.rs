//! The command line. Each subcommand is a module with its arguments and a `run`.

pub mod key;
