//! `sign_in`: people signed in to the console.

use super::{Error, Read, Row, Tx, Value};

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// SHA-256 of what their browser holds.
    pub id: [u8; 32],
    /// When they signed in, microseconds since 1970.
    pub began: i64,
    /// Until when the issuer need not be asked again, microseconds since 1970.
    pub fresh_until: i64,
    /// When they have to sign in anew, microseconds since 1970.
    pub ends: i64,
    /// How often the issuer was asked.
    pub turn: i64,
    /// Who they are, encrypted.
    pub sealed: Vec<u8>,
}

/// Adds one.
pub fn insert(tx: &mut Tx<'_>, sign_in: &SignIn) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO sign_in (id, began, fresh_until, ends, turn, sealed) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            (&sign_in.id).into(),
            sign_in.began.into(),
            sign_in.fresh_until.into(),
            sign_in.ends.into(),
            sign_in.turn.into(),
            (&sign_in.sealed).into(),
        ],
    )?;
    Ok(())
}

/// The one whose browser holds what has this SHA-256.
pub fn find(read: &mut Read<'_>, id: &[u8; 32]) -> Result<Option<SignIn>, Error> {
    read.first(
        "SELECT id, began, fresh_until, ends, turn, sealed FROM sign_in WHERE id = $1",
        &[id.into()],
        sign_in,
    )
}

/// Takes the turn to ask the issuer. `false`: somebody else asks, since `stale` or later, or has asked.
pub fn claim(tx: &mut Tx<'_>, id: &[u8; 32], turn: i64, now: i64, stale: i64) -> Result<bool, Error> {
    let touched = tx.execute(
        "UPDATE sign_in SET claimed = $1 WHERE id = $2 AND turn = $3 AND (claimed IS NULL OR claimed < $4)",
        &[now.into(), id.into(), turn.into(), stale.into()],
    )?;
    Ok(touched == 1)
}

/// Gives the turn back: the issuer could not be asked.
pub fn release(tx: &mut Tx<'_>, id: &[u8; 32], turn: i64) -> Result<(), Error> {
    tx.execute("UPDATE sign_in SET claimed = NULL WHERE id = $1 AND turn = $2", &[id.into(), turn.into()])?;
    Ok(())
}

/// Keeps what the issuer said. `false`: they signed out meanwhile.
pub fn renew(tx: &mut Tx<'_>, renewed: &SignIn) -> Result<bool, Error> {
    let touched = tx.execute(
        "UPDATE sign_in SET fresh_until = $1, turn = turn + 1, claimed = NULL, sealed = $2 \
         WHERE id = $3 AND turn = $4",
        &[renewed.fresh_until.into(), (&renewed.sealed).into(), (&renewed.id).into(), renewed.turn.into()],
    )?;
    Ok(touched == 1)
}

/// They signed out, or the issuer says that they are gone.
pub fn remove(tx: &mut Tx<'_>, id: &[u8; 32]) -> Result<(), Error> {
    tx.execute("DELETE FROM sign_in WHERE id = $1", &[id.into()])?;
    Ok(())
}

/// Forgets those that ended before `now`; answers how many.
pub fn forget(tx: &mut Tx<'_>, now: i64) -> Result<u64, Error> {
    tx.execute("DELETE FROM sign_in WHERE ends < $1", &[Value::Int(now)])
}

fn sign_in(row: Row<'_>) -> Result<SignIn, Error> {
    Ok(SignIn {
        id: row.array(0)?,
        began: row.int(1)?,
        fresh_until: row.int(2)?,
        ends: row.int(3)?,
        turn: row.int(4)?,
        sealed: row.bytes(5)?.to_vec(),
    })
}
