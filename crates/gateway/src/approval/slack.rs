//! Slack, or anything that speaks like it: a message with the call and two buttons, and who pressed one.

use std::time::Duration;

use aws_lc_rs::{constant_time, hmac};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;
use uuid::Uuid;

use super::{Approvals, Fault, Record, clean, party_label, shown};
use crate::config;
use crate::limits;
use crate::model::{Demand, Party, Principal, PrincipalKind, TokenId};
use crate::secret::SecretError;
use crate::store::callback;

/// Where messages go, and whom presses are believed.
pub(super) struct Slack {
    url: Url,
    token: SecretString,
    channel: String,
    signing: hmac::Key,
    people: Vec<config::SlackPerson>,
}

/// Why a press of a button proves nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// Nothing of the kind is configured.
    #[error("Slack is not configured")]
    Absent,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature,
    /// It was signed too long ago, or in the future.
    #[error("it was not signed within the last five minutes")]
    Time,
    /// It was taken before.
    #[error("it was taken before")]
    Replay,
    /// The person is in no list.
    #[error("nobody has said who this person is")]
    Person,
}

impl Unsigned {
    /// The word in leaves.
    pub fn code(self) -> &'static str {
        match self {
            Self::Absent => "slack_absent",
            Self::Signature => "slack_signature",
            Self::Time => "slack_time",
            Self::Replay => "slack_replay",
            Self::Person => "slack_person",
        }
    }
}

impl Slack {
    pub(super) fn new(configured: &config::Slack) -> Result<Self, SecretError> {
        let signing = configured.signing_secret.read()?;
        Ok(Self {
            url: configured.url.clone(),
            token: configured.token.read()?,
            channel: configured.channel.clone(),
            signing: hmac::Key::new(hmac::HMAC_SHA256, signing.expose_secret().as_bytes()),
            people: configured.people.clone(),
        })
    }

    /// Posts a message about one step; says why it did not arrive.
    pub(super) async fn send(
        &self,
        client: &reqwest::Client,
        event: &str,
        record: &Record,
    ) -> Result<(), String> {
        self.post(client, &self.message(event, record)).await
    }

    /// Posts a text.
    pub(super) async fn say(&self, client: &reqwest::Client, text: &str) -> Result<(), String> {
        let message = json!({ "channel": self.channel, "text": text, "blocks": [section(text)] });
        self.post(client, &message).await
    }

    async fn post(&self, client: &reqwest::Client, message: &Value) -> Result<(), String> {
        let answer = client
            .post(self.url.clone())
            .bearer_auth(self.token.expose_secret())
            .timeout(Duration::from_millis(limits::WEBHOOK_TIMEOUT_MS))
            .json(message)
            .send()
            .await
            .map_err(|error| error.without_url().to_string())?;
        let status = answer.status();
        let said: Value = answer.json().await.unwrap_or_default();
        match said["error"].as_str() {
            None if status.is_success() => Ok(()),
            Some(error) => {
                Err(format!("it answered {status}: {}", clean(&error.chars().take(100).collect::<String>())))
            }
            None => Err(format!("it answered {status}")),
        }
    }

    fn message(&self, event: &str, record: &Record) -> Value {
        let (row, content) = (&record.row, &record.content);
        let id = Uuid::from_bytes(row.id).to_string();
        let target = content.offered().map(|name| format!("/{}", clean(name))).unwrap_or_default();
        let call = format!("{} {}{target}", clean(&content.method), row.server);
        let text = format!("{}: {call}", event.replace("approval.", "approval "));
        if event != "approval.requested" {
            return json!({ "channel": self.channel, "text": text, "blocks": [section(&format!("{text}\n{id}"))] });
        }
        let who = party_label(&content.who.party.issuer, &content.who.party.subject);
        let until =
            Timestamp::from_microsecond(row.decide_by).map(|time| time.to_string()).unwrap_or_default();
        let (text_of_values, shown) = values(record);
        let signed = record.content.terms.passkey == Demand::Required;
        let how = if signed { "\nto be signed with a passkey, in the console" } else { "" };
        let mut blocks = vec![
            section(&format!(
                "A call needs approval: {call}\nby {who}, until {until}{how}\nheld by {}",
                content.policies.join(", ")
            )),
            section(&text_of_values),
            section(&id),
        ];
        let button = |action: &str, label: &str, style: &str| {
            json!({ "type": "button", "action_id": action, "value": id, "style": style,
                    "text": { "type": "plain_text", "text": label } })
        };
        let mut buttons = vec![button("reject", "Reject", "danger")];
        if shown == Fit::Whole && !signed {
            buttons.insert(0, button("approve", "Approve", "primary"));
        }
        blocks.push(json!({ "type": "actions", "block_id": id, "elements": buttons }));
        json!({ "channel": self.channel, "text": text, "blocks": blocks })
    }

