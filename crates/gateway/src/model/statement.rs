//! What the argument classifier found in a call: facts for policy and evidence, never the text itself.

use std::collections::BTreeSet;

use serde::Serialize;

/// What the statements in a call's arguments would do, taken together: the worst class, the union of everything else.
///
/// INVARIANT: bounded by the classifier; names are those of tables, functions, programs and paths as it read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// `sql` or `shell`, `mixed` when a call holds both; `path` or `url` when it holds nothing else.
    pub language: &'static str,
    /// The worst of `classes`; `unknown` for what could not be read.
    pub class: &'static str,
    /// Position of `class` in the order of its language, from 0, the most harmless.
    pub severity: u8,
    /// The class of each statement.
    pub classes: BTreeSet<&'static str>,
    /// How many statements.
    pub statements: u32,
    /// Tables, or paths, that are read.
    pub reads: BTreeSet<String>,
    /// Tables, or paths, that are written.
    pub writes: BTreeSet<String>,
    /// Functions, or programs, that are called.
    pub functions: BTreeSet<String>,
    /// What else was seen, in words of a closed set.
    pub flags: BTreeSet<String>,
    /// The row limit of the only statement, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// Severity of what could not be read, in every language.
pub const SEVERITY_UNKNOWN: u8 = 9;

impl Statement {
    /// Two statements of one call as one: nothing that either would do is lost.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        if self.is_word() || (self.language != other.language && !other.is_word()) {
            // A path or a URL has no class to lose.
            (self.language, self.class, self.severity) = if self.is_word() {
                (other.language, other.class, other.severity)
            } else {
                ("mixed", "unknown", SEVERITY_UNKNOWN)
            };
        } else if other.severity > self.severity {
            (self.class, self.severity) = (other.class, other.severity);
        }
        self.classes.extend(other.classes);
        self.statements = self.statements.saturating_add(other.statements);
        self.reads.extend(other.reads);
        self.writes.extend(other.writes);
        self.functions.extend(other.functions);
        self.flags.extend(other.flags);
        self.limit = None;
        self
    }

    fn is_word(&self) -> bool {
        matches!(self.language, "path" | "url")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(language: &'static str, class: &'static str, severity: u8) -> Statement {
        Statement {
            language,
            class,
            severity,
            classes: BTreeSet::from([class]),
            statements: 1,
            reads: BTreeSet::new(),
            writes: BTreeSet::new(),
            functions: BTreeSet::new(),
            flags: BTreeSet::new(),
            limit: Some(1),
        }
    }

    #[test]
    fn the_worst_of_several_statements_counts() {
        let both = statement("sql", "read", 0).and(statement("sql", "ddl", 3));
        assert_eq!((both.class, both.severity, both.statements, both.limit), ("ddl", 3, 2, None));
        assert_eq!(both.classes, BTreeSet::from(["ddl", "read"]));
    }

    #[test]
    fn paths_and_urls_beside_a_statement_leave_its_class_alone() {
        let (read, path) = (statement("sql", "ddl", 3), statement("path", "plain", 0));
        for both in [read.clone().and(path.clone()), path.clone().and(read)] {
            assert_eq!((both.language, both.class, both.severity), ("sql", "ddl", 3));
        }
        assert_eq!(path.and(statement("url", "plain", 0)).language, "url");
    }

    #[test]
    fn statements_of_two_languages_are_unknown() {
        let both = statement("sql", "read", 0).and(statement("shell", "safe", 0));
        assert_eq!((both.language, both.class, both.severity), ("mixed", "unknown", SEVERITY_UNKNOWN));
    }
}
