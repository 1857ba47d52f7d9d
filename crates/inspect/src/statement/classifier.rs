//! Classification away from the caller's thread: with a large stack, a deadline, and an answer in any case.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use super::known::{self, Known};
use super::limits::{BUDGET, TEXT_BYTES_MAX};
use super::pool::{Busy, Failure, Pool};
use super::{Dialect, shell, sql};

/// A bounded pool of threads that classify statements. What does not end within its budget is `unknown`.
#[derive(Debug)]
pub struct Classifier {
    pool: Pool,
    known: Arc<Known>,
}

impl Classifier {
    /// A pool of this many threads, at least one.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(threads: usize) -> io::Result<Self> {
        Ok(Self { pool: Pool::new(threads, BUDGET)?, known: Arc::default() })
    }

    /// What a text of SQL would do; waits for the answer, at most for the budget. See [`sql::classify`].
    pub fn sql(&self, text: &str, dialect: Option<Dialect>) -> sql::Facts {
        let (send, receive) = sync_channel(1);
        // The receiver waits below, and the channel holds the one answer: sending cannot fail.
        let done = move |facts| drop(send.send(facts));
        match self.submit_sql(text.to_owned(), dialect, done) {
            Ok(()) => receive.recv().unwrap_or_else(|_| sql::Facts::unknown("the classifier gave no answer")),
            Err(Busy) => sql::Facts::unknown("too many statements are waiting to be classified"),
        }
    }

    /// The same without waiting: `done` is called with the answer, once, on a thread of the pool, or at once when the
    /// same text was classified lately. It must not block.
    ///
    /// # Errors
    /// [`Busy`] when too many are waiting; `done` is then not called.
    pub fn submit_sql(
        &self,
        text: String,
        dialect: Option<Dialect>,
        done: impl FnOnce(sql::Facts) + Send + 'static,
    ) -> Result<(), Busy> {
        if text.len() > TEXT_BYTES_MAX {
            done(sql::classify(&text, dialect));
            return Ok(());
        }
        let key = known::key(&text, dialect);
        if let Some(facts) = key.and_then(|key| self.known.find(&key)) {
            done(facts);
            return Ok(());
        }
        let known = Arc::clone(&self.known);
        let work = move || {
            let facts = sql::classify(&text, dialect);
            if let Some(key) = key {
                known.keep(key, &facts);
            }
            facts
        };
        self.pool.submit(work, |failure| sql::Facts::unknown(reason(failure)), done)
    }

    /// What a text for a shell would do; waits for the answer, at most for the budget. See [`shell::classify`].
    pub fn shell(&self, text: &str, kind: shell::Kind) -> shell::Facts {
        let (send, receive) = sync_channel(1);
        // The receiver waits below, and the channel holds the one answer: sending cannot fail.
        let done = move |facts| drop(send.send(facts));
        match self.submit_shell(text.to_owned(), kind, done) {
            Ok(()) => {
                receive.recv().unwrap_or_else(|_| shell::Facts::unknown("the classifier gave no answer"))
            }
            Err(Busy) => shell::Facts::unknown("too many statements are waiting to be classified"),
        }
    }

    /// The same without waiting: `done` is called with the answer, once, on a thread of the pool. It must not block.
    ///
    /// # Errors
    /// [`Busy`] when too many are waiting; `done` is then not called.
    pub fn submit_shell(
        &self,
        text: String,
        kind: shell::Kind,
        done: impl FnOnce(shell::Facts) + Send + 'static,
    ) -> Result<(), Busy> {
        if text.len() > TEXT_BYTES_MAX {
            done(shell::classify(&text, kind));
            return Ok(());
        }
        let work = move || shell::classify(&text, kind);
        self.pool.submit(work, |failure| shell::Facts::unknown(reason(failure)), done)
    }
}

/// Why an answer is `unknown` that no parser gave.
pub(super) fn reason(failure: Failure) -> &'static str {
    match failure {
        Failure::Late => "it takes too long to classify",
        Failure::Panicked => "the classifier failed on it",
        Failure::Closed => "the classifier has stopped",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::Classifier;
    use crate::statement::Dialect;
    use crate::statement::limits::TEXT_BYTES_MAX;
    use crate::statement::sql::Class;

    #[test]
    fn waiting_and_not_waiting_give_the_same_answer() {
        let classifier = Classifier::new(2).unwrap();
        let text = "DROP TABLE users";
        let waited = classifier.sql(text, Some(Dialect::Postgres));
        let (send, receive) = channel();
        let done = move |facts| send.send(facts).unwrap();
        classifier.submit_sql(text.to_owned(), Some(Dialect::Postgres), done).unwrap();
        assert_eq!(receive.recv().unwrap(), waited);
        assert_eq!(waited.class, Class::DdlDestructive);
        assert_eq!(classifier.sql(text, Some(Dialect::Postgres)), waited);
    }

    #[test]
    fn text_above_the_limit_is_unknown_at_once() {
        let classifier = Classifier::new(1).unwrap();
        let facts = classifier.sql(&"(".repeat(TEXT_BYTES_MAX + 1), None);
        assert_eq!((facts.class, facts.reason), (Class::Unknown, "the text is too long"));
    }
}
