//! One `OpenID` Connect issuer: discovery (`OpenID` Connect Discovery 1.0, RFC 8414) and its keys, kept fresh.
//!
//! Keys are fetched by one task at a time, at most every [`limits::KEYS_REFETCH_MS`] however many unknown key ids are
//! presented. Keys that were fetched once are used while the issuer is down, up to [`limits::KEYS_STALE_MS`]: then
//! nobody knows any more whether they were withdrawn, and its tokens are refused.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::timeout;
use url::Url;

use super::algorithm::Algorithm;
use super::claim::ClaimMap;
use super::fetch::{FetchError, Fetcher};
use super::key::KeySet;
use super::relying::Client;
use super::{IdentityError, json};
use crate::clock::Clock;
use crate::{config, limits};

/// An issuer whose tokens are accepted.
pub(super) struct Issuer {
    pub(super) name: String,
    pub(super) audiences: Vec<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) claims: ClaimMap,
    /// How it knows the gateway, if people sign in to the console with it.
    pub(super) client: Option<Client>,
    url: Url,
    fetcher: Fetcher,
    state: ArcSwap<State>,
    /// When a fetch was last begun. Held while fetching: this is the single flight.
    attempt: Mutex<Option<Timestamp>>,
    clock: Arc<dyn Clock>,
}

/// What an issuer published, as of some moment.
#[derive(Debug)]
pub(super) struct Published {
    /// `issuer` of its discovery document: what `iss` must be, byte for byte.
    pub(super) identifier: String,
    pub(super) keys: KeySet,
    /// Where people sign in.
    pub(super) authorization: Option<Url>,
    /// Where codes are redeemed.
    pub(super) token: Option<Url>,
    /// Where people sign out.
    pub(super) end_session: Option<Url>,
    /// It names itself in every answer (RFC 9207).
    pub(super) names_itself: bool,
    fetched: Timestamp,
    /// How far its clock is ahead of ours.
    ahead: Option<SignedDuration>,
}

#[derive(Debug, Default, Clone)]
struct State {
    published: Option<Arc<Published>>,
    /// Why the last fetch failed, if it did.
    problem: Option<Arc<str>>,
}

/// How an issuer is doing, for readiness and listings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerHealth {
    /// Configured name.
    pub name: String,
    /// Whether its tokens can be verified now.
    pub state: IssuerState,
    /// When its keys were last fetched.
    pub fetched: Option<Timestamp>,
    /// How far its clock was ahead of ours then (behind, if negative), to about a second.
    pub ahead: Option<SignedDuration>,
    /// Why the last fetch failed, if it did. For the operator: never shown to callers.
    pub problem: Option<Arc<str>>,
}

/// Whether an issuer's tokens can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuerState {
    /// Yes.
    Ready,
    /// Yes, with keys that could not be renewed.
    Stale,
    /// No: its keys were never fetched, are too old, or there are none.
    Unavailable,
}

#[derive(Debug, thiserror::Error)]
enum DiscoveryError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("`{0}` is not a discovery document: {1}")]
    Document(Url, &'static str),
    #[error("`{url}` belongs to issuer `{found}`; set the issuer's `url` to that if it is right")]
    Identifier { url: Url, found: String },
    #[error("`{0}` is not a key set of at most {max} keys", max = limits::KEYS_MAX)]
    Keys(Url),
    #[error("the issuer did not answer within {} s", limits::ISSUER_FETCH_MS / 1_000)]
    Timeout,
}

impl Issuer {
    pub(super) fn new(issuer: &config::Issuer, clock: Arc<dyn Clock>) -> Result<Self, IdentityError> {
        let fail = |problem: String| IdentityError::Issuer { issuer: issuer.name.clone(), problem };
        let fetcher = Fetcher::new(&issuer.url, issuer.authorities.as_deref())
            .map_err(|error| fail(error.to_string()))?;
        let named = |name: &String| {
            Algorithm::parse(name)
                .ok_or_else(|| fail(format!("`{name}` is not a signature algorithm that is supported")))
        };
        let mut algorithms = issuer.algorithms.iter().map(named).collect::<Result<Vec<_>, _>>()?;
        algorithms.dedup();
        if algorithms.is_empty() {
            algorithms = Algorithm::ALL.to_vec();
        }
        Ok(Self {
            name: issuer.name.clone(),
            audiences: issuer.audiences.clone(),
            algorithms,
            claims: ClaimMap::new(&issuer.claims).map_err(|error| fail(error.to_string()))?,
            client: issuer.console.as_ref().map(Client::new),
            url: issuer.url.clone(),
            fetcher,
            state: ArcSwap::default(),
            attempt: Mutex::new(None),
            clock,
        })
    }

