//! Signing in and out, and what a hostile page, neighbour or issuer cannot do.

use fixture::issuer::{Endpoint, Outage};
use fixture::probe::{Probe, request};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Browser, Setup, location, setup, setup_with};
use crate::approval::eventually;

const COOKIE: &str = "__Host-countersign";
const BEGUN: &str = "__Host-countersign-sign-in";

async fn status(browser: &mut Browser, setup: &Setup) -> (u16, Value) {
    let me = browser.get(setup, "/api/v1/me").await;
    (me.status(), me.json().expect("JSON"))
}

#[tokio::test]
async fn person_signs_in_is_told_who_they_are_and_signs_out() {
    let setup = setup().await;
    let mut browser = Browser::default();
    let public = browser.get(&setup, "/api/v1/sign-in").await.json().expect("JSON");
    assert_eq!(public["issuers"][0]["name"], json!("demo"));
    assert_eq!(browser.sign_in(&setup, "bob").await, "/console/log");
    let (code, me) = status(&mut browser, &setup).await;
    assert_eq!((code, &me["id"], &me["through"]), (200, &json!("demo/bob"), &json!("console")));
    let permitted = [
        "status.read",
        "policies.read",
        "calls.read",
        "access.read",
        "breakglass.enter",
        "sessions.end",
        "tools.accept",
        "access.review",
        "reviews.manage",
        "canaries.run",
        "policies.publish",
    ];
    assert_eq!(me["permissions"], json!(permitted));

    let cookie = browser.cookie(COOKIE).expect("signed in").to_owned();
    let out = browser.post(&setup, "/console/sign-out", &Value::Null).await;
    let end = out.json().expect("JSON")["end"].as_str().expect("a place").to_owned();
    assert!(end.starts_with(&format!("{}/logout?", setup.gateway.site.issuer.url())), "{end}");
    assert_eq!(browser.cookie(COOKIE), None);
    // Whoever kept the cookie has nothing.
    browser.set(COOKIE, &cookie);
    let (code, problem) = status(&mut browser, &setup).await;
    assert_eq!((code, &problem["code"]), (401, &json!("signed_out")));
    setup.finish().await;
}

#[tokio::test]
async fn answer_counts_only_in_the_browser_that_asked() {
    let setup = setup().await;
    let (mut victim, mut attacker) = (Browser::default(), Browser::default());
    // The attacker signs in as themselves up to the last step, and makes the victim take it.
    let begun = attacker.get(&setup, "/console/sign-in?hint=mallory").await;
    let callback = attacker.at_issuer(&location(&begun)).await;
    let sent = location(&victim.get(&setup, &callback).await);
    assert_eq!((sent.as_str(), victim.cookie(COOKIE)), ("/console/?error=expired", None));
    // Also while the victim is signing in themselves.
    let begun = victim.get(&setup, "/console/sign-in?hint=bob").await;
    let sent = location(&victim.get(&setup, &callback).await);
    assert_eq!((sent.as_str(), victim.cookie(COOKIE)), ("/console/?error=state", None));
    // The victim's own answer still counts, once.
    let own = victim.at_issuer(&location(&begun)).await;
    assert_eq!(location(&victim.get(&setup, &own).await), "/console/");
    assert_eq!(location(&victim.get(&setup, &own).await), "/console/?error=expired");
    assert_eq!(status(&mut victim, &setup).await.1["id"], json!("demo/bob"));
    let failures = setup.gateway.leaves_of("auth.failed").await;
    let reasons: Vec<_> = failures.iter().map(|leaf| leaf["detail"]["reason"].clone()).collect();
    assert_eq!(reasons, ["expired", "state", "expired"]);
    setup.finish().await;
}

#[tokio::test]
async fn answer_of_another_issuer_is_refused_before_its_code_is_redeemed() {
    let setup = setup().await;
    let mut browser = Browser::default();
    let begun = browser.get(&setup, "/console/sign-in?hint=bob").await;
    let callback = browser.at_issuer(&location(&begun)).await;
    let (before, _) = callback.split_once("iss=").expect("RFC 9207");
    let redeemed = || setup.gateway.site.issuer.count(Endpoint::Token);
    let under_way = browser.cookie(BEGUN).expect("begun").to_owned();
    for forged in [format!("{before}iss=https%3A%2F%2Fevil.example"), before.to_owned()] {
        browser.set(BEGUN, &under_way);
        assert_eq!(location(&browser.get(&setup, &forged).await), "/console/?error=issuer", "{forged}");
        assert_eq!(browser.cookie(BEGUN), None);
    }
    browser.set(BEGUN, &under_way);
    assert_eq!(redeemed(), 0);
    let denied = format!("/console/callback?error=access_denied&state={}", state(&callback));
    let named = format!("{denied}&iss={}", callback.split_once("iss=").expect("RFC 9207").1);
    assert_eq!(location(&browser.get(&setup, &named).await), "/console/?error=denied");
    assert_eq!(browser.cookie(COOKIE), None);
    setup.finish().await;
}

