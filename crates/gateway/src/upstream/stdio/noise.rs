//! What a process says besides its messages: standard error, and lines on standard output that are no messages.
//!
//! Either may hold a secret or a caller's data, so at the default level only counts and lengths are logged. The text
//! of standard error is logged at level `debug` (`log.level: info,countersign::upstream::stdio::noise=debug`),
//! bounded in length and rate, with control characters escaped so that a process cannot forge log lines.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, BufReader};
use tokio::time::Instant;

use super::line::{Line, Lines};
use crate::limits;

/// Where a process's noise comes from, for the log.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// Configured name of the server.
    pub(super) server: Arc<str>,
    /// Process id.
    pub(super) pid: u32,
}

/// Lets through at most [`limits::STDERR_LINES_PER_S_MAX`] lines a second.
#[derive(Debug)]
pub(super) struct Valve {
    since: Instant,
    lines: u32,
    suppressed: u64,
}

/// Whether a line may be logged.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// Yes; so many before it were not.
    Open(u64),
    /// No.
    Shut,
}

impl Valve {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, lines: 0, suppressed: 0 }
    }

    pub(super) fn pass(&mut self, now: Instant) -> Passage {
        if now.duration_since(self.since) >= Duration::from_secs(1) {
            self.since = now;
            self.lines = 0;
        }
        if self.lines >= limits::STDERR_LINES_PER_S_MAX {
            self.suppressed += 1;
            return Passage::Shut;
        }
        self.lines += 1;
        Passage::Open(std::mem::take(&mut self.suppressed))
    }
}

/// Reads standard error until it ends. Never stops reading, so that the process cannot block on it.
pub(super) async fn drain(stderr: impl AsyncRead + Unpin, origin: Origin) {
    let mut lines = Lines::new(BufReader::new(stderr), limits::STDERR_LINE_BYTES_MAX);
    let mut valve = Valve::new(Instant::now());
    let mut heard: u64 = 0;
    while let Ok(Some(line)) = lines.next().await {
        let text = match &line {
            Line::Whole(text) => text.as_ref(),
            Line::Cut { first, .. } => first,
        };
        heard += 1;
        if heard == 1 {
            tracing::info!(server = &*origin.server, pid = origin.pid, "server writes to standard error");
        }
        if let Passage::Open(suppressed) = valve.pass(Instant::now()) {
            tracing::debug!(
                server = &*origin.server,
                pid = origin.pid,
                suppressed,
                "stderr: {}",
                escaped(text)
            );
        }
    }
    tracing::debug!(server = &*origin.server, pid = origin.pid, lines = heard, "standard error ended");
}

/// `text` with control characters and everything that is not UTF-8 or could reorder a terminal line escaped.
fn escaped(text: &[u8]) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in String::from_utf8_lossy(text).chars() {
        let reorders =
            matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || reorders {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flood_of_lines_is_bounded_and_counted() {
        let start = Instant::now();
        let mut valve = Valve::new(start);
        let passed = (0..5_000).filter(|_| valve.pass(start) == Passage::Open(0)).count();
        assert_eq!(passed, 100);
        let later = start + Duration::from_secs(1);
        assert_eq!(valve.pass(later), Passage::Open(4_900));
        assert_eq!(valve.pass(later), Passage::Open(0));
    }

    #[test]
    fn process_cannot_forge_or_reorder_log_lines() {
        assert_eq!(
            escaped("a\r\n\x1b[2Kb\u{202e}c\u{85}é".as_bytes()),
            "a\\r\\n\\u{1b}[2Kb\\u{202e}c\\u{85}é"
        );
        assert_eq!(escaped(b"\xff"), "\u{fffd}");
    }
}
