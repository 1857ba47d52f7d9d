//! A package around the sample log: this crate and `verify.py` derive the same from it, and find the same changes, also by
//! somebody who holds the log's key.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use evidence::directory::archive::options;
use evidence::directory::{Durability, Files, Reader, Writer};
use evidence::id::Id;
use evidence::leaf::{ApprovalStep, EventType, Leaf};
use evidence::merkle::{Hash, leaf_hash};
use evidence::package::{
    Bodies, COUNTS_FILE, Counts, DOES_NOT_ASSERT, Derivation, Derived, Disposal, Draw, ERASURES, Erasures,
    FORMAT, FileRecord, LEAVERS_FILE, Leavers, LogPart, MISSING_FILE, Manifest, Missing, Period, REPORT_FILE,
    Setting, cells, figures, group, short,
};
use evidence::retention::{Erasure, LaneRanges};
use evidence::time::Timestamp;
use evidence::verify::{Findings, ProblemKind, verify};
use serde_json::Value;
use tempfile::TempDir;

use super::sample::{Log, ORIGIN, human, id, object, signer};

const COUNTS: &str =
    "day,source,measure,count\n2026-11-20,proxy,calls,7\n2026-11-20,idp,authentication_failures,0\n";

const LEAVERS: &str = "actor,since,source\nsub-bob,2026-11-20T00:00:00.000000Z,hr\n";

/// A package on disk.
pub(crate) struct Package {
    directory: TempDir,
    period: Period,
    first: u64,
    leaves: Vec<Vec<u8>>,
}

impl Package {
    /// The sample log, from the bundle that holds leaf `first`, and the second half of it as the period.
    pub(crate) fn new(first: u64) -> Self {
        Self::of(&Log::story(300), first)
    }

    /// The same of another log.
    fn of(log: &Log, first: u64) -> Self {
        let leaves = log.encode();
        let half = Leaf::decode(&leaves[leaves.len() / 2]).unwrap().ts;
        let until = "2027-01-01T00:00:00.000000Z".parse().unwrap();
        let period = Period { from: half, until };
        let package = Self { directory: TempDir::new().unwrap(), period, first: first / 256 * 256, leaves };
        package.write();
        package
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn put(&self, path: &str, bytes: &[u8]) {
        let full = self.path().join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, bytes).unwrap();
    }

