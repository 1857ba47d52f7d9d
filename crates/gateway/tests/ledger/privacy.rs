//! No secret, no raw payload, no direct personal data in a leaf or on disk.

use countersign::ledger::{Keyring, Missing, Vault, VaultError};
use countersign::model::{Target, TargetKind};
use countersign::store::entry::{self, Filter};
use countersign::store::{context, payload};
use evidence::leaf::Leaf;

use crate::harness::{ORIGIN, Place, intent, outcome, recorded};

const PERSONAL: [&str; 8] = [
    "Alice Example",
    "alice@example.com",
    "00u-alice",
    "agent-7",
    "192.0.2.77",
    "secret-agent",
    "file:///home/alice",
    "canary",
];

#[tokio::test]
async fn no_personal_data_and_no_body_reaches_a_leaf_or_the_disk() {
    let place = Place::new();
    let ledger = place.start();
    let mut call = intent(&format!(r#"{{"text":"canary {}"}}"#, "canary ".repeat(100)));
    call.target = Some(Target {
        kind: TargetKind::Resource,
        name: "file:///home/alice/notes.txt".into(),
        listed: true,
        definition: None,
    });
    call.method = String::from("vendor/canary").into();
    let opened = ledger.open(call).await.unwrap();
    ledger.close(opened, outcome(r#"{"text":"canary"}"#)).await.unwrap();
    let mut unlisted = intent("{}");
    unlisted.target = Some(Target { listed: false, ..crate::harness::tool("canary") });
    let opened = ledger.open(unlisted).await.unwrap();
    ledger.close(opened, outcome("{}")).await.unwrap();
    ledger.stop().await.unwrap();
    for leaf in place.leaves() {
        let text = String::from_utf8(leaf.encode().unwrap()).unwrap();
        for word in PERSONAL {
            assert!(!text.contains(word), "`{word}` stands in {text}");
        }
    }
    for file in std::fs::read_dir(place.path()).unwrap() {
        let path = file.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        for word in PERSONAL {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!found, "`{word}` is readable in {}", path.display());
        }
    }
}

#[tokio::test]
async fn body_opens_for_the_key_and_only_as_its_own_leaf() {
    let place = Place::new();
    let ledger = place.start();
    let long = format!("\"{}\"", "a body that is long enough to be compressed ".repeat(50));
    let mut call = intent("\"short\"");
    call.body = recorded(&long);
    let opened = ledger.open(call).await.unwrap();
    ledger.close(opened, outcome("\"short\"")).await.unwrap();
    ledger.stop().await.unwrap();
    let db = place.reader();
    let keys = Keyring::open(&place.path().join("keys"), ORIGIN, Missing::Refuse).unwrap();
    let vault = Vault::new(&keys).unwrap();
    let filter = Filter { session: Some([5; 16]), ..Filter::default() };
    let head = db.read_now("head", |read| entry::page(read, &filter, 1)).unwrap().remove(0);
    let leaf = Leaf::decode(&head.leaf).unwrap();
    let commitment = leaf.payload.unwrap().commitment;
    let (day, sealed) = db.read_now("body", |read| payload::at(read, head.place)).unwrap().unwrap();
    assert!(sealed.len() < long.len() / 4, "{} bytes", sealed.len());
    let open =
        |id: &[u8; 16], sealed: &[u8], commitment| vault.open(&db, day, id, sealed.to_vec(), commitment);
    assert_eq!(open(leaf.id.as_bytes(), &sealed, &commitment).unwrap(), long.as_bytes());
    assert!(matches!(open(&[0; 16], &sealed, &commitment), Err(VaultError::Broken)));
    let other = evidence::merkle::Hash::ZERO;
    assert!(matches!(open(leaf.id.as_bytes(), &sealed, &other), Err(VaultError::Uncommitted)));
    for at in [0, 12, 50, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(matches!(open(leaf.id.as_bytes(), &changed, &commitment), Err(VaultError::Broken)));
    }
    let personal =
        db.read_now("context", |read| context::find(read, leaf.context.unwrap().as_bytes())).unwrap();
    assert!(personal.is_some());
}

#[tokio::test]
async fn calls_of_one_session_share_their_context_record() {
    let place = Place::new();
    let ledger = place.start();
    for _ in 0..5 {
        let opened = ledger.open(intent("{}")).await.unwrap();
        ledger.close(opened, outcome("{}")).await.unwrap();
    }
    ledger.stop().await.unwrap();
    let mut contexts: Vec<_> = place.leaves().iter().filter_map(|leaf| leaf.context).collect();
    contexts.dedup();
    assert_eq!(contexts.len(), 1);
    let rows: i64 = place.intruder().query_row("SELECT count(*) FROM context", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn keys_open_to_others_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let directory = place.path().join("keys");
    Keyring::open(&directory, ORIGIN, Missing::Create).unwrap();
    for file in ["log.key", "payload.key", "identifier.key"] {
        let path = directory.join(file);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = Keyring::open(&directory, ORIGIN, Missing::Refuse).unwrap_err().to_string();
        assert!(refused.contains(file) && refused.contains("chmod go-rwx"), "{refused}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o750)).unwrap();
    assert!(Keyring::open(&directory, ORIGIN, Missing::Refuse).is_err());
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o700)).unwrap();
    let other = Keyring::open(&directory, "other/audit/1", Missing::Refuse).unwrap_err().to_string();
    assert!(other.contains("`test/audit/1`"), "{other}");
}
