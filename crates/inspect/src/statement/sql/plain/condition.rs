//! Expressions, and conditions that are known to depend on the rows: what [`super::super::condition::truth`] says of them is
//! clear without asking it.

use super::query::Reader;
use super::token::Token;
use super::word::Word;
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
    /// A function, by its name.
    Call(&'a str),
    /// A calculation, a `CASE`, a query.
    Other,
    /// A condition that may be the opposite of another.
    Negative,
    /// Any other condition, of which it is known that it depends on the rows.
    Restriction,
    /// Any other condition.
    Condition,
    /// Something in brackets.
    Nested,
}

impl Sort<'_> {
    /// Whether it depends on the rows, as a condition.
    fn restricts(self) -> bool {
        match self {
            Self::Column(_, name) => !is_key(name),
            other => matches!(other, Self::Restriction | Self::Negative),
        }
    }
}

/// Columns that by their name number or name every row, as in [`super::super::condition`].
const KEYS: [&str; 9] = ["id", "_id", "rowid", "_rowid_", "oid", "ctid", "uuid", "guid", "pk"];
/// Keys that are numbers end here, as in [`super::super::condition`].
const KEY_MAX: f64 = 2_147_483_647.0;
/// Functions whose answer is never negative.
const SIZES: [&str; 7] =
    ["length", "char_length", "character_length", "octet_length", "len", "datalength", "abs"];

impl<'a> Reader<'a> {
    /// Any expression; whether it names a column or a table.
    pub(super) fn any(&mut self) -> Option<bool> {
        self.either().map(|side| side.rows)
    }

    /// A condition that depends on the rows.
    pub(super) fn restriction(&mut self) -> Option<()> {
        self.either()?.sort.restricts().then_some(())
    }