    fn write(&self) {
        let mut writer = Writer::slice(&self.path().join("log"), self.first, Durability::Later).unwrap();
        for leaf in &self.leaves {
            writer.push(leaf).unwrap();
        }
        let log = LogPart { first: self.first, size: writer.size(), root: writer.root() };
        let checkpoint =
            evidence::checkpoint::Checkpoint { origin: ORIGIN.to_owned(), size: log.size, root: log.root };
        let signed = checkpoint.sign(&signer()).unwrap().to_string();
        writer.finish(&signed, &signer().verifier_key()).unwrap();
        let draw = Draw { n: 3, seed: "dice".to_owned(), population: "denials".to_owned() };
        let setting = Setting {
            period: self.period,
            servers: Vec::new(),
            log,
            counts: Some(Counts::parse(COUNTS).unwrap()),
            leavers: Some(Leavers::parse(LEAVERS).unwrap()),
            draw: Some(draw.clone()),
        };
        let mut files: HashMap<String, String> = HashMap::new();
        let mut emit = |path: &str, line: &str| {
            files.entry(path.to_owned()).or_default().push_str(&format!("{line}\n"));
            Ok(())
        };
        let reader = Reader::open(&self.path().join("log")).unwrap();
        let mut missing = Missing::begin(self.write_erasures(&reader), &mut emit).unwrap();
        let mut derivation = Derivation::begin(setting, &mut emit).unwrap();
        let from = usize::try_from(self.first).unwrap();
        for (index, bytes) in self.leaves.iter().enumerate().skip(from) {
            let leaf = Leaf::decode(bytes).unwrap();
            derivation.push(index as u64, &leaf, bytes, &leaf_hash(bytes), &mut emit).unwrap();
        }
        let mut derived = derivation.finish(&mut emit).unwrap();
        // Samples without bodies, which nothing accounts for.
        let mut bare: Vec<u64> = derived.selected.iter().map(|(index, _)| *index).collect();
        bare.sort_unstable();
        for index in bare {
            let bytes = &self.leaves[usize::try_from(index).unwrap()];
            missing.push(index, &Leaf::decode(bytes).unwrap(), bytes, &mut emit).unwrap();
        }
        derived.close(missing, &mut emit).unwrap();
        self.put(REPORT_FILE, report(&derived, &files["exceptions.csv"]).as_bytes());
        for (path, text) in files {
            self.put(&path, text.as_bytes());
        }
        self.put(COUNTS_FILE, COUNTS.as_bytes());
        self.put(LEAVERS_FILE, LEAVERS.as_bytes());
        let policy = Hash::of(b"policy set");
        self.put(&format!("config/policies/{policy}.json"), b"policy set");
        for (rank, (index, _)) in (1..).zip(derived.selected) {
            let proof = reader.prove(index, &signer().verifier_key()).unwrap().to_string();
            self.put(&format!("samples/{rank:03}/{index}.tlog-proof"), proof.as_bytes());
            let leaf = &self.leaves[usize::try_from(index).unwrap()];
            self.put(&format!("samples/{rank:03}/{index}.leaf.json"), leaf);
        }
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            origin: ORIGIN.to_owned(),
            created: self.period.until,
            period: self.period,
            servers: Vec::new(),
            bodies: Bodies::Sealed,
            log,
            assurance: "L0".to_owned(),
            sample: Some(draw),
            does_not_assert: DOES_NOT_ASSERT.iter().map(|&text| text.to_owned()).collect(),
            files: Vec::new(),
        };
        self.sign(manifest);
    }

    /// Writes the leaves that say what was erased, each with its proof.
    fn write_erasures(&self, reader: &Reader) -> Erasures {
        let mut erasures = Erasures::default();
        for (index, bytes) in (0..).zip(&self.leaves) {
            let hash = leaf_hash(bytes);
            if let Some(disposal) = Disposal::read(&Leaf::decode(bytes).unwrap(), ORIGIN, index) {
                let proof = reader.prove(index, &signer().verifier_key()).unwrap().to_string();
                self.put(&format!("{ERASURES}/{hash}.tlog-proof"), proof.as_bytes());
                self.put(&format!("{ERASURES}/{hash}.leaf.json"), bytes);
                erasures.add(hash, disposal);
            }
        }
        erasures
    }

    fn sign(&self, mut manifest: Manifest) {
        let mut paths = Vec::new();
        Files::open(self.path()).unwrap().walk(&mut |path, _| paths.extend(path)).unwrap();
        paths.retain(|path| !path.starts_with("manifest"));
        paths.sort();
        let record = |path: String| {
            let bytes = fs::read(self.path().join(&path)).unwrap();
            FileRecord { path, bytes: bytes.len() as u64, sha256: Hash::of(&bytes) }
        };
        manifest.files = paths.into_iter().map(record).collect();
        let bytes = manifest.encode();
        self.put("manifest.note", Manifest::sign(&bytes, &signer()).unwrap().to_string().as_bytes());
        self.put("manifest.json", &bytes);
    }

    /// Signs what is there now, as somebody who stole the log's key could.
    fn sign_again(&self) {
        let manifest = fs::read(self.path().join("manifest.json")).unwrap();
        self.sign(serde_json::from_slice(&manifest).unwrap());
    }

    pub(crate) fn zip(&self) -> PathBuf {
        let path = self.path().with_extension("zip");
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        let mut paths = Vec::new();
        Files::open(self.path()).unwrap().walk(&mut |path, _| paths.extend(path)).unwrap();
        paths.sort();
        paths.retain(|path| !path.starts_with("manifest"));
        paths.extend(["manifest.json", "manifest.note"].map(str::to_owned));
        for name in paths {
            let bytes = fs::read(self.path().join(&name)).unwrap();
            zip.start_file(&name, options(&name, bytes.len() as u64)).unwrap();
            zip.write_all(&bytes).unwrap();
        }
        zip.finish().unwrap();
        path
    }

    fn edit(&self, path: &str, edit: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(self.path().join(path)).unwrap();
        let changed = edit(text.clone());
        assert_ne!(text, changed, "{path}");
        self.put(path, changed.as_bytes());
    }

    /// Both name a problem of this kind at this path.
    fn assert_named(&self, kind: ProblemKind, path: &str) {
        let findings = check(self.path());
        let named = |problem: &evidence::verify::Problem| {
            problem.kind == kind && problem.path.as_ref().is_some_and(|found| found.contains(path))
        };
        assert!(findings.problems.iter().any(named), "{kind:?} {path}: {:?}", findings.problems);
        let again = check_again(self.path());
        let kind = serde_json::to_value(kind).unwrap();
        let named = |problem: &Value| {
            problem["kind"] == kind && problem["path"].as_str().is_some_and(|found| found.contains(path))
        };
        assert!(again["problems"].as_array().unwrap().iter().any(named), "{kind} {path}: {again}");
    }
}

