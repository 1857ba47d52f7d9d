//! One value without parts: its place first, then what it looks like, then what is inside it.

use std::cmp::Reverse;

use super::{Document, Here, Inside, Place, Search, Seek};
use crate::detect::Class;
use crate::detect::scan::SURE;
use crate::mask::Fault;
use crate::mask::finding::{Coding, Finding, Origin, Parent, Shape, Way};
use crate::mask::rules::Owner;
use crate::mask::surface::Part;
use crate::mask::{fold, layer, limit, marked};
use crate::text;
use crate::value::Value;
use crate::walk::{Kind, Span, Walk};

/// Shortest text that any detector finds something in.
const TEXT_MIN: usize = 5;
/// Bytes of a word that a value takes in beyond its own ends.
const WORD_MAX: usize = 64;

impl Search<'_> {
    /// Looks at a string, number or boolean.
    pub(super) fn value(&mut self, here: &Here<'_>, place: Place, kind: Kind) -> Result<(), Fault> {
        let Some(part) = place.part.filter(|part| *part != Part::Structure) else { return Ok(()) };
        let document = here.document.text;
        let text = match here.shape {
            Shape::String { escaped: true } => text::unescape_lossy(here.span.unquoted().of(document)),
            Shape::String { escaped: false } => here.span.unquoted().of(document).into(),
            _ => here.span.of(document).into(),
        };
        if self.by_place(here, place, kind, &text)? || kind == Kind::Boolean {
            return Ok(());
        }
        if kind == Kind::Number {
            return self.number(here, place, &text);
        }
        let blob = matches!(part, Part::Blob | Part::Media);
        if let Some((alphabet, decoded)) = blob.then(|| layer::base64(&text)).flatten() {
            let span = Span::new(0, text.len());
            return self.inside(here, place, span, Coding::Base64(alphabet), &decoded);
        }
        self.content(here, place, &text)
    }

    /// Whether the place of a value says enough about it.
    fn by_place(&mut self, here: &Here<'_>, place: Place, kind: Kind, text: &str) -> Result<bool, Fault> {
        let fields = self.fields;
        let whole = Span::new(0, text.len());
        let copies = !matches!(self.seek, Seek::Detectors);
        if let Some(field) = place.field {
            if !copies && !text.is_empty() && !marked::is_mask(text, self.rules, fields) {
                self.report(here, text, whole, &fields.rules[field].1, SURE, Origin::Field)?;
            }
            return Ok(true);
        }
        let Some(id) = place.owner else { return Ok(false) };
        let owner = &self.rules.owners[usize::from(id)];
        let telling = kind != Kind::Boolean || owner.detector.class == Class::Health;
        if !telling || owner.threshold > SURE || !(owner.detector.check)(text) || self.rules.allows(text) {
            return Ok(false);
        }
        if !copies && !marked::is_mask(text, self.rules, fields) {
            self.report(here, text, whole, owner, SURE, Origin::Key)?;
        }
        Ok(true)
    }

    /// Looks at the name of the value of the last step: in a map from addresses to people it is data. `around` is the
    /// place of the object.
    pub(super) fn name(
        &mut self,
        document: &Document<'_>,
        walk: &Walk<'_>,
        around: Place,
        part: Option<Part>,
    ) -> Result<(), Fault> {
        let Some(key) = walk.key() else { return Ok(()) };
        let text = super::member::name(document.text, key);
        let span = Span::new(key.span.start - 1, key.span.end + 1);
        let here = Here { document, walk: Some(walk), span, shape: Shape::Name { escaped: key.escaped } };
        self.content(&here, Place { part, field: None, owner: None, ..around }, &text)
    }

    fn number(&mut self, here: &Here<'_>, place: Place, text: &str) -> Result<(), Fault> {
        if text.len() < TEXT_MIN || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(());
        }
        match self.seek {
            Seek::Texts | Seek::Marks(_) => Ok(()),
            Seek::Values(_) => self.copies(here, text),
            Seek::Detectors => {
                let mut hits = std::mem::take(&mut self.hits);
                self.rules.engine.find_integer(text, place.topics, &mut hits);
                // A part of a number is no value.
                hits.retain(|hit| hit.span == Span::new(0, text.len()));
                self.take(here, text, hits, |span| span)
            }
        }
    }

    /// Looks for what a text shows, and into what it holds.
    fn content(&mut self, here: &Here<'_>, place: Place, text: &str) -> Result<(), Fault> {
        let outside = matches!(self.seek, Seek::Texts | Seek::Marks(_));
        if !outside && text.len() < TEXT_MIN || place.topics.is_empty() && plain(text) {
            return Ok(());
        }
        let document = here.document;
        if holds_json(text) && document.nesting < limit::NESTING_MAX {
            self.read_again(text.len())?;
            if Value::parse(text, limit::DEPTH_MAX).is_ok() {
                let inside = Inside { here, span: Span::new(0, text.len()), coding: Coding::Json };
                let place = Place { part: Some(Part::Document), active: 0, ..place };
                return self.document(&document.inside(inside, text), place);
            }
        }
        if outside {
            self.outside(here, text)?;
        } else if let Seek::Values(_) = self.seek {
            self.copies(here, text)?;
        } else {
            let mut hits = std::mem::take(&mut self.hits);
            let seen = self.rules.engine.find(text, place.topics, &mut hits);
            self.take(here, text, hits, |span| span)?;
            self.named(here, place, text, seen)?;
            if let Some(folded) = (!text.is_ascii()).then(|| fold::fold(text)).flatten() {
                self.read_again(text.len())?;
                let mut hits = std::mem::take(&mut self.hits);
                self.rules.engine.find(&folded.text, place.topics, &mut hits);
                self.take(here, text, hits, |span| folded.original(text, span))?;
            }
        }
        if document.decoded { Ok(()) } else { self.layers(here, place, text) }
    }

    /// Looks into what is encoded in a text.
    fn layers(&mut self, here: &Here<'_>, place: Place, text: &str) -> Result<(), Fault> {
        if let Some(decoded) = layer::percent(text) {
            self.inside(here, place, Span::new(0, text.len()), Coding::Percent, &decoded)?;
        }
        let mut outcome = Ok(());
        layer::runs(text, |span, coding, decoded| {
            if outcome.is_ok() {
                outcome = self.inside(here, place, span, coding, &decoded);
            }
        });
        outcome
    }

    /// Looks at a text that was decoded from the part of `here` at `span`.
    fn inside(
        &mut self,
        here: &Here<'_>,
        place: Place,
        span: Span,
        coding: Coding,
        text: &str,
    ) -> Result<(), Fault> {
        self.read_again(text.len())?;
        let document =
            Document { decoded: true, ..here.document.inside(Inside { here, span, coding }, text) };
        let span = Span::new(0, text.len());
        self.content(&Here { document: &document, walk: None, span, shape: Shape::Text }, place, text)
    }

    /// Reports copies of values that were found elsewhere.
    fn copies(&mut self, here: &Here<'_>, text: &str) -> Result<(), Fault> {
        let Seek::Values(values) = self.seek else { return Ok(()) };
        let mut copies = Vec::new();
        values.find(text, |span, known_by| copies.push((span, known_by)));
        for (span, known_by) in copies {
            let known = self.found.get(known_by);
            let owner =
                Owner { detector: known.detector, custom: known.custom.clone(), threshold: 0, copies: false };
            self.report(here, text, span, &owner, SURE, Origin::Copy)?;
        }
        Ok(())
    }

    /// Reports what the detectors found; `original` leads from a folded text back to `text`.
    pub(super) fn take(
        &mut self,
        here: &Here<'_>,
        text: &str,
        mut hits: Vec<crate::detect::scan::Hit>,
        original: impl Fn(Span) -> Span,
    ) -> Result<(), Fault> {
        let rules = self.rules;
        for hit in &mut hits {
            hit.span = whole_word(text, original(hit.span));
        }
        // In the order of the list that they become part of.
        hits.sort_by_key(|hit| (hit.span.start, Reverse(hit.span.end)));
        for hit in hits.drain(..) {
            let owner = &rules.owners[usize::from(hit.id)];
            let let_through = hit.confidence < owner.threshold
                || hit.span.is_empty()
                || rules.allows(hit.span.of(text))
                || marked::holds_mask(text, hit.span, rules, self.fields);
            if !let_through {
                self.report(here, text, hit.span, owner, hit.confidence, Origin::Content)?;
            }
        }
        self.hits = hits;
        Ok(())
    }

    pub(in crate::mask) fn report(
        &mut self,
        here: &Here<'_>,
        text: &str,
        span: Span,
        owner: &Owner,
        confidence: u8,
        origin: Origin,
    ) -> Result<(), Fault> {
        if self.found.len() >= limit::FINDINGS_MAX {
            return Err(Fault::TooMany);
        }
        let leaf = self.leaf(here);
        let found = (owner.detector, owner.custom.clone());
        let mut finding = Finding::new(found, (leaf, span), (confidence, origin));
        if owner.copies && matches!(self.seek, Seek::Detectors) {
            if here.stands_plainly() {
                finding = finding.hiding();
            } else {
                let number = u32::try_from(self.found.len()).unwrap_or(u32::MAX);
                self.decoded.push((span.of(text).trim().into(), number));
            }
        }
        self.found.push(finding);
        Ok(())
    }

    /// The number of the leaf, and of those that it is inside of.
    fn leaf(&mut self, here: &Here<'_>) -> u32 {
        let document = here.document;
        let parent = document.parent.map(|inside| Parent {
            leaf: self.leaf(inside.here),
            extent: inside.span.into(),
            coding: inside.coding,
        });
        let span = here.span.shift(document.base);
        let way = Way { prefix: document.prefix, base: document.base, walk: here.walk };
        self.found.leaf(parent, span, here.shape, way)
    }
}

