//! One block of a stream: its fields, and the block written anew.

use bytes::{BufMut, Bytes, BytesMut};

/// Digits of the longest pause before a caller comes back: a hundred days.
const RETRY_DIGITS_MAX: usize = 10;

/// A block of lines that ended with an empty line. Fields are those of this block alone.
#[derive(Clone)]
pub struct Event {
    raw: Bytes,
    start: usize,
    /// The `data` lines joined with LF; `None` without any. Empty data is no message (WHATWG drops the event), but a
    /// priming event carries its `id` that way.
    pub data: Option<Bytes>,
    /// The last `id` without a NUL in it.
    pub id: Option<Bytes>,
    /// The last `event`.
    pub event: Option<Bytes>,
    /// The last `retry` of digits only, in milliseconds.
    pub retry: Option<u64>,
    /// No line of it is a field of the spec: comments (keep-alives), unknown fields, or nothing at all.
    pub comments_only: bool,
}

/// What a line means.
enum Line<'a> {
    Comment,
    Data(&'a [u8]),
    Id(&'a [u8]),
    Event(&'a [u8]),
    Retry(&'a [u8]),
    Unknown,
    Blank,
}

impl Event {
    /// Reads a complete block; its lines begin at `start`, after what belongs to none of them.
    pub(super) fn read(raw: &Bytes, start: usize) -> Self {
        let mut event = Self {
            raw: raw.clone(),
            start,
            data: None,
            id: None,
            event: None,
            retry: None,
            comments_only: true,
        };
        let mut data: Vec<&[u8]> = Vec::new();
        for content in lines(&raw[start..]) {
            match line(content) {
                Line::Data(value) => data.push(value),
                Line::Id(value) if !value.contains(&0) => event.id = Some(raw.slice_ref(value)),
                Line::Event(value) => event.event = Some(raw.slice_ref(value)),
                Line::Retry(value) => event.retry = milliseconds(value).or(event.retry),
                Line::Id(_) => {}
                Line::Comment | Line::Unknown | Line::Blank => continue,
            }
            event.comments_only = false;
        }
        event.data = match data.as_slice() {
            [] => None,
            [one] => Some(raw.slice_ref(one)),
            many => Some(many.join(&b'\n').into()),
        };
        event
    }

    /// The block that carries one message and nothing else.
    pub fn of_message(message: &[u8]) -> Self {
        let mut raw = BytesMut::with_capacity(message.len() + 8);
        put_data(&mut raw, Some(message), b"\n");
        raw.put_u8(b'\n');
        Self::read(&raw.freeze(), 0)
    }

    /// The block exactly as it came, empty line included.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Whether its data is a message of MCP: of another type no caller reads it.
    pub fn is_message(&self) -> bool {
        self.event.as_deref().is_none_or(is_message)
    }

    /// The same without its id: a stream cannot be resumed behind it.
    #[must_use]
    pub fn without_id(self) -> Self {
        Self { id: None, ..self }
    }

    /// The block as it may go on when its data may: lines that no parser reads (unknown fields, types but `message`, ids
    /// but the one that counts, a `retry` that is no number) are left out and comments lose their text, because data
    /// could pass there that nobody masks or records. A block that has no such lines is passed as it came, not copied.
    pub fn forward(&self) -> Bytes {
        let clean = lines(&self.raw[self.start..]).all(|content| match line(content) {
            Line::Comment => content == b":",
            Line::Data(_) | Line::Blank => true,
            other => self.keeps(&other),
        });
        if clean { self.raw.clone() } else { self.write(None) }
    }

    /// Whether a line beside the data goes on.
    fn keeps(&self, line: &Line<'_>) -> bool {
        match line {
            Line::Id(value) => self.id.as_deref() == Some(value),
            Line::Event(value) => is_message(value),
            Line::Retry(value) => milliseconds(value).is_some(),
            Line::Comment | Line::Data(_) | Line::Unknown | Line::Blank => false,
        }
    }

    /// The same with `data` in the place of its data lines; where it had none, before the empty line.
    ///
    /// Line ends in `data` become line ends of the stream, which the reader joins with LF.
    pub fn encode(&self, data: &[u8]) -> Bytes {
        self.write(Some(data))
    }

    /// Every line gets the line end of the empty one: with mixed ends, a line left out could let the CR before it and
    /// the LF after it become one.
    fn write(&self, mut replacement: Option<&[u8]>) -> Bytes {
        let replaces = replacement.is_some();
        let end = match self.raw.as_ref() {
            [.., b'\r', b'\n'] => &b"\r\n"[..],
            [.., b'\r'] => b"\r",
            _ => b"\n",
        };
        let mut out = BytesMut::with_capacity(self.raw.len() + replacement.map_or(0, <[u8]>::len) + 16);
        out.put_slice(&self.raw[..self.start]);
        for content in lines(&self.raw[self.start..]) {
            match line(content) {
                Line::Comment => {
                    out.put_u8(b':');
                    out.put_slice(end);
                }
                Line::Data(_) if replaces => put_data(&mut out, replacement.take(), end),
                Line::Blank => {
                    // A block is cut at its first empty line, so this is the last.
                    put_data(&mut out, replacement.take(), end);
                    out.put_slice(end);
                }
                Line::Data(_) => {
                    out.put_slice(content);
                    out.put_slice(end);
                }
                other if self.keeps(&other) => {
                    out.put_slice(content);
                    out.put_slice(end);
                }
                _ => {}
            }
        }
        out.freeze()
    }
}

impl std::fmt::Debug for Event {
    /// Lengths only: an event must not leak through a log line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Event")
            .field("raw", &self.raw.len())
            .field("data", &self.data.as_ref().map(Bytes::len))
            .field("comments_only", &self.comments_only)
            .finish_non_exhaustive()
    }
}

fn put_data(out: &mut BytesMut, data: Option<&[u8]>, end: &[u8]) {
    let Some(data) = data else { return };
    let mut rest = data;
    loop {
        let (content, after) = split_line(rest);
        out.put_slice(b"data: ");
        out.put_slice(content);
        out.put_slice(end);
        match after {
            Some(after) => rest = after,
            None => return,
        }
    }
}

/// The type of events that have messages; without one it is the same (WHATWG HTML, section 9.2.6).
fn is_message(event: &[u8]) -> bool {
    matches!(event, b"" | b"message")
}

/// The lines of a block, without their line ends.
fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = block;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (content, after) = split_line(rest);
        rest = after.unwrap_or_default();
        Some(content)
    })
}

/// The first line, and what follows its line end; `None` when it has none.
fn split_line(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    let Some(at) = memchr::memchr2(b'\n', b'\r', bytes) else {
        return (bytes, None);
    };
    let length = if bytes[at..].starts_with(b"\r\n") { 2 } else { 1 };
    (&bytes[..at], Some(&bytes[at + length..]))
}

fn line(content: &[u8]) -> Line<'_> {
    let (name, value) = match memchr::memchr(b':', content) {
        None if content.is_empty() => return Line::Blank,
        None => (content, &[][..]),
        Some(0) => return Line::Comment,
        Some(colon) => (&content[..colon], &content[colon + 1..]),
    };
    let value = value.strip_prefix(b" ").unwrap_or(value);
    match name {
        b"data" => Line::Data(value),
        b"id" => Line::Id(value),
        b"event" => Line::Event(value),
        b"retry" => Line::Retry(value),
        _ => Line::Unknown,
    }
}

fn milliseconds(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > RETRY_DIGITS_MAX || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}
