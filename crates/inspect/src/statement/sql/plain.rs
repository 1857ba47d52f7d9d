//! Statements that every dialect reads alike, read without any of their parsers: what most programs and agents write.
//!
//! A small grammar of its own, and whatever is not in it is left to the parsers: comments, quoted names, escapes, words
//! that are a keyword anywhere and not known to be harmless, conditions that may be a tautology. What it reads, it reads as
//! they do: its tests make sentences of the grammar and ask all of them.

use crate::statement::Dialect;

use super::fact::{Class, Facts, Flag};
use super::{catalog, function};

mod condition;
mod query;
#[cfg(test)]
mod tests;
mod token;
mod word;

/// Longest text that is read here, in bytes: far below what could be too deep or name too much.
const TEXT_BYTES_MAX: usize = 2048;
/// Most tables, and most calls, of one text.
const NAMES_MAX: usize = 24;

/// What a plain statement does.
#[derive(Debug, Clone, Default)]
pub(super) struct Plain<'a> {
    /// It changes rows.
    changes: bool,
    /// It has a condition, which restricts.
    restricts: bool,
    reads: Vec<Name<'a>>,
    writes: Vec<Name<'a>>,
    calls: Vec<&'a str>,
    limit: Option<u64>,
    /// How an `INTERVAL` is written in it, where not every dialect knows it so.
    span: Option<Span>,
}

/// How an `INTERVAL` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Span {
    /// `INTERVAL '7 days'`
    Text,
    /// `INTERVAL 7 DAY`
    Count,
    /// One so, another so.
    Both,
}

impl Span {
    /// Who reads it.
    fn readers(self) -> &'static [Dialect] {
        match self {
            Self::Text => {
                &[Dialect::Postgres, Dialect::Sqlite, Dialect::Mssql, Dialect::Snowflake, Dialect::Generic]
            }
            Self::Count => &[
                Dialect::Mysql,
                Dialect::Sqlite,
                Dialect::Mssql,
                Dialect::Snowflake,
                Dialect::Bigquery,
                Dialect::Clickhouse,
                Dialect::Generic,
            ],
            Self::Both => &[Dialect::Sqlite, Dialect::Mssql, Dialect::Snowflake, Dialect::Generic],
        }
    }
}

/// The name of a table, as it is written: what stands before the dot, and what behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Name<'a> {
    schema: Option<&'a str>,
    table: &'a str,
}

/// Reads a plain statement; `None` for any other.
pub(super) fn read(text: &str) -> Option<Plain<'_>> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let tokens = token::cut(text)?;
    let plain = query::Reader::new(tokens).statement()?;
    let fits =
        [plain.reads.len(), plain.writes.len(), plain.calls.len()].iter().all(|count| *count <= NAMES_MAX);
    fits.then_some(plain)
}

impl Plain<'_> {
    /// Notes how an `INTERVAL` is written.
    fn note_span(&mut self, span: Span) {
        self.span = Some(if self.span.is_none_or(|other| other == span) { span } else { Span::Both });
    }

    /// The facts of it as text of `dialect`, when all that is known is that it may be of any of `dialects`.
    fn as_read_by(&self, dialect: Dialect, dialects: &[Dialect]) -> Facts {
        let mut facts = Facts::empty(dialects);
        facts.add(if self.changes { Class::Write } else { Class::Read });
        if self.restricts {
            facts.flags.insert(Flag::Where);
        }
        for called in &self.calls {
            facts.call(folded(called, dialect));
            function::note_call("", &called.to_ascii_lowercase(), dialect, &mut facts);
        }
        self.reads.iter().for_each(|name| facts.read(name.folded(dialect)));
        self.writes.iter().for_each(|name| facts.write(name.folded(dialect)));
        catalog::note(dialect, &mut facts);
        facts.statements = 1;
        facts.limit = self.limit;
        facts.finish();
        facts
    }

    /// The facts of it as text of `dialect`; without one, of all together that read it. `None` when that one does not.
    pub(super) fn facts(&self, dialect: Option<Dialect>) -> Option<Facts> {
        let readers = self.span.map_or(&Dialect::ALL[..], Span::readers);
        if let Some(dialect) = dialect {
            return readers.contains(&dialect).then(|| self.as_read_by(dialect, &[dialect]));
        }
        // The others cut it into the same tokens, so that they see nothing in it that these do not.
        let (first, others) = readers.split_first()?;
        let mut facts = self.as_read_by(*first, &Dialect::ALL);
        others.iter().for_each(|dialect| facts.join(&self.as_read_by(*dialect, &Dialect::ALL)));
        facts.dialects = readers.iter().copied().collect();
        Some(facts)
    }
}

impl Name<'_> {
    fn folded(self, dialect: Dialect) -> String {
        match self.schema {
            Some(schema) => [&folded(schema, dialect), ".", &folded(self.table, dialect)].concat(),
            None => folded(self.table, dialect),
        }
    }
}

/// A word that is not quoted, as [`super::name::fold`] has it.
fn folded(word: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Bigquery | Dialect::Clickhouse => word.to_owned(),
        _ => word.to_ascii_lowercase(),
    }
}
