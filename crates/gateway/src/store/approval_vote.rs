//! `approval_vote`: what people said about a held call.
//!
//! A vote is reserved, recorded in the log, then settled with the hash of its leaf. Between the two it holds back every
//! other step of its approval, so that log and table tell the same order.

use serde::{Deserialize, Serialize};

use super::approval::{self, Sealed, State};
use super::{Error, Read, Row, Tx, Value};

/// One vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// Hash of issuer and subject of the person.
    pub voter: [u8; 32],
    /// Yes or no.
    pub verdict: Word,
    /// When, microseconds since 1970.
    pub ts: i64,
    /// Hash of its leaf; until it is there the vote does not count.
    pub leaf: Option<[u8; 32]>,
    /// Who, and why, sealed.
    pub sealed: Sealed,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Yes.
    Approve,
    /// No.
    Reject,
}

impl Word {
    /// The word in the column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}

/// What became of a vote that was to be reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// It is reserved: record it, then settle it.
    Made,
    /// The same person said the same before.
    Again,
    /// The approval is not open to this vote.
    Closed(State),
    /// Another vote is under way.
    Busy,
    /// There is no such approval.
    Unknown,
}

/// Reserves a vote.
pub fn reserve(tx: &mut Tx<'_>, id: &[u8; 16], vote: &Vote) -> Result<Reservation, Error> {
    let Some(found) = approval::find(tx, id)? else { return Ok(Reservation::Unknown) };
    let open = match (found.state, vote.verdict) {
        (State::Pending, _) => vote.ts < found.decide_by,
        // Whoever agreed may change their mind as long as nothing ran.
        (State::Approved, Word::Reject) => true,
        _ => false,
    };
    if of(tx, id)?
        .iter()
        .any(|other| other.voter == vote.voter && other.verdict == vote.verdict && other.leaf.is_some())
    {
        return Ok(Reservation::Again);
    }
    if !open {
        let overdue = found.state == State::Pending;
        return Ok(Reservation::Closed(if overdue { State::Expired } else { found.state }));
    }
    if unsettled(tx, id)?.is_some() {
        return Ok(Reservation::Busy);
    }
    tx.execute(
        "INSERT INTO approval_vote (approval, voter, verdict, ts, day, commitment, sealed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            id.into(),
            (&vote.voter).into(),
            vote.verdict.as_str().into(),
            vote.ts.into(),
            vote.sealed.day.into(),
            (&vote.sealed.commitment).into(),
            (&vote.sealed.record).into(),
        ],
    )?;
    Ok(Reservation::Made)
}

/// Counts a vote whose leaf is durable; answers where the approval stands now. `use_by`: until when it can be used if
/// this vote completes the quorum.
pub fn settle(
    tx: &mut Tx<'_>,
    id: &[u8; 16],
    vote: &Vote,
    leaf: &[u8; 32],
    use_by: i64,
) -> Result<State, Error> {
    tx.execute(
        "UPDATE approval_vote SET leaf = $1 WHERE approval = $2 AND voter = $3 AND verdict = $4",
        &[leaf.into(), id.into(), (&vote.voter).into(), vote.verdict.as_str().into()],
    )?;
    match vote.verdict {
        Word::Reject => {
            approval::reject(tx, id, vote.ts)?;
        }
        Word::Approve => {
            let agreed = of(tx, id)?
                .iter()
                .filter(|vote| vote.verdict == Word::Approve && vote.leaf.is_some())
                .count();
            let quorum = approval::find(tx, id)?.map_or(i64::MAX, |approval| approval.quorum);
            if i64::try_from(agreed).unwrap_or(i64::MAX) >= quorum {
                approval::approve(tx, id, leaf, use_by)?;
            }
        }
    }
    Ok(approval::state(tx, id)?.unwrap_or(State::Expired))
}

/// Takes back a vote that is not on record.
pub fn withdraw(tx: &mut Tx<'_>, id: &[u8; 16], voter: &[u8; 32]) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM approval_vote WHERE approval = $1 AND voter = $2 AND leaf IS NULL",
        &[id.into(), voter.into()],
    )?;
    Ok(())
}

/// The votes about an approval, in their order.
pub fn of(read: &mut Read<'_>, id: &[u8; 16]) -> Result<Vec<Vote>, Error> {
    read.all(
        "SELECT voter, verdict, ts, leaf, day, commitment, sealed FROM approval_vote WHERE approval = $1 \
         ORDER BY ts",
        &[id.into()],
        vote,
    )
}

/// The vote about an approval that is not on record yet.
pub fn unsettled(read: &mut Read<'_>, id: &[u8; 16]) -> Result<Option<Vote>, Error> {
    Ok(of(read, id)?.into_iter().find(|vote| vote.leaf.is_none()))
}

/// Whether a word of this person, about whatever approval, is not on record yet.
pub fn is_under_way(read: &mut Read<'_>, voter: &[u8; 32]) -> Result<bool, Error> {
    let sql = "SELECT count(*) FROM approval_vote WHERE voter = $1 AND leaf IS NULL";
    Ok(read.first(sql, &[voter.into()], |row| row.count(0))?.unwrap_or_default() > 0)
}

/// At most `limit` votes reserved before `ts` and never settled: their process died. With the approval and its call. One that
/// cannot be read keeps no other.
pub fn abandoned(read: &mut Read<'_>, ts: i64, limit: usize) -> Result<Vec<([u8; 16], Vote)>, Error> {
    read.readable(
        "SELECT voter, verdict, ts, leaf, day, commitment, sealed, approval FROM approval_vote \
         WHERE leaf IS NULL AND ts < $1 ORDER BY ts",
        &[Value::Int(ts)],
        limit,
        |row| Ok((row.array(7)?, vote(row)?)),
    )
}

fn vote(row: Row<'_>) -> Result<Vote, Error> {
    let verdict = match row.text(1)? {
        "approve" => Word::Approve,
        "reject" => Word::Reject,
        _ => return Err(Error::shape(1, "`approve` or `reject`")),
    };
    Ok(Vote {
        voter: row.array(0)?,
        verdict,
        ts: row.int(2)?,
        leaf: row.maybe_array(3)?,
        sealed: Sealed { day: row.int(4)?, commitment: row.array(5)?, record: row.bytes(6)?.to_vec() },
    })
}
