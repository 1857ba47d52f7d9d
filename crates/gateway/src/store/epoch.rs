//! `epoch`: the logs that follow each other in one database.
//!
//! An epoch is a range of lanes and of indexes: the lanes opened since it began, and the leaves behind those of the
//! epochs before. Indexes and sizes of checkpoints count through all epochs, so no table needs another key; within an
//! epoch they begin at [`Epoch::first_index`]. The first epoch has no row.

use super::entry::Place;
use super::{Error, Read, Tx, Value};

/// One epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// Its number, from 1.
    pub number: u64,
    /// Its first lane.
    pub first_lane: u32,
    /// How many leaves the epochs before it have.
    pub first_index: u64,
    /// Where the next epoch begins, if there is one.
    pub end: Option<u64>,
}

/// How the epoch before ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With `log.seal`.
    Sealed,
    /// Without: a loss was declared.
    Lost,
}

impl Epoch {
    /// The epoch that every log begins with.
    pub const FIRST: Self = Self { number: 1, first_lane: 0, first_index: 0, end: None };

    /// The index of a leaf within this epoch.
    pub fn within(&self, index: u64) -> u64 {
        index.saturating_sub(self.first_index)
    }
}

/// Every epoch, the first one first.
pub fn all(read: &mut Read<'_>) -> Result<Vec<Epoch>, Error> {
    let mut epochs = vec![Epoch::FIRST];
    read.each("SELECT number, first_lane, first_index FROM epoch ORDER BY number", &[], |row| {
        let first_lane = u32::try_from(row.int(1)?).unwrap_or(u32::MAX);
        let begun = Epoch { number: row.count(0)?, first_lane, first_index: row.count(2)?, end: None };
        if let Some(before) = epochs.last_mut() {
            before.end = Some(begun.first_index);
        }
        epochs.push(begun);
        Ok(())
    })?;
    Ok(epochs)
}

/// The epoch that is written now.
pub fn current(read: &mut Read<'_>) -> Result<Epoch, Error> {
    Ok(all(read)?.last().copied().unwrap_or(Epoch::FIRST))
}

/// The epoch of the leaf at `index`, or that it will be of.
pub fn at(read: &mut Read<'_>, index: u64) -> Result<Epoch, Error> {
    Ok(all(read)?.into_iter().rfind(|epoch| epoch.first_index <= index).unwrap_or(Epoch::FIRST))
}

/// Begins an epoch.
pub fn begin(tx: &mut Tx<'_>, epoch: &Epoch, before: Ending, ts: i64) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO epoch (number, first_lane, first_index, sealed, ts) VALUES ($1, $2, $3, $4, $5)",
        &[
            Value::Int(epoch.number.cast_signed()),
            Value::Int(i64::from(epoch.first_lane)),
            Value::Int(epoch.first_index.cast_signed()),
            Value::Int(i64::from(before == Ending::Sealed)),
            Value::Int(ts),
        ],
    )?;
    Ok(())
}

/// How the epoch before this one ended; `None` for the first.
pub fn ending_before(read: &mut Read<'_>, number: u64) -> Result<Option<Ending>, Error> {
    read.first("SELECT sealed FROM epoch WHERE number = $1", &[Value::Int(number.cast_signed())], |row| {
        Ok(if row.int(0)? == 0 { Ending::Lost } else { Ending::Sealed })
    })
}

/// Where the seal of this epoch stands, if it was sealed.
pub fn seal(read: &mut Read<'_>, epoch: &Epoch) -> Result<Option<Place>, Error> {
    read.first(
        "SELECT place FROM entry WHERE type = 'log.seal' AND place >= $1 LIMIT 1",
        &[Place::new(epoch.first_lane, 0).value()],
        |row| Ok(Place::read(row.int(0)?)),
    )
}
