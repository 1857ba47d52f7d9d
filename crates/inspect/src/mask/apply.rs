//! Masks what was found: from the innermost text outwards, until all that is left are splices of the message.
//!
//! Names of members are masked like values, but stay apart: two addresses in one object become `[email]` and `[email-2]`.

mod label;

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;

use super::finding::{Coding, Finding, Findings, Leaf, Shape};
use super::layer;
use super::marked::{KEPT, STARS};
use super::schema::{Fitter, Schema};
use super::token::Keys;
use crate::detect::Form;
use crate::text;
use crate::walk::Span;
use label::Labels;

/// Of values that are not longer a partial mask leaves nothing, in characters.
const PARTIAL_MIN: usize = 9;

/// A masked message: what to change in it, and an account of what was masked.
#[derive(Debug, Clone, Default)]
pub struct Masked {
    /// Splices of the message, in order and apart. The texts go in as they are.
    pub edits: Vec<(Span, String)>,
    /// One for each value that was masked, in the order of the message.
    pub receipts: Vec<Receipt>,
    /// Names of members that were masked, each with what stands in its place.
    names: HashMap<String, String>,
}

/// What was masked, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Where, as [`Findings::pointer`].
    pub pointer: String,
    /// The name of the detector, or of the rule of somebody's own.
    pub detector: String,
    /// The version of the detector.
    pub version: u8,
    /// The mask: `label`, `partial`, `token` or `drop`.
    pub form: &'static str,
    /// Length of the value in characters.
    pub length: usize,
    /// The pseudonym of the value.
    pub token: String,
}

impl Masked {
    /// These changes, in order and apart, without an account of them.
    pub fn of(edits: Vec<(Span, String)>) -> Self {
        Self { edits, ..Self::default() }
    }

    /// The message with its changes; itself when there are none.
    pub fn splice<'a>(&self, message: &'a str) -> Cow<'a, str> {
        if self.edits.is_empty() { Cow::Borrowed(message) } else { Cow::Owned(spliced(message, &self.edits)) }
    }
}

impl Masked {
    /// A JSON Pointer into the message as one into the masked message: names on the way that give something away are masked
    /// in it too.
    pub fn pointer(&self, pointer: &str) -> String {
        masked_pointer(pointer, &self.names)
    }
}

/// A change of a text.
type Edit = (Span, String);

impl Findings {
    /// Masks each finding in the form that `choose` says, and accounts for it. `message` is the one that was scanned.
    pub fn apply(&self, message: &str, keys: &Keys, choose: impl FnMut(&Finding) -> Form) -> Masked {
        let mut receipts = Vec::new();
        let (edits, names) = self.edits(message, keys, choose, None, Some(&mut receipts));
        if !names.is_empty() {
            for receipt in &mut receipts {
                receipt.pointer = masked_pointer(&receipt.pointer, &names);
            }
        }
        Masked { edits, receipts, names }
    }

    /// The same for a reader who needs no account of it, so that one document in the message keeps to its schema:
    /// `schema` says where the document is, as a JSON Pointer from the root of the message, and what it is. A value there
    /// whose mask the schema does not allow gets one that it does: a number stays a number, an enumeration gives its first
    /// member, a format an example. Where no such thing is found, the type stays. A name that the schema has stays too.
    pub fn show(
        &self,
        message: &str,
        keys: &Keys,
        choose: impl FnMut(&Finding) -> Form,
        schema: Option<(&str, &Schema)>,
    ) -> Masked {
        let (edits, names) = self.edits(message, keys, choose, schema, None);
        Masked { edits, receipts: Vec::new(), names }
    }

