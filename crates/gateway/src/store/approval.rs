//! `approval`: held calls that wait for people, from the request to its one use.
//!
//! INVARIANT: every step is one statement that names the state it starts from, so of two processes that want the same
//! row only one gets it.

use super::{Error, ErrorKind, Read, Row, Tx, Value, approval_vote};

/// An approval. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its id.
    pub id: [u8; 16],
    /// Keyed MAC that a repetition of the call has too.
    pub likeness: [u8; 32],
    /// What it is bound to.
    pub binding: [u8; 32],
    /// Where it stands.
    pub state: State,
    /// The call that was held first.
    pub call: [u8; 16],
    /// Hash of issuer and subject of the caller.
    pub asker: [u8; 32],
    /// The upstream.
    pub server: String,
    /// The policy set that held the call.
    pub policy_set: [u8; 32],
    /// The definition of the tool.
    pub definition: Option<[u8; 32]>,
    /// How many people must approve.
    pub quorum: i64,
    /// When it was asked for.
    pub requested: i64,
    /// Until when it can be decided.
    pub decide_by: i64,
    /// Until when it can be used, once approved.
    pub use_by: Option<i64>,
    /// Hash of the `approval.requested` leaf.
    pub request_leaf: Option<[u8; 32]>,
    /// Hash of the leaf that completed the quorum.
    pub grant_leaf: Option<[u8; 32]>,
    /// When it stopped being live.
    pub ended: Option<i64>,
    /// Why.
    pub reason: Option<String>,
    /// What was asked for, sealed.
    pub sealed: Sealed,
}

/// Content that only a gateway with the keys can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The day whose key seals it.
    pub day: i64,
    /// What the content was.
    pub commitment: [u8; 32],
    /// The sealed content.
    pub record: Vec<u8>,
}

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Its request is not on record yet.
    Opening,
    /// People may decide.
    Pending,
    /// Enough people agreed; it was not used yet.
    Approved,
    /// The call ran.
    Used,
    /// Somebody said no.
    Rejected,
    /// Not decided or used in time, withdrawn, or overtaken by a change.
    Expired,
}

impl State {
    /// The word in the column and in listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Used => "used",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Opening, Self::Pending, Self::Approved, Self::Used, Self::Rejected, Self::Expired]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// As a gateway wrote it.
    Whole(Box<Approval>),
    /// With a column that no gateway writes.
    Ruined(Ruined),
}

/// Where one stands in the list: by when it was asked for, and among those of one instant by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// When it says that it was asked for, microseconds since 1970.
    pub requested: i64,
    /// What stands in the place of its id.
    pub id: Vec<u8>,
}

impl Approval {
    /// Where it stands in the list.
    pub fn position(&self) -> Position {
        Position { requested: self.requested, id: self.id.to_vec() }
    }
}

/// A row that somebody else changed or added, so that it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ruined {
    /// Its id, if it is one.
    pub id: Option<[u8; 16]>,
}

/// Which approvals a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that wait for a decision or for their use.
    Live,
    /// All.
    Every,
}

const COLUMNS: &str = "id, likeness, binding, state, call, asker, server, policy_set, definition, quorum, \
                       requested, decide_by, use_by, request_leaf, grant_leaf, ended, reason, day, commitment, sealed";

/// Adds an approval in [`State::Opening`]. `false`: there is a live one for such a call.
pub fn insert(tx: &mut Tx<'_>, new: &Approval) -> Result<bool, Error> {
    let touched = tx.execute(
        "INSERT INTO approval (id, likeness, binding, state, call, asker, server, policy_set, definition, \
         quorum, requested, decide_by, day, commitment, sealed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING",
        &[
            (&new.id).into(),
            (&new.likeness).into(),
            (&new.binding).into(),
            State::Opening.as_str().into(),
            (&new.call).into(),
            (&new.asker).into(),
            (&new.server).into(),
            (&new.policy_set).into(),
            new.definition.as_ref().into(),
            new.quorum.into(),
            new.requested.into(),
            new.decide_by.into(),
            new.sealed.day.into(),
            (&new.sealed.commitment).into(),
            (&new.sealed.record).into(),
        ],
    )?;
    Ok(touched == 1)
}

/// The request is on record: people may decide.
pub fn pend(tx: &mut Tx<'_>, id: &[u8; 16], request_leaf: &[u8; 32]) -> Result<bool, Error> {
    let touched = tx.execute(
        "UPDATE approval SET state = 'pending', request_leaf = $1 WHERE id = $2 AND state = 'opening'",
        &[request_leaf.into(), id.into()],
    )?;
    Ok(touched == 1)
}

/// Takes back a request that is not on record.
pub fn discard(tx: &mut Tx<'_>, id: &[u8; 16]) -> Result<(), Error> {
    tx.execute("DELETE FROM approval WHERE id = $1 AND state = 'opening'", &[id.into()])?;
    Ok(())
}

