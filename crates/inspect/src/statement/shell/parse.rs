//! The grammar of commands: lists, pipelines, compound commands, redirections (POSIX.1-2024 XCU 2.9 and 2.10,
//! with
//! what bash adds).
//!
//! Strict where it matters: what is not understood is a fault, and a text with a fault is `unknown`.
//! Recursion is as
//! deep as the nesting of the text, which [`DEPTH_MAX`] bounds.

mod compound;
mod document;

use super::limit::{DEPTH_MAX, WORDS_MAX};
use super::tree::{
    Assignment, AssignmentForm, List, Node, NodeKind, Operator, Redirect, Script, Statement, Target, Word,
};

/// Operators of redirections, longer ones before those they begin with.
const OPERATORS: &[(&str, Operator)] = &[
    ("<<<", Operator::String),
    ("<<-", Operator::Document),
    ("<<", Operator::Document),
    ("<>", Operator::ReadWrite),
    ("<&", Operator::Duplicate),
    (">&", Operator::Duplicate),
    (">>", Operator::Append),
    (">|", Operator::Write),
    ("<", Operator::Read),
    (">", Operator::Write),
    ("&>>", Operator::Append),
    ("&>", Operator::Write),
];

/// Why a text cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault(pub(super) &'static str);

pub(super) const SYNTAX: Fault = Fault("not in the grammar of the shell");
pub(super) const UNFINISHED: Fault = Fault("the text ends inside a construct");

/// Words that end a list when they stand where a command could.
const CLOSERS: &[&str] = &["}", "then", "else", "elif", "fi", "do", "done", "esac", "in", "]]"];
/// Builtins whose arguments may be assignments of arrays.
const DECLARERS: &[&str] = &["declare", "typeset", "export", "local", "readonly"];

/// Reads a text from the front to the back.
pub(super) struct Parser<'t> {
    pub(super) bytes: &'t [u8],
    pub(super) at: usize,
    pub(super) depth: usize,
    /// Words made so far, which bounds the memory that a text takes.
    words: usize,
    /// Whether an interactive shell would replace something by a command of its history.
    pub(super) history: bool,
    /// Whether a word is spelt by codes of characters.
    pub(super) encoded: bool,
    pub(super) documents: Vec<Word>,
    /// Here-documents announced on this line: where they go, what ends them, how they are read.
    pending: Vec<Pending>,
}

struct Pending {
    index: usize,
    delimiter: Vec<u8>,
    quoted: bool,
    strip_tabs: bool,
}

/// Reads all of `text`.
pub(super) fn parse(text: &str) -> Result<Script, Fault> {
    let mut parser = Parser::new(text.as_bytes(), 0);
    let list = parser.whole()?;
    Ok(Script { list, documents: parser.documents, history: parser.history, encoded: parser.encoded })
}

