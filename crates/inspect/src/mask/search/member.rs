//! Members of objects: what their names say about them and about their neighbours.

use std::borrow::Cow;

use super::{Document, Place, Search};
use crate::mask::Fault;
use crate::mask::name::{Meaning, Role, role};
use crate::mask::said::Sense;
use crate::mask::surface::Part;
use crate::text;
use crate::value::Value;
use crate::walk::{Key, Kind, Segment, Span, Walk};

/// Words of the schema language whose values are structure.
const SCHEMA_STRUCTURE: &[&str] =
    &["$ref", "$id", "$schema", "$anchor", "$dynamicRef", "type", "format", "pattern", "required"];

/// Words of the schema language that say what a value is like: below a name for a secret they hold none.
const SCHEMA_BOUNDS: &[&str] =
    &["type", "format", "minLength", "maxLength", "minimum", "maximum", "readOnly", "writeOnly", "nullable"];

/// An open object or array.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) place: Place,
    /// Where it begins.
    pub(super) start: usize,
    kind: Kind,
    /// What its own name makes it.
    role: Role,
    /// What the rows in it, or the cells in it, take their meaning from: the object at that place of the stack.
    table: Table,
    /// What its `name` says about its `value`.
    named: Meaning,
    /// A `value` that came before its `name`.
    value: Option<Box<Early>>,
    /// What the headers of columns say.
    columns: Vec<Meaning>,
    /// Rows that came before their headers.
    rows: Option<Box<Early>>,
    /// Its `type` says that its data is a picture or sound; none before it was asked for.
    pub(super) media: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    Nothing,
    Rows(usize),
    Cells(usize),
}

/// A value that stood before what says something about it.
#[derive(Debug, Clone, Copy)]
struct Early {
    span: Span,
    key: Key,
    place: Place,
}

impl Frame {
    pub(super) fn new(kind: Kind, start: usize, place: Place, role: Role, around: &[Self]) -> Self {
        let above = around.len().checked_sub(1);
        let table = match around.last() {
            Some(object) if role == Role::Rows && kind == Kind::Array && !object.columns.is_empty() => {
                above.map_or(Table::Nothing, Table::Rows)
            }
            Some(Self { table: Table::Rows(object), .. }) if kind == Kind::Array => Table::Cells(*object),
            _ => Table::Nothing,
        };
        Self {
            place,
            start,
            kind,
            role,
            table,
            named: Meaning::default(),
            value: None,
            columns: Vec::new(),
            rows: None,
            media: None,
        }
    }
}

/// The name of a member. Halves of surrogates appear as U+FFFD.
pub(super) fn name(text: &str, key: Key) -> Cow<'_, str> {
    let raw = key.span.of(text);
    if key.escaped { text::unescape_lossy(raw) } else { Cow::Borrowed(raw) }
}

/// Bytes of a name, and digits in it, from which on it may be a value: identifiers have no more of both.
const ODD_BYTES: usize = 20;
const ODD_DIGITS: usize = 4;

/// Whether a name may be data: an address, a number, a key. A look at its bytes, since nearly all names are identifiers.
fn is_odd(name: &str) -> bool {
    let bytes = name.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    digits >= ODD_DIGITS
        || digits > 0 && bytes.len() >= ODD_BYTES
        || bytes.iter().any(|byte| matches!(byte, b'@' | b':' | b'=' | b'%' | b' ' | b'{' | 0x80..))
}

