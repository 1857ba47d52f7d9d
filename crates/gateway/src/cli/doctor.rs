//! `countersign doctor`: what is wrong with this set-up, in plain words: what, whose fault, what to do. Changes nothing.
//!
//! It asks every issuer and every upstream over HTTP what it asks them as a gateway; it starts no program.

mod evidence;
mod finding;
mod issuer;
mod machine;
mod policy;
mod server;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use finding::{Fault, Finding, Verdict};

use super::paint::Paint;
use super::source::ConfigFile;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;

/// Arguments of `countersign doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Exit status 0 when nothing is wrong.
pub(super) fn run(arguments: &Arguments, paint: Paint) -> anyhow::Result<ExitCode> {
    let config = arguments.file.load();
    let what = format!("configuration `{}`", arguments.file.config.display());
    let mut findings = vec![Finding::of(
        what,
        Fault::Setup,
        &config,
        "correct the file; docs/configuration.md has every field",
    )];
    if let Ok(config) = &config {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        examine(config, &runtime, &mut findings);
    }
    for finding in &findings {
        if arguments.json {
            writeln!(std::io::stdout(), "{}", serde_json::to_string(finding)?)?;
        } else {
            finding.show(paint)?;
        }
    }
    let wrong = findings.iter().any(|finding| finding.verdict == Verdict::Wrong);
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn examine(config: &Config, runtime: &tokio::runtime::Runtime, findings: &mut Vec<Finding>) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    machine::examine(config, &*clock, findings);
    let db = evidence::examine(config, &clock, findings);
    policy::examine(config, db.as_ref(), findings);
    runtime.block_on(async {
        issuer::examine(config, clock, findings).await;
        server::examine(config, findings).await;
    });
}
