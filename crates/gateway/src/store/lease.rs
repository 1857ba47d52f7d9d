//! `lease`: what one process does at a time, of all on the same database.

use super::{Error, Tx, Value};

/// Takes a lease, or keeps it. `false`: somebody else has had it since `stale` or later. Times are microseconds since 1970.
pub fn take(tx: &mut Tx<'_>, name: &str, holder: &[u8; 16], now: i64, stale: i64) -> Result<bool, Error> {
    let touched = tx.execute(
        "INSERT INTO lease (name, holder, ts) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, ts = excluded.ts \
         WHERE lease.holder = excluded.holder OR lease.ts < $4",
        &[Value::Text(name), holder.into(), Value::Int(now), Value::Int(stale)],
    )?;
    Ok(touched == 1)
}

/// Gives it back, if it is still this holder's.
pub fn give_back(tx: &mut Tx<'_>, name: &str, holder: &[u8; 16]) -> Result<(), Error> {
    tx.execute("DELETE FROM lease WHERE name = $1 AND holder = $2", &[Value::Text(name), holder.into()])?;
    Ok(())
}
