//! An evidence package: a slice of the log, and everything an auditor reads derived from it by rules that
//! anybody can run again. `docs/evidence.md` describes the files.
//!
//! [`Derivation`] is that rule: leaves in, lines out. Who writes a package keeps the lines; who verifies one
//! compares them.

mod cell;
mod count;
mod derive;
mod exception;
mod figure;
mod gap;
mod leaver;
mod manifest;
mod memory;
mod missing;
mod population;
mod query;
mod sample;
mod shown;
mod timeline;

use serde::{Deserialize, Serialize};

pub use cell::{cells, short};
pub use count::{COUNTS_BYTES_MAX, Counts, CountsError};
pub use derive::{Derivation, Derived, Due, Emit, Setting};
pub use exception::{RULES, Rule};
pub use figure::{COUNTED_FILES, FIGURES, figure_of, figures};
pub use leaver::{LEAVERS_BYTES_MAX, LEAVERS_HEAD, Leavers};
pub use manifest::{Bodies, FileRecord, LogPart, MANIFEST_BYTES_MAX, Manifest, ManifestError};
pub use missing::{Disposal, Erasures, Missing};
pub use population::{OUTSIDE, POPULATIONS};
pub use query::{Column, Condition, Query, Shape, Source};
pub use sample::{Draw, SAMPLES_MAX};
pub use shown::{Mark, Row, group, marks};

use crate::time::Timestamp;

/// The format of packages this release writes and reads.
pub const FORMAT: &str = "countersign-evidence/1";
/// The list of all other files.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The signed note over the manifest.
pub const SIGNATURE_FILE: &str = "manifest.note";
/// The directory of the log.
pub const LOG: &str = "log";
/// The checkpoint at or before the slice, signed; absent when the slice begins with the log.
pub const BEFORE_FILE: &str = "checkpoints/before";
/// Consistency proof from that checkpoint to the one of the log: one base64 hash a line.
pub const CONSISTENCY_FILE: &str = "checkpoints/consistency";
/// The key that signed the manifest, where it is that of a later epoch than the log's.
pub const SIGNER_FILE: &str = "trust/successors/signer.key";
/// The report.
pub const REPORT_FILE: &str = "report.html";
/// Every number that the report may show.
pub const FIGURES_FILE: &str = "figures.json";
/// What came into force when.
pub const TIMELINE_FILE: &str = "config/timeline.csv";
/// The directory of configurations, secrets left out, each named by its hash.
pub const CONFIGURATIONS: &str = "config/configurations";
/// The directory of policy sets, each named by its hash.
pub const POLICIES: &str = "config/policies";
/// The directory of other documents that leaves name by hash.
pub const DOCUMENTS: &str = "config/documents";
/// The directory of samples.
pub const SAMPLES: &str = "samples";
/// Which samples the seed selects.
pub const SELECTION_FILE: &str = "samples/selection.csv";
/// Bodies of privileged calls, opened.
pub const BODIES_FILE: &str = "populations/privileged.bodies.jsonl";
/// Bodies that should be there and are not.
pub const MISSING_FILE: &str = "bodies.missing.csv";
/// The directory of leaves that say what was erased, each named by its hash, with its proof.
pub const ERASURES: &str = "erasures";
/// The counts to compare with, as they were given.
pub const COUNTS_FILE: &str = "reconciliation/counts.csv";
/// The comparison.
pub const DIFFERENCES_FILE: &str = "reconciliation/differences.csv";
/// Who left, as it was given.
pub const LEAVERS_FILE: &str = "reconciliation/leavers.csv";
/// Leaves by day and type.
pub const TOTALS_FILE: &str = "totals.csv";
/// The gap register.
pub const GAPS_FILE: &str = "gaps.csv";
/// The rules behind the next one.
pub const RULES_FILE: &str = "exceptions.query.json";
/// What an auditor will want explained.
pub const EXCEPTIONS_FILE: &str = "exceptions.csv";

/// Files that show how an epoch after the package's began, and so where the one before it ended.
#[derive(Debug, Clone, Copy)]
pub struct Succession {
    /// The epoch that began.
    pub epoch: u64,
}

impl Succession {
    /// Where they are.
    pub const DIRECTORY: &str = "trust/successors";

    /// Its first leaf.
    pub fn leaf(self) -> String {
        format!("{}/{}.leaf.json", Self::DIRECTORY, self.epoch)
    }

    /// The proof that this is its first leaf (C2SP tlog-proof).
    pub fn proof(self) -> String {
        format!("{}/{}.tlog-proof", Self::DIRECTORY, self.epoch)
    }
}

/// From an instant to before another, by the clocks of the writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The first instant in it.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

impl Period {
    /// Whether `ts` lies in it.
    pub fn contains(&self, ts: Timestamp) -> bool {
        self.from <= ts && ts < self.until
    }
}

/// What no package can show, in the words of every package.
pub const DOES_NOT_ASSERT: &[&str] = &[
    "That every call went through the gateway. A path around it, or a gateway that never wrote a call, leaves no gap in \
     the log; compare the counts with a source that the gateway does not write.",
    "That times are true. A leaf carries the clock of the process that wrote it; its position in the log is proven, its \
     time is stated.",
    "That a recorded answer is what the upstream did. The gateway records what it sent and what came back.",
    "That masking found every secret. It records which detectors found what; a value that no detector knows is recorded as \
     it was sent.",
    "Who a pseudonym stands for. Names are in erasable records outside the log; the organisation can show them.",
    "That a control is suitable, or that it met a criterion. These files are evidence for somebody who decides that.",
];
