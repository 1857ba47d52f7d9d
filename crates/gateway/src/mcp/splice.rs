//! Changes to a message as byte edits: what is not edited stays as it came, to the byte.

mod list;

use std::fmt;

use bytes::{Bytes, BytesMut};
use inspect::value::Value;
use inspect::walk::Span;

use crate::limits;

pub use list::{Filtered, ListFault, filter_list};

/// How an answer says that it is for whoever asked alone.
const PRIVATE: &str = "\"private\"";

/// Edits of one text: spans and what takes their place. Spans must not overlap; an empty span inserts.
#[derive(Debug, Default)]
pub struct Splice {
    edits: Vec<(Span, Bytes)>,
}

/// Two edits of the same bytes, or one beyond the end: a fault of the gateway, never of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap;

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("two edits of a message touch the same bytes")
    }
}

impl std::error::Error for Overlap {}

impl Splice {
    /// Puts `replacement` in the place of `span`.
    pub fn replace(&mut self, span: Span, replacement: impl Into<Bytes>) {
        self.edits.push((span, replacement.into()));
    }

    /// Puts `text` before byte `at`; of several at the same place, the first comes first.
    pub fn insert(&mut self, at: usize, text: impl Into<Bytes>) {
        self.replace(Span::new(at, at), text);
    }

    /// Takes `span` out.
    pub fn remove(&mut self, span: Span) {
        self.replace(span, Bytes::new());
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The text with all edits made, in one allocation; without edits the same bytes, not copied.
    ///
    /// # Errors
    /// [`Overlap`], and then nothing was changed.
    pub fn apply(mut self, original: &Bytes) -> Result<Bytes, Overlap> {
        if self.edits.is_empty() {
            return Ok(original.clone());
        }
        // Stable, so that insertions at one place keep their order, and stay before a replacement that starts there.
        self.edits.sort_by_key(|(span, _)| (span.start, span.end));
        let added: usize = self.edits.iter().map(|(_, replacement)| replacement.len()).sum();
        let mut spliced = BytesMut::with_capacity(original.len() + added);
        let mut at = 0;
        for (span, replacement) in &self.edits {
            let kept = original.get(at..span.start).ok_or(Overlap)?;
            if span.end < span.start || span.end > original.len() {
                return Err(Overlap);
            }
            spliced.extend_from_slice(kept);
            spliced.extend_from_slice(replacement);
            at = span.end;
        }
        spliced.extend_from_slice(&original[at..]);
        Ok(spliced.freeze())
    }
}

/// An answer that depends on who asked, and must not be kept for others: what it says about that (`cacheScope`, SEP-2549)
/// becomes `private`. The same bytes when it says nothing, or that.
pub fn keep_private(answer: &Bytes) -> Bytes {
    let word = |word: &[u8]| memchr::memmem::find(answer, word).is_some();
    if !word(b"cacheScope") && !word(b"\\u") {
        return answer.clone();
    }
    let root =
        std::str::from_utf8(answer).ok().and_then(|text| Value::parse(text, limits::JSON_DEPTH_MAX).ok());
    let scope = root.and_then(|root| root.at("/result/cacheScope"));
    let Some(scope) = scope.filter(|scope| scope.raw() != PRIVATE) else { return answer.clone() };
    let mut splice = Splice::default();
    splice.replace(scope.span(), PRIVATE);
    // One edit, of a part of the answer: it cannot fail.
    splice.apply(answer).unwrap_or_else(|_| answer.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn splice(original: &str, edits: &[(usize, usize, &'static str)]) -> Result<String, Overlap> {
        let mut splice = Splice::default();
        for (start, end, text) in edits {
            splice.replace(Span::new(*start, *end), *text);
        }
        let bytes = splice.apply(&Bytes::copy_from_slice(original.as_bytes()))?;
        Ok(String::from_utf8(bytes.to_vec()).expect("UTF-8"))
    }

    #[test]
    fn answer_for_one_reader_is_kept_for_nobody_else() {
        let told = |answer: &'static str| keep_private(&Bytes::from_static(answer.as_bytes()));
        let public = r#"{"result":{"contents":[], "cacheScope" : "public","ttlMs":5}}"#;
        assert_eq!(told(public), public.replace("public", "private"));
        assert_eq!(
            told(r#"{"result":{"cache\u0053cope":"public"}}"#),
            r#"{"result":{"cache\u0053cope":"private"}}"#
        );
        for same in
            [r#"{"result":{"cacheScope":"private"}}"#, r#"{"result":{"a":{"cacheScope":"public"}}}"#, "{}"]
        {
            assert_eq!(told(same), same);
        }
    }

    #[test]
    fn edits_are_made_in_the_order_of_the_text() {
        let check = |edits: &[(usize, usize, &'static str)], expected: &str| {
            assert_eq!(splice("0123456789", edits).as_deref(), Ok(expected));
        };
        check(&[], "0123456789");
        check(&[(8, 10, "x"), (0, 2, "abc")], "abc234567x");
        check(&[(3, 3, "a"), (3, 3, "b"), (3, 4, "c")], "012abc456789");
        check(&[(0, 10, "")], "");
        check(&[(10, 10, "!")], "0123456789!");
        check(&[(2, 4, ""), (4, 6, "")], "016789");
    }

    #[test]
    fn edits_of_the_same_bytes_are_refused() {
        for edits in [
            &[(2, 5, "a"), (4, 6, "b")][..],
            &[(2, 5, "a"), (2, 5, "b")],
            &[(2, 5, "a"), (3, 3, "b")],
            &[(9, 11, "a")],
            &[(11, 11, "a")],
        ] {
            assert_eq!(splice("0123456789", edits), Err(Overlap), "{edits:?}");
        }
    }

    #[test]
    fn text_without_edits_is_not_copied() {
        let original = Bytes::from_static(b"abc");
        let same = Splice::default().apply(&original).expect("no edits");
        assert_eq!(same.as_ptr(), original.as_ptr());
    }
}
