//! Taking turns, first come, first served.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A lock that is given in the order in which it was asked for: the standard mutex lets a thread that releases it take
/// it again before those who wait, and the ledger's writer would starve everybody else.
#[derive(Default)]
pub(super) struct Turns {
    tickets: Mutex<Tickets>,
    moved: Condvar,
}

#[derive(Default)]
struct Tickets {
    next: u64,
    serving: u64,
}

/// One turn, until it is dropped.
pub(super) struct Turn<'t>(&'t Turns);

impl Turns {
    /// Waits for all who came before. They hold their turn for one transaction each.
    pub(super) fn take(&self) -> Turn<'_> {
        let mut tickets = self.lock();
        let mine = tickets.next;
        tickets.next += 1;
        while tickets.serving != mine {
            tickets = self.moved.wait(tickets).unwrap_or_else(PoisonError::into_inner);
        }
        Turn(self)
    }

    fn lock(&self) -> MutexGuard<'_, Tickets> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().serving += 1;
        self.0.moved.notify_all();
    }
}
