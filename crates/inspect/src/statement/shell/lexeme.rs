//! Words: quotes and expansions (POSIX.1-2024 XCU 2.2 and 2.6, with what bash adds).

use super::parse::{Fault, Parser, SYNTAX, UNFINISHED};
use super::tree::{Form, List, Part, Word};

/// Parameters whose name is one special character.
const SPECIAL: &[u8] = b"@*#?-$!";

impl Parser<'_> {
    /// One word, which must not be empty.
    pub(super) fn word(&mut self) -> Result<Word, Fault> {
        self.count_word()?;
        let mut word = Word::default();
        let start = self.at;
        loop {
            let from = self.at;
            let Some(byte) = self.peek() else { break };
            match byte {
                b'<' | b'>' if self.bytes.get(self.at + 1) == Some(&b'(') => {
                    self.at += 2;
                    let body = self.enclosed(Self::list)?;
                    self.close(")")?;
                    word.parts.push(Part::Process { body, into: byte == b'>' });
                }
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => break,
                b'\'' => word.push(self.single()?, true),
                b'"' => self.double(&mut word)?,
                b'\\' => self.escape(&mut word)?,
                b'$' => self.dollar(&mut word, Quotes::None)?,
                b'`' => self.backticks(&mut word, Quotes::None)?,
                _ => {
                    self.note_history(Quotes::None);
                    let rest = &self.bytes[from..];
                    let plain = |byte: &u8| !b" \t\n;&|<>()'\"\\$`!".contains(byte);
                    let length = rest.iter().take_while(|byte| plain(byte)).count().max(1);
                    self.at += length;
                    word.push(text(&rest[..length]), false);
                }
            }
        }
        if self.at == start {
            return Err(if self.peek().is_none() { UNFINISHED } else { SYNTAX });
        }
        Ok(word)
    }

    /// The body of a here-document: as between double quotes, unless its end was quoted.
    pub(super) fn document(&mut self, body: &[u8], quoted: bool) -> Result<Word, Fault> {
        if quoted {
            return Ok(Word::quoted(&text(body)));
        }
        self.apart(body, |inner| {
            let mut word = Word::quoted("");
            while let Some(byte) = inner.peek() {
                match byte {
                    b'"' => {
                        inner.at += 1;
                        word.push("\"".to_owned(), true);
                    }
                    _ => inner.quoted_piece(&mut word, Quotes::Document)?,
                }
            }
            Ok(word)
        })
    }

    /// An arithmetic expression up to `close`; what it expands is kept, the rest is text.
    pub(super) fn arithmetic(&mut self, close: &str) -> Result<Word, Fault> {
        let (opens, closes) = if close == "]" { (b'[', b']') } else { (b'(', b')') };
        let mut word = Word::quoted("");
        let mut open = 0_usize;
        loop {
            match self.peek() {
                None => return Err(UNFINISHED),
                Some(byte) if byte == closes && open == 0 => {
                    self.close(close)?;
                    return Ok(word);
                }
                Some(byte) if byte == opens || byte == closes => {
                    open = if byte == opens { open + 1 } else { open - 1 };
                    self.at += 1;
                    word.push(char::from(byte).to_string(), true);
                }
                Some(b'\'') => word.push(self.single()?, true),
                Some(b'"') => self.double(&mut word)?,
                // Blanks and separators of commands do not stand in an index of an array in practice.
                Some(b' ' | b'\n' | b';' | b'&' | b'|') if close == "]" => return Err(SYNTAX),
                Some(b';') if close == "))" => {
                    self.at += 1;
                    word.push(";".to_owned(), true);
                }
                Some(_) => self.quoted_piece(&mut word, Quotes::Document)?,
            }
        }
    }

    fn close(&mut self, text: &str) -> Result<(), Fault> {
        if self.take(text) { Ok(()) } else { Err(if self.peek().is_none() { UNFINISHED } else { SYNTAX }) }
    }

    /// `'...'`
    fn single(&mut self) -> Result<String, Fault> {
        let rest = &self.bytes[self.at + 1..];
        let length = memchr::memchr(b'\'', rest).ok_or(UNFINISHED)?;
        self.at += length + 2;
        Ok(text(&rest[..length]))
    }

    /// `"..."`
    fn double(&mut self, word: &mut Word) -> Result<(), Fault> {
        self.at += 1;
        word.push(String::new(), true);
        loop {
            match self.peek() {
                None => return Err(UNFINISHED),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(_) => self.quoted_piece(word, Quotes::Double)?,
            }
        }
    }

    /// `\x` outside of quotes.
    fn escape(&mut self, word: &mut Word) -> Result<(), Fault> {
        match self.bytes.get(self.at + 1) {
            // At the very end the backslash stands for itself in some shells and for nothing in others.
            None => Err(UNFINISHED),
            Some(b'\n') => {
                self.at += 2;
                Ok(())
            }
            Some(_) => {
                let length = 1 + char_length(self.bytes, self.at + 1);
                word.push(text(&self.bytes[self.at + 1..self.at + length]), true);
                self.at += length;
                Ok(())
            }
        }
    }

    /// One piece of what stands between double quotes, in a here-document or in an expression.
    fn quoted_piece(&mut self, word: &mut Word, quotes: Quotes) -> Result<(), Fault> {
        let rest = &self.bytes[self.at..];
        match rest[0] {
            b'$' => self.dollar(word, quotes),
            b'`' => self.backticks(word, quotes),
            b'\\' => {
                match rest.get(1) {
                    Some(b'\n') => self.at += 2,
                    Some(byte @ (b'$' | b'`' | b'\\')) => {
                        word.push(char::from(*byte).to_string(), true);
                        self.at += 2;
                    }
                    Some(b'"') if quotes == Quotes::Double => {
                        word.push("\"".to_owned(), true);
                        self.at += 2;
                    }
                    _ => {
                        word.push("\\".to_owned(), true);
                        self.at += 1;
                    }
                }
                Ok(())
            }
            _ => {
                self.note_history(quotes);
                let plain = |byte: &u8| !b"\"\\$`!()[]';& |\n".contains(byte);
                let length = rest.iter().take_while(|byte| plain(byte)).count().max(1);
                word.push(text(&rest[..length]), true);
                self.at += length;
                Ok(())
            }
        }
    }

    /// What begins with `$`.
    fn dollar(&mut self, word: &mut Word, quotes: Quotes) -> Result<(), Fault> {
        let quoted = quotes != Quotes::None;
        self.at += 1;
        let rest = &self.bytes[self.at..];
        match rest.first().copied() {
            Some(b'(') if rest.get(1) == Some(&b'(') => {
                self.at += 2;
                let inner = self.nested(|parser| parser.arithmetic("))"))?;
                word.parts.push(Part::Arithmetic { inner });
            }
            Some(b'(') => {
                self.at += 1;
                let body = self.enclosed(Self::list)?;
                self.close(")")?;
                word.parts.push(Part::Substitution { body, quoted });
            }
            Some(b'[') => {
                self.at += 1;
                let inner = self.nested(|parser| parser.arithmetic("]"))?;
                word.parts.push(Part::Arithmetic { inner });
            }
            Some(b'{') => {
                self.at += 1;
                let part = self.nested(|parser| parser.expansion(quotes))?;
                word.parts.push(part);
            }
            Some(b'\'') if !quoted => word.push(self.ansi()?, true),
            Some(b'"') if !quoted => self.double(word)?,
            Some(b'\\') if rest.get(1) == Some(&b'\n') => return Err(SYNTAX),
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                let name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
                let length = rest.iter().take_while(|byte| name(byte)).count();
                self.at += length;
                word.parts.push(Part::Variable { name: text(&rest[..length]), quoted });
            }
            Some(byte) if byte.is_ascii_digit() || SPECIAL.contains(&byte) => {
                self.at += 1;
                word.parts.push(Part::Variable { name: char::from(byte).to_string(), quoted });
            }
            _ => word.push("$".to_owned(), true),
        }
        Ok(())
    }

    /// `${...}` after its brace.
    fn expansion(&mut self, quotes: Quotes) -> Result<Part, Fault> {
        let quoted = quotes != Quotes::None;
        let mut form = Form::Value;
        let mut plain = true;
        let mut subscript = None;
        if self.looking_at("#") && !self.looking_at("#}") {
            self.at += 1;
            form = Form::Length;
            plain = false;
        } else if self.looking_at("!") && !self.looking_at("!}") {
            self.at += 1;
            form = Form::Indirect;
            plain = false;
        }
        let rest = &self.bytes[self.at..];
        let name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let length = match rest.first() {
            None => return Err(UNFINISHED),
            Some(byte) if SPECIAL.contains(byte) => 1,
            Some(_) => rest.iter().take_while(|byte| name(byte)).count(),
        };
        if length == 0 {
            return Err(SYNTAX);
        }
        self.at += length;
        let name = text(&rest[..length]);
        let mut inner = Word::default();
        // `${!name@}` and `${!name[@]}` are names and keys.
        let lists = ["@}", "*}", "[@]}", "[*]}"].iter().any(|end| self.looking_at(end));
        if form == Form::Indirect && lists {
            form = Form::Value;
        }
        if self.take("[") {
            plain = false;
            subscript = Some(self.nested(|parser| parser.arithmetic("]"))?);
        }
        if self.take("}") {
            if plain {
                return Ok(Part::Variable { name, quoted });
            }
            return Ok(Part::Expansion { name, subscript, form, inner, quoted });
        }
        if form == Form::Indirect {
            // Whatever follows, the value is a name first.
        } else if self.looking_at(":=") || self.looking_at("=") {
            form = Form::Assign;
        } else if self.looking_at("@P") || self.looking_at("@E") || self.looking_at("@A") {
            form = Form::Prompt;
        } else if self.looking_at(":")
            && !self.bytes.get(self.at + 1).is_some_and(|next| b"-?+".contains(next))
        {
            form = Form::Slice;
        } else {
            form = Form::Value;
        }
        self.expansion_rest(&mut inner, quotes)?;
        Ok(Part::Expansion { name, subscript, form, inner, quoted })
    }

    /// The operator and words of `${name...}`, up to its brace.
    fn expansion_rest(&mut self, inner: &mut Word, quotes: Quotes) -> Result<(), Fault> {
        loop {
            match self.peek() {
                None => return Err(UNFINISHED),
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                // Shells and forms disagree on what a quote means here.
                Some(b'\'') if quotes != Quotes::None => return Err(SYNTAX),
                Some(b'"') if quotes == Quotes::Document => return Err(SYNTAX),
                Some(b'\'') => inner.push(self.single()?, true),
                Some(b'"') => self.double(inner)?,
                Some(b'\\') => match self.bytes.get(self.at + 1) {
                    None => return Err(UNFINISHED),
                    Some(_) => self.escape(inner)?,
                },
                Some(b'$') => self.dollar(inner, quotes)?,
                Some(b'`') => self.backticks(inner, quotes)?,
                Some(b'<' | b'>') if self.bytes.get(self.at + 1) == Some(&b'(') => return Err(SYNTAX),
                Some(_) => {
                    let length = char_length(self.bytes, self.at);
                    inner.push(text(&self.bytes[self.at..self.at + length]), true);
                    self.at += length;
                }
            }
        }
    }

    /// `` `...` ``: its text is unescaped, then read as a text of its own.
    fn backticks(&mut self, word: &mut Word, quotes: Quotes) -> Result<(), Fault> {
        self.at += 1;
        let mut content = Vec::new();
        loop {
            let Some(byte) = self.peek() else { return Err(UNFINISHED) };
            self.at += 1;
            match byte {
                b'`' => break,
                b'\\' => match self.peek() {
                    Some(next @ (b'`' | b'\\' | b'$')) => {
                        content.push(next);
                        self.at += 1;
                    }
                    Some(b'"') if quotes == Quotes::Double => {
                        content.push(b'"');
                        self.at += 1;
                    }
                    _ => content.push(b'\\'),
                },
                byte => content.push(byte),
            }
        }
        let body = self.nested(|parser| parser.apart(&content, whole))?;
        word.parts.push(Part::Substitution { body, quoted: quotes != Quotes::None });
        Ok(())
    }

    /// Reads other bytes as a part of this text: same limits, same here-documents.
    fn apart<T>(
        &mut self,
        bytes: &[u8],
        read: impl FnOnce(&mut Parser<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut inner = Parser::new(bytes, self.depth);
        self.lend(&mut inner);
        let result = read(&mut inner);
        inner.lend(self);
        result
    }

    /// `$'...'` after its dollar.
    fn ansi(&mut self) -> Result<String, Fault> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                None => return Err(UNFINISHED),
                Some(b'\'') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
            }
        }
        let raw = self.bytes.get(start..self.at).ok_or(UNFINISHED)?;
        self.at += 1;
        self.encoded |= raw
            .windows(2)
            .any(|pair| pair[0] == b'\\' && matches!(pair[1], b'x' | b'u' | b'U' | b'0'..=b'7'));
        // A NUL ends the word in bash, and is an error elsewhere.
        super::escape::decode(raw, super::escape::Style::Ansi).ok_or(SYNTAX)
    }

    /// `!` that an interactive shell would take for a command of its history.
    fn note_history(&mut self, quotes: Quotes) {
        if self.peek() != Some(b'!') || quotes == Quotes::Document {
            return;
        }
        let before = self.at.checked_sub(1).and_then(|at| self.bytes.get(at));
        let after = self.bytes.get(self.at + 1);
        let inert =
            matches!(after, None | Some(b' ' | b'\t' | b'\n' | b'=' | b'(' | b'"' | b'\'' | b')' | b';'));
        if !inert && !matches!(before, Some(b'[' | b'{' | b'$')) {
            self.history = true;
        }
    }
}

/// What quotes a piece of a word stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Double,
    /// As double quotes, but `"` is an ordinary character.
    Document,
}

impl Word {
    /// Appends text, to the last part where that is text of the same kind.
    pub(super) fn push(&mut self, more: String, is_quoted: bool) {
        match self.parts.last_mut() {
            Some(Part::Text { text, quoted }) if *quoted == is_quoted => text.push_str(&more),
            _ => self.parts.push(Part::Text { text: more, quoted: is_quoted }),
        }
    }
}

/// A part of a text that is a text by itself.
fn whole(parser: &mut Parser<'_>) -> Result<List, Fault> {
    parser.whole()
}

/// Pieces are cut at ASCII characters, so they stay UTF-8.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Length in bytes of the character at `at`.
fn char_length(bytes: &[u8], at: usize) -> usize {
    let more = bytes[at + 1..].iter().take(3).take_while(|byte| (0x80..0xc0).contains(*byte)).count();
    1 + if bytes[at] < 0x80 { 0 } else { more }
}
