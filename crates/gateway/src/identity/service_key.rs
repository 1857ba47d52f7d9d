//! Service keys: credentials for callers that no issuer knows.
//!
//! A key is `csk_<id>_<secret><check>`: a public id (16 hex digits), 32 random bytes and the first 4 bytes of a
//! SHA-256 over what precedes them, both in base64url. The check lets scanners find leaked keys without false alarms,
//! and the gateway refuse a mistyped key without a look-up. Only the SHA-256 of a key is kept. A slow password hash
//! would add nothing: it makes guessing expensive, and 256 random bits cannot be guessed.
//!
//! Keys live in the database and are read every [`limits::SERVICE_KEYS_REFRESH_MS`]: a revoked key stops within that
//! time, and no request waits for the database. When it cannot be read for [`limits::SERVICE_KEYS_STALE_MS`], keys
//! are refused, because nobody knows then whether they were revoked.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use aws_lc_rs::rand::SecureRandom;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Reason;
use crate::limits;
use crate::model::{Party, Principal, PrincipalKind, TokenId};

/// What stands for the issuer of principals that service keys prove. No configured issuer can have this name.
pub const SERVICE_KEY_ISSUER: &str = "keys";

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
    /// SHA-256 of the whole key.
    pub hash: [u8; 32],
    /// What it is for, in the words of whoever made it.
    pub name: String,
    /// Whether the caller is an agent or a service.
    pub kind: ServiceKeyKind,
    /// Groups of the principal.
    pub groups: Vec<String>,
    /// Names of the servers that it opens. It stands in for the scopes that these servers ask of tokens.
    pub servers: Vec<String>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it stops working.
    pub expires: Timestamp,
    /// When somebody revoked it.
    pub revoked: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
}

/// What sort of caller a service key is for. People sign in at an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
#[derive(Default)]
pub struct ServiceKeys {
    table: ArcSwap<Table>,
}

#[derive(Default)]
struct Table {
    keys: HashMap<String, Entry>,
    read: Option<Timestamp>,
}

struct Entry {
    key: ServiceKey,
    principal: Arc<Principal>,
    /// Last use that was seen here, in Unix seconds; 0 when there was none.
    used_s: AtomicI64,
}

impl ServiceKeyKind {
    /// The word used in the database and in listings.
    pub fn as_str(self) -> &'static str {
        PrincipalKind::from(self).as_str()
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

impl ServiceKeyText {
    /// Makes a key.
    ///
    /// # Errors
    /// When `random` fails.
    pub fn generate(random: &dyn SecureRandom) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let mut bytes = Zeroizing::new([0; ID_BYTES + SECRET_BYTES]);
        random.fill(bytes.as_mut())?;
        let (id, secret) = bytes.split_at(ID_BYTES);
        let id = u64::from_be_bytes(id.try_into().map_err(|_| aws_lc_rs::error::Unspecified)?);
        let id = format!("{id:016x}");
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

    /// What is kept of it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }
}

impl fmt::Debug for ServiceKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceKeyText({})", self.id)
    }
}

impl ServiceKeys {
    /// Puts `keys`, just read from the database, in place of those read before.
    pub fn replace(&self, keys: Vec<ServiceKey>, read: Timestamp) {
        let before = self.table.load();
        let entry = |key: ServiceKey| {
            let used_s = before.keys.get(&key.id).map_or(0, |entry| entry.used_s.load(Ordering::Relaxed));
            (
                key.id.clone(),
                Entry { principal: Arc::new(principal(&key)), key, used_s: AtomicI64::new(used_s) },
            )
        };
        let keys = keys.into_iter().take(limits::SERVICE_KEYS_MAX).map(entry).collect();
        self.table.store(Arc::new(Table { keys, read: Some(read) }));
    }

