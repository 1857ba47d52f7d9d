//! From the claims of a verified token to a [`Principal`]: what RFC 7519, RFC 9068 and RFC 8693 ask of them, and where
//! the issuer's configuration says that it keeps names, groups and kinds.
//!
//! What a policy may depend on (groups, scopes, actors) is taken whole or not at all: a list cut short could lose the
//! group that a `forbid` is about. What is only displayed (name, e-mail) is left out when it is unusable.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::Reason;
use super::token::Profile;
use crate::config::{ClaimMatch, Claims};
use crate::limits;
use crate::model::{Party, Principal, PrincipalKind, TokenId};

/// Where an issuer keeps what the gateway needs, ready to be looked up.
#[derive(Debug)]
pub(super) struct ClaimMap {
    name: ClaimPath,
    email: ClaimPath,
    groups: Vec<ClaimPath>,
    agent: Option<Match>,
    service: Option<Match>,
}

/// The way to a claim: names of objects in objects.
#[derive(Debug, PartialEq, Eq)]
struct ClaimPath(Vec<String>);

#[derive(Debug)]
struct Match {
    path: ClaimPath,
    values: Vec<String>,
}

/// A claim path that cannot be one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a claim path: write `claim`, `outer.inner` or a JSON Pointer such as `/https:~1~1example.com~1groups`"
)]
pub(super) struct ClaimPathError(String);

/// What a token is checked against.
pub(super) struct Expectation<'a> {
    /// Configured name of the issuer.
    pub(super) issuer: &'a str,
    /// `iss` of the token, proven.
    pub(super) identifier: &'a str,
    pub(super) profile: Profile,
    /// Audiences any of which the token must have.
    pub(super) audiences: &'a [&'a str],
    pub(super) now: Timestamp,
    pub(super) token: TokenId,
}

/// What an ID token is checked against.
pub(super) struct SignInExpectation<'a> {
    /// Configured name of the issuer.
    pub(super) issuer: &'a str,
    /// `iss` of the token, proven.
    pub(super) identifier: &'a str,
    /// What the issuer calls the gateway.
    pub(super) client: &'a str,
    /// What the sign-in was begun with; `None` when it is renewed.
    pub(super) nonce: Option<&'a str>,
    pub(super) profile: Profile,
    pub(super) now: Timestamp,
    pub(super) token: TokenId,
}

type Object = Map<String, Value>;

impl ClaimMap {
    pub(super) fn new(claims: &Claims) -> Result<Self, ClaimPathError> {
        Ok(Self {
            name: ClaimPath::parse(&claims.name)?,
            email: ClaimPath::parse(&claims.email)?,
            groups: claims.groups.iter().map(|path| ClaimPath::parse(path)).collect::<Result<_, _>>()?,
            agent: claims.agent.as_ref().map(Match::new).transpose()?,
            service: claims.service.as_ref().map(Match::new).transpose()?,
        })
    }

    /// The principal that `claims`, whose signature was verified, speak of.
    pub(super) fn identify(&self, claims: &Object, expected: &Expectation<'_>) -> Result<Principal, Reason> {
        check_access_token(claims, expected.profile)?;
        check_audience(claims, expected.audiences)?;
        self.read(claims, expected)
    }

    /// The person that an ID token, whose signature was verified, speaks of.
    pub(super) fn identify_signed_in(
        &self,
        claims: &Object,
        expected: &SignInExpectation<'_>,
    ) -> Result<Principal, Reason> {
        check_id_token(claims, expected)?;
        let SignInExpectation { issuer, identifier, profile, now, token, .. } = *expected;
        self.read(claims, &Expectation { issuer, identifier, profile, audiences: &[], now, token })
    }

