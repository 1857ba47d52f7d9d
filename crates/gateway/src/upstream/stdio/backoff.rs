//! When a program that keeps ending may be started again.
//!
//! The first failure costs nothing, further ones in a row double the delay, and from
//! [`limits::STDIO_EXITS_MAX`] on callers are refused at once instead of kept waiting. A process that lived for
//! [`limits::STDIO_HEALTHY_MS`] starts the count anew.

use std::time::Duration;

use tokio::time::Instant;

use super::StdioError;
use crate::limits;

/// Failures in a row of one program, as one owner of its processes sees them.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    failures: u32,
    not_before: Instant,
    status: String,
}

impl Backoff {
    /// After the first failure.
    pub(super) fn new(now: Instant) -> Self {
        Self { failures: 0, not_before: now, status: String::new() }
    }

    /// When to start, or why not at all now.
    pub(super) fn admit(&self, now: Instant) -> Result<Instant, StdioError> {
        let wait = self.not_before.saturating_duration_since(now);
        if self.failures >= limits::STDIO_EXITS_MAX && !wait.is_zero() {
            let retry_after_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            return Err(StdioError::KeepsExiting { status: self.status.clone(), retry_after_ms });
        }
        Ok(self.not_before.max(now))
    }

    /// The process ended by itself after `lived`. `chance` spreads the restarts of many: 0 halves the delay, 255
    /// leaves it nearly whole.
    pub(super) fn failed(&mut self, now: Instant, lived: Duration, status: String, chance: u8) {
        self.failures = if lived >= Duration::from_millis(limits::STDIO_HEALTHY_MS) {
            1
        } else {
            self.failures.saturating_add(1)
        };
        self.status = status;
        self.not_before = now + self.delay(chance);
    }

    /// Whether nothing is left to remember.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.not_before) >= Duration::from_millis(limits::STDIO_HEALTHY_MS)
    }

    fn delay(&self, chance: u8) -> Duration {
        let doublings = match self.failures {
            0 | 1 => return Duration::ZERO,
            failures => (failures - 2).min(16),
        };
        let full = (limits::STDIO_RESTART_FIRST_MS << doublings).min(limits::STDIO_RESTART_MAX_MS);
        Duration::from_millis(full / 2 + full * u64::from(chance) / 512)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(times: u32, chance: u8) -> (Instant, Backoff) {
        let now = Instant::now();
        let mut backoff = Backoff::new(now);
        for time in 1..=times {
            backoff.failed(now, Duration::from_millis(5), format!("exit status: {time}"), chance);
        }
        (now, backoff)
    }

    #[test]
    fn delay_doubles_up_to_a_limit() {
        for (times, low, high) in
            [(1, 0, 0), (2, 125, 250), (3, 250, 500), (9, 15_000, 30_000), (99, 15_000, 30_000)]
        {
            for chance in [0, 128, 255] {
                let (now, backoff) = failed(times, chance);
                let delay = (backoff.not_before - now).as_millis();
                assert!((low..=high).contains(&delay), "{times} {chance} {delay}");
            }
        }
    }

    #[test]
    fn crash_loop_is_refused_with_its_status_until_the_delay_is_over() {
        let (now, backoff) = failed(3, 255);
        let Err(StdioError::KeepsExiting { status, retry_after_ms }) = backoff.admit(now) else {
            panic!("refused")
        };
        assert_eq!((&*status, retry_after_ms), ("exit status: 3", 499));
        assert!(backoff.admit(now + Duration::from_millis(499)).is_ok());
        let (now, backoff) = failed(2, 255);
        assert_eq!(backoff.admit(now), Ok(now + Duration::from_millis(249)));
    }

    #[test]
    fn process_that_lived_long_starts_the_count_anew() {
        let (now, mut backoff) = failed(50, 0);
        backoff.failed(now, Duration::from_millis(limits::STDIO_HEALTHY_MS), "signal: 9".into(), 0);
        assert_eq!(backoff.admit(now), Ok(now));
        assert!(!backoff.is_over(now));
        assert!(backoff.is_over(now + Duration::from_millis(limits::STDIO_HEALTHY_MS)));
    }
}