impl Search<'_> {
    /// What the name of the value of the last step makes it, inside the innermost of `frames`. `place` is that one's
    /// place, and becomes the value's. (One that is given and changed: copying it at each value cost a twentieth.)
    pub(super) fn enter(
        &mut self,
        document: &Document<'_>,
        walk: &Walk<'_>,
        frames: &[Frame],
        place: &mut Place,
    ) -> Role {
        let Some(around) = frames.last() else { return Role::Plain };
        let key = walk.key();
        if key.is_none() && place.active == 0 && around.table == Table::Nothing {
            return Role::Plain;
        }
        let name = key.map(|key| name(document.text, key));
        if place.active != 0 {
            let depth = document.depth + frames.len() - 1;
            let (part, active) = self.surface.step(place.active, depth, name.as_deref());
            place.part = part.or(place.part);
            place.active = active;
        }
        let Some(part) = place.part.filter(|part| *part != Part::Structure) else {
            return Role::Plain;
        };
        let Some(name) = name else {
            if let (Table::Cells(object), Some(Segment::Index(index))) =
                (around.table, walk.path().next_back())
            {
                place.take(frames[object].columns.get(index).copied().unwrap_or_default());
            }
            return Role::Plain;
        };
        if part == Part::Schema {
            if SCHEMA_STRUCTURE.contains(&&*name) {
                place.part = Some(Part::Structure);
            }
            return Role::Plain;
        }
        let Sense { role, meaning, odd } = self.said(&name);
        self.odd = odd;
        if role == Role::Value {
            place.take(around.named);
        }
        if place.owner.is_some() && SCHEMA_BOUNDS.contains(&&*name) {
            place.owner = None;
        }
        if place.owner.is_none() {
            place.take(meaning);
        }
        role
    }

    /// What a name says about its value, and about the values beside it.
    pub(super) fn said(&mut self, name: &str) -> Sense {
        let rules = self.rules;
        self.names.get(name, || {
            let means = rules.names.may_mean(name);
            let meaning = means.then(|| rules.names.read(name, rules.engine.words()));
            Sense { role: role(name), meaning: meaning.unwrap_or_default(), odd: is_odd(name) }
        })
    }

    /// A value with a role ended inside `around`.
    pub(super) fn note(
        &mut self,
        document: &Document<'_>,
        walk: &Walk<'_>,
        around: &mut Frame,
        closed: &Frame,
        span: Span,
    ) -> Result<(), Fault> {
        if around.kind != Kind::Object || closed.role == Role::Plain {
            return Ok(());
        }
        if closed.role == Role::Columns && closed.kind == Kind::Array && around.columns.is_empty() {
            self.read_again(span.len())?;
            around.columns = self.columns(Value::walked(span.of(document.text), span.start));
        } else {
            Self::early(walk, around, closed.place, closed.role, span);
        }
        Ok(())
    }

    /// A value without parts that has a role stands inside `around`.
    pub(super) fn note_scalar(
        &mut self,
        document: &Document<'_>,
        walk: &Walk<'_>,
        around: &mut Frame,
        place: Place,
        role: Role,
        span: Span,
    ) {
        let raw = span.of(document.text);
        if role == Role::Name && raw.starts_with('"') {
            let name = text::unescape_lossy(span.unquoted().of(document.text));
            around.named = self.said(&name).meaning;
        } else {
            Self::early(walk, around, place, role, span);
        }
    }

    fn early(walk: &Walk<'_>, around: &mut Frame, place: Place, role: Role, span: Span) {
        let early = || walk.key().map(|key| Box::new(Early { span, key, place }));
        match role {
            Role::Value if around.named.says_nothing() => around.value = early(),
            Role::Rows if around.columns.is_empty() => around.rows = early(),
            _ => {}
        }
    }

    /// What the headers of columns say: strings, or objects with a name.
    fn columns(&mut self, headers: Value<'_>) -> Vec<Meaning> {
        let mut columns = Vec::new();
        for header in headers.elements() {
            let named = |member: crate::value::Member<'_>| {
                std::str::from_utf8(&member.name()).is_ok_and(|name| role(name) == Role::Name)
            };
            let text = match header.kind() {
                Kind::Object => {
                    header.members().find(|member| named(*member)).and_then(|member| member.value.text())
                }
                _ => header.text(),
            };
            columns.push(text.map_or_else(Meaning::default, |text| self.said(&text).meaning));
        }
        if columns.iter().all(|column| column.says_nothing()) {
            columns.clear();
        }
        columns
    }

    /// An object ended: what stood in it before its meaning was known is read again.
    pub(super) fn leave(
        &mut self,
        document: &Document<'_>,
        walk: &Walk<'_>,
        closed: &Frame,
    ) -> Result<(), Fault> {
        if let Some(early) = closed.value.as_deref().filter(|_| !closed.named.says_nothing()) {
            self.part(document, walk, *early, "", early.span, closed.named)?;
        }
        let early = closed.rows.as_deref().filter(|_| !closed.columns.is_empty());
        let Some(early) = early.copied() else { return Ok(()) };
        self.read_again(2 * early.span.len())?;
        let rows = Value::walked(early.span.of(document.text), early.span.start);
        for (at, row) in rows.elements().enumerate() {
            for (column, cell) in row.elements().enumerate() {
                let meaning = closed.columns.get(column).copied().unwrap_or_default();
                if !meaning.says_nothing() {
                    self.part(document, walk, early, &format!("/{at}/{column}"), cell.span(), meaning)?;
                }
            }
        }
        Ok(())
    }

    /// Reads again the part of `early` at `span`, `below` it, now that its meaning is known.
    fn part(
        &mut self,
        document: &Document<'_>,
        walk: &Walk<'_>,
        early: Early,
        below: &str,
        span: Span,
        meaning: Meaning,
    ) -> Result<(), Fault> {
        let mut place = early.place;
        place.take(meaning);
        if place.owner == early.place.owner && place.topics == early.place.topics || place.part.is_none() {
            return Ok(());
        }
        self.read_again(span.len())?;
        let key = name(document.text, early.key).replace('~', "~0").replace('/', "~1");
        let prefix = format!("{}{}/{key}{below}", document.prefix, walk.pointer());
        let part = Document {
            text: span.of(document.text),
            base: document.base + span.start,
            depth: document.depth + walk.depth() + 1 + below.matches('/').count(),
            prefix: &prefix,
            ..*document
        };
        self.document(&part, place)
    }

    /// Takes `bytes` from what may be read again.
    pub(super) fn read_again(&mut self, bytes: usize) -> Result<(), Fault> {
        self.again = self.again.checked_sub(bytes).ok_or(Fault::Nested)?;
        Ok(())
    }
}

impl Place {
    /// Takes on what a name says; an outer name that gives the value away stays.
    fn take(&mut self, meaning: Meaning) {
        self.owner = self.owner.or(meaning.owner);
        self.topics = self.topics.with(meaning.topics);
    }
}
