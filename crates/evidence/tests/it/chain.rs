//! Epochs of one log: sealed, begun again, lost, and every way to pretend.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use evidence::checkpoint::Checkpoint;
use evidence::directory::Writer;
use evidence::epoch::{Genesis, Loss, Previous, Seal};
use evidence::jcs::Object;
use evidence::leaf::EventType;
use evidence::merkle::{Frontier, leaf_hash};
use evidence::note::Signer;
use evidence::verify::{Chain, KeySource, Trust, Verified, verify, verify_all, verify_chain};
use serde_json::Value;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::sample::Log;

/// Three epochs: the first two sealed, the third open.
struct Epochs {
    directory: TempDir,
}

/// One epoch that is to be written.
struct Epoch {
    number: u64,
    leaves: Vec<Vec<u8>>,
}

fn signer(epoch: u64) -> Signer {
    let mut seed = [42; 32];
    seed[0] = u8::try_from(epoch).unwrap();
    Signer::from_seed(&origin(epoch), &Zeroizing::new(seed)).unwrap()
}

fn origin(epoch: u64) -> String {
    format!("gateway.example/audit/{epoch}")
}

fn key(epoch: u64) -> String {
    signer(epoch).verifier_key().to_string()
}

fn sealing(next: u64) -> Object {
    Seal { next_key: Some(key(next)), reason: "yearly rotation".to_owned() }.write().unwrap()
}

fn beginning(epoch: u64, previous: Previous) -> Object {
    let genesis = Genesis {
        origin: origin(epoch),
        key: Some(key(epoch)),
        previous: Some(previous),
        reason: Some("yearly rotation".to_owned()),
    };
    genesis.write().unwrap()
}

impl Epoch {
    /// An epoch with a few calls, which begins and ends as said.
    fn tell(number: u64, calls: u64, begun: Option<Object>, sealed: Option<Object>) -> Self {
        let mut log = Log::default();
        let first = Genesis { origin: origin(number), key: None, previous: None, reason: None };
        log.add(number, EventType::LogGenesis).detail = begun.or(Some(first.write().unwrap()));
        for call in 0..calls {
            log.intent(number, call);
            log.outcome(number, call);
        }
        if sealed.is_some() {
            log.add(number, EventType::LogSeal).detail = sealed;
        }
        Self { number, leaves: log.encode() }
    }

    /// The signed checkpoint of the first `size` leaves.
    fn checkpoint(&self, size: usize) -> String {
        let mut frontier = Frontier::new();
        self.leaves[..size].iter().for_each(|leaf| frontier.push(leaf_hash(leaf)));
        let checkpoint =
            Checkpoint { origin: origin(self.number), size: frontier.size(), root: frontier.root() };
        checkpoint.sign(&signer(self.number)).unwrap().to_string()
    }

    fn previous(&self, size: usize, loss: Option<Loss>) -> Previous {
        Previous { checkpoint: self.checkpoint(size), key: key(self.number), loss }
    }

    fn sealed(&self) -> Previous {
        self.previous(self.leaves.len(), None)
    }

    /// Exports the first `size` leaves.
    fn export(&self, directory: &Path, size: usize) {
        let mut writer = Writer::create(directory).unwrap();
        self.leaves[..size].iter().for_each(|leaf| writer.push(leaf).unwrap());
        writer.finish(&self.checkpoint(size), &signer(self.number).verifier_key()).unwrap();
    }
}

impl Epochs {
    fn tell() -> Self {
        let first = Epoch::tell(1, 200, None, Some(sealing(2)));
        let second = Epoch::tell(2, 3, Some(beginning(2, first.sealed())), Some(sealing(3)));
        let third = Epoch::tell(3, 4, Some(beginning(3, second.sealed())), None);
        Self::of(&[first, second, third])
    }

    fn of(epochs: &[Epoch]) -> Self {
        let directory = TempDir::new().unwrap();
        for epoch in epochs {
            epoch.export(&directory.path().join(format!("epoch-{}", epoch.number)), epoch.leaves.len());
        }
        Self { directory }
    }

    fn path(&self, epoch: u64) -> PathBuf {
        self.directory.path().join(format!("epoch-{epoch}"))
    }

