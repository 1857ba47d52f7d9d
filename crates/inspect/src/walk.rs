//! A walk over JSON text (RFC 8259): one pass, no recursion, no allocation per value, spans instead of copies.
//!
//! It is the only JSON grammar that reads what passes through the gateway: the envelope, the masking and the list
//! filter stand on it, so no two of them can disagree about where a value begins. It accepts exactly the texts that
//! `serde_json` accepts when it skips a value (property tests hold the two together): strict RFC 8259, with escapes of
//! lone surrogates allowed, because peers written in JavaScript send them and they must pass through untouched.

mod scan;

use std::fmt;

use crate::text;

/// A half-open range of bytes in the walked text. Both ends are character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to, not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end, "a span does not run backwards");
        Self { start, end }
    }

    /// The part of `text` it covers. Panics when `text` is not the text it was made from.
    pub fn of(self, text: &str) -> &str {
        &text[self.start..self.end]
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether it covers nothing.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The same bytes, counted from `base` bytes further left.
    #[must_use]
    pub fn shift(self, base: usize) -> Self {
        Self { start: self.start + base, end: self.end + base }
    }

    /// What stands between the quotes of a string.
    #[must_use]
    pub fn unquoted(self) -> Self {
        debug_assert!(self.len() >= 2, "a string has two quotes");
        Self { start: self.start + 1, end: self.end - 1 }
    }
}

/// The six kinds of JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `{}`
    Object,
    /// `[]`
    Array,
    /// `""`
    String,
    /// `0`
    Number,
    /// `true` or `false`
    Boolean,
    /// `null`
    Null,
}

/// A member's key: what stands between its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Without the quotes.
    pub span: Span,
    /// It contains at least one escape, so its bytes are not its name.
    pub escaped: bool,
}

/// A string, number, boolean or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scalar {
    /// Which of the four.
    pub kind: Kind,
    /// The whole value; a string's quotes included.
    pub span: Span,
    /// A string that contains at least one escape.
    pub escaped: bool,
}

/// What the walk came upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An object or array begins at this byte.
    Open(Kind, usize),
    /// An object or array ended; its whole span.
    Close(Kind, Span),
    /// A value without parts.
    Scalar(Scalar),
}

/// One step of the way from the root to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment {
    /// Into an object's member.
    Key(Key),
    /// Into an array's element, counted from 0.
    Index(usize),
}

/// Why a text is not walked to its end. Positions are byte offsets; no part of the text is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A byte that JSON does not allow there.
    Syntax(usize),
    /// The text ends inside a value.
    Unfinished,
    /// Something other than white space after the value.
    Trailing(usize),
    /// An object or array inside as many others as allowed.
    TooDeep(usize),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(at) => write!(f, "not JSON at byte {at}"),
            Self::Unfinished => f.write_str("the JSON text ends too early"),
            Self::Trailing(at) => write!(f, "something follows the JSON value at byte {at}"),
            Self::TooDeep(at) => write!(f, "nested too deeply at byte {at}"),
        }
    }
}

impl std::error::Error for Fault {}

/// The walk itself: call [`Walk::step`] until it gives `None`. After a fault it is of no further use.
#[derive(Debug)]
pub struct Walk<'a> {
    text: &'a str,
    at: usize,
    depth_max: usize,
    state: State,
    open: Vec<Frame>,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    kind: Kind,
    start: usize,
    /// Members or elements begun so far.
    count: usize,
    /// Of the member begun last; meaningless in an array.
    key: Key,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the root.
    Root,
    /// Just inside a container.
    First,
    /// After a value in a container.
    Next,
    /// After the root.
    Done,
}

/// Containers for which room is made at the start; most messages nest less deeply.
const FRAMES_EXPECTED: usize = 12;

impl<'a> Walk<'a> {
    /// A walk over `text` in which at most `depth_max` containers are open at once.
    pub fn new(text: &'a str, depth_max: usize) -> Self {
        let open = Vec::with_capacity(FRAMES_EXPECTED.min(depth_max));
        Self { text, at: 0, depth_max, state: State::Root, open }
    }

    /// The next value, or end of one; `None` after the root and any white space that follows it.
    ///
    /// # Errors
    /// The first [`Fault`] of the text.
    pub fn step(&mut self) -> Result<Option<Step>, Fault> {
        let byte = self.peek();
        match self.state {
            State::Root => match byte {
                None => Err(Fault::Unfinished),
                Some(byte) => self.value(byte).map(Some),
            },
            State::Done => match byte {
                None => Ok(None),
                Some(_) => Err(Fault::Trailing(self.at)),
            },
            State::First | State::Next => match byte {
                None => Err(Fault::Unfinished),
                Some(byte) => self.within(byte).map(Some),
            },
        }
    }

    /// The next value that has no parts: containers are entered and left silently.
    ///
    /// # Errors
    /// As [`Walk::step`].
    pub fn scalar(&mut self) -> Result<Option<Scalar>, Fault> {
        loop {
            match self.step()? {
                Some(Step::Scalar(scalar)) => return Ok(Some(scalar)),
                Some(Step::Open(..) | Step::Close(..)) => {}
                None => return Ok(None),
            }
        }
    }

    /// How many containers surround the value of the last step.
    pub fn depth(&self) -> usize {
        self.around().len()
    }

    /// The key of the value of the last step; `None` for an element of an array and for the root.
    pub fn key(&self) -> Option<Key> {
        match self.around().last() {
            Some(frame) if frame.kind == Kind::Object => Some(frame.key),
            _ => None,
        }
    }

