//! `countersign witness`: cosign checkpoints of other people's logs.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use evidence::note::VerifierKey;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::paint::Paint;
use super::verify;
use crate::app;
use crate::clock::SystemClock;
use crate::config::{ClientCertificate, Log, Tls};
use crate::listen::Acceptor;
use crate::witness::{self, Witness};

/// Arguments of `countersign witness`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make the key of a witness.
    Init(Init),
    /// Cosign checkpoints.
    Serve(Serve),
}

/// `witness init`.
#[derive(Debug, clap::Args)]
struct Init {
    /// Directory for the key and for what was cosigned. Back it up: a witness that forgets can be deceived.
    #[arg(short, long, value_name = "DIR")]
    directory: PathBuf,
    /// Name of the witness: a host and path of yours, such as `witness.example.com/w1`.
    #[arg(short, long, value_name = "NAME")]
    name: String,
}

/// `witness serve`.
#[derive(Debug, clap::Args)]
struct Serve {
    /// Directory that `witness init` made.
    #[arg(short, long, value_name = "DIR")]
    directory: PathBuf,
    /// Address and port.
    #[arg(short, long, value_name = "ADDRESS", default_value = "127.0.0.1:8450")]
    listen: SocketAddr,
    /// Public key of a log, or a file with it, from a source you trust. Each epoch has a key of its own.
    #[arg(long = "log", value_name = "KEY", required = true)]
    logs: Vec<String>,
    /// Certificate chain, PEM. Without it the witness speaks plain HTTP: put it behind something that does not.
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Private key of the certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// What to tell the operator.
pub(super) fn run(arguments: &Arguments, errors: Paint) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Init(init) => {
            let key = witness::create(&init.directory, &init.name)?;
            writeln!(std::io::stdout(), "{key}")?;
            eprintln!("Give this key to those who verify the logs that you cosign.");
        }
        Command::Serve(arguments) => serve(arguments, errors)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn serve(arguments: &Serve, errors: Paint) -> anyhow::Result<()> {
    app::telemetry(&Log::default(), errors.into());
    let logs =
        arguments.logs.iter().map(|text| verify::read_key(text)).collect::<anyhow::Result<Vec<_>>>()?;
    if let Some(other) = logs.iter().find(|key| key.algorithm() != evidence::note::Algorithm::Ed25519) {
        bail!("`{}` is the key of a witness, not of a log", other.name());
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(listen(arguments, logs))
}

async fn listen(arguments: &Serve, logs: Vec<VerifierKey>) -> anyhow::Result<()> {
    let witness = Witness::open(&arguments.directory, logs, Arc::new(SystemClock))?;
    let tls = match (&arguments.certificate, &arguments.key) {
        (Some(certificate), Some(key)) => {
            let (certificate, key) = (certificate.clone(), key.clone());
            Some(Arc::new(Acceptor::new(Tls {
                certificate,
                key,
                client_authorities: None,
                client_certificate: ClientCertificate::default(),
            })?))
        }
        _ => None,
    };
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on `{}`", arguments.listen))?;
    tracing::info!(address = %listener.local_addr()?, key = %witness.verifier_key(), "witness listens");
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let serving = tokio::spawn(witness::serve(Arc::new(witness), listener, tls, stop.clone()));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stop.cancel();
    serving.await.context("the witness failed")
}
