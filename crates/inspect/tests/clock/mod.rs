//! A clock that stands still while the machine does other things: what is bounded is work, not waiting.

use std::time::{Duration, Instant};

/// A moment on the clock of this thread.
pub(crate) struct Moment {
    wall: Instant,
    ran: Option<Duration>,
}

/// How long this thread has run, as the scheduler of Linux counts it; none where there is no such count.
fn ran() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self { wall: Instant::now(), ran: ran() }
    }

    /// How long this thread has run since.
    pub(crate) fn elapsed(&self) -> Duration {
        let run = self.ran.and_then(|before| Some(ran()?.saturating_sub(before)));
        run.unwrap_or_else(|| self.wall.elapsed())
    }
}
