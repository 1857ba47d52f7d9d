//! What an auditor must trust: the format of the audit log and the code that checks it.
//!
//! One module per specification. Nothing here opens a connection, reads a clock or draws a random number: time,
//! salts and seeds come in as parameters, so that the same input always gives the same bytes.
//!
//! Writing: build a [`leaf::Leaf`], [`encode`](leaf::Leaf::encode) it, hash it with [`merkle::leaf_hash`], push
//! it on a [`merkle::Frontier`], sign a [`checkpoint::Checkpoint`] over the root with a [`note::Signer`].

pub mod checkpoint;
pub mod commitment;
pub mod directory;
pub mod epoch;
pub mod id;
pub mod jcs;
pub mod leaf;
pub mod merkle;
pub mod note;
pub mod package;
pub mod passkey;
pub mod proof;
pub mod retention;
pub mod stamp;
pub mod tile;
pub mod time;
pub mod verify;
pub mod witness;

mod text;
