//! Telling people outside about held calls: signed requests, tried again until they arrive or are given up.
//!
//! What is to be told stands in the store, added in the transaction of the step it tells of. The request says who asks
//! for what and where to decide, and no value of any argument: what the call holds is for approvers to see.
//!
//! Signatures: [Standard Webhooks](https://www.standardwebhooks.com) v1.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::leaf::Leaf;
use futures_util::future::join_all;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::bound::hex;
use super::slack::Slack;
use super::{Approvals, Fault, Record, clean};
use crate::clock::Clock;
use crate::config::{self, Webhook};
use crate::limits;
use crate::store::delivery::{self, Delivery};
use crate::store::entry::{self, Filter};

/// What the Slack channel is called where webhooks have names.
const SLACK: &str = "slack";
/// What is told when a control canary fails.
const ALARM: &str = "canary.failed";
/// Secrets of Standard Webhooks have this before their base64.
const SECRET_PREFIX: &str = "whsec_";
/// How long they may be, in bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Everybody who is told.
pub struct Sinks {
    all: Vec<Sink>,
    pub(super) slack: Option<Slack>,
    client: reqwest::Client,
    /// Where people decide; `{id}` stands for the approval.
    page: Option<String>,
}

struct Sink {
    name: String,
    url: Url,
    key: hmac::Key,
}

/// Why nobody can be told as configured.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The secret cannot be read.
    #[error("webhook `{0}`: {1}")]
    Secret(String, crate::secret::SecretError),
    /// The secret is not one of Standard Webhooks.
    #[error("webhook `{0}`: its secret is not `whsec_` and the base64 of 24 to 64 bytes")]
    Shape(String),
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
        let slack = slack.map_err(|error| SinkError::Secret(SLACK.to_owned(), error))?;
        let all = approvals.webhooks.iter().map(Sink::new).collect::<Result<_, _>>()?;
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .timeout(Duration::from_millis(limits::WEBHOOK_TIMEOUT_MS))
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| SinkError::Client(error.to_string()))?;
        Ok(Self { all, slack, client, page: approvals.page.clone() })
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
        let names = self.all.iter().map(|sink| sink.name.as_str()).chain(self.slack.as_ref().map(|_| SLACK));
        names.map(one).collect()
    }

    /// Sends a signed request; says why it did not arrive.
    async fn post(&self, delivery: &Delivery, body: String, now: Timestamp) -> Result<(), String> {
        let sink = self.all.iter().find(|sink| sink.name == delivery.sink);
        let sink = sink.ok_or_else(|| "no webhook of this name is configured any more".to_owned())?;
        let id = Uuid::from_bytes(delivery.id).to_string();
        let sent = self
            .client
            .post(sink.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", now.as_second())
            .header("webhook-signature", sink.sign(&id, now.as_second(), &body))
            .body(body)
            .send()
            .await
            .map_err(|error| error.without_url().to_string())?;
        if sent.status().is_success() { Ok(()) } else { Err(format!("it answered {}", sent.status())) }
    }

    /// Sends one; says why it did not arrive.
    async fn send(&self, delivery: &Delivery, record: &Record, now: Timestamp) -> Result<(), String> {
        if let (SLACK, Some(slack)) = (delivery.sink.as_str(), &self.slack) {
            return slack.send(&self.client, &delivery.event, record).await;
        }
        self.post(delivery, self.body(delivery, record), now).await
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
                "target": content.target.as_ref().map(|(_, name)| clean(name)),
                "policies": content.policies,
                "terms": record.terms().ok(),
                "decide_by": time(row.decide_by),
                "binding": hex(row.binding),
                "page": self.page.as_ref().map(|page| page.replace("{id}", &id.to_string())),
            },
        })
        .to_string()
    }
}

impl Sink {
    fn new(webhook: &Webhook) -> Result<Self, SinkError> {
        let name = webhook.name.clone();
        let secret = webhook.secret.read().map_err(|error| SinkError::Secret(name.clone(), error))?;
        let key = secret
            .expose_secret()
            .strip_prefix(SECRET_PREFIX)
            .and_then(|text| STANDARD.decode(text).ok())
            .filter(|key| SECRET_BYTES.contains(&key.len()))
            .ok_or_else(|| SinkError::Shape(name.clone()))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &zeroize::Zeroizing::new(key));
        Ok(Self { name, url: webhook.url.clone(), key })
    }

    /// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
    fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let tag = hmac::sign(&self.key, format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    }
}

impl Approvals {
    /// Sends what is to be told, until it is dropped.
    pub async fn deliver(&self) {
        if self.sinks.all.is_empty() && self.sinks.slack.is_none() {
            return std::future::pending().await;
        }
        let mut look = tokio::time::interval(Duration::from_millis(limits::DELIVERY_LOOK_MS));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            look.tick().await;
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
        let until = self.now() + micros(2 * limits::WEBHOOK_TIMEOUT_MS);
        let claimed = delivery.clone();
        let mine = self.db.write("claim delivery", move |tx| delivery::claim(tx, &claimed, until)).await?;
        if !mine {
            return Ok(());
        }
        let sent = match self.find(Uuid::from_bytes(delivery.approval)).await {
            _ if delivery.event == ALARM => self.send_alarm(&delivery).await,
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

    /// What has not arrived, the latest first.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn outstanding(&self) -> Result<Vec<Delivery>, Fault> {
        let most = limits::APPROVALS_LISTED_MAX;
        Ok(self.db.read("deliveries", move |read| delivery::outstanding(read, most)).await?)
    }
}

/// Time before the next attempt, in microseconds.
fn delay(attempts: i64) -> i64 {
    let factor = 4_u64.saturating_pow(u32::try_from(attempts - 1).unwrap_or(u32::MAX));
    micros(limits::DELIVERY_RETRY_FIRST_MS.saturating_mul(factor).min(limits::DELIVERY_RETRY_MAX_MS))
}

fn micros(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_an_hour() {
        let minutes: Vec<i64> = (1..=8).map(|attempt| delay(attempt) / 1_000_000).collect();
        assert_eq!(minutes, [5, 20, 80, 320, 1280, 3600, 3600, 3600]);
    }

    /// The example of the specification's reference implementation.
    #[test]
    fn signature_is_that_of_standard_webhooks() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let url = "https://example.com".parse().expect("a URL");
        let sink = Sink { name: "x".to_owned(), url, key: hmac::Key::new(hmac::HMAC_SHA256, &key) };
        let signature = sink.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
