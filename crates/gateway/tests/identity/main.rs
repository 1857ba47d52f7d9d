//! Who is calling, as seen from outside: the authenticator against a real issuer on the loopback interface.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail tests")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` arguments read better by value")]

mod cache;
mod challenge;
mod harness;
mod issuer;
mod registry;
mod service_key;
mod token;
