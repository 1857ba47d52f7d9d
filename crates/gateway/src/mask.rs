//! What may be kept and shown: one scan of a message finds what gives something away, then each reader of the message
//! gets it in the form that policy allows. The record always gets the strictest.
//!
//! [`Redacted`] has no public constructor: what was not masked cannot be recorded.

mod opaque;
mod setting;

use std::collections::{BTreeMap, HashMap};

use aws_lc_rs::hmac;
use bytes::Bytes;
use inspect::detect::Form;
use inspect::mask::{
    self, Fault, Fields, Finding, Findings, Keys, Mark, Part, Receipt, Rules, Schema, Surface,
};
use inspect::walk::Span;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::config::{Masking, ServerConfig};
use crate::mcp::method::{COMMON_PARTS, METHODS, Row};
use crate::mcp::splice::Splice;

pub use opaque::Kind;
use opaque::Opaque;
use setting::ToolFields;
pub use setting::{MaskError, rules};

/// Something that went through the mask. Only this may be recorded.
#[derive(Debug, Clone)]
pub struct Redacted<T> {
    inner: T,
    redactions: BTreeMap<String, u32>,
    receipts: Vec<Receipt>,
}

impl<T> Redacted<T> {
    /// The masked content.
    pub fn get(&self) -> &T {
        &self.inner
    }

    /// How many values each detector masked.
    pub fn redactions(&self) -> &BTreeMap<String, u32> {
        &self.redactions
    }

    /// Where each value was, and what stands for it. Never the value.
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    fn accounted(inner: T, receipts: Vec<Receipt>) -> Self {
        let mut redactions = BTreeMap::new();
        for receipt in &receipts {
            *redactions.entry(receipt.detector.clone()).or_insert(0) += 1;
        }
        Self { inner, redactions, receipts }
    }
}

/// Whose message is looked at, and of which kind.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The row of its method; of a response, that of the request it answers.
    pub row: Option<&'static Row>,
    /// Configured name of the server.
    pub server: &'a str,
    /// The tool that is called, or that answers.
    pub tool: Option<&'a str>,
    /// Recording session: pseudonyms of values that could be guessed are the same only within one.
    pub session: Uuid,
}

/// The message cannot be judged: nested or filled beyond what is looked through. It must not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message cannot be looked through: {0}")]
pub struct Unread(Fault);

/// What the gateway looks for, and under which key pseudonyms are made. One for the process.
pub struct Mask {
    rules: Rules,
    /// By position in [`METHODS`].
    surfaces: Vec<Surface>,
    /// Of a method that has no row.
    everything: Surface,
    /// Of a definition in a list.
    definition: Surface,
    tools: HashMap<String, Vec<ToolFields>>,
    no_fields: Fields,
    key: hmac::Key,
    kid: String,
    /// Pseudonyms that last.
    lasting: Zeroizing<[u8; 32]>,
}

/// The parts of a definition of a tool or prompt.
const DEFINITION: [(&str, Part); 4] = [
    ("", Part::Data),
    ("/name", Part::Structure),
    ("/inputSchema", Part::Schema),
    ("/outputSchema", Part::Schema),
];

/// A message that was looked through. Its `Debug` shows no byte of it.
pub struct Found {
    message: Bytes,
    findings: Findings,
    /// What nobody can look into.
    opaque: Vec<Opaque>,
    /// No recognizer looked at it although one should have.
    unrecognized: bool,
    /// For pseudonyms of what was found.
    keys: Keys,
}

impl Mask {
    /// Compiles what the configuration says. `key` is for pseudonyms alone.
    ///
    /// # Errors
    /// The first setting that makes no sense, for the operator.
    pub fn new(masking: &Masking, servers: &[ServerConfig], key: hmac::Key) -> Result<Self, MaskError> {
        let surface = |row: &Row| Surface::new(COMMON_PARTS.iter().chain(row.parts).copied());
        let kid = secret(&key, b"kid", &[]);
        Ok(Self {
            rules: setting::rules(masking)?,
            surfaces: METHODS.iter().map(surface).collect(),
            everything: Surface::new(COMMON_PARTS.iter().copied()),
            definition: Surface::new(DEFINITION.iter().copied()),
            tools: setting::tools(servers)?,
            no_fields: Fields::default(),
            kid: kid[..4].iter().map(|byte| format!("{byte:02x}")).collect(),
            lasting: secret(&key, b"lasting", &[]),
            key,
        })
    }

