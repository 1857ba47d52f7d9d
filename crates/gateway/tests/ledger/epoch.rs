//! Epochs: the end of a log, the beginning of the next, and what was lost between them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign::clock::SystemClock;
use countersign::follower::{self, Follower};
use countersign::ledger::{self, Declared, EpochError, Keyring, Ledger, Missing, StartError, keyring};
use countersign::model::PolicyRevision;
use countersign::report::package::{Bodies, Deployment, Maker, Order, PackageError};
use countersign::store::{Access, DATABASE, Db, checkpoint, document, epoch};
use evidence::epoch::{Genesis, Seal};
use evidence::merkle::{Hash, prove_inclusion, verify_inclusion};
use evidence::note::VerifierKey;
use evidence::package::{Draw, Period};
use evidence::time::Timestamp;
use evidence::verify::{Chain, Paint, ProblemKind, Trust, verify_all, verify_chain};

use crate::harness::{Place, intent, outcome};

/// A sealing with a reason, naming the key of this epoch.
fn seal(place: &Place, next: u64) -> Seal {
    let next_key = keyring::prepare(&place.path().join("keys"), &ledger::origin("test", next), None).unwrap();
    Seal { next_key: Some(next_key.to_string()), reason: "rotation".to_owned() }
}

fn db(place: &Place) -> Db {
    Db::open_sqlite(place.path(), Access::Gateway).unwrap()
}

fn keys(place: &Place, epoch: u64) -> Keyring {
    Keyring::open(&place.path().join("keys"), &ledger::origin("test", epoch), Missing::Refuse).unwrap()
}

fn start(place: &Place, epoch: u64) -> Result<Ledger, StartError> {
    Ledger::start(&db(place), keys(place, epoch), Arc::new(SystemClock))
}

async fn call(ledger: &Ledger) {
    let opened = ledger.open(intent("{}")).await.unwrap();
    ledger.close(opened, outcome("{}")).await.unwrap();
}

async fn begin(place: &Place, epoch: u64, declared: Declared) -> Result<Genesis, EpochError> {
    let directory = place.path().join("keys");
    keyring::prepare(&directory, &ledger::origin("test", epoch), None).unwrap();
    let old = keyring::read_key_of(&directory, epoch - 1).unwrap();
    let db = db(place);
    ledger::quiesce(&db, &SystemClock, Duration::ZERO).await.unwrap();
    let clock = Arc::new(SystemClock);
    let begun = ledger::begin_epoch(&db, keys(place, epoch), &old, clock, "rotation", declared)?;
    begun.1.stop().await.unwrap();
    Ok(begun.0)
}

/// Exports every epoch, each into a directory of its own.
fn export(place: &Place, into: &Path) -> Vec<PathBuf> {
    let reader = place.reader();
    let epochs = reader.read_now("epochs", epoch::all).unwrap();
    let each = epochs.iter().map(|epoch| {
        let directory = into.join(format!("epoch-{}", epoch.number));
        let key = keyring::read_key_of(&place.path().join("keys"), epoch.number).unwrap();
        ledger::export_epoch(&reader, epoch, &key, &directory, &mut |_, _| ()).unwrap();
        directory
    });
    each.collect()
}

/// Verifies every epoch with the key of one of them only.
fn verify(place: &Place, given: u64) -> Chain {
    let exported = tempfile::tempdir().unwrap();
    let key = keyring::read_key_of(&place.path().join("keys"), given).unwrap();
    verify_chain(&export(place, exported.path()), &[key], &mut |_, _| ()).unwrap()
}

