//! Messages as lines: written whole, read with bounded length.
//!
//! Spec: MCP, "Transports: stdio": messages are delimited by newlines and hold none.

use std::io;

use bytes::Bytes;
use memchr::memchr;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// Bytes kept of each end of a line that is too long.
const CUT_BYTES: usize = 512;

/// One line, without its newline.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// All of it.
    Whole(Bytes),
    /// It was longer than allowed: how long, and its first and last bytes.
    Cut { bytes: usize, first: Vec<u8>, last: Vec<u8> },
}

/// `message` as one line, with the newline that ends it.
///
/// A line break between tokens would cut a message in two, and what stands on a line of its own would be read as a
/// message that nobody judged. In JSON it is only ever white space (RFC 8259, section 2), so a blank says the same.
pub(super) fn encode(message: &[u8]) -> Vec<u8> {
    let mut line = Vec::with_capacity(message.len() + 1);
    line.extend(message.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
    line.push(b'\n');
    line
}

/// Reads lines from `R`. Holds at most one line.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: R,
    bytes_max: usize,
    line: Vec<u8>,
    /// Length of the line so far when it is already too long, and its last bytes.
    excess: Option<(usize, Vec<u8>)>,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R, bytes_max: usize) -> Self {
        Self { reader, bytes_max, line: Vec::new(), excess: None }
    }

    /// The next line; `None` at the end. What follows the last newline is not a message and is dropped.
    pub(super) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let chunk = self.reader.fill_buf().await?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let newline = memchr(b'\n', chunk);
            let part = &chunk[..newline.unwrap_or(chunk.len())];
            match &mut self.excess {
                Some((length, last)) => {
                    *length += part.len();
                    keep_last(last, part);
                }
                None if self.line.len() + part.len() > self.bytes_max => {
                    let mut last = Vec::with_capacity(2 * CUT_BYTES);
                    keep_last(&mut last, &self.line);
                    keep_last(&mut last, part);
                    self.excess = Some((self.line.len() + part.len(), last));
                    // Less than `CUT_BYTES` is there only if a single chunk was too long already.
                    self.line.extend_from_slice(&part[..part.len().min(CUT_BYTES)]);
                    self.line.truncate(CUT_BYTES);
                    self.line.shrink_to_fit();
                }
                None => self.line.extend_from_slice(part),
            }
            let consumed = part.len() + usize::from(newline.is_some());
            self.reader.consume(consumed);
            if newline.is_some() {
                return Ok(Some(self.take()));
            }
        }
    }

    fn take(&mut self) -> Line {
        if let Some((bytes, last)) = self.excess.take() {
            return Line::Cut { bytes, first: std::mem::take(&mut self.line), last };
        }
        let text = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        // Copied, so that a short message that waits in a stream does not keep a long buffer alive.
        let whole = Line::Whole(Bytes::copy_from_slice(text));
        self.line.clear();
        whole
    }
}

fn keep_last(last: &mut Vec<u8>, part: &[u8]) {
    last.extend_from_slice(&part[part.len().saturating_sub(CUT_BYTES)..]);
    last.drain(..last.len().saturating_sub(CUT_BYTES));
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::BufReader;

    async fn read(text: &[u8], buffer: usize, bytes_max: usize) -> Vec<Line> {
        let mut lines = Lines::new(BufReader::with_capacity(buffer, text), bytes_max);
        let mut read = Vec::new();
        while let Some(line) = lines.next().await.expect("a slice can be read") {
            read.push(line);
        }
        read
    }

    #[test]
    fn message_becomes_exactly_one_line_that_means_the_same() {
        let hidden = r#"{"jsonrpc":"2.0","id":66,"method":"tools/call"}"#;
        for line_break in ["\n", "\r", "\r\n", "\n\n", "\r\r\n"] {
            let message =
                format!(r#"{{"id":1,{line_break}"a\n\r":{line_break}{hidden}{line_break}}}{line_break}"#);
            let line = encode(message.as_bytes());
            let (end, inner) = line.split_last().expect("not empty");
            assert_eq!((*end, line.len()), (b'\n', message.len() + 1));
            assert!(!inner.iter().any(|byte| matches!(byte, b'\n' | b'\r')), "{line_break:?}");
            let parse = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).expect("JSON");
            assert_eq!(parse(&line), parse(message.as_bytes()));
        }
        assert_eq!(encode(b"{}"), b"{}\n");
    }

    #[tokio::test]
    async fn lines_do_not_depend_on_how_they_arrive() {
        let text = b"one\n\ntwo\r\nthree and more\nunfinished";
        let whole = |text: &'static [u8]| Line::Whole(Bytes::from_static(text));
        for buffer in 1..40 {
            let read = read(text, buffer, 100).await;
            assert_eq!(
                read,
                [whole(b"one"), whole(b""), whole(b"two"), whole(b"three and more")],
                "{buffer}"
            );
        }
    }

    #[tokio::test]
    async fn ten_megabyte_line_is_cut_and_the_next_line_is_whole() {
        let mut text = br#"{"jsonrpc":"2.0","id":7,"result":""#.to_vec();
        text.resize(10 * 1024 * 1024, b'x');
        text.extend_from_slice(b"\"}\nnext\n");
        for buffer in [64 * 1024, 11 * 1024 * 1024] {
            let mut read = read(&text, buffer, 4 * 1024 * 1024).await.into_iter();
            let Some(Line::Cut { bytes, first, last }) = read.next() else { panic!("a cut line") };
            assert_eq!(bytes, 10 * 1024 * 1024 + 2);
            assert!(first.starts_with(br#"{"jsonrpc":"2.0","id":7,"#) && first.len() == CUT_BYTES);
            assert!(last.ends_with(b"xx\"}") && last.len() == CUT_BYTES);
            assert_eq!(read.next(), Some(Line::Whole(Bytes::from_static(b"next"))));
        }
    }
}
