//! Service keys: credentials for callers that no issuer knows.
//!
//! A key is `csk_<id>_<secret><check>`: a public id (16 hex digits), 32 random bytes and the first 4 bytes of a
//! SHA-256 over what precedes them, both in base64url. The check lets scanners find leaked keys without false alarms,
//! and the gateway refuse a mistyped key without a look-up.
//!
//! What is kept of a key is its terms (who it stands for, which servers it opens, until when) and one HMAC-SHA-256 over
//! these terms and the SHA-256 of the key, under a key of the gateway's own. So whoever owns the database, but not the
//! key directory, can neither add a key nor widen or prolong one. A slow password hash would add nothing: it makes
//! guessing expensive, and 256 random bits cannot be guessed.
//!
//! Keys live in the database and are read every [`limits::SERVICE_KEYS_REFRESH_MS`]: a revoked key stops within that
//! time, and no request waits for the database. When it cannot be read for [`limits::SERVICE_KEYS_STALE_MS`], keys
//! are refused, because nobody knows then whether they were revoked. A key once seen revoked stays so in this process,
//! whatever the database says later.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SecureRandom;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Reason;
use crate::limits;
use crate::model::{Party, Principal, PrincipalKind, Somebody, TokenId};

/// What stands for the issuer of principals that service keys prove. No configured issuer can have this name.
pub const SERVICE_KEY_ISSUER: &str = "keys";
/// In the servers of a key: every server, those of the future included. No server can have this name.
pub const EVERY_SERVER: &str = "*";

const PREFIX: &str = "csk_";
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;
const CHECK_BYTES: usize = 4;
/// Precision of `last_used`, in seconds.
const USED_S: i64 = 60;

/// A service key as it is kept: everything but the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceKey {
    /// Public id: part of the key, and the subject of the principal it proves.
    pub id: String,
    /// HMAC-SHA-256 over id, terms and the SHA-256 of the key.
    pub tag: [u8; 32],
    /// What it is for.
    pub terms: ServiceKeyTerms,
    /// When somebody revoked it.
    pub revoked: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
}

/// What a service key is for. Settled when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceKeyTerms {
    /// What people call it.
    pub name: String,
    /// Whether the caller is an agent or a service.
    pub kind: ServiceKeyKind,
    /// Groups of the principal.
    pub groups: Vec<String>,
    /// Names of the servers that it opens, or [`EVERY_SERVER`]. Naming a server here stands in for the scopes that the
    /// server asks of tokens.
    pub servers: Vec<String>,
    /// Who made it.
    pub created_by: String,
    /// The person that whoever calls with it works for. What is sealed of a key without one is as it was before there were
    /// any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Somebody>,
    /// When it was made. Whole seconds.
    pub created: Timestamp,
    /// When it stops working. Whole seconds.
    pub expires: Timestamp,
}

/// What sort of caller a service key is for. People sign in at an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKeyKind {
    /// A program.
    Service,
    /// A program that decides for itself what to call.
    Agent,
}

/// A new key, to be shown once. Zeroized when dropped, never printed by `Debug`.
pub struct ServiceKeyText {
    id: String,
    text: Zeroizing<String>,
}

/// The service keys that exist, as last read from the database.
pub struct ServiceKeys {
    seal: hmac::Key,
    table: ArcSwap<Table>,
}

#[derive(Default)]
struct Table {
    keys: HashMap<String, Entry>,
    read: Option<Timestamp>,
    /// Every revocation seen, also of keys that the database holds no more.
    revoked: HashMap<String, Timestamp>,
}

struct Entry {
    key: ServiceKey,
    proof: Arc<Proof>,
}

/// What use has told about a key since the process began.
#[derive(Default)]
struct Proof {
    /// SHA-256 of the key and the principal it proves, once its tag was found right.
    known: OnceLock<([u8; 32], Arc<Principal>)>,
    /// Last use, in Unix seconds; 0 when there was none.
    used_s: AtomicI64,
}

