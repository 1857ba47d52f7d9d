//! The limits of masking. Each bounds time or memory for hostile input.

/// Longest message, in bytes: places in it take half the room that a length may.
pub const MESSAGE_MAX: usize = u32::MAX as usize / 2;
/// Objects and arrays open at once, in a message and in JSON inside a string.
pub const DEPTH_MAX: usize = 128;
/// JSON inside a string inside JSON: how often.
pub const NESTING_MAX: usize = 3;
/// Findings in one message. A message with more fails: what cannot be listed cannot be shown to have been masked.
pub const FINDINGS_MAX: usize = 100_000;
/// Bytes that are scanned more than once (decoded layers, values seen before their keys) for each byte of a message.
pub const AGAIN_PER_BYTE: usize = 16;
/// The same for any message, in bytes.
pub const AGAIN_LEAST: usize = 64 * 1024;
/// Shortest value that is looked for in other strings of the message, in bytes.
pub const VALUE_MIN: usize = 4;
/// Longest member name whose words are read, in bytes. A longer one is no name.
pub const NAME_MAX: usize = 128;
/// Columns of a table in a text. One with more is no table.
pub const COLUMNS_MAX: usize = 64;
/// Caches of what names say that are kept for later scans, of 20 KiB each.
pub const SAID_MAX: usize = 64;
/// Steps of a field's path.
pub const PATH_STEPS_MAX: usize = 60;
/// Pointers of a surface together with those that are always left alone.
pub const POINTERS_MAX: usize = 128;
/// Detectors of somebody's own.
pub const CUSTOM_MAX: usize = 256;
/// Subschemas of an output schema. A schema with more is taken for none.
pub const SCHEMAS_MAX: usize = 4096;
/// Longest output schema that is read, in bytes. A longer one is taken for none.
pub const SCHEMA_MAX: usize = 256 * 1024;
/// Patterns of an output schema that are compiled. The others count as patterns that cannot be read.
pub const SCHEMA_PATTERNS_MAX: usize = 256;
/// Longest pattern that is read, and longest example of one, in bytes.
pub const SCHEMA_PATTERN_MAX: usize = 1024;
/// Longest text that is tried against a pattern, in bytes, and that a mask is padded to, in characters.
pub const SCHEMA_TEXT_MAX: usize = 1024;
/// Steps of trying masks against an output schema for each byte of a message. A step is one subschema, sixteen members
/// of an enumeration, or one byte of a text against a small pattern. Then the remaining values get their plain masks.
pub const FIT_STEPS_PER_BYTE: usize = 16;
/// The same for any message.
pub const FIT_STEPS_LEAST: usize = 64 * 1024;
/// Members of enumerations, bounds and pairs of bounds that are tried for one value, of each.
pub const FIT_TRIES_MAX: usize = 64;
/// Shortest run of base64 that is decoded, in characters.
pub const BASE64_MIN: usize = 20;
/// Shortest run of hexadecimal digits that is decoded.
pub const HEX_MIN: usize = 24;
