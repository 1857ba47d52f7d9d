//! `countersign doctor`: what is wrong with this set-up, in plain words. Changes nothing.

use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::clock::SystemClock;
use crate::config::{self, Config, ServerConfig};
use crate::identity::{Authenticator, IssuerState, ServiceKeys};
use crate::ledger::{self, Keyring, Missing, keyring};
use crate::listen::Acceptor;
use crate::policy::Policies;
use crate::store::{Access, Db};
use crate::upstream::HttpUpstream;

/// Time one look over the network may take.
const LOOK: Duration = Duration::from_secs(5);

/// Arguments of `countersign doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Configuration file.
    #[arg(short, long, value_name = "FILE", default_value = "countersign.yaml", env = "COUNTERSIGN_CONFIG")]
    config: PathBuf,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Good,
    Doubtful,
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Finding {
    fn of<T, E: std::fmt::Display>(what: impl Into<String>, looked: &Result<T, E>) -> Self {
        let what = what.into();
        match looked {
            Ok(_) => Self { what, verdict: Verdict::Good, detail: None },
            Err(error) => Self { what, verdict: Verdict::Wrong, detail: Some(format!("{error:#}")) },
        }
    }

    fn doubtful(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { what: what.into(), verdict: Verdict::Doubtful, detail: Some(detail.into()) }
    }
}

/// Exit status 0 when nothing is wrong.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = config::load(&arguments.config);
    let mut findings = vec![Finding::of(format!("configuration `{}`", arguments.config.display()), &config)];
    if let Ok(config) = &config {
        on_this_machine(config, &mut findings);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(over_the_network(config, &mut findings));
    }
    for finding in &findings {
        if arguments.json {
            println!("{}", serde_json::to_string(finding)?);
        } else {
            show(finding);
        }
    }
    let wrong = findings.iter().any(|finding| finding.verdict == Verdict::Wrong);
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn on_this_machine(config: &Config, findings: &mut Vec<Finding>) {
    let policies = Policies::open(&config.policy.directory);
    findings.push(Finding::of(format!("policies in `{}`", config.policy.directory.display()), &policies));
    if policies.is_ok_and(|policies| policies.current().policies().is_empty()) {
        findings.push(Finding::doubtful("policies", "there are none, so every call is denied"));
    }
    if let Some(tls) = &config.listen.tls {
        findings.push(Finding::of("certificate and key for TLS", &Acceptor::new(tls.clone())));
    }
    listener(config, findings);
    evidence(config, findings);
    for server in &config.servers {
        if let Some(credential) = server.http.as_ref().and_then(|http| http.credential.as_ref()) {
            findings.push(Finding::of(
                format!("credential of server `{}`", server.name),
                &credential.value.read(),
            ));
        }
    }
}

fn listener(config: &Config, findings: &mut Vec<Finding>) {
    let address = config.listen.address;
    let what = format!("address `{address}` for callers");
    findings.push(match std::net::TcpListener::bind(address) {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Finding::doubtful(
            what,
            "it is in use: by this gateway if it runs, else by a program that has to go",
        ),
        bound => Finding::of(what, &bound),
    });
}

fn evidence(config: &Config, findings: &mut Vec<Finding>) {
    let directory = &config.storage.directory;
    if config.storage.postgres.is_none() && !directory.exists() {
        findings.push(Finding::doubtful(
            format!("evidence in `{}`", directory.display()),
            "nothing there yet; `countersign serve` creates it at its first start",
        ));
        return;
    }
    let what = match &config.storage.postgres {
        None => format!("database in `{}`", directory.display()),
        Some(_) => "database on the PostgreSQL server".to_owned(),
    };
    findings.push(Finding::of(what, &Db::open(&config.storage, Access::ReadOnly)));
    let keys = config.storage.key_directory();
    // Only when the public key is there already: opening the others would write it.
    let opened = keyring::read_verifier_key(&keys)
        .and_then(|_| Keyring::open(&keys, &ledger::origin(&config.deployment), Missing::Refuse));
    findings.push(Finding::of(format!("keys in `{}`", keys.display()), &opened));
    if keys.starts_with(directory) {
        findings.push(Finding::doubtful(
            "keys",
            "they lie beside the data they protect; in production set `storage.keys` to another volume",
        ));
    }
    findings.push(Finding::doubtful("assurance level", super::source::assurance(config)));
}

async fn over_the_network(config: &Config, findings: &mut Vec<Finding>) {
    let clock = Arc::new(SystemClock);
    // The seal only matters for reading keys, which nothing here does.
    let seal = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[0; 32]);
    let keys = Arc::new(ServiceKeys::new(seal));
    let authenticator =
        Authenticator::new(&config.identity, &config.servers, &config.listen.public_url, keys, clock);
    if let Ok(authenticator) = &authenticator {
        authenticator.refresh().await;
        for health in authenticator.health() {
            let what = format!("keys of issuer `{}`", health.name);
            let problem = health.problem.as_deref().unwrap_or("they cannot be fetched");
            findings.push(match health.state {
                IssuerState::Ready => Finding::of(what, &Ok::<_, String>(())),
                IssuerState::Stale => Finding::doubtful(what, problem),
                IssuerState::Unavailable => Finding::of(what, &Err::<(), _>(problem)),
            });
        }
    } else {
        findings.push(Finding::of("identity", &authenticator.map(drop)));
    }
    for server in &config.servers {
        findings.push(reach(server).await);
    }
}

async fn reach(server: &ServerConfig) -> Finding {
    let what = format!("server `{}`", server.name);
    if let Some(stdio) = &server.stdio {
        let program = stdio.command.first().map_or("", String::as_str);
        let found = find_program(program).ok_or_else(|| format!("program `{program}` is not in PATH"));
        return Finding::of(what, &found);
    }
    let Some(http) = &server.http else {
        return Finding::doubtful(what, "it has neither `http` nor `stdio`");
    };
    let probed = match HttpUpstream::new(http, LOOK) {
        Ok(upstream) => upstream.probe().await.map_err(|error| error.to_string()),
        Err(cause) => Err(cause),
    };
    Finding::of(what, &probed)
}

fn find_program(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Path::new(program).is_file().then(|| PathBuf::from(program));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file())
}

fn show(finding: &Finding) {
    let (mark, colour) = match finding.verdict {
        Verdict::Good => ("ok   ", AnsiColor::Green),
        Verdict::Doubtful => ("note ", AnsiColor::Yellow),
        Verdict::Wrong => ("wrong", AnsiColor::Red),
    };
    let style = if stdout().is_terminal() { colour.on_default() } else { Style::new() };
    println!("{style}{mark}{style:#}  {}", finding.what);
    for line in finding.detail.iter().flat_map(|detail| detail.lines()) {
        println!("       {line}");
    }
}
