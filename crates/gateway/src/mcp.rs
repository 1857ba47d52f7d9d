//! Bytes to and from MCP messages. Own thin envelope: the original bytes are what is forwarded.

pub mod envelope;
pub mod fold;
pub mod header;
pub mod method;
pub mod splice;
pub mod sse;
pub mod twin;
