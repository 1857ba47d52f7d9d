//! How an upstream does, by what this gateway saw of it since it started: nothing is asked only to know.

use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use jiff::Timestamp;

use super::{Answer, AnswerError};
use crate::refusal::Refusal;

/// What was seen of one upstream.
#[derive(Debug, Default)]
pub struct Health(Mutex<Seen>);

/// What was seen of one upstream, at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// When it answered last.
    pub last_success: Option<Timestamp>,
    /// When it failed last.
    pub last_failure: Option<Timestamp>,
    /// Since when it does as it does.
    pub since: Option<Timestamp>,
    /// Failures in a row; 0 when it does well.
    pub failures: u64,
    /// What the last failure was.
    pub cause: Option<Refusal>,
}

impl Health {
    /// An answer came. One that says that the server is out of order, or refuses our credential, is a failure.
    pub fn answered(&self, answer: &Answer, now: Timestamp) {
        match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => self.fail(Refusal::UpstreamCredential, now),
            status if status.is_server_error() => self.fail(Refusal::UpstreamStatus, now),
            _ => self.note(|seen| {
                if seen.failures > 0 || seen.last_success.is_none() {
                    seen.since = Some(now);
                }
                (seen.last_success, seen.failures) = (Some(now), 0);
            }),
        }
    }

    /// No answer came, or none that can be given.
    pub fn failed(&self, error: &AnswerError, now: Timestamp) {
        match error {
            // It answered: the limit is ours.
            AnswerError::TooLarge(_) => {}
            error => self.fail(error.refusal(), now),
        }
    }

    /// What was seen up to now.
    pub fn seen(&self) -> Seen {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, cause: Refusal, now: Timestamp) {
        self.note(|seen| {
            if seen.failures == 0 {
                seen.since = Some(now);
            }
            (seen.last_failure, seen.cause) = (Some(now), Some(cause));
            seen.failures = seen.failures.saturating_add(1);
        });
    }

    fn note(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Seen {
    /// In a word.
    pub fn word(&self) -> &'static str {
        match (self.failures, self.last_success) {
            (0, None) => "unknown",
            (0, Some(_)) => "ok",
            _ => "failing",
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::upstream::AnswerBody;

    fn answer(status: u16) -> Answer {
        let status = StatusCode::from_u16(status).expect("a status");
        Answer { status, headers: HeaderMap::new(), body: AnswerBody::Empty }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn upstream_is_what_was_seen_of_it_last_and_since_when_is_kept() {
        let health = Health::default();
        assert_eq!(health.seen().word(), "unknown");
        health.answered(&answer(200), at(1));
        health.answered(&answer(404), at(2));
        let seen = health.seen();
        assert_eq!((seen.word(), seen.since, seen.last_success), ("ok", Some(at(1)), Some(at(2))));
        health.failed(&AnswerError::Unreachable("refused".to_owned()), at(3));
        health.answered(&answer(502), at(4));
        let seen = health.seen();
        assert_eq!((seen.word(), seen.since, seen.failures), ("failing", Some(at(3)), 2));
        assert_eq!(seen.cause, Some(Refusal::UpstreamStatus));
        health.answered(&answer(401), at(5));
        assert_eq!(health.seen().cause, Some(Refusal::UpstreamCredential));
        health.answered(&answer(202), at(6));
        let seen = health.seen();
        assert_eq!((seen.word(), seen.since, seen.last_failure), ("ok", Some(at(6)), Some(at(5))));
    }

    #[test]
    fn answer_over_our_own_limit_says_nothing_about_the_upstream() {
        let health = Health::default();
        health.failed(&AnswerError::TooLarge(1), at(1));
        assert_eq!(health.seen(), Seen::default());
    }
}
