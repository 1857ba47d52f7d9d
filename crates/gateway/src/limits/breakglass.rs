//! Limits of break-glass.

/// Longest time that held calls go ahead without approval, in seconds: the format of the log says so.
pub const SECONDS_MAX: i64 = evidence::verify::BREAKGLASS_S_MAX;
/// Time in which a second administrator must confirm it, in seconds.
pub const CONFIRM_S: i64 = 15 * 60;
/// Most that are proposed or in force at once.
pub const LIVE_MAX: u32 = 8;
/// Most people whose calls one is for; most servers, and most tools, that it names.
pub const NAMES_MAX: usize = 16;
/// Longest reason, in bytes.
pub const REASON_BYTES_MAX: usize = 1_024;
/// Most in one list.
pub const LISTED_MAX: u32 = 100;
