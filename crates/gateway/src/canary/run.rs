//! One run of one canary.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use evidence::jcs;
use evidence::leaf::{Effect, EventType, Leaf};
use http::HeaderMap;
use jiff::Timestamp;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{Checked, EVENT, FAILED, PASSED, plant, word};
use crate::config::{CanaryExpect, CanaryKind, CanaryTest};
use crate::exchange::session::SessionKey;
use crate::exchange::{Caller, Gateway, Server};
use crate::ledger::{Event, EventActor, Unavailable};
use crate::limits;
use crate::mcp::envelope::Message;
use crate::mcp::method::Direction;
use crate::metrics::CanaryLabels;
use crate::model::{Context, Era, Origin, Party, Principal, PrincipalKind, TokenId};
use crate::reply::{Replier, Reply};
use crate::store::entry::{self, Filter};
use crate::upstream::{Health, Upstream};

/// Leaves of one canary, at most: intent, outcome, approval.
const LEAVES: u32 = 16;

/// Sends a canary, records what it showed, and raises the alarm when that is not what had to be.
///
/// # Errors
/// [`Unavailable`]: what it showed could not be recorded.
pub async fn run(gateway: &Arc<Gateway>, test: &CanaryTest) -> Result<Checked, Unavailable> {
    let set = gateway.policies.current().revision().to_string();
    let (call, reply) = send(gateway, test).await;
    let leaves = leaves(gateway, call).await;
    let found = judge(test, &leaves, reply.as_ref());
    let decision = leaves.iter().find_map(|leaf| leaf.decision.as_ref());
    let checked = Checked {
        canary: test.name.clone(),
        call,
        expected: word(test.expect).to_owned(),
        result: if found == word(test.expect) { PASSED } else { FAILED }.to_owned(),
        found: found.to_owned(),
        tool: test.tool.chars().take(limits::NAME_IN_LEAF_BYTES_MAX / 4).collect(),
        detector: test.detector.clone(),
        policy_set: decision.map_or(set, |decision| decision.policy_set.to_string()),
        policies: decision.map(|decision| decision.policies.clone()).unwrap_or_default(),
    };
    let detail = jcs::Object::of(&checked).ok();
    let event =
        Event { server: Some(Arc::from(&*test.server)), ..Event::new(EVENT, EventActor::Gateway, detail) };
    let recorded = gateway.ledger.note(event).await;
    gateway.metrics.canaries.get_or_create(&CanaryLabels { result: label(&checked) }).inc();
    if checked.failed() {
        alarm(gateway, &checked).await;
    }
    recorded.map(|_| checked)
}

fn label(checked: &Checked) -> &'static str {
    if checked.failed() { FAILED } else { PASSED }
}

async fn alarm(gateway: &Gateway, checked: &Checked) {
    tracing::error!(
        canary = checked.canary, expected = checked.expected, found = checked.found, call = %checked.call,
        "a control does not work: a canary was not {}", checked.expected
    );
    if let Err(error) = gateway.approvals.alarm(checked.call).await {
        tracing::error!(%error, "nobody outside could be told about a canary");
    }
}

/// Lets the canary take the way of every call; answers its id, and what its caller would have got.
async fn send(gateway: &Arc<Gateway>, test: &CanaryTest) -> (Uuid, Option<Bytes>) {
    let nothing = (crate::clock::new_id(&*gateway.clock), None);
    // In an overload callers come first: then nothing is recorded under this id, and the canary fails.
    let Ok(place) = gateway.places.clone().try_acquire_owned() else { return nothing };
    let Some(message) = plant::question(test).and_then(|bytes| Message::parse(bytes).ok()) else {
        return nothing;
    };
    let server = Arc::new(Server {
        name: Arc::from(&*test.server),
        upstream: Upstream::Canary(plant::answer(test)),
        health: Health::default(),
        tasks: AtomicBool::default(),
    });
    let party = Party { issuer: test.issuer.clone(), subject: format!("canary:{}", test.name) };
    let caller = Arc::new(Caller {
        gateway: gateway.clone(),
        principal: Arc::new(principal(test, party.clone())),
        context: Context {
            time: gateway.clock.now(),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            era: Era::Modern,
            revision: None,
            user_agent: None,
            trace: None,
            session: crate::clock::new_id(&*gateway.clock),
            origin: Origin::Canary,
        },
        headers: HeaderMap::new(),
        key: SessionKey { server: server.name.clone(), id: None, owner: party },
        session: None,
        server,
        _place: place,
    });
    let call = caller.call(Direction::ToUpstream, message);
    let id = call.id;
    let (head, reply) = oneshot::channel();
    // Nobody waits for people: whoever is gone withdraws. Gone before it began, nothing of it is ever answered.
    let reply = if test.expect == CanaryExpect::Held {
        drop(reply);
        None
    } else {
        Some(reply)
    };
    let running = tokio::spawn(async move { caller.run(call, Replier::Alone(head)).await });
    let most = Duration::from_millis(limits::CANARY_ANSWER_MS);
    let answered = match reply {
        None => None,
        Some(reply) => tokio::time::timeout(most, reply).await.ok().and_then(Result::ok),
    };
    drop(tokio::time::timeout(most, running).await);
    (id, answered.and_then(whole))
}

fn whole(mut reply: Reply) -> Option<Bytes> {
    reply.body_mut().take_whole()
}

fn principal(test: &CanaryTest, party: Party) -> Principal {
    let mut groups = test.groups.clone();
    groups.sort();
    groups.dedup();
    Principal {
        kind: match test.kind {
            CanaryKind::Human => PrincipalKind::Human,
            CanaryKind::Service => PrincipalKind::Service,
            CanaryKind::Agent => PrincipalKind::Agent,
        },
        party,
        name: None,
        email: None,
        groups,
        scopes: Vec::new(),
        client: None,
        actors: Vec::new(),
        owner: None,
        token: TokenId([0; 16]),
        expires: Timestamp::MAX,
    }
}

async fn leaves(gateway: &Gateway, call: Uuid) -> Vec<Leaf> {
    let filter = Filter { call: Some(call.into_bytes()), ..Filter::default() };
    let read = gateway.db.read("leaves of a canary", move |read| entry::page(read, &filter, LEAVES)).await;
    let entries = read.unwrap_or_default();
    entries.iter().filter_map(|entry| Leaf::decode(&entry.leaf).ok()).collect()
}

/// What became of it, from its leaves and from what its caller would have got.
fn judge(test: &CanaryTest, leaves: &[Leaf], reply: Option<&Bytes>) -> &'static str {
    let of = |event: EventType| leaves.iter().find(|leaf| leaf.event == event);
    if let Some(denied) = of(EventType::CallDenied) {
        return match denied.decision.as_ref().map(|decision| decision.effect) {
            Some(Effect::Deny) => "denied",
            Some(Effect::Hold) => "held",
            // Something else than policy refused it.
            Some(Effect::Allow) | None => "refused",
        };
    }
    if of(EventType::CallIntent).is_none() {
        return "unrecorded";
    }
    let Some(planted) = plant::text(test) else { return "allowed" };
    let Some(reply) = reply else { return "unanswered" };
    let detector = test.detector.as_deref().unwrap_or_default();
    let counted = of(EventType::CallOutcome).is_some_and(|leaf| leaf.redactions.contains_key(detector));
    let shown = serde_json::from_slice::<serde_json::Value>(reply).is_ok_and(|answer| {
        answer["result"]["content"][0]["text"].as_str().is_none_or(|text| text == planted)
    });
    match (counted, shown) {
        (true, false) => "masked",
        (true, true) => "shown",
        (false, _) => "not_found",
    }
}
