//! What a verification found.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::Cosigned;
use crate::epoch::{Genesis, Seal};
use crate::id::Id;
use crate::time::Timestamp;

/// The most problems, warnings and open calls that are listed; beyond it they are only counted.
pub const LISTED_MAX: usize = 100;

/// What no log can show, printed with every result.
pub const DOES_NOT_ASSERT: &str = "This does not show that every call was recorded: a gateway that never wrote a \
     call leaves no gap here. Compare the counts with a source the gateway does not write, such as the identity \
     provider, the load balancer or the upstream.";

/// The result of verifying an exported log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Whether no problem was found.
    pub sound: bool,
    /// What the signed checkpoint says; absent when it could not be trusted, and then nothing else was checked.
    pub checkpoint: Option<Summary>,
    /// How many checkpoints of trees that the log grew from stand beside it.
    pub earlier_checkpoints: u64,
    /// Where the key came from.
    pub key_source: KeySource,
    /// Index of the first leaf that a problem was found at.
    pub first_bad_leaf: Option<u64>,
    /// The problems, in the order they were found, at most [`LISTED_MAX`].
    pub problems: Vec<Problem>,
    /// How many problems there are.
    pub problem_count: u64,
    /// Things that are no breach of the log but that a reader should know, at most [`LISTED_MAX`].
    pub warnings: Vec<Warning>,
    /// How many warnings there are.
    pub warning_count: u64,
    /// How many leaves were read as records; fewer than the checkpoint says when reading stopped at a damaged one.
    pub leaves_read: u64,
    /// Number of leaves by type.
    pub counts: BTreeMap<&'static str, u64>,
    /// Number of lanes.
    pub lanes: u64,
    /// Calls that were forwarded and have not ended, at most [`LISTED_MAX`], by index of their intent.
    pub open_calls: Vec<OpenCall>,
    /// How many calls are open.
    pub open_call_count: u64,
    /// How this epoch began, as its first leaf says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub genesis: Option<Genesis>,
    /// How this epoch was ended, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
    /// Bodies that were erased, by the rule under which they were.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub erased: BTreeMap<String, u64>,
    /// Time of the earliest leaf.
    pub first_ts: Option<Timestamp>,
    /// Time of the latest leaf.
    pub last_ts: Option<Timestamp>,
    /// What an evidence package holds; absent for a plain export.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageSummary>,
    /// The witnesses, of those that were given, that cosigned the checkpoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cosigned: Vec<Cosigned>,
    /// Timestamps of checkpoints. Whether their authorities signed them is not checked here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stamped: Vec<Stamped>,
    /// How strongly the log is anchored outside the operator's reach, as far as these files show.
    pub assurance: Assurance,
    /// [`DOES_NOT_ASSERT`].
    pub does_not_assert: &'static str,
}

/// A timestamp of a checkpoint, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stamped {
    /// Number of leaves of the checkpoint.
    pub size: u64,
    /// What the operator calls the authority.
    pub authority: String,
    /// When it was stamped, by the authority's clock.
    pub time: Timestamp,
}

/// What an evidence package holds, as recomputed from its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackageSummary {
    /// Beginning of the period.
    pub from: Timestamp,
    /// End of the period, itself not in it.
    pub until: Timestamp,
    /// SHA-256 of `manifest.json`: what the `evidence.exported` leaf names.
    pub manifest: String,
    /// Files that the manifest lists.
    pub files: u64,
    /// Leaves of the period.
    pub leaves: u64,
    /// Rows of each population.
    pub populations: BTreeMap<String, u64>,
    /// Samples that were checked.
    pub samples: u64,
    /// Recorded bodies.
    pub bodies: BodySummary,
}

/// Recorded bodies that are in a package, and those that should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BodySummary {
    /// Those of privileged calls that are opened and compared; `None`: they are sealed.
    pub opened: Option<u64>,
    /// Those that are not there because a rule took them, as leaves say that are there.
    pub erased: u64,
    /// Those that are not there although no leaf accounts for them.
    pub unexplained: u64,
}

/// What the signed checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The log's identity.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root hash, hexadecimal.
    pub root: String,
    /// The key it was verified with.
    pub key: String,
}

