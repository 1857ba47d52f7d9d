//! `context`: personal circumstances of calls, sealed; erased without touching a leaf.

use super::{Error, Read, Tx, Value, tx};

/// A sealed context.
#[derive(Debug, Clone, Copy)]
pub struct Sealed<'a> {
    /// What the leaves hold.
    pub commitment: &'a [u8; 32],
    /// Pseudonym of the person or program it is about.
    pub actor: &'a str,
    /// Day of the data key.
    pub day: i64,
    /// When it was first seen, microseconds since 1970.
    pub ts: i64,
    /// Salt and context, encrypted.
    pub sealed: &'a [u8],
}

/// Adds a context; one that exists already is kept.
pub fn insert(tx: &mut Tx<'_>, context: &Sealed<'_>) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO context (commitment, actor, day, ts, sealed) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT DO NOTHING",
        &[
            context.commitment.into(),
            context.actor.into(),
            context.day.into(),
            context.ts.into(),
            context.sealed.into(),
        ],
    )?;
    Ok(())
}

/// Day and sealed context behind a commitment, unless it was erased.
pub fn find(read: &mut Read<'_>, commitment: &[u8; 32]) -> Result<Option<(i64, Vec<u8>)>, Error> {
    read.first("SELECT day, sealed FROM context WHERE commitment = $1", &[commitment.into()], |row| {
        Ok((row.int(0)?, row.bytes(1)?.to_vec()))
    })
}

/// Those of them that were not erased: commitment, day and sealed context, in no order.
pub fn of(read: &mut Read<'_>, commitments: &[[u8; 32]]) -> Result<Vec<([u8; 32], i64, Vec<u8>)>, Error> {
    if commitments.is_empty() {
        return Ok(Vec::new());
    }
    let places = tx::row(1, commitments.len());
    let sql = format!("SELECT commitment, day, sealed FROM context WHERE commitment IN {places}");
    let values: Vec<_> = commitments.iter().map(|commitment| Value::Bytes(commitment)).collect();
    read.all(&sql, &values, |row| Ok((row.array(0)?, row.int(1)?, row.bytes(2)?.to_vec())))
}

/// Erases every context of one person or program; answers how many there were.
pub fn erase(tx: &mut Tx<'_>, actor: &str) -> Result<u64, Error> {
    tx.execute("DELETE FROM context WHERE actor = $1", &[Value::Text(actor)])
}
