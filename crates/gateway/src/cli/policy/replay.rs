//! `countersign policy replay`: what other policies would have decided about recorded calls.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::print::{Form, Printer, shown};
use crate::cli::moment;
use crate::cli::source::Source;
use crate::clock::{Clock, SystemClock};
use crate::ledger::Vault;
use crate::policy::{PolicySet, directory};
use crate::report::access::Records;
use crate::report::replay::{Changed, Example, Replay, Untold, replay};

/// People and targets named for each change.
const NAMED: usize = 5;

/// `policy replay`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Directory of the `*.cedar` files that are not in force yet.
    #[arg(long, value_name = "DIRECTORY")]
    policies: PathBuf,
    #[command(flatten)]
    source: Source,
    /// Calls not earlier than this: an instant, a day, or how long ago (`720h`).
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    from: i64,
    /// Calls earlier than this. Default: now.
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    to: Option<i64>,
}

/// Decides again, and says what would change.
pub(super) fn run(arguments: &Arguments, printer: &mut Printer<impl Write>) -> anyhow::Result<ExitCode> {
    let set = match directory::read(&arguments.policies).and_then(|sources| PolicySet::parse(&sources)) {
        Ok(set) => set,
        Err(rejected) => {
            printer.rejected(&rejected)?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let evidence = arguments.source.open()?;
    let vault = Vault::new(&evidence.keys()?)?;
    let records = Records { db: &evidence.db, vault: Some(&vault), configured: None };
    let until = arguments.to.unwrap_or_else(|| SystemClock.now().as_microsecond());
    let bar = indicatif::ProgressBar::no_length();
    let replayed =
        replay(&records, &vault, &set, (arguments.from, until), &mut |calls| bar.set_position(calls))?;
    bar.finish_and_clear();
    printer.replayed(&replayed)?;
    Ok(ExitCode::SUCCESS)
}

impl<W: Write> Printer<W> {
    fn replayed(&mut self, replayed: &Replay) -> io::Result<()> {
        if self.form() == Form::Json {
            let value = serde_json::to_value(replayed).map_err(io::Error::other)?;
            return self.json(&value);
        }
        let Replay { calls, same, changed, untold } = replayed;
        self.line(&format!("{calls} calls, {same} decided alike"))?;
        for Changed { from, to, calls, who, what, examples } in changed {
            let (from, to) = (self.effect(from), self.effect(to));
            self.line(&format!("\n{calls} from {from} to {to}"))?;
            self.line(&format!("  who   {}", shown(&most(who))))?;
            self.line(&format!("  what  {}", shown(&most(what))))?;
            for example in examples {
                self.example(example)?;
            }
        }
        for Untold { why, calls, examples } in untold {
            self.line(&format!("\n{calls} cannot be told: {why}"))?;
            for example in examples {
                self.example(example)?;
            }
        }
        Ok(())
    }

    fn example(&mut self, example: &Example) -> io::Result<()> {
        let Example { index, at, who, what, before, after } = example;
        let index = index.map_or_else(|| "-".to_owned(), |index| index.to_string());
        let by = |policies: &[String]| {
            if policies.is_empty() { "default".to_owned() } else { policies.join(", ") }
        };
        let after = if after.is_empty() { String::new() } else { format!(", now {}", by(after)) };
        let line = format!("  #{index}  {at}  {who}  {what}  by {}{after}", by(before));
        self.line(&shown(&line))
    }
}

/// Those with most calls, and how many others there are.
fn most(counts: &std::collections::BTreeMap<String, u64>) -> String {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by_key(|(name, calls)| (std::cmp::Reverse(**calls), *name));
    let mut said: Vec<String> =
        counts.iter().take(NAMED).map(|(name, calls)| format!("{name} ({calls})")).collect();
    if counts.len() > NAMED {
        said.push(format!("and {} more", counts.len() - NAMED));
    }
    said.join(", ")
}
