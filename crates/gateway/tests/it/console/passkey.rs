//! Passkeys: registered by whoever has just signed in, and what a signature must be to count as an approval.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use countersign::sign_in::{NoPasskey, Visit};
use evidence::passkey::encode;
use fixture::probe::Response;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Browser, POLICIES, Setup, setup_at};
use crate::approval::eventually;
use crate::harness::call;

const PRESENT_AND_VERIFIED: u8 = 5;

/// An authenticator with one passkey, made of a library that the gateway does not verify with.
#[derive(Clone)]
struct Device {
    pkcs8: Vec<u8>,
    id: [u8; 24],
    origin: String,
    rp_id: String,
    flags: u8,
    counter: u32,
}

impl Device {
    fn new(setup: &Setup, id: u8) -> Self {
        Self {
            pkcs8: EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
                .expect("a key")
                .as_ref()
                .to_vec(),
            id: [id; 24],
            origin: format!("http://{}", setup.gateway.site.host()),
            rp_id: "localhost".to_owned(),
            flags: PRESENT_AND_VERIFIED,
            counter: 1,
        }
    }

    fn key(&self) -> EcdsaKeyPair {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.pkcs8).expect("a key")
    }

    fn client_data(&self, ceremony: &str, challenge: &str) -> String {
        json!({ "type": ceremony, "challenge": challenge, "origin": self.origin, "crossOrigin": false })
            .to_string()
    }

    fn head(&self, more: u8) -> Vec<u8> {
        let domain: [u8; 32] = Sha256::digest(&self.rp_id).into();
        [&domain[..], &[self.flags | more], &self.counter.to_be_bytes()].concat()
    }

    /// What `navigator.credentials.create` gives the page.
    fn create(&self, options: &Value) -> Value {
        let challenge = options["publicKey"]["challenge"].as_str().expect("a challenge");
        let key = self.key();
        let point = key.public_key().as_ref();
        let cose = [
            &[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32][..],
            &point[1..33],
            &[0x22, 0x58, 32],
            &point[33..],
        ];
        let length = u16::try_from(self.id.len()).expect("short").to_be_bytes();
        let data = [&self.head(0x40)[..], &[0; 16], &length, &self.id, &cose.concat()].concat();
        let length = u16::try_from(data.len()).expect("short").to_be_bytes();
        let object = [&b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"[..], &length, &data].concat();
        json!({
            "name": "laptop",
            "id": encode(&self.id),
            "clientDataJSON": encode(self.client_data("webauthn.create", challenge).as_bytes()),
            "attestationObject": encode(&object),
        })
    }

    /// What `navigator.credentials.get` gives the page.
    fn get(&self, challenge: &str) -> Value {
        let client_data = self.client_data("webauthn.get", challenge);
        let head = self.head(0);
        let signed = [&head[..], &Sha256::digest(&client_data)].concat();
        let signature = self.key().sign(&SystemRandom::new(), &signed).expect("signed");
        json!({
            "id": encode(&self.id),
            "clientDataJSON": encode(client_data.as_bytes()),
            "authenticatorData": encode(&head),
            "signature": encode(signature.as_ref()),
        })
    }
}

/// A gateway at a name, where every approval is to be signed.
async fn setup() -> Setup {
    let policies =
        POLICIES.replace("@approvers(\"operations\")", "@approvers(\"operations\") @passkey(\"required\")");
    setup_at("http://localhost", &policies, 3600, |text| format!("{text}approvals:\n  wait_ms: 20000\n"))
        .await
}

async fn signed_in(setup: &Setup, person: &str) -> Browser {
    let mut browser = Browser::default();
    browser.sign_in(setup, person).await;
    browser
}

async fn register(setup: &Setup, browser: &mut Browser, device: &Device) -> Response {
    let options = browser.post(setup, "/api/v1/passkeys/options", &json!({})).await.json().expect("JSON");
    browser.post(setup, "/api/v1/passkeys", &device.create(&options)).await
}

