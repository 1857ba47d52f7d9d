//! Evidence packages: made by the binary from a real ledger, verified by three programs and by code we did
//! not write; every change is found and named.

#[path = "../../examples/quarter/story.rs"]
mod story;

mod access;
mod missing;
mod resume;
mod rubbish;
mod stranger;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use evidence::note::{Signer, VerifierKey};
use evidence::package::{Draw, Manifest};
use evidence::verify::{Findings, ProblemKind, verify};
use serde_json::Value;
use story::Story;
use tempfile::TempDir;
use zeroize::Zeroizing;

const SEED: &str = "an auditor's dice";

/// A few days of the quarter, told once for all tests.
static QUARTER: LazyLock<TempDir> = LazyLock::new(|| {
    let directory = TempDir::new().expect("a directory");
    let story = Story { calls: 900, days: 3, people: 12, servers: 3 };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(story.write(directory.path())).expect("the story");
    directory
});

fn countersign(arguments: &[&str]) -> Output {
    let config = QUARTER.path().join("countersign.yaml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env("COUNTERSIGN_CONFIG", config);
    command.output().expect("the binary runs")
}

fn key() -> VerifierKey {
    let text = std::fs::read_to_string(QUARTER.path().join("data/keys/log.pub")).or_else(|_| {
        let directory = QUARTER.path().join("data/keys");
        let found = std::fs::read_dir(directory)?.flatten().find(|file| {
            std::fs::read_to_string(file.path()).is_ok_and(|text| text.starts_with("quarter/audit/1+"))
        });
        std::fs::read_to_string(found.expect("a public key").path())
    });
    text.expect("readable").trim().parse().expect("a key")
}

/// Makes a package with samples at `output`.
fn make(output: &Path, more: &[&str]) -> Value {
    let output = output.to_str().expect("UTF-8");
    let mut arguments = vec!["evidence", "sample", "--from", "2026-07-01", "--to", "2026-07-04", "-n", "6"];
    arguments.extend(["--seed", SEED, "--json", "-o", output]);
    arguments.extend(more);
    let made = countersign(&arguments);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    serde_json::from_slice(&made.stdout).expect("JSON")
}

fn check(path: &Path) -> Findings {
    verify(path, Some(&key()), &mut |_, _| ()).expect("readable")
}

/// What `verify.py` says.
fn check_again(path: &Path) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../evidence/verify.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(path).args(["--json", "--key", &key().to_string()]);
    let output = command.output().expect("python3 runs");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// A package in a directory of its own, to be changed.
struct Copy {
    directory: TempDir,
}

impl Copy {
    fn new() -> Self {
        static WHOLE: LazyLock<TempDir> = LazyLock::new(|| {
            let directory = TempDir::new().expect("a directory");
            make(&directory.path().join("evidence"), &[]);
            directory
        });
        Self::of(&WHOLE)
    }

    /// Of the package `evidence` in a directory.
    fn of(whole: &TempDir) -> Self {
        let directory = TempDir::new().expect("a directory");
        let copied =
            Command::new("cp").arg("-r").arg(whole.path().join("evidence")).arg(directory.path()).status();
        assert!(copied.expect("cp runs").success());
        Self { directory }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("evidence")
    }

    fn edit(&self, file: &str, edit: impl FnOnce(String) -> String) {
        let path = self.path().join(file);
        let text = std::fs::read_to_string(&path).expect("readable");
        let changed = edit(text.clone());
        assert_ne!(changed, text, "{file} is changed");
        std::fs::write(path, changed).expect("written");
    }

    fn manifest(&self) -> Manifest {
        let bytes = std::fs::read(self.path().join("manifest.json")).expect("readable");
        serde_json::from_slice(&bytes).expect("a manifest")
    }

    /// Signs the files as they are now, as somebody who stole the log's key could.
    fn sign_again(&self, signer: &Signer) {
        let mut manifest = self.manifest();
        manifest.files.retain(|record| self.path().join(&record.path).exists());
        for record in &mut manifest.files {
            let bytes = std::fs::read(self.path().join(&record.path)).expect("readable");
            (record.bytes, record.sha256) = (bytes.len() as u64, evidence::merkle::Hash::of(&bytes));
        }
        let bytes = manifest.encode();
        let note = Manifest::sign(&bytes, signer).expect("signed");
        std::fs::write(self.path().join("manifest.json"), bytes).expect("written");
        std::fs::write(self.path().join("manifest.note"), note.to_string()).expect("written");
    }

    /// Both verifiers name a problem of this kind at this path.
    fn assert_named(&self, kind: ProblemKind, path: &str) {
        let findings = check(&self.path());
        let named = |found: &Option<String>| found.as_ref().is_some_and(|found| found.contains(path));
        let found = findings.problems.iter().any(|problem| problem.kind == kind && named(&problem.path));
        assert!(found, "{kind:?} {path}: {:?}", findings.problems);
        let again = check_again(&self.path());
        let kind = serde_json::to_value(kind).expect("a word");
        let problems = again["problems"].as_array().expect("a list");
        let found = problems.iter().any(|problem| {
            problem["kind"] == kind && problem["path"].as_str().is_some_and(|found| found.contains(path))
        });
        assert!(found, "verify.py: {kind} {path}: {again}");
    }
}

/// The log's own key, which somebody stole.
fn stolen() -> Signer {
    let directory = QUARTER.path().join("data/keys");
    let private = std::fs::read_dir(directory).expect("keys").flatten().find_map(|file| {
        std::fs::read_to_string(file.path()).ok().filter(|text| text.starts_with("PRIVATE+KEY+"))
    });
    Signer::from_private_text(&private.expect("a private key")).expect("a key")
}

#[test]
fn package_is_verified_by_three_programs_and_tells_what_happened() {
    let directory = TempDir::new().expect("a directory");
    let (zip, counts) = (directory.path().join("evidence.zip"), directory.path().join("counts.csv"));
    std::fs::write(&counts, "day,source,measure,count\n2026-07-01,idp,calls,1\n2026-07-02,proxy,denied,0\n")
        .expect("written");
    let made = make(&zip, &["--counts", counts.to_str().expect("UTF-8")]);
    let findings = check(&zip);
    assert!(findings.sound, "{:?}", findings.problems);
    let package = findings.package.expect("a package");
    assert_eq!(package.samples, 6);
    assert_eq!(serde_json::to_value(&package.populations).expect("JSON"), made["populations"]);
    assert_eq!(made["reconciled"]["rows"], 2);
    let again = check_again(&zip);
    assert_eq!(again["sound"], true, "{again}");
    assert_eq!(again["populations"], made["populations"]);
    let third = countersign(&["verify", zip.to_str().expect("UTF-8"), "--key", &key().to_string(), "--json"]);
    assert!(third.status.success());
    // What the story tells: two calls open at a kill, two silences, policies, held calls.
    assert_eq!(made["exceptions"]["orphaned"], 2, "{made}");
    assert!(made["gaps"].as_u64() >= Some(2) && made["gaps_unexplained"] == 0, "{made}");
    let held = made["populations"]["approvals"].as_u64().expect("a number");
    assert!(
        held > 0 && made["exceptions"]["approval_rejected"].as_u64().is_some_and(|rejected| rejected < held),
        "{made}"
    );
    // Nothing is left behind.
    let left = std::fs::read_dir(directory.path()).expect("readable").count();
    assert_eq!(left, 2);
}

#[test]
fn export_of_evidence_is_asked_to_be_recorded_with_the_hash_of_the_manifest() {
    let directory = TempDir::new().expect("a directory");
    let made = make(&directory.path().join("evidence.zip"), &[]);
    let storage = QUARTER.path().join("data");
    let db = countersign::store::Db::open_sqlite(&storage, countersign::store::Access::ReadOnly)
        .expect("a database");
    let asked =
        db.read_now("notices", |read| countersign::store::notice::waiting(read, 100)).expect("readable");
    let named = asked.iter().any(|notice| {
        notice.event == "evidence.exported"
            && notice.detail.contains(made["manifest"].as_str().expect("a hash"))
    });
    assert!(named);
}

#[test]
fn later_period_is_a_slice_that_leads_to_the_signed_root() {
    let directory = TempDir::new().expect("a directory");
    let zip = directory.path().join("day.zip");
    let period = ["--from", "2026-07-03", "--to", "2026-07-04"];
    let made = countersign(
        &[&["evidence", "package", "--json", "-o", zip.to_str().expect("UTF-8")], &period[..]].concat(),
    );
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    assert!(made["log"]["first"].as_u64() > Some(255), "{made}");
    let findings = check(&zip);
    assert!(findings.sound, "{:?}", findings.problems);
    assert_eq!(check_again(&zip)["sound"], true);
}

#[test]
fn every_change_of_a_package_is_named() {
    for (file, edit) in [
        ("report.html", (|text| text.replacen("rows.calls\">", "rows.calls\">9", 1)) as fn(String) -> String),
        ("system-description.md", |text| text + "More.\n"),
        ("populations/denials.csv", |text| text.lines().take(3).map(|line| format!("{line}\n")).collect()),
    ] {
        let copy = Copy::new();
        copy.edit(file, edit);
        copy.assert_named(ProblemKind::Manifest, file);
    }
    let copy = Copy::new();
    std::fs::write(copy.path().join("populations/more.csv"), "x\n").expect("written");
    copy.assert_named(ProblemKind::ExtraFile, "populations/more.csv");
}

#[test]
fn manifest_signed_with_another_key_is_named() {
    let copy = Copy::new();
    let stranger = Signer::from_seed("quarter/audit/1", &Zeroizing::new([9; 32])).expect("a key");
    copy.sign_again(&stranger);
    copy.assert_named(ProblemKind::Manifest, "manifest.note");
}

/// From here on the log's key is stolen, too: only the leaves themselves contradict.
#[test]
fn row_left_out_of_a_population_and_its_totals_is_named() {
    let copy = Copy::new();
    for ending in ["csv", "jsonl"] {
        copy.edit(&format!("populations/denials.{ending}"), |text| {
            text.lines().enumerate().filter(|(at, _)| *at != 2).map(|(_, line)| format!("{line}\n")).collect()
        });
    }
    copy.edit("populations/denials.query.json", |text| {
        let rows: Value = serde_json::from_str(&text).expect("JSON");
        let rows = rows["rows"].as_u64().expect("a number");
        text.replace(&format!("\"rows\": {rows}"), &format!("\"rows\": {}", rows - 1))
    });
    copy.sign_again(&stolen());
    copy.assert_named(ProblemKind::Population, "populations/denials.csv");
    copy.assert_named(ProblemKind::Population, "populations/denials.query.json");
}

#[test]
fn leaf_left_out_or_swapped_is_named() {
    for (edit, leaf) in [
        ((|leaves| drop(leaves.remove(40))) as fn(&mut Vec<Vec<u8>>), 40),
        (|leaves| leaves.swap(70, 71), 70),
    ] {
        let copy = Copy::new();
        let bundle = copy.path().join("log/tile/entries/000");
        let bytes = std::fs::read(&bundle).expect("a full bundle");
        let mut leaves: Vec<Vec<u8>> =
            evidence::tile::Entries::new(&bytes).map(|leaf| leaf.expect("a leaf").to_vec()).collect();
        edit(&mut leaves);
        let mut changed = Vec::new();
        for leaf in &leaves {
            evidence::tile::push_entry(&mut changed, leaf).expect("short");
        }
        std::fs::write(bundle, changed).expect("written");
        copy.sign_again(&stolen());
        let findings = check(&copy.path());
        assert_eq!(findings.first_bad_leaf, Some(leaf), "{:?}", findings.problems);
        assert_eq!(check_again(&copy.path())["first_bad_leaf"], leaf);
    }
}

#[test]
fn report_that_shows_other_numbers_or_rows_is_named() {
    for edit in [
        (|text| text.replacen("\"rows.calls\">", "\"rows.calls\">9", 1)) as fn(String) -> String,
        |text| text.replacen(" data-figure=\"exceptions\"", "", 1),
        |text| text.replacen("<td>orphaned</td>", "<td>explained</td>", 1),
        |text| text.replacen("\"file:access/unused.csv\">", "\"file:access/unused.csv\">9", 1),
        |text| text.replacen(" data-figure=\"file:access/end.duties.csv\"", "", 1),
    ] {
        let copy = Copy::new();
        copy.edit("report.html", edit);
        copy.sign_again(&stolen());
        copy.assert_named(ProblemKind::Report, "report.html");
    }
    // With its figures it is no better: they are counted again.
    let copy = Copy::new();
    for file in ["report.html", "figures.json"] {
        copy.edit(file, |text| {
            text.replace("\"exceptions\">", "\"exceptions\">0")
                .replace("\"exceptions\": ", "\"exceptions\": 1")
        });
    }
    copy.sign_again(&stolen());
    copy.assert_named(ProblemKind::Population, "figures.json");
}

/// Numbers of an edition of the criteria.
const EDITIONS: [&str; 2] = ["2017", "2022"];

#[test]
fn report_shows_no_number_that_no_verifier_counts() {
    let copy = Copy::new();
    let html = std::fs::read_to_string(copy.path().join("report.html")).expect("readable");
    let html = html.replace("&#39;", "'");
    let (_, mut rest) = html.split_once("<main>").expect("a page");
    let mut text = String::new();
    // Hashes and commands, the axis of the picture, numbers of sections and criteria, and what says where it is from.
    let skipped = ["code", "pre", "svg", "h2", "h3"];
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let (tag, after) = tag.split_once('>').expect("markup");
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        let counted = tag.contains("data-figure=") || tag.contains("data-line=");
        rest = if counted || skipped.contains(&name) {
            after.split_once(&format!("</{name}>")).expect("an end").1
        } else {
            after
        };
        text.push(' ');
    }
    let is_word = |c: char| c.is_alphanumeric() || "-.:\u{202f}".contains(c);
    let words = text.split(|c| !is_word(c)).map(|word| word.trim_matches(|c| c == '.' || c == ':'));
    let numbers: Vec<&str> = words
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        // Days and times, the release.
        .filter(|word| !word.contains(['-', ':', '.']) && !EDITIONS.contains(word))
        .collect();
    assert!(numbers.is_empty(), "mark them with `figure`, see CONTRIBUTING.md: {numbers:?}");
}

