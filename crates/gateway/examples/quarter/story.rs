//! What happens in the quarter: calls around the clock, more of them at work, refused and held ones among
//! them; policies that change; a night without a gateway, and a kill.

// Both the example and the tests include this file.
#[path = "event.rs"]
mod event;
#[path = "rule.rs"]
mod rule;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use countersign::clock::{Clock, ManualClock, new_id};
use countersign::config::Masking;
use countersign::ledger::{
    About, ApprovalStep, Denial, DenialKind, Document, Event, EventActor, Intent, Keyring, Ledger, Missing,
    Outcome, Stage,
};
use countersign::mask::{Mask, Redacted};
use countersign::model::{
    Context, Decision, Effect, Era, Grant, GrantKind, MessageKind, Party, PolicyRevision, Principal,
    PrincipalKind, Statement, Target, TargetKind, TokenId,
};
use countersign::store::definition::{self, Definition};
use countersign::store::{Access, Db, tree};
use evidence::jcs;
use evidence::leaf::{EventType, Status};
use evidence::merkle::Hash;
use uuid::Uuid;

/// The quarter begins here.
pub(crate) const FIRST_DAY: &str = "2026-07-01";
/// One who may approve.
const LEAD: u64 = 3;
/// Between heartbeats of a quiet gateway, in seconds of the story.
const STEP_S: i64 = 120;
const DAY_STEPS: u64 = 24 * 60 * 60 / STEP_S.unsigned_abs();

/// How much happens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Story {
    pub(crate) calls: u64,
    pub(crate) days: u64,
    pub(crate) people: u64,
    pub(crate) servers: u64,
}

/// What tells the story.
struct Teller {
    story: Story,
    db: Db,
    directory: std::path::PathBuf,
    clock: Arc<ManualClock>,
    mask: Mask,
    ledger: Ledger,
    revision: PolicyRevision,
    dice: u64,
}

impl Story {
    /// Writes it all; answers the number of leaves.
    pub(crate) async fn write(self, directory: &Path) -> anyhow::Result<u64> {
        std::fs::create_dir_all(directory.join("policies"))?;
        let last = self.days.saturating_sub(1) / rule::DAYS;
        std::fs::write(directory.join("policies/all.cedar"), rule::text(last))?;
        std::fs::write(directory.join("countersign.yaml"), self.configuration())?;
        let mut teller = Teller::begin(self, directory)?;
        let steps = self.days * DAY_STEPS;
        // Weights of the steps so far, to spread the calls over working hours.
        let whole: u64 = (0..steps).map(weight).sum();
        let (mut passed, mut done) = (0, 0);
        for step in 0..steps {
            teller.clock.advance(jiff::SignedDuration::from_secs(STEP_S));
            passed += weight(step);
            let until = u64::try_from(u128::from(self.calls) * u128::from(passed) / u128::from(whole))?;
            teller.step(step, done..until).await?;
            done = until;
        }
        teller.ledger.stop().await?;
        let size = teller.db.read_now("tip", tree::tip)?.map_or(0, |tip| tip.size);
        Ok(size)
    }

    fn configuration(self) -> String {
        let server =
            |number| format!("  - name: {}\n    http:\n      url: http://127.0.0.1:9/mcp\n", server(number));
        let servers: String = (0..self.servers).map(server).collect();
        format!(
            "deployment: quarter\nlisten:\n  address: 127.0.0.1:8443\n  public_url: http://127.0.0.1:8443\nstorage:\n  directory: \
             data\nidentity:\n  issuers:\n    - name: corp\n      url: http://127.0.0.1:9\npolicy:\n  directory: \
             policies\nservers:\n{servers}"
        )
    }
}

