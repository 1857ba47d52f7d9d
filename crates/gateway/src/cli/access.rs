//! `countersign access`: who may do what, computed from the policies in force, now or at any instant of the record.

mod print;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, ensure};
use clap::{Args, Subcommand, ValueEnum};

use self::print::Printer;
use super::moment;
use super::paint::Paint;
use super::source::{Evidence, Source};
use crate::clock::{Clock, SystemClock};
use crate::ledger::Vault;
use crate::policy::{PolicySet, directory};
use crate::report::access::{
    Basis, Matrix, People, Records, Wanted, changes, changes_to_json, concerns, to_csv, to_html, to_json,
    unused,
};

/// Arguments of `countersign access`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Who may do what: allow, hold, deny, or on which condition, and by which policies.
    Matrix(MatrixArguments),
    /// What changed between two instants, or would change with other policies.
    Diff(Diff),
    /// What people may do and did not do.
    Unused(UnusedArguments),
}

#[derive(Debug, Args)]
struct Selection {
    #[command(flatten)]
    source: Source,
    /// Only this server.
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Only who is in this group.
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
}

#[derive(Debug, Args)]
struct MatrixArguments {
    #[command(flatten)]
    selection: Selection,
    /// As of when: an instant, a day, or how long ago (`2h`). Default: now.
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    at: Option<i64>,
    /// Of these policies instead of those in force: a directory of `*.cedar` files.
    #[arg(long, value_name = "DIRECTORY")]
    policies: Option<PathBuf>,
    /// A row for each person and program that was seen, instead of groups (needs the key directory).
    #[arg(long)]
    people: bool,
    /// In which form.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// The same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Debug, Args)]
struct Diff {
    #[command(flatten)]
    selection: Selection,
    /// Before: an instant, a day, or how long ago. Default: now.
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    from: Option<i64>,
    /// After. Default: now.
    #[arg(long, value_name = "TIME", value_parser = moment::parse, conflicts_with = "policies")]
    to: Option<i64>,
    /// After: these policies instead of those in force.
    #[arg(long, value_name = "DIRECTORY")]
    policies: Option<PathBuf>,
    /// Person by person instead of groups (needs the key directory).
    #[arg(long)]
    people: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct UnusedArguments {
    #[command(flatten)]
    selection: Selection,
    /// Not used since: an instant, a day, or how long ago (`720h`).
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    from: i64,
    /// Until; the policies are those in force then. Default: now.
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    to: Option<i64>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// One line for each cell.
    Csv,
    /// Everything.
    Json,
    /// A page that needs nothing else and prints well.
    Html,
}

/// Runs the command.
///
/// # Errors
/// What to tell the operator.
pub(super) fn run(arguments: &Arguments, paint: Paint) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Matrix(arguments) => matrix(arguments, paint)?,
        Command::Diff(arguments) => diff(arguments, paint)?,
        Command::Unused(arguments) => spare(arguments, paint)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn matrix(arguments: &MatrixArguments, paint: Paint) -> anyhow::Result<()> {
    let desk = Desk::open(&arguments.selection)?;
    let basis = desk.basis(arguments.at, arguments.policies.as_ref())?;
    let wanted = arguments
        .selection
        .wanted(if arguments.people { People::OneByOne } else { People::InGroups }, &basis)?;
    let matrix = Matrix::of(&basis, &wanted);
    let concerns = if arguments.people { Vec::new() } else { concerns(&basis, &matrix) };
    let mut out = std::io::stdout().lock();
    let format = if arguments.json { Format::Json } else { arguments.format };
    match format {
        Format::Json => writeln!(out, "{:#}", to_json(&basis, &matrix, &concerns))?,
        Format::Csv => out.write_all(to_csv(&basis, &matrix).as_bytes())?,
        Format::Html => out.write_all(to_html(&basis, &matrix, &concerns).as_bytes())?,
        Format::Table => Printer::new(out, paint).matrix(&basis, &matrix, &concerns)?,
    }
    Ok(())
}

fn diff(arguments: &Diff, paint: Paint) -> anyhow::Result<()> {
    ensure!(
        arguments.from.is_some() || arguments.policies.is_some(),
        "name what to compare with: `--from` an instant, or `--policies` a directory"
    );
    let desk = Desk::open(&arguments.selection)?;
    let before = desk.basis(arguments.from, None)?;
    let after = desk.basis(arguments.to, arguments.policies.as_ref())?;
    let wanted = arguments
        .selection
        .wanted(if arguments.people { People::OneByOne } else { People::InGroups }, &after)?;
    let changes = changes(&before, &after, &wanted);
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{:#}", changes_to_json(&before, &after, &changes))?;
        return Ok(());
    }
    Printer::new(out, paint).changes(&before, &after, &changes)?;
    Ok(())
}

fn spare(arguments: &UnusedArguments, paint: Paint) -> anyhow::Result<()> {
    let desk = Desk::open(&arguments.selection)?;
    desk.vault
        .as_ref()
        .context("this needs the key directory: grants are compared with what each person did")?;
    let basis = desk.basis(arguments.to, None)?;
    let wanted = arguments.selection.wanted(People::OneByOne, &basis)?;
    let found = unused(&desk.records(None), &basis, arguments.from, &wanted)?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(
            out,
            "{:#}",
            serde_json::json!({ "to": crate::report::access::about(&basis), "unused": found })
        )?;
        return Ok(());
    }
    Printer::new(out, paint).unused(&found)?;
    Ok(())
}

/// The record, opened.
struct Desk {
    evidence: Evidence,
    vault: Option<Vault>,
    configured: Vec<String>,
    now: i64,
}

impl Desk {
    fn open(selection: &Selection) -> anyhow::Result<Self> {
        let evidence = selection.source.open()?;
        // Whoever may not read the keys sees the groups that policies name, and no person.
        let vault = evidence.keys().ok().map(|keys| Vault::new(&keys)).transpose()?;
        let configured = evidence.servers();
        Ok(Self { evidence, vault, configured, now: SystemClock.now().as_microsecond() })
    }

    fn records<'a>(&'a self, configured: Option<&'a [String]>) -> Records<'a> {
        Records { db: &self.evidence.db, vault: self.vault.as_ref(), configured }
    }

    /// What is, or was, in force; or `policies` in the place of it.
    fn basis(&self, at: Option<i64>, policies: Option<&PathBuf>) -> anyhow::Result<Basis> {
        // Which servers were configured earlier, the log does not say: then it is those that were seen.
        let records = self.records(at.is_none().then_some(&self.configured));
        let at = at.unwrap_or(self.now);
        match policies {
            None => Ok(records.basis(at)?),
            Some(policies) => {
                let set = directory::read(policies).and_then(|sources| PolicySet::parse(&sources));
                Ok(records.around(at, set.map_err(|rejected| anyhow!("{rejected}"))?)?)
            }
        }
    }
}

impl Selection {
    fn wanted(&self, people: People, basis: &Basis) -> anyhow::Result<Wanted> {
        if let Some(server) = &self.server {
            let known: Vec<&str> = basis.servers.keys().map(String::as_str).collect();
            ensure!(
                basis.servers.contains_key(server),
                "no server `{server}` at that time; there were: {}",
                known.join(", ")
            );
        }
        Ok(Wanted { people, server: self.server.clone(), group: self.group.clone() })
    }
}
