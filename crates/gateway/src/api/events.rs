//! `GET /api/v1/events`: something changed, fetch it again. Server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! What changed is read from the store, so it does not matter which gateway did it. Events carry nothing of anybody: what
//! there is to see, policy decides when it is fetched. Who may not read the gateway's status hears of held calls only, and of
//! break-glass: whoever asked waits for those, and their number says nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::problem::Problem;
use super::{Answered, Asked};
use crate::exchange::Gateway;
use crate::limits;
use crate::moment::Moment;
use crate::policy::Duty;
use crate::refusal::Refusal;
use crate::reply::{self, Delivery, Stream};
use crate::store::Topic;

/// `GET /api/v1/events`.
pub(super) fn follow(asked: Asked) -> Result<Answered, Problem> {
    let place = asked.gateway.streams.clone().try_acquire_owned();
    let place = place.map_err(|_| Problem::of(Refusal::Overloaded))?;
    let seat = asked.gateway.listeners.join(asked.caller.principal.party.digest());
    let seat = seat.ok_or_else(|| Problem::of(Refusal::Overloaded))?;
    let mut moments = asked.gateway.moments.subscribe();
    moments.mark_unchanged();
    let (reply, stream) = reply::streaming(StatusCode::OK, HeaderMap::new());
    tokio::spawn(async move {
        run(&asked, &stream, moments).await;
        drop((place, seat));
    });
    Ok(Answered::Reply(reply))
}

/// Until the caller is gone, is signed out, or it has been long enough.
async fn run(asked: &Asked, stream: &Stream, mut moments: watch::Receiver<Moment>) {
    let gateway = &asked.gateway;
    let mut policies = gateway.policies.current();
    let reach = match asked.permits(Duty::ReadStatus, &policies) {
        Ok(_) => Reach::Everything,
        Err(_) => Reach::Approvals,
    };
    let mut seen = reach.of(&moments.borrow_and_update());
    let end = Instant::now() + Duration::from_millis(limits::EVENTS_MS);
    let mut alive = tokio::time::interval(Duration::from_millis(limits::EVENTS_ALIVE_MS));
    alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut out = event(seen.size, "hello", &json!({ "size": seen.size }));
    loop {
        if !out.is_empty() && stream.release(Bytes::from(std::mem::take(&mut out))).await == Delivery::Gone {
            return;
        }
        tokio::select! {
            () = stream.gone() => return,
            () = gateway.draining.cancelled() => return,
            () = tokio::time::sleep_until(end) => return,
            changed = moments.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = reach.of(&moments.borrow_and_update());
                out = told(&seen, &now);
                seen = now;
                let before = std::mem::replace(&mut policies, gateway.policies.current()).revision();
                if before != policies.revision() && reach == Reach::Everything {
                    out += &event(seen.size, "policies", &json!({ "set": policies.revision().to_string() }));
                }
            }
            _ = alive.tick() => {
                if !stands(asked).await {
                    let last = event(seen.size, "signed_out", &json!({}));
                    stream.release(Bytes::from(last)).await;
                    return;
                }
                out.push_str(": alive\n\n");
            }
        }
    }
}

/// What whoever listens hears of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Everything,
    Approvals,
}

impl Reach {
    fn of(self, moment: &Moment) -> Moment {
        match self {
            Self::Everything => moment.clone(),
            Self::Approvals => {
                Moment { approvals: moment.approvals, breakglass: moment.breakglass, ..Moment::default() }
            }
        }
    }
}

/// Whether whoever listens may still.
async fn stands(asked: &Asked) -> bool {
    let gateway = &asked.gateway;
    match &asked.visit {
        Some(_) => gateway.sign_ins.visit(&gateway.authenticator, &asked.headers).await.is_ok(),
        None => gateway.authenticator.stands(&asked.caller.principal),
    }
}

fn told(before: &Moment, now: &Moment) -> String {
    let mut told = String::new();
    let mut tell = |name: &str, data: Value| told += &event(now.size, name, &data);
    if (before.size, before.published) != (now.size, now.published) {
        tell("log", json!({ "size": now.size, "published": now.published }));
    }
    if before.calls.1 != now.calls.1 {
        tell("calls", json!({ "count": now.calls.1.saturating_sub(before.calls.1) }));
    }
    if before.approvals != now.approvals {
        tell("approvals", json!({}));
    }
    if before.breakglass != now.breakglass {
        tell("breakglass", json!({}));
    }
    if before.servers != now.servers {
        tell("servers", json!({}));
    }
    if before.evidence != now.evidence {
        tell("evidence", json!({}));
    }
    told
}

fn event(id: u64, name: &str, data: &Value) -> String {
    format!("id: {id}\nevent: {name}\ndata: {data}\n\n")
}

/// Looks at the store as long as somebody listens.
pub(crate) async fn look(gateway: Arc<Gateway>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(limits::EVENTS_LOOK_MS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut news = gateway.db.news().ear(&[Topic::Log, Topic::Approvals, Topic::Definitions]);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = news.hear() => {}
        }
        if gateway.moments.receiver_count() == 0 {
            continue;
        }
        let before = gateway.moments.borrow().clone();
        match gateway.db.read("moment", move |read| Moment::read(read, &before)).await {
            Ok(now) => {
                let now = Moment { evidence: *gateway.errands.exported.borrow(), ..now };
                gateway.moments.send_if_modified(|before| {
                    let changed = *before != now;
                    *before = now;
                    changed
                });
            }
            Err(error) => tracing::debug!(%error, "cannot look at what changed"),
        }
    }
}
