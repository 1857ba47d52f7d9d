//! `passkey`: with what people sign approvals.
//!
//! A passkey is of use from when the log has the leaf about it until it is removed, or is about to be.

use super::{Error, Read, Row, Tx, Value, approval_vote};

/// One passkey. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// What its authenticator calls it.
    pub id: Vec<u8>,
    /// Hash of issuer and subject of whose it is.
    pub person: [u8; 32],
    /// `SubjectPublicKeyInfo` in DER.
    pub key: Vec<u8>,
    /// The domain it is for.
    pub rp_id: String,
    /// The origin whose pages may use it.
    pub origin: String,
    /// How often it had signed when it was used last; 0 when it does not count.
    pub counter: i64,
    /// When it was made.
    pub created: i64,
    /// When it was used last.
    pub used: Option<i64>,
    /// The name that the person gave it, encrypted.
    pub sealed: Vec<u8>,
}

/// What became of a passkey that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addition {
    /// It is there: record it, then [`note`] it.
    Made,
    /// Somebody has a passkey of this id.
    Taken,
    /// The person has as many as they may.
    Full,
}

/// What became of a passkey that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is of no use any more: record it, then [`delete`] it.
    Begun,
    /// A word of the person is being recorded at this moment.
    Busy,
    /// They have no such passkey.
    Unknown,
}

const COLUMNS: &str = "id, person, public_key, rp_id, origin, counter, created, used, sealed";
/// Whether a row is of use.
const IN_USE: &str = "noted IS NOT NULL AND removed IS NULL";

/// Adds one that is not of use yet, for the process with this lane, which records it.
pub fn insert(tx: &mut Tx<'_>, new: &Passkey, most: u64, lane: u32) -> Result<Addition, Error> {
    let sql = "SELECT count(*) FROM passkey WHERE person = $1";
    let there = tx.first(sql, &[(&new.person).into()], |row| row.count(0))?.unwrap_or_default();
    if there >= most {
        return Ok(Addition::Full);
    }
    let added = tx.execute(
        "INSERT INTO passkey (id, person, public_key, rp_id, origin, counter, created, sealed, lane) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        &[
            (&new.id).into(),
            (&new.person).into(),
            (&new.key).into(),
            (&new.rp_id).into(),
            (&new.origin).into(),
            new.counter.into(),
            new.created.into(),
            (&new.sealed).into(),
            Value::Int(i64::from(lane)),
        ],
    )?;
    Ok(if added == 1 { Addition::Made } else { Addition::Taken })
}

/// Undoes what was begun and is not on record: by processes whose lane is closed, and before `before` (microseconds since
/// 1970) by the one with this lane, of which no leaf is on its way any more.
pub fn undo(tx: &mut Tx<'_>, lane: u32, before: i64) -> Result<(), Error> {
    let values = [Value::Int(i64::from(lane)), Value::Int(before)];
    let closed = "lane IN (SELECT number FROM lane WHERE closed IS NOT NULL)";
    let sql =
        format!("DELETE FROM passkey WHERE noted IS NULL AND ({closed} OR (lane = $1 AND created < $2))");
    tx.execute(&sql, &values)?;
    let sql = format!("UPDATE passkey SET removed = NULL WHERE ({closed} OR lane = $1) AND removed < $2");
    tx.execute(&sql, &values)?;
    Ok(())
}

/// The log has the leaf about it.
pub fn note(tx: &mut Tx<'_>, id: &[u8], ts: i64) -> Result<(), Error> {
    tx.execute("UPDATE passkey SET noted = $1 WHERE id = $2", &[ts.into(), id.into()])?;
    Ok(())
}

/// The passkeys of a person, in the order they were made.
pub fn of(read: &mut Read<'_>, person: &[u8; 32]) -> Result<Vec<Passkey>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM passkey WHERE person = $1 AND {IN_USE} ORDER BY created, id");
    read.all(&sql, &[person.into()], passkey)
}

/// The passkey of a person that has this id.
pub fn find(read: &mut Read<'_>, person: &[u8; 32], id: &[u8]) -> Result<Option<Passkey>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM passkey WHERE id = $1 AND person = $2 AND {IN_USE}");
    read.first(&sql, &[id.into(), person.into()], passkey)
}

/// It was used. `false`: it is of no use any more, or its counter has not grown, so that there are two of it.
pub fn advance(tx: &mut Tx<'_>, person: &[u8; 32], id: &[u8], counter: i64, ts: i64) -> Result<bool, Error> {
    let sql = format!(
        "UPDATE passkey SET counter = $1, used = $2 WHERE id = $3 AND person = $4 AND {IN_USE} \
         AND (counter < $1 OR (counter = 0 AND $1 = 0))"
    );
    Ok(tx.execute(&sql, &[Value::Int(counter), Value::Int(ts), id.into(), person.into()])? == 1)
}

/// Takes a passkey out of use, unless a word of its person is under way, which it may have signed.
pub fn remove(tx: &mut Tx<'_>, person: &[u8; 32], id: &[u8], ts: i64, lane: u32) -> Result<Removal, Error> {
    let sql =
        format!("UPDATE passkey SET removed = $1, lane = $2 WHERE id = $3 AND person = $4 AND {IN_USE}");
    if tx.execute(&sql, &[ts.into(), Value::Int(i64::from(lane)), id.into(), person.into()])? == 0 {
        return Ok(Removal::Unknown);
    }
    if approval_vote::is_under_way(tx, person)? {
        restore(tx, id)?;
        return Ok(Removal::Busy);
    }
    Ok(Removal::Begun)
}

/// It is not to be removed now.
fn restore(tx: &mut Tx<'_>, id: &[u8]) -> Result<(), Error> {
    tx.execute("UPDATE passkey SET removed = NULL WHERE id = $1", &[id.into()])?;
    Ok(())
}

/// Forgets it: its removal is on record.
pub fn delete(tx: &mut Tx<'_>, id: &[u8]) -> Result<(), Error> {
    tx.execute("DELETE FROM passkey WHERE id = $1", &[id.into()])?;
    Ok(())
}

fn passkey(row: Row<'_>) -> Result<Passkey, Error> {
    Ok(Passkey {
        id: row.bytes(0)?.to_vec(),
        person: row.array(1)?,
        key: row.bytes(2)?.to_vec(),
        rp_id: row.text(3)?.to_owned(),
        origin: row.text(4)?.to_owned(),
        counter: row.int(5)?,
        created: row.int(6)?,
        used: row.maybe_int(7)?,
        sealed: row.bytes(8)?.to_vec(),
    })
}
