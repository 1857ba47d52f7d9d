//! Server-sent events, one block at a time, never the whole stream.
//!
//! Spec: WHATWG HTML, "Server-sent events", section 9.2.6. Any split of a stream into chunks gives the same events. A
//! block that arrives in one piece is not copied. The block goes on as it came, so that `id`, `retry`, empty priming
//! events and several `data` lines survive; what no parser of MCP reads does not ([`Event::forward`]).

mod block;

use std::fmt;

use bytes::{Bytes, BytesMut};

pub use block::Event;

use crate::limits;

/// Why a stream cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An event of more bytes than this.
    TooLarge(usize),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(most) => write!(f, "an event of the stream has more than {most} bytes"),
        }
    }
}

impl std::error::Error for Fault {}

/// Whether that can be the id of an event, or says that there is none: visible ASCII that a header can bring back.
pub fn is_id(id: &[u8]) -> bool {
    id.len() <= limits::EVENT_ID_BYTES_MAX && id.iter().all(u8::is_ascii_graphic)
}

/// What is left when a stream ends.
#[derive(Debug)]
pub struct End {
    /// An event that was complete but for bytes that might have followed.
    pub event: Option<Event>,
    /// Bytes of an unfinished block: not an event, and not to be delivered. A JSON body that was mislabelled as a
    /// stream ends up here.
    pub rest: Bytes,
}

/// Cuts a byte stream into blocks. [`Framer::feed`] it a chunk, then call [`Framer::cut`] until it gives `None`.
///
/// A block ends with an empty line. A lone CR ends a line too, but an LF may be about to follow it: the framer waits
/// for the next byte where the line before ended in CR LF or LF, and does not where it ended in CR, since such a stream
/// would otherwise always be one event late. Then an LF that follows after all belongs to the next block.
#[derive(Debug)]
pub struct Framer {
    event_bytes_max: usize,
    /// The start of a block whose end has not come yet.
    partial: BytesMut,
    /// Bytes fed and not yet looked at.
    chunk: Bytes,
    lines: Lines,
    /// What may stand before the first line of the next block.
    prefix: Prefix,
    fault: Option<Fault>,
}

/// Bytes at the start of a block that belong to no line of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prefix {
    /// The stream begins: a byte-order mark.
    Mark,
    /// The block before ended in CR: its LF.
    LineFeed,
    Nothing,
}

/// Where the framer is among the lines.
#[derive(Debug, Clone, Copy)]
struct Lines {
    /// The present line has no byte yet (a byte-order mark at the start of the stream aside).
    empty: bool,
    pending: Pending,
    /// The line before ended in a CR alone.
    bare_cr: bool,
    /// Bytes of a byte-order mark seen at the start of the stream; beyond 3, none can come.
    mark: u8,
}

/// What the byte after a CR decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    /// The last byte was no CR.
    Nothing,
    /// Whether an LF belongs to the line end.
    LineEnd,
    /// The same, and with it the block is complete.
    BlockEnd,
}

const MARK: &[u8; 3] = b"\xef\xbb\xbf";

impl Framer {
    /// A framer that refuses events of more than `event_bytes_max` bytes.
    pub fn new(event_bytes_max: usize) -> Self {
        Self {
            event_bytes_max,
            partial: BytesMut::new(),
            chunk: Bytes::new(),
            lines: Lines { empty: true, pending: Pending::Nothing, bare_cr: false, mark: 0 },
            prefix: Prefix::Mark,
            fault: None,
        }
    }

    /// Adds the next bytes of the stream.
    pub fn feed(&mut self, chunk: Bytes) {
        if self.chunk.is_empty() {
            self.chunk = chunk;
        } else {
            let mut joined = BytesMut::with_capacity(self.chunk.len() + chunk.len());
            joined.extend_from_slice(&self.chunk);
            joined.extend_from_slice(&chunk);
            self.chunk = joined.freeze();
        }
    }

    /// The next event, or `None` when more bytes are needed.
    ///
    /// # Errors
    /// [`Fault`], and then the same again: the stream must be ended.
    pub fn cut(&mut self) -> Result<Option<Event>, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let (length, ended) = self.lines.scan(&self.chunk);
        if self.partial.len() + length > self.event_bytes_max {
            let fault = Fault::TooLarge(self.event_bytes_max);
            self.fault = Some(fault);
            self.partial = BytesMut::new();
            self.chunk = Bytes::new();
            return Err(fault);
        }
        let seen = self.chunk.split_to(length);
        if !ended {
            self.partial.extend_from_slice(&seen);
            return Ok(None);
        }
        Ok(Some(self.event(seen)))
    }

    /// The stream has ended.
    pub fn finish(mut self) -> End {
        if self.fault.is_none() && self.lines.pending == Pending::BlockEnd {
            return End { event: Some(self.event(Bytes::new())), rest: Bytes::new() };
        }
        self.partial.extend_from_slice(&self.chunk);
        End { event: None, rest: self.partial.freeze() }
    }

    fn event(&mut self, seen: Bytes) -> Event {
        let raw = if self.partial.is_empty() {
            seen
        } else {
            self.partial.extend_from_slice(&seen);
            self.partial.split().freeze()
        };
        let start = match self.prefix {
            Prefix::Mark if raw.starts_with(MARK) => MARK.len(),
            Prefix::LineFeed if raw.starts_with(b"\n") => 1,
            _ => 0,
        };
        self.prefix = if raw.ends_with(b"\r") { Prefix::LineFeed } else { Prefix::Nothing };
        Event::read(&raw, start)
    }
}

impl Lines {
    /// Looks at `bytes` up to the end of the block, if it is there: how many bytes belong to it, and whether it ended.
    fn scan(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut at = 0;
        while let Some(byte) = bytes.get(at).copied() {
            let pending = std::mem::replace(&mut self.pending, Pending::Nothing);
            if pending != Pending::Nothing {
                // The LF of a CR LF; or the line after a lone CR.
                self.bare_cr = byte != b'\n';
                if !self.bare_cr {
                    at += 1;
                }
                if pending == Pending::BlockEnd {
                    return (at, true);
                }
                continue;
            }
            at += 1;
            match byte {
                b'\n' | b'\r' if self.end_line(byte) => return (at, true),
                b'\n' | b'\r' => {}
                byte if self.is_mark(byte) => {}
                _ => {
                    self.empty = false;
                    self.mark = 4;
                    at += memchr::memchr2(b'\n', b'\r', &bytes[at..]).unwrap_or(bytes.len() - at);
                }
            }
        }
        (at, false)
    }

    /// A line ends with `byte`. Gives whether the block ends with it, for certain.
    fn end_line(&mut self, byte: u8) -> bool {
        let ends = self.empty;
        self.empty = true;
        self.mark = 4;
        if byte == b'\n' {
            self.bare_cr = false;
            return ends;
        }
        self.pending = if ends && !self.bare_cr { Pending::BlockEnd } else { Pending::LineEnd };
        ends && self.bare_cr
    }

    fn is_mark(&mut self, byte: u8) -> bool {
        if MARK.get(usize::from(self.mark)) != Some(&byte) {
            return false;
        }
        self.mark += 1;
        // Until it is complete it is the start of a line like any other.
        self.empty = usize::from(self.mark) == MARK.len();
        true
    }
}

#[cfg(test)]
mod tests;
