//! `countersign migrate`: the schema of a shared PostgreSQL database, made and changed by its owner.
//!
//! Gateways connect as another role, which this command gives what it needs and no more. The owner's credential is
//! given here and never stands in the gateway's configuration.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use secrecy::ExposeSecret;

use super::source::ConfigFile;
use crate::secret::SecretSource;
use crate::store::{Db, Server};

/// Arguments of `countersign migrate`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Role that owns the schema. It must not be the one that the gateways use.
    #[arg(long, value_name = "ROLE")]
    owner: String,
    /// Environment variable with the owner's password.
    #[arg(long, value_name = "NAME", conflicts_with = "password_file")]
    password_env: Option<String>,
    /// File with the owner's password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Print the SQL and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
///
/// # Errors
/// What to tell the operator.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.file.load()?;
    let Some(postgres) = &config.storage.postgres else {
        bail!(
            "`storage.postgres` is not configured: a SQLite database is migrated by the gateway that opens it"
        );
    };
    let gateway = Server::new(postgres)?;
    if gateway.role() == arguments.owner {
        bail!(
            "`{}` is the gateways' role: they could change evidence if it owned the tables",
            arguments.owner
        );
    }
    let source = match (&arguments.password_env, &arguments.password_file) {
        (Some(name), _) => Some(SecretSource::Env(name.clone())),
        (None, Some(path)) => Some(SecretSource::File(path.clone())),
        (None, None) => None,
    };
    let password = source.map(|source| source.read()).transpose().context("the owner's password")?;
    let owner = gateway.with_role(&arguments.owner, password.as_ref().map(ExposeSecret::expose_secret));
    if arguments.dry_run {
        write!(std::io::stdout(), "{}", Db::plan_migration(&owner, gateway.role())?)?;
        return Ok(ExitCode::SUCCESS);
    }
    match Db::migrate(&owner, gateway.role())? {
        0 => writeln!(
            std::io::stdout(),
            "the schema is up to date; the rights of `{}` are as they should be",
            gateway.role()
        )?,
        steps => writeln!(
            std::io::stdout(),
            "{steps} steps done; `{}` may add evidence and not change it",
            gateway.role()
        )?,
    }
    Ok(ExitCode::SUCCESS)
}