    /// The way from the root to the value of the last step, outermost first.
    pub fn path(&self) -> impl DoubleEndedIterator<Item = Segment> + '_ {
        self.around().iter().map(|frame| match frame.kind {
            Kind::Object => Segment::Key(frame.key),
            _ => Segment::Index(frame.count - 1),
        })
    }

    /// The same as a JSON Pointer (RFC 6901). Lone surrogates in keys appear as U+FFFD.
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        self.append_around(&mut pointer);
        self.append_step(&mut pointer);
        pointer
    }

    /// Appends the pointer to the container around the value of the last step to `pointer`.
    pub(crate) fn append_around(&self, pointer: &mut String) {
        let steps = self.depth().saturating_sub(1);
        self.path().take(steps).for_each(|segment| self.append(segment, pointer));
    }

    /// Appends the step from there to the value to `pointer`.
    pub(crate) fn append_step(&self, pointer: &mut String) {
        if let Some(segment) = self.path().next_back() {
            self.append(segment, pointer);
        }
    }

    /// Where the container around the value of the last step begins; none around the root.
    pub(crate) fn around_start(&self) -> Option<usize> {
        self.around().last().map(|frame| frame.start)
    }

    fn append(&self, segment: Segment, pointer: &mut String) {
        match segment {
            Segment::Index(index) => {
                pointer.push('/');
                append_number(index, pointer);
            }
            Segment::Key(key) => append_name(key.span.of(self.text), pointer),
        }
    }

    /// The whole text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The containers around the value of the last step: a container just opened does not surround itself.
    fn around(&self) -> &[Frame] {
        let inside = usize::from(self.state == State::First);
        &self.open[..self.open.len() - inside]
    }

    /// Skips white space and looks at the byte after it.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                byte => return byte.copied(),
            }
        }
    }

    fn expect(&mut self) -> Result<u8, Fault> {
        self.peek().ok_or(Fault::Unfinished)
    }

    /// A step inside a container, of which `byte` comes next.
    fn within(&mut self, mut byte: u8) -> Result<Step, Fault> {
        let Some(frame) = self.open.last_mut() else {
            return Err(Fault::Syntax(self.at));
        };
        let close = if frame.kind == Kind::Object { b'}' } else { b']' };
        if byte == close {
            self.at += 1;
            let (kind, span) = (frame.kind, Span::new(frame.start, self.at));
            self.open.pop();
            self.state = if self.open.is_empty() { State::Done } else { State::Next };
            return Ok(Step::Close(kind, span));
        }
        frame.count += 1;
        let kind = frame.kind;
        if self.state == State::Next {
            if byte != b',' {
                return Err(Fault::Syntax(self.at));
            }
            self.at += 1;
            byte = self.expect()?;
        }
        if kind == Kind::Object {
            byte = self.member(byte)?;
        }
        self.value(byte)
    }

    /// A member's key and colon; gives the first byte of its value.
    fn member(&mut self, byte: u8) -> Result<u8, Fault> {
        if byte != b'"' {
            return Err(Fault::Syntax(self.at));
        }
        let start = self.at + 1;
        let (end, escaped) = scan::string(self.text.as_bytes(), start)?;
        self.at = end;
        if let Some(frame) = self.open.last_mut() {
            frame.key = Key { span: Span::new(start, end - 1), escaped };
        }
        if self.expect()? != b':' {
            return Err(Fault::Syntax(self.at));
        }
        self.at += 1;
        self.expect()
    }

    /// A value that begins with `byte`, which is at `self.at`.
    fn value(&mut self, byte: u8) -> Result<Step, Fault> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let (kind, end, escaped) = match byte {
            b'"' => {
                let (end, escaped) = scan::string(bytes, start + 1)?;
                (Kind::String, end, escaped)
            }
            b'{' => return self.enter(Kind::Object),
            b'[' => return self.enter(Kind::Array),
            b'-' | b'0'..=b'9' => (Kind::Number, scan::number(bytes, start)?, false),
            b't' => (Kind::Boolean, scan::word(bytes, start, b"true")?, false),
            b'f' => (Kind::Boolean, scan::word(bytes, start, b"false")?, false),
            b'n' => (Kind::Null, scan::word(bytes, start, b"null")?, false),
            _ => return Err(Fault::Syntax(start)),
        };
        self.at = end;
        self.state = if self.open.is_empty() { State::Done } else { State::Next };
        Ok(Step::Scalar(Scalar { kind, span: Span::new(start, end), escaped }))
    }

    fn enter(&mut self, kind: Kind) -> Result<Step, Fault> {
        let start = self.at;
        if self.open.len() >= self.depth_max {
            return Err(Fault::TooDeep(start));
        }
        let key = Key { span: Span::new(start, start), escaped: false };
        self.open.push(Frame { kind, start, count: 0, key });
        self.at += 1;
        self.state = State::First;
        Ok(Step::Open(kind, start))
    }
}

/// Appends a step into the member of that name, as it is written in JSON, to `pointer`.
pub(crate) fn append_name(raw: &str, pointer: &mut String) {
    pointer.push('/');
    if memchr::memchr3(b'~', b'/', b'\\', raw.as_bytes()).is_none() {
        pointer.push_str(raw);
        return;
    }
    for c in text::unescape_lossy(raw).chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// Appends `number` in decimal digits.
fn append_number(mut number: usize, to: &mut String) {
    const DIGITS: [u8; 10] = *b"0123456789";
    let mut written = [0; DIGITS_MAX];
    let mut start = DIGITS_MAX;
    loop {
        start -= 1;
        written[start] = DIGITS[number % 10];
        number /= 10;
        if number == 0 {
            break;
        }
    }
    to.extend(written[start..].iter().map(|digit| char::from(*digit)));
}

/// Decimal digits of the greatest number.
const DIGITS_MAX: usize = 20;

#[cfg(test)]
mod tests;
