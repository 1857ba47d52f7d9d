//! Canonical JSON: [RFC 8785](https://www.rfc-editor.org/rfc/rfc8785) (JCS) without floating point.
//!
//! Numbers are integers smaller than 2^53 in magnitude, the ones every JSON reader agrees on; a fraction, an
//! exponent, `-0` or a larger number is refused, and so is a duplicate member name. Nesting is limited to 128.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// The largest magnitude of an integer: 2^53 - 1 (RFC 8785, section 3.2.2.3, and RFC 7493).
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

/// Why a text has no canonical form, or is not in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not JSON, or JSON outside the subset. Says where, never what.
    #[error("not canonicalisable JSON at line {line} column {column}: {reason}")]
    Invalid {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// Valid, but spelled differently from its canonical form.
    #[error("JSON is not in canonical form (RFC 8785)")]
    NotCanonical,
    /// An object was expected.
    #[error("expected a JSON object")]
    NotObject,
}

/// The canonical form of a JSON text.
pub fn canonicalize(text: &[u8]) -> Result<Vec<u8>, Error> {
    let value: Value = serde_json::from_slice(text).map_err(|error| Error::locate(&error))?;
    let mut canonical = Vec::with_capacity(text.len());
    value.write(&mut canonical);
    Ok(canonical)
}

/// Checks that a JSON text is already in canonical form.
pub fn check(text: &[u8]) -> Result<(), Error> {
    if canonicalize(text)? == text { Ok(()) } else { Err(Error::NotCanonical) }
}

/// A JSON object in canonical form, kept as text: for members whose content belongs to other crates.
#[derive(Clone)]
pub struct Object(Box<RawValue>);

impl Object {
    /// Takes any JSON text of an object and canonicalises it.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        Self::from_canonical(canonicalize(text)?)
    }

    /// Serialises `value`, which must become an object, and canonicalises it.
    pub fn of(value: &impl Serialize) -> Result<Self, Error> {
        Self::parse(&serde_json::to_vec(value).map_err(|error| Error::locate(&error))?)
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    fn from_canonical(canonical: Vec<u8>) -> Result<Self, Error> {
        if canonical.first() != Some(&b'{') {
            return Err(Error::NotObject);
        }
        // Unwrap safety: `canonical` was written by `Value::write`, which writes UTF-8.
        let text = String::from_utf8(canonical).expect("canonical JSON is UTF-8");
        let raw = RawValue::from_string(text);
        raw.map(Self).map_err(|error| Error::locate(&error))
    }
}

impl Error {
    fn locate(error: &serde_json::Error) -> Self {
        let reason = match error.classify() {
            serde_json::error::Category::Data => "a fraction, an integer beyond 2^53 or a duplicate member",
            serde_json::error::Category::Eof => "it ends early",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => "a syntax error",
        };
        Self::Invalid { line: error.line(), column: error.column(), reason }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Object({} bytes)", self.as_str().len())
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Object {}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Object {
    /// Accepts canonical text only, so that writing it back gives the same bytes.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        check(raw.get().as_bytes()).map_err(D::Error::custom)?;
        if !raw.get().starts_with('{') {
            return Err(D::Error::custom(Error::NotObject));
        }
        Ok(Self(raw))
    }
}

/// A member name, ordered by its UTF-16 code units (RFC 8785, section 3.2.3). That differs from the order of
/// UTF-8 bytes for characters beyond U+FFFF.
#[derive(PartialEq, Eq)]
struct Name(String);

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.encode_utf16().cmp(other.0.encode_utf16())
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Text(String),
    List(Vec<Value>),
    Map(BTreeMap<Name, Value>),
}

impl Value {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Integer(integer) => out.extend_from_slice(integer.to_string().as_bytes()),
            Self::Text(text) => write_string(text, out),
            Self::List(items) => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Map(members) => {
                out.push(b'{');
                for (i, (name, value)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    write_string(&name.0, out);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }
}

/// `serde_json` escapes exactly as RFC 8785, section 3.2.2.2, asks: the seven short forms, lower-case `\u00xx`
/// for the other control characters, everything else as it is.
fn write_string(text: &str, out: &mut Vec<u8>) {
    // Unwrap safety: writing a string to a vector can fail neither for its content nor for the writer.
    serde_json::to_writer(out, text).expect("strings serialise");
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON without fractions")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if (-INTEGER_MAX..=INTEGER_MAX).contains(&value) {
            Ok(Value::Integer(value))
        } else {
            Err(E::custom("integer beyond 2^53"))
        }
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((name, value)) = members.next_entry()? {
            if map.insert(Name(name), value).is_some() {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_form(text: &str, expected: &str) {
        let canonical = canonicalize(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(canonical).unwrap(), expected);
        assert_eq!(check(expected.as_bytes()), Ok(()));
    }

    #[test]
    fn examples_of_the_rfc_come_out_as_printed() {
        // RFC 8785, section 3.2.3: the sorting example.
        check_form(
            r#"{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
                "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
                "\u00f6": "Latin Small Letter O With Diaeresis"}"#,
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
             \"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\
             \"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}",
        );
        // RFC 8785, section 3.2.2: the string and the literals of the sample, without its fractions.
        check_form(
            r#"{"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#,
            r#"{"literals":[null,true,false],"string":"€$\u000f\nA'B\"\\\\\"/"}"#,
        );
    }

    #[test]
    fn members_are_sorted_at_every_depth() {
        check_form(
            r#"{"b": [ {"z": 1, "a": -9007199254740991} ], "a": {}, "aa": [], "": 0}"#,
            r#"{"":0,"a":{},"aa":[],"b":[{"a":-9007199254740991,"z":1}]}"#,
        );
    }

    #[test]
    fn text_outside_the_subset_is_refused() {
        let deep = format!("{}{}", "[".repeat(129), "]".repeat(129));
        for bad in [
            "1.0",
            "1e3",
            "-0",
            "9007199254740992",
            "-9007199254740992",
            "18446744073709551615",
            "1e400",
            "01",
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#""\ud800""#,
            "\"\u{7}\"",
            "[1,]",
            "",
            "nul",
            "1 2",
            &deep,
        ] {
            assert!(canonicalize(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(canonicalize(b"\"\xff\"").is_err());
        assert!(canonicalize(b"\xef\xbb\xbf1").is_err());
    }

    #[test]
    fn other_spellings_are_not_canonical() {
        for other in [r#"{"a": 1}"#, r#"{"b":1,"a":1}"#, r#""\u0041""#, r#""\/""#, "1\n", r#""\u000A""#] {
            assert_eq!(check(other.as_bytes()), Err(Error::NotCanonical), "{other}");
        }
    }

    #[test]
    fn object_keeps_canonical_text() {
        let object = Object::parse(br#"{"b":1, "a":"x"}"#).unwrap();
        assert_eq!(object.as_str(), r#"{"a":"x","b":1}"#);
        assert_eq!(serde_json::from_str::<Object>(object.as_str()).unwrap(), object);
        assert!(serde_json::from_str::<Object>(r#"{"b":1, "a":"x"}"#).is_err());
        assert_eq!(Object::parse(b"[]"), Err(Error::NotObject));
        assert_eq!(format!("{object:?}"), "Object(15 bytes)");
    }
}
