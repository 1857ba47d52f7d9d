//! Countersign: the MCP gateway whose audit trail you can check.
//!
//! Every call is recorded, then permitted, then forwarded; its answer is masked, then recorded, then given. That
//! order is the product, so it stands in one place: `exchange`. `ARCHITECTURE.md` has the map.

pub mod acceptance;
pub mod admin;
pub mod anchor;
pub mod api;
pub mod app;
pub mod approval;
pub mod canary;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod cors;
pub mod depot;
pub mod endpoint;
pub mod exchange;
pub mod file;
pub mod follower;
pub mod identity;
pub mod ledger;
pub mod limits;
pub mod listen;
pub mod mask;
pub mod mcp;
pub mod metrics;
pub mod model;
pub mod moment;
pub mod permit;
pub mod policy;
pub mod publication;
pub mod recognizer;
pub mod refusal;
pub mod reply;
pub mod report;
pub mod review;
pub mod seal;
pub mod secret;
pub mod service_key;
pub mod sign_in;
pub mod statement;
pub mod store;
pub mod trust;
pub mod upstream;
pub mod webhook;
pub mod witness;
