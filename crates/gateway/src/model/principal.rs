//! Who: a proven identity.

use std::fmt;

use jiff::Timestamp;

/// What sort of caller a [`Principal`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// A person.
    Human,
    /// A program with its own identity (client credentials, a service key, a workload identity).
    Service,
    /// A program that decides for itself what to call, known to the issuer as such.
    Agent,
    /// Nobody: authentication failed or was absent. Always denied, still recorded.
    Anonymous,
}

impl PrincipalKind {
    /// The word used in leaves, policies and listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Service => "service",
            Self::Agent => "agent",
            Self::Anonymous => "anonymous",
        }
    }
}

/// One party named by an issuer: the subject of a token, or one link of an RFC 8693 `act` chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Party {
    /// Configured name of the issuer (not its URL); `keys` for service keys.
    pub issuer: String,
    /// The issuer's stable identifier for the party (`sub`).
    pub subject: String,
}

impl Party {
    /// SHA-256 of issuer and subject: tells people apart in the store without naming them.
    pub fn digest(&self) -> [u8; 32] {
        use sha2::{Digest as _, Sha256};
        Sha256::new()
            .chain_update(&self.issuer)
            .chain_update([0])
            .chain_update(&self.subject)
            .finalize()
            .into()
    }
}

/// The first 16 bytes of SHA-256 over the presented credential: tells two tokens apart, reveals neither.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenId(pub [u8; 16]);

impl TokenId {
    /// The id of the credential whose SHA-256 is `hash`.
    pub fn of(hash: &[u8; 32]) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        Self(id)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

/// A caller whose identity was proven for this very request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Human, service or agent.
    pub kind: PrincipalKind,
    /// Issuer and subject: the identity. Never changes for the same party.
    pub party: Party,
    /// Display name, when the issuer gave one. Personal data: never in a leaf.
    pub name: Option<String>,
    /// E-mail address, when the issuer gave one. Personal data: never in a leaf.
    pub email: Option<String>,
    /// Groups and roles, as mapped from the issuer's claims. Sorted, without duplicates.
    pub groups: Vec<String>,
    /// OAuth scopes granted to the token. Sorted, without duplicates.
    pub scopes: Vec<String>,
    /// The OAuth client the token was issued to (`azp` or `client_id`).
    pub client: Option<String>,
    /// RFC 8693 `act` chain, the present actor first: who acts on behalf of `party`.
    pub actors: Vec<Party>,
    /// The person that a service or an agent with an identity of its own works for: answerable for what it does, and no
    /// second person to it.
    pub owner: Option<Party>,
    /// Which credential was presented.
    pub token: TokenId,
    /// When the credential ceases to be valid.
    pub expires: Timestamp,
}

impl Principal {
    /// Everybody else in what the caller does: the person it works for, and who acts on behalf of it, the nearest first.
    pub fn others(&self) -> impl Iterator<Item = &Party> {
        self.owner.iter().chain(&self.actors)
    }

    /// Whether it is a person, signed in as themselves, and nobody acts for them: who may decide on what others do.
    pub fn is_person(&self) -> bool {
        self.kind == PrincipalKind::Human && self.actors.is_empty()
    }

    /// Nobody: what a failed authentication leaves. `issuer` and `token` are what the credential claims, unproven.
    pub fn anonymous(issuer: Option<String>, token: Option<TokenId>) -> Self {
        Self {
            kind: PrincipalKind::Anonymous,
            party: Party { issuer: issuer.unwrap_or_default(), subject: String::new() },
            name: None,
            email: None,
            groups: Vec::new(),
            scopes: Vec::new(),
            client: None,
            actors: Vec::new(),
            owner: None,
            token: token.unwrap_or(TokenId([0; 16])),
            expires: Timestamp::MIN,
        }
    }
}
