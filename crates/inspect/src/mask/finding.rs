//! What a scan found, without a copy of any value.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::iter::successors;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::limit;
use crate::detect::Detector;
use crate::walk::{Span, Walk, append_name};

/// Everything that was found in one message. Holds places, never values.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    pub(super) leaves: Vec<Leaf>,
    /// The parts of pointers, one after the other.
    pointers: String,
    /// By leaf and place; none overlaps another.
    pub(super) list: Vec<Finding>,
    /// What else was found where one of the list is, with less confidence: chains.
    under: Vec<Under>,
}

/// A finding below another, and the next below the same.
#[derive(Debug, Clone)]
struct Under {
    finding: Finding,
    next: Option<Number>,
}

/// A place in a list, counted from 1.
type Number = NonZeroU32;

/// One value that gives something away.
#[derive(Clone)]
pub struct Finding {
    /// What found it. Detectors of somebody's own share the entry `custom`, rules of fields without a built-in detector
    /// the entry `field`; their name is [`Finding::name`].
    pub detector: &'static Detector,
    /// From 0 to 100: see [`crate::detect::Need`].
    pub confidence: u8,
    /// Why it was looked at.
    pub origin: Origin,
    pub(super) custom: Option<Arc<str>>,
    pub(super) leaf: u32,
    /// In the decoded text of the leaf, in bytes.
    extent: Extent,
    /// The first that lies under it.
    under: Option<Number>,
    /// Copies of the value do not show themselves.
    hides: bool,
}

/// A [`Span`] in half the room. No text is longer: [`limit::MESSAGE_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Extent {
    start: u32,
    end: u32,
}

impl From<Span> for Extent {
    fn from(span: Span) -> Self {
        Self { start: number(span.start), end: number(span.end) }
    }
}

impl From<Extent> for Span {
    fn from(extent: Extent) -> Self {
        Self::new(extent.start as usize, extent.end as usize)
    }
}

/// Why a value was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// A rule names its place.
    Field,
    /// The name of a member gives it away.
    Key,
    /// What it looks like.
    Content,
    /// It was found elsewhere in the same message.
    Copy,
}

/// A string, number, boolean or name in which something was found, or a text that was decoded out of one.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// The pointer from the root of its document to what it stands in.
    around: Extent,
    /// The step from there.
    step: LastStep,
    /// In its document, quotes included.
    extent: Extent,
    pub(super) shape: Shape,
    /// Where its document came from; none for the message.
    pub(super) parent: Option<Parent>,
}

/// The step of a pointer that leads to a leaf.
#[derive(Debug, Clone, Copy)]
enum LastStep {
    /// Into the member whose name stands at that place of the message: written when somebody asks for it.
    Name(Extent),
    /// What stands at that place of the pointers.
    Written(Extent),
}

/// How the text of a leaf is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Between quotes.
    String { escaped: bool },
    /// Between quotes, and the name of a member.
    Name { escaped: bool },
    /// A number or boolean.
    Bare,
    /// Decoded text, which is no JSON.
    Text,
}

/// A document inside a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Parent {
    pub(super) leaf: u32,
    /// In the decoded text of that leaf.
    pub(super) extent: Extent,
    pub(super) coding: Coding,
}

/// How a text stands inside another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Coding {
    /// As it is; it is JSON.
    Json,
    Base64(Alphabet),
    Hex,
    Percent,
}

/// The two alphabets of RFC 4648.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Alphabet {
    Standard,
    Url,
}

impl Findings {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many values were found.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// What was found, in the order of the message.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.list.iter()
    }

    /// How many values each detector found.
    pub fn counts(&self) -> BTreeMap<&'static str, u32> {
        let mut counts = BTreeMap::new();
        for finding in &self.list {
            *counts.entry(finding.detector.name).or_insert(0) += 1;
        }
        counts
    }

    /// Where the value is, as a JSON Pointer (RFC 6901). Inside decoded text the way goes on after the pointer of what
    /// held it: a JSON document in a string adds its own pointer. `message` is the one that was scanned.
    pub fn pointer(&self, message: &str, finding: &Finding) -> String {
        self.pointer_of(message, finding.leaf)
    }

    pub(super) fn pointer_of(&self, message: &str, leaf: u32) -> String {
        let leaf = &self.leaves[leaf as usize];
        let parent = leaf.parent.map(|parent| self.pointer_of(message, parent.leaf));
        let mut pointer = parent.unwrap_or_default();
        let written = |part: Extent| Span::from(part).of(&self.pointers);
        pointer.push_str(written(leaf.around));
        match leaf.step {
            LastStep::Name(name) => append_name(Span::from(name).of(message), &mut pointer),
            LastStep::Written(step) => pointer.push_str(written(step)),
        }
        pointer
    }

    /// What lies under a finding.
    pub(super) fn under(&self, finding: &Finding) -> impl Iterator<Item = &Finding> {
        let under = |number: Number| &self.under[number.get() as usize - 1];
        successors(finding.under.map(under), move |last| last.next.map(under)).map(|under| &under.finding)
    }

    /// The part that a finding covers, with what lies under it.
    pub(super) fn cover(&self, finding: &Finding) -> Span {
        let fold =
            |span: Span, under: &Finding| Span::new(span.start.min(under.start()), span.end.max(under.end()));
        self.under(finding).fold(finding.span(), fold)
    }
}