impl Teller {
    fn begin(story: Story, directory: &Path) -> anyhow::Result<Self> {
        let db = Db::open_sqlite(&directory.join("data"), Access::Gateway)?;
        let start: jiff::Timestamp = format!("{FIRST_DAY}T00:00:00Z").parse()?;
        let clock = Arc::new(ManualClock::new(start));
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"only for this story");
        let mask = Mask::new(&Masking::default(), &[], key).context("the defaults make sense")?;
        let ledger = open(&db, directory, &clock)?;
        list(&db, &ledger, story.servers)?;
        let (directory, revision) = (directory.to_owned(), PolicyRevision([0; 32]));
        Ok(Self { story, db, directory, clock, mask, ledger, revision, dice: 7 })
    }

    async fn step(&mut self, step: u64, calls: std::ops::Range<u64>) -> anyhow::Result<()> {
        let (day, of_day) = (step / DAY_STEPS, step % DAY_STEPS);
        if of_day == 0 && day.is_multiple_of(rule::DAYS) {
            self.publish(day / rule::DAYS).await?;
        }
        if step == 0 {
            self.begin_events().await?;
        }
        if step == self.story.days / 2 * DAY_STEPS + 300 {
            self.middle_events().await?;
        }
        // One night on which nothing ran, and one afternoon on which the gateway was killed.
        if step == self.story.days / 3 * DAY_STEPS + 60 {
            self.ledger.stop().await?;
            self.clock.advance(jiff::SignedDuration::from_mins(45));
            self.ledger = open(&self.db, &self.directory, &self.clock)?;
        }
        if step == self.story.days / 2 * DAY_STEPS + 450 {
            self.kill().await?;
        }
        let mut told = tokio::task::JoinSet::new();
        for number in calls {
            let scene = self.scene(number);
            let ledger = self.ledger.clone();
            told.spawn(async move { scene.play(&ledger).await });
        }
        self.ledger.heartbeat().await?;
        while let Some(done) = told.join_next().await {
            done??;
        }
        if of_day == DAY_STEPS - 1 {
            self.ledger.publish().await?;
        }
        Ok(())
    }

    /// Dies with two calls open, and starts again twenty minutes later.
    async fn kill(&mut self) -> anyhow::Result<()> {
        for number in 0..2 {
            let scene = self.scene(number * 7 + 3);
            std::mem::forget(self.ledger.open(scene.intent(Effect::Allow, None)).await?);
        }
        self.clock.advance(jiff::SignedDuration::from_mins(20));
        self.ledger = open(&self.db, &self.directory, &self.clock)?;
        Ok(())
    }

    async fn publish(&mut self, number: u64) -> anyhow::Result<()> {
        let text = rule::document(number).to_string();
        let (bytes, before) = (Bytes::from(text), self.revision);
        self.revision = PolicyRevision(*Hash::of(&bytes).as_bytes());
        let (added, changed, removed) = rule::changes(number);
        let detail = serde_json::json!({
            "policy_set": self.revision.to_string(), "policies": rule::policies(number).len(),
            "previous": (number > 0).then(|| before.to_string()),
            "added": added, "changed": changed, "removed": removed,
        });
        let document = Document { kind: "policy", hash: self.revision.0, bytes };
        self.note(EventType::PolicyPublished, None, &detail, vec![document]).await
    }

    /// Puts on record what the gateway itself does.
    async fn note(
        &self,
        event: EventType,
        server: Option<Arc<str>>,
        detail: &serde_json::Value,
        documents: Vec<Document>,
    ) -> anyhow::Result<()> {
        let detail = Some(jcs::Object::of(detail)?);
        let event = Event::new(event, EventActor::Gateway, detail);
        self.ledger.note(Event { server, documents, ..event }).await?;
        Ok(())
    }

    fn scene(&mut self, number: u64) -> Scene {
        let (person, at) = (self.roll() % self.story.people, self.roll() % self.story.servers);
        let mail = if self.roll().is_multiple_of(10) { "ask jo@example.com" } else { "as usual" };
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":{number},"method":"tools/call","params":{{"name":"query","arguments":{{"sql":"select {number}","note":"{mail}"}}}}}}"#
        );
        let body = self.mask.document(&Bytes::from(body));
        let answer = format!(
            r#"{{"jsonrpc":"2.0","id":{number},"result":{{"content":[{{"type":"text","text":"{number} rows"}}]}}}}"#
        );
        Scene {
            number,
            turn: self.roll() % 1000,
            server: server(at).into(),
            principal: principal(person),
            second: principal(self.lead_beside(person)),
            context: around(&*self.clock, person),
            revision: self.revision,
            answer: self.mask.document(&Bytes::from(answer)),
            body,
            clock: Arc::clone(&self.clock),
            call: new_id(&*self.clock),
        }
    }

    /// The next person who may approve what this one asks for.
    fn lead_beside(&self, person: u64) -> u64 {
        let mut others = (1..self.story.people).map(|step| (person + step) % self.story.people);
        others.find(|other| is_lead(*other)).unwrap_or(LEAD)
    }

    /// The next of a row of numbers that is the same each time.
    fn roll(&mut self) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.dice >> 33
    }
}

