//! The set that decides now, and how another takes its place.
//!
//! A set takes effect in three steps, so that it is on record before it decides anything: [`Policies::candidate`]
//! reads and validates, the caller notes `policy.published`, [`Policies::publish`] swaps. A set that is not valid
//! changes nothing: the old one goes on deciding, and [`Policies::rejected`] says why.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};

use super::directory;
use super::problem::Rejected;
use super::set::PolicySet;
use crate::model::PolicyRevision;

/// The policy set in force, replaceable while it is asked.
#[derive(Debug)]
pub struct Policies {
    directory: PathBuf,
    current: ArcSwap<PolicySet>,
    rejected: ArcSwapOption<Rejected>,
    /// Digest of what was last read to become a candidate.
    considered: Mutex<[u8; 32]>,
    /// Held while a candidate is put on record and in force.
    turn: tokio::sync::Mutex<()>,
}

/// A valid set that is not yet in force.
#[derive(Debug)]
pub struct Candidate {
    set: Arc<PolicySet>,
    change: Change,
}

/// How a set differs from the one before it, by policy id. Sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The set before; `None` at start.
    pub from: Option<PolicyRevision>,
    /// The set that takes its place.
    pub to: PolicyRevision,
    /// Ids that are new.
    pub added: Vec<String>,
    /// Ids that are gone.
    pub removed: Vec<String>,
    /// Ids whose text differs.
    pub changed: Vec<String>,
}