    fn read(&self, claims: &Object, expected: &Expectation<'_>) -> Result<Principal, Reason> {
        let expires = check_time(claims, expected.now)?;
        if present(claims, "cnf").is_some() {
            return Err(Reason::Bound);
        }
        let subject = identifier(claims, "sub")?.ok_or(Reason::Claims)?;
        let client = match identifier(claims, "client_id")? {
            Some(client) => Some(client),
            None => identifier(claims, "azp")?,
        };
        let email = self.email.display(claims);
        let unverified =
            claims.get("email_verified").is_some_and(|verified| verified != true && verified != "true");
        Ok(Principal {
            kind: self.kind(claims, &subject, client.as_deref())?,
            party: Party { issuer: expected.issuer.to_owned(), subject },
            name: self.name.display(claims),
            email: email.filter(|_| !unverified),
            groups: self.groups(claims)?,
            scopes: scopes(claims)?,
            client,
            actors: actors(claims, expected)?,
            owner: None,
            token: expected.token,
            expires,
        })
    }

    fn kind(&self, claims: &Object, subject: &str, client: Option<&str>) -> Result<PrincipalKind, Reason> {
        if let Some(agent) = &self.agent
            && agent.holds(claims)?
        {
            return Ok(PrincipalKind::Agent);
        }
        let service = match &self.service {
            Some(service) => service.holds(claims)?,
            // RFC 9068, section 2.2: without a resource owner, `sub` is the client itself.
            None => client == Some(subject),
        };
        Ok(if service { PrincipalKind::Service } else { PrincipalKind::Human })
    }

    fn groups(&self, claims: &Object) -> Result<Vec<String>, Reason> {
        self.check_overage(claims)?;
        let mut groups = Vec::new();
        for value in self.groups.iter().filter_map(|path| path.find(claims)) {
            groups.extend(texts(value)?);
            if groups.len() > limits::GROUPS_MAX {
                return Err(Reason::Groups);
            }
        }
        if groups.iter().any(|group| group.len() > limits::CLAIM_BYTES_MAX) {
            return Err(Reason::Groups);
        }
        Ok(sorted(groups))
    }

    /// `OpenID` Connect Core 1.0, section 5.6.2 (distributed claims), which Entra uses when a person has more groups than
    /// fit in a token; `hasgroups` is its form for tokens that pass through a URL.
    fn check_overage(&self, claims: &Object) -> Result<(), Reason> {
        let elsewhere =
            |claim: &str| claims.get("_claim_names").is_some_and(|names| names.get(claim).is_some());
        let mapped =
            |claim: &str| self.groups.iter().any(|path| path.0.first().is_some_and(|first| first == claim));
        let distributed = self.groups.iter().filter_map(|path| path.0.first()).any(|claim| elsewhere(claim));
        let hinted =
            mapped("groups") && claims.get("hasgroups").is_some_and(|has| has == true || has == "true");
        if distributed || hinted { Err(Reason::GroupsOverage) } else { Ok(()) }
    }
}

impl ClaimPath {
    /// A claim name, names joined by `.`, or a JSON Pointer (RFC 6901).
    fn parse(text: &str) -> Result<Self, ClaimPathError> {
        let fail = || ClaimPathError(text.to_owned());
        let names = match text.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(unescape).collect::<Option<Vec<_>>>().ok_or_else(fail)?,
            None => text.split('.').map(str::to_owned).collect(),
        };
        let usable = names.len() <= limits::CLAIM_DEPTH_MAX && names.iter().all(|name| !name.is_empty());
        if usable { Ok(Self(names)) } else { Err(fail()) }
    }

    fn find<'a>(&self, claims: &'a Object) -> Option<&'a Value> {
        let (first, rest) = self.0.split_first()?;
        let value = rest.iter().try_fold(claims.get(first)?, |value, name| value.as_object()?.get(name))?;
        (!value.is_null()).then_some(value)
    }

    /// Text that is only shown to people.
    fn display(&self, claims: &Object) -> Option<String> {
        let text = self.find(claims)?.as_str()?;
        (is_plain(text)).then(|| text.to_owned())
    }
}

