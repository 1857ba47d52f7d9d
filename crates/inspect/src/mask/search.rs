//! The way through one message: what is data, what its place says, what it looks like, what is inside it.

mod leaf;
mod member;
mod named;

use super::Fault;
use super::finding::{Coding, Findings, Found, Shape};
use super::limit;
use super::name::Role;
use super::outside::Mark;
use super::path::{AT_ROOT, Progress, Taken};
use super::rules::{Fields, Rules};
use super::said::Cache;
use super::surface::{Active, Part, Surface};
use super::value::{self, Values};
use crate::detect::scan::{Hit, Id, Topics};
use crate::value::Value;
use crate::walk::{Kind, Segment, Span, Step, Walk};
use member::Frame;

/// Finds in `text`, one JSON message, what `rules` and `fields` are about, in the parts that `surface` names.
///
/// # Errors
/// [`Fault`]: then nothing is known about the message, and it must not pass.
pub fn scan(text: &str, surface: &Surface, rules: &Rules, fields: &Fields) -> Result<Findings, Fault> {
    scan_with(text, surface, rules, fields, &[])
}

/// The same, with what something outside found in the [`super::texts`] of the message.
///
/// # Errors
/// As [`scan`].
pub fn scan_with(
    text: &str,
    surface: &Surface,
    rules: &Rules,
    fields: &Fields,
    marks: &[Mark],
) -> Result<Findings, Fault> {
    if text.len() > limit::MESSAGE_MAX {
        return Err(Fault::TooLong);
    }
    let mut search = Search::new(rules, fields, surface, Seek::Detectors, text.len());
    search.message(text)?;
    let again = search.again;
    let (mut found, decoded) = (search.found, search.decoded);
    let hiding = || {
        let here = found.hiding(text).map(|(number, span)| (span.of(text), number));
        decoded.iter().map(|(value, number)| (&**value, *number)).chain(here)
    };
    // Most messages hold no copy, and a look at their bytes shows it.
    let none = hiding().next().is_none()
        || is_read_plainly(text, again)
            && !value::may_stand(text, hiding().map(|(value, _)| value), &found.known_places());
    let values = if none { Values::default() } else { hiding().collect() };
    if !values.is_empty() {
        let mut copies = Search::new(rules, fields, surface, Seek::Values(&values), text.len());
        copies.found = found;
        copies.message(text)?;
        found = copies.found;
    }
    if !marks.is_empty() {
        let mut marked = Search::new(rules, fields, surface, Seek::Marks(marks), text.len());
        marked.found = found;
        marked.message(text)?;
        found = marked.found;
    }
    Ok(found.settle())
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seek<'a> {
    Detectors,
    /// The texts themselves.
    Texts,
    /// What something outside found in them.
    Marks(&'a [Mark]),
    /// Copies of values that were found, by the number of the finding.
    Values(&'a Values),
}

pub(super) struct Search<'a> {
    pub(super) rules: &'a Rules,
    pub(super) fields: &'a Fields,
    surface: &'a Surface,
    pub(super) seek: Seek<'a>,
    /// Of [`Seek::Texts`].
    pub(super) texts: Vec<String>,
    /// Texts behind, of [`Seek::Marks`].
    pub(super) passed: usize,
    found: Found,
    /// Values whose copies do not show themselves and which do not stand in the message as they are, with the number of
    /// their finding.
    decoded: Vec<(Box<str>, u32)>,
    hits: Vec<Hit>,
    names: Cache,
    /// The name that was read last may be data.
    odd: bool,
    /// Bytes that may still be read again.
    again: usize,
}

/// A JSON document: the message, a part of it that is read again, or a text inside one of its strings.
#[derive(Clone, Copy)]
struct Document<'a> {
    text: &'a str,
    /// Where `text` begins in the document that spans count from, and how deep.
    base: usize,
    depth: usize,
    /// The pointer to the root of `text`.
    prefix: &'a str,
    parent: Option<Inside<'a>>,
    /// How many documents it is inside of.
    nesting: usize,
    /// Some text on the way was decoded.
    decoded: bool,
}

/// The part of a value that holds a document.
#[derive(Clone, Copy)]
struct Inside<'a> {
    here: &'a Here<'a>,
    span: Span,
    coding: Coding,
}

/// A value without parts, while it is looked at.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    document: &'a Document<'a>,
    /// None for a decoded text, which is no JSON.
    walk: Option<&'a Walk<'a>>,
    span: Span,
    shape: Shape,
}

