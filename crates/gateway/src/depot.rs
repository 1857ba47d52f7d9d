//! Evidence packages that are made by the gateway itself, wait in a directory to be fetched, and go after some days.
//!
//! One at a time. What there is stands in the directory alone: `<id>.json` says how far a package is, `<id>.zip` is the
//! package. So gateways that share the directory show the same, and a restart forgets nothing. That a package was made is
//! `evidence.exported`, durable before the package has its name.

mod job;
mod make;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

pub use job::{Job, Progress};
pub use make::start;

use crate::exchange::Gateway;
use crate::ledger::Unavailable;
use crate::limits;
use crate::report::package::PackageError;

/// Why there is no package.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// There is none of this id, or it is gone.
    #[error("there is no such package: it may have been removed after its time")]
    Unknown,
    /// It is not ready.
    #[error("the package is not ready")]
    NotReady,
    /// Another one is being made.
    #[error("a package is being made: wait for it")]
    Busy,
    /// The directory holds as much as it may.
    #[error("{0}")]
    Full(String),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Request(String),
    /// A file.
    #[error("`{path}`: {cause}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The package itself.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// The log does not take the leaf now.
    #[error(transparent)]
    Ledger(#[from] Unavailable),
}

/// Where packages are kept.
pub fn directory(gateway: &Gateway) -> PathBuf {
    gateway.config.evidence.directory(&gateway.config.storage)
}

/// Every package that is made, ready, or failed, the latest first. Blocks on the disk.
///
/// # Errors
/// [`NotMade::Io`].
pub fn list(gateway: &Gateway) -> Result<Vec<Job>, NotMade> {
    job::list(&directory(gateway))
}

/// One of them. Blocks on the disk.
///
/// # Errors
/// [`NotMade::Unknown`], [`NotMade::Io`].
pub fn find(gateway: &Gateway, id: Uuid) -> Result<Job, NotMade> {
    list(gateway)?.into_iter().find(|job| job.id == id).ok_or(NotMade::Unknown)
}

/// The file of a package that is ready. Blocks on the disk.
///
/// # Errors
/// [`NotMade::Unknown`], [`NotMade::NotReady`].
pub fn open(gateway: &Gateway, id: Uuid) -> Result<(Job, std::fs::File), NotMade> {
    let job = find(gateway, id)?;
    if job.progress != Progress::Ready {
        return Err(NotMade::NotReady);
    }
    let file = std::fs::File::open(job.package(&directory(gateway))).map_err(|_| NotMade::Unknown)?;
    Ok((job, file))
}

/// Removes what has waited long enough, until dropped.
pub async fn watch(gateway: &Arc<Gateway>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(limits::HEARTBEAT_MS));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let this = gateway.clone();
        let kept = gateway.config.evidence.kept_hours.saturating_mul(60 * 60 * 1_000_000);
        let now = gateway.clock.now().as_microsecond();
        let tidied =
            tokio::task::spawn_blocking(move || job::tidy(&directory(&this), now, kept.cast_signed()));
        match tidied.await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(_)) => gateway.errands.exported.send_modify(|count| *count += 1),
            Ok(Err(error)) => tracing::warn!(%error, "old evidence packages could not be removed"),
        }
    }
}