#[tokio::test]
async fn sign_in_is_redeemed_once_whoever_kept_its_cookie() {
    let setup = setup().await;
    let mut browser = Browser::default();
    let begun = browser.get(&setup, "/console/sign-in?hint=bob").await;
    let under_way = browser.cookie(BEGUN).expect("begun").to_owned();
    let callback = browser.at_issuer(&location(&begun)).await;
    assert_eq!(location(&browser.get(&setup, &callback).await), "/console/");
    for _ in 0..3 {
        browser.set(BEGUN, &under_way);
        assert_eq!(location(&browser.get(&setup, &callback).await), "/console/?error=expired");
    }
    assert_eq!(setup.gateway.site.issuer.count(Endpoint::Token), 1);
    setup.finish().await;
}

#[tokio::test]
async fn other_page_cannot_end_a_sign_in_that_the_issuer_says_nothing_about_now() {
    let setup = setup_with(1, |text| text).await;
    let mut browser = Browser::default();
    browser.sign_in(&setup, "bob").await;
    setup.gateway.site.issuer.set_outage(Outage::Failing);
    let me = eventually(|| async {
        let mut other = Browser::default();
        other.set(COOKIE, browser.cookie(COOKIE).expect("signed in"));
        let (code, _) = status(&mut other, &setup).await;
        (code == 503).then_some(code)
    });
    assert_eq!(me.await, 503);
    let out =
        browser.ask(&setup, "POST", "/console/sign-out", &[("x-csrf-token", "guessed")], &Value::Null).await;
    assert_eq!((out.status(), browser.cookie(COOKIE).is_some()), (403, true));
    setup.gateway.site.issuer.set_outage(Outage::None);
    assert_eq!(status(&mut browser, &setup).await.0, 200);
    setup.finish().await;
}

#[tokio::test]
async fn caller_who_hangs_up_while_the_issuer_renews_stays_signed_in() {
    let setup = setup_with(1, |text| text).await;
    let mut browser = Browser::default();
    browser.sign_in(&setup, "bob").await;
    let (issuer, places) = (setup.gateway.site.issuer.clone(), setup.gateway.running.gateway.places.clone());
    let (host, free) = (setup.gateway.address().to_string(), places.available_permits());
    let cookie = format!("{COOKIE}={}", browser.cookie(COOKIE).expect("signed in"));
    let fields = [("host", &*host), ("cookie", &*cookie), ("sec-fetch-site", "same-origin")];
    issuer.set_outage(Outage::Hanging);
    let asked = issuer.count(Endpoint::Token);
    let waiting = eventually(|| async {
        let mut probe = Probe::connect(setup.gateway.address()).await.expect("a connection");
        probe.send(&request("GET", "/api/v1/me", &fields, b"")).await.expect("sent");
        let answered = tokio::time::timeout(std::time::Duration::from_millis(300), probe.response()).await;
        (answered.is_err() && issuer.count(Endpoint::Token) > asked).then_some(probe)
    });
    let waiting = waiting.await;
    assert_eq!(places.available_permits(), free, "the issuer's time is nobody else's place");
    drop(waiting);
    issuer.set_outage(Outage::None);
    assert_eq!(status(&mut browser, &setup).await.0, 200);
    setup.finish().await;
}

fn state(callback: &str) -> String {
    let (_, query) = callback.split_once('?').expect("a query");
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "state").expect("a state").1.into_owned()
}

#[tokio::test]
async fn every_sign_in_has_a_cookie_of_its_own_and_ends_the_one_before() {
    let setup = setup().await;
    let mut browser = Browser::default();
    browser.sign_in(&setup, "alice").await;
    let first = browser.cookie(COOKIE).expect("signed in").to_owned();
    browser.sign_in(&setup, "bob").await;
    assert_ne!(browser.cookie(COOKIE), Some(&*first));
    assert_eq!(browser.cookie(BEGUN), None);
    assert_eq!(status(&mut browser, &setup).await.1["id"], json!("demo/bob"));
    let mut other = Browser::default();
    other.set(COOKIE, &first);
    assert_eq!(status(&mut other, &setup).await.0, 401);
    // A cookie that somebody made up is nobody's.
    other.set(COOKIE, "AAAA");
    assert_eq!(status(&mut other, &setup).await.0, 401);
    setup.finish().await;
}