/// What the place of a value says about it.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// What part of the message it is; none outside the surface.
    part: Option<Part>,
    active: Active,
    /// A rule names it, or something that it is in.
    field: Option<usize>,
    /// A member name on the way gives everything below it away.
    owner: Option<Id>,
    topics: Topics,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        rules: &'a Rules,
        fields: &'a Fields,
        surface: &'a Surface,
        seek: Seek<'a>,
        length: usize,
    ) -> Self {
        Self {
            rules,
            fields,
            surface,
            seek,
            texts: Vec::new(),
            passed: 0,
            found: Found::of(length),
            decoded: Vec::new(),
            hits: Vec::new(),
            names: rules.said.take(),
            odd: false,
            again: again(length),
        }
    }

    pub(super) fn message(&mut self, text: &str) -> Result<(), Fault> {
        let document =
            Document { text, base: 0, depth: 0, prefix: "", parent: None, nesting: 0, decoded: false };
        let (part, active) = self.surface.root();
        let place = Place { part, active, field: None, owner: None, topics: Topics::default() };
        let outcome = self.document(&document, place);
        self.rules.said.keep(std::mem::take(&mut self.names));
        outcome
    }

    /// Reads a document whose root has `place`.
    fn document(&mut self, document: &Document<'_>, place: Place) -> Result<(), Fault> {
        let mut walk = Walk::new(document.text, limit::DEPTH_MAX);
        let mut frames: Vec<Frame> = Vec::new();
        // How far each rule of a field has come, for each open container.
        let mut progress: Vec<Progress> = Vec::new();
        while let Some(step) = walk.step().map_err(Fault::Json)? {
            if let Step::Close(_, span) = step {
                if let Some(closed) = frames.pop() {
                    progress.truncate(frames.len() * self.fields.rules.len());
                    self.leave(document, &walk, &closed)?;
                    if let Some(around) = frames.last_mut() {
                        self.note(document, &walk, around, &closed, span)?;
                    }
                }
                continue;
            }
            let mut here = frames.last().map_or(place, |around| around.place);
            let role = self.enter(document, &walk, &frames, &mut here);
            if std::mem::take(&mut self.odd)
                && let Some(around) = frames.last()
            {
                self.name(document, &walk, around.place, here.part)?;
            }
            self.advance(document, &walk, &mut here, &mut progress);
            match step {
                Step::Open(kind, start) => frames.push(Frame::new(kind, start, here, role, &frames)),
                Step::Scalar(scalar) => {
                    progress.truncate(frames.len() * self.fields.rules.len());
                    let shape = match scalar.kind {
                        Kind::String => Shape::String { escaped: scalar.escaped },
                        _ => Shape::Bare,
                    };
                    let leaf = Here { document, walk: Some(&walk), span: scalar.span, shape };
                    let silent = here.part == Some(Part::Media) && is_media(document, frames.last_mut());
                    if !silent && scalar.kind != Kind::Null {
                        self.value(&leaf, here, scalar.kind)?;
                    }
                    if let Some(around) = frames.last_mut().filter(|_| role != Role::Plain) {
                        self.note_scalar(document, &walk, around, here, role, scalar.span);
                    }
                }
                Step::Close(..) => {}
            }
        }
        Ok(())
    }

    /// Appends how far each rule of a field has come at the value of the last step, and sees whether one arrived.
    fn advance(
        &self,
        document: &Document<'_>,
        walk: &Walk<'_>,
        here: &mut Place,
        progress: &mut Vec<Progress>,
    ) {
        let count = self.fields.rules.len();
        if count == 0 {
            return;
        }
        let around = progress.len().checked_sub(count);
        let taken = walk.path().next_back().map(|segment| match segment {
            Segment::Index(index) => Taken::Index(index),
            Segment::Key(key) => Taken::Name(member::name(document.text, key)),
        });
        for (at, (path, _)) in self.fields.rules.iter().enumerate() {
            let now = match (here.part, around, &taken) {
                (Some(Part::Document), _, _) => AT_ROOT,
                (Some(_), Some(around), Some(taken)) => path.advance(progress[around + at], taken),
                _ => 0,
            };
            progress.push(now);
            if path.arrived(now) {
                here.field = here.field.or(Some(at));
            }
        }
        // Below its root a document is data.
        if here.part == Some(Part::Document) {
            here.part = Some(Part::Data);
        }
    }
}

/// Whether every text that was read stands in the message byte for byte, signs with a short escape aside. `left` is what
/// may still be read again.
fn is_read_plainly(text: &str, left: usize) -> bool {
    let has = |escape: &str| memchr::memmem::find(text.as_bytes(), escape.as_bytes()).is_some();
    left == again(text.len()) && !has("\\u") && !has("\\/")
}

/// Bytes of a message of that length that may be read again.
fn again(length: usize) -> usize {
    length.saturating_mul(limit::AGAIN_PER_BYTE).saturating_add(limit::AGAIN_LEAST)
}

/// Whether base64 is that of a picture or of sound: the `type` beside it says so.
fn is_media(document: &Document<'_>, around: Option<&mut Frame>) -> bool {
    let Some(around) = around else { return false };
    if around.media.is_none() {
        let object = Value::walked(&document.text[around.start..], around.start);
        let kind = object.member("type").and_then(Value::text);
        around.media = Some(matches!(kind.as_deref(), Some("image" | "audio")));
    }
    around.media == Some(true)
}