    /// Whether `iss` may be this issuer; whether it is, only [`Published::identifier`] says. Parsing the URL of an
    /// issuer without path has lost whether its identifier ends with `/`, and both are in use.
    pub(super) fn may_be(&self, iss: &str) -> bool {
        let url = self.url.as_str();
        iss == url || (self.url.path() == "/" && Some(iss) == url.strip_suffix('/'))
    }

    /// What was published, if it can still be believed. Never waits.
    pub(super) fn current(&self, now: Timestamp) -> Option<Arc<Published>> {
        let state = self.state.load();
        let published = state.published.as_ref()?;
        (!is_past(published.fetched, limits::KEYS_STALE_MS, now)).then(|| Arc::clone(published))
    }

    /// What was published; fetched now if it is not known. `None`: it cannot be had.
    pub(super) async fn published(&self) -> Option<Arc<Published>> {
        if let Some(published) = self.current(self.clock.now()) {
            return Some(published);
        }
        self.fetch(limits::ISSUER_RETRY_MS, None).await;
        self.current(self.clock.now())
    }

    /// What was published after `seen`, which lacked a key; fetched now unless somebody did so a moment ago.
    pub(super) async fn published_after(&self, seen: &Arc<Published>) -> Option<Arc<Published>> {
        self.fetch(limits::KEYS_REFETCH_MS, Some(seen)).await;
        self.current(self.clock.now())
    }

    /// Fetches again what is due. To be called now and then, whether or not there are callers.
    pub(super) async fn refresh(&self) {
        let fetched = self.state.load().published.as_ref().map(|published| published.fetched);
        if fetched.is_none_or(|fetched| is_past(fetched, limits::KEYS_REFRESH_MS, self.clock.now())) {
            self.fetch(limits::KEYS_REFETCH_MS, None).await;
        }
    }

    /// The issuer's identifier: as published, else as configured.
    pub(super) fn identifier(&self) -> String {
        let state = self.state.load();
        let configured = || match self.url.path() {
            "/" => self.url.as_str().trim_end_matches('/').to_owned(),
            _ => self.url.to_string(),
        };
        state.published.as_ref().map_or_else(configured, |published| published.identifier.clone())
    }

    /// Posts a form to one of its endpoints.
    pub(super) async fn post(
        &self,
        url: &Url,
        form: String,
        authorization: Option<SecretString>,
    ) -> Result<(u16, Vec<u8>), FetchError> {
        self.fetcher.post(url, form, authorization).await
    }

    pub(super) fn health(&self) -> IssuerHealth {
        let now = self.clock.now();
        let state = self.state.load();
        let usable = self.current(now).is_some_and(|published| !published.keys.is_empty());
        let word = match (usable, &state.problem) {
            (false, _) => IssuerState::Unavailable,
            (true, Some(_)) => IssuerState::Stale,
            (true, None) => IssuerState::Ready,
        };
        IssuerHealth {
            name: self.name.clone(),
            state: word,
            fetched: state.published.as_ref().map(|published| published.fetched),
            ahead: state.published.as_ref().and_then(|published| published.ahead),
            problem: state.problem.clone(),
        }
    }

    /// Fetches, unless a fetch was begun within `pause_ms`, or what is published is no longer `seen`. Waits at most
    /// [`limits::ISSUER_WAIT_MS`] for somebody else's fetch, and [`limits::ISSUER_FETCH_MS`] for its own.
    async fn fetch(&self, pause_ms: u64, seen: Option<&Arc<Published>>) {
        let turn = timeout(Duration::from_millis(limits::ISSUER_WAIT_MS), self.attempt.lock()).await;
        let Ok(mut attempt) = turn else { return };
        let state = self.state.load_full();
        let renewed = match (&state.published, seen) {
            (Some(published), Some(seen)) => !Arc::ptr_eq(published, seen),
            (_, _) => false,
        };
        let now = self.clock.now();
        if renewed || attempt.is_some_and(|begun| !is_past(begun, pause_ms, now)) {
            return;
        }
        // Noted before the fetch, so that a caller who hangs up in the middle of it has used the turn up.
        *attempt = Some(now);
        let limit = Duration::from_millis(limits::ISSUER_FETCH_MS);
        let outcome = timeout(limit, self.discover(now)).await.unwrap_or(Err(DiscoveryError::Timeout));
        self.settle(&state, outcome);
    }