#[test]
fn exception_gap_or_change_left_out_is_named() {
    for file in ["exceptions.csv", "gaps.csv", "config/timeline.csv"] {
        let copy = Copy::new();
        copy.edit(file, |text| {
            text.lines().enumerate().filter(|(at, _)| *at != 1).map(|(_, line)| format!("{line}\n")).collect()
        });
        copy.sign_again(&stolen());
        copy.assert_named(ProblemKind::Population, file);
    }
}

#[test]
fn changed_configuration_is_named() {
    let copy = Copy::new();
    let folder = copy.path().join("config/configurations");
    let file = std::fs::read_dir(folder).expect("configurations").flatten().next().expect("one").file_name();
    let file = format!("config/configurations/{}", file.to_str().expect("UTF-8"));
    copy.edit(&file, |text| text.replace("behind_proxy", "in_front"));
    copy.sign_again(&stolen());
    copy.assert_named(ProblemKind::Document, &file);
}

#[test]
fn changed_policy_text_is_named() {
    let copy = Copy::new();
    let folder = copy.path().join("config/policies");
    let file = std::fs::read_dir(folder).expect("policies").flatten().next().expect("one").file_name();
    let file = format!("config/policies/{}", file.to_str().expect("UTF-8"));
    copy.edit(&file, |text| text.replace("permit", "forbid"));
    copy.sign_again(&stolen());
    copy.assert_named(ProblemKind::Document, &file);
}

