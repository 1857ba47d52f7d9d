//! What changed in the store by another process: told by the database where it can, so that nobody waits for the next
//! look. It only says where to look. Whoever listens also looks by itself from time to time, so nothing is lost when
//! nobody tells: on SQLite, through a pooler, while a connection is down.

use tokio::sync::watch;

/// What changed. Its word is what the triggers of the schema say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// The log has more leaves.
    Log,
    /// Held calls, what people said of them, the tasks that wait for them.
    Approvals,
    /// Another policy set was published.
    Policies,
    /// Definitions that upstreams listed, and those that somebody accepted.
    Definitions,
    /// Service keys were made or revoked.
    Keys,
    /// A command beside the gateways wants something in the log.
    Notices,
    /// An administrator ended a session.
    Sessions,
}

const WORDS: [(&str, Topic); 7] = [
    ("log", Topic::Log),
    ("approvals", Topic::Approvals),
    ("policies", Topic::Policies),
    ("definitions", Topic::Definitions),
    ("keys", Topic::Keys),
    ("notices", Topic::Notices),
    ("sessions", Topic::Sessions),
];

/// How this process learns of changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Hearing {
    /// By looking: nobody listens in this process.
    #[default]
    Looking,
    /// The database tells.
    Told,
    /// By looking: the database does not tell, and why.
    Deaf(String),
}

/// Passes on what the database tells. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct News {
    /// How often each topic was told.
    told: watch::Sender<Counts>,
    hearing: watch::Sender<Hearing>,
}

type Counts = [u64; WORDS.len()];

/// Hears of some topics.
#[derive(Debug)]
pub struct Ear {
    told: watch::Receiver<Counts>,
    topics: &'static [Topic],
    heard: Counts,
}

impl News {
    /// Who is told of `topics` from now on.
    pub fn ear(&self, topics: &'static [Topic]) -> Ear {
        let told = self.told.subscribe();
        let heard = *told.borrow();
        Ear { told, topics, heard }
    }

    /// How this process learns of changes, now and whenever that changes.
    pub fn hearing(&self) -> watch::Receiver<Hearing> {
        self.hearing.subscribe()
    }

    pub(super) fn hears(&self, hearing: Hearing) {
        self.hearing.send_if_modified(|known| std::mem::replace(known, hearing.clone()) != hearing);
    }

    /// Somebody said `word`; one that is not known says nothing to this release.
    pub(super) fn told(&self, word: &str) {
        if let Some((_, topic)) = WORDS.iter().find(|(known, _)| *known == word) {
            self.told.send_modify(|counts| counts[*topic as usize] += 1);
        }
    }

    /// Anything may have changed.
    pub(super) fn told_all(&self) {
        self.told.send_modify(|counts| counts.iter_mut().for_each(|count| *count += 1));
    }
}

impl Ear {
    /// Waits until one of the topics was told since this returned last. Never returns where nobody tells.
    pub async fn hear(&mut self) {
        loop {
            let told = *self.told.borrow_and_update();
            let news = self.topics.iter().any(|topic| told[*topic as usize] != self.heard[*topic as usize]);
            self.heard = told;
            if news {
                return;
            }
            if self.told.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn ear_hears_its_topics_and_no_other() {
        let news = News::default();
        let mut ear = news.ear(&[Topic::Keys, Topic::Policies]);
        news.told("approvals");
        news.told("a later release says this");
        assert_eq!(ear.hear().now_or_never(), None);
        news.told("keys");
        news.told("policies");
        assert_eq!(ear.hear().now_or_never(), Some(()));
        assert_eq!(ear.hear().now_or_never(), None, "what was told before is heard once");
        news.told_all();
        assert_eq!(ear.hear().now_or_never(), Some(()));
    }

    #[test]
    fn every_topic_has_its_word_at_its_place() {
        for (place, (_, topic)) in WORDS.iter().enumerate() {
            assert_eq!(*topic as usize, place);
        }
        let sql = [
            include_str!("migration/014_news_postgres.sql"),
            include_str!("migration/016_session_end_postgres.sql"),
        ]
        .concat();
        for (word, _) in WORDS {
            assert!(sql.contains(&format!("'{word}'")), "no trigger says `{word}`");
        }
    }
}