    /// Looks through a message; an empty one holds nothing.
    ///
    /// # Errors
    /// [`Unread`]: it must not be passed on.
    pub fn scan(&self, subject: Subject<'_>, message: &Bytes) -> Result<Found, Unread> {
        self.scan_with(subject, message, &[])
    }

    /// The same, with what a recognizer found in the [`Mask::texts`] of the message.
    ///
    /// # Errors
    /// [`Unread`], as [`Mask::scan`].
    pub fn scan_with(&self, subject: Subject<'_>, message: &Bytes, marks: &[Mark]) -> Result<Found, Unread> {
        let (findings, opaque) = if message.is_empty() {
            (Findings::default(), Vec::new())
        } else {
            let (surface, fields) = self.about(subject);
            let findings =
                mask::scan_with(text(message), surface, &self.rules, fields, marks).map_err(Unread)?;
            (findings, opaque::find(text(message), subject.row).ok_or(Unread(Fault::TooMany))?)
        };
        Ok(Found { opaque, ..self.found(message, findings, subject.session) })
    }

    /// The texts of a message in which words may stand, for a recognizer.
    ///
    /// # Errors
    /// [`Unread`], as [`Mask::scan`].
    pub fn texts(&self, subject: Subject<'_>, message: &Bytes) -> Result<Vec<String>, Unread> {
        if message.is_empty() {
            return Ok(Vec::new());
        }
        let (surface, fields) = self.about(subject);
        mask::texts(text(message), surface, &self.rules, fields).map_err(Unread)
    }

    /// What is data in a message, and what the operator said about it.
    fn about(&self, subject: Subject<'_>) -> (&Surface, &Fields) {
        let row = subject.row.and_then(|row| METHODS.binary_search_by(|one| one.name.cmp(row.name)).ok());
        let surface = row.map_or(&self.everything, |row| &self.surfaces[row]);
        (surface, setting::fields(&self.tools, subject).unwrap_or(&self.no_fields))
    }

    /// The message as one reader gets it: each value in the form that `choose` says. The same bytes when nothing
    /// changes. The document at the pointer of `schema` keeps to it: see [`Findings::show`].
    pub fn show(
        &self,
        found: &Found,
        choose: impl FnMut(&Finding) -> Form,
        schema: Option<(&str, &Schema)>,
    ) -> Bytes {
        let edits = found.findings.show(text(&found.message), &found.keys, choose, schema).edits;
        found.spliced(edits.into_iter())
    }

    /// The message as it is recorded: everything masked, and what nobody can look into as its hash.
    pub fn record(&self, found: &Found) -> Redacted<Bytes> {
        let mut masked = found.findings.apply(text(&found.message), &found.keys, |_| Form::Label);
        let mut receipts = std::mem::take(&mut masked.receipts);
        let opaque = found.opaque.iter().map(Opaque::hashed);
        receipts.extend(found.opaque.iter().map(|part| {
            let receipt = part.receipt();
            Receipt { pointer: masked.pointer(&receipt.pointer), ..receipt }
        }));
        receipts.extend(found.unrecognized.then(unrecognized));
        Redacted::accounted(found.spliced(masked.edits.into_iter().chain(opaque)), receipts)
    }

    /// An answer that passes without being looked at, as it is recorded: its length and its hash.
    pub fn unread(&self, message: &Bytes) -> Redacted<Bytes> {
        let whole = Opaque::whole(text(message));
        Redacted::accounted(whole.document(), vec![whole.receipt()])
    }

    /// A document of the gateway's own with somebody's words in it, as it is recorded. One that cannot be looked through
    /// is recorded as its hash.
    pub fn document(&self, document: &Bytes) -> Redacted<Bytes> {
        match mask::scan(text(document), &Surface::document(), &self.rules, &self.no_fields) {
            Ok(findings) => self.record(&self.found(document, findings, Uuid::nil())),
            Err(_) => Redacted {
                inner: opaque::hash(text(document)).into(),
                redactions: BTreeMap::new(),
                receipts: Vec::new(),
            },
        }
    }

