//! `countersign tools`: what upstreams offer as it is pinned in the catalog, what changed, and accepting a change.
//! Works beside a running gateway, which takes an acceptance over within seconds and records it in its log.

mod print;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail, ensure};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use clap::{Args, Subcommand, ValueEnum};
use evidence::merkle::Hash;

use self::print::{Printer, Sight, State};
use super::paint::Paint;
use super::source::Common;
use crate::acceptance::{Acceptances, Request};
use crate::catalog::DefinitionHash;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::ledger::keyring;
use crate::limits;
use crate::mask::Mask;
use crate::model::TargetKind;
use crate::seal::Seal;
use crate::store::acceptance as table;
use crate::store::definition::{self, Definition, Standing};
use crate::store::{Access, Db};

/// Arguments of `countersign tools`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List what servers offer, as it is pinned.
    List {
        /// Only this server. May be repeated.
        #[arg(long = "server", value_name = "SERVER")]
        servers: Vec<String>,
        /// Only what changed since it was pinned.
        #[arg(long)]
        drifted: bool,
    },
    /// Show a pinned definition, and what the server changed in it.
    Show(Which),
    /// Pin the definition that the server lists now. It holds for every gateway within seconds, and is recorded.
    Accept {
        #[command(flatten)]
        which: Which,
        /// What was looked at and why the change is right. It is recorded.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Accept only if this is what the server lists now: the beginning of the hash that `show` printed.
        #[arg(long, value_name = "HASH", value_parser = parse_prefix)]
        definition: Option<String>,
    },
}

#[derive(Debug, Args)]
struct Which {
    /// Name of the server.
    server: String,
    /// Name of the tool or prompt.
    name: String,
    /// What it is.
    #[arg(long, value_enum, default_value_t = Kind::Tool)]
    kind: Kind,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// A tool.
    Tool,
    /// A prompt.
    Prompt,
}

impl Kind {
    fn target(self) -> TargetKind {
        match self {
            Self::Tool => TargetKind::Tool,
            Self::Prompt => TargetKind::Prompt,
        }
    }
}

/// Runs `countersign tools`.
///
/// # Errors
/// What went wrong, worded for the person who typed the command.
pub(super) fn run(arguments: &Arguments, paint: Paint) -> anyhow::Result<ExitCode> {
    let config = arguments.common.file.load()?;
    let output = std::io::stdout();
    let sight = match (arguments.common.json, paint) {
        (true, _) => Sight::Json,
        (false, Paint::Colour) => Sight::Colour,
        (false, Paint::Plain) => Sight::Plain,
    };
    let printer = Printer::new(output.lock(), sight);
    Desk { config: &config, clock: Arc::new(SystemClock), printer }.serve(&arguments.command)?;
    Ok(ExitCode::SUCCESS)
}

/// Where the command is carried out.
struct Desk<'a, W> {
    config: &'a Config,
    clock: Arc<dyn Clock>,
    printer: Printer<W>,
}

