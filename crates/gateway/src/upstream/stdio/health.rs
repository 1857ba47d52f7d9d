//! What of a server runs, and what went wrong.

use jiff::Timestamp;

use crate::model::Era;

/// State of one server, for readiness, metrics and operators.
#[derive(Debug, Clone)]
pub struct Health {
    /// What runs.
    pub processes: Vec<ProcessHealth>,
    /// Legacy sessions.
    pub sessions: usize,
    /// Processes started since the gateway was.
    pub starts: u64,
    /// Processes that ended without being asked to, or could not be started.
    pub failures: u64,
    /// The last such failure.
    pub last_failure: Option<Failure>,
}

/// One running process.
#[derive(Debug, Clone)]
pub struct ProcessHealth {
    /// Process id.
    pub pid: u32,
    /// Which wire protocol it is spoken to in.
    pub era: Era,
    /// When it was started.
    pub started: Timestamp,
    /// Requests in flight.
    pub in_flight: usize,
}

/// A process that ended without being asked to, or could not be started.
#[derive(Debug, Clone)]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// Exit status or signal, or why it could not be started.
    pub status: String,
}
