//! An authenticator, an issuer, and a clock that stands still.

use std::sync::Arc;

use aws_lc_rs::hmac;
use countersign::clock::{Clock, ManualClock};
use countersign::config;
use countersign::identity::{AuthFailure, Authenticator, Reason, ServiceKeys};
use countersign::model::Principal;
use fixture::issuer::{Issuer, Settings};
use fixture::loopback::Running;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// When every test begins, in Unix seconds.
pub(crate) const START: u64 = 1_800_000_000;
/// The resource identifier of the server `orders`.
pub(crate) const ORDERS: &str = "https://gateway.example/mcp/orders";

/// The key under which service keys are sealed.
pub(crate) fn seal() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, b"a key of the test")
}

/// What a test talks to.
pub(crate) struct Stage {
    pub(crate) issuer: Issuer,
    pub(crate) gate: Gate,
    _running: Running,
}

/// An authenticator and its clock.
pub(crate) struct Gate {
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) keys: Arc<ServiceKeys>,
}

impl Stage {
    /// Two servers, `orders` and `files`, and an issuer called `corp`.
    pub(crate) async fn new() -> Self {
        Self::with(json!({}), json!([{"name": "orders"}, {"name": "files"}])).await
    }

    /// Servers and further settings of the issuer as a test wants them.
    pub(crate) async fn with(issuer_config: Value, servers: Value) -> Self {
        let settings = Settings { clock: || START, ..Settings::default() };
        let (issuer, running) = Issuer::start(settings).await.unwrap();
        let mut config = json!({"name": "corp", "url": issuer.url()});
        config.as_object_mut().unwrap().extend(issuer_config.as_object().unwrap().clone());
        let gate = Gate::new(json!({"issuers": [config]}), servers);
        Self { issuer, gate, _running: running }
    }

    /// A token that is good for `orders`, but for `claims`.
    pub(crate) fn mint(&self, claims: Value) -> String {
        let mut usual = json!({"sub": "alice", "aud": ORDERS, "client_id": "fixture"});
        usual.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        self.issuer.mint(&usual).unwrap()
    }

    /// Whether the issuer was asked for metadata and keys as often as this.
    pub(crate) fn fetches(&self) -> (u64, u64) {
        use fixture::issuer::Endpoint;
        (self.issuer.count(Endpoint::Metadata), self.issuer.count(Endpoint::Keys))
    }
}

impl Gate {
    pub(crate) fn new(identity: Value, servers: Value) -> Self {
        Self::try_new(identity, servers).unwrap()
    }

    pub(crate) fn try_new(
        identity: Value,
        servers: Value,
    ) -> Result<Self, countersign::identity::IdentityError> {
        Self::assemble(identity, servers, seal())
    }

    pub(crate) fn sealed_with(identity: Value, servers: Value, seal: hmac::Key) -> Self {
        Self::assemble(identity, servers, seal).unwrap()
    }

    fn assemble(
        identity: Value,
        servers: Value,
        seal: hmac::Key,
    ) -> Result<Self, countersign::identity::IdentityError> {
        let identity: config::Identity = serde_json::from_value(identity).unwrap();
        let servers: Vec<config::ServerConfig> = serde_json::from_value(servers).unwrap();
        let clock =
            Arc::new(ManualClock::new(Timestamp::from_second(i64::try_from(START).unwrap()).unwrap()));
        let keys = Arc::new(ServiceKeys::new(seal));
        let public_url = "https://gateway.example".parse().unwrap();
        let authenticator =
            Authenticator::new(&identity, &servers, &public_url, Arc::clone(&keys), clock.clone())?;
        Ok(Self { authenticator: Arc::new(authenticator), clock, keys })
    }

    /// Presents `token` to `server`.
    pub(crate) async fn present(&self, server: &str, token: &str) -> Result<Arc<Principal>, AuthFailure> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        self.authenticator.authenticate(server, &headers, &Uri::from_static("/mcp/orders")).await
    }

    /// Presents `token` to `orders` and returns why it was refused.
    pub(crate) async fn refusal(&self, token: &str) -> Reason {
        self.present("orders", token).await.expect_err("refused").reason
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
