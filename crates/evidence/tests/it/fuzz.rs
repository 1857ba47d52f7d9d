//! The bodies of the fuzz targets, run over their corpus and over random changes of it.

#![expect(unreachable_pub, reason = "the bodies belong to the fuzz crate, whose interface they are")]

#[path = "../../../../fuzz/src/checkpoint.rs"]
mod checkpoint;
#[path = "../../../../fuzz/src/leaf.rs"]
mod leaf;
#[path = "../../../../fuzz/src/note.rs"]
mod note;
#[path = "../../../../fuzz/src/tile_path.rs"]
mod tile_path;

use std::fs;
use std::path::Path;

use proptest::prelude::any;
use proptest::prop_assert;
use proptest::test_runner::{Config, TestRunner};

fn check(target: &str, run: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let seeds: Vec<Vec<u8>> =
        fs::read_dir(corpus).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(seeds.len() > 1);
    for seed in &seeds {
        run(seed);
        for at in 0..seed.len() {
            let mut changed = seed.clone();
            changed[at] ^= 1;
            run(&changed);
            changed.truncate(at);
            run(&changed);
        }
    }
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(2_000) });
    let spliced = (any::<[proptest::sample::Index; 2]>(), any::<(u8, usize, usize)>());
    runner
        .run(&spliced, |([first, second], (byte, cut, start))| {
            let (first, second) = (first.get(&seeds), second.get(&seeds));
            let mut joined = first[..cut % (first.len() + 1)].to_vec();
            joined.push(byte);
            joined.extend(&second[start % (second.len() + 1)..]);
            run(&joined);
            prop_assert!(!joined.is_empty());
            Ok(())
        })
        .unwrap();
}

#[test]
fn leaf_has_one_spelling() {
    check("leaf", leaf::run);
}

#[test]
fn note_has_one_spelling() {
    check("note", note::run);
}

#[test]
fn tile_has_one_path() {
    check("tile_path", tile_path::run);
}

#[test]
fn checkpoint_has_one_spelling() {
    check("checkpoint", checkpoint::run);
}
