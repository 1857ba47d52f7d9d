//! The tour: real HTTP calls to the gateway, each with what was decided, by which policy, and which leaf records it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use evidence::leaf::Leaf;
use evidence::note::VerifierKey;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::paint::Paint;
use super::paper;
use super::stage::Stage;
use crate::exchange::refuse::CALL_ID;
use crate::ledger::{self, Keyring, Missing, Vault};
use crate::mcp::sse::Framer;
use crate::store::Db;
use crate::store::entry::{self, Filter};
use crate::store::payload;

const REVISION: &str = "2026-07-28";
/// Pause between two looks for a held call, and most looks.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS_MAX: u32 = 600;

/// One call of the tour.
struct Act {
    title: &'static str,
    /// Who calls; `None`: nobody proven.
    who: Option<&'static str>,
    server: &'static str,
    method: &'static str,
    params: Value,
    /// Event types that must be on record for it, in order.
    leaves: &'static [&'static str],
    /// The policy that must have decided.
    policy: Option<&'static str>,
    /// Who has to agree first, and does.
    approver: Option<&'static str>,
}

/// What came back.
pub(super) struct Seen {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) call: Uuid,
}

/// A leaf that records a call.
pub(super) struct Recorded {
    pub(super) index: u64,
    pub(super) leaf: Value,
    /// What was masked in the recorded message.
    pub(super) receipts: Vec<Value>,
}

/// Plays the whole tour.
///
/// # Errors
/// The first thing that did not go as told.
pub(super) async fn play(stage: &Stage, paint: Paint) -> anyhow::Result<()> {
    paper::title(paint)?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    for (number, act) in acts().into_iter().enumerate() {
        let seen = match act.approver {
            None => perform(stage, &http, &act).await?,
            // The caller waits while somebody else decides.
            Some(approver) => {
                let (seen, ()) =
                    tokio::try_join!(perform(stage, &http, &act), agree(stage, &http, approver))?;
                seen
            }
        };
        let recorded = leaves(stage, seen.call).await?;
        paper::act(paint, number + 1, act.title, &seen, &recorded)?;
        check(&act, &recorded)?;
    }
    prove(stage, paint).await
}

fn acts() -> Vec<Act> {
    [of_alice(), of_others()].into_iter().flatten().collect()
}

/// A call of a tool that must be recorded in these leaves and decided by this policy.
fn call(
    title: &'static str,
    (who, server, tool): (&'static str, &'static str, &str),
    arguments: &Value,
    leaves: &'static [&'static str],
    policy: &'static str,
) -> Act {
    Act {
        title,
        who: Some(who),
        server,
        method: "tools/call",
        params: json!({ "name": tool, "arguments": arguments }),
        leaves,
        policy: Some(policy),
        approver: None,
    }
}

const APPROVED: &[&str] =
    &["approval.requested", "approval.approved", "approval.used", "call.intent", "call.outcome"];
const DONE: &[&str] = &["call.intent", "call.outcome"];

fn of_alice() -> Vec<Act> {
    vec![
        Act {
            title: "alice (support) asks what the shop offers; she sees only what she may use",
            who: Some("alice"),
            server: "orders",
            method: "tools/list",
            params: json!({}),
            leaves: DONE,
            policy: Some("everyone-may-talk"),
            approver: None,
        },
        call(
            "alice looks up open orders",
            ("alice", "orders", "list_orders"),
            &json!({ "status": "open" }),
            DONE,
            "support-reads-the-shop",
        ),
        call(
            "alice looks at a customer: she learns who it is, not how to reach them",
            ("alice", "orders", "get_customer"),
            &json!({ "customer_id": 1 }),
            DONE,
            "support-reads-the-shop",
        ),
        call(
            "alice refunds 40 euros: the policy looks at the argument",
            ("alice", "orders", "refund_order"),
            &json!({ "order_id": 1, "amount": 40, "reason": "damaged in transit" }),
            DONE,
            "support-refunds-up-to-50",
        ),
        Act {
            approver: Some("bob"),
            ..call(
                "alice refunds 200 euros: she waits until bob (operations) has seen exactly that and agreed",
                ("alice", "orders", "refund_order"),
                &json!({ "order_id": 3, "amount": 200, "reason": "lost in transit" }),
                APPROVED,
                "support-refunds-more-once-agreed",
            )
        },
    ]
}