#[tokio::test]
async fn other_pages_cannot_act_with_the_cookie() {
    let setup = setup().await;
    let mut browser = Browser::default();
    browser.sign_in(&setup, "bob").await;
    let token = browser.csrf(&setup).await;
    let path = "/api/v1/approvals/00000000-0000-7000-8000-000000000000/approve";
    for (fields, wanted) in [
        (vec![("sec-fetch-site", "cross-site"), ("x-csrf-token", &*token)], (403, "csrf")),
        (vec![("sec-fetch-site", "same-site"), ("x-csrf-token", &*token)], (403, "csrf")),
        (vec![("sec-fetch-site", "none"), ("x-csrf-token", &*token)], (403, "csrf")),
        (vec![("x-csrf-token", "guessed")], (403, "csrf")),
        (vec![], (403, "csrf")),
        (vec![("x-csrf-token", &*token)], (404, "unknown")),
    ] {
        let answer = browser.ask(&setup, "POST", path, &fields, &json!({})).await;
        assert_eq!(
            (answer.status(), &answer.json().expect("JSON")["code"]),
            (wanted.0, &json!(wanted.1)),
            "{fields:?}"
        );
    }
    let read =
        browser.ask(&setup, "GET", "/api/v1/log", &[("sec-fetch-site", "cross-site")], &Value::Null).await;
    assert_eq!(read.status(), 403);
    let out = browser
        .ask(&setup, "POST", "/console/sign-out", &[("sec-fetch-site", "cross-site")], &Value::Null)
        .await;
    assert_eq!((out.status(), status(&mut browser, &setup).await.0), (403, 200));
    setup.finish().await;
}

#[tokio::test]
async fn sign_in_lasts_as_long_as_the_issuer_renews_it() {
    let setup = setup_with(1, |text| text).await;
    let mut browser = Browser::default();
    browser.sign_in(&setup, "bob").await;
    let issuer = setup.gateway.site.issuer.clone();
    let browser = tokio::sync::Mutex::new(browser);
    let renewals = || async {
        let answer = browser.lock().await.get(&setup, "/api/v1/me").await.status();
        (answer, issuer.count(Endpoint::Token))
    };
    eventually(|| async { (renewals().await.1 >= 3).then_some(()) }).await;
    assert_eq!(renewals().await.0, 200);
    issuer.disable("bob");
    eventually(|| async { (renewals().await.0 == 401).then_some(()) }).await;
    let asked = issuer.count(Endpoint::Token);
    assert_eq!(renewals().await, (401, asked), "nobody asks about somebody who is gone");
    setup.finish().await;
}

#[tokio::test]
async fn page_may_load_nothing_from_elsewhere_and_cannot_be_framed() {
    let setup = setup().await;
    let mut browser = Browser::default();
    let page = browser.get(&setup, "/console/approvals/1").await;
    assert_eq!((page.status(), page.head.field("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.head.field("content-security-policy").expect("a policy").to_owned();
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(page.head.field(name), Some(value));
    }
    let tag = page.head.field("etag").expect("a tag").to_owned();
    let again = browser.ask(&setup, "GET", "/console/", &[("if-none-match", &tag)], &Value::Null).await;
    assert_eq!((again.status(), again.body.len()), (304, 0));
    for missing in ["/console/assets/../index.html", "/console/assets/none.js", "/console/none.js"] {
        assert_eq!(browser.get(&setup, missing).await.status(), 404, "{missing}");
    }
    assert_eq!(location(&browser.get(&setup, "/").await), "/console/");
    let elsewhere = browser.get(&setup, "/console/sign-in?hint=bob&return=//evil.example/").await;
    let back = browser.at_issuer(&location(&elsewhere)).await;
    assert_eq!(location(&browser.get(&setup, &back).await), "/console/");
    setup.finish().await;
}

#[tokio::test]
async fn row_that_was_put_back_or_prolonged_in_the_database_signs_nobody_in() {
    use countersign::store::sign_in;

    let setup = setup().await;
    let mut bob = Browser::default();
    bob.sign_in(&setup, "bob").await;
    assert_eq!(bob.get(&setup, "/api/v1/me").await.status(), 200);
    let cookie = bob.cookie("__Host-countersign").expect("signed in").to_owned();
    let secret = evidence::passkey::decode(&cookie, 64).expect("base64url");
    let id: [u8; 32] = Sha256::digest(secret).into();
    let prolonged = setup.gateway.running.gateway.db.write("forge", move |tx| {
        let mut row = sign_in::find(tx, &id)?.expect("a row");
        (row.fresh_until, row.ends) = (i64::MAX / 2, i64::MAX / 2);
        sign_in::remove(tx, &id)?;
        sign_in::insert(tx, &row)
    });
    prolonged.await.expect("written");
    assert_eq!(bob.get(&setup, "/api/v1/me").await.status(), 401);
    setup.finish().await;
}
