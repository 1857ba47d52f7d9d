//! Limits of reading shell texts, each with its unit. The length of a text is bounded by
//! [`TEXT_BYTES_MAX`](crate::statement::limits::TEXT_BYTES_MAX).

/// Constructs inside each other; a deeper text is `unknown`.
pub(super) const DEPTH_MAX: usize = 40;
/// Words of one text, before expansion.
pub(super) const WORDS_MAX: usize = 8_192;
/// Words that one word may expand to, by braces and values.
pub(super) const FIELDS_MAX: usize = 64;
/// Longest word after expansion, in bytes; a longer one is not known.
pub(super) const FIELD_BYTES_MAX: usize = 32 * 1024;
/// Texts read because of one text: arguments of `sh -c`, of `eval`, standard input of shells.
pub(super) const TEXTS_MAX: usize = 64;
/// How often a text may lead to a text.
pub(super) const LEVELS_MAX: usize = 8;
/// Bytes of all those texts together.
pub(super) const TEXTS_BYTES_MAX: usize = 256 * 1024;
/// Commands judged for one text, those in loops as often as they are walked.
pub(super) const COMMANDS_MAX: usize = 4_096;
/// Values of a `for` loop that are tried one by one.
pub(super) const LOOP_VALUES_MAX: usize = 16;
/// Wrappers around one command (`sudo env nice ...`).
pub(super) const WRAPPERS_MAX: usize = 16;
/// Commands that one command runs by words of its own (`find -exec`), one inside the other or side by side.
pub(super) const INNER_MAX: usize = 32;
/// Bytes of values that the variables of one text may be replaced by; further ones are not known.
pub(super) const EXPANDED_BYTES_MAX: usize = 128 * 1024;
/// Arguments kept of each command in the facts.
pub(super) const ARGUMENTS_MAX: usize = 16;
/// Longest word whose braces are expanded, in bytes: every brace may be looked at once for every other.
pub(super) const BRACED_BYTES_MAX: usize = 2 * 1024;
