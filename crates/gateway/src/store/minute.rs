//! `minute`: how many calls there were each minute, and how they went. Made from leaves by following the log, and made again
//! from them at any time: never evidence.

use std::collections::BTreeMap;

use super::{Error, Read, Tx, Value};

/// Counts by minute (minutes since 1970) and kind: `calls`, `denied`, `held`, `failed`, or `t` and the power of two above the
/// time that a call took, in microseconds.
pub type Counts = BTreeMap<(i64, String), u64>;

/// Adds to the counts.
pub fn add(tx: &mut Tx<'_>, counts: &Counts) -> Result<(), Error> {
    for ((minute, kind), count) in counts {
        tx.execute(
            "INSERT INTO minute (at, kind, n) VALUES ($1, $2, $3) \
             ON CONFLICT (at, kind) DO UPDATE SET n = minute.n + excluded.n",
            &[Value::Int(*minute), kind.into(), Value::Int(count.cast_signed())],
        )?;
    }
    Ok(())
}

/// The counts from one minute up to and without another, at most `limit`.
pub fn between(read: &mut Read<'_>, from: i64, until: i64, limit: u32) -> Result<Counts, Error> {
    let found = read.all(
        "SELECT at, kind, n FROM minute WHERE at >= $1 AND at < $2 ORDER BY at, kind LIMIT $3",
        &[Value::Int(from), Value::Int(until), Value::Int(i64::from(limit))],
        |row| Ok(((row.int(0)?, row.text(1)?.to_owned()), row.count(2)?)),
    )?;
    Ok(found.into_iter().collect())
}
