//! Callers: each has one connection and sends its next call when it has the answer to the last.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use fixture::probe::{Probe, request};
use serde::Serialize;
use serde_json::json;
use tokio::task::JoinSet;

use crate::process::Process;
use crate::stage::Way;
use crate::upstream::{ONCE, STREAM};

/// Connections opened at the same time when many streams are.
const OPENING_MAX: usize = 32;

/// What one measurement found.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Figures {
    /// Calls answered per second.
    pub(crate) calls_per_s: f64,
    /// Half of the calls took no longer, in microseconds.
    pub(crate) p50_us: f64,
    /// 99 of 100 took no longer, in microseconds.
    pub(crate) p99_us: f64,
    /// Processor time of the processes in the middle, in microseconds.
    pub(crate) cpu_us_per_call: f64,
    /// Their resident memory at the end, in MiB.
    pub(crate) resident_mib: f64,
}

/// Memory with many streams open.
#[derive(Debug, Serialize)]
pub(crate) struct Held {
    /// Which way.
    pub(crate) name: String,
    /// How many.
    pub(crate) streams: usize,
    /// Resident memory, in MiB.
    pub(crate) resident_mib: f64,
}

/// Lists the tools, as every caller does first.
pub(crate) async fn list(way: &Way) -> anyhow::Result<()> {
    let body = json!({"jsonrpc": "2.0", "id": 0, "method": "tools/list", "params": {}});
    let mut probe = Probe::connect(address(way, 0)?).await?;
    probe.send(&message_bytes(way, &body)?).await?;
    let response = probe.response().await?;
    let tools = response.json()?["result"]["tools"].as_array().map_or(0, Vec::len);
    ensure!(tools == 2, "{tools} tools listed, status `{}`", response.status());
    Ok(())
}

/// Lets `callers` call one way for `length`.
pub(crate) async fn run(way: &Way, callers: usize, length: Duration) -> anyhow::Result<Figures> {
    let mut tasks = JoinSet::new();
    let processor_before = processor_time(way)?;
    let begin = Instant::now();
    for number in 0..callers {
        let bytes = call_bytes(way, number, ONCE)?;
        let address = address(way, number)?;
        tasks.spawn(async move {
            let mut times = Vec::new();
            let mut probe = Probe::connect(address).await?;
            while begin.elapsed() < length {
                let sent = Instant::now();
                probe.send(&bytes).await?;
                let response = probe.response().await?;
                times.push(sent.elapsed());
                let status = response.status();
                ensure!(status == 200 && response.body.len() > 800, "`{status}`: {:?}", response.body);
            }
            Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(caller) = tasks.join_next().await {
        times.extend(caller??);
    }
    let elapsed = begin.elapsed();
    let processor = processor_time(way)?.saturating_sub(processor_before);
    times.sort_unstable();
    let count = f64::from(u32::try_from(times.len())?);
    Ok(Figures {
        calls_per_s: count / elapsed.as_secs_f64(),
        p50_us: micros(at(&times, 50)?),
        p99_us: micros(at(&times, 99)?),
        cpu_us_per_call: micros(processor) / count,
        resident_mib: resident_mib(way)?,
    })
}

/// Opens streams, waits for the first event of each, and looks at the memory.
pub(crate) async fn hold(way: &Way, streams: usize) -> anyhow::Result<Held> {
    let mut open = Vec::with_capacity(streams);
    let mut opening: JoinSet<anyhow::Result<Probe>> = JoinSet::new();
    for number in 0..streams {
        if opening.len() == OPENING_MAX {
            open.push(opening.join_next().await.context("one was there")???);
        }
        let (bytes, address) = (call_bytes(way, number, STREAM)?, address(way, number)?);
        opening.spawn(async move {
            let mut probe = Probe::connect(address).await?;
            probe.send(&bytes).await?;
            let head = probe.head().await?;
            ensure!(head.status() == Some(200), "`{}`", head.start_line());
            let event = probe.event().await?;
            ensure!(event.is_some_and(|event| event.starts_with(b"data:")), "the stream did not begin");
            Ok(probe)
        });
    }
    while let Some(opened) = opening.join_next().await {
        open.push(opened??);
    }
    Ok(Held { name: way.name.clone(), streams: open.len(), resident_mib: resident_mib(way)? })
}

/// A `tools/call` of about 400 bytes.
fn call_bytes(way: &Way, number: usize, tool: &str) -> anyhow::Result<Vec<u8>> {
    let arguments = json!({
        "customer": format!("C-{number:06}"),
        "include": ["orders", "addresses", "invoices"],
        "since": "2026-01-01T00:00:00Z",
        "note": "The customer asks about the parcel of last week and wants to know when it arrives at the \
                 office. Please look up the latest order, its state and the carrier, and answer in one sentence.",
    });
    let body = json!({"jsonrpc": "2.0", "id": number, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments}});
    message_bytes(way, &body)
}

fn message_bytes(way: &Way, body: &serde_json::Value) -> anyhow::Result<Vec<u8>> {
    let (host, token) = (address(way, 0)?.to_string(), format!("Bearer {}", way.token));
    let fields = [
        ("host", host.as_str()),
        ("authorization", token.as_str()),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2025-06-18"),
        ("user-agent", "bench/1"),
    ];
    Ok(request("POST", way.path, &fields, body.to_string().as_bytes()))
}

/// Where a caller calls: they go round.
fn address(way: &Way, caller: usize) -> anyhow::Result<SocketAddr> {
    way.addresses.iter().cycle().nth(caller % way.addresses.len().max(1)).copied().context("no address")
}

fn processor_time(way: &Way) -> anyhow::Result<Duration> {
    way.processes.iter().map(Process::processor_time).sum()
}

fn at(sorted: &[Duration], percent: usize) -> anyhow::Result<Duration> {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .context("no calls")
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn resident_mib(way: &Way) -> anyhow::Result<f64> {
    let kib: u64 = way.processes.iter().map(Process::resident_kib).sum::<anyhow::Result<_>>()?;
    Ok(f64::from(u32::try_from(kib)?) / 1024.0)
}
