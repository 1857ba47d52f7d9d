//! An exported log, changed by someone who does not hold the key: every change is found, and where leaves were
//! changed, the first of them is named.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, symlink};
use std::path::{Path, PathBuf};

use evidence::directory::{Error, Reader, Writer};
use evidence::note::Signer;
use evidence::tile::{Entries, Row, Tile, push_entry};
use evidence::verify::{Findings, KeySource, ProblemKind, verify};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::sample::{Log, ORIGIN, export, signer};

/// An export on disk whose files a test changes and puts back.
pub(crate) struct Export {
    directory: TempDir,
    pub(crate) leaves: Vec<Vec<u8>>,
}

impl Export {
    /// Two full bundles and a partial one; tiles of two levels.
    pub(crate) fn large() -> Self {
        let export = Self::new(&Log::story(300));
        assert!((520..700).contains(&export.leaves.len()), "{}", export.leaves.len());
        export
    }

    fn small() -> Self {
        Self::new(&Log::story(1))
    }

    fn new(log: &Log) -> Self {
        let (directory, leaves) = (TempDir::new().unwrap(), log.encode());
        export(directory.path(), &leaves);
        Self { directory, leaves }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn verify(&self) -> Findings {
        verify(self.path(), Some(&signer().verifier_key()), &mut |_, _| ()).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let reader = Reader::open(self.path()).unwrap();
        reader.walk(&mut |path, _| files.push(path.unwrap())).unwrap();
        files.sort();
        files
    }

    fn bundles(&self) -> Vec<Tile> {
        let size = self.leaves.len() as u64;
        (0..).map_while(|index| Tile::in_tree(Row::Entries, index, size)).collect()
    }

    /// Verifies with other content in one file, then puts the file back.
    pub(crate) fn with<T>(&self, name: &str, content: &[u8], check: impl FnOnce() -> T) -> T {
        let good = fs::read(self.file(name)).unwrap();
        fs::write(self.file(name), content).unwrap();
        let result = check();
        fs::write(self.file(name), good).unwrap();
        result
    }

    /// Verifies with one byte changed.
    fn verify_with_byte(&self, name: &str, at: usize, mask: u8) -> Findings {
        let file = File::options().read(true).write(true).open(self.file(name)).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at as u64).unwrap();
        file.write_all_at(&[byte[0] ^ mask], at as u64).unwrap();
        let findings = self.verify();
        file.write_all_at(&byte, at as u64).unwrap();
        findings
    }

    /// A bundle with its leaves edited as a list.
    pub(crate) fn edited(&self, bundle: Tile, edit: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
        let bytes = fs::read(self.file(&bundle.to_string())).unwrap();
        let mut leaves = Entries::new(&bytes).map(|leaf| leaf.unwrap().to_vec()).collect();
        edit(&mut leaves);
        let mut edited = Vec::new();
        for leaf in leaves {
            push_entry(&mut edited, &leaf).unwrap();
        }
        edited
    }
}

/// Index of the leaf that each byte of a bundle belongs to, its length included.
fn owners(bundle: &[u8], first: u64) -> Vec<u64> {
    let lengths = Entries::new(bundle).map(|leaf| leaf.unwrap().len() + 2);
    (first..).zip(lengths).flat_map(|(leaf, bytes)| std::iter::repeat_n(leaf, bytes)).collect()
}

#[test]
fn untouched_export_is_sound() {
    for export in [Export::small(), Export::large()] {
        let findings = export.verify();
        assert_eq!(findings.problems, []);
        assert_eq!(findings.key_source, KeySource::Given);
        let reader = Reader::open(export.path()).unwrap();
        let leaves: Vec<_> = reader.leaves(export.leaves.len() as u64).map(Result::unwrap).collect();
        assert!(leaves == export.leaves);
    }
}

#[test]
fn every_changed_byte_of_every_file_is_found() {
    let export = Export::small();
    for name in export.files() {
        let content = fs::read(export.file(&name)).unwrap();
        let owners = if name.contains("entries") { owners(&content, 0) } else { Vec::new() };
        for at in 0..content.len() {
            let mask = [0x01, 0x20, 0x80][at % 3];
            let findings = export.verify_with_byte(&name, at, mask);
            assert!(!findings.sound, "{name} byte {at}");
            assert_eq!(findings.first_bad_leaf, owners.get(at).copied(), "{name} byte {at}");
        }
    }
    assert!(export.verify().sound);
}

