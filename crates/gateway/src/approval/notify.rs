//! Telling people outside about held calls: signed requests, tried again until they arrive or are given up.
//!
//! What is to be told stands in the store, added in the transaction of the step it tells of. The request says who asks
//! for what and where to decide, and no value of any argument: what the call holds is for approvers to see.

use std::time::Duration;

use evidence::leaf::Leaf;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::bound::hex;
use super::email::{EMAIL, Email};
use super::slack::Slack;
use super::{Approvals, Emergency, Fault, Record, clean, party_label};
use crate::clock::{Clock, micros};
use crate::config;
use crate::limits;
use crate::model::Identity;
use crate::store::Topic;
use crate::store::breakglass::Window;
use crate::store::delivery::{self, Delivery};
use crate::store::entry::{self, Filter};
use crate::webhook::{self, Webhook, WebhookError};

/// What the Slack channel is called where webhooks have names.
const SLACK: &str = "slack";
/// What everything that is told of break-glass begins with.
const GLASS: &str = "breakglass.";
/// What is told when a control canary fails.
const ALARM: &str = "canary.failed";

/// Everybody who is told.
pub struct Sinks {
    all: Vec<Webhook>,
    pub(super) slack: Option<Slack>,
    email: Option<Email>,
    client: reqwest::Client,
    /// Where people decide; `{id}` stands for the approval.
    page: Option<String>,
}

/// Why nobody can be told as configured.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// A webhook is not as it should be.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// The token or secret of Slack cannot be read.
    #[error("webhook `slack`: {0}")]
    Slack(crate::secret::SecretError),
    /// The password of the mail server cannot be read.
    #[error("`approvals.email`: {0}")]
    Mail(crate::secret::SecretError),
    /// TLS cannot be set up.
    #[error("webhooks: requests cannot be made: {0}")]
    Client(String),
}

impl Sinks {
    /// As configured. Reads the secrets.
    ///
    /// # Errors
    /// [`SinkError`], worded for the operator.
    pub fn new(approvals: &config::Approvals) -> Result<Self, SinkError> {
        let slack = approvals.slack.as_ref().map(Slack::new).transpose();
        let slack = slack.map_err(SinkError::Slack)?;
        let email = approvals.email.as_ref().map(Email::new).transpose()?;
        let all = approvals.webhooks.iter().map(Webhook::new).collect::<Result<_, _>>()?;
        let client = webhook::client().map_err(|error| SinkError::Client(error.to_string()))?;
        Ok(Self { all, slack, email, client, page: approvals.page.clone() })
    }

    /// What everybody is to be told about one step.
    pub(super) fn news(&self, clock: &dyn Clock, approval: [u8; 16], event: &str) -> Vec<Delivery> {
        let now = clock.now().as_microsecond();
        let one = |name: &str| Delivery {
            id: crate::clock::new_id(clock).into_bytes(),
            sink: name.to_owned(),
            approval,
            event: event.to_owned(),
            ts: now,
            attempts: 0,
            due: now,
            done: None,
            dead: None,
            fault: None,
        };
        // Mail is for what somebody has to do.
        let awaited = event == "approval.requested" || event.starts_with(GLASS);
        let mail = self.email.as_ref().filter(|_| awaited).map(|_| EMAIL);
        let names = self.all.iter().map(Webhook::name);
        let names = names.chain(self.slack.as_ref().map(|_| SLACK)).chain(mail);
        names.map(one).collect()
    }

    /// Sends a signed request; says why it did not arrive.
    async fn post(&self, delivery: &Delivery, body: String, now: Timestamp) -> Result<(), String> {
        let sink = self.all.iter().find(|sink| sink.name() == delivery.sink);
        let sink = sink.ok_or_else(|| "no webhook of this name is configured any more".to_owned())?;
        let id = Uuid::from_bytes(delivery.id).to_string();
        sink.send(&self.client, &id, now.as_second(), body).await
    }

    /// Sends one; says why it did not arrive.
    async fn send(&self, delivery: &Delivery, record: &Record, now: Timestamp) -> Result<(), String> {
        if let (SLACK, Some(slack)) = (delivery.sink.as_str(), &self.slack) {
            return slack.send(&self.client, &delivery.event, record).await;
        }
        if let (EMAIL, Some(email)) = (delivery.sink.as_str(), &self.email) {
            return email.send(delivery, record, self.page.as_deref(), now).await;
        }
        self.post(delivery, self.body(delivery, record), now).await
    }

