//! Which tokens prove who is calling.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::identity::Reason;
use countersign::model::{Party, PrincipalKind};
use fixture::issuer::{Algorithm, compact};
use serde_json::{Value, json};

use crate::harness::{Gate, ORDERS, START, Stage};

/// A token with `header` and `claims` over good ones, properly signed with the issuer's ES256 key.
fn signed(stage: &Stage, header: Value, claims: Value) -> String {
    let mut usual = json!({
        "iss": stage.issuer.url(), "sub": "alice", "aud": ORDERS, "iat": START, "exp": START + 300,
    });
    usual.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    usual.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    stage.issuer.sign(Algorithm::Es256, &header, &usual).unwrap()
}

async fn check_claims(stage: &Stage, claims: Value, expected: Reason) {
    let token = signed(stage, json!({}), claims.clone());
    assert_eq!(stage.gate.refusal(&token).await, expected, "{claims}");
}

async fn check_header(stage: &Stage, header: Value, expected: Reason) {
    let token = signed(stage, header.clone(), json!({}));
    assert_eq!(stage.gate.refusal(&token).await, expected, "{header}");
}

#[tokio::test]
async fn token_of_every_algorithm_proves_its_subject() {
    let stage = Stage::new().await;
    for algorithm in Algorithm::ALL {
        let claims = json!({"sub": "alice", "aud": ORDERS, "client_id": "cli", "scope": "b a a"});
        let token = stage.issuer.mint_with(algorithm, &claims).unwrap();
        let principal = stage.gate.present("orders", &token).await.unwrap();
        assert_eq!(principal.party, Party { issuer: "corp".into(), subject: "alice".into() });
        assert_eq!(principal.kind, PrincipalKind::Human);
        assert_eq!(principal.client.as_deref(), Some("cli"));
        assert_eq!(principal.scopes, ["a", "b"]);
        assert_eq!(principal.expires.as_second(), i64::try_from(START + 300).unwrap());
    }
}

#[tokio::test]
async fn token_for_another_audience_is_refused() {
    let stage = Stage::new().await;
    for audience in [
        json!("https://gateway.example/mcp/files"),
        json!("https://gateway.example/mcp/orders/"),
        json!("https://gateway.example"),
        json!("HTTPS://gateway.example/mcp/orders"),
        json!(["https://other.example"]),
        json!([]),
        json!([ORDERS, 7]),
        json!({ORDERS: ORDERS}),
        Value::Null,
    ] {
        check_claims(&stage, json!({"aud": audience}), Reason::Audience).await;
    }
}

#[tokio::test]
async fn one_of_several_audiences_is_enough() {
    let stage = Stage::new().await;
    let token = stage.mint(json!({"aud": ["https://other.example", ORDERS]}));
    assert!(stage.gate.present("orders", &token).await.is_ok());
    assert_eq!(stage.gate.present("files", &token).await.unwrap_err().reason, Reason::Audience);
}

#[tokio::test]
async fn configured_audiences_are_accepted_where_they_were_configured() {
    let servers = json!([{"name": "orders", "audiences": ["api://orders"]}, {"name": "files"}]);
    let stage = Stage::with(json!({"audiences": ["app-guid"]}), servers).await;
    let of_server = stage.mint(json!({"aud": "api://orders"}));
    assert!(stage.gate.present("orders", &of_server).await.is_ok());
    assert_eq!(stage.gate.present("files", &of_server).await.unwrap_err().reason, Reason::Audience);
    let of_issuer = stage.mint(json!({"aud": "app-guid"}));
    assert!(stage.gate.present("orders", &of_issuer).await.is_ok());
    assert!(stage.gate.present("files", &of_issuer).await.is_ok());
}

#[tokio::test]
async fn token_of_another_issuer_is_refused() {
    let stage = Stage::new().await;
    let url = stage.issuer.url().to_owned();
    // The last one parses to the same URL, but is not what the issuer calls itself.
    for iss in [
        json!("https://evil.example"),
        json!(format!("{url}x")),
        json!(7),
        Value::Null,
        json!(format!("{url}/")),
    ] {
        check_claims(&stage, json!({"iss": iss}), Reason::Issuer).await;
    }
    let other = Stage::new().await;
    let token = signed(&other, json!({"kid": "demo-es256-3"}), json!({"iss": url}));
    assert_eq!(stage.gate.refusal(&token).await, Reason::Signature);
}

