//! `policy_proposal` and `policy_publication`: policy sets that are kept in the store, for every gateway on it.

use super::approval::Sealed;
use super::tx::Right;
use super::{Error, Read, Row, Tx, Value};

/// A set that somebody wants to be in force. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub id: [u8; 16],
    /// Hash of the set.
    pub policy_set: [u8; 32],
    /// Hash of the set that was in force then.
    pub base: [u8; 32],
    /// JSON: names and texts.
    pub files: String,
    /// Hash of issuer and subject of who wants it.
    pub person: [u8; 32],
    /// Keyed MAC of all of this: only a gateway of this log can write it.
    pub seal: [u8; 32],
    /// When.
    pub created: i64,
    /// Who wants it.
    pub sealed: Sealed,
}

/// A set that was put in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// From 1, without gaps.
    pub number: i64,
    /// Hash of the set.
    pub policy_set: [u8; 32],
    /// JSON: names and texts.
    pub files: String,
    /// Keyed MAC of all of this: only a gateway of this log can write it.
    pub seal: [u8; 32],
}

const COLUMNS: &str = "id, policy_set, base, files, person, created, day, commitment, sealed, seal";

/// Adds a proposal.
pub fn propose(tx: &mut Tx<'_>, new: &Proposal) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO policy_proposal (id, policy_set, base, files, person, created, day, commitment, sealed, seal) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            (&new.id).into(),
            (&new.policy_set).into(),
            (&new.base).into(),
            (&new.files).into(),
            (&new.person).into(),
            new.created.into(),
            new.sealed.day.into(),
            (&new.sealed.commitment).into(),
            (&new.sealed.record).into(),
            (&new.seal).into(),
        ],
    )?;
    Ok(())
}

/// At most `limit` open proposals, the latest first.
pub fn open(read: &mut Read<'_>, limit: usize) -> Result<Vec<Proposal>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM policy_proposal WHERE ended IS NULL ORDER BY created DESC LIMIT $1");
    read.all(&sql, &[Value::Int(i64::try_from(limit).unwrap_or(i64::MAX))], proposal)
}

/// The open proposal with this id.
pub fn find(read: &mut Read<'_>, id: &[u8; 16]) -> Result<Option<Proposal>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM policy_proposal WHERE id = $1 AND ended IS NULL");
    read.first(&sql, &[id.into()], proposal)
}

/// Takes a proposal, to be put in force or given up by the process with this lane alone, and no other meanwhile. `false`:
/// another process has it, or another one, and its lane is open, so that a leaf of it may still come.
pub fn claim(tx: &mut Tx<'_>, id: &[u8; 16], lane: u32) -> Result<bool, Error> {
    tx.await_right(Right::Publish)?;
    let touched = tx.execute(
        "UPDATE policy_proposal SET claimed = $1 WHERE id = $2 AND ended IS NULL \
         AND NOT EXISTS (SELECT 1 FROM policy_proposal AS held JOIN lane ON lane.number = held.claimed \
         WHERE held.ended IS NULL AND lane.closed IS NULL)",
        &[Value::Int(i64::from(lane)), id.into()],
    )?;
    Ok(touched == 1)
}

/// Whether this process has taken one.
pub fn has_claimed(read: &mut Read<'_>, lane: u32) -> Result<bool, Error> {
    let sql = "SELECT claimed FROM policy_proposal WHERE claimed = $1 AND ended IS NULL LIMIT 1";
    Ok(read.first(sql, &[Value::Int(i64::from(lane))], |row| row.int(0))?.is_some())
}

/// Gives back what this process has taken.
pub fn release(tx: &mut Tx<'_>, lane: u32) -> Result<(), Error> {
    let sql = "UPDATE policy_proposal SET claimed = NULL WHERE claimed = $1 AND ended IS NULL";
    tx.execute(sql, &[Value::Int(i64::from(lane))])?;
    Ok(())
}

/// A proposal is over.
pub fn end(tx: &mut Tx<'_>, id: &[u8; 16], now: i64) -> Result<(), Error> {
    tx.execute("UPDATE policy_proposal SET ended = $1 WHERE id = $2", &[Value::Int(now), id.into()])?;
    Ok(())
}

/// Forgets proposals that were over before `ts`, and ends those that nobody took since.
pub fn forget(tx: &mut Tx<'_>, ts: i64) -> Result<(), Error> {
    tx.execute("DELETE FROM policy_proposal WHERE ended < $1", &[Value::Int(ts)])?;
    tx.execute(
        "UPDATE policy_proposal SET ended = $1 WHERE ended IS NULL AND created < $1",
        &[Value::Int(ts)],
    )?;
    Ok(())
}

/// The set that is in force by what is kept here.
pub fn latest(read: &mut Read<'_>) -> Result<Option<Publication>, Error> {
    let sql = "SELECT number, policy_set, files, seal FROM policy_publication ORDER BY number DESC LIMIT 1";
    read.first(sql, &[], publication)
}

/// The number of that set; 0 when there is none.
pub fn latest_number(read: &mut Read<'_>) -> Result<i64, Error> {
    let sql = "SELECT number FROM policy_publication ORDER BY number DESC LIMIT 1";
    Ok(read.first(sql, &[], |row| row.int(0))?.unwrap_or(0))
}

/// Puts a set in force after the one with the number before. `false`: another was faster.
pub fn publish(tx: &mut Tx<'_>, new: &Publication, now: i64) -> Result<bool, Error> {
    let added = tx.execute(
        "INSERT INTO policy_publication (number, policy_set, files, seal, ts) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        &[
            new.number.into(),
            (&new.policy_set).into(),
            (&new.files).into(),
            (&new.seal).into(),
            Value::Int(now),
        ],
    )?;
    Ok(added == 1)
}

fn proposal(row: Row<'_>) -> Result<Proposal, Error> {
    Ok(Proposal {
        id: row.array(0)?,
        policy_set: row.array(1)?,
        base: row.array(2)?,
        files: row.text(3)?.to_owned(),
        person: row.array(4)?,
        created: row.int(5)?,
        sealed: Sealed { day: row.int(6)?, commitment: row.array(7)?, record: row.bytes(8)?.to_vec() },
        seal: row.array(9)?,
    })
}

fn publication(row: Row<'_>) -> Result<Publication, Error> {
    let files = row.text(2)?.to_owned();
    Ok(Publication { number: row.int(0)?, policy_set: row.array(1)?, files, seal: row.array(3)? })
}
