//! What the demo runs on: an issuer, two MCP servers, policies, and the gateway in front, all on this machine.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use fixture::issuer::{Client, Issuer, Person, Settings};
use fixture::loopback::Running as Fixture;
use fixture::mcp::Front;
use fixture::orders::Orders;

use crate::app::{self, Running};
use crate::config;

/// The credential that only the gateway and the shop know.
const SHOP_CREDENTIAL: &str = "demo-shop-credential";
/// Tokens of the demo live for a working day.
const TOKEN_SECONDS: u64 = 8 * 60 * 60;
const CONSOLE_CLIENT: &str = "countersign-console";
const POLICIES: &str = include_str!("policies.cedar");

/// Everything the demo runs.
pub(super) struct Stage {
    pub(super) directory: PathBuf,
    pub(super) gateway: Running,
    pub(super) base: String,
    issuer: Issuer,
    kept: Kept,
    fixtures: Vec<Fixture>,
}

enum Kept {
    Temporary,
    Asked,
}

impl Stage {
    /// Starts it all. `keep` must not exist yet.
    pub(super) async fn set(keep: Option<&Path>, port: u16) -> anyhow::Result<Self> {
        let (directory, kept) = match keep {
            Some(directory) => (directory.to_owned(), Kept::Asked),
            None => (temporary()?, Kept::Temporary),
        };
        if directory.exists() {
            bail!("`{}` exists; name a new directory", directory.display());
        }
        std::fs::create_dir_all(directory.join("policies"))?;
        std::fs::create_dir_all(directory.join("files"))?;
        let directory = directory.canonicalize()?;
        std::fs::write(directory.join("policies/demo.cedar"), POLICIES)?;
        std::fs::write(directory.join("files/runbook.md"), "# Runbook\n\nRestart the shop before noon.\n")?;

        let base = format!("http://127.0.0.1:{port}");
        let settings = Settings {
            people: people(),
            clients: vec![console(&base)],
            token_seconds: TOKEN_SECONDS,
            ..Settings::default()
        };
        let (issuer, issuing) = Issuer::start(settings).await?;
        let front = Front { credential: Some(SHOP_CREDENTIAL.to_owned()), ..Front::default() };
        let shop = fixture::mcp::start(Orders::open(None)?, front).await?;
        let file = directory.join("countersign.yaml");
        std::fs::write(&file, configuration(&base, port, issuer.url(), &shop.url(fixture::mcp::PATH))?)?;
        std::fs::write(directory.join("shop.credential"), SHOP_CREDENTIAL)?;
        let config = config::load(&file)?;
        let gateway = app::start(&config).await?;
        Ok(Self { directory, gateway, base, issuer, kept, fixtures: vec![issuing, shop] })
    }

    /// An access token of `person` for `server`.
    pub(super) fn token(&self, person: &str, server: &str) -> anyhow::Result<String> {
        self.issuer.token_for(person, &format!("{}/mcp/{server}", self.base)).context("the demo's issuer")
    }

    /// An access token of `person` for the gateway's own API.
    pub(super) fn api_token(&self, person: &str) -> anyhow::Result<String> {
        self.issuer.token_for(person, &format!("{}/api", self.base)).context("the demo's issuer")
    }

    /// Stops everything; removes the directory unless it was asked for.
    pub(super) async fn strike(self) -> anyhow::Result<()> {
        let stopped = self.gateway.stop().await;
        for fixture in self.fixtures {
            fixture.stop().await?;
        }
        if matches!(self.kept, Kept::Temporary) {
            std::fs::remove_dir_all(&self.directory)?;
        }
        stopped
    }
}

/// The gateway as an application of the demo's issuer: people sign in to its console.
fn console(base: &str) -> Client {
    let callback = format!("{base}{}", crate::sign_in::CALLBACK);
    Client { id: CONSOLE_CLIENT.to_owned(), redirect_uris: vec![callback], ..Client::default() }
}

/// Three people whom the demo's policies tell apart.
fn people() -> Vec<Person> {
    vec![
        Person::new("alice", &["support"]),
        Person::new("bob", &["operations"]),
        Person::new("carol", &["auditors"]),
    ]
}

fn temporary() -> anyhow::Result<PathBuf> {
    let mut random = [0; 8];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| anyhow::anyhow!("the system has no randomness"))?;
    let name = format!("countersign-demo-{:016x}", u64::from_be_bytes(random));
    Ok(std::env::temp_dir().join(name))
}

fn configuration(base: &str, port: u16, issuer: &str, shop: &str) -> anyhow::Result<String> {
    let program = std::env::current_exe()?;
    let program = program.to_str().context("the path of this program is not UTF-8")?;
    Ok(format!(
        r#"# The demo's configuration. Use it with the other commands: countersign log show -c <this file>
deployment: demo
listen:
  address: 127.0.0.1:{port}
  public_url: {base}
  drain_grace_ms: 0
storage:
  directory: data
identity:
  issuers:
    - name: demo
      url: {issuer}
      console:
        client_id: {CONSOLE_CLIENT}
        accounts:
          - login: alice
            label: Alice (support)
          - login: bob
            label: Bob (operations)
          - login: carol
            label: Carol (auditors)
policy:
  directory: policies
servers:
  - name: orders
    http:
      url: {shop}
      credential:
        value:
          file: shop.credential
  - name: files
    stdio:
      command: ["{program}", demo-files, files]
      directory: .
log:
  level: error
"#
    ))
}
