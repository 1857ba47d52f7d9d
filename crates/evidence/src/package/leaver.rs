//! Leavers: people and programs whose access ended outside of the gateway, as the organisation says. The gateway
//! cannot know of them by itself.
//!
//! The file has the head `actor,since,source`; an actor is a pseudonym of the log.

use std::collections::BTreeMap;

use super::count::CountsError;
use crate::time::Timestamp;

/// The most bytes of a list of leavers.
pub const LEAVERS_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The head of the list.
pub const LEAVERS_HEAD: &str = "actor,since,source";

const FILE: &str = "the leavers";

/// Since when each of them should not get through any more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leavers(BTreeMap<String, Timestamp>);

impl Leavers {
    /// Reads a list of leavers.
    ///
    /// # Errors
    /// [`CountsError`], which names the line.
    pub fn parse(text: &str) -> Result<Self, CountsError> {
        let mut lines = (1..).zip(text.lines().map(|line| line.trim_end_matches('\r')));
        if lines.next().is_none_or(|(_, head)| head.trim_start_matches('\u{feff}') != LEAVERS_HEAD) {
            return Err(CountsError {
                file: FILE,
                line: 1,
                reason: "expected the head `actor,since,source`",
            });
        }
        let mut leavers = BTreeMap::new();
        for (line, text) in lines.filter(|(_, text)| !text.is_empty()) {
            let refuse = |reason| CountsError { file: FILE, line, reason };
            let fields: Vec<&str> = text.split(',').collect();
            let [actor, since, _source] = fields[..] else {
                return Err(refuse("expected three fields, none with a comma in it"));
            };
            if actor.is_empty() || actor.contains('"') || text.chars().any(char::is_control) {
                return Err(refuse(
                    "the actor is missing, or a field holds a quotation mark or a control character",
                ));
            }
            let Ok(since) = since.parse::<Timestamp>() else {
                return Err(refuse("the time is not of the form 2026-11-20T08:00:00.000000Z"));
            };
            let earliest = leavers.entry(actor.to_owned()).or_insert(since);
            *earliest = since.min(*earliest);
        }
        Ok(Self(leavers))
    }

    /// Since when somebody should not get through any more.
    pub(super) fn since(&self, actor: &str) -> Option<Timestamp> {
        self.0.get(actor).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leavers_are_read_or_the_line_is_named() {
        let good =
            "actor,since,source\nab,2026-11-20T08:00:00.000000Z,hr\nab,2026-11-19T08:00:00.000000Z,hr\n";
        let leavers = Leavers::parse(good).unwrap();
        assert_eq!(leavers.since("ab"), Some("2026-11-19T08:00:00.000000Z".parse().unwrap()));
        for (bad, line) in [
            ("", 1),
            ("actor,since\n", 1),
            ("actor,since,source\nab,yesterday,hr\n", 2),
            ("actor,since,source\n,2026-11-20T08:00:00.000000Z,hr\n", 2),
            ("actor,since,source\n\nab,2026-11-20T08:00:00.000000Z\n", 3),
        ] {
            assert_eq!(Leavers::parse(bad).unwrap_err().line, line, "{bad}");
        }
    }
}