/// Takes back requests made before `ts` whose process died before they were on record.
pub fn discard_abandoned(tx: &mut Tx<'_>, ts: i64) -> Result<u64, Error> {
    tx.execute("DELETE FROM approval WHERE state = 'opening' AND requested < $1", &[Value::Int(ts)])
}

/// The approval with this id.
pub fn find(read: &mut Read<'_>, id: &[u8; 16]) -> Result<Option<Approval>, Error> {
    read.first(&format!("SELECT {COLUMNS} FROM approval WHERE id = $1"), &[id.into()], approval)
}

/// The live approval for calls like this.
pub fn find_live(read: &mut Read<'_>, likeness: &[u8; 32]) -> Result<Option<Approval>, Error> {
    read.first(
        &format!("SELECT {COLUMNS} FROM approval WHERE likeness = $1 AND ended IS NULL"),
        &[likeness.into()],
        approval,
    )
}

/// Where an approval stands.
pub fn state(read: &mut Read<'_>, id: &[u8; 16]) -> Result<Option<State>, Error> {
    read.first("SELECT state FROM approval WHERE id = $1", &[id.into()], |row| parse_state(row, 0))
}

/// How many live approvals there are, and how many of them `asker` asked for. Counts to `limit`.
pub fn count_live(read: &mut Read<'_>, asker: &[u8; 32], limit: u32) -> Result<(usize, usize), Error> {
    let (mut all, mut own) = (0, 0);
    read.each(
        "SELECT asker FROM approval WHERE ended IS NULL LIMIT $1",
        &[Value::Int(i64::from(limit))],
        |row| {
            all += 1;
            own += usize::from(row.bytes(0)? == asker);
            Ok(())
        },
    )?;
    Ok((all, own))
}

/// At most `limit` approvals behind `after`, the latest first, and where to go on. One that cannot be read hides no other.
pub fn list(
    read: &mut Read<'_>,
    which: Which,
    after: Option<&Position>,
    limit: u32,
) -> Result<(Vec<Listed>, Option<Position>), Error> {
    let live = match which {
        Which::Live => "ended IS NULL AND ",
        Which::Every => "",
    };
    let (behind, mut values) = match after {
        None => ("", Vec::new()),
        Some(last) => ("(requested, id) < ($1, $2) AND ", vec![last.requested.into(), (&last.id).into()]),
    };
    values.push(Value::Int(i64::from(limit)));
    let mut next = None;
    let sql = format!(
        "SELECT {COLUMNS} FROM approval WHERE {live}{behind}state <> 'opening' \
         ORDER BY requested DESC, id DESC LIMIT ${}",
        values.len()
    );
    let rows = read.all(&sql, &values, |row| {
        next = Some(Position { requested: row.int(10)?, id: row.bytes(0)?.to_vec() });
        listed(row)
    })?;
    let full = rows.len() >= limit as usize;
    Ok((rows, next.filter(|_| full)))
}

/// At most `limit` live approvals that can be read.
pub fn live(read: &mut Read<'_>, limit: usize) -> Result<Vec<Approval>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM approval WHERE ended IS NULL AND state <> 'opening' ORDER BY requested"
    );
    read.readable(&sql, &[], limit, approval)
}

/// How many live approvals have a column that no gateway writes.
pub fn ruined(read: &mut Read<'_>) -> Result<u64, Error> {
    let mut count = 0;
    read.each(&format!("SELECT {COLUMNS} FROM approval WHERE ended IS NULL"), &[], |row| {
        count += u64::from(matches!(listed(row)?, Listed::Ruined(_)));
        Ok(())
    })?;
    Ok(count)
}

/// At most `limit` live approvals whose time is over. One that cannot be read keeps no other.
pub fn overdue(read: &mut Read<'_>, now: i64, limit: usize) -> Result<Vec<Approval>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM approval WHERE ended IS NULL AND ((state = 'pending' AND decide_by <= $1) OR \
         (state = 'approved' AND use_by <= $1)) ORDER BY requested"
    );
    read.readable(&sql, &[Value::Int(now)], limit, approval)
}

/// At most `limit` approvals that expired before `ts` and whose leaf is missing. One that cannot be read keeps no other.
pub fn unnoted(read: &mut Read<'_>, ts: i64, limit: usize) -> Result<Vec<Approval>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM approval WHERE ended IS NOT NULL AND noted IS NULL AND state = 'expired' AND \
         ended < $1 ORDER BY ended"
    );
    read.readable(&sql, &[Value::Int(ts)], limit, approval)
}

/// The log has the leaf about the end.
pub fn note(tx: &mut Tx<'_>, id: &[u8; 16], ts: i64) -> Result<(), Error> {
    tx.execute("UPDATE approval SET noted = $1 WHERE id = $2", &[Value::Int(ts), id.into()])?;
    Ok(())
}

