//! The gateway beside a bare reverse proxy: what evidence costs, as ratios.
//!
//! Four processes on one machine: callers (this one), an upstream, the floor (a reverse proxy that only forwards) and
//! the gateway with everything on. Calls through the floor and through the gateway alternate in rounds, so that
//! whatever else the machine does falls on both. Nothing is pinned: the kernel places all threads.
//!
//! `ledgers` measures gateways on SQLite and on PostgreSQL in the same way beside each other.

mod floor;
mod load;
mod process;
mod report;
mod stage;
mod upstream;

use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use serde::Serialize;

/// Measure the gateway beside a bare reverse proxy.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// Numbers of concurrent callers.
    #[arg(long, global = true, value_delimiter = ',', default_value = "1,16,64")]
    callers: Vec<usize>,
    /// Rounds for each number of callers; each measures the floor, then the gateway.
    #[arg(long, global = true, default_value_t = 5)]
    rounds: usize,
    /// Length of one measurement, in seconds.
    #[arg(long, global = true, default_value_t = 4)]
    seconds: u64,
    /// Streams to hold open at the end; 0 for none.
    #[arg(long, default_value_t = 1000)]
    streams: usize,
    /// Where the gateway keeps its database while it is measured: a disk, not memory. Default: the temporary directory.
    #[arg(long, global = true, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// The gateway's binary. Default: built by cargo, as this program was.
    #[arg(long, global = true, value_name = "FILE")]
    gateway: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// What a process of its own does.
#[derive(Debug, Subcommand)]
enum Part {
    /// Measure SQLite beside PostgreSQL with 1, 2 and 4 gateways, instead of the gateway beside the floor.
    Ledgers,
    /// An MCP server that answers every call with 1 KB.
    #[command(hide = true)]
    Upstream,
    /// A reverse proxy that only forwards.
    #[command(hide = true)]
    Floor {
        /// Where to forward.
        to: http::uri::Authority,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    match &arguments.part {
        Some(Part::Upstream) => upstream::serve().await?,
        Some(Part::Floor { to }) => floor::serve(to.clone()).await?,
        Some(Part::Ledgers) => compare(&arguments).await?,
        None => measure(&arguments).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let stage = stage::Stage::set(&gateway(arguments).await?, arguments.directory.as_deref()).await?;
    let length = Duration::from_secs(arguments.seconds);
    for way in [&stage.floor, &stage.gateway] {
        warm(way).await?;
    }
    let mut lines = Vec::new();
    for &callers in &arguments.callers {
        let (mut floor, mut gateway) = (Vec::new(), Vec::new());
        for _ in 0..arguments.rounds {
            floor.push(load::run(&stage.floor, callers, length).await?);
            gateway.push(load::run(&stage.gateway, callers, length).await?);
        }
        lines.push(report::Line {
            callers,
            floor: report::median(&floor),
            gateway: report::median(&gateway),
        });
    }
    let mut streams = Vec::new();
    if arguments.streams > 0 {
        for way in [&stage.floor, &stage.gateway] {
            streams.push(load::hold(way, arguments.streams).await?);
        }
    }
    print(arguments, &report::Report { lines, streams })?;
    stage.strike().await
}

async fn compare(arguments: &Arguments) -> anyhow::Result<()> {
    let stage = stage::Ledgers::set(&gateway(arguments).await?, arguments.directory.as_deref()).await?;
    let (length, database) = (Duration::from_secs(arguments.seconds), stage.server.pid());
    for way in &stage.ways {
        warm(way).await?;
    }
    let mut lines = Vec::new();
    for &callers in &arguments.callers {
        let mut rounds: Vec<_> = stage.ways.iter().map(|_| (Vec::new(), Vec::new())).collect();
        for _ in 0..arguments.rounds {
            for (way, (figures, times)) in stage.ways.iter().zip(&mut rounds) {
                let before = process::family_time(database)?;
                let found = load::run(way, callers, length).await?;
                let used = process::family_time(database)?.saturating_sub(before);
                times.push(used.as_secs_f64() * 1e6 / (found.calls_per_s * length.as_secs_f64()));
                figures.push(found);
            }
        }
        for (number, (way, (figures, times))) in stage.ways.iter().zip(rounds).enumerate() {
            lines.push(report::Kept {
                callers,
                store: way.name.clone(),
                figures: report::median(&figures),
                database_us_per_call: (number > 0).then(|| report::middle(times)),
            });
        }
    }
    print(arguments, &report::Comparison { lines })?;
    stage.strike().await
}

async fn gateway(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    match &arguments.gateway {
        Some(file) => Ok(file.clone()),
        None => process::build_gateway().await,
    }
}

async fn warm(way: &stage::Way) -> anyhow::Result<()> {
    load::list(way).await.with_context(|| format!("listing tools through {}", way.name))?;
    let warmed = load::run(way, 4, Duration::from_secs(1)).await;
    warmed.map(drop).with_context(|| format!("warming up {}", way.name))
}

fn print(arguments: &Arguments, report: &(impl Serialize + Display)) -> anyhow::Result<()> {
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}
