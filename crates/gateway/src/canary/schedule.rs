//! When canaries run. The log says when each ran last, so a restart or another gateway goes on where one left off.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use evidence::leaf::Leaf;

use super::{Checked, EVENT, run};
use crate::exchange::Gateway;
use crate::limits;
use crate::store;
use crate::store::entry::{self, Filter};

/// The latest run of each canary by its name, with its time and the index of its leaf.
///
/// # Errors
/// As the store says.
pub async fn latest(gateway: &Gateway) -> Result<HashMap<String, (i64, Option<u64>, Checked)>, store::Error> {
    let filter = Filter { event: Some(EVENT.as_str().to_owned()), ..Filter::default() };
    let most = limits::CANARY_RUNS_READ_MAX;
    let entries = gateway.db.read("runs of canaries", move |read| entry::page(read, &filter, most)).await?;
    let mut latest = HashMap::new();
    for entry in entries {
        let leaf = Leaf::decode(&entry.leaf).ok();
        let detail = leaf.as_ref().and_then(|leaf| leaf.detail.as_ref());
        let checked = detail.and_then(|detail| serde_json::from_str::<Checked>(detail.as_str()).ok());
        let Some(checked) = checked else { continue };
        latest.entry(checked.canary.clone()).or_insert((entry.ts, entry.index, checked));
    }
    Ok(latest)
}

/// Runs what is due, until dropped. Of several gateways on one database, one does.
pub async fn watch(gateway: &Arc<Gateway>) {
    if gateway.config.canaries.tests.is_empty() {
        return std::future::pending().await;
    }
    let mut ticks = tokio::time::interval(Duration::from_millis(limits::DUE_LOOK_MS));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut ran: Option<HashMap<String, i64>> = None;
    loop {
        ticks.tick().await;
        if !gateway.ledger.leads() {
            // Whoever leads meanwhile runs them: ask the log again afterwards.
            ran = None;
            continue;
        }
        if ran.is_none() {
            match latest(gateway).await {
                Ok(latest) => ran = Some(latest.into_iter().map(|(name, (ts, ..))| (name, ts)).collect()),
                Err(error) => {
                    tracing::warn!(%error, "nobody knows when canaries ran last; trying again");
                    continue;
                }
            }
        }
        if let Some(ran) = &mut ran {
            run_due(gateway, ran).await;
        }
    }
}

async fn run_due(gateway: &Arc<Gateway>, ran: &mut HashMap<String, i64>) {
    let every = i64::try_from(gateway.config.canaries.every_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    for test in &gateway.config.canaries.tests {
        let now = gateway.clock.now().as_microsecond();
        let due = ran.get(&test.name).is_none_or(|last| last.saturating_add(every) <= now);
        if !due || gateway.leaving.is_cancelled() {
            continue;
        }
        match run(gateway, test).await {
            Ok(_checked) => drop(ran.insert(test.name.clone(), now)),
            Err(error) => {
                tracing::warn!(%error, canary = test.name, "a canary could not be recorded; trying again");
            }
        }
    }
}
