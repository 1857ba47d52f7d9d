//! A package is made, beside the calls.

use std::path::Path;
use std::sync::Arc;

use evidence::leaf::EventType;
use evidence::time::Timestamp;
use serde_json::json;
use tokio::runtime::Handle;

use super::job::{self, Content, Job, Progress};
use super::{NotMade, directory};
use crate::exchange::Gateway;
use crate::file;
use crate::ledger::Event;
use crate::limits;
use crate::model::Principal;
use crate::report::package::{Bodies, Deployment, Maker, Order, Part, Written, discard, epochs};

/// Begins to make a package, or one for each epoch that the period touches, one after the other; answers at once with the
/// first.
///
/// # Errors
/// [`NotMade::Busy`], [`NotMade::Full`], [`NotMade::Request`], [`NotMade::Io`], [`NotMade::Store`].
pub async fn start(gateway: &Arc<Gateway>, who: &Arc<Principal>, order: Order) -> Result<Job, NotMade> {
    if order.draw.as_ref().is_some_and(|draw| !draw.is_possible()) {
        return Err(NotMade::Request(
            "samples are drawn from a list of single leaves: `calls`, `privileged`".to_owned(),
        ));
    }
    let place = gateway.errands.exporting.clone().try_acquire_owned().map_err(|_| NotMade::Busy)?;
    let (this, caller) = (gateway.clone(), who.clone());
    let begun = tokio::task::spawn_blocking(move || {
        let (first, later) = divide(&this, order)?;
        let job = asked_for(&this, &caller, &first);
        room(&directory(&this), &job).map(|()| (job, first, later))
    });
    let (job, first, later) = begun.await.map_err(|_| NotMade::Busy)??;
    tell(gateway);
    let (this, who, mut begun) = (gateway.clone(), who.clone(), job.clone());
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let made = make(&this, &runtime, &who, &mut begun, &first);
        finish(&this, begun, made);
        for order in later {
            let mut job = asked_for(&this, &who, &order);
            let made = room(&directory(&this), &job).and_then(|()| {
                tell(&this);
                make(&this, &runtime, &who, &mut job, &order)
            });
            finish(&this, job, made);
        }
        drop(place);
        tell(&this);
    });
    Ok(job)
}

/// An order for each epoch that the period touches: each is a log of its own, and a package is of one.
fn divide(gateway: &Gateway, order: Order) -> Result<(Order, Vec<Order>), NotMade> {
    let touched = match order.epoch {
        Some(_) => Vec::new(),
        None => epochs(&gateway.db, order.period)?,
    };
    let of = |part: &Part| Order { epoch: Some(part.epoch.number), ..order.clone() };
    match &touched[..] {
        [first, later @ ..] if !later.is_empty() => Ok((of(first), later.iter().map(of).collect())),
        _ => Ok((order, Vec::new())),
    }
}

fn asked_for(gateway: &Gateway, who: &Principal, order: &Order) -> Job {
    let now = gateway.clock.now().as_microsecond();
    Job {
        id: crate::clock::new_id(&*gateway.clock),
        from: order.period.from.to_string(),
        until: order.period.until.to_string(),
        epoch: order.epoch,
        servers: order.servers.clone(),
        opened: order.bodies == Bodies::Opened,
        samples: order.draw.as_ref().map_or(0, |draw| draw.n),
        by: gateway.ledger.actor(&who.party),
        created: now,
        updated: now,
        progress: Progress::Running(0),
        content: None,
    }
}

/// Says to pages that something changed.
fn tell(gateway: &Gateway) {
    gateway.errands.exported.send_modify(|count| *count += 1);
}

