//! The limits of masking. Each bounds time or memory for hostile input.

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
/// Steps of a field's path.
pub const PATH_STEPS_MAX: usize = 60;
/// Pointers of a surface together with those that are always left alone.
pub const POINTERS_MAX: usize = 128;
/// Detectors of somebody's own.
pub const CUSTOM_MAX: usize = 256;
/// Subschemas of an output schema. A schema with more is taken for none.
pub const SCHEMAS_MAX: usize = 4096;
/// Shortest run of base64 that is decoded, in characters.
pub const BASE64_MIN: usize = 20;
/// Shortest run of hexadecimal digits that is decoded.
pub const HEX_MIN: usize = 24;