/// A report that shows every figure, and the first rows of the exceptions.
fn report(derived: &Derived, exceptions: &str) -> String {
    let mut html = String::new();
    for (name, number) in figures(derived) {
        html.push_str(&format!("<p>{name} <b data-figure=\"{name}\">{}</b></p>\n", group(number)));
    }
    html.push_str("<table data-file=\"exceptions.csv\" data-columns=\"0 1 2\"><tr><th>rule</th></tr>\n");
    for (line, row) in (2..).zip(exceptions.lines().skip(1)).take(5) {
        let cells: String =
            cells(row).iter().take(3).map(|cell| format!("<td>{}</td>", short(cell))).collect();
        html.push_str(&format!("<tr data-line=\"{line}\">{cells}</tr>\n"));
    }
    html + "</table></html>\n"
}

pub(crate) fn check(path: &Path) -> Findings {
    verify(path, Some(&signer().verifier_key()), &mut |_, _| ()).unwrap()
}

/// What `verify.py` says.
pub(crate) fn check_again(path: &Path) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/verify.py");
    let key = signer().verifier_key().to_string();
    let output =
        Command::new("python3").arg(script).arg(path).args(["--json", "--key", &key]).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn both_derive_the_same_from_a_whole_log_and_from_a_slice() {
    for first in [0, 300] {
        let package = Package::new(first);
        let findings = check(package.path());
        assert!(findings.sound, "{:?}", findings.problems);
        let found = findings.package.unwrap();
        assert!(found.populations["calls"] > 100 && found.populations["denials"] > 10, "{found:?}");
        assert_eq!(found.samples, 3);
        let again = check_again(package.path());
        assert_eq!(again["sound"], true, "{again}");
        assert_eq!(again["populations"], serde_json::to_value(&found.populations).unwrap());
        let zip = package.zip();
        assert_eq!(check(&zip).package.unwrap(), found);
        assert_eq!(check_again(&zip)["sound"], true);
        fs::remove_file(zip).unwrap();
    }
}

#[test]
fn both_name_what_the_holder_of_the_key_changed() {
    for (kind, path, edit) in [
        (ProblemKind::Population, "populations/denials.csv", cut as fn(String) -> String),
        (ProblemKind::Population, "populations/principals.jsonl", |text| {
            text.replace("\"calls\":\"1", "\"calls\":\"2")
        }),
        (ProblemKind::Population, "populations/calls.query.json", |text| {
            text.replacen("\"leaves\": 1", "\"leaves\": 2", 1)
        }),
        (ProblemKind::Population, "totals.csv", |text| text.replace("call.denied,", "call.denied,1")),
        (ProblemKind::Population, "reconciliation/differences.csv", |text| text.replace(",no", ",yes")),
        (ProblemKind::Population, "exceptions.csv", cut),
        (ProblemKind::Population, MISSING_FILE, cut),
        (ProblemKind::Population, "gaps.csv", |text| text.replace(",yes,", ",no,")),
        (ProblemKind::Population, "config/timeline.csv", |text| text + "1,2,3\n"),
        (ProblemKind::Population, "figures.json", |text| text.replacen(": ", ": 1", 1)),
        (ProblemKind::Report, REPORT_FILE, |text| {
            text.replacen("\"rule.orphaned\">", "\"rule.orphaned\">1", 1)
        }),
        (ProblemKind::Report, REPORT_FILE, |text| text.replace(" data-figure=\"rows.calls\"", "")),
        (ProblemKind::Report, REPORT_FILE, |text| text.replace("<td>orphaned</td>", "<td>harmless</td>")),
        (ProblemKind::Report, REPORT_FILE, |text| text.replace(" data-line=\"2\"", "")),
    ] {
        let package = Package::new(0);
        package.edit(path, edit);
        package.sign_again();
        package.assert_named(kind, path);
    }
    // What is derived by another rule, or with another list of leavers, comes out differently.
    for (path, old, new) in [
        ("exceptions.query.json", "\"call.orphaned\"", "\"call.orphan\""),
        (LEAVERS_FILE, "sub-bob", "sub-nobody"),
    ] {
        let package = Package::new(0);
        package.edit(path, |text| text.replace(old, new));
        package.sign_again();
        package.assert_named(ProblemKind::Population, "exceptions.");
    }
    let package = Package::new(0);
    let policy = format!("config/policies/{}.json", Hash::of(b"policy set"));
    package.edit(&policy, |text| text + "!");
    package.sign_again();
    package.assert_named(ProblemKind::Document, &policy);
}

