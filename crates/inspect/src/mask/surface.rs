//! Which parts of a message carry data. What carries structure is never touched: a changed id or cursor breaks the
//! protocol.

use super::limit;

/// What stands at a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Data: everything below is scanned.
    Data,
    /// Data, and the root of a document that field rules count from: arguments, structured content.
    Document,
    /// Not data, though it stands inside data: everything below is left alone.
    Structure,
    /// A JSON Schema: values are scanned, the words of the schema language and member names are not.
    Schema,
    /// Base64 of anything. What decodes to text is scanned.
    Blob,
    /// Base64 of a picture or of sound when the `type` beside it says so; else a blob.
    Media,
}

/// The parts of one kind of message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surface {
    pointers: Vec<Pointer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pointer {
    segments: Vec<Box<str>>,
    part: Part,
}

/// Pointers that are still on the way to a value, one bit each.
pub(super) type Active = u128;

/// Never data, wherever the surface reaches: identifiers that both sides compare (MCP, base protocol).
const ALWAYS: &[(&str, Part)] = &[
    ("/jsonrpc", Part::Structure),
    ("/id", Part::Structure),
    ("/method", Part::Structure),
    ("/params/requestId", Part::Structure),
    ("/params/progressToken", Part::Structure),
    ("/params/_meta/progressToken", Part::Structure),
    ("/params/cursor", Part::Structure),
    ("/params/requestState", Part::Structure),
    ("/params/taskId", Part::Structure),
    ("/params/protocolVersion", Part::Structure),
    ("/result/nextCursor", Part::Structure),
    ("/result/requestState", Part::Structure),
    ("/result/resultType", Part::Structure),
    ("/result/protocolVersion", Part::Structure),
    ("/result/taskId", Part::Structure),
    ("/result/task/taskId", Part::Structure),
];

impl Surface {
    /// A surface of JSON Pointers (RFC 6901) from the root of the message; `*` is any one step. The empty pointer is
    /// the whole message. Where two lead to the same value, the one given last counts.
    ///
    /// Pointers beyond [`limit::POINTERS_MAX`] widen the surface to the whole message: nothing goes unscanned.
    pub fn new<'a>(parts: impl IntoIterator<Item = (&'a str, Part)>) -> Self {
        let given: Vec<_> = parts.into_iter().collect();
        let room = limit::POINTERS_MAX - ALWAYS.len();
        let given = if given.len() > room { vec![("", Part::Data)] } else { given };
        let pointer = |(text, part): &(&str, Part)| {
            let unescape = |segment: &str| segment.replace("~1", "/").replace("~0", "~").into();
            Pointer { segments: text.split('/').skip(1).map(unescape).collect(), part: *part }
        };
        Self { pointers: given.iter().chain(ALWAYS).map(pointer).collect() }
    }

    /// The whole message.
    pub fn everything() -> Self {
        Self::new([("", Part::Data)])
    }

    /// A value that is no message: a document of its own, all of it data.
    pub fn document() -> Self {
        let segments = Vec::new();
        Self { pointers: vec![Pointer { segments, part: Part::Document }] }
    }

    /// What the root is, and the pointers that lead further.
    pub(super) fn root(&self) -> (Option<Part>, Active) {
        let mut part = None;
        let mut active = 0;
        for (bit, pointer) in self.pointers.iter().enumerate() {
            if pointer.segments.is_empty() {
                part = Some(pointer.part);
            } else {
                active |= 1 << bit;
            }
        }
        (part, active)
    }

    /// What the value after one more step at `depth` is, and the pointers that lead further. `name` is `None` for an
    /// element of an array.
    pub(super) fn step(&self, active: Active, depth: usize, name: Option<&str>) -> (Option<Part>, Active) {
        let (mut part, mut next, mut rest) = (None, 0, active);
        while rest != 0 {
            let bit = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            let pointer = &self.pointers[bit];
            let segment = &*pointer.segments[depth];
            if segment != "*" && name != Some(segment) {
                continue;
            }
            if pointer.segments.len() == depth + 1 {
                part = Some(pointer.part);
            } else {
                next |= 1 << bit;
            }
        }
        (part, next)
    }
}
