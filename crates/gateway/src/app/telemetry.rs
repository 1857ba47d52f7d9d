//! Log lines on standard error: for people on a terminal, JSON elsewhere. Never payloads, never secrets.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::anchor::{Assurance, Lines};
use crate::config::{Config, Log, LogFormat};
use crate::ledger::keyring;
use crate::store::Db;

/// Whether these log lines hold every checkpoint that is published: the anchor of assurance level L1.
pub(super) fn checkpoint_lines(log: &Log) -> Lines {
    let lines = tracing_subscriber::registry().with(filter(log));
    let told = tracing::subscriber::with_default(
        lines,
        || tracing::enabled!(target: "countersign::checkpoint", tracing::Level::INFO),
    );
    if told { Lines::Kept } else { Lines::LeftOut }
}

/// How strongly the log in `db` is anchored now; what log lines alone give when it cannot be read.
pub fn assurance(config: &Config, db: &Db) -> Assurance {
    let lines = checkpoint_lines(&config.log);
    let key = keyring::read_anchor_seal(&config.storage.key_directory()).ok();
    let found = db.read_now("assurance", |read| Assurance::look(read, &config.anchors, lines, key.as_ref()));
    found.unwrap_or_else(|_| Assurance::without_anchors(lines))
}

/// Whether log lines for people are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// No.
    Plain,
    /// Yes.
    Coloured,
}

/// Turns log lines on, once for the process.
pub fn telemetry(log: &Log, ink: Ink) {
    let human = match log.format {
        Some(format) => format == LogFormat::Human,
        None => std::io::stderr().is_terminal(),
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter(log)).with_writer(std::io::stderr);
    // A second call (tests, the demo) keeps the first subscriber: there is one standard error.
    let set = if human {
        lines.with_ansi(ink == Ink::Coloured).try_init()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_are_told_unless_their_lines_are_left_out() {
        for (level, told) in [
            (None, Lines::Kept),
            (Some("debug"), Lines::Kept),
            (Some("warn"), Lines::LeftOut),
            (Some("warn,countersign::checkpoint=info"), Lines::Kept),
            (Some("info,countersign::checkpoint=off"), Lines::LeftOut),
        ] {
            let log = Log { format: None, level: level.map(str::to_owned) };
            assert_eq!(checkpoint_lines(&log), told, "{level:?}");
        }
    }
}