    fn settle(&self, before: &State, outcome: Result<Published, DiscoveryError>) {
        let after = match outcome {
            Ok(published) => {
                tracing::debug!(issuer = self.name, "fetched the issuer's keys");
                if let Some(ahead) =
                    published.ahead.filter(|ahead| ahead.as_secs().abs() > limits::CLOCK_SKEW_S)
                {
                    let seconds = ahead.as_secs();
                    tracing::warn!(
                        issuer = self.name,
                        seconds,
                        "the issuer's clock is ahead of ours (behind, if negative)"
                    );
                }
                let problem = published.keys.is_empty().then(|| match published.keys.offered() {
                    0 => Arc::from("the issuer publishes an empty key set"),
                    offered => Arc::from(format!(
                        "the issuer publishes {offered} key(s), none of them usable with its `algorithms`"
                    )),
                });
                State { published: Some(Arc::new(published)), problem }
            }
            Err(error) => {
                tracing::warn!(issuer = self.name, "cannot renew the issuer's keys: {error}");
                State { published: before.published.clone(), problem: Some(error.to_string().into()) }
            }
        };
        self.state.store(Arc::new(after));
    }

    async fn discover(&self, now: Timestamp) -> Result<Published, DiscoveryError> {
        let [openid, oauth] = well_known(&self.url);
        let (url, document) = match self.fetcher.get(&openid).await {
            // RFC 8414, section 5: issuers that are not OpenID providers use the other place.
            Err(FetchError::Status { status: 404, .. }) => {
                let document = self.fetcher.get(&oauth).await?;
                (oauth, document)
            }
            document => (openid, document?),
        };
        let ahead = document.date.map(|date| date.duration_since(self.clock.now()));
        let Some(document) = json::object(&document.body) else {
            return Err(DiscoveryError::Document(url, "not one JSON object without repeated keys"));
        };
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        let Some(identifier) = text("issuer") else {
            return Err(DiscoveryError::Document(url, "no `issuer`"));
        };
        if !self.may_be(identifier) {
            return Err(DiscoveryError::Identifier { url, found: identifier.to_owned() });
        }
        let Some(jwks_uri) = text("jwks_uri").and_then(|uri| Url::parse(uri).ok()) else {
            return Err(DiscoveryError::Document(url, "no `jwks_uri` that is a URL"));
        };
        let keys = self.fetcher.get(&jwks_uri).await?;
        let keys = KeySet::parse(&keys.body, &self.algorithms).ok_or(DiscoveryError::Keys(jwks_uri))?;
        // What leads elsewhere than `https` (or loopback, from an issuer there) is left out: nobody is sent to it.
        let place = |name: &str| {
            text(name).and_then(|url| Url::parse(url).ok()).filter(|url| self.fetcher.permits(url))
        };
        Ok(Published {
            identifier: identifier.to_owned(),
            keys,
            authorization: place("authorization_endpoint"),
            token: place("token_endpoint"),
            end_session: place("end_session_endpoint"),
            names_itself: document.get("authorization_response_iss_parameter_supported")
                == Some(&Value::Bool(true)),
            fetched: now,
            ahead,
        })
    }
}

/// Where discovery documents are: after the issuer's path (`OpenID` Connect Discovery 1.0, section 4) and before it
/// (RFC 8414, section 3).
fn well_known(issuer: &Url) -> [Url; 2] {
    let path = issuer.path().trim_end_matches('/').to_owned();
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    [
        at(format!("{path}/.well-known/openid-configuration")),
        at(format!("/.well-known/oauth-authorization-server{path}")),
    ]
}

/// Whether `period_ms` has passed since `from`. True also when the clock was set back: nobody knows then.
fn is_past(from: Timestamp, period_ms: u64, now: Timestamp) -> bool {
    let period = SignedDuration::from_millis(i64::try_from(period_ms).unwrap_or(i64::MAX));
    let age = now.duration_since(from);
    age.is_negative() || age >= period
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discovery_documents_are_looked_for_in_both_places() {
        let check = |issuer: &str, openid: &str, oauth: &str| {
            let [first, second] = well_known(&issuer.parse().unwrap());
            assert_eq!((first.as_str(), second.as_str()), (openid, oauth));
        };
        check(
            "https://id.example",
            "https://id.example/.well-known/openid-configuration",
            "https://id.example/.well-known/oauth-authorization-server",
        );
        check(
            "https://id.example/realms/a/",
            "https://id.example/realms/a/.well-known/openid-configuration",
            "https://id.example/.well-known/oauth-authorization-server/realms/a",
        );
    }

    #[test]
    fn period_is_past_when_it_ended_or_the_clock_was_set_back() {
        let start = Timestamp::UNIX_EPOCH;
        let at = |ms: i64| start + SignedDuration::from_millis(ms);
        assert!(!is_past(start, 1_000, at(999)));
        assert!(is_past(start, 1_000, at(1_000)));
        assert!(is_past(start, 1_000, at(-1)));
    }
}
