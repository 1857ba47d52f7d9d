//! `countersign key`: credentials for callers that no issuer knows. Works beside a running gateway, which takes
//! changes over within seconds and records them in its log.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use aws_lc_rs::rand::SystemRandom;
use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde_json::{Value, json};

use super::source::Common;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config};
use crate::identity::{EVERY_SERVER, ServiceKey, ServiceKeyKind};
use crate::ledger::keyring;
use crate::model::{Party, Somebody};
use crate::service_key::{Registry, Request, Revocation};
use crate::store::{Access, Db};

/// Arguments of `countersign key`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a service key and print it, once.
    Create(Create),
    /// List service keys. Their secrets are kept nowhere.
    List,
    /// Revoke a service key. It stops working within seconds.
    Revoke {
        /// Id of the key: the part between the underscores.
        id: String,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// What to call it, for instance `nightly report`.
    #[arg(long)]
    name: String,
    /// What sort of caller will use it.
    #[arg(long, value_enum)]
    kind: Kind,
    /// The person that whoever calls with it works for, as `issuer/subject`: policies know them as `principal.owner`, leaves
    /// name them beside the caller, and they approve none of its calls.
    #[arg(long = "for", value_name = "PERSON")]
    owner: Option<Somebody>,
    /// A group that policies know it by. May be repeated.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// A server that it opens. May be repeated.
    #[arg(long = "server", value_name = "SERVER", required_unless_present = "all_servers")]
    servers: Vec<String>,
    /// Let it open every server, those added later included.
    #[arg(long, conflicts_with = "servers")]
    all_servers: bool,
    /// How long it works, for instance `12h` or `90d`; at most 366 days.
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = parse_life)]
    expires: SignedDuration,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// A program.
    Service,
    /// A program that decides for itself what to call.
    Agent,
}

/// Runs `countersign key`.
///
/// # Errors
/// What went wrong, worded for the person who typed the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.common.file.load()?;
    let output = std::io::stdout().lock();
    Desk { config: &config, clock: Arc::new(SystemClock), json: arguments.common.json, output }
        .serve(&arguments.command)
}

/// Where the command is carried out.
struct Desk<'a, W> {
    config: &'a Config,
    clock: Arc<dyn Clock>,
    json: bool,
    output: W,
}

