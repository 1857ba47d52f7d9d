//! What a dead process left open is ended by a living one.
//!
//! Clocks are not compared. A process watches the signs of life of the others by its own, and takes one for dead when it
//! saw none for the whole time, looking regularly: after a pause of its own, or of the database, it begins anew, since
//! the others could not be heard either. A lane that was closed takes no commit any more, so a process that was only
//! stopped and goes on finds out before it can acknowledge anything.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::Ledger;
use super::sequence::Trouble;
use super::verb::Unavailable;
use super::writer::Command;
use crate::limits;
use crate::store::lane::Lane;
use crate::store::{self, Db, entry, lane, lane_head};

/// The other processes, as this one sees them.
#[derive(Debug)]
pub(super) struct Watch {
    silence: Duration,
    looked: Option<Instant>,
    heard: HashMap<u32, Heard>,
}

#[derive(Debug, Clone, Copy)]
struct Heard {
    pulse: i64,
    since: Instant,
}

impl Watch {
    pub(super) fn new(silence: Duration) -> Self {
        Self { silence, looked: None, heard: HashMap::new() }
    }

    /// Time between two looks, and between two signs of life.
    pub(super) fn interval(silence: Duration) -> Duration {
        silence / limits::PULSES_PER_SILENCE
    }

    /// Which of the lanes that are open belong to the dead.
    fn look<'l>(&mut self, lanes: impl Iterator<Item = &'l Lane>, now: Instant) -> Vec<(u32, i64)> {
        let pause = Self::interval(self.silence) * 2;
        if self.looked.is_none_or(|looked| now.duration_since(looked) > pause) {
            self.heard.clear();
        }
        self.looked = Some(now);
        let mut heard = HashMap::new();
        let mut dead = Vec::new();
        for lane in lanes {
            let known = self.heard.get(&lane.number).filter(|known| known.pulse == lane.pulse);
            let known = known.copied().unwrap_or(Heard { pulse: lane.pulse, since: now });
            if now.duration_since(known.since) >= self.silence {
                dead.push((lane.number, lane.pulse));
            }
            heard.insert(lane.number, known);
        }
        self.heard = heard;
        dead
    }
}

/// Lanes of the dead and the calls they left open.
#[derive(Debug, Default)]
pub(super) struct Remains {
    pub(super) lanes: Vec<u32>,
    pub(super) calls: Vec<Uuid>,
}

/// The lanes that were closed for dead and not swept.
pub(super) fn remains(db: &Db) -> Result<Remains, store::Error> {
    db.read_now("remains", |read| {
        let mut remains = Remains::default();
        for lane in lane::unswept(read)?.into_iter().filter(|lane| lane.closed.is_some()) {
            // A leaf behind the last signed head is nobody's.
            if let Some(last) = lane_head::last(read, lane.number)? {
                let calls = entry::open_calls(read, lane.open_from, last)?;
                remains.calls.extend(calls.into_iter().map(Uuid::from_bytes));
            }
            remains.lanes.push(lane.number);
        }
        Ok(remains)
    })
}

/// Closes every lane that is open: for a process that knows that no other runs.
pub(super) fn close_all(db: &Db, ts: i64) -> Result<usize, store::Error> {
    let open = db.read_now("lanes", |read| {
        Ok(lane::unswept(read)?.into_iter().filter(|lane| lane.closed.is_none()).collect::<Vec<_>>())
    })?;
    for lane in &open {
        db.write_now("close lane", |tx| lane::close_dead(tx, lane.number, lane.pulse, ts))?;
    }
    Ok(open.len())
}

impl Ledger {
    /// Looks for signs of life of other gateways, and ends what the dead left open.
    ///
    /// # Errors
    /// [`Unavailable`]: tried again.
    pub async fn sweep(&self) -> Result<(), Unavailable> {
        let remains = self
            .on_thread(|ledger| ledger.look_for_dead().map_err(|error| ledger.report(Trouble::Store(error))))
            .await?;
        if remains.lanes.is_empty() {
            return Ok(());
        }
        tracing::warn!(
            lanes = ?remains.lanes, calls = remains.calls.len(), "ending what dead gateways left open"
        );
        self.ask(|done| Command::Sweep(remains, done)).await?
    }

    fn look_for_dead(&self) -> Result<Remains, store::Error> {
        let db = &self.0.db;
        let lanes = db.read_now("lanes", lane::unswept)?;
        let others = lanes.iter().filter(|lane| lane.closed.is_none() && lane.number != self.0.lane);
        let dead = self.others().look(others, Instant::now());
        let ts = self.now().as_micros();
        for (number, pulse) in dead {
            if db.write_now("close lane", |tx| lane::close_dead(tx, number, pulse, ts))? {
                tracing::warn!(lane = number, "a gateway gave no sign of life: its lane is closed");
            }
        }
        remains(db)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::entry::Place;

    const SILENCE: Duration = Duration::from_mins(1);

    fn lane(pulse: i64) -> Lane {
        let open_from = Place::new(7, 0);
        Lane { number: 7, id: [0; 16], key: [0; 32], seal: [0; 32], open_from, pulse, closed: None }
    }

    /// Looks at these pulses, ten seconds apart; answers after which looks the lane was taken for dead.
    fn deaths(pulses: &[i64]) -> Vec<usize> {
        let (mut watch, start) = (Watch::new(SILENCE), Instant::now());
        let mut dead = Vec::new();
        for (at, pulse) in pulses.iter().enumerate() {
            let now = start + Duration::from_secs(10 * at as u64);
            if !watch.look([lane(*pulse)].iter(), now).is_empty() {
                dead.push(at);
            }
        }
        dead
    }

    #[test]
    fn silence_is_death_only_after_the_whole_time() {
        assert_eq!(deaths(&[1, 1, 1, 1, 1, 1, 1, 1]), [6, 7]);
        assert_eq!(deaths(&[1, 1, 1, 1, 1, 2, 2, 2]), [0_usize; 0]);
    }

    #[test]
    fn who_did_not_look_heard_nothing() {
        let (mut watch, start) = (Watch::new(SILENCE), Instant::now());
        assert!(watch.look([lane(1)].iter(), start).is_empty());
        // The database, or this process, was away for longer than anybody may be silent.
        assert!(watch.look([lane(1)].iter(), start + 2 * SILENCE).is_empty());
        assert!(watch.look([lane(1)].iter(), start + 2 * SILENCE + Duration::from_secs(10)).is_empty());
    }
}