/// Alice calls what is held; the approval that waits.
async fn held(setup: &Setup, browser: &mut Browser, id: u64) -> (fixture::probe::Probe, String) {
    let waiting =
        setup.gateway.send("alice", "POST", &[], &call(id, "effect", &json!({ "marker": id }))).await;
    let browser = tokio::sync::Mutex::new(browser);
    let approval = eventually(|| async {
        let listed = browser.lock().await.get(setup, "/api/v1/approvals").await.json().expect("JSON");
        let pending = listed["approvals"].as_array()?.iter().find(|one| one["state"] == "pending")?;
        Some(pending["id"].as_str()?.to_owned())
    });
    let approval = approval.await;
    (waiting, approval)
}

async fn challenge(setup: &Setup, browser: &mut Browser, approval: &str) -> String {
    let options = browser.get(setup, &format!("/api/v1/approvals/{approval}/challenge")).await;
    let options = options.json().expect("JSON");
    assert_eq!(options["publicKey"]["userVerification"], json!("required"), "{options}");
    options["publicKey"]["challenge"].as_str().expect("a challenge").to_owned()
}

async fn approve(setup: &Setup, browser: &mut Browser, approval: &str, passkey: &Value) -> (u16, Value) {
    let body = if passkey.is_null() { json!({}) } else { json!({ "passkey": passkey }) };
    let answer = browser.post(setup, &format!("/api/v1/approvals/{approval}/approve"), &body).await;
    (answer.status(), answer.json().expect("JSON"))
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn approval_that_policy_wants_signed_counts_with_the_approvers_passkey_alone_and_stays_on_record() {
    let setup = setup().await;
    let mut bob = signed_in(&setup, "bob").await;
    let (mut waiting, approval) = held(&setup, &mut bob, 1).await;
    let mut device = Device::new(&setup, 1);
    let unsigned = approve(&setup, &mut bob, &approval, &Value::Null).await;
    assert_eq!(code(&unsigned), (403, "passkey_required"));
    // Nor does a program decide with a token.
    let path = format!("/api/v1/approvals/{approval}/approve");
    let by_token = setup.gateway.api("bob", "POST", &path, &json!({})).await;
    assert_eq!(by_token.json().expect("JSON")["code"], json!("passkey_required"));

    let registered = register(&setup, &mut bob, &device).await;
    let listed = registered.json().expect("JSON");
    assert_eq!((registered.status(), &listed["passkeys"][0]["name"]), (200, &json!("laptop")), "{listed}");
    let me = bob.get(&setup, "/api/v1/me").await.json().expect("JSON");
    assert_eq!(me["passkeys"], json!({ "available": true, "registered": 1 }));
    let challenge = challenge(&setup, &mut bob, &approval).await;
    device.counter += 1;
    let approved = approve(&setup, &mut bob, &approval, &device.get(&challenge)).await;
    assert_eq!((approved.0, &approved.1["state"]), (200, &json!("approved")), "{}", approved.1);
    assert_eq!(approved.1["votes"][0]["passkey"], json!(true));
    waiting.response().await.expect("an answer");

    let leaves = setup.gateway.leaves().await;
    let of = |event: &str| leaves.iter().find(|leaf| leaf["type"] == event).expect("a leaf");
    let (asked, made, given) = (of("approval.requested"), of("passkey.registered"), of("approval.approved"));
    assert_eq!(asked["detail"]["signed"], json!("passkey"));
    let signed = &given["detail"]["passkey"];
    assert_eq!((&signed["key"], &made["actor"]["id"]), (&made["detail"]["key"], &given["actor"]["id"]));
    let binding: [u8; 32] = (0..32)
        .map(|at| {
            let text = given["detail"]["binding"].as_str().expect("text");
            u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hexadecimal")
        })
        .collect::<Vec<u8>>()
        .try_into()
        .expect("32 bytes");
    assert_eq!(encode(&binding), challenge, "what is signed is what is bound");
    assert!(!made.to_string().contains("laptop"), "what a person calls a passkey is nobody's business");
    setup.finish().await;
}

#[tokio::test]
async fn signature_that_is_not_exactly_this_persons_over_exactly_this_call_does_not_count() {
    let setup = setup().await;
    let (mut bob, mut carol) = (signed_in(&setup, "bob").await, signed_in(&setup, "carol").await);
    let (mut mine, mut theirs) = (Device::new(&setup, 1), Device::new(&setup, 2));
    assert_eq!(register(&setup, &mut bob, &mine).await.status(), 200);
    assert_eq!(register(&setup, &mut carol, &theirs).await.status(), 200);
    let (mut first, approval) = held(&setup, &mut bob, 1).await;
    let challenge = challenge(&setup, &mut bob, &approval).await;
    mine.counter += 1;
    theirs.counter += 1;

    let changed = |change: fn(&mut Device)| {
        let mut device = mine.clone();
        change(&mut device);
        device.get(&challenge)
    };
    let edited = |member: &str, value: Value| {
        let mut signed = mine.get(&challenge);
        signed[member] = value;
        signed
    };
    let wrong = [
        ("another origin", changed(|device| device.origin = "https://evil.example".to_owned())),
        ("another website", changed(|device| device.rp_id = "evil.example".to_owned())),
        ("nobody present", changed(|device| device.flags = 4)),
        ("nobody verified", changed(|device| device.flags = 1)),
        ("another challenge", mine.get(&encode(&[7; 32]))),
        ("somebody else's passkey", theirs.get(&challenge)),
        ("somebody else's, under my id", edited("signature", theirs.get(&challenge)["signature"].clone())),
        ("a passkey of nobody", edited("id", json!(encode(&[9; 24])))),
        ("no signature", edited("signature", json!("AA"))),
        ("no id", edited("id", json!(""))),
    ];
    for (what, passkey) in wrong {
        let refused = approve(&setup, &mut bob, &approval, &passkey).await;
        assert_eq!(code(&refused), (403, "passkey_refused"), "{what}: {}", refused.1);
    }
    let malformed = approve(&setup, &mut bob, &approval, &edited("more", json!("a"))).await;
    assert_eq!(code(&malformed), (400, "malformed"));
    // A rejection needs no signature, so that stopping is never harder than agreeing; here it is agreed to.
    let good = mine.get(&challenge);
    assert_eq!(approve(&setup, &mut bob, &approval, &good).await.0, 200);
    first.response().await.expect("an answer");

    // The same signature for the next call, and a copy of the passkey, which has signed less often.
    let (mut second, other) = held(&setup, &mut bob, 2).await;
    let challenge = self::challenge(&setup, &mut bob, &other).await;
    let replayed = approve(&setup, &mut bob, &other, &good).await;
    assert_eq!(code(&replayed), (403, "passkey_refused"), "{}", replayed.1);
    let copied = approve(&setup, &mut bob, &other, &mine.get(&challenge)).await;
    assert_eq!(code(&copied), (403, "passkey_refused"), "{}", copied.1);
    assert!(copied.1["detail"].as_str().expect("text").contains("a copy"), "{}", copied.1);
    mine.counter += 1;
    assert_eq!(approve(&setup, &mut bob, &other, &mine.get(&challenge)).await.0, 200);
    second.response().await.expect("an answer");
    let refusals = setup.gateway.leaves_of("call.denied").await;
    let refused = refusals.iter().filter(|leaf| leaf["refusal"] == "passkey_refused").count();
    assert_eq!(refused, 12, "every attempt is on record");
    setup.finish().await;
}

#[tokio::test]
async fn passkey_is_registered_once_by_a_person_who_has_just_signed_in_and_is_of_no_use_once_removed() {
    let setup = setup().await;
    let (mut bob, mut carol) = (signed_in(&setup, "bob").await, signed_in(&setup, "carol").await);
    let device = Device::new(&setup, 1);
    let registering = |device: &Device, options: &Value, change: fn(&mut Value)| {
        let mut made = device.create(options);
        change(&mut made);
        made
    };
    let offer = bob.post(&setup, "/api/v1/passkeys/options", &json!({})).await.json().expect("JSON");
    let theirs = carol.post(&setup, "/api/v1/passkeys/options", &json!({})).await.json().expect("JSON");
    let forged = json!({ "publicKey": { "challenge": encode(&[7; 40]) } });
    let mut unverified = Device::new(&setup, 1);
    unverified.flags = 1;
    let mut elsewhere = Device::new(&setup, 1);
    elsewhere.origin = "https://evil.example".to_owned();
    for (what, made) in [
        ("an offer to somebody else", registering(&device, &theirs, |_| ())),
        ("an offer of nobody", registering(&device, &forged, |_| ())),
        ("no name", registering(&device, &offer, |made| made["name"] = json!(" "))),
        ("a long name", registering(&device, &offer, |made| made["name"] = json!("n".repeat(65)))),
        ("another id", registering(&device, &offer, |made| made["id"] = json!("AAAA"))),
        ("nothing attested", registering(&device, &offer, |made| made["attestationObject"] = json!("oA"))),
        ("nobody verified", registering(&unverified, &offer, |_| ())),
        ("another origin", registering(&elsewhere, &offer, |_| ())),
    ] {
        let refused = bob.post(&setup, "/api/v1/passkeys", &made).await;
        assert_eq!(
            (refused.status(), &refused.json().expect("JSON")["code"]),
            (400, &json!("malformed")),
            "{what}"
        );
    }
    assert_eq!(bob.post(&setup, "/api/v1/passkeys", &device.create(&offer)).await.status(), 200);
    // Nobody takes over a passkey by its id.
    let taken = carol.post(&setup, "/api/v1/passkeys", &device.create(&theirs)).await;
    assert_eq!((taken.status(), &taken.json().expect("JSON")["code"]), (409, &json!("taken")));
    let foreign = carol.post(&setup, "/api/v1/passkeys/remove", &json!({ "id": encode(&device.id) })).await;
    assert_eq!(foreign.status(), 404);

    // A cookie that was stolen hours later makes no passkey.
    let gateway = &setup.gateway.running.gateway;
    let now = gateway.clock.now().as_microsecond();
    let stale = Visit {
        principal: crate::approval::bob().principal,
        csrf: String::new(),
        began: now - 16 * 60 * 1_000_000,
        ends: now + 60 * 60 * 1_000_000,
    };
    let refused = gateway.sign_ins.offer(&stale).await.expect_err("too old");
    assert!(matches!(refused, NoPasskey::Stale), "{refused}");

    let (waiting, approval) = held(&setup, &mut bob, 1).await;
    let challenge = challenge(&setup, &mut bob, &approval).await;
    let removed = bob.post(&setup, "/api/v1/passkeys/remove", &json!({ "id": encode(&device.id) })).await;
    assert_eq!(removed.json().expect("JSON")["passkeys"], json!([]));
    let gone = approve(&setup, &mut bob, &approval, &device.get(&challenge)).await;
    assert_eq!(code(&gone), (403, "passkey_refused"), "{}", gone.1);
    let leaves = setup.gateway.leaves_of("passkey.removed").await;
    assert_eq!(leaves[0]["detail"], json!({ "credential": encode(&device.id) }));
    drop(waiting);
    setup.finish().await;
}

#[tokio::test]
async fn person_has_a_bounded_number_of_passkeys() {
    let setup = setup().await;
    let mut bob = signed_in(&setup, "bob").await;
    let most = u8::try_from(countersign::limits::PASSKEYS_PER_PERSON_MAX).expect("few");
    for id in 0..most {
        let device = Device::new(&setup, id);
        assert_eq!(register(&setup, &mut bob, &device).await.status(), 200, "{id}");
    }
    let full = bob.post(&setup, "/api/v1/passkeys/options", &json!({})).await;
    assert_eq!((full.status(), &full.json().expect("JSON")["code"]), (409, &json!("full")));
    setup.finish().await;
}