    fn verify(&self, keys: &[u64]) -> Chain {
        match check(&[self.directory.path().to_owned()], keys) {
            Verified::Many(chain) => chain,
            Verified::One(_) => panic!("a chain was expected"),
        }
    }

    fn replace(&self, number: u64, epoch: &Epoch) {
        fs::remove_dir_all(self.path(number)).unwrap();
        epoch.export(&self.path(number), epoch.leaves.len());
    }
}

/// Verifies, and holds `verify.py` to the same verdict.
fn check(directories: &[PathBuf], keys: &[u64]) -> Verified {
    let given: Vec<_> = keys.iter().map(|&epoch| signer(epoch).verifier_key()).collect();
    let trust = Trust { keys: given.clone(), ..Trust::default() };
    let ours = verify_all(directories, &trust, &mut |_, _| ()).unwrap();
    let mut python = Command::new("python3");
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/verify.py")).arg("--json").args(directories);
    for key in &given {
        python.args(["--key", &key.to_string()]);
    }
    let output = python.output().unwrap();
    assert_eq!(output.status.code(), Some(i32::from(!ours.sound())), "{output:?} {ours:#?}");
    if let Verified::Many(chain) = &ours {
        let theirs: Value = serde_json::from_slice(&output.stdout).unwrap();
        let blamed = |problems: &Value| {
            let epochs = problems.as_array().unwrap().iter().map(|problem| problem["epoch"].to_string());
            epochs.collect::<std::collections::BTreeSet<_>>()
        };
        let expected = serde_json::to_value(chain).unwrap();
        assert_eq!(blamed(&theirs["problems"]), blamed(&expected["problems"]), "{theirs:#} {expected:#}");
        let sound = |epochs: &Value| {
            let epochs = epochs.as_array().unwrap().iter().map(|epoch| epoch["findings"]["sound"].clone());
            epochs.collect::<Vec<_>>()
        };
        assert_eq!(sound(&theirs["epochs"]), sound(&expected["epochs"]), "{theirs:#}");
    }
    ours
}

/// Expects exactly one problem between epochs, at this one, for a reason with these words.
fn assert_blamed(chain: &Chain, epoch: u64, words: &str) {
    assert!(!chain.sound);
    let found: Vec<_> = chain.problems.iter().map(|problem| (problem.epoch, &*problem.reason)).collect();
    assert!(
        found.iter().any(|(at, reason)| *at == Some(epoch) && reason.contains(words)),
        "epoch {epoch}, {words}: {found:#?}"
    );
}

#[test]
fn one_key_is_enough_for_every_sealed_epoch() {
    let epochs = Epochs::tell();
    for given in 1..=3 {
        let chain = epochs.verify(&[given]);
        assert!(chain.sound, "{chain:#?}");
        let sources: Vec<_> = chain.epochs.iter().map(|epoch| epoch.findings.key_source).collect();
        let expected: Vec<_> =
            (1..=3).map(|epoch| if epoch == given { KeySource::Given } else { KeySource::Epoch }).collect();
        assert_eq!(sources, expected);
    }
    assert!(epochs.verify(&[1, 2, 3]).sound);
    // Without a key the files agree with each other, and each epoch says what that is worth.
    let chain = epochs.verify(&[]);
    assert!(chain.sound);
    assert!(chain.epochs.iter().all(|epoch| epoch.findings.key_source == KeySource::Directory));
    assert!(chain.report(evidence::verify::Paint::Plain).contains("SOUND: 3 epochs"));
}

#[test]
fn epochs_may_be_given_one_by_one_in_any_order() {
    let epochs = Epochs::tell();
    let Verified::Many(chain) = check(&[epochs.path(3), epochs.path(1), epochs.path(2)], &[1]) else {
        panic!()
    };
    assert!(chain.sound);
    assert_eq!(chain.epochs.iter().map(|epoch| epoch.epoch).collect::<Vec<_>>(), [Some(1), Some(2), Some(3)]);
    // One of them alone is a log, and says that it is not all.
    let alone = verify(&epochs.path(2), Some(&signer(2).verifier_key()), &mut |_, _| ()).unwrap();
    assert!(alone.sound);
    assert!(alone.warnings.iter().any(|warning| warning.reason.contains("continues an earlier epoch")));
    assert_eq!(alone.seal.unwrap().reason, "yearly rotation");
}

