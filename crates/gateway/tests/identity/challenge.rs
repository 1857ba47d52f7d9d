//! What a caller without a proven identity is told, and the metadata that it is pointed at.

use countersign::identity::{AuthFailure, Authenticator, METADATA_PATH, Reason};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde_json::{Value, json};

use crate::harness::{Gate, ORDERS, Stage};

const METADATA: &str = "https://gateway.example/.well-known/oauth-protected-resource/mcp/orders";

fn challenge(authenticator: &Authenticator, failure: &AuthFailure) -> (StatusCode, String) {
    let challenge = authenticator.challenge("orders", failure).unwrap();
    let text = challenge.authenticate.map(|value| value.to_str().unwrap().to_owned());
    (challenge.status, text.unwrap_or_default())
}

async fn fail(gate: &Gate, values: &[&str], uri: &'static str) -> (Reason, StatusCode, String) {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    }
    let failure =
        gate.authenticator.authenticate("orders", &headers, &Uri::from_static(uri)).await.unwrap_err();
    let (status, text) = challenge(&gate.authenticator, &failure);
    (failure.reason, status, text)
}

#[tokio::test]
async fn caller_without_credential_is_pointed_at_the_metadata() {
    let stage = Stage::with(json!({}), json!([{"name": "orders", "scopes": ["read", "write"]}])).await;
    let expected = format!("Bearer resource_metadata=\"{METADATA}\", scope=\"read write\"");
    for values in [&[][..], &["Basic YTpi"]] {
        let (_, status, text) = fail(&stage.gate, values, "/mcp/orders").await;
        assert_eq!((status, text.as_str()), (StatusCode::UNAUTHORIZED, expected.as_str()));
    }
}

#[tokio::test]
async fn bad_token_is_named_invalid() {
    let stage = Stage::new().await;
    let (reason, status, text) = fail(&stage.gate, &["Bearer nonsense"], "/mcp/orders").await;
    assert_eq!((reason, status), (Reason::Malformed, StatusCode::UNAUTHORIZED));
    let expected =
        format!("Bearer resource_metadata=\"{METADATA}\", error=\"invalid_token\", error_description=\"");
    assert!(text.starts_with(&expected), "{text}");
}

#[tokio::test]
async fn malformed_request_is_400() {
    let stage = Stage::new().await;
    let token = format!("Bearer {}", stage.mint(json!({})));
    for (values, uri) in [
        (&[token.as_str(), &token][..], "/mcp/orders"),
        (&["Bearer"], "/mcp/orders"),
        (&[&token], "/mcp/orders?access_token=abc"),
        (&[], "/mcp/orders?access_token=abc"),
    ] {
        let (_, status, text) = fail(&stage.gate, values, uri).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(text.contains("error=\"invalid_request\""), "{text}");
        assert!(!text.contains("abc"));
    }
}

#[tokio::test]
async fn missing_scope_is_403_with_all_that_are_needed() {
    let stage = Stage::with(json!({}), json!([{"name": "orders", "scopes": ["read", "write"]}])).await;
    for scopes in
        [json!({}), json!({"scope": "read"}), json!({"scp": ["write"]}), json!({"scope": "readwrite"})]
    {
        let failure = stage.gate.present("orders", &stage.mint(scopes)).await.unwrap_err();
        assert_eq!(failure.reason, Reason::Scope);
        assert_eq!(&*failure.required_scopes, ["read", "write"]);
        let (status, text) = challenge(&stage.gate.authenticator, &failure);
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(text.contains("scope=\"read write\", error=\"insufficient_scope\""), "{text}");
        assert!(text.contains(METADATA), "{text}");
    }
    for scopes in [
        json!({"scope": "write other read"}),
        json!({"scp": "read write"}),
        json!({"scp": ["read", "write"]}),
    ] {
        assert!(stage.gate.present("orders", &stage.mint(scopes)).await.is_ok());
    }
}

