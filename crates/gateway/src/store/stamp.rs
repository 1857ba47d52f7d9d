//! `stamp`: timestamps of checkpoints by authorities (RFC 3161). Insert-only.

use super::epoch::Epoch;
use super::{Error, Read, Tx, Value};

/// What an authority signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Size of the checkpoint, those of the epochs before included.
    pub size: u64,
    /// Address of the authority.
    pub authority: String,
    /// Its answer, a DER `TimeStampResp`.
    pub token: Vec<u8>,
    /// When it arrived, microseconds since 1970.
    pub ts: i64,
}

/// Adds one; one of the same authority for the same checkpoint is kept.
pub fn insert(tx: &mut Tx<'_>, new: &Stamp) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO stamp (size, authority, token, ts) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        &[Value::Int(new.size.cast_signed()), (&new.authority).into(), (&new.token).into(), new.ts.into()],
    )?;
    Ok(())
}

/// The largest checkpoint of any epoch that an authority stamped, and when.
pub fn last(read: &mut Read<'_>, authority: &str) -> Result<Option<(u64, i64)>, Error> {
    read.first(
        "SELECT size, ts FROM stamp WHERE authority = $1 ORDER BY size DESC LIMIT 1",
        &[authority.into()],
        |row| Ok((row.count(0)?, row.int(1)?)),
    )
}

/// Every timestamp of an epoch, by size.
pub fn of_epoch(read: &mut Read<'_>, epoch: &Epoch) -> Result<Vec<Stamp>, Error> {
    let end = epoch.end.map_or(i64::MAX, u64::cast_signed);
    read.all(
        "SELECT size, authority, token, ts FROM stamp WHERE size > $1 AND size <= $2 ORDER BY size, authority",
        &[Value::Int(epoch.first_index.cast_signed()), Value::Int(end)],
        |row| {
            Ok(Stamp {
                size: row.count(0)?,
                authority: row.text(1)?.to_owned(),
                token: row.bytes(2)?.to_vec(),
                ts: row.int(3)?,
            })
        },
    )
}