    /// `... OR ...`
    fn either(&mut self) -> Option<Side<'a>> {
        let mut side = self.both()?;
        while self.word(Word::Or) {
            let other = self.both()?;
            // `x IS NULL OR x IS NOT NULL` and its like.
            let opposite = [side, other].iter().any(|side| side.sort == Sort::Negative);
            side = joined(side, other);
            if opposite {
                side.sort = Sort::Condition;
            }
        }
        Some(side)
    }

    /// `... AND ...`
    fn both(&mut self) -> Option<Side<'a>> {
        let mut side = self.not()?;
        while self.word(Word::And) {
            side = joined(side, self.not()?);
        }
        Some(side)
    }

    fn not(&mut self) -> Option<Side<'a>> {
        if !self.word(Word::Not) {
            return self.comparison();
        }
        self.negated = true;
        let inner = self.nested(Self::not)?;
        let sort = if inner.sort.restricts() { Sort::Negative } else { Sort::Condition };
        Some(Side { sort, ..inner })
    }

    fn comparison(&mut self) -> Option<Side<'a>> {
        let left = self.sum()?;
        let sort = match self.peek() {
            Some(Token::Sign(sign @ ("=" | "<>" | "!=" | "<" | ">" | "<=" | ">="))) => {
                self.next();
                let right = self.sum()?;
                let rows = left.rows || right.rows;
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
                match (left.sort, not) {
                    (Sort::Column(_, name), true) if !is_key(name) => Sort::Negative,
                    (Sort::Column(_, name), false) if !is_key(name) => Sort::Restriction,
                    _ => Sort::Condition,
                }
            }
            Some(Token::Word(Word::Not | Word::In | Word::Like | Word::Between, _)) => {
                self.word(Word::Not);
                return self.among(left);
            }
            // A column that is true or false.
            _ => return Some(left),
        };
        Some(Side { sort, rows: left.rows })
    }

    /// What stands behind the left side of `IN`, `LIKE` and `BETWEEN`.
    fn among(&mut self, left: Side<'a>) -> Option<Side<'a>> {
        let mut known = matches!(left.sort, Sort::Column(..)) && left.rows;
        if self.word(Word::In) {
            self.must_take("(")?;
            if self.word(Word::Select) {
                self.nested(Self::query)?;
                // `DELETE FROM t WHERE id IN (SELECT id FROM t)`
                known &= !self.plain.changes;
            } else {
                loop {
                    let item = self.nested(Self::sum)?;
                    known &= matches!(item.sort, Sort::Number(_) | Sort::Text(_));
                    if !self.take(",") {
                        break;
                    }
                }
            }
            self.must_take(")")?;
        } else if self.word(Word::Like) {
            let pattern = self.sum()?;
            known &= matches!(pattern.sort, Sort::Text(text) if text.bytes().any(|byte| byte != b'%'));
        } else {
            self.must(Word::Between)?;
            self.between = true;
            for and in [true, false] {
                let bound = self.sum()?;
                known &= matches!(bound.sort, Sort::Number(_) | Sort::Text(_));
                if and {
                    self.must(Word::And)?;
                }
            }
        }
        Some(Side { sort: if known { Sort::Restriction } else { Sort::Condition }, rows: left.rows })
    }

    /// `+`, `-`, `*`, `/`, `%`: in which order they are done matters to nobody here.
    pub(super) fn sum(&mut self) -> Option<Side<'a>> {
        let mut side = self.one()?;
        while let Some(Token::Sign("+" | "-" | "*" | "/" | "%")) = self.peek() {
            self.next();
            let other = self.one()?;
            side = Side { sort: Sort::Other, rows: side.rows || other.rows };
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
                    sort @ (Sort::Restriction | Sort::Negative | Sort::Condition) => sort,
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
                self.plain.spans = true;
                matches!(self.next()?, Token::Text(_)).then_some(Side { sort: Sort::Other, rows: false })
            }
            Token::Word(Word::Pair, name) => {
                self.plain.calls.push(name);
                self.must_take("(")?;
                let one = self.nested(Self::any)?;
                self.must_take(",")?;
                let rows = self.nested(Self::any)? || one;
                self.must_take(")")?;
                Some(Side { sort: Sort::Call(name), rows })
            }
            Token::Word(word @ (Word::Name | Word::Function | Word::Given), name) if self.take("(") => {
                if word == Word::Given && self.take(")") {
                    return None;
                }
                let rows = self.nested(|reader| reader.call(name))?;
                Some(Side { sort: Sort::Call(name), rows })
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

/// Two conditions as one.
fn joined<'a>(one: Side<'a>, other: Side<'a>) -> Side<'a> {
    let known = one.sort.restricts() && other.sort.restricts();
    let sort = if known { Sort::Restriction } else { Sort::Condition };
    Side { sort, rows: one.rows || other.rows }
}

/// What a comparison is.
fn compared(left: Side<'_>, sign: &str, right: Side<'_>) -> Sort<'static> {
    let known = match (left.sort, right.sort) {
        (Sort::Column(..), Sort::Number(_) | Sort::Text(_) | Sort::Constant) => true,
        (Sort::Number(_) | Sort::Text(_) | Sort::Constant, Sort::Column(..)) => true,
        // `id = id + 0`
        (Sort::Column(..), Sort::Other) => !right.rows,
        (Sort::Column(..), Sort::Call(_)) | (Sort::Call(_), Sort::Column(..)) => true,
        (Sort::Call(_), Sort::Number(_) | Sort::Text(_)) => left.rows,
        (Sort::Column(before, name), Sort::Column(other, named)) => {
            // Also when only one of them says of which table it is.
            !name.eq_ignore_ascii_case(named)
                || before.zip(other).is_some_and(|(a, b)| !a.eq_ignore_ascii_case(b))
        }
        _ => false,
    };
    let natural = match left.sort {
        Sort::Column(_, name) => is_key(name),
        Sort::Call(name) => SIZES.iter().any(|size| size.eq_ignore_ascii_case(name)),
        _ => false,
    };
    let narrow = match (sign, right.sort) {
        (">" | "<>" | "!=", Sort::Number(bound)) => bound > 0.0,
        (">=", Sort::Number(bound)) => bound > 1.0,
        ("<" | "<=", Sort::Number(bound)) => bound < KEY_MAX,
        ("<>" | "!=", Sort::Text(text)) => !text.is_empty(),
        _ => true,
    };
    match sign {
        _ if !known || natural && !narrow => Sort::Condition,
        "<>" | "!=" => Sort::Negative,
        _ => Sort::Restriction,
    }
}

fn is_key(name: &str) -> bool {
    KEYS.iter().any(|key| key.eq_ignore_ascii_case(name))
}
