//! `anchor`: how far each place outside has come. For people; the places themselves say it, and `verify` asks them.

use super::{Error, Read, Tx, Value};

/// How far one has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Its name, of which there is one.
    pub name: String,
    /// Size of the largest checkpoint there, those of the epochs before included.
    pub size: u64,
    /// When it arrived, microseconds since 1970.
    pub ts: i64,
    /// What was proven to keep it from being changed.
    pub held: Option<String>,
    /// Until when, microseconds since 1970.
    pub held_until: Option<i64>,
    /// Keyed MAC of all of this: only a gateway of this log can write it.
    pub seal: [u8; 32],
}

/// Notes how far one has come.
pub fn reach(tx: &mut Tx<'_>, reached: &Reached) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO anchor (name, size, ts, held, held_until, seal) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (name) DO UPDATE SET size = excluded.size, ts = excluded.ts, held = excluded.held, \
         held_until = excluded.held_until, seal = excluded.seal",
        &[
            (&reached.name).into(),
            Value::Int(reached.size.cast_signed()),
            reached.ts.into(),
            reached.held.as_ref().into(),
            reached.held_until.into(),
            (&reached.seal).into(),
        ],
    )?;
    Ok(())
}

/// How far every place has come that was ever reached, by name.
pub fn all(read: &mut Read<'_>) -> Result<Vec<Reached>, Error> {
    read.all("SELECT name, size, ts, held, held_until, seal FROM anchor ORDER BY name", &[], |row| {
        Ok(Reached {
            name: row.text(0)?.to_owned(),
            size: row.count(1)?,
            ts: row.int(2)?,
            held: row.maybe_text(3)?.map(str::to_owned),
            held_until: row.maybe_int(4)?,
            seal: row.array(5)?,
        })
    })
}
