//! `lane_head`: what a lane's process signed with each commit. Insert-only; refused once the lane is closed.

use super::entry::Place;
use super::{Error, Read, Row, Tx, Value};

/// A signed head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneHead {
    /// Orders it among those of other lanes; the database gives it.
    pub ticket: i64,
    /// Place of the last leaf of the commit.
    pub place: Place,
    /// Over all leaves of the lane up to that place.
    pub digest: [u8; 32],
    /// Whether a leaf of the commit refers to another lane's.
    pub joint: Joint,
    /// Over lane, place and digest, by the lane's key.
    pub signature: [u8; 64],
}

/// Whether a commit must stay where it is among those of other lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joint {
    /// It must.
    Yes,
    /// It may be moved before or behind them.
    No,
}

/// Adds a head; its ticket is given by the database.
///
/// # Errors
/// [`super::ErrorKind::Constraint`] when the lane is closed.
pub fn insert(
    tx: &mut Tx<'_>,
    place: Place,
    digest: &[u8; 32],
    joint: Joint,
    signature: &[u8; 64],
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO lane_head (place, digest, joint, signature) VALUES ($1, $2, $3, $4)",
        &[place.value(), digest.into(), Value::Int(i64::from(joint == Joint::Yes)), signature.into()],
    )?;
    Ok(())
}

/// The head at exactly this place.
pub fn at(read: &mut Read<'_>, place: Place) -> Result<Option<LaneHead>, Error> {
    read.first(
        "SELECT ticket, place, digest, joint, signature FROM lane_head WHERE place = $1",
        &[place.value()],
        head,
    )
}

/// At most `limit` heads of a lane from `from` on, in order.
pub fn from(read: &mut Read<'_>, from: Place, limit: u32) -> Result<Vec<LaneHead>, Error> {
    read.all(
        "SELECT ticket, place, digest, joint, signature FROM lane_head WHERE place >= $1 AND place < $2 \
         ORDER BY place LIMIT $3",
        &[from.value(), from.next_lane().value(), Value::Int(i64::from(limit))],
        head,
    )
}

/// The last head of a lane.
pub fn last(read: &mut Read<'_>, lane: u32) -> Result<Option<Place>, Error> {
    let first = Place::new(lane, 0);
    read.first(
        "SELECT place FROM lane_head WHERE place >= $1 AND place < $2 ORDER BY place DESC LIMIT 1",
        &[first.value(), first.next_lane().value()],
        |row| Ok(Place::read(row.int(0)?)),
    )
}

fn head(row: Row<'_>) -> Result<LaneHead, Error> {
    Ok(LaneHead {
        ticket: row.int(0)?,
        place: Place::read(row.int(1)?),
        digest: row.array(2)?,
        joint: if row.int(3)? == 0 { Joint::No } else { Joint::Yes },
        signature: row.array(4)?,
    })
}