impl<W: Write> Desk<'_, W> {
    fn serve(mut self, command: &Command) -> anyhow::Result<()> {
        let access =
            if matches!(command, Command::Accept { .. }) { Access::Beside } else { Access::ReadOnly };
        let db = Db::open(&self.config.storage, access)?;
        match command {
            Command::List { servers, drifted } => {
                for server in servers {
                    self.check_server(server)?;
                }
                let mut found = self.standings(&db, servers)?;
                if *drifted {
                    found.retain(|(_, standing, _)| standing.pinned != standing.current);
                }
                self.printer.list(&found, if *drifted { "nothing changed" } else { "nothing listed yet" })?;
            }
            Command::Show(which) => self.show(&db, which)?,
            Command::Accept { which, reason, definition } => {
                self.accept(db, which, reason, definition.as_deref())?;
            }
        }
        Ok(())
    }

    /// What seals rows: which ones count is known to whoever has the keys.
    fn seal(&self) -> anyhow::Result<Seal> {
        keyring::read_row_seal(&self.config.storage.key_directory())
            .context("this needs the key directory; run it as the gateway's user")
    }

    fn standings(&self, db: &Db, servers: &[String]) -> anyhow::Result<Vec<(String, Standing, State)>> {
        let limit = u32::try_from(limits::CATALOG_ENTRIES_MAX).unwrap_or(u32::MAX);
        let seal = self.seal()?;
        let (waiting, _) =
            db.read_now("acceptances", |read| table::unnoted(read, &seal, limits::CATALOG_ENTRIES_MAX))?;
        let mut found = Vec::new();
        for server in &self.config.servers {
            if !servers.is_empty() && !servers.contains(&server.name) {
                continue;
            }
            let read =
                db.read_now("catalog", |read| definition::of_server(read, &seal, &server.name, limit))?;
            for standing in read.0 {
                let accepted = waiting.iter().any(|row| {
                    row.server == server.name
                        && row.kind == standing.kind
                        && row.name == standing.name
                        && row.hash == standing.current
                });
                let state = match (standing.pinned == standing.current, accepted) {
                    (true, _) => State::Pinned,
                    (false, true) => State::Accepted,
                    (false, false) => State::Drifted,
                };
                found.push((server.name.clone(), standing, state));
            }
        }
        Ok(found)
    }

    fn show(&mut self, db: &Db, which: &Which) -> anyhow::Result<()> {
        let (standing, state) = self.find(db, which)?;
        let pinned = self.body(db, which, &standing.pinned)?;
        let current =
            if state == State::Pinned { None } else { Some(self.body(db, which, &standing.current)?) };
        self.printer.show(&which.server, &standing, state, &pinned, current.as_ref())?;
        Ok(())
    }

    fn accept(&mut self, db: Db, which: &Which, reason: &str, expected: Option<&str>) -> anyhow::Result<()> {
        let (standing, state) = self.find(&db, which)?;
        let current = Hash::from_bytes(standing.current).to_string();
        ensure!(
            expected.is_none_or(|prefix| current.starts_with(prefix)),
            "the server lists definition `{}` now: look at it with `countersign tools show` first",
            print::short(&standing.current)
        );
        match state {
            State::Drifted => {}
            State::Pinned => bail!("`{}` has not changed since it was pinned", which.name),
            State::Accepted => {
                bail!("it is accepted already; a running gateway takes it over within seconds")
            }
        }
        let request = Request {
            server: which.server.clone(),
            kind: which.kind.target(),
            name: which.name.clone(),
            definition: standing.current,
            reason: reason.to_owned(),
            // Who is at the keyboard, as far as the system knows; a name that could be typed would prove less.
            accepted_by: format!("uid {}", rustix::process::getuid().as_raw()),
        };
        // Of the reason only what masking leaves is kept. The gateway's key is not here: a pseudonym is one of a kind.
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        let key = key.map_err(|_| anyhow!("the system has no randomness"))?;
        let mask = Arc::new(Mask::new(&self.config.masking, &self.config.servers, key)?);
        Acceptances::new(db, self.seal()?, mask, Arc::clone(&self.clock)).accept(&request)?;
        self.printer.accepted(&which.server, &standing)?;
        Ok(())
    }

    fn find(&self, db: &Db, which: &Which) -> anyhow::Result<(Standing, State)> {
        self.check_server(&which.server)?;
        let kind = which.kind.target().as_str();
        let all = self.standings(db, std::slice::from_ref(&which.server))?;
        let mut of_kind: Vec<_> = all.into_iter().filter(|(_, standing, _)| standing.kind == kind).collect();
        if let Some(place) = of_kind.iter().position(|(_, standing, _)| standing.name == which.name) {
            let (_, standing, state) = of_kind.swap_remove(place);
            return Ok((standing, state));
        }
        let near = of_kind
            .iter()
            .map(|(_, standing, _)| (strsim::jaro_winkler(&standing.name, &which.name), &standing.name))
            .filter(|(likeness, _)| *likeness > 0.8)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let hint = match near {
            Some((_, name)) => format!("; did you mean `{}`?", print::visible(name)),
            None => format!("; `countersign tools list --server {}` shows what it has", which.server),
        };
        bail!("`{}` never listed a {kind} `{}`{hint}", which.server, print::visible(&which.name))
    }

    fn check_server(&self, name: &str) -> anyhow::Result<()> {
        if self.config.servers.iter().any(|server| server.name == name) {
            return Ok(());
        }
        let names: Vec<_> = self.config.servers.iter().map(|server| &*server.name).collect();
        bail!("`{name}` is not a configured server; there are {}", names.join(", "))
    }

    fn body(&self, db: &Db, which: &Which, hash: &DefinitionHash) -> anyhow::Result<Definition> {
        let name = (&*which.server, which.kind.target().as_str(), &*which.name);
        let seal = self.seal()?;
        db.read_now("definition", |read| definition::find(read, &seal, name, hash))?.context(
            "the database does not hold this definition as a gateway wrote it; have the server list it again, and find out \
             who writes to the database",
        )
    }
}

fn parse_prefix(text: &str) -> Result<String, String> {
    let hex = !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| text.to_ascii_lowercase()).ok_or_else(|| format!("`{text}` is not the beginning of a hash"))
}
