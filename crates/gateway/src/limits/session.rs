//! Limits of ending sessions.

/// Longest reason, in bytes.
pub const REASON_BYTES_MAX: usize = 1_024;
/// Ended sessions that gateways remember, and the store holds.
pub const ENDED_MAX: u32 = 100_000;
/// Pause between two looks for sessions that were ended at other gateways.
pub const ENDED_LOOK_MS: u64 = 1_000;