    fn edits(
        &self,
        message: &str,
        keys: &Keys,
        mut choose: impl FnMut(&Finding) -> Form,
        schema: Option<(&str, &Schema)>,
        mut account: Option<&mut Vec<Receipt>>,
    ) -> (Vec<Edit>, HashMap<String, String>) {
        let fitter = schema.map(|(root, schema)| Fitter::new(root, schema, message));
        let texts = self.texts(message);
        let mut outer = Vec::new();
        let mut edits: Vec<Vec<Edit>> = vec![Vec::new(); self.leaves.len()];
        let direct = if fitter.is_some() { Vec::new() } else { self.direct() };
        let mut labels = Labels::new(message);
        let mut mask = |finding: &Finding, form: Form| {
            let value = finding.span().of(&texts[finding.leaf as usize]);
            // Costs more than all else here, and is needed for few.
            let token = if account.is_some() || form == Form::Token {
                keys.token(finding.detector, finding.name(), value)
            } else {
                String::new()
            };
            let text = match form {
                Form::Plain | Form::Token => replacement(form, value, finding.name(), &token),
                _ if self.leaves[finding.leaf as usize].is_name() => labels.of(finding.name(), value),
                _ => replacement(form, value, finding.name(), &token),
            };
            let edit = (self.cover(finding), text);
            if let Some(account) = &mut account {
                account.push(self.receipt(message, finding, form, value, token));
            }
            edit
        };
        for finding in &self.list {
            let leaf = finding.leaf as usize;
            let named =
                self.leaves[leaf].is_name() && schema.is_some_and(|(_, schema)| schema.names(&texts[leaf]));
            if named {
                continue;
            }
            match choose(finding) {
                Form::Plain => {
                    let chosen = self.under(finding).map(|under| (under, choose(under)));
                    let masked = chosen.filter(|(_, form)| *form != Form::Plain);
                    edits[leaf].extend(masked.map(|(under, form)| mask(under, form)));
                }
                form => {
                    let (span, text) = mask(finding, form);
                    match direct.get(leaf).copied().flatten() {
                        Some(start) => outer.push((span.shift(start), text)),
                        None => edits[leaf].push((span, text)),
                    }
                }
            }
        }
        let (inner, names) = self.outwards(message, &texts, edits, fitter);
        outer.extend(inner);
        outer.sort_by_key(|edit| edit.0);
        (outer, names)
    }

    /// Changes of leaves as changes of the message, from the innermost on; and of names, what stands in their place.
    fn outwards(
        &self,
        message: &str,
        texts: &[Cow<'_, str>],
        mut edits: Vec<Vec<Edit>>,
        mut fitter: Option<Fitter<'_>>,
    ) -> (Vec<Edit>, HashMap<String, String>) {
        let (mut outer, mut names) = (Vec::new(), HashMap::new());
        for number in (0..self.leaves.len()).rev() {
            let changes = apart(std::mem::take(&mut edits[number]));
            if changes.is_empty() {
                continue;
            }
            let leaf = &self.leaves[number];
            if leaf.is_name() {
                names.insert(texts[number].to_string(), spliced(&texts[number], &changes));
            }
            match leaf.parent {
                None => {
                    let edits = leaf.outwards(message, &changes);
                    let kept = fitter.as_mut().filter(|_| !leaf.is_name()).and_then(|fitter| {
                        leaf.kept(
                            message,
                            &edits,
                            &self.pointer_of(message, u32::try_from(number).ok()?),
                            fitter,
                        )
                    });
                    outer.extend(kept.map_or(edits, |kept| vec![(leaf.span(), kept)]));
                }
                Some(parent) => {
                    let around = &texts[parent.leaf as usize];
                    let held = parent.span().of(around);
                    let changes = match parent.coding {
                        Coding::Json => leaf.outwards(held, &changes),
                        coding => recoded(coding, held, &texts[number], &changes),
                    };
                    let shifted =
                        changes.into_iter().map(|(span, text)| (span.shift(parent.span().start), text));
                    edits[parent.leaf as usize].extend(shifted);
                }
            }
        }
        (outer, names)
    }

    /// Where the text of each leaf begins in the message, if it stands there as it is and holds no other: then a change of
    /// one is a change of the message.
    fn direct(&self) -> Vec<Option<usize>> {
        let plain = |leaf: &Leaf| match leaf.shape {
            Shape::String { escaped: false } if leaf.parent.is_none() => Some(leaf.span().start + 1),
            _ => None,
        };
        let mut direct: Vec<Option<usize>> = self.leaves.iter().map(plain).collect();
        for parent in self.leaves.iter().filter_map(|leaf| leaf.parent) {
            direct[parent.leaf as usize] = None;
        }
        direct
    }

    fn receipt(&self, message: &str, finding: &Finding, form: Form, value: &str, token: String) -> Receipt {
        Receipt {
            pointer: self.pointer(message, finding),
            detector: finding.name().to_owned(),
            version: finding.detector.version,
            form: form.name(),
            length: value.chars().count(),
            token,
        }
    }

    /// The decoded text of each leaf.
    fn texts<'a>(&self, message: &'a str) -> Vec<Cow<'a, str>> {
        let mut texts: Vec<Cow<'a, str>> = Vec::with_capacity(self.leaves.len());
        for leaf in &self.leaves {
            let text = match leaf.parent {
                None => leaf.text(message),
                Some(parent) => {
                    // What holds a leaf was found before it.
                    let held = parent.span().of(&texts[parent.leaf as usize]);
                    Cow::Owned(match parent.coding {
                        Coding::Json => leaf.text(held).into_owned(),
                        coding => layer::decoded(coding, held).unwrap_or_default(),
                    })
                }
            };
            texts.push(text);
        }
        texts
    }
}

