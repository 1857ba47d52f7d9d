//! The one pass that turns bytes into a [`Message`].

use std::borrow::Cow;

use bytes::Bytes;
use inspect::text;
use inspect::unique::Unique;
use inspect::walk::{Key, Kind, Span, Step, Walk};

use super::field::Place;
use super::{Fault, Field, IdKey, Message};
use crate::limits;
use crate::mcp::fold::Spelling;
use crate::mcp::method;
use crate::model::{MessageKind, Method};

/// Who wrote the message: decides how generously keys count as misspelt, and whether an error needs an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Caller,
    Upstream,
}

/// Fields a message usually has.
const FIELDS_EXPECTED: usize = 12;

/// The deepest objects with members in the table: `_meta` and `task` in `params` or `result`.
const PLACES: usize = 3;

/// Reads the one message in `bytes`, which stand at `offset` of the body.
pub(super) fn read(bytes: Bytes, offset: usize, sender: Sender) -> Result<Message, Fault> {
    let text = text(&bytes)?;
    let found = Reader::new(text, sender).run()?;
    let at = |field: Field| found.iter().find(|(one, _)| *one == field).map(|(_, span)| span.of(text));
    if at(Field::JsonRpc)
        .is_none_or(|version| version != "\"2.0\"" && string(version) != Some(Cow::Borrowed("2.0")))
    {
        return Err(Fault::Version);
    }
    let kind = match (at(Field::Method), at(Field::Result), at(Field::Error)) {
        (Some(_), None, None) if at(Field::Id).is_some() => MessageKind::Request,
        (Some(_), None, None) => MessageKind::Notification,
        (None, Some(_), None) | (None, None, Some(_)) => MessageKind::Response,
        (None, None, None) => return Err(Fault::NoMethod),
        _ => return Err(Fault::Mixed),
    };
    let method = at(Field::Method).map(named).transpose()?;
    let may_lack_id = sender == Sender::Upstream && at(Field::Error).is_some();
    let id = match (kind, at(Field::Id)) {
        (MessageKind::Response, None) if !may_lack_id => return Err(Fault::IdMissing),
        (_, None) => None,
        (_, Some("null")) if may_lack_id => None,
        (_, Some(raw)) => Some(IdKey::read(raw, kind_of(raw))?),
    };
    Ok(Message { bytes, offset, kind, method, id, found })
}

/// The body as text. RFC 8259 section 8.1: UTF-8, no byte-order mark.
pub(super) fn text(bytes: &Bytes) -> Result<&str, Fault> {
    if bytes.starts_with(b"\xef\xbb\xbf") || bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
    {
        return Err(Fault::ByteOrderMark);
    }
    std::str::from_utf8(bytes).map_err(|_| Fault::NotUtf8)
}

struct Reader<'a> {
    walk: Walk<'a>,
    length: usize,
    spelling: Spelling,
    unique: Unique<'a>,
    /// By depth: what the members of the object open there are.
    places: [Option<Place>; PLACES + 1],
    /// By depth: how many members the object open there has so far.
    members: [usize; PLACES + 1],
    /// By depth: the field whose object or array is open there.
    open: [Option<Field>; PLACES + 1],
    found: Vec<(Field, Span)>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, sender: Sender) -> Self {
        let spelling = match sender {
            Sender::Caller => Spelling::Words,
            Sender::Upstream => Spelling::Case,
        };
        let mut places = [None; PLACES + 1];
        places[1] = Some(Place::Envelope);
        Self {
            walk: Walk::new(text, limits::JSON_DEPTH_MAX),
            length: text.len(),
            spelling,
            unique: Unique::default(),
            places,
            members: [0; PLACES + 1],
            open: [None; PLACES + 1],
            found: Vec::with_capacity(FIELDS_EXPECTED),
        }
    }

    fn run(mut self) -> Result<Vec<(Field, Span)>, Fault> {
        let length = self.length;
        while let Some(step) = self.walk.step().map_err(|fault| Fault::of_walk(fault, length))? {
            let depth = self.walk.depth();
            match step {
                Step::Scalar(scalar) => {
                    if depth == 0 {
                        return Err(Fault::NotObject);
                    }
                    if let Some(field) = self.member(depth, scalar.kind)? {
                        self.keep(field, scalar.span, scalar.escaped)?;
                    }
                }
                Step::Open(Kind::Array, _) if depth == 0 => return Err(Fault::Batch),
                Step::Open(kind, _) => {
                    let field = self.member(depth, kind)?;
                    self.unique.open();
                    if let Some(open) = self.open.get_mut(depth) {
                        *open = field;
                    }
                    if depth > 0 && depth < PLACES {
                        self.members[depth + 1] = 0;
                        self.places[depth + 1] =
                            field.filter(|_| kind == Kind::Object).and_then(Field::inside);
                    }
                }
                Step::Close(_, span) => {
                    self.unique.close().map_err(|_| Fault::Repeated(None))?;
                    if let Some(field) = self.open.get_mut(depth).and_then(Option::take) {
                        self.found.push((field, span));
                    }
                }
            }
        }
        Ok(self.found)
    }

    /// The key of the value that begins now: which field it is, if any, after all that can be wrong with a key.
    fn member(&mut self, depth: usize, kind: Kind) -> Result<Option<Field>, Fault> {
        let Some(key) = self.walk.key() else {
            return Ok(None);
        };
        let repeated = self.unique.member(&self.walk, key).is_err();
        let field = match self.places.get(depth).copied().flatten() {
            Some(place) => {
                // Each of these keys is held against every known one, which is only worth it for so many.
                self.members[depth] += 1;
                if self.members[depth] > limits::MESSAGE_MEMBERS_MAX {
                    return Err(Fault::TooManyMembers);
                }
                place.find(&self.name(key), self.spelling)?
            }
            None => None,
        };
        if repeated {
            return Err(Fault::Repeated(field));
        }
        match field {
            Some(field) if !field.allows(kind) => Err(Fault::Kind(field)),
            field => Ok(field),
        }
    }

    fn name(&self, key: Key) -> Cow<'a, [u8]> {
        let raw = key.span.of(self.walk.text());
        if key.escaped { text::unescape(raw) } else { Cow::Borrowed(raw.as_bytes()) }
    }

    fn keep(&mut self, field: Field, span: Span, escaped: bool) -> Result<(), Fault> {
        if matches!(field, Field::Method | Field::Name | Field::Uri | Field::TaskId | Field::ProtocolVersion)
        {
            if span.len() > limits::NAME_BYTES_MAX {
                return Err(Fault::TooLong(field));
            }
            if escaped && text::unescape_strict(span.unquoted().of(self.walk.text())).is_none() {
                return Err(Fault::NotText(field));
            }
        }
        self.found.push((field, span));
        Ok(())
    }
}

/// The method's name: the table's own word for it where the table has it.
fn named(raw: &str) -> Result<Method, Fault> {
    let name = string(raw).ok_or(Fault::Kind(Field::Method))?;
    if name.is_empty() {
        return Err(Fault::NoMethod);
    }
    Ok(match method::find(&name) {
        Some(row) => Cow::Borrowed(row.name),
        None => Cow::Owned(name.into_owned()),
    })
}

/// The text of a value that is a string.
fn string(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.starts_with('"') {
        return None;
    }
    text::unescape_strict(raw.get(1..raw.len() - 1)?)
}

fn kind_of(raw: &str) -> Kind {
    inspect::value::Value::walked(raw, 0).kind()
}
