//! Limits of classification, each with its unit.

use std::time::Duration;

/// Longest text that is parsed; a longer one is `unknown`.
pub const TEXT_BYTES_MAX: usize = 32 * 1024;
/// Names kept in each set of facts; more are left out, and the text is then `unknown`.
pub const NAMES_MAX: usize = 64;
/// Longest name kept whole; a longer one is cut, and the text is then `unknown`.
pub const NAME_BYTES_MAX: usize = 128;
/// Deepest nesting of brackets of any kind that is parsed.
pub const BRACKETS_DEPTH_MAX: usize = 48;
/// Deepest nesting of expressions and queries that the parser follows, where it counts at all.
pub const RECURSION_MAX: usize = 128;
/// Most words and signs of a text that can each make the syntax tree one deeper: operators, joins, set operations,
/// angle brackets, prefixes.
pub const CHAIN_TOKENS_MAX: usize = 2_048;
/// Most parts of one name, as `a.b.c`.
pub const NAME_PARTS_MAX: usize = 16;
/// Stack of a thread that classifies, in bytes: what the deepest text within these limits needs, several times over.
pub const STACK_BYTES: usize = 64 * 1024 * 1024;
/// How long a text may take to classify, waiting for a thread included.
pub const BUDGET: Duration = Duration::from_secs(1);
/// Texts of SQL whose facts are kept, so that the same text need not be parsed again.
pub const KNOWN_TEXTS_MAX: usize = 1024;
/// Longest text whose facts are kept, in bytes: they hold no more names than it.
pub const KNOWN_TEXT_BYTES_MAX: usize = 2 * 1024;
/// Texts that wait for a thread.
pub const QUEUE_JOBS_MAX: usize = 256;
/// Threads that take the place of those which overran, at most.
pub const SPARE_THREADS_MAX: usize = 4;
