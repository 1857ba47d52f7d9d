//! Service keys: credentials for callers that no issuer knows.

/// The service keys that exist.
#[derive(Debug, Default)]
pub struct ServiceKeys {}