impl ServiceKeyKind {
    /// The word used in the database and in listings.
    pub fn as_str(self) -> &'static str {
        PrincipalKind::from(self).as_str()
    }

    /// The kind with this word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Service, Self::Agent].into_iter().find(|kind| kind.as_str() == word)
    }
}

impl From<ServiceKeyKind> for PrincipalKind {
    fn from(kind: ServiceKeyKind) -> Self {
        match kind {
            ServiceKeyKind::Service => Self::Service,
            ServiceKeyKind::Agent => Self::Agent,
        }
    }
}

impl ServiceKey {
    /// Makes a key on `terms` (whose times are cut to whole seconds), sealed with `seal`.
    ///
    /// # Errors
    /// When `random` fails.
    pub fn issue(
        mut terms: ServiceKeyTerms,
        seal: &hmac::Key,
        random: &dyn SecureRandom,
    ) -> Result<(Self, ServiceKeyText), Unspecified> {
        terms.created = whole_second(terms.created)?;
        terms.expires = whole_second(terms.expires)?;
        let text = ServiceKeyText::generate(random)?;
        let mut key = Self { id: text.id.clone(), tag: [0; 32], terms, revoked: None, last_used: None };
        let hash = Sha256::digest(text.text.as_bytes()).into();
        let tag = key.seal(&hash, seal);
        key.tag.copy_from_slice(tag.as_ref());
        Ok((key, text))
    }

    fn seal(&self, hash: &[u8; 32], seal: &hmac::Key) -> hmac::Tag {
        let sealed = ("countersign/1 service key", &self.id, &self.terms, hash);
        // Unwrap safety: texts, lists and numbers have a JSON form.
        let bytes = serde_json::to_vec(&sealed).expect("terms serialise");
        hmac::sign(seal, &bytes)
    }

    fn opens(&self, server: &str) -> bool {
        self.terms.servers.iter().any(|name| name == server || name == EVERY_SERVER)
    }

    fn principal(&self, token: TokenId) -> Principal {
        let mut groups = self.terms.groups.clone();
        groups.sort_unstable();
        groups.dedup();
        Principal {
            kind: self.terms.kind.into(),
            party: Party { issuer: SERVICE_KEY_ISSUER.to_owned(), subject: self.id.clone() },
            name: Some(self.terms.name.clone()),
            email: None,
            groups,
            scopes: Vec::new(),
            client: None,
            actors: Vec::new(),
            owner: self.terms.owner.as_ref().map(Party::from),
            token,
            expires: self.terms.expires,
        }
    }
}

impl ServiceKeyText {
    fn generate(random: &dyn SecureRandom) -> Result<Self, Unspecified> {
        let mut bytes = Zeroizing::new([0; ID_BYTES + SECRET_BYTES]);
        random.fill(bytes.as_mut())?;
        let (id, secret) = bytes.split_at(ID_BYTES);
        let id = format!("{:016x}", u64::from_be_bytes(id.try_into().map_err(|_| Unspecified)?));
        let mut text = Zeroizing::new(format!("{PREFIX}{id}_"));
        URL_SAFE_NO_PAD.encode_string(secret, &mut text);
        let check = check(&text);
        text.push_str(&check);
        Ok(Self { id, text })
    }

    /// The public id in it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key, to be shown to whoever asked for it.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for ServiceKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceKeyText({})", self.id)
    }
}

impl ServiceKeys {
    /// No keys yet; their tags will be checked with `seal`.
    pub fn new(seal: hmac::Key) -> Self {
        Self { seal, table: ArcSwap::default() }
    }

    /// Puts `keys`, just read from the database, in place of those read before.
    pub fn replace(&self, keys: Vec<ServiceKey>, read: Timestamp) {
        let before = self.table.load();
        let mut revoked = before.revoked.clone();
        let entry = |mut key: ServiceKey| {
            if let Some(when) = key.revoked {
                revoked.entry(key.id.clone()).or_insert(when);
            }
            key.revoked = revoked.get(&key.id).copied();
            let same = before
                .keys
                .get(&key.id)
                .filter(|known| known.key.tag == key.tag && known.key.terms == key.terms);
            let proof = same.map(|known| Arc::clone(&known.proof)).unwrap_or_default();
            (key.id.clone(), Entry { key, proof })
        };
        let keys = keys.into_iter().take(limits::SERVICE_KEYS_MAX).map(entry).collect();
        self.table.store(Arc::new(Table { keys, read: Some(read), revoked }));
    }

