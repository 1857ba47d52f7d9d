//! What a scan found, without a copy of any value.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use crate::detect::Detector;
use crate::walk::Span;

/// Everything that was found in one message. Holds places, never values.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    pub(super) leaves: Vec<Leaf>,
    /// The pointers of the leaves, one after the other.
    pub(super) pointers: String,
    /// By leaf and place; none overlaps another.
    pub(super) list: Vec<Finding>,
}

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
    pub(super) span: Span,
    /// What else was found there, with less confidence.
    pub(super) under: Vec<Finding>,
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

/// A string, number or boolean in which something was found, or a text that was decoded out of one.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// The pointer from the root of its document, as a part of [`Findings::pointers`].
    pub(super) pointer: Span,
    /// In its document, quotes included.
    pub(super) span: Span,
    pub(super) shape: Shape,
    /// Where its document came from; none for the message.
    pub(super) parent: Option<Parent>,
}

/// How the text of a leaf is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Between quotes.
    String { escaped: bool },
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
    pub(super) span: Span,
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
    /// held it: a JSON document in a string adds its own pointer.
    pub fn pointer(&self, finding: &Finding) -> String {
        self.pointer_of(finding.leaf)
    }

    pub(super) fn pointer_of(&self, leaf: u32) -> String {
        let leaf = &self.leaves[leaf as usize];
        let own = leaf.pointer.of(&self.pointers);
        match leaf.parent {
            Some(parent) => self.pointer_of(parent.leaf) + own,
            None => own.to_owned(),
        }
    }
}

impl Finding {
    /// The name of the detector, or of the rule of somebody's own.
    pub fn name(&self) -> &str {
        self.custom.as_deref().unwrap_or(self.detector.name)
    }

    /// Where it begins in the decoded text of its leaf, in bytes.
    pub fn start(&self) -> usize {
        self.span.start
    }

    /// Where it ends in the decoded text of its leaf, in bytes.
    pub fn end(&self) -> usize {
        self.span.end
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}..{} of leaf {}", self.name(), self.span.start, self.span.end, self.leaf)
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
    index: HashMap<(Option<Parent>, usize), u32>,
    indexed: usize,
    /// The leaf asked for last: most have more than one finding, one after the other.
    last: Option<((Option<Parent>, usize), u32)>,
    list: Vec<Finding>,
}

impl Found {
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn get(&self, number: u32) -> &Finding {
        &self.list[number as usize]
    }

    /// The number of the leaf at `span` of the document that `parent` holds. When it is new, `point` appends its pointer.
    pub(super) fn leaf(
        &mut self,
        parent: Option<Parent>,
        span: Span,
        shape: Shape,
        point: impl FnOnce(&mut String),
    ) -> u32 {
        let key = (parent, span.start);
        if let Some((last, number)) = self.last
            && last == key
        {
            return number;
        }
        let fresh = parent.is_none() && self.furthest.is_none_or(|furthest| furthest < span.start);
        if parent.is_none() {
            self.furthest = self.furthest.max(Some(span.start));
        }
        let known = if fresh { None } else { self.known(key) };
        let number = known.unwrap_or_else(|| {
            let start = self.pointers.len();
            point(&mut self.pointers);
            let pointer = Span::new(start, self.pointers.len());
            self.leaves.push(Leaf { pointer, span, shape, parent });
            number(self.leaves.len() - 1)
        });
        self.last = Some((key, number));
        number
    }

    /// The number of the leaf at a place, if there is one.
    fn known(&mut self, place: (Option<Parent>, usize)) -> Option<u32> {
        for (at, leaf) in self.leaves.iter().enumerate().skip(self.indexed) {
            self.index.insert((leaf.parent, leaf.span.start), number(at));
        }
        self.indexed = self.leaves.len();
        self.index.get(&place).copied()
    }

    /// Where in the message the values stand that were found so far, in order. Only those in strings without escapes
    /// and in numbers of the message itself.
    pub(super) fn shown(&self) -> Vec<Span> {
        let shown = |finding: &Finding| {
            let leaf = &self.leaves[finding.leaf as usize];
            let inner = match leaf.shape {
                Shape::String { escaped: false } => leaf.span.start + 1,
                Shape::Bare => leaf.span.start,
                _ => return None,
            };
            leaf.parent.is_none().then(|| finding.span.shift(inner))
        };
        let mut shown: Vec<Span> = self.list.iter().filter_map(shown).collect();
        shown.sort_unstable();
        shown
    }

    pub(super) fn push(&mut self, finding: Finding) {
        self.list.push(finding);
    }

    /// Sorted, and what overlaps made one: the surer finding, then the longer one, stands for all.
    pub(super) fn settle(mut self) -> Findings {
        let place =
            |finding: &Finding| (finding.leaf, finding.span.start, std::cmp::Reverse(finding.span.end));
        // Mostly they are found in order, and a sort would take room first.
        if !self.list.is_sorted_by_key(place) {
            self.list.sort_by_key(place);
        }
        self.list.dedup_by(|finding, last| {
            if last.leaf != finding.leaf || !last.reaches(finding) {
                return false;
            }
            let same = std::ptr::eq(last.detector, finding.detector) && last.custom == finding.custom;
            if same {
                last.span.end = last.span.end.max(finding.span.end);
                return true;
            }
            if finding.rank() > last.rank() {
                std::mem::swap(last, finding);
                last.under = std::mem::take(&mut finding.under);
            }
            let weaker = Finding { under: Vec::new(), ..finding.clone() };
            last.under.push(weaker);
            true
        });
        Findings { leaves: self.leaves, pointers: self.pointers, list: self.list }
    }
}

/// There are fewer leaves than that: [`limit::FINDINGS_MAX`](super::limit::FINDINGS_MAX) bounds them.
fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Finding {
    /// The part that it covers, with what lies under it.
    pub(super) fn cover(&self) -> Span {
        let fold = |span: Span, under: &Self| {
            Span::new(span.start.min(under.span.start), span.end.max(under.span.end))
        };
        self.under.iter().fold(self.span, fold)
    }

    fn reaches(&self, next: &Self) -> bool {
        next.span.start < self.cover().end
    }

    fn rank(&self) -> (std::cmp::Reverse<Origin>, u8, usize) {
        (std::cmp::Reverse(self.origin), self.confidence, self.span.len())
    }
}