#[tokio::test]
async fn sealed_log_goes_on_only_in_its_next_epoch() {
    let place = Place::new();
    let ledger = place.start();
    call(&ledger).await;
    let note = ledger.end_log(&seal(&place, 2)).await.unwrap();
    drop(ledger);
    assert!(note.starts_with("test/audit/1\n"), "{note}");
    assert!(matches!(start(&place, 1), Err(StartError::Sealed)));
    let genesis = begin(&place, 2, Declared::Nothing).await.unwrap();
    assert_eq!(genesis.previous.unwrap().checkpoint, *note);
    for _ in 0..3 {
        let ledger = start(&place, 2).unwrap();
        call(&ledger).await;
        ledger.stop().await.unwrap();
        drop(ledger);
    }
    let ledger = start(&place, 2).unwrap();
    ledger.end_log(&seal(&place, 3)).await.unwrap();
    drop(ledger);
    begin(&place, 3, Declared::Nothing).await.unwrap();
    for given in 1..=3 {
        let chain = verify(&place, given);
        assert!(chain.sound, "{}", chain.report(Paint::Plain));
        let calls: Vec<_> =
            chain.epochs.iter().map(|epoch| epoch.findings.counts.get("call.intent")).collect();
        assert_eq!(calls, [Some(&1), Some(&3), None]);
    }
    // The key of an epoch that has ended is of no use.
    let (directory, first) = (place.path().join("keys"), ledger::origin("test", 1));
    assert!(keyring::retire(&directory, &first).unwrap());
    assert!(!keyring::retire(&directory, &first).unwrap());
    start(&place, 3).unwrap().stop().await.unwrap();
    assert!(verify(&place, 1).sound);
}

/// Makes the package of one epoch, of everything that happened.
fn package(place: &Place, epoch: Option<u64>, output: &Path) -> Result<(), PackageError> {
    let time = |text: &str| text.parse().unwrap();
    let deployment = Deployment {
        name: "test".to_owned(),
        servers: Vec::new(),
        issuers: Vec::new(),
        storage: "SQLite",
        assurance: "L0: for a test".to_owned(),
        release: "0",
        epochs: Vec::new(),
        witnesses: Vec::new(),
    };
    let until: Timestamp = time("2100-01-01T00:00:00.000000Z");
    let order = Order {
        period: Period { from: time("2020-01-01T00:00:00.000000Z"), until },
        epoch,
        servers: Vec::new(),
        counts: None,
        leavers: None,
        draw: Some(Draw { n: 1, seed: "dice".to_owned(), population: "calls".to_owned() }),
        bodies: Bodies::Opened,
    };
    let (db, keys) = (place.reader(), keys(place, 2));
    let maker = Maker { db: &db, keys: &keys, deployment: &deployment, now: until };
    maker.write(&order, output, &mut |_, _| (), |_| Ok(())).map(drop)
}

/// A call that a policy set decided which is kept, as packages have to have it.
async fn decided(place: &Place, ledger: &Ledger) {
    let hash = *Hash::of(b"{}").as_bytes();
    let beside = Db::open_sqlite(place.path(), Access::Beside).unwrap();
    beside.write_now("set", |tx| document::put(tx, &hash, "policy", 0, b"{}")).unwrap();
    let mut asked = intent("{}");
    asked.decision.revision = PolicyRevision(hash);
    let opened = ledger.open(asked).await.unwrap();
    ledger.close(opened, outcome("{}")).await.unwrap();
}

/// What `verify.py` says of packages.
fn script(packages: &[&Path], key: &VerifierKey) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../evidence/verify.py");
    let mut command = std::process::Command::new("python3");
    let said = command.arg(script).args(packages).args(["--key", &key.to_string()]).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr))
}