    /// The same about a step of break-glass.
    async fn tell_breakglass(
        &self,
        delivery: &Delivery,
        window: &Window,
        content: &Emergency,
        now: Timestamp,
    ) -> Result<(), String> {
        if let (EMAIL, Some(email)) = (delivery.sink.as_str(), &self.email) {
            let text = told(delivery, window, content);
            return email.tell(delivery, (&headline(&delivery.event), &text), now).await;
        }
        if let (SLACK, Some(slack)) = (delivery.sink.as_str(), &self.slack) {
            let text = format!("{}\n{}", headline(&delivery.event), told(delivery, window, content));
            return slack.say(&self.client, &text).await;
        }
        let time = |us| Timestamp::from_microsecond(us).map(|time| time.to_string()).ok();
        let body = json!({
            "type": delivery.event,
            "timestamp": time(delivery.ts),
            "data": {
                "id": Uuid::from_bytes(window.id),
                "state": window.state.as_str(),
                "proposer": name(&content.proposer),
                "confirmer": content.confirmer.as_ref().map(name),
                "servers": content.servers,
                "seconds": content.seconds,
                "until": window.entry.as_ref().and_then(|entry| time(entry.until)),
                "ended_because": window.reason,
            },
        });
        self.post(delivery, body.to_string(), now).await
    }

    fn body(&self, delivery: &Delivery, record: &Record) -> String {
        let (row, content) = (&record.row, &record.content);
        let id = Uuid::from_bytes(row.id);
        let time = |us| Timestamp::from_microsecond(us).map(|time| time.to_string()).ok();
        let who = format!("{}/{}", content.who.party.issuer, content.who.party.subject);
        json!({
            "type": delivery.event,
            "timestamp": time(delivery.ts),
            "data": {
                "id": id,
                "state": row.state.as_str(),
                "requester": clean(&who),
                "server": row.server,
                "method": clean(&content.method),
                "target": content.offered().map(clean),
                "policies": content.policies,
                "terms": record.content.terms,
                "decide_by": time(row.decide_by),
                "binding": hex(row.binding),
                "page": self.page.as_ref().map(|page| page.replace("{id}", &id.to_string())),
            },
        })
        .to_string()
    }
}

impl Approvals {
    /// Sends what is to be told, until it is dropped.
    pub async fn deliver(&self) {
        if self.sinks.all.is_empty() && self.sinks.slack.is_none() && self.sinks.email.is_none() {
            return std::future::pending().await;
        }
        let mut look = tokio::time::interval(Duration::from_millis(limits::DELIVERY_LOOK_MS));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut news = self.db.news().ear(&[Topic::Approvals]);
        loop {
            tokio::select! {
                _ = look.tick() => {}
                () = news.hear() => {}
            }
            if let Err(error) = self.deliver_due().await {
                tracing::warn!(%error, "webhooks could not be sent; trying again");
            }
        }
    }

    async fn deliver_due(&self) -> Result<(), Fault> {
        let now = self.now();
        let most = limits::DELIVERIES_AT_ONCE_MAX;
        let due = self.db.read("due deliveries", move |read| delivery::due(read, now, most)).await?;
        join_all(due.into_iter().map(|delivery| self.attempt(delivery))).await.into_iter().collect()
    }

    async fn attempt(&self, delivery: Delivery) -> Result<(), Fault> {
        let until = self.now() + micros(2 * limits::WEBHOOK_TIMEOUT_MS.max(limits::SMTP_TIMEOUT_MS));
        let claimed = delivery.clone();
        let mine = self.db.write("claim delivery", move |tx| delivery::claim(tx, &claimed, until)).await?;
        if !mine {
            return Ok(());
        }
        let sent = match self.find(Uuid::from_bytes(delivery.approval)).await {
            _ if delivery.event == ALARM => self.send_alarm(&delivery).await,
            _ if delivery.event.starts_with(GLASS) => self.send_breakglass(&delivery).await,
            Ok(Some(record)) => self.sinks.send(&delivery, &record, self.clock.now()).await,
            Ok(None) => Err("the approval is not there any more".to_owned()),
            Err(_) => Err("what was asked for cannot be read any more".to_owned()),
        };
        let (id, now, attempts) = (delivery.id, self.now(), delivery.attempts + 1);
        let last = attempts >= i64::from(limits::DELIVERY_ATTEMPTS_MAX);
        let due = now + delay(attempts);
        if let (Err(fault), true) = (&sent, last) {
            tracing::warn!(webhook = %delivery.sink, approval = %Uuid::from_bytes(delivery.approval), fault, "a webhook was given up");
        }
        let settled = self.db.write("settle delivery", move |tx| match &sent {
            Ok(()) => delivery::finish(tx, &id, now),
            Err(fault) if last => delivery::bury(tx, &id, now, fault),
            Err(fault) => delivery::postpone(tx, &id, due, fault),
        });
        Ok(settled.await?)
    }

