//! Who is calling, as seen from outside: the authenticator against a real issuer on the loopback interface.

mod cache;
mod challenge;
mod harness;
mod issuer;
mod registry;
mod service_key;
mod token;