/// Makes sure that there is room, and writes down that the package is made.
fn room(directory: &Path, job: &Job) -> Result<(), NotMade> {
    let failed = |cause| NotMade::Io { path: directory.to_owned(), cause };
    file::private_directory(directory).map_err(failed)?;
    let jobs = job::list(directory)?;
    if jobs.len() >= limits::PACKAGES_MAX {
        return Err(NotMade::Full(format!(
            "{} packages are there already: the oldest go by themselves after their time",
            jobs.len()
        )));
    }
    if job::size(directory) >= limits::PACKAGES_BYTES_MAX {
        return Err(NotMade::Full("the packages that are there take all the room that they may".to_owned()));
    }
    let system = rustix::fs::statvfs(directory).map_err(|error| failed(error.into()))?;
    if system.f_bavail.saturating_mul(system.f_frsize) < limits::DISK_FREE_BYTES_MIN {
        return Err(NotMade::Full("the disk has too little free space for a package".to_owned()));
    }
    job.write(directory)
}

/// Writes down what became of a package.
fn finish(gateway: &Gateway, mut job: Job, made: Result<Content, NotMade>) {
    job.progress = match made {
        Ok(content) => {
            job.content = Some(content);
            Progress::Ready
        }
        Err(error) => {
            tracing::error!(%error, package = %job.id, "an evidence package could not be made");
            // Nobody goes on with it: it would be asked for under another id.
            discard(&job.package(&directory(gateway)));
            // Where the gateway keeps its files is nobody's business.
            Progress::Failed(match error {
                NotMade::Io { .. } => "a file could not be written: the gateway's log says which".to_owned(),
                other => other.to_string(),
            })
        }
    };
    job.updated = gateway.clock.now().as_microsecond();
    if let Err(error) = job.write(&directory(gateway)) {
        tracing::error!(%error, package = %job.id, "what became of an evidence package could not be written");
    }
}

fn make(
    gateway: &Gateway,
    runtime: &Handle,
    who: &Arc<Principal>,
    job: &mut Job,
    order: &Order,
) -> Result<Content, NotMade> {
    let directory = directory(gateway);
    let assurance = runtime.block_on(gateway.anchors.assurance())?.to_string();
    let (output, deployment) =
        (job.package(&directory), Deployment::of(&gateway.config, &gateway.db, assurance));
    let now = Timestamp::from_micros(job.created)
        .ok_or_else(|| NotMade::Request("the clock is wrong".to_owned()))?;
    let maker = Maker { db: &gateway.db, keys: gateway.ledger.keys(), deployment: &deployment, now };
    let sealing = |written: &Written| {
        if job::size(&directory) > limits::PACKAGES_BYTES_MAX {
            return Err(NotMade::Full(
                "the package takes more room than it may: choose a shorter period".to_owned(),
            ));
        }
        runtime.block_on(gateway.ledger.note(exported(who, order, written)))?;
        Ok(())
    };
    let mut last = 0;
    let mut beside = job.clone();
    let mut progress = |done: u64, all: u64| {
        let percent = u8::try_from(done.saturating_mul(100) / all.max(1)).unwrap_or(100);
        if percent != last {
            last = percent;
            beside.progress = Progress::Running(percent);
            beside.updated = gateway.clock.now().as_microsecond();
            // Only how far it is: the package goes on.
            drop(beside.write(&directory));
            tell(gateway);
        }
    };
    let written = maker.write(order, &output, &mut progress, sealing)?;
    let bytes = std::fs::metadata(&output).map_err(|cause| NotMade::Io { path: output, cause })?.len();
    let derived = written.derived;
    Ok(Content {
        bytes,
        manifest: written.manifest,
        leaves: derived.leaves,
        populations: derived.rows.into_iter().map(|(name, rows)| (name.to_owned(), rows)).collect(),
        exceptions: derived.exceptions.values().sum(),
        gaps: derived.gaps,
    })
}

/// `evidence.exported`, by whoever asked.
fn exported(who: &Arc<Principal>, order: &Order, written: &Written) -> Event {
    let detail = json!({
        "manifest": written.manifest, "from": order.period.from, "until": order.period.until,
        "leaves": written.derived.leaves, "size": written.log.size, "samples": written.derived.selected.len(),
        "bodies": if order.bodies == Bodies::Opened { "opened" } else { "sealed" }, "by": "api",
    });
    Event::by(who, EventType::EvidenceExported, &detail)
}
