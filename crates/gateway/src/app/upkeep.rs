//! What goes on beside the calls: reloading, refreshing, keeping the log alive.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::catalog::{Catalog, Listed};
use crate::exchange::{Gateway, forget_unused};
use crate::follower::Follower;
use crate::ledger::{Denial, EventActor, Ledger, Retained};
use crate::limits;
use crate::listen::{Acceptor, Refresh};
use crate::model::TargetKind;
use crate::publication::published;
use crate::store::{self, Db, Hearing, Topic};

/// Starts everything that goes on beside the calls. The tasks run until they are aborted.
pub(super) fn tasks(gateway: &Arc<Gateway>, tls: Option<&Arc<Acceptor>>) -> Vec<JoinHandle<()>> {
    let mut tasks = Vec::new();
    let ledger = gateway.ledger.clone();
    tasks.push(tokio::spawn(async move { ledger.tend().await }));
    let this = gateway.clone();
    tasks.push(tokio::spawn(async move { this.authenticator.run().await }));
    let this = gateway.clone();
    tasks.push(tokio::spawn(async move { watch_policies(&this).await }));
    let this = gateway.clone();
    tasks.push(tokio::spawn(async move { this.registry.run(&this.service_keys, &this.ledger).await }));
    let this = gateway.clone();
    tasks.push(tokio::spawn(async move { this.acceptances.run(&this.catalog, &this.ledger).await }));
    let this = gateway.clone();
    tasks.push(tokio::spawn(async move { this.endings.run().await }));
    let this = gateway.clone();
    tasks.push(tokio::spawn(async move { count_failures(&this).await }));
    let this = gateway.clone();
    tasks.push(tokio::spawn(async move { this.approvals.run().await }));
    let this = gateway.clone();
    tasks.push(tokio::spawn(async move { this.approvals.deliver().await }));
    let this = gateway.clone();
    tasks.push(tokio::spawn(async move { crate::review::watch(&this).await }));
    let this = gateway.clone();
    tasks.push(tokio::spawn(async move { crate::canary::watch(&this).await }));
    let this = gateway.clone();
    tasks.push(tokio::spawn(async move { crate::depot::watch(&this).await }));
    tasks.push(tokio::spawn(crate::api::look(gateway.clone())));
    let this = gateway.clone();
    tasks.push(tokio::spawn(async move { retain(&this).await }));
    let this = gateway.clone();
    tasks.push(tokio::spawn(async move { forget(&this).await }));
    // Nobody looks where nobody has a role.
    if gateway.authenticator.has_roles() {
        let follower = Follower::new(gateway.db.clone());
        tasks.push(tokio::spawn(async move { follower.run().await }));
    }
    let this = gateway.clone();
    tasks.push(tokio::spawn(async move { this.anchors.run().await }));
    if gateway.db.is_shared() {
        let this = gateway.clone();
        tasks.push(tokio::spawn(async move { watch_catalog(&this).await }));
        let this = gateway.clone();
        tasks.push(tokio::spawn(async move { listen(&this).await }));
    }
    if let Some(tls) = tls.cloned() {
        tasks.push(tokio::spawn(async move { watch_tls(&tls).await }));
    }
    tasks
}

/// Reads what upstreams listed, as far as the store knows.
pub(super) async fn restore<'s>(
    catalog: &Catalog,
    (db, ledger): (&Db, &Ledger),
    servers: impl Iterator<Item = &'s str>,
) -> Result<(), store::Error> {
    let mut others = 0;
    for server in servers {
        let (name, seal) = (server.to_owned(), ledger.row_seal());
        let limit = u32::try_from(limits::CATALOG_ENTRIES_MAX).unwrap_or(u32::MAX);
        let found =
            db.read("catalog", move |read| store::definition::of_server(read, &seal, &name, limit)).await?;
        let (rows, foreign) = found;
        others += foreign;
        for row in rows {
            let Some(kind) = TargetKind::parse(&row.kind) else { continue };
            let listed = Listed { pinned: row.pinned, current: row.current };
            catalog.restore(server, kind, row.name, listed);
        }
    }
    ledger.rows_of_others("definition", others);
    Ok(())
}

/// Has the database tell what other gateways change, and says in the log when it does not.
async fn listen(gateway: &Gateway) {
    let _listening = match gateway.db.listen() {
        Ok(listening) => listening,
        Err(error) => {
            tracing::warn!(%error, "the system gives no thread to listen: what others change is looked for");
            return;
        }
    };
    let mut hearing = gateway.db.news().hearing();
    loop {
        let now = hearing.borrow_and_update().clone();
        gateway.metrics.listening.set(i64::from(now == Hearing::Told));
        match now {
            Hearing::Looking => {}
            Hearing::Told => tracing::info!("the database tells what other gateways change"),
            Hearing::Deaf(reason) => tracing::warn!(
                reason,
                "what other gateways change is looked for, since the database does not tell"
            ),
        }
        if hearing.changed().await.is_err() {
            return;
        }
    }
}

