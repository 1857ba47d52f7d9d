//! Callers that no issuer knows.

use aws_lc_rs::rand::SystemRandom;
use countersign::identity::{Reason, ServiceKey, ServiceKeyKind, ServiceKeyTerms, ServiceKeyText};
use countersign::model::PrincipalKind;
use jiff::SignedDuration;
use serde_json::json;

use crate::harness::{Gate, seal};

fn issue(gate: &Gate) -> (ServiceKey, ServiceKeyText) {
    let now = gate.now();
    let terms = ServiceKeyTerms {
        name: "triage agent".to_owned(),
        kind: ServiceKeyKind::Agent,
        groups: vec!["triage".to_owned()],
        servers: vec!["orders".to_owned()],
        created_by: "operator".to_owned(),
        owner: None,
        created: now,
        expires: now + SignedDuration::from_hours(1),
    };
    ServiceKey::issue(terms, &seal(), &SystemRandom::new()).unwrap()
}

fn add(gate: &Gate) -> ServiceKeyText {
    let (key, text) = issue(gate);
    gate.keys.replace(vec![key], gate.now());
    text
}

#[tokio::test]
async fn service_key_proves_its_principal() {
    let servers = json!([{"name": "orders", "scopes": ["read"]}, {"name": "files"}]);
    let gate = Gate::new(json!({"service_keys": "accepted"}), servers);
    let text = add(&gate);
    let principal = gate.present("orders", text.expose()).await.unwrap();
    assert_eq!(principal.kind, PrincipalKind::Agent);
    assert_eq!((principal.party.issuer.as_str(), principal.party.subject.as_str()), ("keys", text.id()));
    assert_eq!(gate.present("files", text.expose()).await.unwrap_err().reason, Reason::ServiceKeyServer);
}

#[tokio::test]
async fn service_keys_are_refused_unless_the_configuration_accepts_them() {
    let gate = Gate::new(json!({}), json!([{"name": "orders"}]));
    let text = add(&gate);
    let failure = gate.present("orders", text.expose()).await.unwrap_err();
    assert_eq!(failure.reason, Reason::ServiceKeysRefused);
    assert_eq!(failure.issuer.as_deref(), Some("keys"));
    assert!(!format!("{failure:?}").contains(text.expose()));
}

#[tokio::test]
async fn unknown_key_is_refused() {
    let gate = Gate::new(json!({"service_keys": "accepted"}), json!([{"name": "orders"}]));
    add(&gate);
    let (_, other) = issue(&gate);
    for text in [other.expose(), "csk_", "csk__", "csk_0123456789abcdef_x"] {
        assert_eq!(gate.refusal(text).await, Reason::ServiceKeyUnknown, "{text}");
    }
}

#[tokio::test]
async fn unread_key_store_is_unavailable_not_empty() {
    let gate = Gate::new(json!({"service_keys": "accepted"}), json!([{"name": "orders"}]));
    let (_, text) = issue(&gate);
    assert_eq!(gate.refusal(text.expose()).await, Reason::ServiceKeysUnavailable);
}
