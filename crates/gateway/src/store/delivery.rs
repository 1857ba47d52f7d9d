//! `delivery`: what somebody outside is to be told about an approval, until it arrived or was given up.
//!
//! A row is added in the transaction of the step that it tells of, so that no step goes untold.

use super::{Error, Read, Row, Tx, Value};

/// Something to be told. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id: the same at every attempt.
    pub id: [u8; 16],
    /// Name of who is told.
    pub sink: String,
    /// The approval.
    pub approval: [u8; 16],
    /// What happened: `approval.requested` and so on.
    pub event: String,
    /// When.
    pub ts: i64,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is to be tried next.
    pub due: i64,
    /// When it arrived.
    pub done: Option<i64>,
    /// When it was given up.
    pub dead: Option<i64>,
    /// Why the last attempt failed, in words of ours.
    pub fault: Option<String>,
}

const COLUMNS: &str = "id, sink, approval, event, ts, attempts, due, done, dead, fault";

/// Adds what is to be told.
pub fn insert(tx: &mut Tx<'_>, new: &[Delivery]) -> Result<(), Error> {
    for row in new {
        tx.execute(
            "INSERT INTO delivery (id, sink, approval, event, ts, attempts, due) VALUES ($1, $2, $3, $4, $5, 0, $6)",
            &[
                (&row.id).into(),
                (&row.sink).into(),
                (&row.approval).into(),
                (&row.event).into(),
                row.ts.into(),
                row.due.into(),
            ],
        )?;
    }
    Ok(())
}

/// At most `limit` that are due, the oldest first. One that cannot be read keeps no other.
pub fn due(read: &mut Read<'_>, now: i64, limit: usize) -> Result<Vec<Delivery>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM delivery WHERE done IS NULL AND dead IS NULL AND due <= $1 ORDER BY due"
    );
    read.readable(&sql, &[Value::Int(now)], limit, delivery)
}

/// Takes one to be tried now; nobody else tries it before `until`. `false`: somebody was faster.
pub fn claim(tx: &mut Tx<'_>, delivery: &Delivery, until: i64) -> Result<bool, Error> {
    let touched = tx.execute(
        "UPDATE delivery SET attempts = $1, due = $2 WHERE id = $3 AND attempts = $4 AND done IS NULL AND dead IS NULL",
        &[
            Value::Int(delivery.attempts + 1),
            Value::Int(until),
            (&delivery.id).into(),
            delivery.attempts.into(),
        ],
    )?;
    Ok(touched == 1)
}

/// It arrived.
pub fn finish(tx: &mut Tx<'_>, id: &[u8; 16], ts: i64) -> Result<(), Error> {
    tx.execute("UPDATE delivery SET done = $1, fault = NULL WHERE id = $2", &[Value::Int(ts), id.into()])?;
    Ok(())
}

/// It did not arrive, and is tried again at `due`.
pub fn postpone(tx: &mut Tx<'_>, id: &[u8; 16], due: i64, fault: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE delivery SET due = $1, fault = $2 WHERE id = $3",
        &[Value::Int(due), fault.into(), id.into()],
    )?;
    Ok(())
}

/// It is given up.
pub fn bury(tx: &mut Tx<'_>, id: &[u8; 16], ts: i64, fault: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE delivery SET dead = $1, fault = $2 WHERE id = $3",
        &[Value::Int(ts), fault.into(), id.into()],
    )?;
    Ok(())
}

/// At most `limit` that have not arrived, the latest first. One that cannot be read hides no other.
pub fn outstanding(read: &mut Read<'_>, limit: usize) -> Result<Vec<Delivery>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM delivery WHERE done IS NULL ORDER BY ts DESC");
    read.readable(&sql, &[], limit, delivery)
}

/// Forgets those from before `ts` that are over.
pub fn forget(tx: &mut Tx<'_>, ts: i64) -> Result<u64, Error> {
    tx.execute(
        "DELETE FROM delivery WHERE ts < $1 AND (done IS NOT NULL OR dead IS NOT NULL)",
        &[Value::Int(ts)],
    )
}

fn delivery(row: Row<'_>) -> Result<Delivery, Error> {
    Ok(Delivery {
        id: row.array(0)?,
        sink: row.text(1)?.to_owned(),
        approval: row.array(2)?,
        event: row.text(3)?.to_owned(),
        ts: row.int(4)?,
        attempts: row.int(5)?,
        due: row.int(6)?,
        done: row.maybe_int(7)?,
        dead: row.maybe_int(8)?,
        fault: row.maybe_text(9)?.map(str::to_owned),
    })
}
