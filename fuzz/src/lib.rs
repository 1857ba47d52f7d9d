//! What must hold for any bytes at all. Each `run` panics when it does not; the fuzzer and an ordinary test call it.

pub mod checkpoint;
pub mod envelope;
pub mod leaf;
pub mod mask;
pub mod note;
pub mod shell;
pub mod splice;
pub mod sql;
pub mod sse;
pub mod tile_path;
pub mod walk;