impl Parent {
    /// In the decoded text of its leaf.
    pub(super) fn span(self) -> Span {
        self.extent.into()
    }
}

impl Leaf {
    /// Whether it is the name of a member.
    pub(super) fn is_name(&self) -> bool {
        matches!(self.shape, Shape::Name { .. })
    }

    /// In its document, quotes included.
    pub(super) fn span(&self) -> Span {
        self.extent.into()
    }
}

impl Finding {
    /// The name of the detector, or of the rule of somebody's own.
    pub fn name(&self) -> &str {
        self.custom.as_deref().unwrap_or(self.detector.name)
    }

    /// Where it begins in the decoded text of its leaf, in bytes.
    pub fn start(&self) -> usize {
        self.extent.start as usize
    }

    /// Where it ends in the decoded text of its leaf, in bytes.
    pub fn end(&self) -> usize {
        self.extent.end as usize
    }

    /// In the decoded text of its leaf.
    pub(super) fn span(&self) -> Span {
        self.extent.into()
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}..{} of leaf {}", self.name(), self.start(), self.end(), self.leaf)
    }
}

/// Findings while they are collected.
#[derive(Debug, Default)]
pub(super) struct Found {
    leaves: Vec<Leaf>,
    pointers: String,
    /// Where the furthest leaf of the message begins. In the order of the message every leaf is a new one.
    furthest: Option<usize>,
    /// The first leaves, by their places: made when one may be known already.
    index: HashMap<Spot, u32>,
    indexed: usize,
    /// The leaf asked for last: most have more than one finding, one after the other.
    last: Option<(Spot, u32)>,
    /// What the leaf asked for last stands in, and the pointer to it: most have neighbours.
    around: Option<(Spot, Extent)>,
    list: Vec<Finding>,
    /// Length of the message.
    length: usize,
}

/// Findings from which on room is made for those to come.
const MANY: usize = 64;

/// Where something begins, in which document.
type Spot = (Option<Parent>, usize);

/// The way to a leaf, while it is known: to its document, and in it; none in a decoded text, which is no JSON.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) prefix: &'a str,
    /// Where the document begins in that which spans count from.
    pub(super) base: usize,
    pub(super) walk: Option<&'a Walk<'a>>,
}

impl Way<'_> {
    /// Where that begins which the leaf stands in; none when its document is nothing but the leaf.
    fn around(&self) -> Option<usize> {
        Some(self.walk?.around_start()? + self.base)
    }

    /// Appends the pointer to that.
    fn append_around(&self, pointers: &mut String) {
        pointers.push_str(self.prefix);
        if let Some(walk) = self.walk {
            walk.append_around(pointers);
        }
    }

    /// Where the name stands that the step from there leads to.
    fn name(&self) -> Option<Span> {
        Some(self.walk?.key()?.span.shift(self.base))
    }

    /// Appends the step from there.
    fn append_step(&self, pointers: &mut String) {
        if let Some(walk) = self.walk {
            walk.append_step(pointers);
        }
    }
}