#[tokio::test]
async fn period_in_which_the_key_changed_is_a_package_for_each_epoch_and_the_later_key_verifies_both() {
    let place = Place::new();
    let ledger = place.start();
    decided(&place, &ledger).await;
    ledger.end_log(&seal(&place, 2)).await.unwrap();
    drop(ledger);
    begin(&place, 2, Declared::Nothing).await.unwrap();
    let [first, second] =
        [1, 2].map(|epoch| keyring::read_key_of(&place.path().join("keys"), epoch).unwrap());
    assert!(keyring::retire(&place.path().join("keys"), &ledger::origin("test", 1)).unwrap());
    let ledger = start(&place, 2).unwrap();
    decided(&place, &ledger).await;
    ledger.stop().await.unwrap();
    drop(ledger);

    let directory = tempfile::tempdir().unwrap();
    let [one, two] = ["one.zip", "two"].map(|name| directory.path().join(name));
    let refused = package(&place, None, &one).unwrap_err();
    assert!(refused.to_string().contains("several epochs of the log (1, 2)"), "{refused}");
    package(&place, Some(1), &one).unwrap();
    package(&place, Some(2), &two).unwrap();
    for path in [&one, &two] {
        let found = evidence::verify::verify(path, Some(&second), &mut |_, _| ()).unwrap();
        assert!(found.sound && found.package.unwrap().populations["calls"] == 1, "{:?}", found.problems);
        let said = script(&[path], &second);
        assert!(said.contains("\nSOUND"), "{said}");
        let found = evidence::verify::verify(path, Some(&first), &mut |_, _| ()).unwrap();
        assert!(!found.sound && found.problems[0].reason.contains("by that of `test/audit/2`"), "{found:?}");
        let said = script(&[path], &first);
        assert!(said.contains("NOT SOUND") && said.contains("by that of"), "{said}");
    }
    let trust = Trust { keys: vec![second.clone()], witnesses: Vec::new(), quorum: 0 };
    let both = verify_all(&[two.clone(), one.clone()], &trust, &mut |_, _| ()).unwrap();
    assert!(both.sound(), "{}", both.report(Paint::Plain));
    assert!(script(&[&two, &one], &second).contains("\nCHAIN SOUND"), "{}", script(&[&two, &one], &second));

    // Where the report says what is in the other one, and how a forged way from one key to the other is named.
    let unpacked = directory.path().join("one");
    package(&place, Some(1), &unpacked).unwrap();
    let report = std::fs::read_to_string(unpacked.join("report.html")).unwrap();
    assert!(report.contains("Only epoch 1 of the log") && report.contains("--epoch 2"), "{report}");
    let begun = unpacked.join("trust/successors/2.leaf.json");
    let leaf = std::fs::read_to_string(&begun).unwrap();
    std::fs::write(&begun, leaf.replace("rotation", "rotatioN")).unwrap();
    let found = evidence::verify::verify(&unpacked, Some(&second), &mut |_, _| ()).unwrap();
    assert!(found.problems.iter().any(|problem| problem.kind == ProblemKind::Epoch), "{found:?}");
    assert!(script(&[&unpacked], &second).contains("'kind': 'epoch'"));
}

#[tokio::test]
async fn epoch_begins_only_after_a_seal_or_a_declared_loss() {
    let place = Place::new();
    let ledger = place.start();
    call(&ledger).await;
    ledger.stop().await.unwrap();
    drop(ledger);
    let refused = begin(&place, 2, Declared::Nothing).await.unwrap_err();
    assert!(matches!(refused, EpochError::NotSealed), "{refused}");
    // Nothing has happened.
    start(&place, 1).unwrap().stop().await.unwrap();
    begin(&place, 2, Declared::Loss).await.unwrap();
    let keys = [1, 2].map(|epoch| keyring::read_key_of(&place.path().join("keys"), epoch).unwrap());
    let exported = tempfile::tempdir().unwrap();
    let directories = export(&place, exported.path());
    let chain = verify_chain(&directories, &keys, &mut |_, _| ()).unwrap();
    assert!(chain.sound, "{}", chain.report(Paint::Plain));
    // Nobody's seal names the new key, so it has to be given.
    assert!(!verify(&place, 1).sound);
    assert!(verify(&place, 2).sound);
}

