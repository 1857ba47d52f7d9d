//! Bytes to and from MCP messages. Own thin envelope: the original bytes are what is forwarded.

pub mod method;