#[test]
fn forged_sample_is_named() {
    let copy = Copy::new();
    let folder = copy.path().join("samples/001");
    let files = std::fs::read_dir(folder).expect("a sample").flatten();
    let body =
        files.map(|file| file.file_name().into_string().expect("UTF-8")).find(|name| name.ends_with(".body"));
    let body = body.expect("an opened body");
    copy.edit(&format!("samples/001/{body}"), |text| text.replace("sql", "SQL") + " ");
    copy.sign_again(&stolen());
    copy.assert_named(ProblemKind::Sample, &format!("samples/001/{}", body.trim_end_matches(".body")));
}

#[test]
fn sample_that_the_seed_does_not_select_is_named() {
    let copy = Copy::new();
    std::fs::remove_dir_all(copy.path().join("samples/002")).expect("removed");
    let moved = std::fs::rename(copy.path().join("samples/003"), copy.path().join("samples/002"));
    moved.expect("renamed");
    let mut manifest = copy.manifest();
    manifest.files.retain(|record| !record.path.starts_with("samples/002/"));
    for record in &mut manifest.files {
        record.path = record.path.replace("samples/003/", "samples/002/");
    }
    std::fs::write(copy.path().join("manifest.json"), manifest.encode()).expect("written");
    copy.sign_again(&stolen());
    copy.assert_named(ProblemKind::Sample, "samples/002");
}

#[test]
fn sample_of_another_seed_is_another_sample_and_of_the_same_the_same() {
    let drawn = |seed: &str| {
        let directory = TempDir::new().expect("a directory");
        let output = directory.path().join("evidence");
        let path = output.to_str().expect("UTF-8");
        let period = [
            "--from",
            "2026-07-01",
            "--to",
            "2026-07-04",
            "-n",
            "4",
            "--of",
            "calls",
            "--sealed",
            "-o",
            path,
        ];
        let made = countersign(&[&["evidence", "sample", "--seed", seed], &period[..]].concat());
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::read_to_string(output.join("samples/selection.csv")).expect("a selection")
    };
    let first = drawn("one");
    assert_eq!(first.lines().count(), 5);
    assert_eq!(first, drawn("one"));
    assert_ne!(first, drawn("two"));
}

#[test]
fn populations_that_cannot_be_drawn_from_are_refused() {
    let draw = |population: &str| Draw { n: 1, seed: String::new(), population: population.to_owned() };
    assert!(draw("privileged").is_possible() && draw("approvals").is_possible());
    assert!(!draw("principals").is_possible() && !draw("nothing").is_possible());
}