/// RFC 6901, section 4: `~1` is `/`, `~0` is `~`, any other `~` an error.
fn unescape(reference: &str) -> Option<String> {
    let mut parts = reference.split('~');
    let mut name = parts.next()?.to_owned();
    for part in parts {
        let (escaped, rest) = match part.as_bytes().first()? {
            b'0' => ('~', &part[1..]),
            b'1' => ('/', &part[1..]),
            _ => return None,
        };
        name.push(escaped);
        name.push_str(rest);
    }
    Some(name)
}

impl Match {
    fn new(config: &ClaimMatch) -> Result<Self, ClaimPathError> {
        Ok(Self { path: ClaimPath::parse(&config.claim)?, values: config.values.clone() })
    }

    fn holds(&self, claims: &Object) -> Result<bool, Reason> {
        match self.path.find(claims) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(self.values.iter().any(|wanted| *wanted == value.to_string())),
            // The whole text as well as its words: values may hold spaces.
            Some(Value::String(text)) if self.values.contains(text) => Ok(true),
            Some(value) => Ok(texts(value)?.iter().any(|text| self.values.contains(text))),
        }
    }
}

/// RFC 9068 marks access tokens; other tokens that an issuer signs with the same key must be told by their claims.
fn check_access_token(claims: &Object, profile: Profile) -> Result<(), Reason> {
    if profile == Profile::AccessToken {
        return Ok(());
    }
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    // OpenID Connect Core 1.0, section 3.1.3.6 and 3.3.2.11; Front- and Back-Channel Logout 1.0.
    let bound_to_login =
        ["at_hash", "c_hash", "s_hash", "events"].iter().any(|name| claims.contains_key(*name));
    // Keycloak's `typ` and Cognito's `token_use` say it outright.
    let declared = text("typ").is_some_and(|typ| ["ID", "Refresh", "Offline", "Logout"].contains(&typ))
        || text("token_use").is_some_and(|usage| usage != "access");
    // A nonce answers a sign-in request; older Keycloak also puts it into access tokens, which have scopes.
    let answers_login =
        claims.contains_key("nonce") && !claims.contains_key("scope") && !claims.contains_key("scp");
    if bound_to_login || declared || answers_login { Err(Reason::Kind) } else { Ok(()) }
}

/// `OpenID` Connect Core 1.0, section 3.1.3.7, points 3 to 5 and 11: made for this application, in answer to this sign-in.
fn check_id_token(claims: &Object, expected: &SignInExpectation<'_>) -> Result<(), Reason> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let other = expected.profile == Profile::AccessToken
        || claims.contains_key("events")
        || text("typ").is_some_and(|typ| typ != "ID" && typ != "JWT")
        || text("token_use").is_some_and(|usage| usage != "id");
    if other {
        return Err(Reason::Kind);
    }
    check_audience(claims, &[expected.client])?;
    let several = claims.get("aud").and_then(Value::as_array).is_some_and(|values| values.len() > 1);
    let authorized = claims.get("azp").filter(|azp| !azp.is_null());
    if authorized.map_or(several, |azp| azp != expected.client) {
        return Err(Reason::Audience);
    }
    let answers = |nonce: &str| text("nonce").is_some_and(|said| same(said, nonce));
    if expected.nonce.is_none_or(answers) { Ok(()) } else { Err(Reason::Claims) }
}