#[test]
fn changed_byte_of_every_leaf_and_hash_of_a_large_log_is_found() {
    let export = Export::large();
    for bundle in export.bundles() {
        let content = fs::read(export.file(&bundle.to_string())).unwrap();
        let owners = owners(&content, bundle.first_leaf(0));
        let starts = (0..owners.len()).filter(|&at| at == 0 || owners[at] != owners[at - 1]);
        for start in starts {
            // The length, and a byte that moves through the leaves.
            let owner = usize::try_from(owners[start]).unwrap();
            let within = owner * 7 % export.leaves[owner].len();
            for at in [start + owner % 2, start + 2 + within] {
                let findings = export.verify_with_byte(&bundle.to_string(), at, 1);
                assert_eq!(findings.first_bad_leaf, Some(owners[start]), "{bundle} byte {at}");
            }
        }
    }
    for name in export.files() {
        let step = match name.as_str() {
            name if name.contains("entries") => continue,
            name if name.contains("tile") => 32,
            _ => 1,
        };
        for at in (0..fs::read(export.file(&name)).unwrap().len()).step_by(step) {
            let at = if step == 1 { at } else { at + at / 32 % 32 };
            let findings = export.verify_with_byte(&name, at, 1);
            assert!(!findings.sound, "{name} byte {at}");
            // The leaves are as they were signed, so none is blamed.
            assert_eq!(findings.first_bad_leaf, None, "{name} byte {at}");
            assert!(findings.problems.iter().all(|problem| problem.path.as_deref() == Some(&name)));
        }
    }
    assert!(export.verify().sound);
}

#[test]
fn deleted_doubled_and_swapped_leaves_are_found() {
    let export = Export::large();
    for bundle in export.bundles() {
        let (name, first) = (bundle.to_string(), bundle.first_leaf(0));
        for at in 0..usize::from(bundle.width()) {
            let leaf = first + at as u64;
            let deleted = export.edited(bundle, |leaves| drop(leaves.remove(at)));
            assert_eq!(export.with(&name, &deleted, || export.verify()).first_bad_leaf, Some(leaf));

            let last = at + 1 == usize::from(bundle.width());
            let doubled = export.edited(bundle, |leaves| leaves.insert(at, leaves[at].clone()));
            let findings = export.with(&name, &doubled, || export.verify());
            assert!(!findings.sound);
            assert_eq!(findings.first_bad_leaf, (!last).then_some(leaf + 1));

            if !last {
                let swapped = export.edited(bundle, |leaves| leaves.swap(at, at + 1));
                assert_eq!(export.with(&name, &swapped, || export.verify()).first_bad_leaf, Some(leaf));
            }
        }
    }
    assert!(export.verify().sound);
}

#[test]
fn log_cut_short_below_its_checkpoint_is_found() {
    let export = Export::large();
    let size = export.leaves.len();
    for kept in [0, 1, 255, 256, 257, 511, 512, 513, size - 1] {
        let shorter = TempDir::new().unwrap();
        super::sample::export(shorter.path(), &export.leaves[..kept]);
        fs::copy(export.file("checkpoint"), shorter.path().join("checkpoint")).unwrap();
        let findings = verify(shorter.path(), Some(&signer().verifier_key()), &mut |_, _| ()).unwrap();
        assert!(!findings.sound);
        assert_eq!(findings.first_bad_leaf, Some(kept as u64 / 256 * 256), "{kept}");
    }
}

#[test]
fn cut_and_lengthened_files_are_found() {
    let export = Export::large();
    for name in export.files() {
        let content = fs::read(export.file(&name)).unwrap();
        let cuts = [0, 1, content.len() / 2, content.len() - 1];
        for cut in cuts {
            assert!(!export.with(&name, &content[..cut], || export.verify()).sound, "{name} cut to {cut}");
        }
        for extra in [b"\0".to_vec(), b"\n".to_vec(), vec![b'x'; 5_000_000]] {
            let longer = [content.as_slice(), &extra].concat();
            assert!(!export.with(&name, &longer, || export.verify()).sound, "{name} with more");
        }
    }
    assert!(export.verify().sound);
}

#[test]
fn missing_and_foreign_files_are_found() {
    let export = Export::large();
    for name in export.files().into_iter().filter(|name| name != "verifier.key") {
        let (file, aside) = (export.file(&name), export.path().with_extension("aside"));
        fs::rename(&file, &aside).unwrap();
        assert!(!export.verify().sound, "{name} missing");
        fs::create_dir(&file).unwrap();
        assert!(!export.verify().sound, "{name} a directory");
        fs::remove_dir(&file).unwrap();
        symlink(&aside, &file).unwrap();
        assert!(!export.verify().sound, "{name} a link");
        fs::remove_file(&file).unwrap();
        fs::rename(&aside, &file).unwrap();
    }
    for (name, kind) in [
        ("note.txt", ProblemKind::ExtraFile),
        ("tile/0/002", ProblemKind::ExtraFile),
        // What the tile was when the log was smaller may stay: it must be a beginning of what it is now.
        ("tile/0/000.p/5", ProblemKind::Tile),
        ("tile/2/000.p/1", ProblemKind::ExtraFile),
        ("tile/entries/x000", ProblemKind::ExtraFile),
        ("tile/0/x", ProblemKind::ExtraFile),
    ] {
        fs::create_dir_all(export.file(name).parent().unwrap()).unwrap();
        fs::write(export.file(name), b"").unwrap();
        let findings = export.verify();
        let found: Vec<_> =
            findings.problems.iter().map(|problem| (problem.kind, problem.path.as_deref())).collect();
        assert_eq!(found, [(kind, Some(name))]);
        fs::remove_file(export.file(name)).unwrap();
    }
    assert!(export.verify().sound);
}