impl<'t> Parser<'t> {
    pub(super) fn new(bytes: &'t [u8], depth: usize) -> Self {
        Self {
            bytes,
            at: 0,
            depth,
            words: 0,
            history: false,
            encoded: false,
            documents: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// Everything to the end of the text.
    pub(super) fn whole(&mut self) -> Result<List, Fault> {
        let list = self.list()?;
        if self.at < self.bytes.len() {
            return Err(SYNTAX);
        }
        if self.pending.is_empty() { Ok(list) } else { Err(UNFINISHED) }
    }

    /// Hands what belongs to the whole text to the parser of a part of it, or back.
    pub(super) fn lend(&mut self, other: &mut Parser<'_>) {
        other.documents = std::mem::take(&mut self.documents);
        other.words = self.words;
        other.history |= self.history;
        other.encoded |= self.encoded;
    }

    /// Runs `inner` one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.depth >= DEPTH_MAX {
            return Err(Fault("nested too deep"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn looking_at(&self, text: &str) -> bool {
        self.bytes[self.at..].starts_with(text.as_bytes())
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.looking_at(text);
        if found {
            self.at += text.len();
        }
        found
    }

    fn demand(&mut self, text: &str) -> Result<(), Fault> {
        if self.take(text) { Ok(()) } else { Err(if self.peek().is_none() { UNFINISHED } else { SYNTAX }) }
    }

    pub(super) fn count_word(&mut self) -> Result<(), Fault> {
        self.words += 1;
        if self.words > WORDS_MAX { Err(Fault("too many words")) } else { Ok(()) }
    }

    /// Skips blanks, joined lines and a comment.
    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.looking_at("\\\n") => self.at += 2,
                Some(b'#') => {
                    let rest = &self.bytes[self.at..];
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                _ => return,
            }
        }
    }

    /// Skips blanks and line ends; here-documents begin after a line end.
    pub(super) fn lines(&mut self) -> Result<(), Fault> {
        loop {
            self.blanks();
            if !self.take("\n") {
                return Ok(());
            }
            self.read_documents()?;
        }
    }

    /// The unquoted word of lower case letters, braces or brackets that stands here alone.
    fn reserved(&self) -> Option<&'t str> {
        let rest = &self.bytes[self.at..];
        let length = rest
            .iter()
            .take(9)
            .take_while(|byte| matches!(byte, b'a'..=b'z' | b'{' | b'}' | b'!' | b'[' | b']'))
            .count();
        let alone = match rest.get(length) {
            None => true,
            Some(byte) => {
                matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')
            }
        };
        if length == 0 || !alone { None } else { std::str::from_utf8(&rest[..length]).ok() }
    }

    fn take_reserved(&mut self, word: &str) -> bool {
        let found = self.reserved() == Some(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn demand_reserved(&mut self, word: &str) -> Result<(), Fault> {
        self.lines()?;
        if self.take_reserved(word) {
            return Ok(());
        }
        Err(if self.peek().is_none() { UNFINISHED } else { SYNTAX })
    }

    /// Statements up to something that can only end a list.
    pub(super) fn list(&mut self) -> Result<List, Fault> {
        let mut list = List::new();
        loop {
            self.lines()?;
            let closes = self.reserved().is_some_and(|word| CLOSERS.contains(&word));
            if closes || matches!(self.peek(), None | Some(b')' | b';')) {
                return Ok(list);
            }
            self.and_or(&mut list)?;
            self.blanks();
            match self.peek() {
                Some(b';') if !self.looking_at(";;") && !self.looking_at(";&") => {
                    self.at += 1;
                    // `;` ends exactly one command: `; ;` is no list.
                    self.blanks();
                    if self.peek() == Some(b';') && !self.looking_at(";;") && !self.looking_at(";&") {
                        return Err(SYNTAX);
                    }
                }
                Some(b'&') => {
                    self.at += 1;
                    list.iter_mut().next_back().into_iter().for_each(|last| last.background = true);
                    self.blanks();
                    if matches!(self.peek(), Some(b'&' | b'|')) || self.looking_at(";") {
                        return Err(SYNTAX);
                    }
                }
                Some(b'\n') => {}
                _ => return Ok(list),
            }
        }
    }

    /// A list that holds at least one command.
    fn body(&mut self) -> Result<List, Fault> {
        let list = self.nested(Self::list)?;
        if list.is_empty() { Err(SYNTAX) } else { Ok(list) }
    }

    fn and_or(&mut self, list: &mut List) -> Result<(), Fault> {
        let mut conditional = false;
        loop {
            let stages = self.pipeline()?;
            list.push(Statement { stages, background: false, conditional });
            self.blanks();
            if !self.take("&&") && !self.take("||") {
                return Ok(());
            }
            conditional = true;
            self.lines()?;
        }
    }

    fn pipeline(&mut self) -> Result<Vec<Node>, Fault> {
        loop {
            self.blanks();
            match self.reserved() {
                Some("!") => self.at += 1,
                Some("time") => {
                    self.at += "time".len();
                    self.blanks();
                    if self.looking_at("-p ") {
                        self.at += 2;
                    }
                    self.blanks();
                    // `time` alone, or with options, is the program.
                    if matches!(self.peek(), None | Some(b'-' | b'\n' | b';' | b'&' | b'|' | b')')) {
                        return Err(SYNTAX);
                    }
                }
                _ => break,
            }
        }
        let mut stages = vec![self.command()?];
        loop {
            self.blanks();
            if self.looking_at("||") || !self.take("|") {
                return Ok(stages);
            }
            self.take("&");
            self.lines()?;
            stages.push(self.command()?);
        }
    }

    fn command(&mut self) -> Result<Node, Fault> {
        self.count_word()?;
        let kind = self.compound()?;
        let Some(kind) = kind else { return self.simple() };
        let mut redirects = Vec::new();
        loop {
            self.blanks();
            if !self.redirect(&mut redirects)? {
                return Ok(Node { kind, redirects });
            }
        }
    }

    fn simple(&mut self) -> Result<Node, Fault> {
        let (mut assignments, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            self.blanks();
            if self.redirect(&mut redirects)? {
                continue;
            }
            match self.peek() {
                None | Some(b'\n' | b';' | b'&' | b'|' | b')') => break,
                Some(b'(') => return self.definition(assignments, words, redirects),
                _ => {}
            }
            let declares = words.first().and_then(Word::bare).is_some_and(|name| DECLARERS.contains(&name));
            if (words.is_empty() || declares)
                && let Some(assignment) = self.assignment()?
            {
                assignments.push(assignment);
                if declares {
                    // Also a word, so that rules on arguments see it.
                    words.push(Word::quoted(&assignments[assignments.len() - 1].name));
                }
                continue;
            }
            words.push(self.word()?);
        }
        if assignments.is_empty() && words.is_empty() && redirects.is_empty() {
            return Err(if self.peek().is_none() { UNFINISHED } else { SYNTAX });
        }
        Ok(Node { kind: NodeKind::Simple { assignments, words }, redirects })
    }

    /// `name ()` and the body of the function.
    fn definition(
        &mut self,
        assignments: Vec<Assignment>,
        words: Vec<Word>,
        redirects: Vec<Redirect>,
    ) -> Result<Node, Fault> {
        let [name] = words.as_slice() else { return Err(SYNTAX) };
        if !assignments.is_empty() || !redirects.is_empty() {
            return Err(SYNTAX);
        }
        let name = name.bare().map(str::to_owned).ok_or(SYNTAX)?;
        self.demand("(")?;
        self.blanks();
        self.demand(")")?;
        Ok(Node { kind: self.function(name)?, redirects })
    }

    /// An assignment, if one begins here.
    fn assignment(&mut self) -> Result<Option<Assignment>, Fault> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let Some(name) = std::str::from_utf8(&rest[..length]).ok().filter(|name| is_name(name)) else {
            return Ok(None);
        };
        let start = self.at;
        self.at += length;
        let mut form = AssignmentForm::Plain;
        let mut values = Vec::new();
        let mut subscript = None;
        if self.take("[") {
            form = AssignmentForm::Part;
            // A subscript may run commands. What turns out to be no assignment is a fault: reading it again as
            // a word would double the work at every level.
            subscript = Some(self.nested(|parser| parser.arithmetic("]"))?);
            if !self.looking_at("=") && !self.looking_at("+=") {
                return Err(SYNTAX);
            }
        }
        if self.take("+=") {
            form = AssignmentForm::Part;
        } else if !self.take("=") {
            self.at = start;
            return Ok(None);
        }
        if self.take("(") {
            form = AssignmentForm::Part;
            loop {
                self.lines()?;
                if self.take(")") {
                    break;
                }
                values.push(self.word()?);
            }
        } else {
            values.push(self.value()?);
        }
        Ok(Some(Assignment { name: name.to_owned(), subscript, values, form }))
    }

    /// The value of an assignment, which may be empty.
    fn value(&mut self) -> Result<Word, Fault> {
        match self.peek() {
            None | Some(b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b')') => Ok(Word::quoted("")),
            Some(b'<' | b'>') if self.bytes.get(self.at + 1) != Some(&b'(') => Ok(Word::quoted("")),
            _ => self.word(),
        }
    }

    /// Takes one redirection, if one begins here.
    fn redirect(&mut self, redirects: &mut Vec<Redirect>) -> Result<bool, Fault> {
        let rest = &self.bytes[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let start = self.at;
        self.at += digits;
        if self.looking_at("<(") || self.looking_at(">(") {
            self.at = start;
            return Ok(false);
        }
        let usable = OPERATORS.iter().filter(|(text, _)| digits == 0 || !text.starts_with('&'));
        let found = usable.copied().find(|(text, _)| self.looking_at(text));
        let Some((text, operator)) = found else {
            self.at = start;
            return Ok(false);
        };
        self.at += text.len();
        // `<\` at the end of a line would join with the next one into another operator.
        self.blanks_here()?;
        let target = match operator {
            Operator::Document => Target::Document(self.announce(text == "<<-")?),
            _ => Target::Word(self.word()?),
        };
        // Any number of zeros, or none.
        let standard = rest[..digits].iter().all(|digit| *digit == b'0');
        redirects.push(Redirect { operator, target, standard });
        Ok(true)
    }

    /// Blanks between an operator and its word: no comment can stand there.
    fn blanks_here(&mut self) -> Result<(), Fault> {
        if self.looking_at("\\\n") {
            return Err(SYNTAX);
        }
        self.blanks();
        if matches!(self.peek(), None | Some(b'\n')) { Err(SYNTAX) } else { Ok(()) }
    }

    /// Reads the inside of a substitution. Here-documents of the line around it cannot be read inside it, and
    /// its own
    /// must end before it does.
    pub(super) fn enclosed<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let (around, start) = (std::mem::take(&mut self.pending), self.at);
        let result = self.nested(inner)?;
        let lines = self.bytes[start..self.at].contains(&b'\n');
        if !self.pending.is_empty() || (lines && !around.is_empty()) {
            return Err(Fault("a here-document and a substitution cross"));
        }
        self.pending = around;
        Ok(result)
    }
}

/// Whether `name` can be the name of a variable.
pub(super) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
