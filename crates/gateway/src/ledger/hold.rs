//! Legal holds: bodies that are kept whatever their age.
//!
//! The log sets a hold and lifts it, with `hold.set` and `hold.cleared`. A command asks for both with a sealed row (see
//! `inbox`). A hold counts from the row on, before its leaf; it is over when there is such a row and the leaf. So whoever
//! owns the database ends none: what they delete ends nothing, a row of theirs is not sealed, and a leaf of theirs has no
//! such row.

use std::collections::HashMap;

use evidence::jcs;
use evidence::leaf::EventType;
use evidence::retention::Hold;
use evidence::time::Timestamp;

use super::inbox;
use super::recorded::recorded_details;
use crate::seal::Seal;
use crate::store::notice::{self, Notice};
use crate::store::{self, Read, Right, Tx};

/// Every hold that was ever set, the oldest first; those that are over have `cleared`.
///
/// # Errors
/// What the store says.
pub fn holds(read: &mut Read<'_>, seal: &Seal) -> Result<Vec<Hold>, store::Error> {
    let mut holds: Vec<Hold> = recorded_details(read, EventType::HoldSet, 0)?;
    for hold in asked(read, seal, EventType::HoldSet)? {
        // What the log says otherwise of the same name counts besides.
        if !holds.contains(&hold) {
            holds.push(hold);
        }
    }
    let asked = asked(read, seal, EventType::HoldCleared)?.into_iter();
    let lifted: HashMap<String, Option<Timestamp>> = asked.map(|hold| (hold.name, hold.cleared)).collect();
    for over in recorded_details::<Hold>(read, EventType::HoldCleared, 0)? {
        let Some(&when) = lifted.get(&over.name) else { continue };
        holds.iter_mut().filter(|hold| hold.name == over.name).for_each(|hold| hold.cleared = when);
    }
    holds.sort_by(|one, other| (one.set, &one.name).cmp(&(other.set, &other.name)));
    Ok(holds)
}

/// The holds in force.
pub(super) fn in_force(read: &mut Read<'_>, seal: &Seal) -> Result<Vec<Hold>, store::Error> {
    Ok(holds(read, seal)?.into_iter().filter(|hold| hold.cleared.is_none()).collect())
}

/// A number that changes whenever a hold is set or lifted.
pub(super) fn revision(read: &mut Read<'_>) -> Result<i64, store::Error> {
    notice::revision(read, [EventType::HoldSet.as_str(), EventType::HoldCleared.as_str()])
}

/// Sets the hold that `notice` asks for; `false` when the name was used before.
///
/// # Errors
/// What the store says.
pub fn set_hold(tx: &mut Tx<'_>, seal: &Seal, name: &str, notice: &Notice) -> Result<bool, store::Error> {
    tx.await_right(Right::Retain)?;
    let used = holds(tx, seal)?.iter().any(|hold| hold.name == name);
    if !used {
        notice::insert(tx, notice)?;
    }
    Ok(!used)
}

/// Asks for a hold to be lifted, with `notice`; `false` when none of this name is in force, or that was asked for before.
///
/// # Errors
/// What the store says.
pub fn clear_hold(tx: &mut Tx<'_>, seal: &Seal, name: &str, notice: &Notice) -> Result<bool, store::Error> {
    tx.await_right(Right::Retain)?;
    let there = in_force(tx, seal)?.iter().any(|hold| hold.name == name);
    let asked = asked(tx, seal, EventType::HoldCleared)?.iter().any(|hold| hold.name == name);
    if there && !asked {
        notice::insert(tx, notice)?;
    }
    Ok(there && !asked)
}

/// What commands asked for.
fn asked(read: &mut Read<'_>, seal: &Seal, event: EventType) -> Result<Vec<Hold>, store::Error> {
    let rows = notice::of(read, event.as_str())?;
    let ours = rows.into_iter().filter(|row| inbox::is_sealed(seal, row));
    Ok(ours.filter_map(|row| Hold::read(&jcs::Object::parse(row.detail.as_bytes()).ok()?)).collect())
}
