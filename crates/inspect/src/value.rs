//! A value inside a text that was walked before: read on demand, by span.

use std::borrow::Cow;

use crate::text;
use crate::walk::{Fault, Key, Kind, Span, Step, Walk};

/// A JSON value inside a larger text. Copies nothing; every look inside walks it again, so look once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    text: &'a str,
    base: usize,
}

/// A member of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    name: &'a str,
    key: Key,
    /// What it holds.
    pub value: Value<'a>,
}

impl<'a> Value<'a> {
    /// The value that is all of `document`, white space around it aside.
    ///
    /// # Errors
    /// The first [`Fault`] of the document.
    pub fn parse(document: &'a str, depth_max: usize) -> Result<Self, Fault> {
        let mut walk = Walk::new(document, depth_max);
        let mut root = Span::new(0, 0);
        while let Some(step) = walk.step()? {
            match step {
                Step::Scalar(scalar) if walk.depth() == 0 => root = scalar.span,
                Step::Close(_, span) if walk.depth() == 0 => root = span,
                _ => {}
            }
        }
        Ok(Self { text: root.of(document), base: root.start })
    }

    /// The value whose exact text is `text`, cut at byte `base` out of a document that was walked without a fault.
    ///
    /// On any other text it is still safe: it then reads as having fewer members than it has.
    pub fn walked(text: &'a str, base: usize) -> Self {
        Self { text, base }
    }

    /// Its exact text.
    pub fn raw(self) -> &'a str {
        self.text
    }

    /// Where it stands in the document.
    pub fn span(self) -> Span {
        Span::new(self.base, self.base + self.text.len())
    }

    /// What kind of value it is.
    pub fn kind(self) -> Kind {
        match self.raw().as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Boolean,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// The text of a string; `None` for other kinds, and for a string that holds half a surrogate pair.
    pub fn text(self) -> Option<Cow<'a, str>> {
        text::unescape_strict(self.unquoted()?)
    }

    /// The text of a string as WTF-8 (see [`text::unescape`]); `None` for other kinds.
    pub fn bytes(self) -> Option<Cow<'a, [u8]>> {
        Some(text::unescape(self.unquoted()?))
    }

    /// The first member of an object with that name; `None` for other kinds.
    pub fn member(self, name: &str) -> Option<Self> {
        self.members().find(|member| member.is(name)).map(|member| member.value)
    }

    /// The members of an object, in order; none for other kinds.
    pub fn members(self) -> impl Iterator<Item = Member<'a>> {
        let (text, base) = (self.text, self.base);
        self.parts(Kind::Object).filter_map(move |(key, value)| {
            let key = key?;
            let name = key.span.of(text);
            Some(Member { name, key: Key { span: key.span.shift(base), ..key }, value })
        })
    }

    /// The elements of an array, in order; none for other kinds.
    pub fn elements(self) -> impl Iterator<Item = Self> {
        self.parts(Kind::Array).map(|(_, value)| value)
    }

    /// The value a JSON Pointer (RFC 6901) leads to.
    pub fn at(self, pointer: &str) -> Option<Self> {
        let mut value = self;
        for segment in pointer.split('/').skip(1) {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            value = match value.kind() {
                Kind::Object => value.member(&segment)?,
                Kind::Array => value.elements().nth(segment.parse().ok()?)?,
                _ => return None,
            };
        }
        Some(value)
    }

    fn unquoted(self) -> Option<&'a str> {
        if self.kind() != Kind::String {
            return None;
        }
        self.text.get(1..self.text.len() - 1)
    }

    fn parts(self, kind: Kind) -> impl Iterator<Item = (Option<Key>, Self)> {
        let mut walk = (self.kind() == kind).then(|| Walk::new(self.text, usize::MAX));
        std::iter::from_fn(move || {
            let walk = walk.as_mut()?;
            // A fault cannot come: the text was walked before. If it does, the value ends there.
            while let Ok(Some(step)) = walk.step() {
                if walk.depth() != 1 {
                    continue;
                }
                let span = match step {
                    Step::Open(..) => continue,
                    Step::Close(_, span) => span,
                    Step::Scalar(scalar) => scalar.span,
                };
                let value = Self { text: span.of(self.text), base: self.base + span.start };
                return Some((walk.key(), value));
            }
            None
        })
    }
}

impl<'a> Member<'a> {
    /// Its name as WTF-8 (see [`text::unescape`]).
    pub fn name(self) -> Cow<'a, [u8]> {
        if self.key.escaped { text::unescape(self.name) } else { Cow::Borrowed(self.name.as_bytes()) }
    }

    /// Whether that is its name.
    pub fn is(self, name: &str) -> bool {
        self.name().as_ref() == name.as_bytes()
    }

    /// Its key, between the quotes.
    pub fn key(self) -> Span {
        self.key.span
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str =
        r#" {"a": [1, {"b\/c": "x"}, []], "n\u0061me": "caf\u00e9", "~": {"": null}, "lone": "\ud800"} "#;

    #[test]
    fn members_and_elements_are_found_by_name_place_and_pointer() {
        let root = Value::parse(DOCUMENT, 16).expect("JSON");
        let check = |pointer: &str, raw: Option<&str>| {
            assert_eq!(root.at(pointer).map(Value::raw), raw, "{pointer}");
        };
        check("", Some(DOCUMENT.trim()));
        check("/a/0", Some("1"));
        check("/a/1/b~1c", Some("\"x\""));
        check("/a/2", Some("[]"));
        check("/a/3", None);
        check("/~0/", Some("null"));
        check("/~0/x", None);
        check("/a/0/x", None);
        check("/name", Some(r#""caf\u00e9""#));
        assert_eq!(root.member("name").and_then(Value::text).as_deref(), Some("café"));
        assert_eq!(root.members().count(), 4);
        assert_eq!(root.member("a").map(|a| a.elements().count()), Some(3));
        assert_eq!(root.elements().count(), 0);
    }

    #[test]
    fn string_that_is_not_unicode_has_bytes_but_no_text() {
        let root = Value::parse(DOCUMENT, 16).expect("JSON");
        let lone = root.member("lone").expect("is there");
        assert_eq!(lone.text(), None);
        assert_eq!(lone.bytes().as_deref(), Some(&b"\xed\xa0\x80"[..]));
    }

    #[test]
    fn spans_count_from_the_start_of_the_document() {
        let root = Value::parse(DOCUMENT, 16).expect("JSON");
        let value = root.at("/a/1/b~1c").expect("is there");
        assert_eq!(value.span().of(DOCUMENT), "\"x\"");
        let member = root.at("/a/1").and_then(|object| object.members().next()).expect("is there");
        assert_eq!(member.key().of(DOCUMENT), "b\\/c");
        assert_eq!(member.name().as_ref(), b"b/c");
    }
}
