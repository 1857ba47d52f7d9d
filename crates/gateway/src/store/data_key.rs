//! `data_key`: the keys of bodies, one a day, wrapped.

use super::{Error, Read, Tx, Value};

/// The wrapped key of `day` (days since 1970).
pub fn find(read: &mut Read<'_>, day: i64) -> Result<Option<Vec<u8>>, Error> {
    read.first("SELECT wrapped FROM data_key WHERE day = $1", &[Value::Int(day)], |row| {
        Ok(row.bytes(0)?.to_vec())
    })
}

/// Adds the wrapped key of `day`, unless there is one already; answers the one that counts.
pub fn settle(tx: &mut Tx<'_>, day: i64, wrapped: &[u8]) -> Result<Vec<u8>, Error> {
    tx.execute(
        "INSERT INTO data_key (day, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[Value::Int(day), wrapped.into()],
    )?;
    Ok(find(tx, day)?.unwrap_or_default())
}