/// Learns what the other gateways on the database learned: a definition that changed for one has changed for all.
async fn watch_catalog(gateway: &Gateway) {
    let mut ticks = tokio::time::interval(Duration::from_millis(limits::CATALOG_LOOK_MS));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut news = gateway.db.news().ear(&[Topic::Definitions]);
    let mut known = None;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = news.hear() => {}
        }
        let latest = gateway.db.read("latest definition", store::definition::latest).await;
        let learned = match latest {
            Ok(latest) if latest == known => continue,
            Ok(latest) => {
                let names = gateway.servers.keys().map(String::as_str);
                restore(&gateway.catalog, (&gateway.db, &gateway.ledger), names).await.map(|()| latest)
            }
            Err(error) => Err(error),
        };
        match learned {
            Ok(latest) => known = latest,
            Err(error) => tracing::debug!(%error, "cannot read what other gateways learned"),
        }
    }
}

/// Reads the policies again, puts a valid set on record, then in force.
pub(super) async fn reload_policies(gateway: &Gateway) {
    if gateway.publications.consent().is_some() {
        if let Err(error) = gateway.publications.follow(&gateway.policies).await {
            tracing::error!(%error, "policies that were published elsewhere are not in force here");
        }
        return;
    }
    let _turn = gateway.policies.turn().await;
    let policies = gateway.policies.clone();
    let candidate = match tokio::task::spawn_blocking(move || policies.candidate()).await {
        Ok(Ok(Some(candidate))) => candidate,
        Ok(Ok(None)) | Err(_) => return,
        Ok(Err(rejected)) => {
            tracing::error!("policies are not valid, so the old ones stay in force: {rejected}");
            return;
        }
    };
    let change = published(candidate.change(), candidate.set(), EventActor::Gateway, Value::Null);
    match gateway.ledger.note(change).await {
        Ok(_receipt) => {
            let revision = candidate.set().revision();
            gateway.policies.publish(candidate);
            // Said once they are in force: whoever reads the line may rely on it.
            tracing::info!(%revision, "policies published");
        }
        Err(error) => {
            tracing::error!(%error, "new policies could not be recorded, so the old ones stay in force");
        }
    }
}

/// Reads certificates again if their files changed.
pub(super) fn refresh_tls(tls: &Acceptor) {
    match tls.refresh() {
        Ok(Refresh::Unchanged) => {}
        Ok(Refresh::Replaced) => tracing::info!("new certificates are in use"),
        Err(error) => tracing::error!(%error, "new certificates cannot be used, so the old ones stay in use"),
    }
}

/// Writes what was only counted; what cannot be written is kept for the next time.
pub(super) async fn write_failures(gateway: &Gateway, counted: Vec<Denial>) {
    for denial in counted {
        if let Err(error) = gateway.ledger.deny(denial.clone()).await {
            tracing::warn!(%error, "failed authentications could not be recorded yet");
            gateway.flood.keep(denial);
        }
    }
}

async fn count_failures(gateway: &Gateway) {
    let mut ticks = tokio::time::interval(Duration::from_millis(limits::AUTH_FAILURES_LOOK_MS));
    loop {
        ticks.tick().await;
        write_failures(gateway, gateway.flood.due()).await;
    }
}

async fn retain(gateway: &Gateway) {
    let mut ticks = tokio::time::interval(Duration::from_millis(limits::RETENTION_MS));
    loop {
        ticks.tick().await;
        match gateway.ledger.retain(&gateway.retention).await {
            Ok(Retained { erased: 0, .. }) => {}
            Ok(Retained { erased, .. }) => {
                tracing::info!(bodies = erased, "recorded messages were erased: their time is over");
            }
            Err(error) => {
                tracing::warn!(%error, "recorded messages whose time is over could not be erased yet");
            }
        }
    }
}

/// Forgets whose sessions and tasks were that nobody uses any more: their tables would grow for ever.
async fn forget(gateway: &Gateway) {
    let mut ticks = tokio::time::interval(Duration::from_millis(limits::RETENTION_MS));
    loop {
        ticks.tick().await;
        match forget_unused(gateway).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "sessions and tasks that nobody uses were forgotten"),
            Err(error) => {
                tracing::warn!(%error, "sessions and tasks that nobody uses could not be forgotten");
            }
        }
    }
}

async fn watch_policies(gateway: &Arc<Gateway>) {
    let look = Duration::from_millis(limits::POLICY_LOOK_MS);
    if gateway.publications.consent().is_none() {
        loop {
            gateway.policies.changed(look).await;
            reload_policies(gateway).await;
        }
    }
    let mut news = gateway.db.news().ear(&[Topic::Policies]);
    let mut told = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(look) => {}
            () = news.hear() => {}
        }
        let found = gateway.publications.follow(&gateway.policies).await.err().map(|error| error.to_string());
        if let Some(problem) = found.as_ref().filter(|_| found != told) {
            tracing::error!("policies that were published elsewhere are not in force here: {problem}");
        }
        told = found;
    }
}

async fn watch_tls(tls: &Acceptor) {
    let mut ticks = tokio::time::interval(Duration::from_millis(limits::CERTIFICATE_WATCH_MS));
    loop {
        ticks.tick().await;
        refresh_tls(tls);
    }
}
