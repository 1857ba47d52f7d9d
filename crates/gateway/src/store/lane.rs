//! `lane`: the processes that ever wrote.

use super::entry::Place;
use super::{Error, Read, Row, Tx, Value};

/// A lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Its number.
    pub number: u32,
    /// Its id.
    pub id: [u8; 16],
    /// Ed25519 public key that verifies its heads.
    pub key: [u8; 32],
    /// Keyed MAC over lane and key.
    pub seal: [u8; 32],
    /// No intent before this place is still open.
    pub open_from: Place,
    /// Signs of life so far.
    pub pulse: i64,
    /// When it was closed, microseconds since 1970.
    pub closed: Option<i64>,
}

const SELECT: &str = "SELECT number, id, key, seal, open_from, pulse, closed FROM lane";

/// Opens a lane. Take [`super::Right::OpenLane`] before its number is chosen.
pub fn open(tx: &mut Tx<'_>, lane: &Lane, ts: i64) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO lane (number, id, key, seal, opened, open_from, pulse) VALUES ($1, $2, $3, $4, $5, $6, 0)",
        &[
            number(lane.number),
            (&lane.id).into(),
            (&lane.key).into(),
            (&lane.seal).into(),
            ts.into(),
            lane.open_from.value(),
        ],
    )?;
    Ok(())
}

/// When a lane was opened and closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// Its number.
    pub number: u32,
    /// Microseconds since 1970.
    pub opened: i64,
    /// Microseconds since 1970; `None` while it is open.
    pub closed: Option<i64>,
}

/// At most `limit` lanes, the latest first.
pub fn page(read: &mut Read<'_>, limit: u32) -> Result<Vec<Life>, Error> {
    read.all(
        "SELECT number, opened, closed FROM lane ORDER BY number DESC LIMIT $1",
        &[Value::Int(i64::from(limit))],
        |row| {
            let number = u32::try_from(row.int(0)?).unwrap_or(u32::MAX);
            Ok(Life { number, opened: row.int(1)?, closed: row.maybe_int(2)? })
        },
    )
}

/// Number of the lane that was opened last.
pub fn last(read: &mut Read<'_>) -> Result<Option<u32>, Error> {
    let last = read.first("SELECT max(number) FROM lane", &[], |row| row.maybe_int(0))?.flatten();
    Ok(last.map(|last| u32::try_from(last).unwrap_or(u32::MAX - 1)))
}

/// The lane with this number.
pub fn find(read: &mut Read<'_>, lane: u32) -> Result<Option<Lane>, Error> {
    read.first(&format!("{SELECT} WHERE number = $1"), &[number(lane)], row)
}

/// The lanes whose calls may still be open, oldest first: those that nobody closed, and those closed for dead.
pub fn unswept(read: &mut Read<'_>) -> Result<Vec<Lane>, Error> {
    read.all(&format!("{SELECT} WHERE swept IS NULL ORDER BY number"), &[], row)
}

/// The lanes that may hold leaves which are not in the log yet, oldest first.
pub fn unsettled(read: &mut Read<'_>) -> Result<Vec<Lane>, Error> {
    read.all(&format!("{SELECT} WHERE settled IS NULL ORDER BY number"), &[], row)
}

/// Gives a sign of life: no intent before `open_from` is open any more. `false`: the lane is closed.
pub fn pulse(tx: &mut Tx<'_>, lane: u32, open_from: Place) -> Result<bool, Error> {
    let touched = tx.execute(
        "UPDATE lane SET open_from = $1, pulse = pulse + 1 WHERE number = $2 AND closed IS NULL",
        &[open_from.value(), number(lane)],
    )?;
    Ok(touched == 1)
}

/// Closes a lane whose intents have all ended.
pub fn close(tx: &mut Tx<'_>, lane: u32, ts: i64) -> Result<(), Error> {
    tx.execute(
        "UPDATE lane SET closed = $1, swept = $1 WHERE number = $2 AND closed IS NULL",
        &[Value::Int(ts), number(lane)],
    )?;
    Ok(())
}

/// Closes the lane of a process that is taken for dead: nothing was heard of it since `pulse`. Its calls are to be
/// swept. `false`: it gave a sign of life after all, or is closed already.
pub fn close_dead(tx: &mut Tx<'_>, lane: u32, pulse: i64, ts: i64) -> Result<bool, Error> {
    let touched = tx.execute(
        "UPDATE lane SET closed = $1 WHERE number = $2 AND closed IS NULL AND pulse = $3",
        &[Value::Int(ts), number(lane), Value::Int(pulse)],
    )?;
    Ok(touched == 1)
}

/// Notes that the calls of a closed lane have all ended. `false`: somebody else did it.
pub fn sweep(tx: &mut Tx<'_>, lane: u32, ts: i64) -> Result<bool, Error> {
    let touched = tx.execute(
        "UPDATE lane SET swept = $1 WHERE number = $2 AND closed IS NOT NULL AND swept IS NULL",
        &[Value::Int(ts), number(lane)],
    )?;
    Ok(touched == 1)
}

/// Notes that every leaf of a closed lane is in the log.
pub fn settle(tx: &mut Tx<'_>, lane: u32, ts: i64) -> Result<(), Error> {
    tx.execute("UPDATE lane SET settled = $1 WHERE number = $2", &[Value::Int(ts), number(lane)])?;
    Ok(())
}

/// Notes that nothing of the lanes before `first` goes into the log any more: their epoch ended.
pub fn leave_behind(tx: &mut Tx<'_>, first: u32, ts: i64) -> Result<(), Error> {
    for column in ["swept", "settled"] {
        let sql = format!("UPDATE lane SET {column} = $1 WHERE {column} IS NULL AND number < $2");
        tx.execute(&sql, &[Value::Int(ts), number(first)])?;
    }
    Ok(())
}

fn number(lane: u32) -> Value<'static> {
    Value::Int(i64::from(lane))
}

fn row(row: Row<'_>) -> Result<Lane, Error> {
    Ok(Lane {
        number: u32::try_from(row.int(0)?).unwrap_or(u32::MAX),
        id: row.array(1)?,
        key: row.array(2)?,
        seal: row.array(3)?,
        open_from: Place::read(row.int(4)?),
        pulse: row.int(5)?,
        closed: row.maybe_int(6)?,
    })
}
