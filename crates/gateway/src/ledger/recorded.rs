//! What the log says about something: asked where a row alone must not count.
//!
//! Whoever owns the database can write every row. A leaf that they take away, or change, is found by verifying.

use evidence::leaf::{EventType, Leaf};
use serde::de::DeserializeOwned;

use crate::store::{self, Read, entry};

/// Every leaf of a type since `ts` (microseconds since 1970), in the order of their times.
///
/// # Errors
/// What the store says.
pub fn each_recorded(
    read: &mut Read<'_>,
    event: EventType,
    ts: i64,
    mut f: impl FnMut(Leaf),
) -> Result<(), store::Error> {
    entry::each_of(read, event.as_str(), ts, |leaf| {
        if let Ok(leaf) = Leaf::decode(leaf) {
            f(leaf);
        }
    })
}

/// The details of such leaves that have these facts in them.
///
/// # Errors
/// What the store says.
pub fn recorded_details<T: DeserializeOwned>(
    read: &mut Read<'_>,
    event: EventType,
    ts: i64,
) -> Result<Vec<T>, store::Error> {
    let mut found = Vec::new();
    each_recorded(read, event, ts, |leaf| {
        found.extend(leaf.detail.and_then(|detail| serde_json::from_str(detail.as_str()).ok()));
    })?;
    Ok(found)
}
