//! An exported log: a directory laid out as [C2SP tlog-tiles](https://c2sp.org/tlog-tiles).
//!
//! `checkpoint`, `tile/<level>/<number>[.p/<width>]`, `tile/entries/<number>[.p/<width>]`, and
//! `verifier.key`, the log's public key. The key file is a convenience: a reader who takes it from the
//! directory trusts whoever made the directory.

pub mod archive;
mod files;
mod reader;
mod writer;

use std::io;

use crate::merkle::ProofError;
use crate::{checkpoint, leaf, proof, tile};

pub use files::Files;
pub use reader::{Leaves, Reader};
pub use writer::{Durability, Writer, add};

/// Name of the signed checkpoint.
pub const CHECKPOINT_FILE: &str = "checkpoint";
/// Directory of a log that is published step by step: the checkpoint of every size that was published, by its size.
pub const CHECKPOINTS: &str = "checkpoints";
/// Directory of timestamps (RFC 3161) of checkpoints that stand in [`CHECKPOINTS`] or are the latest.
pub const STAMPS: &str = "timestamps";
/// Beside the epochs of a published log: what its publisher keeps for itself, no part of it.
pub const PUBLISHER: &str = ".countersign";
/// Name of the file with the log's public key and a final newline.
pub const KEY_FILE: &str = "verifier.key";

/// The file with the checkpoint over `size` leaves that was published on the way.
pub fn checkpoint_file(size: u64) -> String {
    format!("{CHECKPOINTS}/{size}")
}

/// The file with the timestamp of the checkpoint over `size` leaves by an authority of this name.
pub fn stamp_file(size: u64, authority: &str) -> String {
    format!("{STAMPS}/{size}.{authority}.tsr")
}

/// Why an export fails or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refuses.
    #[error("`{path}`: {source}")]
    Io {
        /// Path of the file or directory.
        path: String,
        /// What the file system says.
        source: io::Error,
    },
    /// The directory to write to is not empty.
    #[error("`{path}` is not empty: export into a new directory")]
    NotEmpty {
        /// Path of the directory.
        path: String,
    },
    /// A file is larger than any export makes it.
    #[error("`{path}` is larger than its format allows: it was not written by an export")]
    FileTooLarge {
        /// Path below the directory.
        path: String,
    },
    /// A tile or bundle that the checkpoint's tree needs is missing.
    #[error("`{path}` is missing or damaged: run verify")]
    Damaged {
        /// Path below the directory.
        path: String,
    },
    /// A leaf is larger than [`leaf::LEAF_BYTES_MAX`].
    #[error(transparent)]
    Leaf(#[from] leaf::Error),
    /// An entry cannot stand in a bundle.
    #[error(transparent)]
    Bundle(#[from] tile::BundleError),
    /// The checkpoint is refused.
    #[error(transparent)]
    Checkpoint(#[from] checkpoint::Error),
    /// The checkpoint is about another tree than the leaves that were written.
    #[error("the checkpoint does not fit the {size} leaves that were exported")]
    OtherTree {
        /// Number of leaves written.
        size: u64,
    },
    /// No proof can be made.
    #[error(transparent)]
    Tree(#[from] ProofError),
    /// The proof file is refused.
    #[error(transparent)]
    Proof(#[from] proof::Error),
}