/// Where the log's public key came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// Given by whoever verifies.
    Given,
    /// Taken from the directory itself: shows consistency, not origin.
    Directory,
    /// Named by the epoch before or after, whose own key is trusted.
    Epoch,
    /// None was found.
    None,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind of thing is wrong.
    pub kind: ProblemKind,
    /// Index of the leaf, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf: Option<u64>,
    /// Path of the file, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What is wrong, in one sentence.
    pub reason: String,
}

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The key is missing, malformed or not the one given.
    Key,
    /// The checkpoint is missing, malformed or not signed by the key.
    Checkpoint,
    /// A file is missing.
    MissingFile,
    /// A file does not belong to the log.
    ExtraFile,
    /// A hash tile does not fit the signed tree.
    Tile,
    /// The bytes of a leaf are not those that were signed.
    Entry,
    /// The leaves do not lead to the signed root.
    Root,
    /// A signed leaf is not a well-formed record.
    Leaf,
    /// A lane has a gap, a fork, or a wrong beginning or end.
    Lane,
    /// The log has a wrong beginning or goes on after its end.
    Epoch,
    /// A call did not go from intent to exactly one end.
    Call,
    /// The streamed messages of a call do not fit what its outcome says.
    Frame,
    /// A held call ran without a valid approval.
    Approval,
    /// Bodies were erased before their time, or not those that the log says.
    Retention,
    /// An archive is not as a gateway writes it, so that programs may read different files out of it.
    Archive,
    /// The manifest of a package is missing, malformed or not signed by the key, or a file is not what it lists.
    Manifest,
    /// Rows or figures of a package are not what its log gives.
    Population,
    /// The report shows something else than the log gives.
    Report,
    /// A policy set or another document is not the one that the log names.
    Document,
    /// A sample is not what the seed selects, or not what its leaf says.
    Sample,
    /// A timestamp is of something else than its checkpoint.
    Timestamp,
    /// Too few witnesses cosigned, or a cosignature does not verify.
    Witness,
}

/// Something a reader should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Index of the leaf, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf: Option<u64>,
    /// What it is.
    pub reason: String,
}

/// A call that was forwarded and has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OpenCall {
    /// Index of its intent.
    pub leaf: u64,
    /// The exchange.
    pub call: Id,
}

/// How strongly a log is anchored outside the operator's reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Assurance {
    /// Nothing outside these files was consulted.
    L0,
    /// As many witnesses as were asked for have cosigned the checkpoint.
    L3,
}

impl Assurance {
    /// What the level means.
    pub const fn text(self) -> &'static str {
        match self {
            Self::L0 => {
                "L0: these files agree with each other and with the key; nothing outside them was consulted. \
                 A log cut short or rewritten by the holder of the key is found only by comparing the checkpoint \
                 with one kept elsewhere."
            }
            Self::L3 => {
                "L3: witnesses that you trust have cosigned this checkpoint, each after checking that the log was only \
                 appended to since the one before. What was cosigned can neither be cut nor rewritten, not even by the \
                 holder of the key."
            }
        }
    }
}

impl Findings {
    pub(super) fn new() -> Self {
        Self {
            sound: true,
            checkpoint: None,
            earlier_checkpoints: 0,
            key_source: KeySource::None,
            first_bad_leaf: None,
            problems: Vec::new(),
            problem_count: 0,
            warnings: Vec::new(),
            warning_count: 0,
            leaves_read: 0,
            counts: BTreeMap::new(),
            lanes: 0,
            open_calls: Vec::new(),
            open_call_count: 0,
            genesis: None,
            seal: None,
            erased: BTreeMap::new(),
            first_ts: None,
            last_ts: None,
            package: None,
            cosigned: Vec::new(),
            stamped: Vec::new(),
            assurance: Assurance::L0,
            does_not_assert: DOES_NOT_ASSERT,
        }
    }

    /// Notes a problem with one leaf.
    pub(super) fn blame(&mut self, kind: ProblemKind, leaf: u64, reason: impl fmt::Display) {
        self.add(Problem { kind, leaf: Some(leaf), path: None, reason: reason.to_string() });
    }

    /// Notes a problem with a bundle, from one leaf on.
    pub(super) fn blame_bundle(
        &mut self,
        kind: ProblemKind,
        path: impl fmt::Display,
        leaf: u64,
        reason: impl fmt::Display,
    ) {
        let path = Some(path.to_string());
        self.add(Problem { kind, leaf: Some(leaf), path, reason: reason.to_string() });
    }

    /// Notes a problem with one file.
    pub(super) fn blame_file(
        &mut self,
        kind: ProblemKind,
        path: impl fmt::Display,
        reason: impl fmt::Display,
    ) {
        self.add(Problem { kind, leaf: None, path: Some(path.to_string()), reason: reason.to_string() });
    }

    /// Notes a warning.
    pub(super) fn warn(&mut self, leaf: Option<u64>, reason: impl fmt::Display) {
        self.warning_count += 1;
        if self.warnings.len() < LISTED_MAX {
            self.warnings.push(Warning { leaf, reason: reason.to_string() });
        }
    }

    fn add(&mut self, problem: Problem) {
        self.sound = false;
        self.first_bad_leaf = match (self.first_bad_leaf, problem.leaf) {
            (Some(first), Some(leaf)) => Some(first.min(leaf)),
            (first, leaf) => first.or(leaf),
        };
        self.problem_count += 1;
        if self.problems.len() < LISTED_MAX {
            self.problems.push(problem);
        }
    }
}