/// One call, as it will go.
struct Scene {
    number: u64,
    /// Which of the ways it goes, out of a thousand.
    turn: u64,
    server: Arc<str>,
    principal: Arc<Principal>,
    second: Arc<Principal>,
    context: Context,
    revision: PolicyRevision,
    body: Redacted<Bytes>,
    answer: Redacted<Bytes>,
    clock: Arc<ManualClock>,
    call: Uuid,
}

impl Scene {
    async fn play(self, ledger: &Ledger) -> anyhow::Result<()> {
        match self.turn {
            0..=39 => {
                ledger.deny(self.denial(DenialKind::Refused)).await?;
            }
            40..=44 => {
                ledger.deny(self.denial(DenialKind::Unproven)).await?;
            }
            45..=54 => {
                if let Some(grant) = self.ask(ledger).await? {
                    self.forward(ledger, Effect::Hold, Some(grant)).await?;
                }
            }
            _ => self.forward(ledger, Effect::Allow, None).await?,
        }
        Ok(())
    }

    async fn forward(&self, ledger: &Ledger, effect: Effect, grant: Option<Grant>) -> anyhow::Result<()> {
        let opened = ledger.open(self.intent(effect, grant)).await?;
        let status = if self.turn < 990 { Status::Ok } else { Status::ToolError };
        ledger
            .close(opened, Outcome { status, rpc_code: None, refusal: None, body: Some(self.answer.clone()) })
            .await?;
        Ok(())
    }

    /// Puts the call before a second person; one of five is refused.
    async fn ask(&self, ledger: &Ledger) -> anyhow::Result<Option<Grant>> {
        let (approval, binding) = (new_id(&*self.clock), [7; 32]);
        let detail = serde_json::json!({ "binding": Hash::from_bytes(binding).to_string(), "quorum": 1 });
        let step = |stage, request, who: &Arc<Principal>, about| ApprovalStep {
            stage,
            approval,
            request,
            call: self.call,
            actor: Some((Arc::clone(who), self.context.clone())),
            server: Arc::clone(&self.server),
            about,
            detail: detail.clone(),
            body: None,
        };
        let about = About {
            kind: MessageKind::Request,
            method: "tools/call".into(),
            target: Some(target()),
            decision: self.decision(Effect::Hold, None),
        };
        let request = ledger.attest(step(Stage::Requested, None, &self.principal, Some(about))).await?.leaf;
        let stage = if self.number.is_multiple_of(5) { Stage::Rejected } else { Stage::Approved };
        let leaf = ledger.attest(step(stage, Some(request), &self.second, None)).await?.leaf;
        Ok((stage == Stage::Approved).then_some(Grant { approval, leaf, binding, kind: GrantKind::Approval }))
    }

    fn decision(&self, effect: Effect, approval: Option<Grant>) -> Decision {
        let policies = match effect {
            Effect::Allow => vec!["staff-look".to_owned()],
            Effect::Hold => vec!["staff-write".to_owned()],
            Effect::Deny => Vec::new(),
        };
        Decision {
            effect,
            policies: policies.into(),
            revision: self.revision,
            errors: Vec::new(),
            terms: None,
            approval,
        }
    }

    fn statement(&self) -> Statement {
        let (class, severity) = match self.turn {
            0..=39 => ("ddl_destructive", 6),
            45..=54 => ("write", 2),
            _ => ("read", 0),
        };
        Statement {
            language: "sql",
            class,
            severity,
            classes: [class].into(),
            statements: 1,
            reads: ["orders".to_owned()].into(),
            writes: [].into(),
            functions: [].into(),
            flags: [].into(),
            limit: None,
        }
    }

