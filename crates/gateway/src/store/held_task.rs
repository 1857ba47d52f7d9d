//! `held_task`: approved calls that run for callers who ask about them as tasks, and their answers.

use super::approval::Sealed;
use super::{Error, Read, Tx, Value};

/// A call that runs, or ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldTask {
    /// When the process that runs it said so last, microseconds since 1970.
    pub alive: i64,
    /// When it ended.
    pub ended: Option<i64>,
    /// The answer.
    pub answer: Option<Sealed>,
}

/// Whoever gets `true` runs the call: nobody runs it, or whoever did has not said so since `stale`.
pub fn claim(tx: &mut Tx<'_>, approval: &[u8; 16], now: i64, stale: i64) -> Result<bool, Error> {
    let touched = tx.execute(
        "INSERT INTO held_task (approval, alive) VALUES ($1, $2) ON CONFLICT (approval) DO UPDATE SET alive = $2 \
         WHERE held_task.ended IS NULL AND held_task.alive < $3",
        &[approval.into(), now.into(), stale.into()],
    )?;
    Ok(touched == 1)
}

/// Whoever runs the call is still there.
pub fn stay(tx: &mut Tx<'_>, approval: &[u8; 16], now: i64) -> Result<(), Error> {
    tx.execute(
        "UPDATE held_task SET alive = $1 WHERE approval = $2 AND ended IS NULL",
        &[now.into(), approval.into()],
    )?;
    Ok(())
}

/// The answer is there.
pub fn end(tx: &mut Tx<'_>, approval: &[u8; 16], now: i64, answer: &Sealed) -> Result<(), Error> {
    tx.execute(
        "UPDATE held_task SET alive = $1, ended = $1, day = $2, commitment = $3, sealed = $4 \
         WHERE approval = $5 AND ended IS NULL",
        &[
            now.into(),
            answer.day.into(),
            (&answer.commitment).into(),
            (&answer.record).into(),
            approval.into(),
        ],
    )?;
    Ok(())
}

/// The call of this approval, if it was begun.
pub fn find(read: &mut Read<'_>, approval: &[u8; 16]) -> Result<Option<HeldTask>, Error> {
    read.first(
        "SELECT alive, ended, day, commitment, sealed FROM held_task WHERE approval = $1",
        &[approval.into()],
        |row| {
            let ended = row.maybe_int(1)?;
            let answer = match ended {
                None => None,
                Some(_) => Some(Sealed {
                    day: row.int(2)?,
                    commitment: row.array(3)?,
                    record: row.bytes(4)?.to_vec(),
                }),
            };
            Ok(HeldTask { alive: row.int(0)?, ended, answer })
        },
    )
}

/// Forgets calls that nobody has run since `ts`, and their answers; answers how many.
pub fn forget(tx: &mut Tx<'_>, ts: i64) -> Result<u64, Error> {
    tx.execute("DELETE FROM held_task WHERE alive < $1", &[Value::Int(ts)])
}
