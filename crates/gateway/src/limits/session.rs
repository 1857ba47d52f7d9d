//! Limits of sessions: lists of them, and ending them.

/// Longest reason, in bytes.
pub const REASON_BYTES_MAX: usize = 1_024;
/// Ended sessions that gateways remember, and the store holds.
pub const ENDED_MAX: u32 = 100_000;
/// Pause between two looks for sessions that were ended at other gateways.
pub const ENDED_LOOK_MS: u64 = 1_000;
/// Leaves that nobody followed yet and a list of sessions counts itself; beyond that it counts calls of each session.
pub const UNFOLLOWED_MAX: u32 = 5_000;
/// Most leaves counted in one transaction where the log was followed before sessions were counted.
pub const RECOUNTED_MAX: u64 = 8_192;