    /// Keys that were used since `last_used` in the database, and when, to the minute.
    pub fn used(&self) -> Vec<(String, Timestamp)> {
        let table = self.table.load();
        let used = |entry: &Entry| {
            let used = Timestamp::from_second(entry.used_s.load(Ordering::Relaxed)).ok()?;
            let newer = entry.key.last_used.is_none_or(|last| last < used) && used > Timestamp::UNIX_EPOCH;
            newer.then(|| (entry.key.id.clone(), used))
        };
        table.keys.values().filter_map(used).collect()
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
        let entry = table.keys.get(id).ok_or(Reason::ServiceKeyUnknown)?;
        // Ids are public, so how long an unknown one takes tells nothing; the hash must be compared in constant time.
        if !bool::from(entry.key.hash.ct_eq(hash)) {
            return Err(Reason::ServiceKeyUnknown);
        }
        if entry.key.revoked.is_some() {
            return Err(Reason::ServiceKeyRevoked);
        }
        if now >= entry.key.expires {
            return Err(Reason::ServiceKeyExpired);
        }
        if !entry.key.servers.iter().any(|name| name == server) {
            return Err(Reason::ServiceKeyServer);
        }
        let used_s = now.as_second() - now.as_second().rem_euclid(USED_S);
        entry.used_s.fetch_max(used_s, Ordering::Relaxed);
        Ok(Arc::clone(&entry.principal))
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

fn principal(key: &ServiceKey) -> Principal {
    let mut groups = key.groups.clone();
    groups.sort_unstable();
    groups.dedup();
    Principal {
        kind: key.kind.into(),
        party: Party { issuer: SERVICE_KEY_ISSUER.to_owned(), subject: key.id.clone() },
        name: Some(key.name.clone()),
        email: None,
        groups,
        scopes: Vec::new(),
        client: None,
        actors: Vec::new(),
        token: TokenId::of(&key.hash),
        expires: key.expires,
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;

    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn key(text: &ServiceKeyText, now: Timestamp) -> ServiceKey {
        ServiceKey {
            id: text.id().to_owned(),
            hash: text.hash(),
            name: "nightly report".to_owned(),
            kind: ServiceKeyKind::Service,
            groups: vec!["reports".to_owned(), "batch".to_owned(), "batch".to_owned()],
            servers: vec!["orders".to_owned()],
            created_by: "operator".to_owned(),
            created: now,
            expires: now + DAY,
            revoked: None,
            last_used: None,
        }
    }

    fn verify(
        keys: &ServiceKeys,
        text: &str,
        server: &str,
        now: Timestamp,
    ) -> Result<Arc<Principal>, Reason> {
        keys.verify(text, &Sha256::digest(text).into(), server, now)
    }

    fn setup() -> (ServiceKeys, ServiceKeyText, ServiceKey, Timestamp) {
        let now = Timestamp::from_second(1_800_000_030).unwrap();
        let text = ServiceKeyText::generate(&SystemRandom::new()).unwrap();
        let key = key(&text, now);
        let keys = ServiceKeys::default();
        keys.replace(vec![key.clone()], now);
        (keys, text, key, now)
    }

    #[test]
    fn key_proves_the_principal_it_was_made_for() {
        let (keys, text, _, now) = setup();
        let principal = verify(&keys, text.expose(), "orders", now).unwrap();
        assert_eq!(principal.party, Party { issuer: "keys".into(), subject: text.id().into() });
        assert_eq!(
            (principal.kind, &principal.groups[..]),
            (PrincipalKind::Service, &["batch".into(), "reports".into()][..])
        );
        assert_eq!(principal.token.0, text.hash()[..16]);
    }

    #[test]
    fn revoked_expired_and_foreign_keys_are_refused_by_name() {
        let (keys, text, key, now) = setup();
        let check = |server: &str, now, expected| {
            assert_eq!(verify(&keys, text.expose(), server, now).unwrap_err(), expected);
        };
        check("files", now, Reason::ServiceKeyServer);
        check("orders", now + SignedDuration::from_secs(31), Reason::ServiceKeysUnavailable);
        keys.replace(vec![key.clone()], now + DAY);
        check("orders", now + DAY, Reason::ServiceKeyExpired);
        keys.replace(vec![ServiceKey { revoked: Some(now), ..key }], now);
        check("orders", now, Reason::ServiceKeyRevoked);
        keys.replace(vec![], now);
        check("orders", now, Reason::ServiceKeyUnknown);
    }

    #[test]
    fn wrong_secret_is_an_unknown_key_even_when_revoked() {
        let (keys, text, key, now) = setup();
        keys.replace(vec![ServiceKey { revoked: Some(now), ..key }], now);
        let other = ServiceKeyText::generate(&SystemRandom::new()).unwrap();
        let forged = other.expose().replace(other.id(), text.id());
        let (body, _) = forged.split_at(forged.len() - 6);
        for attempt in [forged.clone(), format!("{body}{}", check(body))] {
            assert_eq!(verify(&keys, &attempt, "orders", now).unwrap_err(), Reason::ServiceKeyUnknown);
        }
    }

    #[test]
    fn any_changed_character_breaks_the_check() {
        let (_, text, ..) = setup();
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
        let (keys, text, key, now) = setup();
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
        let (_, text, ..) = setup();
        assert_eq!(format!("{text:?}"), format!("ServiceKeyText({})", text.id()));
    }
}
