//! Here-documents (POSIX.1-2024 XCU 2.7.4): announced in one line, read after its end.

use super::{Fault, Parser, Pending, SYNTAX, UNFINISHED};
use crate::statement::shell::tree::{Part, Word};

impl Parser<'_> {
    pub(in crate::statement::shell) fn announce(&mut self, strip_tabs: bool) -> Result<usize, Fault> {
        let start = self.at;
        let word = self.word()?;
        let raw = &self.bytes[start..self.at];
        let quoted = raw.iter().any(|byte| matches!(byte, b'\'' | b'"' | b'\\'));
        if raw.iter().any(|byte| matches!(byte, b'$' | b'`' | b'\n')) {
            return Err(Fault("the end of a here-document is not a plain word"));
        }
        let mut delimiter = Vec::new();
        for part in &word.parts {
            let Part::Text { text, .. } = part else { return Err(SYNTAX) };
            delimiter.extend_from_slice(text.as_bytes());
        }
        if delimiter.is_empty() || delimiter.contains(&b'\n') {
            return Err(SYNTAX);
        }
        let index = self.documents.len();
        self.documents.push(Word::default());
        self.pending.push(Pending { index, delimiter, quoted, strip_tabs });
        Ok(index)
    }

    /// The bodies of the here-documents announced on the line that just ended.
    pub(in crate::statement::shell) fn read_documents(&mut self) -> Result<(), Fault> {
        for pending in std::mem::take(&mut self.pending) {
            let mut body = Vec::new();
            loop {
                let line = self.document_line(&pending)?;
                if line == pending.delimiter {
                    break;
                }
                body.extend_from_slice(&line);
                body.push(b'\n');
            }
            self.documents[pending.index] = self.document(&body, pending.quoted)?;
        }
        Ok(())
    }

    /// One line of a here-document, joined as the shell joins lines before it looks for the end.
    fn document_line(&mut self, pending: &Pending) -> Result<Vec<u8>, Fault> {
        let mut line = Vec::new();
        loop {
            let rest = &self.bytes[self.at..];
            if rest.is_empty() {
                return Err(UNFINISHED);
            }
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            line.extend_from_slice(&rest[..length]);
            self.at += (length + 1).min(rest.len());
            let backslashes = line.iter().rev().take_while(|byte| **byte == b'\\').count();
            if pending.quoted || backslashes % 2 == 0 {
                break;
            }
            line.pop();
        }
        let tabs = line.iter().take_while(|byte| **byte == b'\t').count();
        Ok(if pending.strip_tabs { line.split_off(tabs) } else { line })
    }
}
