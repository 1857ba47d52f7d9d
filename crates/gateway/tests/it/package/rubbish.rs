//! Every member of a package, emptied, cut in half and replaced by rubbish, and then signed again by somebody who stole the
//! key: each is named by every verifier, and none of them ends in any other way.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use evidence::package::{BODIES_FILE, MISSING_FILE};
use serde_json::Value;
use tempfile::TempDir;

use super::{Copy, SEED, check, check_again, countersign, key, stolen};

/// A package with everything that one may hold: a slice with a checkpoint before it, counts, leavers, samples.
static WHOLE: LazyLock<TempDir> = LazyLock::new(|| {
    let directory = TempDir::new().expect("a directory");
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let counts = file(
        "counts.csv",
        "day,source,measure,count\n2026-07-03,idp,calls,1\n2026-07-03,proxy,forwarded,1000\n",
    );
    let leavers = file("leavers.csv", "actor,since,source\ncorp/nobody,2026-07-02,hr\n");
    let output = directory.path().join("evidence");
    let made = countersign(&[
        "evidence",
        "sample",
        "--from",
        "2026-07-03",
        "--to",
        "2026-07-04",
        "-n",
        "2",
        "--seed",
        SEED,
        "--counts",
        &counts,
        "--leavers",
        &leavers,
        "-o",
        output.to_str().expect("UTF-8"),
    ]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    directory
});

fn copy() -> Copy {
    Copy::of(&WHOLE)
}

/// Members at once: fewer than problems are listed.
const AT_ONCE: usize = 30;

/// What only the signature vouches for: texts for people, and what nobody can make again from the rest.
fn is_signed_only(path: &str) -> bool {
    let texts = ["README.md", "system-description.md", "controls.md", "trust/keys.txt"];
    texts.contains(&path)
        || path.starts_with("verify/")
        || path.starts_with("config/differences/")
        || path.ends_with("/replay.html")
}

/// What follows from policies: only the gateway's own program has the engine for them. How many rows some of these files
/// have is a number in the report, which every verifier counts.
fn needs_policies(path: &str) -> bool {
    path.starts_with("access/")
}

/// What becomes of a member.
fn spoiled(bytes: &[u8]) -> [Vec<u8>; 3] {
    [Vec::new(), bytes[..bytes.len() / 2].to_vec(), b"\xff\x00{\"a\":[1,2\n\"',,,\n0,0,0,0\n".to_vec()]
}

/// The members of a package in turns, since what is wrong with the log hides the rest, and in which ways each turn is
/// spoiled.
fn turns(package: &Path) -> Vec<(Vec<String>, Vec<usize>)> {
    let manifest: Value =
        serde_json::from_slice(&fs::read(package.join("manifest.json")).expect("readable")).expect("JSON");
    let members: Vec<String> = manifest["files"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|file| file["path"].as_str().expect("a path").to_owned())
        .collect();
    // What is compared with another member says nothing once that one is rubbish.
    let alone = |path: &String| {
        ["log/", "checkpoints/", "reconciliation/"].iter().any(|folder| path.starts_with(folder))
    };
    let (log, rest): (Vec<_>, Vec<_>) = members.into_iter().partition(alone);
    let (access, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|path| needs_policies(path));
    let mut turns: Vec<(Vec<String>, Vec<usize>)> =
        rest.chunks(AT_ONCE).map(|turn| (turn.to_vec(), vec![0, 1, 2])).collect();
    // One of each kind of file of the log, and what is stated beside the policies, one at a time and each in one way.
    let mut kinds = std::collections::BTreeSet::new();
    let kind = |path: &String| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let log = log.into_iter().filter(|path| !path.contains("tile/") || kinds.insert(kind(path)));
    let stated = access.into_iter().filter(|path| path.contains("basis"));
    turns.extend((0..).zip(log.chain(stated)).map(|(at, path)| (vec![path], vec![at % 3])));
    turns
}

fn names(problems: &Value, path: &str) -> bool {
    // One that opens nothing any more makes its calls missing.
    if path == BODIES_FILE && names(problems, MISSING_FILE) {
        return true;
    }
    // A sample is named by its leaf.
    let stem = path.strip_prefix("samples/").map_or(path, |_| {
        [".leaf.json", ".tlog-proof", ".body", ".salt"]
            .iter()
            .find_map(|ending| path.strip_suffix(ending))
            .unwrap_or(path)
    });
    let problems = problems.as_array().expect("a list");
    problems.iter().any(|problem| {
        let found = problem["path"].as_str().unwrap_or_default();
        !found.is_empty() && (found.contains(stem) || path.contains(found))
    })
}

/// What `countersign verify` says, which makes the access files again besides what the others do.
fn verify_with_policies(copy: &Copy) -> Value {
    let (path, key) = (copy.path(), key().to_string());
    let said = countersign(&["verify", path.to_str().expect("UTF-8"), "--key", &key, "--json"]);
    serde_json::from_slice(&said.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&said.stderr)))
}

