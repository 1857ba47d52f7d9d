//! The grammar: one `SELECT`, `INSERT`, `UPDATE` or `DELETE`.

use super::token::Token;
use super::word::Word;
use super::{Name, Plain};

/// Deepest nesting of brackets, of `CASE` and of `NOT`.
const DEPTH_MAX: usize = 12;

/// Reads tokens; every part of the grammar is `None` when the text is not of it.
pub(super) struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    pub(super) at: usize,
    pub(super) depth: usize,
    /// A `BETWEEN` was met.
    pub(super) between: bool,
    /// A `NOT` before a condition was met.
    pub(super) negated: bool,
    /// It is asked whether a condition restricts.
    pub(super) judging: bool,
    /// Conditions were put together that may hold for no row.
    pub(super) joined: bool,
    /// The names that `WITH` defined so far.
    defined: Vec<&'a str>,
    pub(super) plain: Plain<'a>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(tokens: Vec<Token<'a>>) -> Self {
        Self {
            tokens,
            at: 0,
            depth: 0,
            between: false,
            negated: false,
            judging: false,
            joined: false,
            defined: Vec::new(),
            plain: Plain::default(),
        }
    }

    /// All of the text.
    pub(super) fn statement(mut self) -> Option<Plain<'a>> {
        match self.next()? {
            Token::Word(Word::With, _) => {
                self.definitions()?;
                self.query()?;
            }
            Token::Word(Word::Select, _) => self.query()?,
            Token::Word(Word::Insert, _) => self.insert()?,
            Token::Word(Word::Update, _) => self.update()?,
            Token::Word(Word::Delete, _) => self.delete()?,
            _ => return None,
        }
        if self.plain.changes {
            self.plain.limit = None;
        }
        self.take(";");
        // With both, what belongs to which `AND` is not the same to every parser.
        let clear = !(self.between && self.negated);
        (clear && self.at == self.tokens.len()).then_some(self.plain)
    }

    pub(super) fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    /// The next two tokens.
    pub(super) fn ahead(&self) -> Option<&[Token<'a>]> {
        self.tokens.get(self.at..self.at + 2)
    }

    /// Goes past that keyword, if it is there.
    pub(super) fn word(&mut self, word: Word) -> bool {
        let there = matches!(self.peek(), Some(Token::Word(other, _)) if other == word);
        self.at += usize::from(there);
        there
    }

    pub(super) fn must(&mut self, word: Word) -> Option<()> {
        self.word(word).then_some(())
    }

    /// Goes past that sign, if it is there.
    pub(super) fn take(&mut self, sign: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Sign(other)) if other == sign);
        self.at += usize::from(there);
        there
    }

    pub(super) fn must_take(&mut self, sign: &str) -> Option<()> {
        self.take(sign).then_some(())
    }

    /// One name, without a dot.
    fn name(&mut self) -> Option<&'a str> {
        match self.next()? {
            Token::Word(word, name) if word.is_name() => Some(name),
            _ => None,
        }
    }

    /// The name of a table.
    fn table(&mut self) -> Option<Name<'a>> {
        match self.next()? {
            Token::Word(word, table) if word.is_name() => Some(Name { schema: None, table }),
            Token::Joined(schema, table) if table != "*" => Some(Name { schema: Some(schema), table }),
            _ => None,
        }
    }

    /// `name AS (SELECT ...), ...`, and the word that the query itself begins with.
    fn definitions(&mut self) -> Option<()> {
        loop {
            let name = self.name()?;
            let known = self.defined.iter().any(|defined| defined.eq_ignore_ascii_case(name));
            let met = self.plain.reads.iter().any(|read| read.table.eq_ignore_ascii_case(name));
            self.must(Word::As)?;
            self.must_take("(")?;
            self.must(Word::Select)?;
            self.nested(Self::query)?;
            self.must_take(")")?;
            // What it read itself under that name was no definition of this text.
            let own = self.plain.reads.iter().any(|read| read.table.eq_ignore_ascii_case(name));
            if known || met || own {
                return None;
            }
            self.defined.push(name);
            if !self.take(",") {
                return self.must(Word::Select);
            }
        }
    }

    /// One level deeper.
    pub(super) fn nested<T>(&mut self, part: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        let result = part(self);
        self.depth -= 1;
        result
    }

    /// A query behind its `SELECT`. The one that ends last is the outermost, and its limit counts.
    pub(super) fn query(&mut self) -> Option<()> {
        self.word(Word::Distinct);
        self.items()?;
        if self.word(Word::From) {
            self.tables()?;
            self.condition()?;
            if self.word(Word::Group) {
                self.must(Word::By)?;
                self.list()?;
                if self.word(Word::Having) {
                    self.any()?;
                }
            }
        }
        self.order()?;
        self.limit()
    }

    /// What is selected.
    fn items(&mut self) -> Option<()> {
        loop {
            if matches!(self.peek(), Some(Token::Sign("*") | Token::Joined(_, "*"))) {
                self.at += 1;
            } else {
                // To T-SQL `a = 1` calls the second by the name of the first.
                self.sum()?;
                if self.word(Word::As) {
                    self.name()?;
                }
            }
            if !self.take(",") {
                return Some(());
            }
        }
    }

    /// What stands behind `FROM`.
    fn tables(&mut self) -> Option<()> {
        self.source()?;
        loop {
            let cross = self.word(Word::Cross);
            if cross {
                self.must(Word::Join)?;
            } else if self.take(",") {
                self.source()?;
                continue;
            } else if !self.join()? {
                return Some(());
            }
            self.source()?;
            if !cross {
                self.must(Word::On)?;
                self.any()?;
            }
        }
    }

    /// Whether a `JOIN` with a condition is there.
    fn join(&mut self) -> Option<bool> {
        if self.word(Word::Left) || self.word(Word::Right) || self.word(Word::Full) {
            self.word(Word::Outer);
            self.must(Word::Join)?;
            return Some(true);
        }
        if self.word(Word::Inner) {
            self.must(Word::Join)?;
            return Some(true);
        }
        Some(self.word(Word::Join))
    }

    /// A table or a query in brackets, with what it is called.
    fn source(&mut self) -> Option<()> {
        if self.take("(") {
            self.must(Word::Select)?;
            self.nested(Self::query)?;
            self.must_take(")")?;
            self.word(Word::As);
            // One without a name is an error to most.
            self.alias()?;
            return Some(());
        }
        let name = self.table()?;
        let mut same = self.defined.iter().filter(|defined| defined.eq_ignore_ascii_case(name.table));
        match same.next().filter(|_| name.schema.is_none()) {
            // To some dialects a name is another when a letter is.
            Some(defined) if *defined != name.table => return None,
            Some(_) => {}
            None => self.plain.reads.push(name),
        }
        if self.word(Word::As) || matches!(self.peek(), Some(Token::Word(Word::Name, _))) {
            self.alias()?;
        }
        Some(())
    }

    /// A word that is a keyword nowhere.
    fn alias(&mut self) -> Option<()> {
        matches!(self.next()?, Token::Word(Word::Name, _)).then_some(())
    }

    /// `WHERE`, if it is there, with a condition that restricts.
    fn condition(&mut self) -> Option<()> {
        if self.word(Word::Where) {
            self.restriction()?;
            self.plain.restricts = true;
        }
        Some(())
    }

    fn order(&mut self) -> Option<()> {
        if !self.word(Word::Order) {
            return Some(());
        }
        self.must(Word::By)?;
        loop {
            self.any()?;
            if !self.word(Word::Asc) {
                self.word(Word::Desc);
            }
            if !self.take(",") {
                return Some(());
            }
        }
    }

    fn limit(&mut self) -> Option<()> {
        self.plain.limit = None;
        let count = |token: Token<'_>| match token {
            Token::Number(number) => number.parse().ok(),
            _ => None,
        };
        if !self.word(Word::Limit) {
            return Some(());
        }
        let limit = count(self.next()?)?;
        if self.word(Word::Offset) {
            count(self.next()?)?;
        }
        self.plain.limit = Some(limit);
        Some(())
    }

    /// Expressions with commas between; whether they name a column or a table.
    fn list(&mut self) -> Option<bool> {
        let mut rows = false;
        loop {
            rows |= self.any()?;
            if !self.take(",") {
                return Some(rows);
            }
        }
    }

    /// `INTO table (columns) VALUES (...), ...`
    fn insert(&mut self) -> Option<()> {
        self.must(Word::Into)?;
        let name = self.table()?;
        self.changes(name);
        self.must_take("(")?;
        loop {
            self.name()?;
            if !self.take(",") {
                break;
            }
        }
        self.must_take(")")?;
        self.must(Word::Values)?;
        loop {
            self.must_take("(")?;
            self.nested(Self::list)?;
            self.must_take(")")?;
            if !self.take(",") {
                return Some(());
            }
        }
    }

    /// `table SET column = expression, ... WHERE ...`
    fn update(&mut self) -> Option<()> {
        let name = self.table()?;
        self.changes(name);
        self.must(Word::Set)?;
        loop {
            self.name()?;
            self.must_take("=")?;
            self.any()?;
            if !self.take(",") {
                break;
            }
        }
        self.bounded()
    }

    /// `FROM table WHERE ...`
    fn delete(&mut self) -> Option<()> {
        self.must(Word::From)?;
        let name = self.table()?;
        self.changes(name);
        self.bounded()
    }

    /// A condition of its own: one in a query inside restricts no change.
    fn bounded(&mut self) -> Option<()> {
        self.must(Word::Where)?;
        self.restriction()?;
        self.plain.restricts = true;
        Some(())
    }

    fn changes(&mut self, table: Name<'a>) {
        self.plain.changes = true;
        self.plain.writes.push(table);
    }

    /// Arguments and window of a function, behind its opening bracket; whether an argument names a column or a table.
    pub(super) fn call(&mut self, name: &'a str) -> Option<bool> {
        self.plain.calls.push(name);
        let mut rows = false;
        if !self.take(")") {
            if !self.take("*") {
                self.word(Word::Distinct);
                rows = self.nested(Self::list)?;
            }
            self.must_take(")")?;
        }
        if self.word(Word::Over) {
            self.must_take("(")?;
            if self.word(Word::Partition) {
                self.must(Word::By)?;
                self.nested(Self::list)?;
            }
            self.nested(Self::order)?;
            self.must_take(")")?;
        }
        Some(rows)
    }
}