    fn intent(&self, effect: Effect, approval: Option<Grant>) -> Intent {
        Intent {
            call: self.call,
            principal: Arc::clone(&self.principal),
            context: self.context.clone(),
            server: Arc::clone(&self.server),
            kind: MessageKind::Request,
            method: "tools/call".into(),
            statement: Some(self.statement()),
            target: Some(target()),
            decision: self.decision(effect, approval),
            body: self.body.clone(),
            forwarded: self.body.get().clone(),
        }
    }

    fn denial(&self, kind: DenialKind) -> Denial {
        let refused = kind == DenialKind::Refused;
        let nobody = || Arc::new(Principal::anonymous(Some("corp".to_owned()), None));
        Denial {
            kind,
            call: self.call,
            principal: if refused { Arc::clone(&self.principal) } else { nobody() },
            context: self.context.clone(),
            server: Some(Arc::clone(&self.server)),
            message: refused.then_some(MessageKind::Request),
            method: refused.then(|| "tools/call".into()),
            statement: refused.then(|| self.statement()),
            target: refused.then(target),
            decision: refused.then(|| self.decision(Effect::Deny, None)),
            refusal: if refused { "denied" } else { "unauthenticated" },
            reason: (!refused).then_some("expired"),
            count: 1,
            body: refused.then(|| self.body.clone()),
        }
    }
}

fn open(db: &Db, directory: &Path, clock: &Arc<ManualClock>) -> anyhow::Result<Ledger> {
    let keys = Keyring::open(&directory.join("data/keys"), "quarter/audit/1", Missing::Create)?;
    Ok(Ledger::start(db, keys, Arc::clone(clock) as Arc<dyn Clock>)?)
}

/// What the servers of the story list, as a gateway that asks them would know.
fn list(db: &Db, ledger: &Ledger, servers: u64) -> anyhow::Result<()> {
    let seal = ledger.row_seal();
    db.write_now("definitions", |tx| {
        for number in 0..servers {
            let (hash, kind) = ([3; 32], TargetKind::Tool.as_str().to_owned());
            let (server, name, body) = (server(number), "query".to_owned(), b"{}".to_vec());
            let seen = Definition { server, kind, name, hash, body, pinned: hash, first_seen: 1, since: 1 };
            definition::insert(tx, &seal, &seen)?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Four times as much at work as at night, less on Saturdays and Sundays.
fn weight(step: u64) -> u64 {
    let (day, hour) = (step / DAY_STEPS, step % DAY_STEPS * 24 / DAY_STEPS);
    // The first of July 2026 is a Wednesday.
    let weekend = matches!((day + 2) % 7, 5 | 6);
    match (weekend, hour) {
        (false, 8..18) => 40,
        (false, _) => 10,
        (true, _) => 5,
    }
}

fn server(number: u64) -> String {
    format!("server-{number:02}")
}

fn target() -> Target {
    Target { kind: TargetKind::Tool, name: "query".into(), listed: true, definition: Some([3; 32]) }
}

fn principal(number: u64) -> Arc<Principal> {
    Arc::new(Principal {
        kind: if number.is_multiple_of(10) { PrincipalKind::Service } else { PrincipalKind::Human },
        party: Party { issuer: "corp".into(), subject: format!("person-{number}") },
        name: None,
        email: None,
        groups: groups(number),
        scopes: Vec::new(),
        client: None,
        actors: Vec::new(),
        owner: None,
        token: TokenId([7; 16]),
        expires: jiff::Timestamp::MAX,
    })
}

fn groups(number: u64) -> Vec<String> {
    let more = match number {
        number if is_lead(number) => Some("leads"),
        number if number % 11 == 5 => Some("contractors"),
        _ => None,
    };
    more.into_iter().chain(["staff"]).map(str::to_owned).collect()
}

/// Whether policy lets them approve.
fn is_lead(number: u64) -> bool {
    number % 5 == LEAD
}

fn around(clock: &dyn Clock, person: u64) -> Context {
    Context {
        time: clock.now(),
        address: [192, 0, 2, 7].into(),
        era: Era::Modern,
        revision: None,
        user_agent: None,
        trace: None,
        session: Uuid::from_u128(u128::from(person) + 1),
        origin: countersign::model::Origin::Caller,
    }
}
