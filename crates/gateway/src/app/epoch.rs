//! Ending the log and beginning its next epoch, while no gateway runs.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use evidence::epoch::{Genesis, Seal};
use evidence::note::VerifierKey;

use super::assemble;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::ledger::{self, Declared, Keyring, Missing, keyring};
use crate::limits;
use crate::store::epoch::{self, Epoch};
use crate::store::{Access, Db};

/// Whether the log goes on after a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Successor {
    /// In a next epoch, whose key is made and named.
    Epoch,
    /// No: it ends for good.
    None,
}

/// Seals the log; answers its last checkpoint.
///
/// # Errors
/// What to tell the operator.
pub async fn seal(config: &Config, reason: &str, successor: Successor) -> anyhow::Result<Arc<str>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let directory = config.storage.key_directory();
    let epoch = {
        let db = open(config).await?;
        let epoch = db.read("epoch", epoch::current).await?;
        let origin = ledger::origin(&config.deployment, epoch.number);
        ledger::quiesce(&db, &*clock, silence(config)).await?;
        let (clock, keys, signer) = (clock.clone(), directory.clone(), config.signer.clone());
        let finished = tokio::task::spawn_blocking(move || {
            let keys = Keyring::open_for(&keys, &origin, Missing::Refuse, signer.as_ref())?;
            ledger::finish_seal(&db, &keys, &*clock)
        });
        if let Some(note) = finished.await?? {
            return Ok(note);
        }
        epoch
    };
    let next_key = match successor {
        Successor::Epoch => {
            Some(keyring::prepare(&directory, &next(config, &epoch), config.signer.as_ref())?.to_string())
        }
        Successor::None => None,
    };
    let gateway = assemble::gateway(config, clock).await?;
    gateway.approvals.end_all("log_sealed").await.context("approvals that wait could not be ended")?;
    let note = gateway.ledger.end_log(&Seal { next_key, reason: reason.to_owned() }).await;
    note.context("the log could not be sealed")
}

/// Begins the next epoch; answers what its first leaf says. `old` verifies the epoch before; without it its public key is
/// taken from the key directory.
///
/// # Errors
/// What to tell the operator.
pub async fn begin(
    config: &Config,
    reason: &str,
    declared: Declared,
    old: Option<VerifierKey>,
) -> anyhow::Result<Genesis> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let directory = config.storage.key_directory();
    let db = open(config).await?;
    let epoch = db.read("epoch", epoch::current).await?;
    ledger::quiesce(&db, &*clock, silence(config)).await?;
    let old = match old {
        Some(old) => old,
        None => {
            keyring::read_key_of(&directory, epoch.number).context("give the key with `--previous-key`")?
        }
    };
    let (origin, reason, signer) = (next(config, &epoch), reason.to_owned(), config.signer.clone());
    let begun = tokio::task::spawn_blocking(move || {
        keyring::prepare(&directory, &origin, signer.as_ref())?;
        let keys = Keyring::open_for(&directory, &origin, Missing::Refuse, signer.as_ref())?;
        ledger::begin_epoch(&db, keys, &old, clock, &reason, declared)
    });
    let (genesis, ledger) = begun.await??;
    ledger.stop().await.context("the epoch has begun; its first checkpoint could not be written")?;
    let sealed = genesis.previous.as_ref().is_some_and(|previous| previous.loss.is_none());
    if sealed {
        // Of a sealed epoch everything is signed that ever will be.
        let origin = ledger::origin(&config.deployment, epoch.number);
        keyring::retire(&config.storage.key_directory(), &origin)?;
    }
    Ok(genesis)
}

fn next(config: &Config, epoch: &Epoch) -> String {
    ledger::origin(&config.deployment, epoch.number + 1)
}

async fn open(config: &Config) -> anyhow::Result<Db> {
    let storage = config.storage.clone();
    let opened = tokio::task::spawn_blocking(move || Db::open(&storage, Access::Gateway));
    opened.await?.context("the log is ended and begun while no gateway runs")
}

fn silence(config: &Config) -> Duration {
    let shared = config.storage.postgres.as_ref();
    Duration::from_millis(shared.map_or(limits::LANE_SILENCE_MS, |postgres| postgres.silence_ms))
}
