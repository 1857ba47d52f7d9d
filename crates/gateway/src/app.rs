//! Puts the parts together, runs them, and takes them down in the right order.

mod assemble;
mod configuration;
pub mod epoch;
mod telemetry;
mod upkeep;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use telemetry::{Ink, assurance, telemetry};

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::exchange::Gateway;
use crate::listen::{self, Acceptor, Ending};
use crate::{admin, endpoint, limits};

/// A gateway that runs in this process.
pub struct Running {
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// Where callers connect.
    pub address: SocketAddr,
    /// Where operators connect.
    pub admin: Option<SocketAddr>,
    tls: Option<Arc<Acceptor>>,
    ending: Ending,
    callers: JoinHandle<()>,
    beside: Vec<JoinHandle<()>>,
}

/// Opens the store and the ledger, connects the parts, listens.
///
/// # Errors
/// Whatever keeps the gateway from starting, worded for the operator.
pub async fn start(config: &Config) -> anyhow::Result<Running> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let tls = match &config.listen.tls {
        None => None,
        Some(files) => Some(Arc::new(Acceptor::new(files.clone())?)),
    };
    let listener = bind(config.listen.address).await?;
    let operators = match &config.admin {
        None => None,
        Some(admin) => Some(bind(admin.address).await?),
    };
    let address = listener.local_addr()?;
    let admin = operators.as_ref().map(TcpListener::local_addr).transpose()?;
    let gateway = Arc::new(assemble::gateway(config, clock).await?);
    gateway.authenticator.refresh().await;
    let ending = Ending { leaving: gateway.leaving.clone(), stop: CancellationToken::new() };
    let handle = {
        let gateway = gateway.clone();
        move |peer, request| endpoint::answer(gateway.clone(), peer, request)
    };
    let callers = tokio::spawn(listen::serve(listener, tls.clone(), ending.clone(), handle));
    let mut beside = upkeep::tasks(&gateway, tls.as_ref());
    if let Some(operators) = operators {
        beside.push(tokio::spawn(admin::serve(operators, gateway.clone())));
    }
    tracing::info!(%address, servers = gateway.servers.len(), "listening");
    Ok(Running { gateway, address, admin, tls, ending, callers, beside })
}

impl Running {
    /// Tells whoever asks that this gateway is going, and serves on for `grace`: callers and load balancers that have
    /// not heard of it yet lose nothing.
    pub async fn leave(&self, grace: Duration) {
        self.gateway.leaving.cancel();
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(grace_ms, "leaving: readiness is red, connections are still taken");
        tokio::time::sleep(grace).await;
    }

    /// Stops: no new calls; those in flight may finish; then the log is sealed for this process.
    ///
    /// # Errors
    /// When the last leaves could not be written: the next start completes them.
    pub async fn stop(self) -> anyhow::Result<()> {
        let gateway = &self.gateway;
        gateway.leaving.cancel();
        gateway.draining.cancel();
        self.ending.stop.cancel();
        tracing::info!("stopping: calls in flight may finish");
        // It ends by itself within the drain limit; a panic in it must not keep the log from being sealed.
        drop(self.callers.await);
        gateway.stopping.cancel();
        let everyone = u32::try_from(limits::EXCHANGES_MAX).unwrap_or(u32::MAX);
        let last = Duration::from_millis(limits::STOP_MS);
        if tokio::time::timeout(last, gateway.places.acquire_many(everyone)).await.is_err() {
            tracing::warn!("some exchanges did not end; they are recorded as orphaned");
        }
        for server in gateway.servers.values() {
            server.upstream.shutdown().await;
        }
        for task in self.beside {
            task.abort();
        }
        upkeep::write_failures(gateway, gateway.flood.all()).await;
        gateway.ledger.stop().await.context("the end of the log could not be written")
    }

    /// Reads policies and certificates again.
    pub async fn reload(&self) {
        upkeep::reload_policies(&self.gateway).await;
        if let Some(tls) = &self.tls {
            upkeep::refresh_tls(tls);
        }
    }
}

/// Runs until SIGTERM, which leaves time to callers that do not know yet, or SIGINT, which does not. SIGHUP reloads.
///
/// # Errors
/// What kept the gateway from starting or from ending in order.
pub async fn serve(config: &Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    raise_descriptors();
    let running = start(config).await?;
    loop {
        tokio::select! {
            _ = terminate.recv() => {
                let grace = Duration::from_millis(config.listen.drain_grace_ms);
                tokio::select! {
                    () = running.leave(grace) => break,
                    // Whoever asks again does not want to wait.
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                    reason = running.gateway.ledger.failed() => anyhow::bail!("the ledger failed: {reason}"),
                }
            }
            _ = interrupt.recv() => break,
            _ = hangup.recv() => running.reload().await,
            reason = running.gateway.ledger.failed() => {
                // What the disk holds is not known any more: end at once, without another write.
                anyhow::bail!("the ledger failed: {reason}");
            }
        }
    }
    running.stop().await
}

/// Takes as many file descriptors as the system lets this process have: every stream needs two, and the usual soft limit
/// of 1,024 is there for programs that use `select`.
fn raise_descriptors() {
    let allowed = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: allowed.maximum, maximum: allowed.maximum };
    if allowed.current != allowed.maximum
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        tracing::warn!(%error, limit = allowed.current, "cannot raise the limit of open files");
    }
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on `{address}`; end what listens there, or choose another address")
    })
}
