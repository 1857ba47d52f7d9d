//! Messages that are gone: those that a rule took are shown to be by their leaf; those that somebody removed from the
//! database are exceptions, and nobody who makes the package can hide one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use countersign::clock::ManualClock;
use countersign::ledger::{Days, Keyring, Ledger, Missing, Rules};
use countersign::store::{Access, Db};
use evidence::package::{BODIES_FILE, ERASURES, MISSING_FILE};
use evidence::verify::{BodySummary, ProblemKind};
use serde_json::Value;
use tempfile::TempDir;

use super::{Copy, QUARTER, SEED, check, check_again, key, stolen};

/// The days of the quarter with a database of their own.
fn quarter() -> TempDir {
    let directory = TempDir::new().expect("a directory");
    let from = QUARTER.path().join(".");
    let copied = Command::new("cp").arg("-r").arg(from).arg(directory.path()).status();
    assert!(copied.expect("cp runs").success());
    directory
}

/// Makes the package `evidence` in a directory of its own; answers that and what the command says.
fn make(quarter: &TempDir) -> (TempDir, Value) {
    let directory = TempDir::new().expect("a directory");
    let output = directory.path().join("evidence");
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command
        .args(["evidence", "sample", "--from", "2026-07-01", "--to", "2026-07-04", "-n", "4", "--json"])
        .args(["--of", "privileged", "--seed", SEED, "-o"])
        .arg(&output)
        .env("COUNTERSIGN_CONFIG", quarter.path().join("countersign.yaml"));
    let made = command.output().expect("the binary runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (directory, serde_json::from_slice(&made.stdout).expect("JSON"))
}

/// All three say that the package is sound, and how many messages are missing.
fn bodies(path: &Path) -> BodySummary {
    let findings = check(path);
    assert!(findings.sound, "{:?}", findings.problems);
    let found = findings.package.expect("a package").bodies;
    let again = check_again(path);
    assert_eq!(again["sound"], true, "{again}");
    let said = format!("{} recorded messages are gone", found.unexplained);
    assert_eq!(again["warnings"].to_string().contains(&said), found.unexplained > 0, "{again}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let third = command.arg("verify").arg(path).args(["--key", &key().to_string()]).output();
    let third = third.expect("the binary runs");
    assert!(third.status.success());
    let text = String::from_utf8_lossy(&third.stdout).into_owned();
    assert_eq!(text.contains(&said), found.unexplained > 0, "{text}");
    found
}

fn lines(path: PathBuf) -> Vec<String> {
    std::fs::read_to_string(path).expect("readable").lines().map(str::to_owned).collect()
}

#[test]
fn messages_that_somebody_removed_are_exceptions_and_hiding_one_is_found() {
    let quarter = quarter();
    let (whole, _) = make(&quarter);
    let before = bodies(&whole.path().join("evidence"));
    let privileged = before.opened.expect("opened");
    assert!(privileged > 3 && (before.erased, before.unexplained) == (0, 0), "{before:?}");
    let file = quarter.path().join("data/countersign.db");
    let intruder = rusqlite::Connection::open(file).expect("a database");
    assert!(intruder.execute("DELETE FROM payload", []).expect("removed") > 0);
    drop(intruder);
    let (made, said) = make(&quarter);
    let evidence = made.path().join("evidence");
    let found = bodies(&evidence);
    assert_eq!((found.opened, found.erased), (Some(0), 0));
    // Those of privileged calls, and what else was said in samples.
    assert!(found.unexplained >= privileged, "{found:?}");
    assert_eq!(said["exceptions"]["body_missing"], found.unexplained, "{said}");
    let report = std::fs::read_to_string(evidence.join("report.html")).expect("readable");
    let summary = report.split("<nav").next().expect("the first page");
    assert!(summary.contains("messages missing that no rule took"), "{summary}");

    // Whoever makes the package leaves out one of them, and then every trace of it.
    let victim = lines(evidence.join(MISSING_FILE)).remove(1);
    let index = victim.split(',').next().expect("an index").to_owned();
    let copy = Copy::of(&made);
    copy.edit(MISSING_FILE, |text| text.replace(&format!("{victim}\n"), ""));
    copy.sign_again(&stolen());
    copy.assert_named(ProblemKind::Population, MISSING_FILE);
    copy.edit("exceptions.csv", |text| {
        let kept = text.lines().filter(|line| !line.starts_with(&format!("body_missing,{index},")));
        kept.map(|line| format!("{line}\n")).collect()
    });
    copy.sign_again(&stolen());
    copy.assert_named(ProblemKind::Population, MISSING_FILE);
    copy.assert_named(ProblemKind::Population, "exceptions.csv");
    // Or says that another one was opened.
    let copy = Copy::of(&made);
    std::fs::write(copy.path().join(BODIES_FILE), format!("{{\"index\":{index}}}\n")).expect("written");
    copy.sign_again(&stolen());
    copy.assert_named(ProblemKind::Sample, BODIES_FILE);
}

/// Erases what is due long after the quarter.
async fn retain(quarter: &TempDir) {
    let data = quarter.path().join("data");
    let db = Db::open_sqlite(&data, Access::Gateway).expect("a database");
    let keys = Keyring::open(&data.join("keys"), "quarter/audit/1", Missing::Refuse).expect("keys");
    let clock = Arc::new(ManualClock::new("2027-10-01T00:00:00Z".parse().expect("an instant")));
    let ledger = Ledger::start(&db, keys, clock).expect("a ledger");
    let rules = Rules { common: Days { ordinary: 90, privileged: 400 }, servers: BTreeMap::new() };
    assert!(ledger.retain(&rules).await.expect("erased").erased > 0);
    ledger.stop().await.expect("an orderly end");
}

#[test]
fn messages_that_retention_took_are_shown_to_be_by_leaves_of_a_later_time() {
    // The story is told in a runtime of its own, so not within another.
    let quarter = quarter();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(retain(&quarter));
    let (made, said) = make(&quarter);
    let evidence = made.path().join("evidence");
    let found = bodies(&evidence);
    assert_eq!((found.opened, found.unexplained), (Some(0), 0), "{said}");
    assert!(found.erased > 3 && said["exceptions"].get("body_missing").is_none(), "{said}");
    let listed = lines(evidence.join(MISSING_FILE));
    assert!(
        listed.iter().any(|line| line.contains(",erased,\"privileged, 400 days\",quarter/audit/1,")),
        "{listed:?}"
    );
    // Without the leaf, a message is as good as stolen.
    let copy = Copy::of(&made);
    for file in std::fs::read_dir(copy.path().join(ERASURES)).expect("leaves").flatten() {
        std::fs::remove_file(file.path()).expect("removed");
    }
    copy.sign_again(&stolen());
    copy.assert_named(ProblemKind::Population, MISSING_FILE);
}
