//! How much processor time a recorded call costs: intent and outcome, durable, at a given concurrency.
//!
//! `cargo run --release -p countersign --example ledger_load -- [DIRECTORY [PAIRS [TASKS]]]`

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use bytes::Bytes;
use countersign::clock::{Clock, SystemClock};
use countersign::config::Masking;
use countersign::ledger::{Intent, Keyring, Ledger, Missing, Outcome};
use countersign::mask::{Mask, Redacted};
use countersign::model::{
    Context, Decision, Effect, Era, MessageKind, Party, PolicyRevision, Principal, PrincipalKind, Target,
    TargetKind, TokenId,
};
use countersign::store::entry::{self, Filter};
use countersign::store::{Access, Db, session};
use evidence::leaf::{Leaf, Status};
use uuid::Uuid;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().map_or_else(|| PathBuf::from("ledger-load"), PathBuf::from);
    let pairs: u64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let tasks: u64 = arguments.next().map_or(Ok(64), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(&directory, pairs, tasks))
}

async fn run(directory: &Path, pairs: u64, tasks: u64) -> anyhow::Result<()> {
    let db = Db::open_sqlite(directory, Access::Gateway)?;
    let keys = Keyring::open(&directory.join("keys"), "load/audit/1", Missing::Create)?;
    let ledger = Ledger::start(&db, keys, Arc::new(SystemClock))?;
    let tended = tokio::spawn({
        let ledger = ledger.clone();
        async move { ledger.tend().await }
    });
    let (request, answer) = (message(400), message(2_048));
    let left = Arc::new(AtomicU64::new(pairs));
    let (cpu, started) = (cpu_ms()?, Instant::now());
    let mut callers = tokio::task::JoinSet::new();
    for task in 0..tasks {
        let (ledger, left) = (ledger.clone(), Arc::clone(&left));
        let (request, answer) = (request.clone(), answer.clone());
        callers.spawn(async move {
            let principal = principal(task);
            let session = Uuid::from_u128(u128::from(task) + 1);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
            {
                let opened = ledger.open(intent(&principal, session, &request)).await?;
                let body = Some(recorded(&answer));
                ledger
                    .close(opened, Outcome { status: Status::Ok, rpc_code: None, body, refusal: None })
                    .await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    let (cpu, wall) = (cpu_ms()? - cpu, started.elapsed());
    let published = Instant::now();
    let before = cpu_ms()?;
    tended.abort();
    ledger.stop().await?;
    println!(
        "{pairs} pairs, {tasks} at once: {:.1} us CPU per pair, {:.0} pairs/s; checkpoint {:.2} us CPU per pair, {:.1} s",
        cpu as f64 * 1_000.0 / pairs as f64,
        pairs as f64 / wall.as_secs_f64(),
        (cpu_ms()? - before) as f64 * 1_000.0 / pairs as f64,
        published.elapsed().as_secs_f64(),
    );
    query(&db)
}

/// The slowest of some pages that people ask for, on what was just written.
fn query(db: &Db) -> anyhow::Result<()> {
    let actor = {
        let newest = db.read_now("newest", |read| entry::page(read, &by_type("call.intent"), 1))?;
        let leaf = newest.first().map(|entry| Leaf::decode(&entry.leaf)).transpose()?;
        leaf.and_then(|leaf| leaf.actor?.id).unwrap_or_default()
    };
    let middle = SystemClock.now().as_microsecond() - 5_000_000;
    let filters = [
        ("newest", Filter::default()),
        ("by type", by_type("call.intent")),
        ("by rare type", by_type("gateway.started")),
        ("by absent type", by_type("audit.gap")),
        ("by actor", Filter { actor: Some(actor.clone()), ..Filter::default() }),
        ("by actor, until", Filter { actor: Some(actor), until: Some(middle), ..Filter::default() }),
        ("by server", Filter { server: Some("postgres".into()), ..Filter::default() }),
        (
            "by target, until",
            Filter {
                server: Some("postgres".into()),
                target: Some("query".into()),
                until: Some(middle),
                ..Filter::default()
            },
        ),
        ("by session", Filter { session: Some(Uuid::from_u128(3).into_bytes()), ..Filter::default() }),
    ];
    for (name, filter) in filters {
        let started = Instant::now();
        let found = db.read_now("page", |read| entry::page(read, &filter, 50))?.len();
        println!("{name}: {found} rows in {} us", started.elapsed().as_micros());
    }
    let started = Instant::now();
    let sessions =
        db.read_now("sessions", |read| session::page(read, &session::Filter::default(), 50))?.len();
    println!("sessions: {sessions} rows in {} us", started.elapsed().as_micros());
    Ok(())
}

fn by_type(event: &str) -> Filter {
    Filter { event: Some(event.to_owned()), ..Filter::default() }
}

/// A message as the mask leaves it for the record.
fn recorded(message: &Bytes) -> Redacted<Bytes> {
    static MASK: LazyLock<Mask> = LazyLock::new(|| {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"only for this example");
        // Unwrap safety: the defaults make sense; a test compiles them.
        Mask::new(&Masking::default(), &[], key).expect("the defaults make sense")
    });
    MASK.document(message)
}

fn intent(principal: &Arc<Principal>, session: Uuid, body: &Bytes) -> Intent {
    Intent {
        call: call_id(),
        principal: Arc::clone(principal),
        context: Context {
            time: SystemClock.now(),
            address: [192, 0, 2, 7].into(),
            era: Era::Modern,
            revision: None,
            user_agent: Some("agent/1.0".into()),
            trace: None,
            session,
            origin: countersign::model::Origin::Caller,
        },
        server: "postgres".into(),
        kind: MessageKind::Request,
        method: "tools/call".into(),
        statement: None,
        target: Some(Target {
            kind: TargetKind::Tool,
            name: "query".into(),
            listed: true,
            definition: Some([3; 32]),
        }),
        decision: Decision {
            effect: Effect::Allow,
            policies: Arc::from(["readers".to_owned()]),
            revision: PolicyRevision([9; 32]),
            errors: Vec::new(),
            terms: None,
            approval: None,
        },
        body: recorded(body),
        forwarded: body.clone(),
    }
}

fn principal(task: u64) -> Arc<Principal> {
    Arc::new(Principal {
        kind: PrincipalKind::Human,
        party: Party { issuer: "corp".into(), subject: format!("user-{task}") },
        name: Some("A Person".into()),
        email: Some("person@example.com".into()),
        groups: vec!["dba".into(), "eng".into()],
        scopes: Vec::new(),
        client: Some("cli".into()),
        actors: Vec::new(),
        owner: None,
        token: TokenId([7; 16]),
        expires: jiff::Timestamp::MAX,
    })
}

/// JSON of about this many bytes that compresses like rows of a table.
fn message(bytes: usize) -> Bytes {
    let mut text = String::from(r#"{"jsonrpc":"2.0","id":7,"result":{"rows":["#);
    let mut row = 0_u64;
    while text.len() < bytes {
        let mixed = row.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        text.push_str(&format!(r#"{{"id":{row},"name":"row {mixed:x}","state":"active"}},"#));
        row += 1;
    }
    text.push_str("null]}}");
    Bytes::from(text)
}

fn call_id() -> Uuid {
    let mut random = [0; 10];
    aws_lc_rs::rand::fill(&mut random).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(SystemClock.now().as_millisecond().cast_unsigned(), &random)
        .into_uuid()
}

/// Processor time of this process so far: user and system, in milliseconds (Linux counts in hundredths of a second).
fn cpu_ms() -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|&at| fields.get(at)?.parse::<u64>().ok()).sum();
    Ok(ticks * 10)
}
