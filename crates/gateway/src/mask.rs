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
use inspect::mask::{self, Fault, Fields, Finding, Findings, Keys, Masked, Receipt, Rules, Schema, Surface};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::config::{Masking, ServerConfig};
use crate::mcp::method::{COMMON_PARTS, METHODS, Row};
use crate::mcp::splice::Splice;

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
    tools: HashMap<String, Vec<ToolFields>>,
    no_fields: Fields,
    key: hmac::Key,
    kid: String,
    /// Pseudonyms that last.
    lasting: Zeroizing<[u8; 32]>,
}

/// A message that was looked through. Its `Debug` shows no byte of it.
pub struct Found {
    message: Bytes,
    findings: Findings,
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
        let findings = if message.is_empty() {
            Findings::default()
        } else {
            let row = subject.row.and_then(|row| METHODS.binary_search_by(|one| one.name.cmp(row.name)).ok());
            let surface = row.map_or(&self.everything, |row| &self.surfaces[row]);
            let fields = setting::fields(&self.tools, subject).unwrap_or(&self.no_fields);
            mask::scan(text(message), surface, &self.rules, fields).map_err(Unread)?
        };
        Ok(self.found(message, findings, subject.session))
    }

    /// The message as one reader gets it: each value in the form that `choose` says. The same bytes when nothing
    /// changes. The document at the pointer of `schema` keeps to it: see [`Findings::show`].
    pub fn show(
        &self,
        found: &Found,
        choose: impl FnMut(&Finding) -> Form,
        schema: Option<(&str, &Schema)>,
    ) -> Bytes {
        found.spliced(&found.findings.show(text(&found.message), &found.keys, choose, schema))
    }

    /// The message as it is recorded: everything masked, opaque state of the upstream as its hash.
    pub fn record(&self, found: &Found) -> Redacted<Bytes> {
        if found.findings.is_empty() {
            let inner = opaque::hashed(&found.message);
            return Redacted { inner, redactions: BTreeMap::new(), receipts: Vec::new() };
        }
        let masked = found.findings.apply(text(&found.message), &found.keys, |_| Form::Label);
        let mut redactions = BTreeMap::new();
        for receipt in &masked.receipts {
            *redactions.entry(receipt.detector.clone()).or_insert(0) += 1;
        }
        Redacted { inner: opaque::hashed(&found.spliced(&masked)), redactions, receipts: masked.receipts }
    }

    /// A document of the gateway's own with somebody's words in it, as it is recorded. One that cannot be looked through
    /// is recorded as its hash.
    pub fn document(&self, document: &Bytes) -> Redacted<Bytes> {
        match mask::scan(text(document), &Surface::document(), &self.rules, &self.no_fields) {
            Ok(findings) => self.record(&self.found(document, findings, Uuid::nil())),
            Err(_) => Redacted {
                inner: opaque::hash(document).into(),
                redactions: BTreeMap::new(),
                receipts: Vec::new(),
            },
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
        Found { message: message.clone(), findings, keys }
    }
}

impl Found {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    fn spliced(&self, masked: &Masked) -> Bytes {
        let mut splice = Splice::default();
        for (span, replacement) in &masked.edits {
            splice.replace(*span, replacement.clone());
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
