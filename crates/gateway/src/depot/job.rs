//! How far a package is, as a file beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::NotMade;
use crate::report::package;
use crate::{clock, file, limits};

/// Time without progress after which it is looked whether somebody still makes a package.
const SILENCE_MS: u64 = limits::HEARTBEAT_MS;

/// A package that is made, ready, or failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// Beginning of the period, RFC 3339.
    pub from: String,
    /// Its end, itself not in it.
    pub until: String,
    /// Which epoch of the log, where the period touches several or one was named.
    #[serde(default)]
    pub epoch: Option<u64>,
    /// Upstreams that the populations are limited to; none: all.
    pub servers: Vec<String>,
    /// Whether recorded bodies of privileged calls are in it.
    pub opened: bool,
    /// How many samples were asked for.
    pub samples: usize,
    /// Who asked, by pseudonym.
    pub by: String,
    /// When, microseconds since 1970.
    pub created: i64,
    /// When this was written, microseconds since 1970.
    pub updated: i64,
    /// How far it is.
    pub progress: Progress,
    /// What is in it, once it is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

/// How far a package is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It is made: so many percent of the log are read.
    Running(u8),
    /// It can be fetched.
    Ready,
    /// It will not be: says why.
    Failed(String),
}

/// What is in a package.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Content {
    /// Length of the archive.
    pub bytes: u64,
    /// SHA-256 of its manifest.
    pub manifest: String,
    /// Leaves of the period.
    pub leaves: u64,
    /// Rows of each population.
    pub populations: std::collections::BTreeMap<String, u64>,
    /// Exceptions.
    pub exceptions: u64,
    /// Gaps, and how many of them the log does not explain.
    pub gaps: (u64, u64),
}

impl Job {
    /// Where the archive is, or will be.
    pub fn package(&self, directory: &Path) -> PathBuf {
        directory.join(format!("{}.zip", self.id))
    }

    /// Writes it down, whole or not at all.
    pub(super) fn write(&self, directory: &Path) -> Result<(), NotMade> {
        let (path, fresh) = (self.file(directory), directory.join(format!(".{}.json", self.id)));
        let written = serde_json::to_vec(self).map_err(io::Error::from);
        written
            .and_then(|bytes| file::replace(&path, &fresh, &bytes))
            .map_err(|cause| NotMade::Io { path, cause })
    }

    fn file(&self, directory: &Path) -> PathBuf {
        directory.join(format!("{}.json", self.id))
    }
}

/// Every job, the latest first; none when there is no directory.
pub(super) fn list(directory: &Path) -> Result<Vec<Job>, NotMade> {
    let failed = |cause| NotMade::Io { path: directory.to_owned(), cause };
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut jobs: Vec<Job> = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let named =
            path.file_stem().and_then(|name| name.to_str()).and_then(|name| name.parse::<Uuid>().ok());
        if path.extension().is_none_or(|ending| ending != "json") || named.is_none() {
            continue;
        }
        // One that goes meanwhile is gone.
        let Ok(bytes) = fs::read(&path) else { continue };
        jobs.extend(serde_json::from_slice::<Job>(&bytes).ok());
    }
    jobs.sort_by_key(|job| std::cmp::Reverse(job.created));
    Ok(jobs)
}

/// Removes what was made more than `kept` ago, and ends what nobody makes any more, both in microseconds. Answers how many
/// changed.
pub(super) fn tidy(directory: &Path, now: i64, kept: i64) -> Result<usize, NotMade> {
    let silence = clock::micros(SILENCE_MS);
    let mut changed = 0;
    for mut job in list(directory)? {
        if job.created.saturating_add(kept) <= now {
            drop(fs::remove_file(job.package(directory)));
            package::discard(&job.package(directory));
            let path = job.file(directory);
            fs::remove_file(&path).map_err(|cause| NotMade::Io { path, cause })?;
            changed += 1;
        } else if matches!(job.progress, Progress::Running(_))
            && job.updated.saturating_add(silence) <= now
            && package::discard(&job.package(directory))
        {
            job.progress = Progress::Failed("its gateway ended before it was made".to_owned());
            job.updated = now;
            job.write(directory)?;
            changed += 1;
        }
    }
    Ok(changed)
}

/// Bytes of all files below a directory.
pub(super) fn size(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => size(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(created: i64, progress: Progress) -> Job {
        Job {
            id: Uuid::from_u128(created.unsigned_abs().into()),
            from: String::new(),
            until: String::new(),
            epoch: None,
            servers: Vec::new(),
            opened: false,
            samples: 0,
            by: String::new(),
            created,
            updated: created,
            progress,
            content: None,
        }
    }

    #[test]
    fn packages_go_after_their_time_and_what_nobody_makes_any_more_has_failed() {
        let directory = tempfile::tempdir().expect("a directory");
        let directory = directory.path();
        let hour = 60 * 60 * 1_000_000;
        let (old, young, dead) =
            (job(1, Progress::Ready), job(9 * hour, Progress::Ready), job(8 * hour, Progress::Running(3)));
        for job in [&old, &young, &dead] {
            job.write(directory).expect("written");
            fs::write(job.package(directory), "zip").expect("written");
        }
        assert_eq!(tidy(directory, 10 * hour, 5 * hour).expect("tidied"), 2);
        let left = list(directory).expect("listed");
        assert_eq!(left.iter().map(|job| job.id).collect::<Vec<_>>(), [young.id, dead.id]);
        assert!(matches!(left[1].progress, Progress::Failed(_)) && !old.package(directory).exists());
        assert_eq!(tidy(directory, 10 * hour, 5 * hour).expect("tidied"), 0);
        assert!(list(&directory.join("none")).expect("listed").is_empty() && size(directory) > 0);
    }
}
