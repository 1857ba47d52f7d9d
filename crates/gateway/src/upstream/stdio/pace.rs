//! How long processes and callers are waited for.

use std::time::Duration;

use crate::limits;

/// Those of [`limits`]; tests use shorter ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// A caller that does not read its stream.
    pub(super) stall: Duration,
    /// A process that was told to end.
    pub(super) stop: Duration,
    /// The rest of an ended process's output.
    pub(super) drain: Duration,
    /// A process that nobody uses.
    pub(super) idle: Duration,
    /// The answer to the question which protocol a program speaks.
    pub(super) probe: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            stall: Duration::from_millis(limits::STDIO_STALL_MS),
            stop: Duration::from_millis(limits::STDIO_STOP_MS),
            drain: Duration::from_millis(limits::STDIO_DRAIN_MS),
            idle: Duration::from_millis(limits::STDIO_IDLE_MS),
            probe: Duration::from_millis(limits::STDIO_PROBE_MS),
        }
    }
}
