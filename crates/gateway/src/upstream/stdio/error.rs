//! Why a spawned server gave no answer.

use crate::refusal::{Fault, Refusal};

/// Why a spawned server gave no answer. Holds no payload and no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StdioError {
    /// The program cannot be started: the gateway's operator must correct its configuration.
    #[error("cannot start the server: {0}")]
    Spawn(String),
    /// The process ended while the request was in flight; the caller may try again.
    #[error("the server ended before it answered: {0}")]
    Exited(String),
    /// The program ended several times in a row; it is started again after the delay.
    #[error("the server keeps exiting, last with {status}; try again in {retry_after_ms} ms")]
    KeepsExiting {
        /// How it ended last.
        status: String,
        /// When it will be started again, in milliseconds from now.
        retry_after_ms: u64,
    },
    /// As many processes or sessions as allowed are in use: end a session, or try later.
    #[error("too many sessions of this server are in use; end one, or try again later")]
    Full,
    /// As many requests as allowed are in flight.
    #[error("too many requests are in flight; wait for answers before sending more")]
    Busy,
    /// The process does not read its input.
    #[error("the server does not read its input; try again later")]
    NotReading,
    /// The caller used the id of a request that is still in flight.
    #[error("a request with this id is still in flight; choose a new id for each request")]
    DuplicateId,
    /// An answer to nothing the server asked.
    #[error("the server has not asked what this answers")]
    Uncorrelated,
    /// What the request needs is not there when all callers share one process.
    #[error("callers of this server share one process, which excludes subscriptions to resources")]
    NotShared,
    /// The server did not begin its answer in time.
    #[error("the server did not answer in time; try again later")]
    Timeout,
    /// The caller did not read its stream, which was ended.
    #[error("the stream was not read in time and was ended")]
    Stalled,
    /// The caller cancelled the request.
    #[error("the caller cancelled the request")]
    Cancelled,
    /// The answer is longer than a line may be.
    #[error("the server's answer is too large; ask for less")]
    TooLarge,
    /// The caller's bytes are not one JSON-RPC message of the kind the request is for.
    #[error("not a message this server can be sent")]
    Malformed,
    /// The server's answer is not one the protocol allows.
    #[error("the server's answer is not one the protocol allows")]
    Garbled,
    /// The gateway is stopping.
    #[error("the gateway is stopping; try again later")]
    Stopping,
    /// The system gave no randomness for a session id.
    #[error("the gateway's system has no randomness; its operator must look into it")]
    Randomness,
}

impl StdioError {
    /// The public no for it.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Spawn(_) | Self::Exited(_) | Self::KeepsExiting { .. } | Self::NotReading => {
                Refusal::UpstreamUnreachable
            }
            Self::Full | Self::Busy => Refusal::Overloaded,
            Self::DuplicateId | Self::NotShared | Self::Malformed => Refusal::Malformed,
            Self::Uncorrelated => Refusal::Uncorrelated,
            Self::Timeout => Refusal::UpstreamTimeout,
            Self::Stalled | Self::Cancelled => Refusal::CallerTimeout,
            Self::TooLarge => Refusal::AnswerTooLarge,
            Self::Garbled => Refusal::AnswerMalformed,
            Self::Stopping => Refusal::Draining,
            Self::Randomness => Refusal::Internal,
        }
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Exited(_)
            | Self::KeepsExiting { .. }
            | Self::NotReading
            | Self::Timeout
            | Self::TooLarge
            | Self::Garbled => Fault::Upstream,
            Self::Busy
            | Self::DuplicateId
            | Self::Uncorrelated
            | Self::NotShared
            | Self::Stalled
            | Self::Cancelled
            | Self::Malformed => Fault::Caller,
            Self::Spawn(_) | Self::Full | Self::Stopping | Self::Randomness => Fault::Gateway,
        }
    }
}