    /// Who pressed, if the signature over `body` holds: `v0=` and the hexadecimal HMAC-SHA256 of `v0:time:body`.
    fn check(
        &self,
        signature: &str,
        timestamp: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Principal, Unsigned> {
        let base = [b"v0:", timestamp.as_bytes(), b":", body].concat();
        let tag = hmac::sign(&self.signing, &base);
        let mut expected = String::from("v0=");
        tag.as_ref().iter().for_each(|byte| expected.push_str(&format!("{byte:02x}")));
        if constant_time::verify_slices_are_equal(expected.as_bytes(), signature.as_bytes()).is_err() {
            return Err(Unsigned::Signature);
        }
        self.principal(body, signature, now).ok_or(Unsigned::Person)
    }

    fn principal(&self, body: &[u8], signature: &str, now: Timestamp) -> Option<Principal> {
        let (_, payload) = url::form_urlencoded::parse(body).find(|(name, _)| name == "payload")?;
        let payload: Value = serde_json::from_str(&payload).ok()?;
        let user = payload["user"]["id"].as_str()?;
        let person = self.people.iter().find(|person| person.user == user)?;
        let mut groups = person.groups.clone();
        groups.sort();
        groups.dedup();
        Some(Principal {
            kind: PrincipalKind::Human,
            party: Party { issuer: person.issuer.clone(), subject: person.subject.clone() },
            name: None,
            email: None,
            groups,
            scopes: Vec::new(),
            client: None,
            actors: Vec::new(),
            owner: None,
            token: TokenId::of(&Sha256::digest(signature).into()),
            expires: now,
        })
    }
}

impl Approvals {
    /// Whether the body of a request is worth awaiting: Slack is configured, and the signature may hold now.
    ///
    /// # Errors
    /// [`Unsigned`], when the request proves nobody whatever its body is.
    pub fn slack_head(&self, signature: &str, timestamp: &str) -> Result<(), Unsigned> {
        if self.sinks.slack.is_none() {
            return Err(Unsigned::Absent);
        }
        if signature.strip_prefix("v0=").is_none_or(|tag| tag.len() != 64) {
            return Err(Unsigned::Signature);
        }
        let signed: i64 = timestamp.parse().map_err(|_| Unsigned::Time)?;
        let away = self.clock.now().as_second().abs_diff(signed);
        if away > limits::SLACK_WINDOW_S { Err(Unsigned::Time) } else { Ok(()) }
    }

    /// Who pressed a button.
    ///
    /// # Errors
    /// [`Unsigned`], when the request proves nobody.
    pub fn slack_person(&self, signature: &str, timestamp: &str, body: &[u8]) -> Result<Principal, Unsigned> {
        self.slack_head(signature, timestamp)?;
        let slack = self.sinks.slack.as_ref().ok_or(Unsigned::Absent)?;
        slack.check(signature, timestamp, body, self.clock.now())
    }

    /// Takes a press whose signature holds. `false`: it was taken before.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn slack_once(&self, signature: &str) -> Result<bool, Fault> {
        let (digest, now): ([u8; 32], i64) = (Sha256::digest(signature).into(), self.now());
        Ok(self.db.write("callback", move |tx| callback::take(tx, &digest, now)).await?)
    }
}

/// A section of plain text: nothing in it is markup.
fn section(text: &str) -> Value {
    let text = &text[..text.floor_char_boundary(limits::SLACK_TEXT_BYTES_MAX)];
    json!({ "type": "section", "text": { "type": "plain_text", "emoji": false, "text": text } })
}

/// Whether a message shows all of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Whole,
    /// It does not fit, so nobody may approve it by what the message shows.
    Part,
}

/// The values of the call, as far as they fit.
fn values(record: &Record) -> (String, Fit) {
    let shown = shown(&record.content);
    let mut text = String::new();
    let mut left_out = shown.left_out;
    for value in &shown.values {
        let mut line = format!("{} = {}", value.pointer, value.text);
        if let (Some(bytes), Some(hash)) = (value.bytes, &value.sha256) {
            line = format!("{line} ({bytes} bytes, SHA-256 {hash})");
        }
        for warning in &value.warnings {
            line = format!("{line}\n  ! {warning}");
        }
        if value.bytes.is_some() || text.len() + line.len() + 200 > limits::SLACK_TEXT_BYTES_MAX {
            left_out += 1;
            continue;
        }
        text.push_str(&line);
        text.push('\n');
    }
    let fit = if left_out == 0 { Fit::Whole } else { Fit::Part };
    if fit == Fit::Part {
        text.push_str(&format!("and {left_out} more that do not fit: see `countersign approvals show`\n"));
    }
    (format!("{text}SHA-256 {}", shown.sha256), fit)
}
