//! `callback`: signed requests of others that were taken, so that none is taken twice.

use super::{Error, Tx, Value};

/// Takes the request whose signature has this SHA-256. `false`: it was taken before.
pub fn take(tx: &mut Tx<'_>, digest: &[u8; 32], ts: i64) -> Result<bool, Error> {
    let touched = tx.execute(
        "INSERT INTO callback (digest, ts) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[digest.into(), ts.into()],
    )?;
    Ok(touched == 1)
}

/// Forgets those from before `ts`: their time alone refuses them by then.
pub fn forget(tx: &mut Tx<'_>, ts: i64) -> Result<u64, Error> {
    tx.execute("DELETE FROM callback WHERE ts < $1", &[Value::Int(ts)])
}