impl Found {
    /// For a message of that length.
    pub(super) fn of(length: usize) -> Self {
        Self { length, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn get(&self, number: u32) -> &Finding {
        &self.list[number as usize]
    }

    /// The number of the leaf at `span` of the document that `parent` holds.
    pub(super) fn leaf(&mut self, parent: Option<Parent>, span: Span, shape: Shape, way: Way<'_>) -> u32 {
        let spot = (parent, span.start);
        if let Some((last, number)) = self.last
            && last == spot
        {
            return number;
        }
        let fresh = parent.is_none() && self.furthest.is_none_or(|furthest| furthest < span.start);
        if parent.is_none() {
            self.furthest = self.furthest.max(Some(span.start));
        }
        let known = if fresh { None } else { self.known(spot) };
        let number = known.unwrap_or_else(|| {
            let around = self.around(parent, way);
            let step = self.step(parent, way);
            self.leaves.push(Leaf { around, step, extent: span.into(), shape, parent });
            number(self.leaves.len() - 1)
        });
        self.last = Some((spot, number));
        number
    }

    /// The pointer to what a new leaf stands in.
    fn around(&mut self, parent: Option<Parent>, way: Way<'_>) -> Extent {
        let spot = way.around().map(|at| (parent, at));
        if let Some((last, around)) = self.around
            && Some(last) == spot
        {
            return around;
        }
        let start = self.pointers.len();
        way.append_around(&mut self.pointers);
        let around = Span::new(start, self.pointers.len()).into();
        self.around = spot.map(|spot| (spot, around));
        around
    }

    /// The step from there.
    fn step(&mut self, parent: Option<Parent>, way: Way<'_>) -> LastStep {
        if let Some(name) = way.name().filter(|_| parent.is_none()) {
            return LastStep::Name(name.into());
        }
        let start = self.pointers.len();
        way.append_step(&mut self.pointers);
        LastStep::Written(Span::new(start, self.pointers.len()).into())
    }

    /// The number of the leaf at a place, if there is one.
    fn known(&mut self, spot: Spot) -> Option<u32> {
        for (at, leaf) in self.leaves.iter().enumerate().skip(self.indexed) {
            self.index.insert((leaf.parent, leaf.span().start), number(at));
        }
        self.indexed = self.leaves.len();
        self.index.get(&spot).copied()
    }

    /// Where in the message the values stand that were found so far, if they stand there as they are: in strings without
    /// escapes and in numbers of the message itself. `which` says of which findings.
    fn shown(&self, which: impl Fn(&Finding) -> bool) -> impl Iterator<Item = (u32, Span)> {
        (0..).zip(&self.list).filter(move |(_, finding)| which(finding)).filter_map(|(number, finding)| {
            let leaf = &self.leaves[finding.leaf as usize];
            let inner = match leaf.shape {
                Shape::String { escaped: false } | Shape::Name { escaped: false } => leaf.span().start + 1,
                Shape::Bare => leaf.span().start,
                _ => return None,
            };
            leaf.parent.is_none().then(|| (number, finding.span().shift(inner)))
        })
    }

    /// Where in the message all values stand that stand there as they are, in order.
    pub(super) fn known_places(&self) -> Vec<Extent> {
        let mut places: Vec<Extent> = self.shown(|_| true).map(|(_, span)| span.into()).collect();
        if !places.is_sorted() {
            places.sort_unstable();
        }
        places
    }

    /// The values whose copies do not show themselves, as far as they stand in the message as they are, each with the
    /// number of its finding. Space around one is no part of it.
    pub(super) fn hiding(&self, message: &str) -> impl Iterator<Item = (u32, Span)> {
        self.shown(|finding| finding.hides).map(|(number, span)| {
            let text = span.of(message);
            let start = span.start + text.len() - text.trim_start().len();
            (number, Span::new(start, start + text.trim().len()))
        })
    }

    pub(super) fn push(&mut self, finding: Finding) {
        if self.list.len() == self.list.capacity() && self.list.len() >= MANY {
            self.make_room();
        }
        self.list.push(finding);
    }

    /// Room for as many as there will be if the rest of the message is like what was read: lists that double when they
    /// are full touch twice the memory.
    fn make_room(&mut self) {
        let read = self.furthest.unwrap_or(0).max(1);
        let more = |so_far: usize| {
            let all = so_far.saturating_mul(self.length) / read;
            (all + all / 16).min(limit::FINDINGS_MAX).saturating_sub(so_far).max(so_far / 2)
        };
        let (list, leaves) = (more(self.list.len()), more(self.leaves.len()));
        self.list.reserve_exact(list);
        self.leaves.reserve_exact(leaves);
    }

    /// Sorted, and what overlaps made one: the surer finding, then the longer one, stands for all.
    pub(super) fn settle(mut self) -> Findings {
        let place =
            |finding: &Finding| (finding.leaf, finding.extent.start, std::cmp::Reverse(finding.extent.end));
        // Mostly they are found in order, and a sort would take room first.
        if !self.list.is_sorted_by_key(place) {
            self.list.sort_by_key(place);
        }
        let mut under: Vec<Under> = Vec::new();
        // How far the last one reaches with what lies under it, and the last of those.
        let (mut reach, mut tail) = (self.list.first().map_or(0, |first| first.extent.end), None);
        self.list.dedup_by(|finding, last| {
            if last.leaf != finding.leaf || finding.extent.start >= reach {
                (reach, tail) = (finding.extent.end, None);
                return false;
            }
            reach = reach.max(finding.extent.end);
            if std::ptr::eq(last.detector, finding.detector) && last.custom == finding.custom {
                last.extent.end = last.extent.end.max(finding.extent.end);
                return true;
            }
            if finding.rank() > last.rank() {
                std::mem::swap(last, finding);
                last.under = finding.under.take();
            }
            under.push(Under { finding: finding.clone(), next: None });
            let added = Number::new(number(under.len()));
            match tail.replace(under.len() - 1) {
                None => last.under = added,
                Some(before) => under[before].next = added,
            }
            true
        });
        Findings { leaves: self.leaves, pointers: self.pointers, list: self.list, under }
    }
}

/// No message is longer, and no list either.
fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Finding {
    /// A finding by itself.
    pub(super) fn new(
        (detector, custom): (&'static Detector, Option<Arc<str>>),
        (leaf, span): (u32, Span),
        (confidence, origin): (u8, Origin),
    ) -> Self {
        Self { detector, confidence, origin, custom, leaf, extent: span.into(), under: None, hides: false }
    }

    /// The same, whose copies do not show themselves.
    pub(super) fn hiding(self) -> Self {
        Self { hides: true, ..self }
    }

    fn rank(&self) -> (std::cmp::Reverse<Origin>, u8, usize) {
        (std::cmp::Reverse(self.origin), self.confidence, self.span().len())
    }
}