impl Leaf {
    /// Its text, decoded.
    fn text<'a>(&self, document: &'a str) -> Cow<'a, str> {
        match self.shape {
            Shape::String { escaped: true } | Shape::Name { escaped: true } => {
                text::unescape_lossy(self.span().unquoted().of(document))
            }
            Shape::String { escaped: false } | Shape::Name { escaped: false } => {
                Cow::Borrowed(self.span().unquoted().of(document))
            }
            Shape::Bare | Shape::Text => Cow::Borrowed(self.span().of(document)),
        }
    }

    /// Changes of its text as changes of its document. A number becomes a string.
    fn outwards(&self, document: &str, changes: &[Edit]) -> Vec<Edit> {
        let quoted = |text: &str| {
            let mut escaped = Vec::with_capacity(text.len());
            text::escape(text, &mut escaped);
            String::from_utf8(escaped).unwrap_or_default()
        };
        if self.shape == Shape::Bare {
            let text = changes.iter().map(|change| change.1.as_str()).collect::<String>();
            return vec![(
                self.span(),
                if text.is_empty() { "null".to_owned() } else { format!("\"{}\"", quoted(&text)) },
            )];
        }
        let inner = self.span().unquoted();
        let raw = inner.of(document);
        // Each goes on where the last one ended, so that the string is read once.
        let (mut raw_at, mut text_at) = (0, 0);
        let mut outer = Vec::with_capacity(changes.len());
        for (span, text) in changes {
            let range = match self.shape {
                Shape::String { escaped: true } | Shape::Name { escaped: true } => {
                    text::raw_range(&raw[raw_at..], span.start - text_at..span.end - text_at)
                }
                _ => span.start - text_at..span.end - text_at,
            };
            let span_outer = Span::new(raw_at + range.start, raw_at + range.end);
            (raw_at, text_at) = (span_outer.end, span.end);
            outer.push((span_outer.shift(inner.start), quoted(text)));
        }
        outer
    }
}

impl Leaf {
    /// What stands in the place of the whole of it, where its changes do not keep to a schema.
    fn kept(&self, message: &str, edits: &[Edit], pointer: &str, fitter: &mut Fitter<'_>) -> Option<String> {
        let own: Vec<Edit> = edits
            .iter()
            .map(|(span, text)| {
                (Span::new(span.start - self.span().start, span.end - self.span().start), text.clone())
            })
            .collect();
        let original = self.span().of(message);
        fitter.fit(pointer, original, &spliced(original, &own))
    }
}

/// Changes of a decoded text as changes of what it was decoded from.
fn recoded(coding: Coding, held: &str, decoded: &str, changes: &[Edit]) -> Vec<Edit> {
    if coding == Coding::Percent {
        let spans: Vec<Span> = changes.iter().map(|change| change.0).collect();
        let texts = changes.iter().map(|change| layer::encode(coding, &change.1, ""));
        return layer::percent_ranges(held, &spans).into_iter().zip(texts).collect();
    }
    vec![(Span::new(0, held.len()), layer::encode(coding, &spliced(decoded, changes), held))]
}

/// The changes in order; of those that overlap, the longest for all.
fn apart(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by_key(|edit| edit.0);
    let mut apart: Vec<Edit> = Vec::with_capacity(edits.len());
    for (span, text) in edits {
        match apart.last_mut() {
            Some(last) if span.start < last.0.end => {
                let longer = span.len() > last.0.len();
                last.0.end = last.0.end.max(span.end);
                if longer {
                    last.1 = text;
                }
            }
            _ => apart.push((span, text)),
        }
    }
    apart
}

/// A pointer whose steps are masked where they are among `names`.
fn masked_pointer(pointer: &str, names: &HashMap<String, String>) -> String {
    let mut steps = pointer.split('/');
    let mut out = steps.next().unwrap_or_default().to_owned();
    for step in steps {
        let name = step.replace("~1", "/").replace("~0", "~");
        out.push('/');
        out.push_str(
            &names
                .get(&name)
                .map_or_else(|| step.to_owned(), |masked| masked.replace('~', "~0").replace('/', "~1")),
        );
    }
    out
}

fn spliced(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (span, new) in edits {
        out.push_str(&text[at..span.start]);
        out.push_str(new);
        at = span.end;
    }
    out.push_str(&text[at..]);
    out
}

/// What stands in the place of a value. None of it needs an escape that the value did not have.
fn replacement(form: Form, value: &str, name: &str, token: &str) -> String {
    let label = || ["[", name, "]"].concat();
    match form {
        Form::Drop | Form::Plain => String::new(),
        Form::Token => token.to_owned(),
        Form::Label => label(),
        Form::Partial => {
            let chars = value.chars().count();
            if chars < PARTIAL_MIN {
                return label();
            }
            STARS.chars().chain(value.chars().skip(chars - KEPT)).collect()
        }
    }
}

#[cfg(test)]
mod tests;
