//! Writes the log that the tests tell their stories in, and says how long writing and verifying took.
//!
//! `cargo run --release -p evidence --example sample_log -- DIRECTORY CALLS`

#![expect(clippy::unwrap_used, reason = "an example that cannot run has failed")]

#[expect(dead_code, reason = "the tests need more of the story than this")]
#[path = "../tests/it/sample.rs"]
mod sample;

use std::path::PathBuf;
use std::time::Instant;

use evidence::leaf::Leaf;
use evidence::merkle::leaf_hash;
use evidence::verify::verify;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().unwrap());
    let calls = arguments.next().unwrap().parse().unwrap();
    let leaves = sample::Log::story(calls).encode();
    sample::export(&directory, &leaves);

    let bytes: usize = leaves.iter().map(Vec::len).sum();
    println!("{} leaves of {} bytes on average", leaves.len(), bytes / leaves.len());
    let decoded: Vec<Leaf> = leaves.iter().map(|leaf| Leaf::decode(leaf).unwrap()).collect();
    let start = Instant::now();
    let hashed = decoded
        .iter()
        .map(|leaf| leaf_hash(&leaf.encode().unwrap()))
        .fold(0, |sum, hash| sum ^ u64::from(hash.as_bytes()[0]));
    let each = start.elapsed() / u32::try_from(leaves.len()).unwrap();
    println!("encode and hash: {each:?} a leaf ({hashed:02x})");
    let start = Instant::now();
    let key = sample::signer().verifier_key();
    let findings = verify(&directory, Some(&key), &mut |_, _| ()).unwrap();
    assert!(findings.sound);
    let each = start.elapsed() / u32::try_from(leaves.len()).unwrap();
    println!("verify: {each:?} a leaf, {:.0} a second", 1.0 / each.as_secs_f64());
}
