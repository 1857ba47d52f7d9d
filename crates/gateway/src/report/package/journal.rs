//! How far a package is, beside its working directory: who runs the same command again after a kill goes on from what
//! was finished, with the same end of the log and the same time, so the package is the one it would have been.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use evidence::leaf::EventType;
use evidence::merkle::Hash;
use evidence::package::{Derived, LogPart, POPULATIONS, RULES};
use evidence::time::Timestamp;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::{PackageError, archive};

/// The journal of one output; nobody else makes the same package while it is open.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    pub(super) state: State,
}

/// Removes what a process that ended left of an unfinished package: opened messages are in it. `false`: somebody makes it.
pub(super) fn discard(work: &Path) -> bool {
    let path = work.with_extension("journal");
    if let Ok(file) = File::open(&path)
        && flock(&file, FlockOperation::NonBlockingLockExclusive).is_err()
    {
        return false;
    }
    for left in [&path, &archive::unfinished(work)] {
        drop(fs::remove_file(left));
    }
    drop(fs::remove_dir_all(work));
    true
}

/// What is known.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    /// Hash of what was ordered, of which log, by which release.
    pub(super) order: String,
    pub(super) begun: Option<Begun>,
    /// There once the one pass over the leaves is over.
    scanned: Option<Scanned>,
    /// Names of parts that are finished.
    pub(super) finished: Vec<String>,
}

/// What must stay the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Begun {
    pub(super) log: LogPart,
    pub(super) created: Timestamp,
}

/// [`Derived`], as text has it.
#[derive(Debug, Serialize, Deserialize)]
struct Scanned {
    leaves: u64,
    totals: Vec<(String, EventType, u64)>,
    rows: BTreeMap<String, u64>,
    busiest: u64,
    policy_sets: Vec<Hash>,
    configurations: Vec<Hash>,
    documents: Vec<Hash>,
    exceptions: BTreeMap<String, u64>,
    gaps: (u64, u64),
    compared: Option<(u64, u64)>,
    selected: Vec<(u64, Hash)>,
}

impl Journal {
    /// Opens the journal for `work`. What it says of another order is forgotten, and so is what was made.
    pub(super) fn open(work: &Path, order: String) -> Result<Self, PackageError> {
        let path = work.with_extension("journal");
        let failed = |cause| PackageError::Io { path: path.clone(), cause };
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = file.map_err(failed)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(PackageError::Busy(path));
        }
        let mut text = String::new();
        // One that was cut by a kill counts as none.
        let known: Option<State> = file
            .read_to_string(&mut text)
            .ok()
            .and_then(|_| serde_json::from_str(&text).ok())
            .filter(|state: &State| state.order == order && state.scanned.is_some() && work.is_dir());
        let fresh = known.is_none();
        let state = known.unwrap_or_else(|| State { order, ..State::default() });
        if fresh && work.exists() {
            fs::remove_dir_all(work).map_err(failed)?;
        }
        Ok(Self { path, file, state })
    }

    /// What the pass over the leaves gave, when it is over.
    pub(super) fn derived(&self) -> Option<Derived> {
        let scanned = self.state.scanned.as_ref()?;
        let Scanned { totals, rows, exceptions, .. } = scanned;
        let population = |(name, rows): (&String, &u64)| {
            Some((POPULATIONS.iter().find(|query| query.name == name)?.name, *rows))
        };
        let rule =
            |(name, rows): (&String, &u64)| Some((RULES.iter().find(|rule| rule.name == name)?.name, *rows));
        Some(Derived {
            leaves: scanned.leaves,
            totals: totals
                .iter()
                .map(|(day, event, leaves)| ((day.clone(), event.as_str()), *leaves))
                .collect(),
            rows: rows.iter().map(population).collect::<Option<_>>()?,
            log: self.state.begun.as_ref()?.log,
            busiest: scanned.busiest,
            policy_sets: scanned.policy_sets.iter().copied().collect(),
            configurations: scanned.configurations.iter().copied().collect(),
            documents: scanned.documents.iter().copied().collect(),
            exceptions: exceptions.iter().map(rule).collect::<Option<_>>()?,
            gaps: scanned.gaps,
            // Counted again.
            missing: (0, 0),
            compared: scanned.compared,
            selected: scanned.selected.clone(),
        })
    }

    /// Notes that the pass over the leaves is over.
    pub(super) fn scanned(&mut self, derived: &Derived) -> Result<(), PackageError> {
        let total = |((day, event), leaves): (&(String, &'static str), &u64)| {
            Some((day.clone(), event.parse::<EventType>().ok()?, *leaves))
        };
        let texts = |counts: &BTreeMap<&'static str, u64>| {
            counts.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect()
        };
        self.state.scanned = Some(Scanned {
            leaves: derived.leaves,
            totals: derived.totals.iter().filter_map(total).collect(),
            rows: texts(&derived.rows),
            busiest: derived.busiest,
            policy_sets: derived.policy_sets.iter().copied().collect(),
            configurations: derived.configurations.iter().copied().collect(),
            documents: derived.documents.iter().copied().collect(),
            exceptions: texts(&derived.exceptions),
            gaps: derived.gaps,
            compared: derived.compared,
            selected: derived.selected.clone(),
        });
        self.write()
    }

    /// Runs a part, unless it is finished.
    pub(super) fn part(
        &mut self,
        name: &str,
        run: impl FnOnce() -> Result<(), PackageError>,
    ) -> Result<(), PackageError> {
        if self.state.finished.iter().any(|finished| finished == name) {
            return Ok(());
        }
        run()?;
        self.state.finished.push(name.to_owned());
        self.write()
    }

    /// Removes it, and what was made.
    pub(super) fn remove(self, work: &Path) {
        // What cannot be removed now is removed by the next run.
        drop(fs::remove_dir_all(work));
        drop(fs::remove_file(&self.path));
    }

    fn write(&mut self) -> Result<(), PackageError> {
        let mut write = || {
            let text = serde_json::to_string(&self.state)?;
            self.file.set_len(0)?;
            self.file.rewind()?;
            self.file.write_all(text.as_bytes())
        };
        write().map_err(|cause| PackageError::Io { path: self.path.clone(), cause })
    }
}