#[tokio::test]
async fn unavailable_issuer_is_503_and_no_challenge() {
    let stage = Stage::new().await;
    stage.issuer.set_outage(fixture::issuer::Outage::Failing);
    let failure = stage.gate.present("orders", &stage.mint(json!({}))).await.unwrap_err();
    let challenge = stage.gate.authenticator.challenge("orders", &failure).unwrap();
    assert_eq!(challenge.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(challenge.authenticate, None);
    assert_eq!(challenge.retry_after.unwrap(), "5");
}

#[tokio::test]
async fn every_reason_makes_a_challenge_of_its_status() {
    let stage = Stage::with(json!({}), json!([{"name": "orders", "scopes": ["read"]}])).await;
    for reason in Reason::ALL {
        let failure =
            AuthFailure { reason, issuer: None, token: None, required_scopes: ["read".to_owned()].into() };
        let (status, text) = challenge(&stage.gate.authenticator, &failure);
        assert_eq!(status, reason.face().status);
        assert_eq!(text.starts_with("Bearer "), status != StatusCode::SERVICE_UNAVAILABLE, "{text}");
    }
}

#[tokio::test]
async fn metadata_names_the_resource_exactly() {
    let servers = json!([{"name": "orders", "scopes": ["read"]}, {"name": "files"}]);
    let stage = Stage::with(json!({}), servers).await;
    let read = |path: &str| -> Option<Value> {
        stage.gate.authenticator.metadata(path).map(|bytes| serde_json::from_slice(&bytes).unwrap())
    };
    assert_eq!(
        read("/.well-known/oauth-protected-resource/mcp/orders").unwrap(),
        json!({
            "resource": ORDERS,
            "authorization_servers": [stage.issuer.url()],
            "scopes_supported": ["read"],
            "bearer_methods_supported": ["header"],
        })
    );
    assert!(
        read("/.well-known/oauth-protected-resource/mcp/files").unwrap().get("scopes_supported").is_none()
    );
    for path in ["", "/", "/nothing", "/mcp/orders/", "/mcp/orders/x", "/orders"] {
        assert_eq!(read(&format!("{METADATA_PATH}{path}")), None, "{path}");
    }
    assert_eq!(stage.gate.authenticator.resource("orders"), Some(ORDERS));
}

#[tokio::test]
async fn root_metadata_exists_for_a_single_server_only() {
    let one = Stage::with(json!({}), json!([{"name": "orders"}])).await;
    let root: Value =
        serde_json::from_slice(&one.gate.authenticator.metadata(METADATA_PATH).unwrap()).unwrap();
    assert_eq!(root["resource"], ORDERS);
    let two = Stage::new().await;
    assert_eq!(two.gate.authenticator.metadata(METADATA_PATH), None);
}

#[test]
fn issuer_is_named_before_it_was_reached() {
    let check = |url: &str, expected: &str| {
        let gate = Gate::new(json!({"issuers": [{"name": "a", "url": url}]}), json!([{"name": "orders"}]));
        let metadata = gate.authenticator.metadata(METADATA_PATH).unwrap();
        let metadata: Value = serde_json::from_slice(&metadata).unwrap();
        assert_eq!(metadata["authorization_servers"], json!([expected]));
    };
    check("https://id.example", "https://id.example");
    check("https://id.example/realms/a", "https://id.example/realms/a");
    check("https://id.example/realms/a/", "https://id.example/realms/a/");
}

#[tokio::test]
async fn without_issuers_there_is_nowhere_to_point() {
    let gate = Gate::new(json!({"service_keys": "accepted"}), json!([{"name": "orders"}]));
    assert_eq!(gate.authenticator.metadata("/.well-known/oauth-protected-resource/mcp/orders"), None);
    let (_, status, text) = fail(&gate, &[], "/mcp/orders").await;
    assert_eq!((status, text.as_str()), (StatusCode::UNAUTHORIZED, "Bearer"));
}
