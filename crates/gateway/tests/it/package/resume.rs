//! A package that was interrupted: the same command goes on from what was finished, and makes what it would have made.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use countersign::ledger::{Keyring, Missing};
use countersign::report::package::{Bodies, Deployment, Maker, Order, PackageError, Written};
use countersign::store::{Access, Db};
use evidence::directory::Files;
use evidence::package::{BODIES_FILE, Draw, Period};
use tempfile::TempDir;

use super::{QUARTER, SEED, check};

/// Makes a package at the instant `now`; `sealing` is the last step before it has its name. Answers also how often
/// progress over the leaves was told.
fn make(
    output: &Path,
    now: &str,
    sealing: impl FnOnce(&Written) -> Result<(), PackageError>,
) -> (Result<Written, PackageError>, usize) {
    let data = QUARTER.path().join("data");
    let db = Db::open_sqlite(&data, Access::ReadOnly).expect("a database");
    let keys = Keyring::open(&data.join("keys"), "quarter/audit/1", Missing::Refuse).expect("keys");
    let deployment = Deployment {
        name: "quarter".to_owned(),
        servers: Vec::new(),
        issuers: Vec::new(),
        storage: "SQLite",
        assurance: "L0: for a test".to_owned(),
        release: "0",
        epochs: Vec::new(),
        witnesses: Vec::new(),
    };
    let time = |text: &str| text.parse().expect("an instant");
    let order = Order {
        period: Period {
            from: time("2026-07-01T00:00:00.000000Z"),
            until: time("2026-07-04T00:00:00.000000Z"),
        },
        epoch: None,
        servers: Vec::new(),
        counts: None,
        leavers: None,
        draw: Some(Draw { n: 3, seed: SEED.to_owned(), population: "privileged".to_owned() }),
        bodies: Bodies::Opened,
    };
    let maker = Maker { db: &db, keys: &keys, deployment: &deployment, now: time(now) };
    let mut told = 0;
    let made = maker.write(&order, output, &mut |_, _| told += 1, sealing);
    (made, told)
}

#[test]
fn interrupted_package_goes_on_from_what_was_finished_and_becomes_the_same() {
    let directory = TempDir::new().expect("a directory");
    let (whole, broken) = (directory.path().join("whole.zip"), directory.path().join("broken.zip"));
    let (first, told) = make(&whole, "2026-08-01T00:00:00.000000Z", |_| Ok(()));
    let first = first.expect("a package");
    assert!(told > 0);
    let (failed, _) = make(&broken, "2026-08-01T00:00:00.000000Z", |_| Err(PackageError::Empty));
    assert!(failed.is_err() && !broken.exists());
    // Later, and without another look at the leaves.
    let (second, told) = make(&broken, "2026-08-02T00:00:00.000000Z", |_| Ok(()));
    assert_eq!((second.expect("a package").manifest, told), (first.manifest, 0));
    let bytes = |path: &Path| std::fs::read(path).expect("readable");
    assert!(bytes(&whole) == bytes(&broken), "the two archives differ");
    // Nothing is left behind.
    assert_eq!(std::fs::read_dir(directory.path()).expect("readable").count(), 2);
}

#[test]
fn killed_command_is_run_again_and_the_package_is_sound() {
    let directory = TempDir::new().expect("a directory");
    let output = directory.path().join("evidence.zip");
    let command = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command
            .args(["evidence", "package", "--from", "2026-07-01", "--to", "2026-07-04", "-o"])
            .arg(&output);
        command.env("COUNTERSIGN_CONFIG", QUARTER.path().join("countersign.yaml"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let mut child = command().spawn().expect("the binary runs");
    let journal = directory.path().join(".evidence.zip.journal");
    // As soon as it has begun; it may also have ended by now.
    while !journal.exists() && !output.exists() {
        std::thread::yield_now();
    }
    child.kill().expect("killed, or over");
    child.wait().expect("waited for");
    if !output.exists() {
        assert!(command().status().expect("the binary runs").success());
        assert_eq!(std::fs::read_dir(directory.path()).expect("readable").count(), 1);
    }
    let findings = check(&output);
    assert!(findings.sound, "{:?}", findings.problems);
}

#[test]
fn messages_that_a_killed_command_had_opened_are_for_its_user_alone_and_go_when_it_is_run_for_something_else()
{
    let directory = TempDir::new().expect("a directory");
    let output = directory.path().join("evidence.zip");
    let command = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(["evidence", "package", "--from", "2026-07-01", "--to", "2026-07-04", "-o"]);
        command.arg(&output).args(more);
        command.env("COUNTERSIGN_CONFIG", QUARTER.path().join("countersign.yaml"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let making = directory.path().join(".evidence.zip.making");
    let mut child = command(&[]).spawn().expect("the binary runs");
    while !making.join(BODIES_FILE).exists() && !output.exists() {
        std::thread::yield_now();
    }
    child.kill().expect("killed, or over");
    child.wait().expect("waited for");
    if output.exists() {
        std::fs::remove_file(&output).expect("removed");
    } else {
        let mode = std::fs::metadata(&making).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    assert!(command(&["--sealed"]).status().expect("the binary runs").success());
    assert_eq!(std::fs::read_dir(directory.path()).expect("readable").count(), 1, "something is left");
    let files = Files::open(&output).expect("readable");
    assert!(files.read(BODIES_FILE, 1).expect("readable").is_none(), "a sealed package has opened messages");
}