    /// When the database was read last.
    pub fn read(&self) -> Option<Timestamp> {
        self.table.load().read
    }

    /// Whether the key with this id was ever seen revoked.
    pub fn is_revoked(&self, id: &str) -> bool {
        self.table.load().revoked.contains_key(id)
    }

    /// Ids of the keys that are for somebody with this subject, whichever issuer knows them.
    pub fn of_owner(&self, subject: &str) -> Vec<String> {
        let table = self.table.load();
        let owned = |key: &ServiceKey| key.terms.owner.as_ref().is_some_and(|owner| owner.subject == subject);
        table.keys.values().filter(|entry| owned(&entry.key)).map(|entry| entry.key.id.clone()).collect()
    }

    /// Keys that were used since `last_used` in the database, and when, to the minute.
    pub fn used(&self) -> Vec<(String, Timestamp)> {
        let table = self.table.load();
        let used = |entry: &Entry| {
            let used = Timestamp::from_second(entry.proof.used_s.load(Ordering::Relaxed)).ok()?;
            let newer = entry.key.last_used.is_none_or(|last| last < used) && used > Timestamp::UNIX_EPOCH;
            newer.then(|| (entry.key.id.clone(), used))
        };
        table.keys.values().filter_map(used).collect()
    }

    /// Whether a key that proved somebody before still would, as far as the last read of the database knows.
    pub(super) fn stands(&self, id: &str, now: Timestamp) -> bool {
        let table = self.table.load();
        table.keys.get(id).is_some_and(|entry| entry.key.revoked.is_none() && now < entry.key.terms.expires)
    }

    /// The principal that `text`, whose SHA-256 is `hash`, proves to `server`.
    pub(super) fn verify(
        &self,
        text: &str,
        hash: &[u8; 32],
        server: &str,
        now: Timestamp,
    ) -> Result<Arc<Principal>, Reason> {
        let id = find_id(text).ok_or(Reason::ServiceKeyUnknown)?;
        let table = self.table.load();
        let stale = SignedDuration::from_millis(limits::SERVICE_KEYS_STALE_MS.cast_signed());
        if table.read.is_none_or(|read| now.duration_since(read).abs() >= stale) {
            return Err(Reason::ServiceKeysUnavailable);
        }
        // Ids are public, so how long an unknown one takes tells nothing.
        let entry = table.keys.get(id).ok_or(Reason::ServiceKeyUnknown)?;
        let principal = self.prove(entry, hash).ok_or(Reason::ServiceKeyUnknown)?;
        if entry.key.revoked.is_some() {
            return Err(Reason::ServiceKeyRevoked);
        }
        if now >= entry.key.terms.expires {
            return Err(Reason::ServiceKeyExpired);
        }
        if !entry.key.opens(server) {
            return Err(Reason::ServiceKeyServer);
        }
        let used_s = now.as_second() - now.as_second().rem_euclid(USED_S);
        entry.proof.used_s.fetch_max(used_s, Ordering::Relaxed);
        Ok(principal)
    }

    /// The principal, if `hash` is of the very key that the entry was made for. Compares in constant time.
    fn prove(&self, entry: &Entry, hash: &[u8; 32]) -> Option<Arc<Principal>> {
        if let Some((known, principal)) = entry.proof.known.get() {
            return bool::from(known.ct_eq(hash)).then(|| Arc::clone(principal));
        }
        let tag = entry.key.seal(hash, &self.seal);
        if !bool::from(tag.as_ref().ct_eq(&entry.key.tag)) {
            return None;
        }
        let principal = Arc::new(entry.key.principal(TokenId::of(hash)));
        Some(Arc::clone(&entry.proof.known.get_or_init(|| (*hash, principal)).1))
    }
}