#[test]
fn body_that_nothing_accounts_for_is_an_exception_also_when_somebody_hides_it_everywhere() {
    let package = Package::new(0);
    let findings = check(package.path());
    let bodies = findings.package.unwrap().bodies;
    assert_eq!((bodies.opened, bodies.erased, bodies.unexplained), (None, 0, 3));
    assert!(findings.warnings.iter().any(|warning| warning.reason.contains("3 recorded messages are gone")));
    assert!(check_again(package.path())["warnings"].to_string().contains("3 recorded messages are gone"));
    let exceptions = fs::read_to_string(package.path().join("exceptions.csv")).unwrap();
    assert_eq!(exceptions.matches("body_missing,").count(), 3, "{exceptions}");
    for path in [MISSING_FILE, "exceptions.csv"] {
        package.edit(path, |text| {
            let kept = text
                .lines()
                .filter(|line| !line.contains("unexplained") && !line.starts_with("body_missing"));
            kept.map(|line| format!("{line}\n")).collect()
        });
    }
    for path in ["figures.json", REPORT_FILE] {
        package.edit(path, |text| {
            text.replace("\"bodies.unexplained\": 3", "\"bodies.unexplained\": 0")
                .replace("\"bodies.unexplained\">3", "\"bodies.unexplained\">0")
        });
    }
    package.sign_again();
    package.assert_named(ProblemKind::Population, MISSING_FILE);
    package.assert_named(ProblemKind::Population, "exceptions.csv");
    package.assert_named(ProblemKind::Population, "figures.json");
}

/// Adds a leaf, after a hundred days, that says that all bodies were erased.
fn erase_all(log: &mut Log) {
    let day_us = 86_400_000_000;
    let last = log.leaves.last().unwrap().ts.as_micros();
    let at = |days: i64| Timestamp::from_micros(last + days * day_us).unwrap();
    let mut lanes: HashMap<Id, u64> = HashMap::new();
    for leaf in &log.leaves {
        *lanes.entry(leaf.lane).or_default() += 1;
    }
    let lanes = lanes.into_iter().map(|(lane, leaves)| LaneRanges { lane, ranges: vec![(0, leaves - 1)] });
    let erasure = Erasure {
        rule: "privileged".to_owned(),
        days: 90,
        server: None,
        before: at(10),
        bodies: log.leaves.iter().filter(|leaf| leaf.payload.is_some()).count() as u64,
        lanes: lanes.collect(),
        contexts: 0,
        approvals: 0,
    };
    let leaf = log.add(0, EventType::RetentionDeleted);
    leaf.ts = at(100);
    leaf.actor = Some(human("carol"));
    leaf.detail = Some(erasure.write().unwrap());
}

#[test]
fn body_that_a_rule_took_is_listed_with_its_leaf_which_is_there_and_proven() {
    let mut log = Log::story(300);
    erase_all(&mut log);
    let package = Package::of(&log, 0);
    let findings = check(package.path());
    assert!(findings.sound, "{:?}", findings.problems);
    let bodies = findings.package.unwrap().bodies;
    assert_eq!((bodies.erased, bodies.unexplained), (3, 0));
    let again = check_again(package.path());
    assert_eq!((&again["sound"], &again["problem_count"]), (&Value::Bool(true), &Value::from(0)), "{again}");
    let rows = fs::read_to_string(package.path().join(MISSING_FILE)).unwrap();
    let by = format!(",erased,\"privileged, 90 days\",{ORIGIN},{}\n", log.leaves.len() - 1);
    assert_eq!(rows.matches(&by).count(), 3, "{rows}");
    let hash = leaf_hash(package.leaves.last().unwrap());
    let (leaf, proof) = (format!("{ERASURES}/{hash}.leaf.json"), format!("{ERASURES}/{hash}.tlog-proof"));
    // What says more than was signed, or of another place, counts for nothing.
    for (path, old, new) in [(&leaf, "\"days\":90", "\"days\":91"), (&proof, "index ", "index 1")] {
        let package = Package::of(&log, 0);
        package.edit(path, |text| text.replace(old, new));
        package.sign_again();
        package.assert_named(ProblemKind::Retention, &leaf);
        package.assert_named(ProblemKind::Population, MISSING_FILE);
    }
    for path in [&leaf, &proof] {
        fs::remove_file(package.path().join(path)).unwrap();
    }
    package.sign_again();
    package.assert_named(ProblemKind::Population, MISSING_FILE);
}