fn of_others() -> Vec<Act> {
    vec![
        call(
            "bob (operations) may do anything in the shop, except destroy it: his statement is parsed",
            ("bob", "orders", "execute"),
            &json!({ "sql": "SELECT 1; /* tidy up */ DROP TABLE customers" }),
            &["call.denied"],
            "nobody-destroys",
        ),
        call(
            "bob reads a file; the file server is a program on standard input and output",
            ("bob", "files", "read"),
            &json!({ "path": "runbook.md" }),
            DONE,
            "operations-reads-files",
        ),
        Act {
            title: "somebody without a token",
            who: None,
            server: "orders",
            method: "tools/list",
            params: json!({}),
            leaves: &["auth.failed"],
            policy: None,
            approver: None,
        },
    ]
}

async fn perform(stage: &Stage, http: &reqwest::Client, act: &Act) -> anyhow::Result<Seen> {
    let mut params = act.params.clone();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": REVISION,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "countersign-demo", "version": env!("CARGO_PKG_VERSION") },
    });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": act.method, "params": params });
    let mut request = http
        .post(format!("{}/mcp/{}", stage.base, act.server))
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", REVISION)
        .header("mcp-method", act.method)
        .json(&message);
    if let Some(name) = act.params["name"].as_str() {
        request = request.header("mcp-name", name);
    }
    if let Some(who) = act.who {
        request = request.bearer_auth(stage.token(who, act.server)?);
    }
    let response = request.send().await?;
    let status = response.status().as_u16();
    let call = response.headers().get(CALL_ID).and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let call = call.context("the answer names no call")?;
    let streamed = response.headers()["content-type"].as_bytes().starts_with(b"text/event-stream");
    let bytes = response.bytes().await?;
    let body = if streamed { last_message(bytes)? } else { serde_json::from_slice(&bytes)? };
    Ok(Seen { status, body, call })
}