/// Whether a credential is meant as a service key. No JWT is: a JWT begins with an encoded `{`.
pub(super) fn is_service_key(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// The id in a well-formed key.
fn find_id(text: &str) -> Option<&str> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let hex = id.len() == 2 * ID_BYTES && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let check_at = text.len().checked_sub((CHECK_BYTES * 8).div_ceil(6))?;
    let whole = secret.len() == (SECRET_BYTES * 8).div_ceil(6) + (CHECK_BYTES * 8).div_ceil(6);
    let (checked, given) = text.split_at_checked(check_at)?;
    (hex && whole && check(checked) == given).then_some(id)
}

fn check(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest[..CHECK_BYTES])
}

fn whole_second(time: Timestamp) -> Result<Timestamp, Unspecified> {
    Timestamp::from_second(time.as_second()).map_err(|_| Unspecified)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;

    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    struct Setup {
        keys: ServiceKeys,
        key: ServiceKey,
        text: ServiceKeyText,
        now: Timestamp,
    }

    fn setup() -> Setup {
        let now = Timestamp::from_second(1_800_000_030).unwrap();
        let seal = hmac::Key::new(hmac::HMAC_SHA256, b"seal");
        let terms = ServiceKeyTerms {
            name: "nightly report".to_owned(),
            kind: ServiceKeyKind::Service,
            groups: vec!["reports".to_owned(), "batch".to_owned(), "batch".to_owned()],
            servers: vec!["orders".to_owned()],
            created_by: "operator".to_owned(),
            owner: None,
            created: now + SignedDuration::from_millis(1),
            expires: now + DAY,
        };
        let (key, text) = ServiceKey::issue(terms, &seal, &SystemRandom::new()).unwrap();
        let keys = ServiceKeys::new(seal);
        keys.replace(vec![key.clone()], now);
        Setup { keys, key, text, now }
    }

    fn verify(
        keys: &ServiceKeys,
        text: &str,
        server: &str,
        now: Timestamp,
    ) -> Result<Arc<Principal>, Reason> {
        keys.verify(text, &Sha256::digest(text).into(), server, now)
    }

    #[test]
    fn key_proves_the_principal_it_was_made_for() {
        let Setup { keys, text, now, .. } = setup();
        let first = verify(&keys, text.expose(), "orders", now).unwrap();
        assert_eq!(first.party, Party { issuer: "keys".into(), subject: text.id().into() });
        assert_eq!(
            (first.kind, &first.groups[..]),
            (PrincipalKind::Service, &["batch".into(), "reports".into()][..])
        );
        assert_eq!(first.token, TokenId::of(&Sha256::digest(text.expose()).into()));
        let second = verify(&keys, text.expose(), "orders", now).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[test]
    fn revoked_expired_and_foreign_keys_are_refused_by_name() {
        let Setup { keys, key, text, now } = setup();
        let check = |server: &str, now, expected| {
            assert_eq!(verify(&keys, text.expose(), server, now).unwrap_err(), expected);
        };
        check("files", now, Reason::ServiceKeyServer);
        check("orders", now + SignedDuration::from_secs(30), Reason::ServiceKeysUnavailable);
        check("orders", now - SignedDuration::from_secs(30), Reason::ServiceKeysUnavailable);
        keys.replace(vec![key.clone()], now + DAY);
        check("orders", now + DAY, Reason::ServiceKeyExpired);
        keys.replace(vec![ServiceKey { revoked: Some(now), ..key }], now);
        check("orders", now, Reason::ServiceKeyRevoked);
        keys.replace(vec![], now);
        check("orders", now, Reason::ServiceKeyUnknown);
    }

    #[test]
    fn revocation_cannot_be_taken_back_in_the_database() {
        let Setup { keys, key, text, now } = setup();
        keys.replace(vec![ServiceKey { revoked: Some(now), ..key.clone() }], now);
        keys.replace(vec![key.clone()], now);
        assert_eq!(verify(&keys, text.expose(), "orders", now).unwrap_err(), Reason::ServiceKeyRevoked);
        keys.replace(vec![], now);
        keys.replace(vec![key], now);
        assert_eq!(verify(&keys, text.expose(), "orders", now).unwrap_err(), Reason::ServiceKeyRevoked);
    }

    #[test]
    fn terms_changed_in_the_database_break_the_key() {
        let Setup { keys, key, text, now } = setup();
        let check = |change: fn(&mut ServiceKey)| {
            let mut changed = key.clone();
            change(&mut changed);
            keys.replace(vec![changed], now);
            assert_eq!(verify(&keys, text.expose(), "orders", now).unwrap_err(), Reason::ServiceKeyUnknown);
        };
        check(|key| key.terms.groups.push("administrators".to_owned()));
        check(|key| key.terms.servers = vec![EVERY_SERVER.to_owned()]);
        check(|key| key.terms.expires += DAY);
        check(|key| key.terms.kind = ServiceKeyKind::Agent);
        check(|key| key.tag[0] ^= 1);
        keys.replace(vec![key.clone()], now);
        assert!(verify(&keys, text.expose(), "orders", now).is_ok());
    }

    #[test]
    fn key_sealed_with_another_key_is_unknown() {
        let Setup { key, text, now, .. } = setup();
        let keys = ServiceKeys::new(hmac::Key::new(hmac::HMAC_SHA256, b"other"));
        keys.replace(vec![key], now);
        assert_eq!(verify(&keys, text.expose(), "orders", now).unwrap_err(), Reason::ServiceKeyUnknown);
    }

    #[test]
    fn every_server_is_opened_when_the_key_says_so() {
        let Setup { keys, key, now, .. } = setup();
        let terms = ServiceKeyTerms { servers: vec![EVERY_SERVER.to_owned()], ..key.terms };
        let (key, text) = ServiceKey::issue(terms, &keys.seal, &SystemRandom::new()).unwrap();
        keys.replace(vec![key], now);
        assert!(verify(&keys, text.expose(), "files", now).is_ok());
    }

    #[test]
    fn wrong_secret_is_an_unknown_key_even_when_the_right_one_was_seen() {
        let Setup { keys, key, text, now } = setup();
        let (_, other) = ServiceKey::issue(key.terms, &keys.seal, &SystemRandom::new()).unwrap();
        let forged = other.expose().replace(other.id(), text.id());
        let (body, _) = forged.split_at(forged.len() - 6);
        for _ in 0..2 {
            for attempt in [forged.clone(), format!("{body}{}", check(body))] {
                assert_eq!(verify(&keys, &attempt, "orders", now).unwrap_err(), Reason::ServiceKeyUnknown);
            }
            assert!(verify(&keys, text.expose(), "orders", now).is_ok());
        }
    }

    #[test]
    fn any_changed_character_breaks_the_check() {
        let Setup { text, .. } = setup();
        assert_eq!(find_id(text.expose()), Some(text.id()));
        for at in PREFIX.len()..text.expose().len() {
            let mut bytes = text.expose().as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
            assert_eq!(find_id(std::str::from_utf8(&bytes).unwrap()), None);
        }
        for cut in 0..text.expose().len() {
            assert_eq!(find_id(&text.expose()[..cut]), None);
        }
    }

    #[test]
    fn use_is_noted_to_the_minute_and_survives_a_reload() {
        let Setup { keys, key, text, now } = setup();
        assert!(keys.used().is_empty());
        verify(&keys, text.expose(), "orders", now).unwrap();
        let minute = Timestamp::from_second(1_800_000_000).unwrap();
        keys.replace(vec![key.clone()], now);
        assert_eq!(keys.used(), [(key.id.clone(), minute)]);
        keys.replace(vec![ServiceKey { last_used: Some(minute), ..key }], now);
        assert!(keys.used().is_empty());
    }

    #[test]
    fn debug_shows_the_id_only() {
        let Setup { text, .. } = setup();
        assert_eq!(format!("{text:?}"), format!("ServiceKeyText({})", text.id()));
    }
}
