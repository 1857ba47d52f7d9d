//! The message layer from outside: what it reads in the messages of the spec, held against other implementations and
//! against bytes that nobody thought of.

// The bodies of the fuzz targets, shared with `fuzz/`, which is outside the workspace because it needs nightly.
#[expect(unreachable_pub, reason = "a library there, a module here")]
#[expect(dead_code, reason = "the targets of `evidence` are run by its own tests")]
#[path = "../../../../fuzz/src/lib.rs"]
mod body;
mod corpus;
mod fuzz;
mod golden;
mod rmcp;