#[tokio::test]
async fn times_are_held_within_the_skew() {
    let stage = Stage::new().await;
    for (claims, expected) in [
        (json!({"exp": START - 60}), Reason::Expired),
        (json!({"exp": 0}), Reason::Expired),
        (json!({"exp": -1}), Reason::Expired),
        (json!({"nbf": START + 61}), Reason::NotYetValid),
        (json!({"iat": START + 61}), Reason::NotYetValid),
        (json!({"exp": null}), Reason::Claims),
        (json!({"exp": "1800000300"}), Reason::Claims),
        (json!({"exp": 1e300}), Reason::Claims),
        (json!({"exp": u64::MAX}), Reason::Claims),
        (json!({"nbf": "now"}), Reason::Claims),
    ] {
        check_claims(&stage, claims, expected).await;
    }
    for claims in [
        json!({"exp": START - 59}),
        json!({"exp": 1_800_000_000.5}),
        json!({"nbf": START + 60, "iat": START + 60}),
        json!({"iat": null}),
    ] {
        let token = signed(&stage, json!({}), claims.clone());
        assert!(stage.gate.present("orders", &token).await.is_ok(), "{claims}");
    }
}

#[tokio::test]
async fn unsigned_token_is_refused() {
    let stage = Stage::new().await;
    let claims = json!({"iss": stage.issuer.url(), "sub": "alice", "aud": ORDERS, "exp": START + 300});
    for alg in ["none", "None", "nOnE", ""] {
        let token = compact(&json!({"alg": alg}), &claims, |_| Vec::new());
        let reason = stage.gate.refusal(&token).await;
        assert_eq!(reason, Reason::Algorithm, "{alg}");
    }
    let token = compact(&json!({"alg": "ES256", "kid": "demo-es256-3"}), &claims, |_| Vec::new());
    assert_eq!(stage.gate.refusal(&token).await, Reason::Signature);
}

#[tokio::test]
async fn public_key_is_no_hmac_secret() {
    let stage = Stage::new().await;
    let claims = json!({"iss": stage.issuer.url(), "sub": "alice", "aud": ORDERS, "exp": START + 300});
    let set = stage.issuer.key_set().unwrap();
    let rsa = set["keys"].as_array().unwrap().iter().find(|key| key["alg"] == "RS256").unwrap();
    let modulus = URL_SAFE_NO_PAD.decode(rsa["n"].as_str().unwrap()).unwrap();
    for secret in [modulus.as_slice(), rsa.to_string().as_bytes(), rsa["n"].as_str().unwrap().as_bytes()] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        for alg in ["HS256", "RS256"] {
            let header = json!({"alg": alg, "kid": rsa["kid"], "typ": "JWT"});
            let token = compact(&header, &claims, |message| hmac::sign(&key, message).as_ref().to_vec());
            let expected = if alg == "HS256" { Reason::Algorithm } else { Reason::Signature };
            assert_eq!(stage.gate.refusal(&token).await, expected);
        }
    }
}

#[tokio::test]
async fn algorithm_belongs_to_the_key_not_to_the_token() {
    let stage = Stage::new().await;
    // The key named is an ES256 key; no other algorithm can have it.
    for alg in ["RS256", "PS256", "ES384", "EdDSA"] {
        check_header(&stage, json!({"alg": alg, "kid": "demo-es256-3"}), Reason::Key).await;
    }
    // An RSA key published for RS256 serves neither PS256 nor RS512.
    let claims = json!({"iss": stage.issuer.url(), "sub": "alice", "aud": ORDERS, "exp": START + 300});
    for alg in ["PS256", "RS512"] {
        let token = stage.issuer.sign(Algorithm::Rs256, &json!({"alg": alg}), &claims).unwrap();
        assert_eq!(stage.gate.refusal(&token).await, Reason::Key, "{alg}");
    }
}

#[tokio::test]
async fn algorithms_that_the_issuer_is_not_configured_for_are_refused() {
    let stage = Stage::with(json!({"algorithms": ["ES256"]}), json!([{"name": "orders"}])).await;
    assert!(stage.gate.present("orders", &stage.mint(json!({}))).await.is_ok());
    let claims = json!({"sub": "alice", "aud": ORDERS});
    let token = stage.issuer.mint_with(Algorithm::Rs256, &claims).unwrap();
    assert_eq!(stage.gate.refusal(&token).await, Reason::Algorithm);
}

#[tokio::test]
async fn token_without_key_id_needs_exactly_one_fitting_key() {
    let stage = Stage::new().await;
    let token = signed(&stage, json!({"kid": null}), json!({}));
    assert!(stage.gate.present("orders", &token).await.is_ok());
    stage.issuer.rotate(Algorithm::Es256).unwrap();
    stage.gate.advance(600);
    stage.gate.authenticator.refresh().await;
    let token = signed(&stage, json!({"kid": null}), json!({"exp": START + 900}));
    assert_eq!(stage.gate.refusal(&token).await, Reason::Key);
}

