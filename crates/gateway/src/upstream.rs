//! Beyond the gateway: the servers calls are forwarded to.

pub mod stdio;
