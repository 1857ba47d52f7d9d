//! The gateway beside a bare reverse proxy: what evidence costs, as ratios.
//!
//! Four processes on one machine: callers (this one), an upstream, the floor (a reverse proxy that only forwards) and
//! the gateway with everything on. Calls through the floor and through the gateway alternate in rounds, so that
//! whatever else the machine does falls on both. Nothing is pinned: the kernel places all threads.

mod floor;
mod load;
mod process;
mod report;
mod stage;
mod upstream;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

/// Measure the gateway beside a bare reverse proxy.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// Numbers of concurrent callers.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    callers: Vec<usize>,
    /// Rounds for each number of callers; each measures the floor, then the gateway.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Length of one measurement, in seconds.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Streams to hold open at the end; 0 for none.
    #[arg(long, default_value_t = 1000)]
    streams: usize,
    /// Where the gateway keeps its database while it is measured: a disk, not memory. Default: the temporary directory.
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// The gateway's binary. Default: built by cargo, as this program was.
    #[arg(long, value_name = "FILE")]
    gateway: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What a process of its own does.
#[derive(Debug, Subcommand)]
enum Part {
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
        None => measure(&arguments).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let gateway = match &arguments.gateway {
        Some(file) => file.clone(),
        None => process::build_gateway().await?,
    };
    let stage = stage::Stage::set(&gateway, arguments.directory.as_deref()).await?;
    let length = Duration::from_secs(arguments.seconds);
    for way in [&stage.floor, &stage.gateway] {
        load::list(way).await.with_context(|| format!("listing tools through {}", way.name))?;
        load::run(way, 4, Duration::from_secs(1))
            .await
            .with_context(|| format!("warming up {}", way.name))?;
    }
    let mut lines = Vec::new();
    for &callers in &arguments.callers {
        let (mut floor, mut gateway) = (Vec::new(), Vec::new());
        for _ in 0..arguments.rounds {
            floor.push(load::run(&stage.floor, callers, length).await?);
            gateway.push(load::run(&stage.gateway, callers, length).await?);
        }
        lines.push(report::Line { callers, floor: report::median(floor), gateway: report::median(gateway) });
    }
    let mut streams = Vec::new();
    if arguments.streams > 0 {
        for way in [&stage.floor, &stage.gateway] {
            streams.push(load::hold(way, arguments.streams).await?);
        }
    }
    let report = report::Report { lines, streams };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    stage.strike().await
}