#[test]
fn rubbish_in_any_member_is_a_named_finding_of_every_verifier() {
    let package = copy();
    let mut unnamed = Vec::new();
    for (turn, ways) in turns(&package.path()) {
        for way in ways {
            let copy = copy();
            let mut wanted = Vec::new();
            for member in &turn {
                let path = copy.path().join(member);
                let bytes = fs::read(&path).expect("readable");
                let changed = spoiled(&bytes)[way].clone();
                if changed != bytes {
                    fs::write(path, changed).expect("written");
                    wanted.push(member);
                }
            }
            copy.sign_again(&stolen());
            let own = serde_json::to_value(check(&copy.path())).expect("JSON");
            let again = check_again(&copy.path());
            let third = turn.iter().any(|member| needs_policies(member)).then(|| verify_with_policies(&copy));
            for member in wanted.into_iter().filter(|member| !is_signed_only(member)) {
                let named = match &third {
                    Some(third) => vec![("countersign verify", names(&third["access"]["problems"], member))],
                    None => vec![
                        ("countersign-verify", names(&own["problems"], member)),
                        ("verify.py", names(&again["problems"], member)),
                    ],
                };
                let missed = named.into_iter().filter(|(_, named)| !named);
                unnamed.extend(missed.map(|(program, _)| format!("{program}: {member}, way {way}")));
            }
        }
    }
    assert!(unnamed.is_empty(), "{unnamed:#?}");
}

#[test]
fn rubbish_for_a_manifest_or_its_signature_is_named() {
    for member in ["manifest.json", "manifest.note"] {
        for way in 0..3 {
            let copy = copy();
            let path = copy.path().join(member);
            let changed = spoiled(&fs::read(&path).expect("readable"))[way].clone();
            fs::write(path, changed).expect("written");
            let own = serde_json::to_value(check(&copy.path())).expect("JSON");
            assert!(names(&own["problems"], "manifest"), "{member}, way {way}: {own}");
            let again = check_again(&copy.path());
            assert!(names(&again["problems"], "manifest"), "{member}, way {way}: {again}");
        }
    }
}

#[test]
fn archive_that_is_none_or_was_cut_is_refused_in_words() {
    let directory = TempDir::new().expect("a directory");
    let whole = directory.path().join("whole.zip");
    super::make(&whole, &["--sealed"]);
    let bytes = fs::read(&whole).expect("readable");
    let cut = directory.path().join("cut.zip");
    let mut broken = bytes.clone();
    // The content of a member, not the list of members.
    broken[bytes.len() / 2..bytes.len() / 2 + 64].fill(0xff);
    for content in [Vec::new(), b"rubbish".to_vec(), bytes[..bytes.len() / 2].to_vec(), broken] {
        fs::write(&cut, content).expect("written");
        let path = cut.to_str().expect("UTF-8");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../evidence/verify.py");
        let mut python = std::process::Command::new("python3");
        let said = python.args([script, path, "--key", &key().to_string()]).output().expect("python3 runs");
        let stderr = String::from_utf8_lossy(&said.stderr);
        assert!(!stderr.contains("Traceback") && matches!(said.status.code(), Some(1 | 2)), "{stderr}");
        let said = countersign(&["verify", path, "--key", &key().to_string()]);
        let stderr = String::from_utf8_lossy(&said.stderr);
        assert!(!stderr.contains("panicked") && !said.status.success(), "{stderr}");
    }
}
