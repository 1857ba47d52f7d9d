//! Limits of what comes with a message beside its data: ids, headers, names of members; and of how long the gateway knows
//! whose sessions and tasks are.

/// Longest id of an event in a stream.
pub const EVENT_ID_BYTES_MAX: usize = 512;
/// Most pairs of names that some parser takes for one, looked at in one message: one that is not the tool's own refuses it.
pub const TWINS_MAX: usize = 16;
/// Most arguments of one tool that are mirrored into headers.
pub const SCHEMA_MIRRORS_MAX: usize = 64;
/// Time after which a legacy session that nobody used is forgotten: its caller begins a new one, as the protocol has it.
pub const MCP_SESSION_KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// Time after which a task that nobody asked about is forgotten. Servers keep theirs for minutes to days.
pub const TASK_KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1_000;
/// How exactly the last use of a session or task is known: it is written down no more often.
pub const USE_NOTED_MS: i64 = 24 * 60 * 60 * 1_000;