impl Here<'_> {
    /// Whether its text stands in the message as it is.
    fn stands_plainly(&self) -> bool {
        let plain = matches!(
            self.shape,
            Shape::String { escaped: false } | Shape::Name { escaped: false } | Shape::Bare
        );
        plain && self.document.parent.is_none()
    }
}

impl<'a> Document<'a> {
    /// A document that is inside this one.
    fn inside(&self, inside: Inside<'a>, text: &'a str) -> Document<'a> {
        Document {
            text,
            base: 0,
            depth: 0,
            prefix: "",
            parent: Some(inside),
            nesting: self.nesting + 1,
            decoded: self.decoded,
        }
    }
}

/// A value with the rest of the words it begins and ends in, so that a mask never stands in the middle of one.
fn whole_word(text: &str, span: Span) -> Span {
    let bytes = text.as_bytes();
    let word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    if span.is_empty() {
        return span;
    }
    let before = bytes[..span.start].iter().rev().take(WORD_MAX).take_while(word).count();
    let after = bytes[span.end..].iter().take(WORD_MAX).take_while(word).count();
    let first = bytes.get(span.start).is_some_and(|byte| word(&byte));
    let last = bytes.get(span.end - 1).is_some_and(|byte| word(&byte));
    Span::new(span.start - if first { before } else { 0 }, span.end + if last { after } else { 0 })
}

/// Whether a text looks like a JSON object or array.
fn holds_json(text: &str) -> bool {
    if !matches!(text.as_bytes().first(), Some(b'{' | b'[' | b' ' | b'\t' | b'\r' | b'\n')) {
        return false;
    }
    let text = text.trim_matches([' ', '\t', '\r', '\n']).as_bytes();
    matches!((text.first(), text.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
}

/// Whether a text is an identifier, a digest or a time, which resemble numbers that people have.
fn plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Counted without a way out in the middle: the loop vectorises.
    let others = || bytes.iter().map(|byte| usize::from(!byte.is_ascii_hexdigit())).sum::<usize>();
    let uuid = || [8, 13, 18, 23].iter().all(|at| bytes[*at] == b'-') && others() == 4;
    let time = || {
        bytes[4] == b'-'
            && bytes[7] == b'-'
            && bytes[..4].iter().all(u8::is_ascii_digit)
            && bytes[8..].iter().all(|byte| byte.is_ascii_digit() || b":TZ.+- ".contains(byte))
    };
    match bytes.len() {
        36 if uuid() => true,
        32 | 40 | 64 | 96 | 128 => others() == 0,
        10..=35 => time(),
        _ => false,
    }
}
