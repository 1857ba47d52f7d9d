//! One at a time decides in reviews of access or ends one, of all gateways on the same database: the log is what a review
//! is, and whoever reads it to write what follows from it must be alone with it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::MutexGuard;

use super::NotReviewed;
use crate::clock::micros;
use crate::exchange::Gateway;
use crate::limits;
use crate::store::lease;

const NAME: &str = "review";

/// A turn, until it is given back; of a process that died, until it is taken for dead.
pub(super) struct Turn<'g> {
    gateway: &'g Arc<Gateway>,
    holder: [u8; 16],
    /// Others in this process wait here, in order.
    _first: MutexGuard<'g, ()>,
}

impl<'g> Turn<'g> {
    /// Waits for it.
    ///
    /// # Errors
    /// [`NotReviewed::Busy`] when others have it for long.
    pub(super) async fn wait(gateway: &'g Arc<Gateway>) -> Result<Self, NotReviewed> {
        let first = gateway.errands.reviewing.lock().await;
        let holder = crate::clock::new_id(&*gateway.clock).into_bytes();
        let turn = Self { gateway, holder, _first: first };
        for _ in 0..limits::REVIEW_TURN_ATTEMPTS_MAX {
            if turn.take().await? {
                return Ok(turn);
            }
            tokio::time::sleep(Duration::from_millis(limits::REVIEW_TURN_RETRY_MS)).await;
        }
        Err(NotReviewed::Busy)
    }

    /// Says that it is still needed.
    ///
    /// # Errors
    /// [`NotReviewed::Busy`]: this process was taken for dead, and somebody else goes on.
    pub(super) async fn keep(&self) -> Result<(), NotReviewed> {
        if self.take().await? { Ok(()) } else { Err(NotReviewed::Busy) }
    }

    /// Gives it back, and hands on what was done in it.
    ///
    /// # Errors
    /// Those of what was done.
    pub(super) async fn end<T>(self, done: Result<T, NotReviewed>) -> Result<T, NotReviewed> {
        let holder = self.holder;
        let given = self.gateway.db.write("end turn", move |tx| lease::give_back(tx, NAME, &holder)).await;
        if let Err(error) = given {
            tracing::warn!(%error, "others wait with reviews of access until this process is taken for dead");
        }
        done
    }

    async fn take(&self) -> Result<bool, NotReviewed> {
        let (holder, now) = (self.holder, self.gateway.clock.now().as_microsecond());
        let stale = now - micros(limits::REVIEW_TURN_DEAD_MS);
        Ok(self.gateway.db.write("take turn", move |tx| lease::take(tx, NAME, &holder, now, stale)).await?)
    }
}