/// A copy of the database, and then a call that is not in it.
async fn older(place: &Place) -> (tempfile::TempDir, std::path::PathBuf) {
    let ledger = place.start();
    call(&ledger).await;
    ledger.stop().await.unwrap();
    drop(ledger);
    let backup = tempfile::tempdir().unwrap();
    let copy = backup.path().join("copy.db");
    place.intruder().execute("VACUUM INTO $1", [copy.to_str().unwrap()]).unwrap();
    let ledger = place.start();
    call(&ledger).await;
    ledger.stop().await.unwrap();
    drop(ledger);
    (backup, copy)
}

#[tokio::test]
async fn older_database_is_continued_only_with_what_contradicts_it() {
    let place = Place::new();
    let (_backup, copy) = older(&place).await;
    let kept = tempfile::tempdir().unwrap();
    let whole = export(&place, kept.path());
    restore(&place, &copy);
    assert!(matches!(place.try_start(), Err(StartError::Inconsistent(_))));

    let genesis = begin(&place, 2, Declared::Loss).await.unwrap();
    let loss = genesis.previous.unwrap().loss.unwrap();
    assert!(loss.anchor.is_some());
    assert_eq!((loss.open_calls, loss.unsigned), (0, 0));
    let ledger = start(&place, 2).unwrap();
    call(&ledger).await;
    ledger.stop().await.unwrap();
    drop(ledger);
    let chain = verify(&place, 2);
    assert!(chain.sound, "{}", chain.report(Paint::Plain));
    assert!(chain.epochs[1].findings.warnings[0].reason.contains("a loss is declared"));
    // What somebody exported before the loss fits, and shows what was lost.
    let exported = tempfile::tempdir().unwrap();
    let mut directories = export(&place, exported.path());
    directories[0] = whole[0].clone();
    let key = keyring::read_key_of(&place.path().join("keys"), 2).unwrap();
    let chain = verify_chain(&directories, &[key], &mut |_, _| ()).unwrap();
    assert!(chain.sound, "{}", chain.report(Paint::Plain));
    assert!(chain.warnings[0].reason.contains("declared lost"), "{:?}", chain.warnings);
}

#[tokio::test]
async fn loss_that_only_a_row_declares_is_none() {
    let place = Place::new();
    let (_backup, copy) = older(&place).await;
    restore(&place, &copy);
    // The signer names the next key already; whoever restored the copy says in the database that something was lost.
    keyring::prepare(&place.path().join("keys"), &ledger::origin("test", 2), None).unwrap();
    let row =
        "INSERT INTO epoch SELECT 2, max(number) + 1, (SELECT max(size) FROM checkpoint), 0, 1 FROM lane";
    place.intruder().execute(row, []).unwrap();
    let refused = match start(&place, 2) {
        Err(refused) => refused.to_string(),
        Ok(_) => panic!("an older database was accepted"),
    };
    assert!(refused.contains("the checkpoint of epoch 1 in the key directory is not in it"), "{refused}");
}

#[tokio::test]
async fn database_of_an_earlier_epoch_is_refused() {
    let place = Place::new();
    let ledger = place.start();
    call(&ledger).await;
    ledger.end_log(&seal(&place, 2)).await.unwrap();
    drop(ledger);
    let backup = tempfile::tempdir().unwrap();
    let copy = backup.path().join("copy.db");
    place.intruder().execute("VACUUM INTO $1", [copy.to_str().unwrap()]).unwrap();
    begin(&place, 2, Declared::Nothing).await.unwrap();
    restore(&place, &copy);
    let refused = match start(&place, 1) {
        Err(refused) => refused.to_string(),
        Ok(_) => panic!("an older database was accepted"),
    };
    assert!(refused.contains("epoch 2 was published and epoch 1 is there"), "{refused}");
}