#[test]
fn missing_epoch_is_named() {
    for (missing, blamed, words) in [(1, 2, "epoch 1 is missing"), (2, 3, "epoch 2 is missing")] {
        let epochs = Epochs::tell();
        fs::remove_dir_all(epochs.path(missing)).unwrap();
        assert_blamed(&epochs.verify(&[1, 2, 3]), blamed, words);
    }
    // The end of the chain can only be seen by who knows how far it goes: give its key.
    let epochs = Epochs::tell();
    fs::remove_dir_all(epochs.path(3)).unwrap();
    assert!(epochs.verify(&[1]).sound);
    assert!(!epochs.verify(&[1, 3]).sound);
}

#[test]
fn forged_epoch_needs_a_key_that_its_neighbours_name() {
    // Another log under the name of the second epoch, by somebody with a key of their own.
    let epochs = Epochs::tell();
    let stranger = Signer::from_seed(&origin(2), &Zeroizing::new([66; 32])).unwrap();
    let forged = Epoch::tell(2, 3, None, Some(sealing(3)));
    fs::remove_dir_all(epochs.path(2)).unwrap();
    let mut writer = Writer::create(&epochs.path(2)).unwrap();
    forged.leaves.iter().for_each(|leaf| writer.push(leaf).unwrap());
    let checkpoint = Checkpoint { origin: origin(2), size: writer.size(), root: writer.root() };
    let signed = checkpoint.sign(&stranger).unwrap().to_string();
    writer.finish(&signed, &stranger.verifier_key()).unwrap();
    let chain = epochs.verify(&[1]);
    assert!(!chain.sound);
    assert!(!chain.epochs[1].findings.sound);
    // A forged epoch at the end, that pretends the one before was lost.
    let first = Epoch::tell(1, 3, None, None);
    let loss = Loss { anchor: None, open_calls: 0, unsigned: 0 };
    let second = Epoch::tell(2, 3, Some(beginning(2, first.previous(4, Some(loss)))), None);
    let pair = Epochs::of(&[first, second]);
    assert_blamed(&pair.verify(&[1]), 2, "its key was not given");
}

#[test]
fn swapped_epoch_of_the_same_key_is_a_fork() {
    let epochs = Epochs::tell();
    let other = Epoch::tell(1, 201, None, Some(sealing(2)));
    epochs.replace(1, &other);
    let chain = epochs.verify(&[1, 2, 3]);
    assert_blamed(&chain, 1, "a fork");
    assert!(chain.epochs.iter().all(|epoch| epoch.findings.sound));
    // Two directories for one epoch.
    let copies = [epochs.path(1), epochs.path(2), epochs.path(3), epochs.path(2)];
    let Verified::Many(chain) = check(&copies, &[1, 2, 3]) else { panic!() };
    assert_blamed(&chain, 2, "there twice");
}

#[test]
fn epoch_cut_before_its_seal_is_named() {
    let first = Epoch::tell(1, 200, None, Some(sealing(2)));
    let second = Epoch::tell(2, 3, Some(beginning(2, first.sealed())), None);
    let epochs = Epochs::of(&[Epoch { number: 1, leaves: first.leaves[..300].to_vec() }, second]);
    let chain = epochs.verify(&[1, 2]);
    assert_blamed(&chain, 1, "it was cut");
}

#[test]
fn epoch_that_was_not_sealed_cannot_be_continued_as_if_it_were() {
    let first = Epoch::tell(1, 3, None, None);
    let second = Epoch::tell(2, 3, Some(beginning(2, first.sealed())), None);
    assert_blamed(&Epochs::of(&[first, second]).verify(&[1, 2]), 1, "it is not");
}