#[tokio::test]
async fn changed_token_is_refused() {
    let stage = Stage::new().await;
    let good = stage.mint(json!({}));
    assert!(stage.gate.present("orders", &good).await.is_ok());
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let other = stage.mint(json!({"sub": "bob"}));
    let other_claims = other.split('.').nth(1).unwrap();
    assert_eq!(stage.gate.refusal(&format!("{header}.{other_claims}.{signature}")).await, Reason::Signature);
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let broken = format!("{header}.{claims}.{flipped}{}", &signature[1..]);
    assert_eq!(stage.gate.refusal(&broken).await, Reason::Signature);
    for text in ["x", "a.b.c", &good[..good.len() - 1], &format!("{good}.AA")] {
        assert_eq!(stage.gate.refusal(text).await, Reason::Malformed, "{text}");
    }
}

#[tokio::test]
async fn tokens_that_are_not_access_tokens_are_refused() {
    let stage = Stage::new().await;
    for claims in [
        json!({"at_hash": "x"}),
        json!({"c_hash": "x"}),
        json!({"nonce": "x"}),
        json!({"typ": "ID"}),
        json!({"typ": "Refresh"}),
        json!({"token_use": "id"}),
        json!({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}),
    ] {
        check_claims(&stage, claims, Reason::Kind).await;
    }
    for typ in ["logout+jwt", "application/secevent+jwt", "id_token"] {
        check_header(&stage, json!({"typ": typ}), Reason::Kind).await;
    }
    for typ in ["at+jwt", "application/AT+JWT", "jwt", "application/jwt"] {
        let token = signed(&stage, json!({"typ": typ}), json!({}));
        assert!(stage.gate.present("orders", &token).await.is_ok(), "{typ}");
    }
}

#[tokio::test]
async fn bound_and_extended_tokens_are_refused() {
    let stage = Stage::new().await;
    check_claims(&stage, json!({"cnf": {"jkt": "x"}}), Reason::Bound).await;
    check_header(&stage, json!({"crit": ["b64"], "b64": false}), Reason::Critical).await;
    check_header(&stage, json!({"crit": []}), Reason::Critical).await;
}

#[tokio::test]
async fn keys_that_the_token_brings_along_are_not_looked_at() {
    let (stage, other) = (Stage::new().await, Stage::new().await);
    let set = other.issuer.key_set().unwrap();
    let jwk = set["keys"].as_array().unwrap().iter().find(|key| key["alg"] == "ES256").unwrap();
    let jku = format!("{}/jwks", other.issuer.url());
    let header = json!({"kid": "theirs", "jwk": jwk, "jku": jku, "x5u": jku});
    let token = signed(&other, header, json!({"iss": stage.issuer.url()}));
    let fetched = other.fetches();
    assert_eq!(stage.gate.refusal(&token).await, Reason::Key);
    assert_eq!(other.fetches(), fetched);
}

#[tokio::test]
async fn unknown_server_has_no_callers() {
    let stage = Stage::new().await;
    let failure = stage.gate.present("nothing", &stage.mint(json!({}))).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Audience);
    assert!(stage.gate.authenticator.challenge("nothing", &failure).is_none());
}

#[tokio::test]
async fn failure_holds_nothing_of_the_token() {
    let stage = Stage::new().await;
    let token = stage.mint(json!({"aud": "elsewhere"}));
    let failure = stage.gate.present("orders", &token).await.unwrap_err();
    assert_eq!(failure.issuer.as_deref(), Some("corp"));
    let shown = format!("{failure:?}");
    for part in token.split('.') {
        assert!(!shown.contains(part));
    }
    assert!(failure.token.is_some());
}

#[test]
fn configuration_that_contradicts_itself_is_refused() {
    let issuer = |change: Value| {
        let mut issuer = json!({"name": "corp", "url": "https://id.example"});
        issuer.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        issuer
    };
    let check = |issuers: Vec<Value>, servers: Value, expected: &str| {
        let error = Gate::try_new(json!({"issuers": issuers}), servers).map(drop).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let none = json!([]);
    check(vec![issuer(json!({"url": "http://id.example"}))], none.clone(), "must be `https`");
    check(vec![issuer(json!({"name": "keys"}))], none.clone(), "name is taken");
    check(vec![issuer(json!({"name": "a b"}))], none.clone(), "letters, digits");
    check(vec![issuer(json!({})), issuer(json!({"name": "b"}))], none.clone(), "same `url`");
    check(vec![issuer(json!({"algorithms": ["HS256"]}))], none.clone(), "`HS256` is not");
    check(vec![issuer(json!({"algorithms": ["none"]}))], none.clone(), "`none` is not");
    check(vec![issuer(json!({"claims": {"groups": ["/a~2"]}}))], none.clone(), "`/a~2` is not a claim path");
    check(vec![issuer(json!({"authorities": "/nowhere.pem"}))], none, "`/nowhere.pem`");
    check(vec![], json!([{"name": "a", "scopes": ["x\"y"]}]), "cannot be a required scope");
    check(vec![], json!([{"name": "a", "scopes": ["offline_access"]}]), "cannot be a required scope");
}
