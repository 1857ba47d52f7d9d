//! What is measured: an upstream, the floor and the gateway in front of it, and an issuer of tokens.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use fixture::issuer::{Issuer, Person, Settings};
use fixture::loopback::Running;

use crate::process::Process;

/// Longer than any run.
const TOKEN_SECONDS: u64 = 24 * 60 * 60;
const POLICIES: &str = include_str!("policies.cedar");

/// One way to the upstream.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) path: &'static str,
    pub(crate) token: String,
}

/// Everything that runs.
pub(crate) struct Stage {
    pub(crate) floor: Way,
    pub(crate) gateway: Way,
    upstream: Process,
    issuing: Running,
    _directory: tempfile::TempDir,
}

impl Stage {
    /// Starts it all.
    pub(crate) async fn set(gateway: &Path, directory: Option<&Path>) -> anyhow::Result<Self> {
        let directory = match directory {
            Some(parent) => tempfile::tempdir_in(parent),
            None => tempfile::tempdir(),
        };
        let directory = directory.context("no directory for the gateway")?;
        let settings = Settings {
            people: vec![Person::new("alice", &["support", "engineering"])],
            token_seconds: TOKEN_SECONDS,
            ..Settings::default()
        };
        let (issuer, issuing) = Issuer::start(settings).await?;
        let (upstream, upstream_address) = Process::start(&["upstream"]).await?;
        let (floor, floor_address) = Process::start(&["floor", &upstream_address.to_string()]).await?;

        // Its public URL names the port, so the port must be known before it listens.
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let token = issuer.token_for("alice", &format!("http://{address}/mcp/orders"))?;
        let file = directory.path().join("countersign.yaml");
        std::fs::create_dir(directory.path().join("policies"))?;
        std::fs::write(directory.path().join("policies/bench.cedar"), POLICIES)?;
        std::fs::write(&file, configuration(address, issuer.url(), upstream_address))?;
        let gateway = Process::gateway(gateway, &file).await?;
        let way = |name, process, address| Way {
            name,
            process,
            address,
            path: "/mcp/orders",
            token: token.clone(),
        };
        Ok(Self {
            floor: way("the floor", floor, floor_address),
            gateway: way("the gateway", gateway, address),
            upstream,
            issuing,
            _directory: directory,
        })
    }

    /// Ends it all.
    pub(crate) async fn strike(self) -> anyhow::Result<()> {
        for process in [self.gateway.process, self.floor.process, self.upstream] {
            process.end().await?;
        }
        Ok(self.issuing.stop().await?)
    }
}

fn configuration(gateway: SocketAddr, issuer: &str, upstream: SocketAddr) -> String {
    format!(
        "deployment: bench\nlisten:\n  address: {gateway}\n  public_url: http://{gateway}\n\
         storage:\n  directory: data\nidentity:\n  issuers:\n    - name: bench\n      url: {issuer}\n\
         policy:\n  directory: policies\nlog:\n  format: json\n\
         servers:\n  - name: orders\n    http:\n      url: http://{upstream}/mcp\n"
    )
}
