//! Issuers that rotate their keys, fail, hang or lie.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use countersign::identity::{IssuerState, Reason};
use fixture::issuer::{Algorithm, Issuer, Outage, Settings};
use fixture::loopback::{self, Running};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Gate, ORDERS, START, Stage};

#[tokio::test]
async fn first_callers_share_one_fetch() {
    let stage = Stage::new().await;
    assert_eq!(stage.fetches(), (0, 0), "nothing is fetched before somebody calls");
    let tokens: Vec<_> = (0..50).map(|n| stage.mint(json!({"sub": format!("caller-{n}")}))).collect();
    let answers = join_all(tokens.iter().map(|token| stage.gate.present("orders", token))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(stage.fetches(), (1, 1));
}

#[tokio::test]
async fn new_key_is_fetched_when_it_is_first_used() {
    let stage = Stage::new().await;
    assert!(stage.gate.present("orders", &stage.mint(json!({}))).await.is_ok());
    stage.issuer.rotate(Algorithm::Es256).unwrap();
    stage.gate.advance(30);
    assert!(stage.gate.present("orders", &stage.mint(json!({"sub": "bob"}))).await.is_ok());
    assert_eq!(stage.fetches(), (2, 2));
}

#[tokio::test]
async fn storm_of_unknown_keys_causes_one_fetch_per_period() {
    let stage = Stage::new().await;
    let good = stage.mint(json!({}));
    assert!(stage.gate.present("orders", &good).await.is_ok());
    let forged: Vec<_> = (0..200)
        .map(|n| {
            let header = json!({"kid": format!("forged-{n}")});
            let claims =
                json!({"iss": stage.issuer.url(), "aud": ORDERS, "sub": "mallory", "exp": START + 300});
            stage.issuer.sign(Algorithm::Es256, &header, &claims).unwrap()
        })
        .collect();
    for (advance, fetches) in [(29, 1), (1, 2), (29, 2), (1, 3)] {
        stage.gate.advance(advance);
        let answers = join_all(forged.iter().map(|token| stage.gate.refusal(token))).await;
        assert!(answers.iter().all(|reason| *reason == Reason::Key));
        assert_eq!(stage.fetches(), (fetches, fetches));
    }
    assert!(stage.gate.present("orders", &good).await.is_ok());
}

#[tokio::test]
async fn keys_are_renewed_when_they_are_due() {
    let stage = Stage::new().await;
    for (advance, fetches) in [(0, 1), (599, 1), (1, 2), (599, 2), (1, 3)] {
        stage.gate.advance(advance);
        stage.gate.authenticator.refresh().await;
        assert_eq!(stage.fetches(), (fetches, fetches));
    }
}

#[tokio::test]
async fn gateway_starts_without_its_issuer_and_recovers() {
    let stage = Stage::new().await;
    stage.issuer.set_outage(Outage::Failing);
    let token = stage.mint(json!({}));
    assert_eq!(stage.gate.authenticator.health()[0].state, IssuerState::Unavailable);
    assert_eq!(stage.gate.refusal(&token).await, Reason::IssuerUnavailable);
    let health = &stage.gate.authenticator.health()[0];
    assert_eq!(
        (health.name.as_str(), health.state, health.fetched),
        ("corp", IssuerState::Unavailable, None)
    );
    assert!(health.problem.as_ref().unwrap().contains("status 500"), "{health:?}");

    stage.issuer.set_outage(Outage::None);
    let fetches = stage.fetches();
    assert_eq!(stage.gate.refusal(&token).await, Reason::IssuerUnavailable, "not asked again at once");
    assert_eq!(stage.fetches(), fetches);
    stage.gate.advance(5);
    assert!(stage.gate.present("orders", &token).await.is_ok());
    assert_eq!(stage.gate.authenticator.health()[0].state, IssuerState::Ready);
}

#[tokio::test]
async fn outage_leaves_known_keys_working_for_a_day() {
    let stage = Stage::new().await;
    stage.gate.authenticator.refresh().await;
    stage.issuer.set_outage(Outage::Failing);
    stage.gate.advance(24 * 3_600 - 1);
    stage.gate.authenticator.refresh().await;
    assert_eq!(stage.gate.authenticator.health()[0].state, IssuerState::Stale);
    let exp = START + 48 * 3_600;
    assert!(stage.gate.present("orders", &stage.mint(json!({"exp": exp}))).await.is_ok());
    stage.gate.advance(1);
    let late = stage.mint(json!({"exp": exp, "sub": "bob"}));
    assert_eq!(stage.gate.refusal(&late).await, Reason::IssuerUnavailable);
    assert_eq!(stage.gate.authenticator.health()[0].state, IssuerState::Unavailable);
    stage.issuer.set_outage(Outage::None);
    stage.gate.advance(30);
    assert!(stage.gate.present("orders", &late).await.is_ok());
}

#[tokio::test]
async fn hanging_issuer_holds_up_nobody_whose_key_is_known() {
    let stage = Stage::new().await;
    assert!(stage.gate.present("orders", &stage.mint(json!({}))).await.is_ok());
    stage.issuer.set_outage(Outage::Hanging);
    stage.gate.advance(30);
    let known = stage.mint(json!({"sub": "bob"}));
    stage.issuer.rotate(Algorithm::Es256).unwrap();
    let unknown = stage.mint(json!({"sub": "carol"}));
    let waiting = stage.gate.refusal(&unknown);
    tokio::pin!(waiting);
    tokio::select! {
        biased;
        reason = &mut waiting => panic!("answered without its key: {reason:?}"),
        principal = stage.gate.present("orders", &known) => assert!(principal.is_ok()),
    }
    // With time paused, timers fire as soon as nothing else can happen: this ends only because of the limit.
    tokio::time::pause();
    assert_eq!(waiting.await, Reason::Key);
    let problem = stage.gate.authenticator.health()[0].problem.clone().unwrap();
    assert!(problem.contains("10 s") || problem.contains("timed out"), "{problem}");
}

#[tokio::test]
async fn withdrawal_of_all_keys_is_believed() {
    let stage = Stage::new().await;
    let token = stage.mint(json!({"exp": START + 10_000}));
    assert!(stage.gate.present("orders", &token).await.is_ok());
    for key in stage.issuer.key_set().unwrap()["keys"].as_array().unwrap() {
        stage.issuer.retire(key["kid"].as_str().unwrap());
    }
    stage.gate.advance(600);
    stage.gate.authenticator.refresh().await;
    assert_eq!(stage.gate.refusal(&token).await, Reason::Key);
    let health = &stage.gate.authenticator.health()[0];
    assert_eq!(health.state, IssuerState::Unavailable);
    assert!(health.problem.as_ref().unwrap().contains("empty key set"), "{health:?}");
}

/// An issuer at a path of its own, whose discovery document and keys are `metadata` and `keys`.
struct Scripted {
    running: Running,
    gate: Gate,
    token: String,
}

/// What a scripted issuer answers.
#[derive(Clone)]
enum Script {
    Json(Value),
    Text(Arc<str>),
    Redirect,
    Missing,
}

impl IntoResponse for Script {
    fn into_response(self) -> axum::response::Response {
        match self {
            Self::Json(value) => axum::Json(value).into_response(),
            Self::Text(text) => {
                ([(header::CONTENT_TYPE, "application/json")], Body::from(text.to_string())).into_response()
            }
            Self::Redirect => Redirect::temporary("/elsewhere").into_response(),
            Self::Missing => StatusCode::NOT_FOUND.into_response(),
        }
    }
}

impl Scripted {
    /// Serves what `script` makes of the issuer's base URL, its proper metadata and its proper keys: what to answer at
    /// the `OpenID` place, at the RFC 8414 place and for the keys.
    async fn start(script: impl FnOnce(&str, Value, Value) -> [Script; 3]) -> Self {
        let listener = loopback::bind(0).await.unwrap();
        let base = format!("http://{}/realm", listener.local_addr().unwrap());
        let signer =
            Issuer::new(listener.local_addr().unwrap(), Settings { clock: || START, ..Settings::default() });
        let signer = signer.unwrap();
        let metadata = json!({"issuer": base, "jwks_uri": format!("{base}/keys")});
        let [openid, oauth, keys] = script(&base, metadata, signer.key_set().unwrap());
        let elsewhere = keys.clone();
        let router = Router::new()
            .route("/realm/.well-known/openid-configuration", get(move || async { openid }))
            .route("/.well-known/oauth-authorization-server/realm", get(move || async { oauth }))
            .route("/realm/keys", get(move || async { keys }))
            .route("/elsewhere", get(move || async { elsewhere }));
        let running =
            Running::on(listener, |listener, stop| loopback::serve(listener, router, stop)).unwrap();
        let gate =
            Gate::new(json!({"issuers": [{"name": "corp", "url": base}]}), json!([{"name": "orders"}]));
        let token = signer.mint(&json!({"iss": base, "sub": "alice", "aud": ORDERS})).unwrap();
        Self { running, gate, token }
    }

    async fn accepts(self) {
        self.gate.present("orders", &self.token).await.unwrap();
        drop(self.running);
    }

    async fn refuses(self, problem: &str) {
        assert_eq!(self.gate.refusal(&self.token).await, Reason::IssuerUnavailable);
        let found = self.gate.authenticator.health()[0].problem.clone().unwrap();
        assert!(found.contains(problem), "{found}");
        drop(self.running);
    }
}

#[tokio::test]
async fn metadata_is_found_in_either_place() {
    Scripted::start(|_, metadata, keys| [Script::Json(metadata), Script::Missing, Script::Json(keys)])
        .await
        .accepts()
        .await;
    Scripted::start(|_, metadata, keys| [Script::Missing, Script::Json(metadata), Script::Json(keys)])
        .await
        .accepts()
        .await;
    Scripted::start(|_, _, keys| [Script::Missing, Script::Missing, Script::Json(keys)])
        .await
        .refuses("status 404")
        .await;
}

#[tokio::test]
async fn redirects_are_not_followed() {
    Scripted::start(|_, metadata, _| [Script::Json(metadata), Script::Missing, Script::Redirect])
        .await
        .refuses("status 307")
        .await;
    Scripted::start(|_, _, keys| [Script::Redirect, Script::Missing, Script::Json(keys)])
        .await
        .refuses("status 307")
        .await;
}

#[tokio::test]
async fn oversized_documents_are_refused() {
    let padding = " ".repeat(256 * 1024);
    let padded = padding.clone();
    Scripted::start(|_, metadata, keys| {
        [Script::Text(format!("{padded}{metadata}").into()), Script::Missing, Script::Json(keys)]
    })
    .await
    .refuses("larger than 256 KiB")
    .await;
    Scripted::start(|_, metadata, keys| {
        [Script::Json(metadata), Script::Missing, Script::Text(format!("{padding}{keys}").into())]
    })
    .await
    .refuses("larger than 256 KiB")
    .await;
}

#[tokio::test]
async fn metadata_that_lies_is_refused() {
    let check = |change: Value, problem: &'static str| async move {
        Scripted::start(|_, mut metadata, keys| {
            metadata.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            [Script::Json(metadata), Script::Missing, Script::Json(keys)]
        })
        .await
        .refuses(problem)
        .await;
    };
    check(json!({"issuer": "https://evil.example"}), "belongs to issuer `https://evil.example`").await;
    check(json!({"issuer": null}), "no `issuer`").await;
    check(json!({"jwks_uri": "http://10.0.0.5/keys"}), "may not be fetched").await;
    check(json!({"jwks_uri": "https://169.254.169.254/keys"}), "may not be fetched").await;
    check(json!({"jwks_uri": "file:///etc/passwd"}), "may not be fetched").await;
    check(json!({"jwks_uri": 7}), "no `jwks_uri`").await;
}

#[tokio::test]
async fn identifier_must_be_the_issuers_own_to_the_byte() {
    Scripted::start(|base, mut metadata, keys| {
        metadata["issuer"] = format!("{base}/").into();
        [Script::Json(metadata), Script::Missing, Script::Json(keys)]
    })
    .await
    .refuses("belongs to issuer")
    .await;
}

#[tokio::test]
async fn documents_of_another_shape_are_refused() {
    for text in ["", "[]", "<html>", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        Scripted::start(|_, metadata, _| {
            [Script::Json(metadata), Script::Missing, Script::Text(text.into())]
        })
        .await
        .refuses("is not a key set")
        .await;
    }
    Scripted::start(|_, _, keys| [Script::Text("nope".into()), Script::Missing, Script::Json(keys)])
        .await
        .refuses("is not a discovery document")
        .await;
}
