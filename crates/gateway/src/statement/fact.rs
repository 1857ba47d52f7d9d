//! The classifier's facts in the terms of policy and evidence.

use std::collections::BTreeSet;

use inspect::statement::{path, shell, sql, url};
use serde::Serialize;

use super::place::Language;
use crate::model::{SEVERITY_UNKNOWN, Statement};

pub(super) fn of_sql(facts: sql::Facts) -> Statement {
    Statement {
        language: "sql",
        class: facts.class.as_str(),
        severity: facts.class as u8,
        classes: facts.classes.iter().map(|class| class.as_str()).collect(),
        statements: facts.statements,
        reads: facts.reads,
        writes: facts.writes,
        functions: facts.functions,
        flags: words(&facts.flags),
        limit: facts.limit,
    }
}

pub(super) fn of_shell(facts: shell::Facts) -> Statement {
    Statement {
        language: "shell",
        class: facts.class.as_str(),
        severity: facts.class as u8,
        classes: facts.classes.iter().map(|class| class.as_str()).collect(),
        statements: u32::try_from(facts.commands.len()).unwrap_or(u32::MAX),
        reads: facts.reads,
        writes: facts.writes,
        functions: facts.programs,
        flags: words(&facts.flags),
        limit: None,
    }
}

/// Every class that a statement can have: its language, its name, its severity.
pub(super) fn classes() -> Vec<(&'static str, &'static str, u8)> {
    use sql::Class as C;
    let of_sql = [
        C::Read,
        C::Session,
        C::Write,
        C::Ddl,
        C::WriteUnbounded,
        C::DdlDestructive,
        C::Privilege,
        C::Export,
        C::Exec,
        C::Unknown,
    ];
    let of_sql = of_sql.map(|class| ("sql", class.as_str(), class as u8));
    let of_shell = shell::Class::ALL.map(|class| ("shell", class.as_str(), class as u8));
    let others = [("path", "plain", 0), ("url", "plain", 0), ("mixed", "unknown", SEVERITY_UNKNOWN)];
    of_sql.into_iter().chain(of_shell).chain(others).collect()
}

/// A path or a URL, of which there are facts and no class; and what should be a statement and is none.
pub(super) fn of_word(language: Language, text: &str) -> Statement {
    match language {
        Language::Path => {
            let facts = path::read(text);
            Statement {
                reads: BTreeSet::from([facts.normalised]),
                flags: words(&facts.flags),
                ..plain("path")
            }
        }
        Language::Url => {
            let facts = url::read(text);
            Statement {
                reads: BTreeSet::from([facts.host]),
                functions: BTreeSet::from([facts.scheme]),
                flags: words(&facts.flags),
                ..plain("url")
            }
        }
        Language::Sql(_) => unknown("sql"),
        Language::Shell(_) | Language::Unreadable => unknown("shell"),
    }
}

fn plain(language: &'static str) -> Statement {
    Statement {
        class: "plain",
        severity: 0,
        classes: BTreeSet::from(["plain"]),
        statements: 1,
        ..unknown(language)
    }
}

/// A text that should have been classified and could not be.
pub(super) fn unknown(language: &'static str) -> Statement {
    Statement {
        language,
        class: "unknown",
        severity: SEVERITY_UNKNOWN,
        classes: BTreeSet::from(["unknown"]),
        statements: 0,
        reads: BTreeSet::new(),
        writes: BTreeSet::new(),
        functions: BTreeSet::new(),
        flags: BTreeSet::new(),
        limit: None,
    }
}

/// Words of a closed set as they are written everywhere.
fn words<T: Serialize>(flags: &BTreeSet<T>) -> BTreeSet<String> {
    let word = |flag: &T| serde_json::to_value(flag).ok()?.as_str().map(str::to_owned);
    flags.iter().filter_map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_is_the_severest_class_of_every_language() {
        assert_eq!(sql::Class::Unknown as u8, SEVERITY_UNKNOWN);
        assert_eq!(shell::Class::Unknown as u8, SEVERITY_UNKNOWN);
        let facts = of_sql(sql::classify("delete from a; select 1", None));
        assert_eq!((facts.class, facts.statements), ("write_unbounded", 2));
        assert!(facts.flags.contains("multi_statement"), "{:?}", facts.flags);
    }
}
