//! The `countersign` binary: everything is in the library.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use countersign::cli::{self, Cli};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The status when nobody read all that was printed: that of a program that SIGPIPE ends (128 + 13). It says neither that
/// all is well nor that it is not, as `verify` and `doctor` otherwise do.
const UNREAD: u8 = 141;

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) if is_unread(&error) => ExitCode::from(UNREAD),
        Err(error) => {
            eprintln!("countersign: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whoever read what was printed had enough of it, as `head` does.
fn is_unread(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe)
}