fn same(a: &str, b: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// RFC 7519, section 4.1.3. A token for several resources is accepted when this one is among them: its issuer said so,
/// and the gateway never passes it on.
fn check_audience(claims: &Object, audiences: &[&str]) -> Result<(), Reason> {
    let ours = |value: &Value| value.as_str().is_some_and(|text| audiences.contains(&text));
    let found = match claims.get("aud") {
        Some(Value::Array(values)) => values.iter().all(Value::is_string) && values.iter().any(ours),
        Some(value) => ours(value),
        None => false,
    };
    if found { Ok(()) } else { Err(Reason::Audience) }
}

/// RFC 7519, sections 4.1.4 to 4.1.6. Returns when the token expires.
fn check_time(claims: &Object, now: Timestamp) -> Result<Timestamp, Reason> {
    let skew = SignedDuration::from_secs(limits::CLOCK_SKEW_S);
    let expires = instant(claims, "exp")?.ok_or(Reason::Claims)?;
    if now.duration_since(expires) >= skew {
        return Err(Reason::Expired);
    }
    for name in ["nbf", "iat"] {
        if let Some(begins) = instant(claims, name)?
            && begins.duration_since(now) > skew
        {
            return Err(Reason::NotYetValid);
        }
    }
    Ok(expires)
}

/// RFC 7519 `NumericDate`: seconds, possibly with a fraction, which is dropped.
fn instant(claims: &Object, name: &str) -> Result<Option<Timestamp>, Reason> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    #[expect(clippy::cast_possible_truncation, reason = "saturates; out of range is refused below")]
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
    let instant = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    instant.map(Some).ok_or(Reason::Claims)
}

/// RFC 8693, section 4.2 and RFC 9068, section 2.2.3: `scope`; Entra and Okta: `scp`.
fn scopes(claims: &Object) -> Result<Vec<String>, Reason> {
    let mut scopes = Vec::new();
    for value in ["scope", "scp"].iter().filter_map(|name| present(claims, name)) {
        scopes.extend(texts(value)?);
    }
    Ok(sorted(scopes))
}

/// RFC 8693, section 4.1: the present actor outermost, earlier ones inside.
fn actors(claims: &Object, expected: &Expectation<'_>) -> Result<Vec<Party>, Reason> {
    let mut actors = Vec::new();
    let mut next = present(claims, "act");
    while let Some(act) = next {
        let act = act.as_object().ok_or(Reason::Actors)?;
        if actors.len() == limits::ACTORS_MAX {
            return Err(Reason::Actors);
        }
        let subject = identifier(act, "sub").ok().flatten().ok_or(Reason::Actors)?;
        let issuer = match identifier(act, "iss").map_err(|_| Reason::Actors)? {
            None => expected.issuer.to_owned(),
            Some(iss) if iss == expected.identifier => expected.issuer.to_owned(),
            // This issuer vouches for another's subject. Kept as written: a configured name would say that the
            // other issuer proved it.
            Some(iss) => iss,
        };
        actors.push(Party { issuer, subject });
        next = present(act, "act");
    }
    Ok(actors)
}

/// A claim that names somebody: plain text.
fn identifier(claims: &Object, name: &str) -> Result<Option<String>, Reason> {
    match present(claims, name) {
        None => Ok(None),
        Some(Value::String(text)) if is_plain(text) => Ok(Some(text.clone())),
        Some(_) => Err(Reason::Claims),
    }
}

/// The texts of a claim that is a list of texts, or one text of words.
fn texts(value: &Value) -> Result<Vec<String>, Reason> {
    match value {
        Value::String(text) => Ok(text.split_ascii_whitespace().map(str::to_owned).collect()),
        Value::Array(values) => {
            values.iter().map(|value| value.as_str().map(str::to_owned).ok_or(Reason::Claims)).collect()
        }
        _ => Err(Reason::Claims),
    }
}

fn present<'a>(claims: &'a Object, name: &str) -> Option<&'a Value> {
    claims.get(name).filter(|value| !value.is_null())
}

/// Text of bounded length that shows what it is: no control characters, and none of those that reorder the text
/// around them (Unicode Standard Annex 9), with which one name can be made to look like another.
pub(crate) fn is_plain(text: &str) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    !text.is_empty() && text.len() <= limits::CLAIM_BYTES_MAX && !text.contains(hidden)
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.retain(|text| !text.is_empty());
    texts.sort_unstable();
    texts.dedup();
    texts
}

#[cfg(test)]
mod tests;