    /// Whether a text that comes beside a message, such as the id of a session, gives nothing away that these detectors do
    /// not look for.
    pub fn passes(&self, text: &str, beside: &[&str]) -> bool {
        let document = serde_json::Value::from(text).to_string();
        let found = mask::scan(&document, &Surface::document(), &self.rules, &self.no_fields);
        found.is_ok_and(|findings| findings.iter().all(|finding| beside.contains(&finding.name())))
    }

    /// A sentence that somebody wrote for the record, as it is kept; one that cannot be looked through as its hash.
    pub fn sentence(&self, sentence: &str) -> String {
        let document = self.document(&serde_json::json!({ "said": sentence }).to_string().into());
        let kept: serde_json::Value = serde_json::from_slice(document.get()).unwrap_or_default();
        kept["said"].as_str().or(kept.as_str()).unwrap_or_default().to_owned()
    }

    /// A definition of an upstream's, as it is kept: an upstream that writes a secret into a description gives it away.
    pub fn definition(&self, definition: &str) -> String {
        match mask::scan(definition, &self.definition, &self.rules, &self.no_fields) {
            Ok(findings) if findings.is_empty() => definition.to_owned(),
            Ok(findings) => {
                let found = self.found(&Bytes::copy_from_slice(definition.as_bytes()), findings, Uuid::nil());
                String::from_utf8_lossy(self.record(&found).get()).into_owned()
            }
            Err(_) => format!(r#"{{"unread":{}}}"#, opaque::hash(definition)),
        }
    }

    fn found(&self, message: &Bytes, findings: Findings, session: Uuid) -> Found {
        // Most messages hold nothing, and need no key of their session.
        let session = if findings.is_empty() {
            Zeroizing::new([0; 32])
        } else {
            secret(&self.key, b"session", session.as_bytes())
        };
        // Unwrap safety: the name is eight hexadecimal digits.
        let keys = Keys::new(&self.kid, &self.lasting, &session).expect("a name for keys");
        Found { message: message.clone(), findings, opaque: Vec::new(), unrecognized: false, keys }
    }
}

impl Found {
    /// The same, passed on although the recognizer failed: the record says so.
    #[must_use]
    pub fn unrecognized(self) -> Self {
        Self { unrecognized: true, ..self }
    }

    /// Whether nothing was found, and nothing is opaque.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.opaque.is_empty()
    }

    /// What nobody can look into: its kinds, each with its greatest length in bytes.
    pub fn opaque(&self) -> BTreeMap<Kind, usize> {
        let mut kinds = BTreeMap::new();
        for part in &self.opaque {
            let longest = kinds.entry(part.kind).or_insert(0);
            *longest = part.bytes().max(*longest);
        }
        kinds
    }

    /// Edits of what is opaque are those that replace all of it.
    fn spliced(&self, edits: impl Iterator<Item = (Span, String)>) -> Bytes {
        let apart = |span: Span| self.opaque.iter().all(|part| span == part.span || !part.holds(span));
        let mut splice = Splice::default();
        for (span, replacement) in edits.filter(|edit| apart(edit.0)) {
            splice.replace(span, replacement);
        }
        // Unwrap safety: the edits are apart and inside the message, by the contract of `apply`.
        splice.apply(&self.message).expect("edits are apart")
    }
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found").field("findings", &self.findings.len()).finish_non_exhaustive()
    }
}

/// That a message was passed on although the recognizer failed.
fn unrecognized() -> Receipt {
    Receipt {
        pointer: String::new(),
        detector: "recognizer-failed".to_owned(),
        version: 1,
        form: "unread",
        length: 0,
        token: String::new(),
    }
}

/// Messages were read as UTF-8 before they came here.
fn text(message: &Bytes) -> &str {
    str::from_utf8(message).unwrap_or_default()
}

fn secret(key: &hmac::Key, purpose: &[u8], of: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut context = hmac::Context::with_key(key);
    context.update(purpose);
    context.update(of);
    let mut secret = Zeroizing::new([0; 32]);
    // HMAC-SHA256 always gives 32 bytes.
    secret.copy_from_slice(context.sign().as_ref());
    secret
}

#[cfg(test)]
mod tests;
