//! Approvals that must be signed with a passkey: what a signature must be for this crate and `verify.py` to count it.

use evidence::jcs::Object;
use evidence::leaf::EventType;
use evidence::passkey::{self, Assertion};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::agreement;
use super::sample::{Log, export, human, object};

const CALL: u64 = 950;
const BINDING: [u8; 32] = [7; 32];
const ORIGIN: &str = "https://gateway.example";

/// Somebody's authenticator, and what it is to do differently.
struct Device {
    key: SigningKey,
    client: Value,
    rp_id: &'static str,
    flags: u8,
}

impl Device {
    fn new(seed: u8) -> Self {
        let client = json!({
            "type": "webauthn.get", "challenge": passkey::encode(&BINDING), "origin": ORIGIN, "crossOrigin": false,
            "other_keys_can_be_added_here": "do not compare clientDataJSON against a template",
        });
        Self { key: SigningKey::from_slice(&[seed; 32]).unwrap(), client, rp_id: "gateway.example", flags: 5 }
    }

    fn key(&self) -> String {
        let point = self.key.verifying_key().to_sec1_point(false);
        let coordinate = |at: usize| point.as_bytes()[at..at + 32].try_into().unwrap();
        passkey::encode(passkey::PublicKey::es256(&coordinate(1), &coordinate(33)).unwrap().to_spki())
    }

    fn registered(&self) -> Object {
        let detail = json!({
            "algorithm": "ES256", "credential": self.credential(), "key": self.key(), "origin": ORIGIN,
            "rp_id": "gateway.example",
        });
        Object::of(&detail).unwrap()
    }

    fn credential(&self) -> String {
        passkey::encode(&self.key.to_bytes())
    }

    fn sign(&self) -> Assertion {
        let domain = Sha256::digest(self.rp_id);
        let data = [&domain[..], &[self.flags], &[0, 0, 0, 9]].concat();
        let client = self.client.to_string();
        let signed = [&data[..], &Sha256::digest(&client)].concat();
        let signature: Signature = self.key.sign(&signed);
        Assertion {
            credential: self.credential(),
            key: self.key(),
            authenticator_data: passkey::encode(&data),
            client_data: passkey::encode(client.as_bytes()),
            signature: passkey::encode(signature.to_der().as_bytes()),
            rp_id: "gateway.example".to_owned(),
            origin: ORIGIN.to_owned(),
        }
    }
}

