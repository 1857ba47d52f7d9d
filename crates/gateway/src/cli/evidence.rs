//! `countersign evidence`: packages that an auditor can check.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use evidence::leaf::EventType;
use evidence::package::{COUNTS_BYTES_MAX, Draw, LEAVERS_BYTES_MAX, LEAVERS_HEAD, Period, SAMPLES_MAX};
use evidence::time::Timestamp;

use super::source::{Evidence, Source};
use super::{export, moment};
use crate::clock::{Clock, SystemClock};
use crate::report::package::{Bodies, Maker, Order, PackageError, Written, epochs};
use crate::store::epoch::Epoch;

/// Arguments of `countersign evidence`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write a period as a package: its log, populations, exceptions, policies, and a report.
    Package(Package),
    /// Write a package with samples that the auditor's seed selects, opened and proven.
    Sample(Sample),
}

/// What both have.
#[derive(Debug, clap::Args)]
struct Common {
    #[command(flatten)]
    source: Source,
    /// Beginning of the period: a day (UTC), an instant, or how long ago (`90m`).
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    from: i64,
    /// End of the period, itself not in it.
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    to: i64,
    /// Which epoch of the log. Without it, a period that touches several gives a package for each, `NAME.epoch-1.zip` and so on.
    #[arg(long, value_name = "NUMBER")]
    epoch: Option<u64>,
    /// Limit the populations to this upstream; may be repeated. The log stays whole.
    #[arg(long = "server", value_name = "NAME")]
    servers: Vec<String>,
    /// Counts from another source to compare with: CSV with the head `day,source,measure,count`.
    #[arg(long, value_name = "FILE")]
    counts: Option<PathBuf>,
    /// People and programs whose access ended, as the organisation knows: CSV with the head `actor,since,source`, an actor
    /// being `issuer/subject` or a pseudonym. Calls that were let through later are listed.
    #[arg(long, value_name = "FILE")]
    leavers: Option<PathBuf>,
    /// Leave the recorded bodies of privileged calls sealed.
    #[arg(long)]
    sealed: bool,
    /// New file (`NAME.zip`) or new directory.
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// `evidence package`.
#[derive(Debug, clap::Args)]
struct Package {
    #[command(flatten)]
    common: Common,
}

/// `evidence sample`.
#[derive(Debug, clap::Args)]
struct Sample {
    #[command(flatten)]
    common: Common,
    /// How many.
    #[arg(short, long, value_name = "COUNT", default_value_t = 25)]
    n: usize,
    /// The auditor's seed: any text that the organisation could not foresee.
    #[arg(long, value_name = "TEXT")]
    seed: String,
    /// Which population.
    #[arg(long, value_name = "NAME", default_value = "privileged")]
    of: String,
}

/// Runs the command.
///
/// # Errors
/// What to tell the operator.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Package(package) => write(&package.common, None)?,
        Command::Sample(Sample { common, n, seed, of }) => {
            anyhow::ensure!((1..=SAMPLES_MAX).contains(n), "`-n` is between 1 and {SAMPLES_MAX}");
            write(common, Some(Draw { n: *n, seed: seed.clone(), population: of.clone() }))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write(common: &Common, draw: Option<Draw>) -> anyhow::Result<()> {
    let evidence = common.source.open()?;
    let instant = |micros| Timestamp::from_micros(micros).context("a time lies outside 1970 to 9999");
    let period = Period { from: instant(common.from)?, until: instant(common.to)? };
    anyhow::ensure!(period.from < period.until, "`--to` is not after `--from`");
    let counts = common.counts.as_deref().map(|path| read_given(path, COUNTS_BYTES_MAX)).transpose()?;
    let leavers = common.leavers.as_deref().map(|path| read_leavers(path, &evidence)).transpose()?;
    let bodies = if common.sealed { Bodies::Sealed } else { Bodies::Opened };
    let (servers, epoch) = (common.servers.clone(), common.epoch);
    let order = Order { period, epoch, servers, counts, leavers, draw, bodies };
    let touched = epochs(&evidence.db, period)?;
    if epoch.is_some() || touched.len() < 2 {
        return make(common, &evidence, &order, &common.output);
    }
    // Each epoch is a log of its own.
    for part in touched {
        let number = part.epoch.number;
        let order = Order { epoch: Some(number), ..order.clone() };
        make(common, &evidence, &order, &named(&common.output, number))?;
    }
    Ok(())
}

/// The name of the package of one epoch, where there are several: `evidence.epoch-2.zip`.
fn named(output: &Path, epoch: u64) -> PathBuf {
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    let name = match name.strip_suffix(".zip") {
        Some(stem) => format!("{stem}.epoch-{epoch}.zip"),
        None => format!("{name}.epoch-{epoch}"),
    };
    output.with_file_name(name)
}

fn make(common: &Common, evidence: &Evidence, order: &Order, output: &Path) -> anyhow::Result<()> {
    let keys = evidence.keys()?;
    let deployment = evidence.deployment();
    let now = SystemClock.now().as_microsecond();
    let now = Timestamp::from_micros(now).context("the clock is wrong")?;
    let maker = Maker { db: &evidence.db, keys: &keys, deployment: &deployment, now };
    let bar = export::bar("reading the log");
    let written = maker
        .write(order, output, &mut |done, all| export::show(&bar, done, all), |written| {
            record(evidence, order, written).map_err(Failure::Notice)
        })
        .map_err(|failure| match failure {
            Failure::Package(error) => anyhow::Error::from(error),
            Failure::Notice(error) => {
                error.context("the export could not be recorded, so nothing was written")
            }
        })?;
    bar.finish_and_clear();
    show(common, evidence, &written, output)
}

enum Failure {
    Package(PackageError),
    Notice(anyhow::Error),
}

impl From<PackageError> for Failure {
    fn from(error: PackageError) -> Self {
        Self::Package(error)
    }
}

fn read_given(path: &Path, bytes_max: usize) -> anyhow::Result<String> {
    let length = std::fs::metadata(path).with_context(|| format!("cannot read `{}`", path.display()))?.len();
    anyhow::ensure!(length <= bytes_max as u64, "`{}` is larger than {bytes_max} bytes", path.display());
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// The list as packages have it: people by their pseudonyms, so that it names nobody.
fn read_leavers(path: &Path, evidence: &Evidence) -> anyhow::Result<String> {
    let given = read_given(path, LEAVERS_BYTES_MAX)?;
    let mut lines = given.lines().map(|line| line.trim_end_matches('\r'));
    let head = lines.next().unwrap_or_default().trim_start_matches('\u{feff}');
    anyhow::ensure!(head == LEAVERS_HEAD, "`{}`: expected the head `{LEAVERS_HEAD}`", path.display());
    let mut list = format!("{LEAVERS_HEAD}\n");
    for (number, line) in (2..).zip(lines).filter(|(_, line)| !line.is_empty()) {
        let place = || format!("line {number} of `{}`", path.display());
        let mut fields = line.split(',');
        let (Some(actor), Some(since), Some(source), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            anyhow::bail!("{}: expected three fields, none with a comma in it", place());
        };
        let actor = evidence.actor(actor).with_context(place)?;
        let since = moment::parse(since).map_err(anyhow::Error::msg).with_context(place)?;
        let since = Timestamp::from_micros(since).with_context(place)?;
        list.push_str(&format!("{actor},{since},{source}\n"));
    }
    Ok(list)
}

/// An export is an event of its own. Only the gateway writes leaves, so it is asked before the package has
/// its name.
fn record(evidence: &Evidence, order: &Order, written: &Written) -> anyhow::Result<()> {
    let now = SystemClock.now().as_microsecond();
    let detail = serde_json::json!({
        "manifest": written.manifest, "from": order.period.from, "until": order.period.until,
        "leaves": written.derived.leaves, "size": written.log.size, "samples": written.derived.selected.len(),
        "bodies": if order.bodies == Bodies::Opened { "opened" } else { "sealed" }, "by": "evidence", "at_us": now,
    });
    evidence.ask(EventType::EvidenceExported, now, detail)
}

fn show(common: &Common, evidence: &Evidence, written: &Written, output: &Path) -> anyhow::Result<()> {
    let (derived, path) = (&written.derived, output.display());
    let epoch = evidence.epochs()?.last().copied().unwrap_or(Epoch::FIRST);
    let key = evidence.verifier_key(&epoch)?;
    let exceptions: u64 = derived.exceptions.values().sum();
    if common.json {
        let result = serde_json::json!({
            "path": output, "manifest": written.manifest, "files": written.files, "leaves": derived.leaves,
            "log": written.log, "populations": derived.rows, "exceptions": derived.exceptions, "gaps": derived.gaps.0,
            "gaps_unexplained": derived.gaps.1, "missing": { "erased": derived.missing.0, "unexplained": derived.missing.1 }, "samples": derived.selected.len(), "key": key.to_string(),
            "reconciled": derived.compared.map(|(rows, open)| serde_json::json!({ "rows": rows, "open": open })),
            "assurance": evidence.assurance(),
        });
        writeln!(std::io::stdout(), "{result}")?;
        return Ok(());
    }
    writeln!(
        std::io::stdout(),
        "{path}: {} files, {} leaves of the period\n",
        written.files + 2,
        derived.leaves
    )?;
    for (name, rows) in &derived.rows {
        writeln!(std::io::stdout(), "  {name:<16} {rows:>10}")?;
    }
    writeln!(std::io::stdout(), "  {:<16} {exceptions:>10}", "exceptions")?;
    writeln!(std::io::stdout(), "  {:<16} {:>10}  ({} unexplained)", "gaps", derived.gaps.0, derived.gaps.1)?;
    let (erased, unexplained) = derived.missing;
    writeln!(
        std::io::stdout(),
        "  {:<16} {:>10}  ({unexplained} unexplained)",
        "missing messages",
        erased + unexplained
    )?;
    match derived.compared {
        None => writeln!(std::io::stdout(), "  not reconciled: no counts from another source (`--counts`)")?,
        Some((rows, open)) => {
            writeln!(std::io::stdout(), "  {:<16} {rows:>10}  ({open} do not tie)", "reconciled")?;
        }
    }
    if !derived.selected.is_empty() {
        writeln!(std::io::stdout(), "  {:<16} {:>10}", "samples", derived.selected.len())?;
    }
    writeln!(std::io::stdout(), "\nmanifest  {}", written.manifest)?;
    writeln!(std::io::stdout(), "Verify with:  countersign verify {path} --key '{key}'")?;
    writeln!(std::io::stdout(), "Give the auditor the key by another way than the files.")?;
    writeln!(std::io::stdout(), "Assurance level {}.", evidence.assurance())?;
    Ok(())
}