impl Policies {
    /// Reads the policies of `directory`. They are in force at once: note [`Policies::change_at_start`] before the
    /// first question.
    ///
    /// # Errors
    /// [`Rejected`]: a gateway without valid policies does not start.
    pub fn open(directory: &Path) -> Result<Self, Rejected> {
        let sources = directory::read(directory);
        let considered = directory::digest(&sources);
        Ok(Self {
            directory: directory.to_owned(),
            current: ArcSwap::from_pointee(PolicySet::parse(&sources?)?),
            rejected: ArcSwapOption::empty(),
            considered: Mutex::new(considered),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// The set in force. Take it once for each exchange, so that all its questions are answered by the same set.
    pub fn current(&self) -> Arc<PolicySet> {
        self.current.load_full()
    }

    /// The change that brought the set in force at start.
    pub fn change_at_start(&self) -> Change {
        Change::between(None, &self.current())
    }

    /// Why the files as they are now cannot take the place of the set in force. `None` when they could, or have.
    pub fn rejected(&self) -> Option<Arc<Rejected>> {
        self.rejected.load_full()
    }

    /// Reads the directory again. `None` when it holds the set that is in force. Reads files: not for an async task.
    ///
    /// # Errors
    /// [`Rejected`]; the set in force stays.
    pub fn candidate(&self) -> Result<Option<Candidate>, Rejected> {
        let sources = directory::read(&self.directory);
        *self.considered.lock().unwrap_or_else(PoisonError::into_inner) = directory::digest(&sources);
        match sources.and_then(|sources| PolicySet::parse(&sources)) {
            Ok(set) => {
                self.rejected.store(None);
                Ok(self.candidate_of(set))
            }
            Err(rejected) => {
                self.rejected.store(Some(Arc::new(rejected.clone())));
                Err(rejected)
            }
        }
    }

    /// What would put a set in force that does not come from the directory. `None` when it is in force.
    pub fn candidate_of(&self, set: PolicySet) -> Option<Candidate> {
        let current = self.current();
        let change = Change::between(Some(&current), &set);
        (set.revision() != current.revision()).then(|| Candidate { set: Arc::new(set), change })
    }

    /// Takes another set than the directory's, before the first question: note [`Policies::change_at_start`] then.
    pub fn restore(&self, set: PolicySet) {
        self.current.store(Arc::new(set));
    }

    /// Held from reading a candidate until it is in force: a signal and the look at the files may see the same change,
    /// which is put on record once.
    pub async fn turn(&self) -> impl Drop + use<'_> {
        self.turn.lock().await
    }

    /// Puts a candidate in force. Its change must be on record first.
    pub fn publish(&self, candidate: Candidate) {
        self.current.store(candidate.set);
    }

    /// Waits until the files differ from what was last read, looking each `period`. A change counts once two looks
    /// in a row saw the same: a file that is still being written could be valid and lack its last `forbid`.
    pub async fn changed(self: &Arc<Self>, period: Duration) {
        let mut watch = Watch::default();
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let policies = Arc::clone(self);
            let look = tokio::task::spawn_blocking(move || policies.look()).await;
            if let Ok((considered, seen)) = look
                && watch.settled(considered, seen)
            {
                return;
            }
        }
    }

    fn look(&self) -> ([u8; 32], [u8; 32]) {
        let seen = directory::digest(&directory::read(&self.directory));
        (*self.considered.lock().unwrap_or_else(PoisonError::into_inner), seen)
    }
}

impl Candidate {
    /// What to note before publishing.
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// The set, for questions of one's own.
    pub fn set(&self) -> &Arc<PolicySet> {
        &self.set
    }
}

impl Change {
    /// How `to` differs from `from`.
    pub fn between(from: Option<&PolicySet>, to: &PolicySet) -> Self {
        let texts = |set: &PolicySet| -> BTreeMap<String, String> {
            set.policies().iter().map(|policy| (policy.id.clone(), policy.text.clone())).collect()
        };
        let (old, new) = (from.map(texts).unwrap_or_default(), texts(to));
        let only = |these: &BTreeMap<String, String>, those: &BTreeMap<String, String>| {
            these.keys().filter(|id| !those.contains_key(*id)).cloned().collect()
        };
        Self {
            from: from.map(PolicySet::revision),
            to: to.revision(),
            added: only(&new, &old),
            removed: only(&old, &new),
            changed: new
                .iter()
                .filter(|(id, text)| old.get(*id).is_some_and(|before| before != *text))
                .map(|(id, _)| id.clone())
                .collect(),
        }
    }
}

/// Tells a change that is over from one that is under way.
#[derive(Debug, Default)]
struct Watch {
    last: Option<[u8; 32]>,
}

impl Watch {
    fn settled(&mut self, considered: [u8; 32], seen: [u8; 32]) -> bool {
        self.last.replace(seen) == Some(seen) && seen != considered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "@id(\"a\") permit (principal, action, resource);";
    const NEW: &str = "@id(\"b\") forbid (principal, action, resource);";

    fn directory(text: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("temporary directory");
        std::fs::write(directory.path().join("a.cedar"), text).expect("written");
        directory
    }

    fn write(directory: &tempfile::TempDir, name: &str, text: &str) {
        std::fs::write(directory.path().join(name), text).expect("written");
    }

    #[test]
    fn candidate_decides_nothing_until_it_is_published() {
        let directory = directory(OLD);
        let policies = Policies::open(directory.path()).expect("valid");
        let before = policies.current().revision();
        assert_eq!(policies.change_at_start().added, ["a"]);
        assert!(policies.candidate().expect("valid").is_none());

        write(&directory, "b.cedar", NEW);
        let candidate = policies.candidate().expect("valid").expect("changed");
        assert_eq!(policies.current().revision(), before);
        let change = candidate.change().clone();
        assert_eq!((change.from, change.added), (Some(before), vec!["b".to_owned()]));
        policies.publish(candidate);
        assert_eq!(policies.current().revision(), change.to);
    }

    #[test]
    fn invalid_files_leave_the_old_set_in_force_and_say_why() {
        let directory = directory(OLD);
        let policies = Policies::open(directory.path()).expect("valid");
        let before = policies.current().revision();
        for broken in ["permit (", "@id(\"a\") permit (principal, action, resource == Tol::\"x\");", OLD] {
            write(&directory, "b.cedar", broken);
            let rejected = policies.candidate().expect_err("refused");
            assert!(rejected.to_string().contains("b.cedar:1:"), "{rejected}");
            assert_eq!(policies.rejected().as_deref(), Some(&rejected));
            assert_eq!(policies.current().revision(), before);
        }
        write(&directory, "b.cedar", "");
        assert!(policies.candidate().expect("valid").is_none());
        assert_eq!(policies.rejected(), None);
    }

    #[test]
    fn directory_without_policy_files_is_refused() {
        let directory = directory(OLD);
        let policies = Policies::open(directory.path()).expect("valid");
        std::fs::remove_file(directory.path().join("a.cedar")).expect("removed");
        assert!(policies.candidate().expect_err("refused").to_string().contains("no `*.cedar` file"));
        let gone = directory.path().join("gone");
        assert!(Policies::open(&gone).expect_err("refused").to_string().contains("cannot be read"));
    }

    #[test]
    fn change_counts_once_two_looks_agree() {
        let mut watch = Watch::default();
        let looks = [(0, 0, false), (0, 0, false), (0, 1, false), (0, 2, false), (0, 2, true), (2, 2, false)];
        for (considered, seen, settled) in looks {
            assert_eq!(watch.settled([considered; 32], [seen; 32]), settled, "{considered} {seen}");
        }
    }

    #[test]
    fn change_of_files_wakes_the_watcher() {
        let directory = directory(OLD);
        let policies = Arc::new(Policies::open(directory.path()).expect("valid"));
        write(&directory, "a.cedar", NEW);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("runtime");
        runtime.block_on(async {
            let woken =
                tokio::time::timeout(Duration::from_secs(30), policies.changed(Duration::from_millis(1)));
            woken.await.expect("the change is seen");
        });
        let candidate = policies.candidate().expect("valid").expect("changed");
        assert_eq!(
            (&*candidate.change().added, &*candidate.change().removed),
            (&["b".to_owned()][..], &["a".to_owned()][..])
        );
    }
}
