//! From a configuration to a gateway that is ready to answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::hmac;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{configuration, upkeep};
use crate::acceptance::Acceptances;
use crate::anchor::Anchors;
use crate::approval::{Approvals, Known, Sinks};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::{Config, ServerConfig};
use crate::exchange::ending::Endings;
use crate::exchange::flood::Flood;
use crate::exchange::session::Sessions;
use crate::exchange::{Errands, Gateway, Holding, Schemas, Server};
use crate::identity::{Authenticator, ServiceKeys};
use crate::ledger::{self, Days, EventActor, Keyring, Ledger, Missing, Rules};
use crate::limits;
use crate::mask::Mask;
use crate::mcp::header::Ours;
use crate::metrics::Metrics;
use crate::policy::Policies;
use crate::publication::{self, Publications};
use crate::recognizer::Recognizer;
use crate::service_key::Registry;
use crate::sign_in::SignIns;
use crate::statement::Reader;
use crate::store::{self, Access, Db};
use crate::upstream::stdio::Surroundings;
use crate::upstream::{Health, HttpUpstream, Stdio, Upstream};

/// Opens everything. The order matters: policies and servers are checked before the log is touched.
pub(super) async fn gateway(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Gateway> {
    let policies =
        Arc::new(Policies::open(&config.policy.directory).map_err(|rejected| anyhow!("{rejected}"))?);
    let servers = servers(config, &clock)?;
    let statements = Arc::new(statements(config)?);
    let Opening { db, ledger, seal, approval_key, pseudonym_key, sign_in_key } =
        open_ledger(config, &clock).await?;
    configuration::record(config, &db, &ledger, &pseudonym_key).await?;
    let mask = Arc::new(Mask::new(&config.masking, &config.servers, pseudonym_key)?);
    let keys = Arc::new(ServiceKeys::new(seal.clone()));
    let registry = Registry::new(db.clone(), seal.clone(), clock.clone());
    registry.step(&keys, &ledger).await.context("cannot read service keys")?;
    let authenticator = Authenticator::new(
        &config.identity,
        &config.servers,
        &config.listen.public_url,
        keys.clone(),
        clock.clone(),
    )?;
    let catalog = catalog(config, &db, &ledger).await?;
    let acceptances = Acceptances::new(db.clone(), ledger.row_seal(), mask.clone(), clock.clone());
    acceptances.step(&catalog, &ledger).await.context("cannot read accepted definitions")?;
    let publications = publications(config, &db, &ledger, seal.clone(), &clock, &policies).await?;
    let anchors = anchors(config, &db, &ledger, &clock)?;
    let sinks = Sinks::new(&config.approvals)?;
    let known = Known { statements: statements.clone(), catalog: catalog.clone() };
    let sign_ins = SignIns::new(db.clone(), sign_in_key, &config.listen.public_url, clock.clone());
    let approvals =
        Approvals::new(db.clone(), ledger.clone(), approval_key, mask.clone(), known, clock.clone(), sinks)
            .signed_for(sign_ins.relying_party().cloned());
    Ok(Gateway {
        servers,
        deployment: Arc::from(&*config.deployment),
        anchors,
        sign_ins: Arc::new(sign_ins),
        approvals: Arc::new(approvals),
        holding: Holding::new(&config.approvals, &config.listen.public_url),
        authenticator: Arc::new(authenticator),
        service_keys: keys,
        registry,
        acceptances,
        policies,
        publications,
        schemas: Schemas::new(db.clone(), ledger.row_seal()),
        ledger,
        catalog,
        mask,
        recognizer: recognizer(config)?,
        statements,
        sessions: Sessions::default(),
        endings: Endings::open(&db).await.context("cannot read which sessions are ended")?,
        retention: rules(config),
        db,
        metrics: Metrics::default(),
        config: Arc::new(config.clone()),
        errands: Errands::default(),
        flood: Flood::new(clock.clone()),
        clock,
        ours: ours(config),
        behind_proxy: config.listen.behind_proxy,
        places: Arc::new(Semaphore::new(limits::EXCHANGES_MAX)),
        presses: Semaphore::new(limits::SLACK_BODIES_MAX),
        leaving: CancellationToken::new(),
        streams: Arc::new(Semaphore::new(limits::EVENT_STREAMS_MAX)),
        listeners: crate::moment::Listeners::default(),
        moments: tokio::sync::watch::Sender::default(),
        draining: CancellationToken::new(),
        stopping: CancellationToken::new(),
    })
}

async fn catalog(config: &Config, db: &Db, ledger: &Ledger) -> anyhow::Result<Arc<Catalog>> {
    let catalog = Arc::new(Catalog::default());
    let names = config.servers.iter().map(|server| &*server.name);
    upkeep::restore(&catalog, (db, ledger), names).await.context("cannot read the catalog of definitions")?;
    Ok(catalog)
}

fn ours(config: &Config) -> Ours {
    let listen = &config.listen;
    Ours::new(&listen.public_url, &listen.allowed_hosts, &listen.allowed_origins)
}

/// Sets that are published here, of which the latest is in force before the first question, on record.
async fn publications(
    config: &Config,
    db: &Db,
    ledger: &Ledger,
    key: hmac::Key,
    clock: &Arc<dyn Clock>,
    policies: &Policies,
) -> anyhow::Result<Publications> {
    let consent = config.policy.publish.map(|publish| publish.consent);
    let publications = Publications::new(db.clone(), ledger.clone(), key, clock.clone(), consent);
    publications.restore(policies).await.context("cannot read the policies that were published here")?;
    let (change, set) = (policies.change_at_start(), policies.current());
    ledger.note(publication::published(&change, &set, EventActor::Gateway, Value::Null)).await?;
    Ok(publications)
}

fn recognizer(config: &Config) -> anyhow::Result<Option<Recognizer>> {
    let recognizer = config.masking.recognizer.as_ref().map(Recognizer::new).transpose();
    recognizer.map_err(|cause| anyhow!("`masking.recognizer`: {cause}"))
}

fn rules(config: &Config) -> Rules {
    let common =
        Days { ordinary: config.retention.ordinary_days, privileged: config.retention.privileged_days };
    let own = |server: &ServerConfig| {
        let own = server.retention?;
        let days = Days {
            ordinary: own.ordinary_days.unwrap_or(common.ordinary),
            privileged: own.privileged_days.unwrap_or(common.privileged),
        };
        Some((server.name.clone(), days))
    };
    Rules { common, servers: config.servers.iter().filter_map(own).collect() }
}

fn statements(config: &Config) -> anyhow::Result<Reader> {
    Reader::new(&config.servers).context("cannot start the classifier of statements")
}

fn anchors(config: &Config, db: &Db, ledger: &Ledger, clock: &Arc<dyn Clock>) -> anyhow::Result<Anchors> {
    let lines = super::telemetry::checkpoint_lines(&config.log);
    Ok(Anchors::new(&config.anchors, lines, db.clone(), ledger.clone(), clock.clone())?)
}

fn servers(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<HashMap<String, Arc<Server>>> {
    config
        .servers
        .iter()
        .map(|server| {
            let upstream = upstream(server, clock).with_context(|| format!("server `{}`", server.name))?;
            Ok((
                server.name.clone(),
                Arc::new(Server {
                    name: Arc::from(&*server.name),
                    upstream,
                    health: Health::default(),
                    tasks: AtomicBool::default(),
                }),
            ))
        })
        .collect()
}

fn upstream(server: &ServerConfig, clock: &Arc<dyn Clock>) -> anyhow::Result<Upstream> {
    let timeout = Duration::from_millis(server.timeout_ms);
    if let Some(http) = &server.http {
        return Ok(Upstream::Http(Box::new(
            HttpUpstream::new(http, timeout).map_err(|cause| anyhow!(cause))?,
        )));
    }
    let stdio = server.stdio.as_ref().context("it has neither `http` nor `stdio`")?;
    Ok(Upstream::Stdio(Stdio::new(
        &server.name,
        stdio,
        timeout,
        Surroundings::of_this_process(clock.clone()),
    )))
}

/// The store and the log, and keys that others derive from the keyring.
struct Opening {
    db: Db,
    ledger: Ledger,
    seal: hmac::Key,
    approval_key: hmac::Key,
    pseudonym_key: hmac::Key,
    sign_in_key: LessSafeKey,
}

async fn open_ledger(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Opening> {
    let (storage, clock) = (config.storage.clone(), clock.clone());
    let (deployment, signer) = (config.deployment.clone(), config.signer.clone());
    tokio::task::spawn_blocking(move || {
        let db = Db::open(&storage, Access::Gateway)?;
        // Whoever finds a log and no keys has lost them, or is another gateway that was not given its copy. The keys of a later
        // epoch are made when the one before ends, never here: a row alone must not begin one.
        let epoch = db.read_now("epoch", store::epoch::current)?.number;
        let begun = epoch > 1 || db.read_now("lanes", store::lane::last)?.is_some();
        let missing = if begun { Missing::Refuse } else { Missing::Create };
        let origin = ledger::origin(&deployment, epoch);
        let keys = Keyring::open_for(&storage.key_directory(), &origin, missing, signer.as_ref())?;
        let (seal, approval_key) = (keys.service_key_seal(), keys.approval_key());
        let pseudonym_key = keys.pseudonym_key();
        let sign_in_key = keys.sign_in_key().map_err(|_| anyhow!("the payload key cannot be used"))?;
        let silence_ms = storage.postgres.map_or(limits::LANE_SILENCE_MS, |postgres| postgres.silence_ms);
        let ledger = Ledger::start_among(&db, keys, clock, Duration::from_millis(silence_ms))?;
        Ok(Opening { db, ledger, seal, approval_key, pseudonym_key, sign_in_key })
    })
    .await?
}