#[test]
fn declared_loss_is_told_and_what_contradicts_it_is_kept() {
    let first = Epoch::tell(1, 200, None, None);
    let loss = Loss { anchor: Some(first.checkpoint(350)), open_calls: 2, unsigned: 7 };
    let begun = Some(beginning(2, first.previous(300, Some(loss))));
    let second = Epoch::tell(2, 3, begun, None);
    // What was restored.
    let restored = Epoch { number: 1, leaves: first.leaves[..300].to_vec() };
    let pair = Epochs::of(&[restored, second]);
    let chain = pair.verify(&[1, 2]);
    assert!(chain.sound, "{chain:#?}");
    let told = &chain.epochs[1].findings.warnings[0].reason;
    assert!(told.contains("7 of its leaves are in no epoch, and 2 calls were open"), "{told}");
    // An older export that somebody kept shows what was lost, and fits.
    pair.replace(1, &first);
    let chain = pair.verify(&[1, 2]);
    assert!(chain.sound, "{chain:#?}");
    assert!(chain.warnings[0].reason.contains("101 leaves that were declared lost"), "{:?}", chain.warnings);
    // One that was made up afterwards does not fit the checkpoint that was declared lost.
    let mut made_up = Epoch::tell(1, 200, None, None);
    made_up.leaves.swap(320, 321);
    pair.replace(1, &made_up);
    assert!(!pair.verify(&[1, 2]).sound);
}

#[test]
fn genesis_that_contradicts_itself_is_found_without_the_epoch_before() {
    let first = Epoch::tell(1, 3, None, Some(sealing(2)));
    let good = first.sealed();
    let wrong_key = Previous { key: key(3), ..good.clone() };
    let wrong_note = Previous { checkpoint: good.checkpoint.replace("\n8\n", "\n9\n"), ..good.clone() };
    let not_lost = Loss { anchor: Some(good.checkpoint.clone()), open_calls: 0, unsigned: 0 };
    for (what, begun) in [
        ("key", Some(beginning(2, wrong_key))),
        ("note", Some(beginning(2, wrong_note))),
        ("loss", Some(beginning(2, Previous { loss: Some(not_lost), ..good.clone() }))),
        ("origin", Some(beginning(3, good.clone()))),
        ("no epoch before", None),
    ] {
        let second = Epoch::tell(2, 3, begun, None);
        let alone = TempDir::new().unwrap();
        second.export(&alone.path().join("log"), second.leaves.len());
        let Verified::One(findings) = check(&[alone.path().join("log")], &[2]) else { panic!() };
        assert_eq!(findings.first_bad_leaf, Some(0), "{what}: {findings:#?}");
    }
    let beginning = Epoch::tell(1, 3, Some(beginning(1, good)), None);
    let alone = TempDir::new().unwrap();
    beginning.export(&alone.path().join("log"), beginning.leaves.len());
    assert!(!check(&[alone.path().join("log")], &[1]).sound());
}

#[test]
fn seal_names_the_key_of_the_next_epoch_or_none() {
    let first = Epoch::tell(1, 3, None, Some(sealing(3)));
    let second = Epoch::tell(2, 3, Some(beginning(2, first.sealed())), None);
    assert!(!Epochs::of(&[first, second]).verify(&[1, 2]).sound);
    // A log that ended for good.
    let seal = Seal { next_key: None, reason: "end of service".to_owned() }.write().unwrap();
    let last = Epoch::tell(1, 3, None, Some(seal));
    let alone = TempDir::new().unwrap();
    last.export(&alone.path().join("log"), last.leaves.len());
    let findings =
        verify(&alone.path().join("log"), Some(&signer(1).verifier_key()), &mut |_, _| ()).unwrap();
    assert!(findings.sound, "{findings:#?}");
    let keys = [signer(1).verifier_key()];
    assert!(verify_chain(&[alone.path().join("log")], &keys, &mut |_, _| ()).unwrap().sound);
}

#[test]
fn every_changed_byte_of_a_small_chain_is_found() {
    let first = Epoch::tell(1, 1, None, Some(sealing(2)));
    let second = Epoch::tell(2, 1, Some(beginning(2, first.sealed())), None);
    let epochs = Epochs::of(&[first, second]);
    let keys = [signer(1).verifier_key()];
    let all = [epochs.path(1), epochs.path(2)];
    for (directory, name) in
        [(1, "checkpoint"), (1, "tile/entries/000.p/4"), (2, "tile/entries/000.p/3"), (2, "checkpoint")]
    {
        let file = epochs.path(directory).join(name);
        let good = fs::read(&file).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&file, &bad).unwrap();
            let chain = verify_chain(&all, &keys, &mut |_, _| ()).unwrap();
            assert!(!chain.sound, "epoch {directory} {name} byte {at}");
        }
        fs::write(&file, good).unwrap();
    }
    assert!(verify_chain(&all, &keys, &mut |_, _| ()).unwrap().sound);
}
