//! Expressions, and conditions that are known to depend on the rows: what [`super::super::condition::truth`] says of them is
//! clear without asking it, since some row is plainly not let through.

use super::Span;
use super::query::Reader;
use super::token::Token;
use super::word::Word;
use crate::statement::sql::condition::{KEYS, is_opaque};
use crate::statement::sql::function;

/// An expression, as far as a condition needs to know it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) sort: Sort<'a>,
    /// It names a column or a table.
    pub(super) rows: bool,
}

/// What kind of expression it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sort<'a> {
    /// A name, with what stands before the dot.
    Column(Option<&'a str>, &'a str),
    Number(f64),
    Text(&'a str),
    Constant,
    /// A function, by its name, and what it is called with.
    Call(&'a str, Arguments),
    /// A calculation, a `CASE`, a query.
    Other,
    /// A condition of which it is known that some row is not let through.
    Restriction(Width),
    /// Any other condition.
    Condition,
    /// Something in brackets.
    Nested,
}

/// How many rows a condition lets through: two that hold for few never hold for all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Width {
    /// Those with a certain value.
    Narrow,
    /// A range of them.
    Half,
    /// All but those with a certain value.
    Wide,
}

/// What a function is called with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arguments {
    /// One column.
    Column,
    Other,
}

impl Sort<'_> {
    /// How many rows it lets through as a condition, if surely not all.
    fn width(self) -> Option<Width> {
        match self {
            Self::Column(_, name) if !is_key(name) => Some(Width::Wide),
            Self::Restriction(width) => Some(width),
            _ => None,
        }
    }
}

/// Units of an `INTERVAL` that every dialect knows.
const UNITS: [&str; 8] = ["day", "hour", "minute", "month", "quarter", "second", "week", "year"];
/// Keys that are numbers end here, as in [`super::super::condition`].
const KEY_MAX: f64 = 2_147_483_647.0;
/// Larger numbers may be the end of what a column holds.
const NUMBER_MAX: f64 = 1e15;

impl<'a> Reader<'a> {
    /// Any expression; whether it names a column or a table.
    pub(super) fn any(&mut self) -> Option<bool> {
        self.either().map(|side| side.rows)
    }

    /// A condition that depends on the rows.
    pub(super) fn restriction(&mut self) -> Option<()> {
        let before = std::mem::replace(&mut self.judging, true);
        let side = self.either()?;
        self.judging = before;
        side.sort.width().map(|_| ())
    }