/// Bob and Carol have a passkey each; Bob approves with `detail`.
fn story(signed: Value, between: impl FnOnce(&mut Log)) -> Vec<Vec<u8>> {
    let mut log = Log::default();
    log.add(0, EventType::LogGenesis).detail = Some(object(r#"{"origin":"gateway.example/audit/1"}"#));
    log.add(0, EventType::GatewayStarted).detail = Some(object(r#"{"version":"0.1.0"}"#));
    log.add(1, EventType::GatewayStarted).detail = Some(object(r#"{"version":"0.1.0"}"#));
    for (person, seed) in [("bob", 1), ("carol", 2)] {
        let leaf = log.add(0, EventType::PasskeyRegistered);
        leaf.actor = Some(human(person));
        leaf.detail = Some(Device::new(seed).registered());
    }
    let binding = evidence::merkle::Hash::from_bytes(BINDING).to_string();
    let asked = json!({ "binding": binding, "quorum": 1, "signed": "passkey" });
    let leaf = log.approval(0, EventType::ApprovalRequested, CALL, human("alice"));
    leaf.detail = Some(Object::of(&asked).unwrap());
    between(&mut log);
    let said = json!({ "binding": binding, "passkey": signed });
    let leaf = log.approval(0, EventType::ApprovalApproved, CALL, human("bob"));
    leaf.detail = Some(Object::of(&said).unwrap());
    log.encode()
}

/// Both programs, which must agree; what this crate says about the last leaf.
fn verdict(leaves: &[Vec<u8>], what: &str) -> Option<String> {
    let directory = TempDir::new().unwrap();
    export(directory.path(), leaves);
    let findings = agreement::check(directory.path(), what);
    let found: Vec<_> = findings.problems.iter().map(|problem| problem.reason.clone()).collect();
    assert!(found.len() < 2, "{what}: {found:?}");
    assert!(findings.first_bad_leaf.is_none_or(|leaf| leaf == leaves.len() as u64 - 1), "{what}");
    found.into_iter().next()
}

#[test]
fn approval_signed_with_the_approvers_passkey_is_sound() {
    let signed = json!(Device::new(1).sign());
    assert_eq!(verdict(&story(signed, |_| ()), "as it should be"), None);
}

#[test]
fn approval_without_a_passkey_that_counts_is_found() {
    let changed = |change: fn(&mut Device)| {
        let mut device = Device::new(1);
        change(&mut device);
        json!(device.sign())
    };
    let edited = |member: &str, value: Value| {
        let mut signed = json!(Device::new(1).sign());
        signed[member] = value;
        signed
    };
    let others = json!(Device::new(2).sign());
    let unknown = json!(Device::new(3).sign());
    let cases = [
        ("without the passkey", Value::Null),
        ("of somebody else", others.clone()),
        ("never registered", unknown),
        (
            "another challenge",
            changed(|device| device.client["challenge"] = json!(passkey::encode(&[8; 32]))),
        ),
        ("another ceremony", changed(|device| device.client["type"] = json!("webauthn.create"))),
        ("another origin", changed(|device| device.client["origin"] = json!("https://evil.example"))),
        ("another origin", changed(|device| device.client["crossOrigin"] = json!(true))),
        ("another origin", changed(|device| device.client["topOrigin"] = json!("https://evil.example"))),
        ("another website", changed(|device| device.rp_id = "evil.example")),
        ("anybody present", changed(|device| device.flags = 4)),
        ("verifying who", changed(|device| device.flags = 1)),
        ("cannot be read", changed(|device| device.flags = 5 | 1 << 4)),
        ("cannot be read", changed(|device| device.flags = 5 | 1 << 6)),
        ("client data that cannot be read", changed(|device| device.client = json!([]))),
        ("does not verify", edited("signature", others["signature"].clone())),
        (
            "does not verify",
            edited(
                "client_data",
                json!(passkey::encode(
                    Device::new(1).client.to_string().replace("do not", "do so").as_bytes()
                )),
            ),
        ),
        ("another key", edited("key", others["key"].clone())),
        ("another key", edited("origin", json!("https://evil.example"))),
        ("another key", edited("rp_id", json!("evil.example"))),
        ("malformed", edited("signature", json!(""))),
        ("malformed", edited("signature", json!("*"))),
        ("malformed", edited("signature", json!(7))),
        ("malformed", edited("more", json!("a"))),
        ("malformed", json!("signed")),
    ];
    for (expected, signed) in cases {
        let found = verdict(&story(signed, |_| ()), expected);
        assert!(found.as_ref().is_some_and(|reason| reason.contains(expected)), "{expected}: {found:?}");
    }
}

#[test]
fn passkey_counts_from_its_registration_to_its_removal() {
    let remove = |log: &mut Log, seed: u8| {
        let leaf = log.add(0, EventType::PasskeyRemoved);
        leaf.actor = Some(human("bob"));
        leaf.detail = Some(Object::of(&json!({ "credential": Device::new(seed).credential() })).unwrap());
    };
    let signed = || json!(Device::new(1).sign());
    let found = verdict(&story(signed(), |log| remove(log, 1)), "removed");
    assert!(found.is_some_and(|reason| reason.contains("removed")));
    let again = story(signed(), |log| {
        remove(log, 1);
        let leaf = log.add(0, EventType::PasskeyRegistered);
        leaf.actor = Some(human("bob"));
        leaf.detail = Some(Device::new(1).registered());
    });
    assert_eq!(verdict(&again, "registered again"), None);
    let found = verdict(&story(signed(), |log| remove(log, 2)), "another one removed");
    assert_eq!(found, None);
}
