//! A ledger on a database of its own, and calls to record.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use countersign::clock::{Clock, SystemClock};
use countersign::config::Masking;
use countersign::ledger::{self, Intent, Keyring, Ledger, Missing, Outcome, StartError, keyring};
use countersign::mask::{Mask, Redacted};
use countersign::model::{
    Context, Decision, Effect, Era, MessageKind, Party, PolicyRevision, Principal, PrincipalKind, Target,
    TargetKind, TokenId,
};
use countersign::store::entry::{self, Span};
use countersign::store::{Access, DATABASE, Db};
use evidence::leaf::{Leaf, Status};
use evidence::verify::{Findings, Paint, verify};
use uuid::Uuid;

pub(crate) const ORIGIN: &str = "test/audit/1";

/// A directory with a database and keys.
pub(crate) struct Place {
    pub(crate) directory: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn start(&self) -> Ledger {
        self.try_start().unwrap()
    }

    pub(crate) fn try_start(&self) -> Result<Ledger, StartError> {
        start(self.path())
    }

    pub(crate) fn reader(&self) -> Db {
        Db::open_sqlite(self.path(), Access::ReadOnly).unwrap()
    }

    /// What seals rows that gateways heed, as commands read it.
    pub(crate) fn seal(&self) -> countersign::seal::Seal {
        keyring::read_row_seal(&self.path().join("keys")).unwrap()
    }

    /// Every leaf that was written, decoded, in the order of the log.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        let read = |read: &mut countersign::store::Read<'_>| {
            let mut lane = 0;
            while let Some((last, _)) = entry::last(read, lane)? {
                let span = Span { index: 0, place: entry::Place::new(lane, 0), count: last.sequence() + 1 };
                entry::range(read, span, |stored| {
                    leaves.push(Leaf::decode(stored.leaf).unwrap());
                    Ok(())
                })?;
                lane += 1;
            }
            Ok(())
        };
        self.reader().read_now("leaves", read).unwrap();
        leaves
    }

    /// Exports the log and verifies it with the key that the operator has.
    pub(crate) fn verify(&self) -> Findings {
        let key = keyring::read_verifier_key(&self.path().join("keys")).unwrap();
        let export = tempfile::tempdir().unwrap();
        ledger::export(&self.reader(), &key, export.path(), &mut |_, _| ()).unwrap();
        verify(export.path(), Some(&key), &mut |_, _| ()).unwrap()
    }

    /// Exports the log, which must be sound and have no open call.
    pub(crate) fn assert_sound(&self) -> Findings {
        let findings = self.verify();
        assert!(findings.sound, "{}", findings.report(Paint::Plain));
        assert_eq!(findings.open_call_count, 0, "{}", findings.report(Paint::Plain));
        assert_eq!(findings.leaves_read, self.size());
        findings
    }

    /// A connection of somebody else's, who may do anything to the database.
    pub(crate) fn intruder(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.path().join(DATABASE)).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        connection
    }

    pub(crate) fn size(&self) -> u64 {
        u64::try_from(self.leaves().len()).unwrap()
    }

    /// Event types in the order of the log.
    pub(crate) fn events(&self) -> Vec<&'static str> {
        self.leaves().iter().map(|leaf| leaf.event.as_str()).collect()
    }
}

/// Opens the log in `directory` as a gateway does.
pub(crate) fn start(directory: &Path) -> Result<Ledger, StartError> {
    let db = Db::open_sqlite(directory, Access::Gateway)?;
    let lane = db.read_now("lane", countersign::store::lane::last)?;
    let missing = if lane.is_some() { Missing::Refuse } else { Missing::Create };
    let keys = Keyring::open(&directory.join("keys"), ORIGIN, missing)?;
    Ledger::start(&db, keys, Arc::new(SystemClock))
}

pub(crate) fn principal() -> Arc<Principal> {
    Arc::new(Principal {
        kind: PrincipalKind::Human,
        party: Party { issuer: "corp".into(), subject: "00u-alice".into() },
        name: Some("Alice Example".into()),
        email: Some("alice@example.com".into()),
        groups: vec!["dba".into()],
        scopes: vec!["mcp".into()],
        client: Some("cli".into()),
        actors: vec![Party { issuer: "corp".into(), subject: "agent-7".into() }],
        owner: None,
        token: TokenId([7; 16]),
        expires: jiff::Timestamp::MAX,
    })
}

pub(crate) fn context(session: Uuid) -> Context {
    Context {
        time: SystemClock.now(),
        address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77)),
        era: Era::Modern,
        revision: Some("2026-07-28".into()),
        user_agent: Some("curl/8.1 secret-agent".into()),
        trace: None,
        session,
        origin: countersign::model::Origin::Caller,
    }
}

pub(crate) fn decision(effect: Effect) -> Decision {
    Decision {
        effect,
        policies: Arc::from(["readers".to_owned()]),
        revision: PolicyRevision([9; 32]),
        errors: Vec::new(),
        terms: None,
        approval: None,
    }
}

pub(crate) fn tool(name: &str) -> Target {
    Target { kind: TargetKind::Tool, name: name.into(), listed: true, definition: Some([3; 32]) }
}

/// A JSON document as the mask leaves it for the record.
pub(crate) fn recorded(document: &str) -> Redacted<Bytes> {
    static MASK: LazyLock<Mask> = LazyLock::new(|| {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"only for tests");
        Mask::new(&Masking::default(), &[], key).expect("the defaults make sense")
    });
    MASK.document(&Bytes::copy_from_slice(document.as_bytes()))
}

/// A call of the tool `query` with this body.
pub(crate) fn intent(body: &str) -> Intent {
    Intent {
        call: call_id(),
        principal: principal(),
        context: context(Uuid::from_bytes([5; 16])),
        server: "postgres".into(),
        kind: MessageKind::Request,
        method: "tools/call".into(),
        statement: None,
        target: Some(tool("query")),
        decision: decision(Effect::Allow),
        body: recorded(body),
        forwarded: Bytes::copy_from_slice(body.as_bytes()),
    }
}

pub(crate) fn outcome(body: &str) -> Outcome {
    Outcome { status: Status::Ok, rpc_code: None, body: Some(recorded(body)), refusal: None }
}

/// A version 7 UUID of our own; its time does not matter.
pub(crate) fn call_id() -> Uuid {
    let mut random = [0; 10];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    uuid::Builder::from_unix_timestamp_millis(1_790_000_000_000, &random).into_uuid()
}