    /// `... OR ...`
    fn either(&mut self) -> Option<Side<'a>> {
        let mut side = self.both()?;
        while self.word(Word::Or) {
            let other = self.both()?;
            // `x IS NULL OR x IS NOT NULL`, `x > 1 OR x < 2` and their like.
            side = joined(side, other, |one, other| {
                (one == Width::Narrow || other == Width::Narrow)
                    .then(|| one.max(other))
                    .filter(|width| *width != Width::Wide)
            });
        }
        Some(side)
    }

    /// `... AND ...`
    fn both(&mut self) -> Option<Side<'a>> {
        let mut side = self.not()?;
        while self.word(Word::And) {
            side = joined(side, self.not()?, |one, other| Some(one.min(other)));
            self.joined = true;
        }
        Some(side)
    }

    fn not(&mut self) -> Option<Side<'a>> {
        if !self.word(Word::Not) {
            return self.comparison();
        }
        self.negated = true;
        // What is put together may hold for no row, and its opposite then for all.
        let before = std::mem::take(&mut self.joined);
        let inner = self.nested(Self::not)?;
        let known = !self.joined && inner.sort.width().is_some();
        self.joined = before || !known;
        Some(Side { sort: if known { Sort::Restriction(Width::Wide) } else { Sort::Condition }, ..inner })
    }

    fn comparison(&mut self) -> Option<Side<'a>> {
        let left = self.sum()?;
        let sort = match self.peek() {
            Some(Token::Sign(sign @ ("=" | "<>" | "!=" | "<" | ">" | "<=" | ">="))) => {
                self.next();
                let right = self.sum()?;
                let rows = left.rows || right.rows;
                if !self.judging {
                    return Some(Side { sort: Sort::Condition, rows });
                }
                // A size that is below nought, and its like: never true, so that the opposite always is.
                self.joined |= matches!(left.sort, Sort::Call(..));
                return Some(Side { sort: compared(left, sign, right), rows });
            }
            Some(Token::Word(Word::Is, _)) => {
                self.next();
                let not = self.word(Word::Not);
                self.must(Word::Null)?;
                // The whole of a row has the name of its table.
                let whole =
                    |name: &str| self.plain.writes.iter().any(|own| own.table.eq_ignore_ascii_case(name));
                if let Sort::Column(_, name) = left.sort
                    && whole(name)
                {
                    return None;
                }
                match left.sort {
                    Sort::Column(_, name) if !is_key(name) => {
                        Sort::Restriction(if not { Width::Wide } else { Width::Narrow })
                    }
                    _ => Sort::Condition,
                }
            }
            Some(Token::Word(Word::Not | Word::In | Word::Like | Word::Between, _)) => {
                let not = self.word(Word::Not);
                let side = self.among(left)?;
                let sort = match side.sort {
                    Sort::Restriction(_)
                        if not && matches!(left.sort, Sort::Column(_, name) if is_key(name)) =>
                    {
                        Sort::Condition
                    }
                    Sort::Restriction(_) if not => Sort::Restriction(Width::Wide),
                    sort => sort,
                };
                return Some(Side { sort, ..side });
            }
            // A column that is true or false.
            _ => return Some(left),
        };
        Some(Side { sort, rows: left.rows })
    }

    /// What stands behind the left side of `IN`, `LIKE` and `BETWEEN`.
    fn among(&mut self, left: Side<'a>) -> Option<Side<'a>> {
        let column = matches!(left.sort, Sort::Column(..)) && left.rows;
        let key = matches!(left.sort, Sort::Column(_, name) if is_key(name));
        let mut known = column && !key;
        let mut width = Width::Narrow;
        if self.word(Word::In) {
            self.must_take("(")?;
            if self.word(Word::Select) {
                self.nested(Self::query)?;
                // `DELETE FROM t WHERE id IN (SELECT id FROM t)`, and a query that finds nothing.
                known = false;
            } else {
                known = column;
                loop {
                    let item = self.nested(Self::sum)?;
                    known &= match item.sort {
                        Sort::Number(number) => !key || (1.0..KEY_MAX).contains(&number),
                        Sort::Text(text) => {
                            !key || text.starts_with(|first: char| first.is_ascii_alphabetic())
                        }
                        _ => false,
                    };
                    if !self.take(",") {
                        break;
                    }
                }
            }
            self.must_take(")")?;
        } else if self.word(Word::Like) {
            let pattern = self.sum()?;
            known &= matches!(pattern.sort, Sort::Text(text) if text.bytes().any(|byte| byte.is_ascii_alphanumeric()));
        } else {
            self.must(Word::Between)?;
            self.between = true;
            width = Width::Half;
            let low = self.sum()?;
            self.must(Word::And)?;
            let high = self.sum()?;
            // Between what is in the wrong order is nothing, and what is not there is all.
            known &= match (low.sort, high.sort) {
                (Sort::Number(low), Sort::Number(high)) => {
                    low <= high && low.abs() < NUMBER_MAX && high.abs() < NUMBER_MAX
                }
                (Sort::Text(low), Sort::Text(high)) => !low.is_empty() && low <= high,
                _ => false,
            };
        }
        Some(Side { sort: if known { Sort::Restriction(width) } else { Sort::Condition }, rows: left.rows })
    }

    /// `+`, `-`, `*`, `/`, `%`: in which order they are done matters to nobody here.
    pub(super) fn sum(&mut self) -> Option<Side<'a>> {
        let mut side = self.one()?;
        while let Some(Token::Sign("+" | "-" | "*" | "/" | "%")) = self.peek() {
            self.next();
            let other = self.one()?;
            let rows = side.rows || other.rows;
            // `now() - ...`, of which nothing is known either.
            let sort = match (side.sort, other.sort) {
                (Sort::Call(name, _), _) | (_, Sort::Call(name, _)) if !rows && is_opaque(name) => {
                    Sort::Call(name, Arguments::Other)
                }
                _ => Sort::Other,
            };
            side = Side { sort, rows };
        }
        Some(side)
    }

    fn one(&mut self) -> Option<Side<'a>> {
        let constant = |sort| Some(Side { sort, rows: false });
        match self.next()? {
            Token::Number(number) => constant(Sort::Number(number.parse().ok()?)),
            Token::Text(text) => constant(Sort::Text(text)),
            Token::Sign("-") => match self.next()? {
                Token::Number(number) => constant(Sort::Number(-number.parse::<f64>().ok()?)),
                _ => None,
            },
            Token::Sign("(") => {
                if self.word(Word::Select) {
                    self.nested(Self::query)?;
                    self.must_take(")")?;
                    return Some(Side { sort: Sort::Other, rows: true });
                }
                let inner = self.nested(Self::either)?;
                self.must_take(")")?;
                let sort = match inner.sort {
                    sort @ (Sort::Restriction(_) | Sort::Condition) => sort,
                    _ => Sort::Nested,
                };
                Some(Side { sort, ..inner })
            }
            Token::Word(Word::Null | Word::True | Word::False, _) => constant(Sort::Constant),
            Token::Word(Word::Exists, _) => {
                self.must_take("(")?;
                self.must(Word::Select)?;
                let before = self.plain.reads.len();
                self.nested(Self::query)?;
                self.must_take(")")?;
                // Whether it is the same for every row is for the parsers to say.
                Some(Side { sort: Sort::Condition, rows: before < self.plain.reads.len() })
            }
            Token::Word(Word::Case, _) => self.nested(Self::case),
            Token::Word(Word::Interval, _) => {
                self.span()?;
                constant(Sort::Other)
            }
            Token::Word(Word::Pair, name) => {
                self.plain.calls.push(name);
                self.must_take("(")?;
                let one = self.nested(Self::any)?;
                self.must_take(",")?;
                let rows = self.nested(Self::any)? || one;
                self.must_take(")")?;
                Some(Side { sort: Sort::Call(name, Arguments::Other), rows })
            }
            Token::Word(word @ (Word::Name | Word::Function | Word::Given), name) if self.take("(") => {
                if word == Word::Given && self.take(")") {
                    return None;
                }
                let arguments = match self.ahead() {
                    Some([Token::Word(word, _), Token::Sign(")")]) if word.is_name() => Arguments::Column,
                    _ => Arguments::Other,
                };
                let rows = self.nested(|reader| reader.call(name))?;
                Some(Side { sort: Sort::Call(name, arguments), rows })
            }
            Token::Word(word, name) if word.is_name() => {
                Some(Side { sort: Sort::Column(None, name), rows: true })
            }
            Token::Joined(before, name) if name != "*" => {
                // PostgreSQL calls a function for what looks like a column.
                let sort = Sort::Column(Some(before), name);
                (!function::may_be_dangerous(name)).then_some(Side { sort, rows: true })
            }
            _ => None,
        }
    }

    /// What stands behind `INTERVAL`.
    fn span(&mut self) -> Option<()> {
        let counted = match self.next()? {
            Token::Number(_) => true,
            Token::Text(_) => false,
            _ => return None,
        };
        let unit = matches!(self.peek(), Some(Token::Word(_, word))
            if UNITS.iter().any(|unit| unit.eq_ignore_ascii_case(word)));
        self.at += usize::from(unit);
        match (counted, unit) {
            (true, true) => self.plain.note_span(Span::Count),
            (false, false) => self.plain.note_span(Span::Text),
            (true, false) => return None,
            (false, true) => {}
        }
        Some(())
    }

    /// `CASE [x] WHEN ... THEN ... [ELSE ...] END`
    fn case(&mut self) -> Option<Side<'a>> {
        if !matches!(self.peek(), Some(Token::Word(Word::When, _))) {
            self.any()?;
        }
        self.must(Word::When)?;
        loop {
            self.any()?;
            self.must(Word::Then)?;
            self.any()?;
            if !self.word(Word::When) {
                break;
            }
        }
        if self.word(Word::Else) {
            self.any()?;
        }
        self.must(Word::End)?;
        Some(Side { sort: Sort::Other, rows: true })
    }
}