#[tokio::test]
async fn seal_without_its_checkpoint_is_finished_the_next_time() {
    let place = Place::new();
    let ledger = place.start();
    call(&ledger).await;
    ledger.publish().await.unwrap();
    let anchor = place.path().join("keys/checkpoint");
    let before = std::fs::read(&anchor).unwrap();
    let note = ledger.end_log(&seal(&place, 2)).await.unwrap();
    drop(ledger);
    // As if the process had died in between.
    place.intruder().execute_batch("DROP TRIGGER checkpoint_no_delete").unwrap();
    let last = "DELETE FROM checkpoint WHERE size = (SELECT max(size) FROM checkpoint)";
    place.intruder().execute(last, []).unwrap();
    std::fs::write(&anchor, before).unwrap();
    let refused = begin(&place, 2, Declared::Nothing).await.unwrap_err();
    assert!(matches!(refused, EpochError::Unfinished), "{refused}");
    for _ in 0..2 {
        let finished = ledger::finish_seal(&db(&place), &keys(&place, 1), &SystemClock).unwrap();
        assert_eq!(finished.as_deref(), Some(&*note));
    }
    begin(&place, 2, Declared::Nothing).await.unwrap();
    assert!(verify(&place, 1).sound);
}

#[tokio::test]
async fn calls_that_were_open_when_a_log_was_lost_are_counted() {
    let place = Place::new();
    let ledger = place.start();
    ledger.publish().await.unwrap();
    let opened = ledger.open(intent("{}")).await.unwrap();
    ledger.sequence().await.unwrap();
    let backup = tempfile::tempdir().unwrap();
    let copy = backup.path().join("copy.db");
    place.intruder().execute("VACUUM INTO $1", [copy.to_str().unwrap()]).unwrap();
    ledger.close(opened, outcome("{}")).await.unwrap();
    ledger.stop().await.unwrap();
    drop(ledger);
    restore(&place, &copy);
    let genesis = begin(&place, 2, Declared::Loss).await.unwrap();
    let loss = genesis.previous.unwrap().loss.unwrap();
    assert_eq!((loss.open_calls, loss.unsigned), (1, 1));
    start(&place, 2).unwrap().stop().await.unwrap();
    let chain = verify(&place, 2);
    assert!(chain.sound, "{}", chain.report(Paint::Plain));
}

#[tokio::test]
async fn tiles_and_proofs_of_each_epoch_are_its_own() {
    let place = Place::new();
    let ledger = place.start();
    for _ in 0..150 {
        call(&ledger).await;
    }
    ledger.end_log(&seal(&place, 2)).await.unwrap();
    drop(ledger);
    begin(&place, 2, Declared::Nothing).await.unwrap();
    let ledger = start(&place, 2).unwrap();
    for _ in 0..150 {
        call(&ledger).await;
    }
    ledger.stop().await.unwrap();
    drop(ledger);
    let db = db(&place);
    let follower = Follower::new(db.clone());
    while follower.step().await.unwrap() > 0 {}
    for epoch in db.read_now("epochs", epoch::all).unwrap() {
        let signed = db.read_now("signed", |read| checkpoint::latest(read, &epoch)).unwrap().unwrap();
        let (size, root) = (epoch.within(signed.size), Hash::from_bytes(signed.root));
        assert!(size > 300, "{size}");
        for index in [0, 255, 256, size - 1] {
            let proven = db.read_now("proof", |read| {
                let nodes = follower::Nodes::new(read, epoch, size);
                let leaf = nodes.node(0, index).unwrap();
                let path = prove_inclusion(index, size, |level, at| nodes.node(level, at)).unwrap();
                nodes.finish()?;
                Ok(verify_inclusion(&leaf, index, size, &path, &root))
            });
            assert_eq!(proven.unwrap(), Ok(()), "{epoch:?} {index}");
        }
    }
}

/// Puts an older copy in the place of the database.
fn restore(place: &Place, copy: &Path) {
    for file in ["", "-wal", "-shm"] {
        let path = place.path().join(format!("{DATABASE}{file}"));
        if path.exists() {
            std::fs::remove_file(path).unwrap();
        }
    }
    std::fs::copy(copy, place.path().join(DATABASE)).unwrap();
    std::fs::set_permissions(place.path().join(DATABASE), Permissions::from_mode(0o600)).unwrap();
}