    /// Has everybody told that a control canary failed; `call` is its call.
    ///
    /// # Errors
    /// [`Fault::Store`].
    pub async fn alarm(&self, call: Uuid) -> Result<(), Fault> {
        let mut news = self.sinks.news(&*self.clock, call.into_bytes(), ALARM);
        // In Slack there are held calls, with buttons; this is none.
        news.retain(|delivery| delivery.sink != SLACK);
        Ok(self.db.write("tell of a canary", move |tx| delivery::insert(tx, &news)).await?)
    }

    async fn send_alarm(&self, delivery: &Delivery) -> Result<(), String> {
        let filter = Filter { event: Some("canary.checked".to_owned()), ..Filter::default() };
        let most = limits::CANARY_RUNS_READ_MAX;
        let read = self.db.read("runs of canaries", move |read| entry::page(read, &filter, most)).await;
        let entries = read.map_err(|_| "the log cannot be read".to_owned())?;
        let call = Uuid::from_bytes(delivery.approval).to_string();
        let facts = entries.iter().find_map(|entry| {
            let leaf = Leaf::decode(&entry.leaf).ok()?;
            let detail: serde_json::Value = serde_json::from_str(leaf.detail?.as_str()).ok()?;
            (detail["call"] == call).then_some((detail, leaf.server))
        });
        let (detail, server) = facts.ok_or_else(|| "what it tells of is not in the log".to_owned())?;
        let at = Timestamp::from_microsecond(delivery.ts).map(|time| time.to_string()).ok();
        let body = json!({ "type": ALARM, "timestamp": at, "data": { "server": server, "canary": detail } });
        self.sinks.post(delivery, body.to_string(), self.clock.now()).await
    }

    /// Tells of a step of break-glass; says why it did not arrive.
    async fn send_breakglass(&self, delivery: &Delivery) -> Result<(), String> {
        match self.breakglass(Uuid::from_bytes(delivery.approval)).await {
            Ok(Some((window, content))) => {
                self.sinks.tell_breakglass(delivery, &window, &content, self.clock.now()).await
            }
            Ok(None) => Err("it is not there any more".to_owned()),
            Err(_) => Err("what was asked for cannot be read any more".to_owned()),
        }
    }

    /// What has not arrived, the latest first.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn outstanding(&self) -> Result<Vec<Delivery>, Fault> {
        let most = limits::APPROVALS_LISTED_MAX as usize;
        Ok(self.db.read("deliveries", move |read| delivery::outstanding(read, most)).await?)
    }
}

fn headline(event: &str) -> String {
    let step = match event {
        "breakglass.proposed" => "is proposed: a second administrator may confirm it",
        "breakglass.entered" => "IS IN FORCE: held calls go ahead without approval",
        _ => "is over",
    };
    format!("Break-glass {step}")
}

/// Who lets whose calls go, where and for how long; the reason is for whoever signs in.
fn told(delivery: &Delivery, window: &Window, content: &Emergency) -> String {
    let at = |us| Timestamp::from_microsecond(us).map(|time| time.to_string()).unwrap_or_default();
    let mut lines = vec![
        format!("servers: {}", content.servers.join(", ")),
        format!("calls of {} people", content.people.len()),
        format!("proposed by {}", name(&content.proposer)),
    ];
    lines.extend(content.confirmer.as_ref().map(|who| format!("confirmed by {}", name(who))));
    match &window.entry {
        Some(entry) => lines.push(format!("in force until {} at the latest", at(entry.until))),
        None => lines.push(format!(
            "for {} seconds; to be confirmed before {}",
            content.seconds,
            at(content.confirm_by)
        )),
    }
    if delivery.event == "breakglass.exited" {
        lines.extend(window.ended.map(|ended| format!("ended {}", at(ended))));
    }
    lines.push(format!("see `countersign breakglass list`, or the console: {}", Uuid::from_bytes(window.id)));
    lines.join("\n")
}

fn name(who: &Identity) -> String {
    party_label(&who.party.issuer, &who.party.subject)
}

/// Time before the next attempt, in microseconds.
fn delay(attempts: i64) -> i64 {
    let factor = 4_u64.saturating_pow(u32::try_from(attempts - 1).unwrap_or(u32::MAX));
    micros(limits::DELIVERY_RETRY_FIRST_MS.saturating_mul(factor).min(limits::DELIVERY_RETRY_MAX_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_an_hour() {
        let minutes: Vec<i64> = (1..=8).map(|attempt| delay(attempt) / 1_000_000).collect();
        assert_eq!(minutes, [5, 20, 80, 320, 1280, 3600, 3600, 3600]);
    }
}