/// Two conditions as one, which is known when both are and `width` says so.
fn joined<'a>(one: Side<'a>, other: Side<'a>, width: fn(Width, Width) -> Option<Width>) -> Side<'a> {
    let both = one.sort.width().zip(other.sort.width());
    let sort = both.and_then(|(one, other)| width(one, other)).map_or(Sort::Condition, Sort::Restriction);
    Side { sort, rows: one.rows || other.rows }
}

/// What a comparison is.
fn compared(left: Side<'_>, sign: &str, right: Side<'_>) -> Sort<'static> {
    let width = match sign {
        "=" => Width::Narrow,
        "<>" | "!=" => Width::Wide,
        _ => Width::Half,
    };
    let equal = width == Width::Narrow;
    let known = match (left.sort, right.sort) {
        (Sort::Column(_, key), Sort::Column(_, other)) if is_key(key) || is_key(other) => {
            equal && !key.eq_ignore_ascii_case(other)
        }
        (Sort::Column(_, key), bound) if is_key(key) => return of_key(sign, bound),
        (_, Sort::Column(_, key)) if is_key(key) => false,
        (Sort::Column(..), Sort::Number(bound)) | (Sort::Number(bound), Sort::Column(..)) => {
            bound.abs() < NUMBER_MAX
        }
        // Every text is at least the empty one.
        (Sort::Column(..), Sort::Text(text)) | (Sort::Text(text), Sort::Column(..)) => {
            width != Width::Half || !text.is_empty()
        }
        (Sort::Column(..), Sort::Constant) | (Sort::Constant, Sort::Column(..)) => width != Width::Half,
        (Sort::Column(..), Sort::Other) => equal && !right.rows,
        (Sort::Column(..), Sort::Call(name, _)) => !right.rows && (equal || is_opaque(name)),
        (Sort::Call(name, _), Sort::Column(..)) => !left.rows && (equal || is_opaque(name)),
        (Sort::Call(name, arguments), Sort::Number(_) | Sort::Text(_)) => {
            left.rows && (is_opaque(name) || equal && arguments == Arguments::Column)
        }
        (Sort::Column(before, name), Sort::Column(other, named)) => {
            // Also when only one of them says of which table it is.
            !name.eq_ignore_ascii_case(named)
                || before.zip(other).is_some_and(|(a, b)| !a.eq_ignore_ascii_case(b))
        }
        _ => false,
    };
    let whole = matches!((left.sort, right.sort), (Sort::Constant, _) | (_, Sort::Constant));
    match known {
        true if whole => Sort::Restriction(width.max(Width::Half)),
        true => Sort::Restriction(width),
        false => Sort::Condition,
    }
}

/// What a comparison of a key with a value is: a key is one at least.
fn of_key(sign: &str, value: Sort<'_>) -> Sort<'static> {
    let known = match (sign, value) {
        ("=" | "<>" | "!=" | ">", Sort::Number(bound)) => (1.0..KEY_MAX).contains(&bound),
        (">=" | "<" | "<=", Sort::Number(bound)) => bound > 1.0 && bound < KEY_MAX,
        ("=" | "<>" | "!=", Sort::Text(text)) => text.starts_with(|first: char| first.is_ascii_alphabetic()),
        _ => false,
    };
    match sign {
        _ if !known => Sort::Condition,
        "=" => Sort::Restriction(Width::Narrow),
        _ => Sort::Restriction(Width::Wide),
    }
}

fn is_key(name: &str) -> bool {
    KEYS.iter().any(|key| key.eq_ignore_ascii_case(name))
}