#[test]
fn rule_that_is_not_for_a_body_does_not_account_for_it_to_either_verifier() {
    let unexplained = |rule: &str, server: Option<&str>| {
        let mut log = Log::story(300);
        erase_all(&mut log);
        let last = log.leaves.last_mut().unwrap();
        let mut erasure = Erasure::read(last.detail.as_ref().unwrap()).unwrap();
        (erasure.rule, erasure.server) = (rule.to_owned(), server.map(str::to_owned));
        last.detail = Some(erasure.write().unwrap());
        let package = Package::of(&log, 0);
        package
            .edit("manifest.json", |text| text.replace("\"bodies\": \"sealed\"", "\"bodies\": \"opened\""));
        package.put("populations/privileged.bodies.jsonl", b"");
        package.sign_again();
        // What the list says is for both to find out; that they come to the same shows in the other figures.
        let bodies = check(package.path()).package.unwrap().bodies;
        let again = check_again(package.path());
        let warned = again["warnings"].to_string();
        let missing = format!("{} recorded messages are gone", bodies.unexplained);
        assert_eq!(
            warned.contains(&missing),
            bodies.unexplained > 0,
            "{rule} {server:?}: {missing} {warned}"
        );
        assert_eq!(warned.contains("recorded messages are gone"), bodies.unexplained > 0);
        (bodies.erased, bodies.unexplained)
    };
    let (all, none) = unexplained("privileged", None);
    assert!(all > 3 && none == 0, "{all} {none}");
    let (ordinary, privileged) = unexplained("ordinary", None);
    assert!(privileged > 0 && ordinary + privileged == all, "{ordinary} {privileged}");
    assert_eq!(unexplained("privileged", Some("somewhere")), (0, all));
    assert_eq!(unexplained("forgotten", None), (0, all));
}

#[test]
fn bodies_that_are_said_to_be_sealed_are_not_there() {
    let package = Package::new(0);
    package.put("populations/privileged.bodies.jsonl", b"");
    package.sign_again();
    package.assert_named(ProblemKind::Sample, "populations/privileged.bodies.jsonl");
    // And where they are said to be opened, and are not, each is missing.
    let package = Package::new(0);
    package.edit("manifest.json", |text| text.replace("\"bodies\": \"sealed\"", "\"bodies\": \"opened\""));
    package.sign_again();
    package.assert_named(ProblemKind::Population, MISSING_FILE);
}

/// Rules that the leaves of the next test break once.
const FOUND_ONCE: [&str; 17] = [
    "audit_gap",
    "break_glass",
    "break_glass_call",
    "not_looked_through",
    "disabled_credential",
    "definition_changed",
    "drift_accepted",
    "policies_removed",
    "key_revoked",
    "hold_lifted",
    "clock_went_back",
    "clocks_apart",
    "self_approval_attempt",
    "approval_without_right",
    "control_weakened",
    "drift_accepted_by_caller",
    "orphaned",
];

