//! `breakglass`: windows in which held calls of named people go ahead without approval.
//!
//! INVARIANT: every step is one statement that names the state it starts from, so of two processes that want the same
//! row only one gets it.

use super::approval::Sealed;
use super::{Error, Read, Row, Tx, Value};

/// A window. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Its id.
    pub id: [u8; 16],
    /// Where it stands.
    pub state: State,
    /// When it was proposed.
    pub proposed: i64,
    /// Hash of the `breakglass.proposed` leaf.
    pub proposal: [u8; 32],
    /// When somebody began to confirm it.
    pub claimed: Option<i64>,
    /// What is in force.
    pub entry: Option<Entry>,
    /// When it ended.
    pub ended: Option<i64>,
    /// Why.
    pub reason: Option<String>,
    /// Who asked for what and why.
    pub sealed: Sealed,
}

/// That it came in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Since when.
    pub from: i64,
    /// Until when, at the latest.
    pub until: i64,
    /// Hash of the `breakglass.entered` leaf.
    pub leaf: [u8; 32],
    /// Keyed MAC of all of this: only a gateway of this log can write it.
    pub seal: [u8; 32],
}

/// Where a window stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits for a second person.
    Proposed,
    /// A second person confirms it: it is not on record yet.
    Entering,
    /// It is in force, as long as its time is not over.
    Entered,
    /// It is over.
    Ended,
}

impl State {
    /// The word in the column and in listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Entering => "entering",
            Self::Entered => "entered",
            Self::Ended => "ended",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Proposed, Self::Entering, Self::Entered, Self::Ended]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

const COLUMNS: &str = "id, state, proposed, proposal, claimed, entered, until, leaf, seal, ended, reason, day, commitment, \
                       sealed";

/// Adds a window in [`State::Proposed`]. `false`: there are `most` live ones already.
pub fn insert(tx: &mut Tx<'_>, new: &Window, most: u32) -> Result<bool, Error> {
    let sql = "SELECT count(*) FROM breakglass WHERE noted IS NULL";
    let live = tx.first(sql, &[], |row| row.count(0))?.unwrap_or_default();
    if live >= u64::from(most) {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO breakglass (id, state, proposed, proposal, day, commitment, sealed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            (&new.id).into(),
            State::Proposed.as_str().into(),
            new.proposed.into(),
            (&new.proposal).into(),
            new.sealed.day.into(),
            (&new.sealed.commitment).into(),
            (&new.sealed.record).into(),
        ],
    )?;
    Ok(true)
}

/// Whoever gets `true` confirms it.
pub fn claim(tx: &mut Tx<'_>, id: &[u8; 16], now: i64) -> Result<bool, Error> {
    let touched = tx.execute(
        "UPDATE breakglass SET state = 'entering', claimed = $1 WHERE id = $2 AND state = 'proposed'",
        &[now.into(), id.into()],
    )?;
    Ok(touched == 1)
}

/// The confirmation is not on record: somebody may try again.
pub fn release(tx: &mut Tx<'_>, id: &[u8; 16]) -> Result<(), Error> {
    tx.execute(
        "UPDATE breakglass SET state = 'proposed' WHERE id = $1 AND state = 'entering'",
        &[id.into()],
    )?;
    Ok(())
}

/// It is on record, and in force from now on. `false`: it was ended meanwhile.
pub fn enter(tx: &mut Tx<'_>, id: &[u8; 16], entry: &Entry, sealed: &Sealed) -> Result<bool, Error> {
    let touched = tx.execute(
        "UPDATE breakglass SET state = 'entered', entered = $1, until = $2, leaf = $3, seal = $4, day = $5, \
         commitment = $6, sealed = $7 WHERE id = $8 AND state = 'entering'",
        &[
            entry.from.into(),
            entry.until.into(),
            (&entry.leaf).into(),
            (&entry.seal).into(),
            sealed.day.into(),
            (&sealed.commitment).into(),
            (&sealed.record).into(),
            id.into(),
        ],
    )?;
    Ok(touched == 1)
}

/// Ends it for `reason`. `false`: it is over already.
pub fn end(tx: &mut Tx<'_>, id: &[u8; 16], reason: &str, now: i64) -> Result<bool, Error> {
    let touched = tx.execute(
        "UPDATE breakglass SET state = 'ended', ended = $1, reason = $2 WHERE id = $3 AND state <> 'ended'",
        &[now.into(), reason.into(), id.into()],
    )?;
    Ok(touched == 1)
}

/// The log has the leaf about the end.
pub fn note(tx: &mut Tx<'_>, id: &[u8; 16], now: i64) -> Result<(), Error> {
    tx.execute("UPDATE breakglass SET noted = $1 WHERE id = $2", &[now.into(), id.into()])?;
    Ok(())
}

/// The window with this id.
pub fn find(read: &mut Read<'_>, id: &[u8; 16]) -> Result<Option<Window>, Error> {
    read.first(&format!("SELECT {COLUMNS} FROM breakglass WHERE id = $1"), &[id.into()], window)
}

/// At most `limit` windows about whose end the log has no leaf yet.
pub fn live(read: &mut Read<'_>, limit: u32) -> Result<Vec<Window>, Error> {
    read.all(
        &format!("SELECT {COLUMNS} FROM breakglass WHERE noted IS NULL ORDER BY proposed LIMIT $1"),
        &[Value::Int(i64::from(limit))],
        window,
    )
}

/// At most `limit` windows, the latest first.
pub fn page(read: &mut Read<'_>, limit: u32) -> Result<Vec<Window>, Error> {
    read.all(
        &format!("SELECT {COLUMNS} FROM breakglass ORDER BY proposed DESC, id LIMIT $1"),
        &[Value::Int(i64::from(limit))],
        window,
    )
}

fn window(row: Row<'_>) -> Result<Window, Error> {
    let state = State::parse(row.text(1)?).ok_or_else(|| Error::shape(1, "a state of a window"))?;
    let entry = match (row.maybe_int(5)?, row.maybe_int(6)?, row.maybe_array(7)?, row.maybe_array(8)?) {
        (Some(from), Some(until), Some(leaf), Some(seal)) => Some(Entry { from, until, leaf, seal }),
        _ => None,
    };
    Ok(Window {
        id: row.array(0)?,
        state,
        proposed: row.int(2)?,
        proposal: row.array(3)?,
        claimed: row.maybe_int(4)?,
        entry,
        ended: row.maybe_int(9)?,
        reason: row.maybe_text(10)?.map(str::to_owned),
        sealed: Sealed { day: row.int(11)?, commitment: row.array(12)?, record: row.bytes(13)?.to_vec() },
    })
}
