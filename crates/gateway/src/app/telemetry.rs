//! Log lines on standard error: for people on a terminal, JSON elsewhere. Never payloads, never secrets.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Turns log lines on, once for the process.
pub fn telemetry(log: &Log) {
    let level = log.level.as_deref().unwrap_or("info");
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let human = match log.format {
        Some(format) => format == LogFormat::Human,
        None => std::io::stderr().is_terminal(),
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call (tests, the demo) keeps the first subscriber: there is one standard error.
    let set = if human {
        lines.with_ansi(std::io::stderr().is_terminal()).try_init()
    } else {
        lines.json().flatten_event(true).try_init()
    };
    if set.is_err() {
        tracing::debug!("log lines were already turned on");
    }
}
