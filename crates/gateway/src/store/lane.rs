//! `lane`: the processes that ever wrote.

use super::entry::Place;
use super::{Error, Read, Tx, Value};

/// A lane that nobody closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Its number.
    pub number: u32,
    /// Its id.
    pub id: [u8; 16],
    /// No intent before this place is still open.
    pub open_from: Place,
}

/// Opens a lane; answers its number.
pub fn open(tx: &mut Tx<'_>, id: &[u8; 16], ts: i64) -> Result<u32, Error> {
    let number = last(tx)?.map_or(0, |last| last + 1);
    let first = Place::new(number, 0);
    tx.execute(
        "INSERT INTO lane (number, id, opened, open_from) VALUES ($1, $2, $3, $4)",
        &[Value::Int(i64::from(number)), id.into(), ts.into(), first.value()],
    )?;
    Ok(number)
}

/// Number of the lane that was opened last.
pub fn last(read: &mut Read<'_>) -> Result<Option<u32>, Error> {
    let last = read.first("SELECT max(number) FROM lane", &[], |row| row.maybe_int(0))?.flatten();
    Ok(last.map(|last| u32::try_from(last).unwrap_or(u32::MAX - 1)))
}

/// The lanes that were never closed, oldest first.
pub fn unclosed(read: &mut Read<'_>) -> Result<Vec<Open>, Error> {
    read.all("SELECT number, id, open_from FROM lane WHERE closed IS NULL ORDER BY number", &[], |row| {
        Ok(Open {
            number: u32::try_from(row.int(0)?).unwrap_or(u32::MAX),
            id: row.array(1)?,
            open_from: Place::read(row.int(2)?),
        })
    })
}

/// Notes that no intent before `place` is open any more.
pub fn advance(tx: &mut Tx<'_>, number: u32, place: Place) -> Result<(), Error> {
    tx.execute(
        "UPDATE lane SET open_from = $1 WHERE number = $2",
        &[place.value(), Value::Int(i64::from(number))],
    )?;
    Ok(())
}

/// Closes a lane: its intents have all ended.
pub fn close(tx: &mut Tx<'_>, number: u32, ts: i64) -> Result<(), Error> {
    tx.execute(
        "UPDATE lane SET closed = $1 WHERE number = $2",
        &[Value::Int(ts), Value::Int(i64::from(number))],
    )?;
    Ok(())
}