/// Enough people agreed.
pub(super) fn approve(tx: &mut Tx<'_>, id: &[u8; 16], leaf: &[u8; 32], use_by: i64) -> Result<bool, Error> {
    let touched = tx.execute(
        "UPDATE approval SET state = 'approved', grant_leaf = $1, use_by = $2 WHERE id = $3 AND state = 'pending'",
        &[leaf.into(), Value::Int(use_by), id.into()],
    )?;
    Ok(touched == 1)
}

/// Somebody said no, on record.
pub(super) fn reject(tx: &mut Tx<'_>, id: &[u8; 16], now: i64) -> Result<bool, Error> {
    let touched = tx.execute(
        "UPDATE approval SET state = 'rejected', ended = $1, noted = $1 \
         WHERE id = $2 AND state IN ('pending', 'approved')",
        &[Value::Int(now), id.into()],
    )?;
    Ok(touched == 1)
}

/// Ends a live approval for `reason`. `false`: it is not in `state`, or a vote is under way.
pub fn expire(tx: &mut Tx<'_>, id: &[u8; 16], state: State, reason: &str, now: i64) -> Result<bool, Error> {
    if approval_vote::unsettled(tx, id)?.is_some() {
        return Ok(false);
    }
    let touched = tx.execute(
        "UPDATE approval SET state = 'expired', ended = $1, reason = $2 WHERE id = $3 AND state = $4",
        &[Value::Int(now), reason.into(), id.into(), state.as_str().into()],
    )?;
    Ok(touched == 1)
}

/// Ends every live approval: the log in which it was asked for ended without it.
pub fn leave_behind(tx: &mut Tx<'_>, reason: &str, now: i64) -> Result<(), Error> {
    tx.execute(
        "UPDATE approval SET state = 'expired', ended = $1, noted = $1, reason = $2 WHERE ended IS NULL",
        &[Value::Int(now), reason.into()],
    )?;
    tx.execute("UPDATE approval SET noted = $1 WHERE noted IS NULL", &[Value::Int(now)])?;
    Ok(())
}

/// Spends an approval on `call`, once. `false`: it is not approved, spent, too old, or a vote is under way.
pub fn spend(tx: &mut Tx<'_>, id: &[u8; 16], call: &[u8; 16], now: i64) -> Result<bool, Error> {
    if approval_vote::unsettled(tx, id)?.is_some() {
        return Ok(false);
    }
    let touched = tx.execute(
        "UPDATE approval SET state = 'used', used_call = $1, ended = $2, noted = $2 \
         WHERE id = $3 AND state = 'approved' AND use_by > $2",
        &[call.into(), Value::Int(now), id.into()],
    )?;
    Ok(touched == 1)
}

fn listed(row: Row<'_>) -> Result<Listed, Error> {
    match approval(row) {
        Ok(whole) => Ok(Listed::Whole(Box::new(whole))),
        Err(error) if error.kind == ErrorKind::Shape => Ok(Listed::Ruined(Ruined { id: row.array(0).ok() })),
        Err(error) => Err(error),
    }
}

fn approval(row: Row<'_>) -> Result<Approval, Error> {
    Ok(Approval {
        id: row.array(0)?,
        likeness: row.array(1)?,
        binding: row.array(2)?,
        state: parse_state(row, 3)?,
        call: row.array(4)?,
        asker: row.array(5)?,
        server: row.text(6)?.to_owned(),
        policy_set: row.array(7)?,
        definition: row.maybe_array(8)?,
        quorum: row.int(9)?,
        requested: row.int(10)?,
        decide_by: row.int(11)?,
        use_by: row.maybe_int(12)?,
        request_leaf: row.maybe_array(13)?,
        grant_leaf: row.maybe_array(14)?,
        ended: row.maybe_int(15)?,
        reason: row.maybe_text(16)?.map(str::to_owned),
        sealed: Sealed { day: row.int(17)?, commitment: row.array(18)?, record: row.bytes(19)?.to_vec() },
    })
}

fn parse_state(row: Row<'_>, column: usize) -> Result<State, Error> {
    State::parse(row.text(column)?).ok_or_else(|| Error::shape(column, "a state of an approval"))
}

/// Id, state and number of votes of live approvals, at most `limit`, and when one ended last (microseconds since 1970).
pub fn standing(read: &mut Read<'_>, limit: u32) -> Result<(Vec<([u8; 16], String, u64)>, i64), Error> {
    let live = read.all(
        "SELECT id, state, (SELECT count(*) FROM approval_vote WHERE approval = approval.id AND leaf IS NOT NULL) \
         FROM approval WHERE ended IS NULL ORDER BY requested DESC, id LIMIT $1",
        &[Value::Int(i64::from(limit))],
        |row| Ok((row.array(0)?, row.text(1)?.to_owned(), row.count(2)?)),
    )?;
    let ended = read.first("SELECT max(ended) FROM approval", &[], |row| row.maybe_int(0))?.flatten();
    Ok((live, ended.unwrap_or(0)))
}