#[test]
fn what_wants_explaining_is_found_by_its_rule_and_silence_with_its_reason() {
    let mut log = Log::story(8);
    let denied = log.leaves[log.position(|leaf| leaf.event == EventType::CallDenied)].clone();
    for (event, detail) in [
        (
            EventType::AuditGap,
            r#"{"from":"2026-11-20T10:00:00.000000Z","until":"2026-11-20T10:02:00.000000Z","reason":"full"}"#,
        ),
        (EventType::ToolsChanged, r#"{"added":["a"],"changed":[]}"#),
        (EventType::ToolsChanged, r#"{"added":[],"changed":["a"]}"#),
        (
            EventType::ToolsChanged,
            r#"{"accepted":"b","name":"run_query","by":"sub-agent","reason":"read it"}"#,
        ),
        (EventType::ConfigChanged, r#"{"changed":["masking.off"],"weakened":["masking.off[email]"]}"#),
        (EventType::PolicyPublished, r#"{"removed":["guard"]}"#),
        (EventType::KeyRevoked, r#"{"key":"k","actor":"sub-agent"}"#),
        (EventType::HoldCleared, r#"{"matter":"7"}"#),
        (EventType::BreakglassEntered, r#"{"seconds":60}"#),
        (EventType::BreakglassUsed, "{}"),
    ] {
        let leaf = log.add(0, event);
        leaf.detail = Some(object(detail));
        if event == EventType::ToolsChanged {
            leaf.server = Some("warehouse".to_owned());
        } else if event != EventType::AuditGap {
            leaf.actor = denied.actor.clone();
        }
        if matches!(event, EventType::BreakglassEntered | EventType::BreakglassUsed) {
            leaf.approval = Some(ApprovalStep { id: id(9_000), leaf: Some(Hash::ZERO) });
            leaf.call = (event == EventType::BreakglassUsed).then(|| id(9_001));
        }
    }
    for (refusal, reason) in [("unauthenticated", "service_key_revoked"), ("unauthenticated", "expired")] {
        let leaf = log.add(0, EventType::AuthFailed);
        (leaf.actor, leaf.refusal) = (denied.actor.clone(), Some(refusal.to_owned()));
        leaf.detail = Some(object(&format!(r#"{{"reason":"{reason}"}}"#)));
    }
    for (number, refusal) in (7_000..).zip(["unread", "own_call", "not_an_approver"]) {
        let leaf = log.add(0, EventType::CallDenied);
        (leaf.actor, leaf.call, leaf.refusal) =
            (denied.actor.clone(), Some(id(number)), Some(refusal.to_owned()));
    }
    // A clock that goes back, then an hour of silence before a start, a call with a withdrawn key, a clock that stayed
    // behind.
    let last = log.leaves.last().unwrap().ts.as_micros();
    let moved = |by: i64| Timestamp::from_micros(last + by).unwrap();
    log.add(0, EventType::LogHeartbeat).ts = moved(-5_000_000);
    log.add(2, EventType::GatewayStarted).ts = moved(3_600_000_000);
    log.leaves.last_mut().unwrap().detail = Some(object("{}"));
    log.intent(2, 905).ts = moved(3_601_000_000);
    for _ in 0..2 {
        log.add(0, EventType::LogHeartbeat).ts = moved(1_000_000);
    }
    let (derived, gaps) = derive(&log.encode());
    let found = |rule: &str| derived.exceptions.get(rule).copied().unwrap_or(0);
    for rule in FOUND_ONCE {
        assert_eq!(found(rule), 1, "{rule}: {:?}", derived.exceptions);
    }
    // Bob stands in the list of leavers, and approved twice.
    assert_eq!(found("acted_after_end"), 1 + 2, "{:?}", derived.exceptions);
    assert_eq!(found("approved_after_use") + found("authentication_flood"), 0);
    let kinds: Vec<&str> = gaps.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(kinds, ["beginning", "blocked", "silence", "lane", "end"], "{gaps}");
    assert_eq!((derived.gaps.1, gaps.matches(",120,yes,full").count()), (0, 1), "{gaps}");
}

/// What a whole log gives for a long period, and the gap register.
fn derive(leaves: &[Vec<u8>]) -> (Derived, String) {
    let period = Period {
        from: "2026-11-20T00:00:00.000000Z".parse().unwrap(),
        until: "2027-01-01T00:00:00.000000Z".parse().unwrap(),
    };
    let log = LogPart { first: 0, size: leaves.len() as u64, root: Hash::ZERO };
    let leavers = Some(Leavers::parse(LEAVERS).unwrap());
    let setting = Setting { period, servers: Vec::new(), log, counts: None, leavers, draw: None };
    let mut gaps = String::new();
    let mut emit = |path: &str, line: &str| {
        if path == "gaps.csv" {
            gaps.push_str(&format!("{line}\n"));
        }
        Ok(())
    };
    let mut derivation = Derivation::begin(setting, &mut emit).unwrap();
    for (index, bytes) in (0..).zip(leaves) {
        derivation.push(index, &Leaf::decode(bytes).unwrap(), bytes, &leaf_hash(bytes), &mut emit).unwrap();
    }
    let derived = derivation.finish(&mut emit).unwrap();
    (derived, gaps)
}

/// Without its third line.
fn cut(text: String) -> String {
    text.lines().enumerate().filter(|(at, _)| *at != 2).map(|(_, line)| format!("{line}\n")).collect()
}