#[test]
fn leaf_rewritten_together_with_its_tile_is_narrowed_down() {
    let export = Export::large();
    let bundle = export.bundles()[1];
    let mut leaves = export.leaves.clone();
    leaves[300][10] ^= 1;
    // What the files of a log with that one leaf changed look like, up to the tile of level 0.
    let forged = TempDir::new().unwrap();
    super::sample::export(forged.path(), &leaves);
    let tile = Tile::in_tree(Row::Hashes(0), 1, leaves.len() as u64).unwrap().to_string();
    let entries = fs::read(forged.path().join(bundle.to_string())).unwrap();
    let hashes = fs::read(forged.path().join(&tile)).unwrap();
    let findings =
        export.with(&bundle.to_string(), &entries, || export.with(&tile, &hashes, || export.verify()));
    assert!(findings.problems.iter().any(|problem| {
        problem.leaf == Some(256) && problem.reason.contains("one of the leaves 256 to 511")
    }));

    // The same with every file but the checkpoint.
    fs::copy(export.file("checkpoint"), forged.path().join("checkpoint")).unwrap();
    let findings = verify(forged.path(), Some(&signer().verifier_key()), &mut |_, _| ()).unwrap();
    assert!(findings.problems.iter().any(|problem| problem.kind == ProblemKind::Root));
}

#[test]
fn log_of_another_key_is_refused_when_the_key_is_given() {
    let export = Export::small();
    let stranger = Signer::from_seed(ORIGIN, &Zeroizing::new([66; 32])).unwrap();
    let forged = TempDir::new().unwrap();
    let mut writer = Writer::create(forged.path()).unwrap();
    for leaf in &export.leaves {
        writer.push(leaf).unwrap();
    }
    let (size, root) = (writer.size(), writer.root());
    let checkpoint = evidence::checkpoint::Checkpoint { origin: ORIGIN.to_owned(), size, root };
    let signed = checkpoint.sign(&stranger).unwrap().to_string();
    writer.finish(&signed, &stranger.verifier_key()).unwrap();

    let findings = verify(forged.path(), Some(&signer().verifier_key()), &mut |_, _| ()).unwrap();
    let kinds: Vec<_> = findings.problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [ProblemKind::Key, ProblemKind::Checkpoint]);
    // Whoever does not bring the key is told what that is worth.
    let findings = verify(forged.path(), None, &mut |_, _| ()).unwrap();
    assert!(findings.sound);
    assert_eq!(findings.key_source, KeySource::Directory);
    assert!(findings.warnings[0].reason.contains("consistency, not origin"));
}

#[test]
fn key_file_is_needed_only_when_no_key_is_given() {
    let export = Export::small();
    fs::remove_file(export.file("verifier.key")).unwrap();
    assert!(export.verify().sound);
    let findings = verify(export.path(), None, &mut |_, _| ()).unwrap();
    assert_eq!(findings.key_source, KeySource::None);
    assert_eq!(findings.problems[0].kind, ProblemKind::Key);
    let missing = verify(&export.path().join("nowhere"), None, &mut |_, _| ());
    assert!(matches!(missing, Err(Error::Io { .. })));
}

#[test]
fn unfinished_export_is_not_sound() {
    let directory = TempDir::new().unwrap();
    let mut writer = Writer::create(directory.path()).unwrap();
    let export = Export::small();
    for leaf in &export.leaves {
        writer.push(leaf).unwrap();
    }
    // A checkpoint of another size, or of other leaves, is not accepted.
    let other = Export::large();
    let signed = fs::read_to_string(other.file("checkpoint")).unwrap();
    let refused = writer.finish(&signed, &signer().verifier_key());
    assert!(matches!(refused, Err(Error::OtherTree { .. })));
    let findings = verify(directory.path(), Some(&signer().verifier_key()), &mut |_, _| ()).unwrap();
    assert_eq!(findings.problems[0].kind, ProblemKind::Checkpoint);
    assert!(matches!(Writer::create(export.path()), Err(Error::NotEmpty { .. })));
}

#[test]
fn every_leaf_has_a_proof() {
    let export = Export::large();
    let (reader, key) = (Reader::open(export.path()).unwrap(), signer().verifier_key());
    for (index, leaf) in (0..).zip(&export.leaves) {
        let proof = reader.prove(index, &key).unwrap();
        assert_eq!(proof.to_string().parse(), Ok(proof.clone()));
        assert_eq!(proof.verify(leaf, &key).unwrap().size, export.leaves.len() as u64);
    }
    assert!(matches!(reader.prove(export.leaves.len() as u64, &key), Err(Error::Tree(_))));
}
