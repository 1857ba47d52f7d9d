//! `verify.py` against this crate: written from the specifications by itself, it must come to the same verdict and
//! name the same first bad leaf. Needs `python3` and `openssl`.

use std::fs;
use std::path::Path;
use std::process::Command;

use evidence::leaf::EventType;
use evidence::tile::{Row, Tile};
use evidence::verify::{Findings, verify};
use serde_json::Value;
use tempfile::TempDir;

use super::glass::{self, break_glass};
use super::sample::{Log, export, human, id, signer};
use super::tamper::Export;

/// A name and what it does to the story.
type Change = (&'static str, Box<dyn Fn(&mut Log)>);

fn python(directory: &Path) -> (i32, Value) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/verify.py");
    let key = signer().verifier_key().to_string();
    let output =
        Command::new("python3").arg(script).arg(directory).args(["--json", "--key", &key]).output().unwrap();
    let status = output.status.code().unwrap();
    assert!(status < 2, "{}", String::from_utf8_lossy(&output.stderr));
    (status, serde_json::from_slice(&output.stdout).unwrap())
}

/// Lets both verify and compares what they say.
pub(crate) fn check(directory: &Path, change: &str) -> Findings {
    let ours = verify(directory, Some(&signer().verifier_key()), &mut |_, _| ()).unwrap();
    let (status, theirs) = python(directory);
    let differ = format!("{change}: {:#?} {theirs:#}", ours.problems);
    assert_eq!(status, i32::from(!ours.sound), "{differ}");
    assert_eq!(theirs["sound"], ours.sound, "{differ}");
    assert_eq!(theirs["first_bad_leaf"], serde_json::to_value(ours.first_bad_leaf).unwrap(), "{differ}");
    assert_eq!(theirs["leaves_read"], ours.leaves_read, "{differ}");
    assert_eq!(theirs["counts"], serde_json::to_value(&ours.counts).unwrap(), "{differ}");
    assert_eq!(theirs["open_call_count"], ours.open_call_count, "{differ}");
    let kinds = |problems: &Value| {
        let kinds = problems.as_array().unwrap().iter().map(|problem| problem["kind"].to_string());
        kinds.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(kinds(&theirs["problems"]), kinds(&serde_json::to_value(&ours.problems).unwrap()), "{differ}");
    ours
}

#[test]
fn both_find_the_true_story_sound() {
    assert!(check(Export::large().path(), "nothing").sound);
    let empty = TempDir::new().unwrap();
    export(empty.path(), &[]);
    assert!(check(empty.path(), "empty log").sound);
}

#[test]
fn both_find_the_same_changes_of_files() {
    let export = Export::large();
    let bundles: Vec<_> =
        (0..3).map(|index| Tile::in_tree(Row::Entries, index, export.leaves.len() as u64).unwrap()).collect();
    for (bundle, at) in
        [(bundles[0], 0), (bundles[1], 100), (bundles[2], usize::from(bundles[2].width()) - 1)]
    {
        let name = bundle.to_string();
        let edits: [(&str, Vec<u8>); 4] = [
            ("deleted", export.edited(bundle, |leaves| drop(leaves.remove(at)))),
            ("doubled", export.edited(bundle, |leaves| leaves.insert(at, leaves[at].clone()))),
            ("swapped", export.edited(bundle, |leaves| leaves.swap(at, 7))),
            ("changed", export.edited(bundle, |leaves| leaves[at][20] ^= 1)),
        ];
        for (change, content) in edits {
            let findings = export.with(&name, &content, || check(export.path(), &format!("{name} {change}")));
            assert!(!findings.sound);
        }
    }
    for name in
        ["checkpoint", "verifier.key", "tile/0/000", "tile/0/001", "tile/1/000.p/2", "tile/entries/001"]
    {
        let good = fs::read(export.path().join(name)).unwrap();
        for (at, mask) in [(0, 1), (good.len() / 2, 1), (good.len() - 2, 4), (good.len() - 1, 0x80)] {
            let mut bad = good.clone();
            bad[at] ^= mask;
            let findings = export.with(name, &bad, || check(export.path(), &format!("{name} byte {at}")));
            assert!(!findings.sound);
        }
        let cut = &good[..good.len() - 1];
        assert!(!export.with(name, cut, || check(export.path(), &format!("{name} cut"))).sound);
        fs::rename(export.path().join(name), export.path().with_extension("aside")).unwrap();
        let findings = check(export.path(), &format!("{name} missing"));
        assert_eq!(findings.sound, name == "verifier.key");
        fs::rename(export.path().with_extension("aside"), export.path().join(name)).unwrap();
    }
    fs::write(export.path().join("tile/0/002"), b"").unwrap();
    assert!(!check(export.path(), "foreign file").sound);
}

#[test]
fn both_find_the_same_impossible_stories() {
    let of = |event: EventType, call: u64| {
        move |leaf: &evidence::leaf::Leaf| leaf.event == event && leaf.call == Some(id(call))
    };
    let changes: Vec<Change> = vec![
        ("two ends", Box::new(|log| drop(log.outcome(0, 1).clone()))),
        ("no end", Box::new(move |log| drop(log.leaves.remove(log.position(of(EventType::CallOutcome, 3)))))),
        (
            "no intent",
            Box::new(move |log| drop(log.leaves.remove(log.position(of(EventType::CallIntent, 3))))),
        ),
        ("frame gone", Box::new(|log| drop(log.leaves.remove(log.position(|leaf| leaf.frame == Some(1)))))),
        ("no genesis", Box::new(|log| drop(log.leaves.remove(0)))),
        ("late frame", Box::new(|log| drop(log.frame(0, 901, 3).clone()))),
        (
            "self-approval",
            Box::new(move |log| {
                let at = log.position(of(EventType::ApprovalApproved, 900));
                log.leaves[at].actor = Some(human("alice"));
            }),
        ),
        (
            "late approval",
            Box::new(move |log| {
                let at = log.position(of(EventType::ApprovalApproved, 900));
                let approved = log.leaves.remove(at);
                let end = log.position(of(EventType::CallOutcome, 900));
                log.leaves.insert(end + 1, approved);
            }),
        ),
        (
            "second use",
            Box::new(move |log| {
                let end = log.position(of(EventType::CallOutcome, 900));
                let again = [log.leaves[end - 1].clone(), log.leaves[end].clone()];
                log.leaves.splice(end + 1..=end, again);
            }),
        ),
        (
            "other call than approved",
            Box::new(move |log| {
                let at = log.position(of(EventType::CallIntent, 900));
                log.leaves[at].server = Some("payroll".to_owned());
            }),
        ),
    ];
    for (name, change) in changes {
        let mut log = Log::story(8);
        change(&mut log);
        let directory = TempDir::new().unwrap();
        export(directory.path(), &log.encode());
        assert!(!check(directory.path(), name).sound, "{name}");
    }
}

#[test]
fn both_find_how_the_glass_was_broken_and_how_not() {
    let mut log = Log::story(8);
    break_glass(&mut log);
    let directory = TempDir::new().unwrap();
    export(directory.path(), &log.encode());
    assert!(check(directory.path(), "as it must be").sound);
    for (name, change) in glass::changes() {
        let mut log = Log::story(8);
        break_glass(&mut log);
        change(&mut log);
        let directory = TempDir::new().unwrap();
        export(directory.path(), &log.encode());
        assert!(!check(directory.path(), name).sound, "{name}");
    }
}

#[test]
fn both_refuse_the_same_records() {
    let good = Log::story(8).encode();
    let record = String::from_utf8(good[4].clone()).unwrap();
    for (what, bad) in [
        ("not JSON", "{".to_owned()),
        ("empty", String::new()),
        ("white space", record.replacen(':', ": ", 1)),
        ("escape", record.replacen("tools/call", "tools\\/call", 1)),
        ("unknown member", record.replace(",\"v\":1", ",\"v\":1,\"x\":1")),
        ("fraction", record.replace("\"v\":1", "\"v\":1.0")),
        ("double member", record.replace(",\"v\":1", ",\"v\":1,\"v\":1")),
        ("unknown type", record.replace("approval.requested", "approval.requestet")),
        ("upper case", record.replace("\"lane\":\"019aa1b2", "\"lane\":\"019AA1B2")),
        ("leap second", record.replace(":00.0", ":60.0")),
        (
            "missing member",
            record.replace("\"method\":\"tools/call\",", "").replace("approval.requested", "call.intent"),
        ),
    ] {
        assert_ne!(bad, record, "{what}");
        let directory = TempDir::new().unwrap();
        let leaves = [good.as_slice(), &[bad.into_bytes()]].concat();
        export(directory.path(), &leaves);
        let findings = check(directory.path(), what);
        assert_eq!(findings.first_bad_leaf, Some(good.len() as u64), "{what}");
    }
}
