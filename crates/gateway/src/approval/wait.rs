//! Calls that wait in this process for a decision, which may be taken in another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

use crate::limits;
use crate::store::approval::State;

/// Everybody who waits.
#[derive(Debug, Clone, Default)]
pub(super) struct Waiters(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    known: HashMap<Uuid, Seat>,
    taken: usize,
}

#[derive(Debug)]
struct Seat {
    state: watch::Sender<State>,
    waiting: usize,
}

/// One call that waits. Dropping it ends the wait.
#[derive(Debug)]
pub struct Waiter {
    id: Uuid,
    state: watch::Receiver<State>,
    waiters: Waiters,
}

impl Waiter {
    /// Ends when the approval is not pending any more; says where it stands.
    pub async fn decided(&mut self) -> State {
        let decided = self.state.wait_for(|state| *state != State::Pending).await.map(|state| *state);
        match decided {
            Ok(state) => state,
            // The sender lives as long as this waiter.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut table = self.waiters.table();
        table.taken -= 1;
        if let Some(seat) = table.known.get_mut(&self.id) {
            seat.waiting -= 1;
            if seat.waiting == 0 {
                table.known.remove(&self.id);
            }
        }
    }
}

impl Waiters {
    pub(super) fn join(&self, id: Uuid, state: State) -> Option<Waiter> {
        let mut table = self.table();
        if table.taken >= limits::APPROVAL_WAITERS_MAX {
            return None;
        }
        table.taken += 1;
        let seat =
            table.known.entry(id).or_insert_with(|| Seat { state: watch::Sender::new(state), waiting: 0 });
        seat.waiting += 1;
        Some(Waiter { id, state: seat.state.subscribe(), waiters: self.clone() })
    }

    /// Whether anybody in this process waits for it.
    pub(super) fn waits(&self, id: Uuid) -> bool {
        self.table().known.contains_key(&id)
    }

    /// How many wait.
    pub(super) fn count(&self) -> usize {
        self.table().taken
    }

    /// Every approval that is waited for.
    pub(super) fn ids(&self) -> Vec<Uuid> {
        self.table().known.keys().copied().collect()
    }

    /// Wakes whoever waits for it, if it was decided.
    pub(super) fn tell(&self, id: Uuid, state: State) {
        if let Some(seat) = self.table().known.get(&id) {
            seat.state.send_if_modified(|known| std::mem::replace(known, state) != state);
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_who_waits_is_told_and_then_forgotten() {
        let waiters = Waiters::default();
        let id = Uuid::from_u128(1);
        let mut one = waiters.join(id, State::Pending).expect("room");
        let mut two = waiters.join(id, State::Pending).expect("room");
        waiters.tell(id, State::Approved);
        assert_eq!((one.decided().await, two.decided().await), (State::Approved, State::Approved));
        drop(one);
        assert!(waiters.waits(id));
        drop(two);
        assert!(!waiters.waits(id) && waiters.ids().is_empty());
    }

    #[test]
    fn seats_are_bounded() {
        let waiters = Waiters::default();
        let id = Uuid::from_u128(1);
        let all: Vec<_> =
            (0..limits::APPROVAL_WAITERS_MAX).map(|_| waiters.join(id, State::Pending)).collect();
        assert!(all.iter().all(Option::is_some));
        assert!(waiters.join(id, State::Pending).is_none());
        drop(all);
        assert!(waiters.join(id, State::Pending).is_some());
    }
}
