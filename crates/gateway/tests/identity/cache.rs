//! Tokens that were verified before.

use std::sync::Arc;

use countersign::identity::Reason;
use fixture::issuer::{Algorithm, Outage};
use serde_json::json;

use crate::harness::{START, Stage};

#[tokio::test]
async fn token_seen_before_is_not_verified_again() {
    let stage = Stage::new().await;
    let token = stage.mint(json!({}));
    let first = stage.gate.present("orders", &token).await.unwrap();
    let second = stage.gate.present("orders", &token).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second), "the second answer is the first one");
}

#[tokio::test]
async fn token_seen_at_one_server_proves_nothing_to_another() {
    let stage = Stage::new().await;
    let token = stage.mint(json!({}));
    assert!(stage.gate.present("orders", &token).await.is_ok());
    assert_eq!(stage.gate.present("files", &token).await.unwrap_err().reason, Reason::Audience);
}

#[tokio::test]
async fn token_seen_before_never_outlives_its_expiry() {
    let stage = Stage::new().await;
    let token = stage.mint(json!({"exp": START + 100}));
    let first = stage.gate.present("orders", &token).await.unwrap();
    stage.gate.advance(100);
    // Within the skew it is verified anew, so it can only pass if it would pass without having been seen.
    let second = stage.gate.present("orders", &token).await.unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    stage.gate.advance(60);
    assert_eq!(stage.gate.refusal(&token).await, Reason::Expired);
}

#[tokio::test]
async fn token_seen_before_is_refused_once_its_key_is_withdrawn() {
    let stage = Stage::new().await;
    let token = stage.mint(json!({"exp": START + 10_000}));
    assert!(stage.gate.present("orders", &token).await.is_ok());
    let kid = stage.issuer.rotate(Algorithm::Es256).unwrap();
    assert_eq!(kid, "demo-es256-6");
    stage.issuer.retire("demo-es256-3");
    stage.gate.advance(600);
    stage.gate.authenticator.refresh().await;
    assert_eq!(stage.gate.refusal(&token).await, Reason::Key);
}

#[tokio::test]
async fn token_seen_before_is_refused_once_the_keys_are_too_old() {
    let stage = Stage::new().await;
    let token = stage.mint(json!({"exp": START + 1_000_000}));
    assert!(stage.gate.present("orders", &token).await.is_ok());
    stage.issuer.set_outage(Outage::Failing);
    stage.gate.advance(24 * 3_600 - 1);
    assert!(stage.gate.present("orders", &token).await.is_ok());
    stage.gate.advance(1);
    assert_eq!(stage.gate.refusal(&token).await, Reason::IssuerUnavailable);
}

#[tokio::test]
async fn refused_token_is_not_remembered_as_good() {
    let stage = Stage::with(json!({}), json!([{"name": "orders", "scopes": ["use"]}])).await;
    let token = stage.mint(json!({"scope": "other"}));
    for _ in 0..2 {
        assert_eq!(stage.gate.refusal(&token).await, Reason::Scope);
    }
}
