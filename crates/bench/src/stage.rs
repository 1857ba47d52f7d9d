//! What is measured: an upstream, an issuer of tokens, and ways to the upstream.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use fixture::issuer::{Issuer, Person, Settings};
use fixture::loopback::Running;
use fixture::postgres::{self, Durability, GATEWAY, OWNER};

use crate::process::Process;

/// Longer than any run.
const TOKEN_SECONDS: u64 = 24 * 60 * 60;
const POLICIES: &str = include_str!("policies.cedar");
/// Numbers of gateways on one PostgreSQL database.
const MEMBERS: [usize; 3] = [1, 2, 4];

/// One way to the upstream: through one process, or through several of which each takes its share of callers.
pub(crate) struct Way {
    pub(crate) name: String,
    pub(crate) processes: Vec<Process>,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) path: &'static str,
    pub(crate) token: String,
}

/// What every gateway needs.
struct Ground {
    issuer: Issuer,
    issuing: Running,
    upstream: Process,
    upstream_address: SocketAddr,
    directory: tempfile::TempDir,
}

/// The floor and the gateway.
pub(crate) struct Stage {
    pub(crate) floor: Way,
    pub(crate) gateway: Way,
    ground: Ground,
}

/// Gateways on SQLite and on PostgreSQL.
pub(crate) struct Ledgers {
    pub(crate) ways: Vec<Way>,
    pub(crate) server: postgres::Server,
    ground: Ground,
}

impl Stage {
    /// Starts it all.
    pub(crate) async fn set(binary: &Path, directory: Option<&Path>) -> anyhow::Result<Self> {
        let ground = Ground::lay(directory).await?;
        let gateway = ground.sqlite(binary, "the gateway").await?;
        let (process, address) = Process::start(&["floor", &ground.upstream_address.to_string()]).await?;
        let floor = Way {
            name: "the floor".to_owned(),
            processes: vec![process],
            addresses: vec![address],
            path: gateway.path,
            token: gateway.token.clone(),
        };
        Ok(Self { floor, gateway, ground })
    }

    /// Ends it all.
    pub(crate) async fn strike(self) -> anyhow::Result<()> {
        self.gateway.end().await?;
        self.floor.end().await?;
        self.ground.strike().await
    }
}

impl Ledgers {
    /// Starts it all.
    pub(crate) async fn set(binary: &Path, directory: Option<&Path>) -> anyhow::Result<Self> {
        let ground = Ground::lay(directory).await?;
        let place = ground.directory.path().join("server");
        std::fs::create_dir(&place)?;
        let server = tokio::task::block_in_place(|| postgres::Server::start(&place, Durability::Kept));
        let mut ways = vec![ground.sqlite(binary, "SQLite").await?];
        for members in MEMBERS {
            ways.push(ground.postgres(binary, &server, members).await?);
        }
        Ok(Self { ways, server, ground })
    }

    /// Ends it all.
    pub(crate) async fn strike(self) -> anyhow::Result<()> {
        for way in self.ways {
            way.end().await?;
        }
        tokio::task::block_in_place(|| drop(self.server));
        self.ground.strike().await
    }
}

impl Ground {
    async fn lay(directory: Option<&Path>) -> anyhow::Result<Self> {
        let directory = match directory {
            Some(parent) => tempfile::tempdir_in(parent),
            None => tempfile::tempdir(),
        };
        let directory = directory.context("no directory for the gateway")?;
        // A database server runs as another user, who must be able to pass.
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755))?;
        let settings = Settings {
            people: vec![Person::new("alice", &["support", "engineering"])],
            token_seconds: TOKEN_SECONDS,
            ..Settings::default()
        };
        let (issuer, issuing) = Issuer::start(settings).await?;
        let (upstream, upstream_address) = Process::start(&["upstream"]).await?;
        let policies = directory.path().join("policies");
        std::fs::create_dir(&policies)?;
        std::fs::write(policies.join("bench.cedar"), POLICIES)?;
        Ok(Self { issuer, issuing, upstream, upstream_address, directory })
    }

    async fn sqlite(&self, binary: &Path, name: &str) -> anyhow::Result<Way> {
        let [address] = addresses::<1>()?;
        let storage = "  directory: data/sqlite\n";
        let file = self.configure("sqlite", (address, address), storage)?;
        self.way(name.to_owned(), vec![Process::gateway(binary, &file).await?], vec![address])
    }

    async fn postgres(
        &self,
        binary: &Path,
        server: &postgres::Server,
        members: usize,
    ) -> anyhow::Result<Way> {
        let database = format!("of_{members}");
        tokio::task::block_in_place(|| server.database(&database));
        let addresses: Vec<_> = addresses::<4>()?.into_iter().take(members).collect();
        let first = *addresses.first().context("no member")?;
        let mut processes = Vec::new();
        for (number, address) in addresses.iter().enumerate() {
            let name = format!("{database}-{number}");
            let storage = format!(
                "  directory: data/{name}\n  keys: keys/{database}\n  postgres:\n    url: {}\n",
                server.url(GATEWAY, &database)
            );
            let file = self.configure(&name, (*address, first), &storage)?;
            if number == 0 {
                Process::migrate(binary, &file, OWNER).await?;
            }
            // One after the other: the first makes the keys, which all share here.
            processes.push(Process::gateway(binary, &file).await?);
        }
        self.way(format!("PostgreSQL, {members}"), processes, addresses)
    }

    fn way(&self, name: String, processes: Vec<Process>, addresses: Vec<SocketAddr>) -> anyhow::Result<Way> {
        let first = addresses.first().context("no address")?;
        let token = self.issuer.token_for("alice", &format!("http://{first}/mcp/orders"))?;
        Ok(Way { name, processes, addresses, path: "/mcp/orders", token })
    }

    /// Writes the configuration of a gateway that listens on one address and is known by another.
    fn configure(
        &self,
        name: &str,
        (address, public): (SocketAddr, SocketAddr),
        storage: &str,
    ) -> anyhow::Result<std::path::PathBuf> {
        let file = self.directory.path().join(format!("{name}.yaml"));
        let (issuer, upstream) = (self.issuer.url(), self.upstream_address);
        let text = format!(
            "deployment: bench\nlisten:\n  address: {address}\n  public_url: http://{public}\n\
             storage:\n{storage}identity:\n  issuers:\n    - name: bench\n      url: {issuer}\n\
             policy:\n  directory: policies\nlog:\n  format: json\n\
             servers:\n  - name: orders\n    http:\n      url: http://{upstream}/mcp\n"
        );
        std::fs::write(&file, text)?;
        Ok(file)
    }

    async fn strike(self) -> anyhow::Result<()> {
        self.upstream.end().await?;
        Ok(self.issuing.stop().await?)
    }
}

impl Way {
    async fn end(self) -> anyhow::Result<()> {
        for process in self.processes {
            process.end().await?;
        }
        Ok(())
    }
}

/// Addresses that nobody listens on. A gateway's public URL names its port, so the port must be known before.
fn addresses<const COUNT: usize>() -> anyhow::Result<[SocketAddr; COUNT]> {
    let mut listeners = Vec::new();
    let mut addresses = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); COUNT];
    for address in &mut addresses {
        let listener = std::net::TcpListener::bind(*address)?;
        *address = listener.local_addr()?;
        listeners.push(listener);
    }
    Ok(addresses)
}
