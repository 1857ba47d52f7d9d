//! The log of a package against code we did not write: the tree of the crate `ct-merkle` (RFC 6962) and the
//! notes of the crate `signed_note` (C2SP signed-note). Nothing here calls `evidence`.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{InclusionProof, RootHash};
use sha2::Sha256;
use signed_note::{Note, StandardVerifier, VerifierList};

use super::{Copy, key};

#[test]
fn log_of_a_package_is_what_was_signed_says_code_we_did_not_write() {
    let copy = Copy::new();
    let (text, leaves) =
        (note(&copy.path().join("log/checkpoint")), leaves(&copy.path().join("log/tile/entries")));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["quarter/audit/1", &*leaves.len().to_string()]);
    let mut tree: MemoryBackedTree<Sha256, Vec<u8>> = MemoryBackedTree::new();
    for leaf in &leaves {
        tree.push(leaf.clone());
    }
    assert_eq!(STANDARD.encode(tree.root().as_bytes()), lines[2]);
    // The manifest: three lines, the last one its hash.
    let manifest = std::fs::read(copy.path().join("manifest.json")).expect("readable");
    let hash: String =
        <Sha256 as sha2::Digest>::digest(manifest).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        note(&copy.path().join("manifest.note")),
        format!("countersign-evidence/1\nquarter/audit/1\n{hash}\n")
    );
    // A sample: its leaf is in that tree.
    let selection = std::fs::read_to_string(copy.path().join("samples/selection.csv")).expect("readable");
    let index: usize =
        selection.lines().nth(1).and_then(|line| line.split(',').nth(1)?.parse().ok()).expect("an index");
    let folder = copy.path().join("samples/001");
    let leaf = std::fs::read(folder.join(format!("{index}.leaf.json"))).expect("readable");
    let file = std::fs::read_to_string(folder.join(format!("{index}.tlog-proof"))).expect("readable");
    let path: Vec<u8> = file
        .lines()
        .skip(2)
        .take_while(|line| !line.is_empty())
        .flat_map(|line| STANDARD.decode(line).expect("base64"))
        .collect();
    let proof: InclusionProof<Sha256> = InclusionProof::try_from_bytes(path).expect("a proof");
    let root: RootHash<Sha256> = tree.root();
    root.verify_inclusion(&leaf, index as u64, &proof).expect("included");
}

/// The text of a note that the log's key signed.
fn note(path: &Path) -> String {
    let bytes = std::fs::read(path).expect("readable");
    let verifier = StandardVerifier::new(&key().to_string()).expect("a key");
    let note = Note::from_bytes(&bytes).expect("a note");
    note.verify(&VerifierList::new(vec![Box::new(verifier)])).expect("signed by the log");
    String::from_utf8(note.text().to_vec()).expect("text")
}

/// Every leaf of the bundles, each after its length in two bytes.
fn leaves(bundles: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<_> =
        std::fs::read_dir(bundles).expect("bundles").flatten().map(|file| file.path()).collect();
    files.sort();
    let mut leaves = Vec::new();
    for file in files {
        let file = if file.is_dir() {
            std::fs::read_dir(file).expect("a folder").flatten().next().expect("one").path()
        } else {
            file
        };
        let bytes = std::fs::read(file).expect("readable");
        let mut rest = &bytes[..];
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (leaf, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
            leaves.push(leaf.to_vec());
            rest = after;
        }
    }
    leaves
}
