//! Log lines on standard error: for people on a terminal, JSON elsewhere. Never payloads, never secrets.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::config::{Log, LogFormat};

/// Whether these log lines hold every checkpoint that is published: the anchor of assurance level L1.
pub fn tells_checkpoints(log: &Log) -> bool {
    let lines = tracing_subscriber::registry().with(filter(log));
    tracing::subscriber::with_default(
        lines,
        || tracing::enabled!(target: "countersign::checkpoint", tracing::Level::INFO),
    )
}

/// Turns log lines on, once for the process.
pub fn telemetry(log: &Log) {
    let human = match log.format {
        Some(format) => format == LogFormat::Human,
        None => std::io::stderr().is_terminal(),
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter(log)).with_writer(std::io::stderr);
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

fn filter(log: &Log) -> EnvFilter {
    let level = log.level.as_deref().unwrap_or("info");
    EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"))
}

/// How strongly the log is anchored outside the reach of whoever owns the database, with what that means.
pub fn assurance(log: &Log) -> &'static str {
    if tells_checkpoints(log) {
        "L1: every checkpoint goes to the log lines; a log cut short shows there, and a rewrite if that sink has another \
         owner"
    } else {
        "L0: `log.level` leaves out the lines of `countersign::checkpoint`, so no checkpoint leaves this machine; write \
         `warn,countersign::checkpoint=info` to have them and no others"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_are_told_unless_their_lines_are_left_out() {
        for (level, told) in [
            (None, true),
            (Some("debug"), true),
            (Some("warn"), false),
            (Some("warn,countersign::checkpoint=info"), true),
            (Some("info,countersign::checkpoint=off"), false),
        ] {
            let log = Log { format: None, level: level.map(str::to_owned) };
            assert_eq!(tells_checkpoints(&log), told, "{level:?}");
        }
    }
}