impl<W: Write> Desk<'_, W> {
    fn serve(mut self, command: &Command) -> anyhow::Result<ExitCode> {
        let access = if matches!(command, Command::List) { Access::ReadOnly } else { Access::Beside };
        let directory = self.config.storage.key_directory();
        let seal = keyring::read_service_key_seal(&directory).context(
            "service keys are sealed with the gateway's own keys, which it makes at its first start",
        )?;
        let db = Db::open(&self.config.storage, access)?;
        let registry = Registry::new(db, seal, Arc::clone(&self.clock));
        match command {
            Command::Create(create) => self.create(&registry, create),
            Command::List => self.list(&registry),
            Command::Revoke { id } => self.revoke(&registry, id),
        }
    }

    fn create(&mut self, registry: &Registry, create: &Create) -> anyhow::Result<ExitCode> {
        for server in &create.servers {
            if !self.config.servers.iter().any(|configured| configured.name == *server) {
                bail!("`{server}` is not a configured server");
            }
        }
        let issuers = &self.config.identity.issuers;
        if let Some(owner) = &create.owner
            && !issuers.iter().any(|issuer| issuer.name == owner.issuer)
        {
            let names: Vec<_> = issuers.iter().map(|issuer| &*issuer.name).collect();
            let there = if names.is_empty() {
                "name one in `identity.issuers`".to_owned()
            } else {
                format!("there are {}", names.join(", "))
            };
            bail!("`{}` is not a configured issuer; {there}", owner.issuer);
        }
        let servers = if create.all_servers { vec![EVERY_SERVER.to_owned()] } else { create.servers.clone() };
        let request = Request {
            name: create.name.clone(),
            kind: match create.kind {
                Kind::Service => ServiceKeyKind::Service,
                Kind::Agent => ServiceKeyKind::Agent,
            },
            groups: create.groups.clone(),
            servers,
            // Who is at the keyboard, as far as the system knows; a name that could be typed would prove less.
            created_by: format!("uid {}", rustix::process::getuid().as_raw()),
            owner: create.owner.as_ref().map(Party::from),
            life: create.expires,
        };
        let (key, text) = registry.create(request, &SystemRandom::new())?;
        if self.json {
            let mut shown = self.describe(&key);
            shown["key"] = text.expose().into();
            writeln!(self.output, "{shown}")?;
        } else {
            writeln!(self.output, "{}", text.expose())?;
            self.output.flush()?;
            eprintln!(
                "This is the only time it is shown. It works within two seconds and expires {}.",
                key.terms.expires
            );
            if self.config.identity.service_keys == config::ServiceKeys::Refused {
                eprintln!("The gateway refuses service keys: set `identity.service_keys: accepted`.");
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn list(&mut self, registry: &Registry) -> anyhow::Result<ExitCode> {
        let keys = registry.list()?;
        if self.json {
            let keys: Vec<_> = keys.iter().map(|key| self.describe(key)).collect();
            writeln!(self.output, "{}", Value::from(keys))?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header([
            "ID",
            "NAME",
            "KIND",
            "STATE",
            "SERVERS",
            "GROUPS",
            "EXPIRES",
            "LAST USED",
            "FOR",
            "CREATED BY",
        ]);
        for key in &keys {
            table.add_row([
                key.id.clone(),
                key.terms.name.clone(),
                key.terms.kind.as_str().to_owned(),
                self.state(key).to_owned(),
                key.terms.servers.join(", "),
                key.terms.groups.join(", "),
                key.terms.expires.to_string(),
                key.last_used.map_or_else(|| "never".to_owned(), |when| when.to_string()),
                key.terms.owner.as_ref().map(Somebody::to_string).unwrap_or_default(),
                key.terms.created_by.clone(),
            ]);
        }
        writeln!(self.output, "{table}")?;
        Ok(ExitCode::SUCCESS)
    }

    fn revoke(&mut self, registry: &Registry, id: &str) -> anyhow::Result<ExitCode> {
        // Somebody in a hurry pastes the whole key.
        let id = id.strip_prefix("csk_").map_or(id, |rest| rest.split('_').next().unwrap_or(rest));
        let (done, code) = match registry.revoke(id)? {
            Revocation::Revoked => ("revoked", ExitCode::SUCCESS),
            Revocation::Already => ("already revoked", ExitCode::SUCCESS),
            Revocation::Unknown => {
                bail!("there is no service key with this id; `countersign key list` shows them")
            }
        };
        if self.json {
            writeln!(self.output, "{}", json!({"id": id, "state": "revoked"}))?;
        } else {
            writeln!(self.output, "{id} {done}")?;
        }
        Ok(code)
    }

    fn state(&self, key: &ServiceKey) -> &'static str {
        if key.revoked.is_some() {
            "revoked"
        } else if key.terms.expires <= self.clock.now() {
            "expired"
        } else {
            "active"
        }
    }

    fn describe(&self, key: &ServiceKey) -> Value {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        json!({
            "id": key.id,
            "name": key.terms.name,
            "kind": key.terms.kind.as_str(),
            "state": self.state(key),
            "servers": key.terms.servers,
            "groups": key.terms.groups,
            "owner": key.terms.owner.as_ref().map(Somebody::to_string),
            "created_by": key.terms.created_by,
            "created": key.terms.created.to_string(),
            "expires": key.terms.expires.to_string(),
            "revoked": time(key.revoked),
            "last_used": time(key.last_used),
        })
    }
}

fn parse_life(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("`{text}` is not a time: write for instance `12h` or `90d`");
    let span: Span = text.parse().map_err(|_| wrong())?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::clock::ManualClock;
    use crate::ledger::{Keyring, Missing};

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        arguments: Arguments,
    }

    /// A configuration whose gateway was started once.
    struct Place {
        _directory: tempfile::TempDir,
        config: Config,
        clock: Arc<ManualClock>,
    }

    impl Place {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("countersign.yaml");
            let text = "deployment: test\nlisten: {address: '127.0.0.1:0', public_url: 'http://127.0.0.1:1'}\n\
                        storage: {directory: data}\nidentity: {service_keys: accepted}\n\
                        policy: {directory: .}\nservers: [{name: orders, http: {url: 'http://127.0.0.1:2/mcp'}}]\n";
            std::fs::write(&path, text).unwrap();
            let config = config::load(&path).unwrap();
            Keyring::open(&config.storage.key_directory(), "test/audit/1", Missing::Create).unwrap();
            let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
            Self { _directory: directory, config, clock }
        }

        fn run(&self, line: &str) -> anyhow::Result<String> {
            let words = std::iter::once("key").chain(line.split(' '));
            let arguments = Cli::try_parse_from(words)?.arguments;
            let mut output = Vec::new();
            let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
            Desk { config: &self.config, clock, json: arguments.common.json, output: &mut output }
                .serve(&arguments.command)?;
            Ok(String::from_utf8(output).unwrap())
        }

        fn create(&self) -> Value {
            let shown = self.run("create --json --name report --kind service --server orders --group batch");
            serde_json::from_str(&shown.unwrap()).unwrap()
        }
    }

    #[test]
    fn new_key_is_shown_once_and_alone_on_standard_output() {
        let place = Place::new();
        let shown = place.run("create --name report --kind agent --all-servers --expires 12h").unwrap();
        assert!(shown.starts_with("csk_") && shown.trim_end().len() == 70, "{shown}");
        let listed: Value = serde_json::from_str(&place.run("list --json").unwrap()).unwrap();
        assert_eq!(listed[0]["servers"], json!([EVERY_SERVER]));
        assert_eq!(listed[0]["expires"], "2027-01-15T20:00:00Z");
        assert!(!listed.to_string().contains(&shown[30..60]));
    }

    #[test]
    fn list_tells_the_state_of_each_key() {
        let place = Place::new();
        let key = place.create();
        assert_eq!((key["state"].as_str(), key["last_used"].as_str()), (Some("active"), None));
        assert!(place.run("list").unwrap().contains("active"));
        place.clock.advance(SignedDuration::from_hours(24 * 90));
        assert!(place.run("list").unwrap().contains("expired"));
        place.run(&format!("revoke {}", key["id"].as_str().unwrap())).unwrap();
        assert!(place.run("list").unwrap().contains("revoked"));
    }

    #[test]
    fn key_is_revoked_by_its_id_or_by_the_whole_of_it() {
        let place = Place::new();
        let (first, second) = (place.create(), place.create());
        let id = first["id"].as_str().unwrap();
        assert_eq!(place.run(&format!("revoke {id}")).unwrap(), format!("{id} revoked\n"));
        assert_eq!(place.run(&format!("revoke {id}")).unwrap(), format!("{id} already revoked\n"));
        let shown = place.run(&format!("revoke --json {}", second["key"].as_str().unwrap())).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["id"], second["id"]);
        let error = place.run("revoke nothing").unwrap_err().to_string();
        assert!(error.contains("no service key with this id"), "{error}");
    }

    #[test]
    fn wrong_arguments_are_refused() {
        let place = Place::new();
        let check = |line: &str, problem: &str| {
            let error = format!("{:#}", place.run(line).unwrap_err());
            assert!(error.contains(problem), "{error}");
        };
        check("create --name a --kind service --server nothing", "`nothing` is not a configured server");
        check("create --name a --kind service", "--server");
        check("create --name a --kind human --server orders", "human");
        check("create --name a --kind service --server orders --all-servers", "cannot be used with");
        check("create --name a --kind service --server orders --expires soon", "not a time");
        check("create --name a --kind service --server orders --expires 400d", "life of 400 days");
        check("create --name a --kind service --server orders --expires 1y", "not a time");
    }

    #[test]
    fn without_a_gateways_keys_there_are_no_service_keys() {
        let place = Place::new();
        std::fs::remove_dir_all(place.config.storage.key_directory()).unwrap();
        let error = format!("{:#}", place.run("create --name a --kind service --server orders").unwrap_err());
        assert!(error.contains("first start"), "{error}");
    }
}
