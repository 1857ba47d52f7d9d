//! The result, as a Markdown table or as JSON.

use std::fmt;

use serde::Serialize;

use crate::load::{Figures, Held};

/// One number of callers: medians over the rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) callers: usize,
    pub(crate) floor: Figures,
    pub(crate) gateway: Figures,
}

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) lines: Vec<Line>,
    pub(crate) streams: Vec<Held>,
}

/// Gateways on one engine, or several on one database.
#[derive(Debug, Serialize)]
pub(crate) struct Kept {
    pub(crate) callers: usize,
    pub(crate) store: String,
    /// Medians over the rounds.
    pub(crate) figures: Figures,
    /// Processor time of the database server, in microseconds for a call; nothing for SQLite, which is in the gateway.
    pub(crate) database_us_per_call: Option<f64>,
}

/// What stores make of it.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    pub(crate) lines: Vec<Kept>,
}

/// The median of each figure by itself.
pub(crate) fn median(rounds: &[Figures]) -> Figures {
    let of = |figure: fn(&Figures) -> f64| middle(rounds.iter().map(figure).collect());
    Figures {
        calls_per_s: of(|round| round.calls_per_s),
        p50_us: of(|round| round.p50_us),
        p99_us: of(|round| round.p99_us),
        cpu_us_per_call: of(|round| round.cpu_us_per_call),
        resident_mib: of(|round| round.resident_mib),
    }
}

/// The median.
pub(crate) fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| callers | store, gateways | calls/s | of SQLite | p50 us | p99 us | gateways, CPU us/call | database, CPU us/call |"
        )?;
        writeln!(f, "|--:|---|--:|--:|--:|--:|--:|--:|")?;
        for line in &self.lines {
            let first = self.lines.iter().find(|first| first.callers == line.callers).unwrap_or(line);
            let Figures { calls_per_s, p50_us, p99_us, cpu_us_per_call, .. } = line.figures;
            let database = line.database_us_per_call.map_or_else(String::new, |time| format!("{time:.0}"));
            writeln!(
                f,
                "| {} | {} | {calls_per_s:.0} | {:.2} | {p50_us:.0} | {p99_us:.0} | {cpu_us_per_call:.0} | {database} |",
                line.callers,
                line.store,
                calls_per_s / first.figures.calls_per_s,
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| callers | | calls/s | p50 us | p99 us | CPU us/call | resident MiB |")?;
        writeln!(f, "|--:|---|--:|--:|--:|--:|--:|")?;
        for line in &self.lines {
            row(f, line.callers, "floor", &line.floor)?;
            row(f, line.callers, "gateway", &line.gateway)?;
            let (floor, gateway) = (&line.floor, &line.gateway);
            writeln!(
                f,
                "| {} | ratio | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
                line.callers,
                gateway.calls_per_s / floor.calls_per_s,
                gateway.p50_us / floor.p50_us,
                gateway.p99_us / floor.p99_us,
                gateway.cpu_us_per_call / floor.cpu_us_per_call,
                gateway.resident_mib / floor.resident_mib,
            )?;
        }
        for held in &self.streams {
            writeln!(
                f,
                "\n{} open streams through {}: {:.1} MiB",
                held.streams, held.name, held.resident_mib
            )?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, callers: usize, name: &str, figures: &Figures) -> fmt::Result {
    writeln!(
        f,
        "| {callers} | {name} | {:.0} | {:.0} | {:.0} | {:.0} | {:.1} |",
        figures.calls_per_s, figures.p50_us, figures.p99_us, figures.cpu_us_per_call, figures.resident_mib
    )
}