/// Agrees to the one call that is held, as soon as it is.
async fn agree(stage: &Stage, http: &reqwest::Client, approver: &str) -> anyhow::Result<()> {
    let (token, base) = (stage.api_token(approver)?, format!("{}/api/v1/approvals", stage.base));
    for _ in 0..LOOKS_MAX {
        let held: Value = http.get(&base).bearer_auth(&token).send().await?.json().await?;
        if let Some(id) = held["approvals"][0]["id"].as_str() {
            let body = json!({ "reason": "seen the parcel's tracking" });
            let answer =
                http.post(format!("{base}/{id}/approve")).bearer_auth(&token).json(&body).send().await?;
            ensure!(answer.status().is_success(), "{approver} could not agree: {}", answer.text().await?);
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    bail!("no call was held for {approver} to agree to")
}

fn last_message(stream: bytes::Bytes) -> anyhow::Result<Value> {
    let mut framer = Framer::new(stream.len());
    framer.feed(stream);
    let mut last = None;
    while let Some(event) = framer.cut()? {
        last = event.data.filter(|data| !data.is_empty()).or(last);
    }
    Ok(serde_json::from_slice(&last.context("the stream held no message")?)?)
}

/// The leaves about a call, in the order of the log.
async fn leaves(stage: &Stage, call: Uuid) -> anyhow::Result<Vec<Recorded>> {
    let filter = Filter { call: Some(call.into_bytes()), ..Filter::default() };
    stage.gateway.gateway.ledger.sequence().await?;
    let db = stage.gateway.gateway.db.clone();
    let mut entries = db.read("leaves of a call", move |read| entry::page(read, &filter, 16)).await?;
    entries.reverse();
    let keys = Keyring::open(&stage.directory.join("data/keys"), "demo/audit/1", Missing::Refuse)?;
    let vault = Vault::new(&keys)?;
    tokio::task::spawn_blocking(move || entries.iter().map(|entry| recorded(&db, &vault, entry)).collect())
        .await?
}

fn recorded(db: &Db, vault: &Vault, entry: &entry::Entry) -> anyhow::Result<Recorded> {
    let leaf = Leaf::decode(&entry.leaf)?;
    let mut receipts = Vec::new();
    if let Some(committed) = leaf.payload.filter(|_| !leaf.redactions.is_empty())
        && let Some((day, sealed)) = db.read_now("body", |read| payload::at(read, entry.place))?
    {
        let record = vault.open(db, day, leaf.id.as_bytes(), sealed, &committed.commitment)?;
        let mut record: Value = serde_json::from_slice(&record)?;
        receipts = record["redactions"].as_array_mut().map(std::mem::take).unwrap_or_default();
    }
    let index = entry.index.context("a leaf has no place in the log yet")?;
    Ok(Recorded { index, leaf: serde_json::from_slice(&entry.leaf)?, receipts })
}

fn check(act: &Act, recorded: &[Recorded]) -> anyhow::Result<()> {
    let types: Vec<_> = recorded.iter().filter_map(|one| one.leaf["type"].as_str()).collect();
    ensure!(
        types == act.leaves,
        "`{}` should be recorded as {:?}, but is as {types:?}",
        act.title,
        act.leaves
    );
    if let Some(policy) = act.policy {
        let policies = &recorded[0].leaf["decision"]["policies"];
        ensure!(
            policies == &json!([policy]),
            "`{}` should be decided by {policy}, but was by {policies}",
            act.title
        );
    }
    if types.contains(&"call.outcome") {
        let status = &recorded[recorded.len() - 1].leaf["outcome"]["status"];
        ensure!(status == "ok", "`{}` should succeed, but ended as {status}", act.title);
    }
    let masked = recorded.iter().any(|one| !one.receipts.is_empty());
    let should = act.params["name"] == "get_customer";
    ensure!(masked || !should, "`{}` should have masked something", act.title);
    Ok(())
}

/// Exports the log, verifies it, tampers with a copy, and shows that verification names the leaf.
async fn prove(stage: &Stage, paint: Paint) -> anyhow::Result<()> {
    let key = stage.gateway.gateway.ledger.verifier_key();
    stage.gateway.gateway.ledger.publish().await?;
    let (db, directory) = (stage.gateway.gateway.db.clone(), stage.directory.join("export"));
    let verifier: VerifierKey = key.parse()?;
    let exported = {
        let (db, directory, verifier) = (db.clone(), directory.clone(), verifier.clone());
        tokio::task::spawn_blocking(move || ledger::export(&db, &verifier, &directory, &mut |_, _| {}))
            .await??
    };
    let good = evidence::verify::verify(&directory, Some(&verifier), &mut |_, _| {})?;
    paper::verified(paint, exported, &good, &key)?;
    ensure!(good.sound, "the log does not verify");

    let bundle = entries(&directory)?;
    let mut bytes = std::fs::read(&bundle)?;
    let victim = find(&bytes, b"call.denied").context("no denied call in the export")?;
    bytes[victim..victim + 11].copy_from_slice(b"call.intent");
    std::fs::write(&bundle, bytes)?;
    let bad = evidence::verify::verify(&directory, Some(&verifier), &mut |_, _| {})?;
    paper::tampered(paint, &bad)?;
    if bad.sound || bad.first_bad_leaf.is_none() {
        bail!("verification did not name the changed leaf");
    }
    Ok(())
}

/// The first entry bundle of an export.
fn entries(directory: &Path) -> anyhow::Result<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![directory.join("tile/entries")];
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() { pending.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found.into_iter().next().context("the export holds no entries")
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}
