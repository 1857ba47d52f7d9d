//! E-mail that a call waits: who asks for what, who must agree and where, and no value of any argument.
//!
//! A message of plain text ([RFC 5322](https://www.rfc-editor.org/rfc/rfc5322), RFC 2045, RFC 2047). Nobody decides by mail.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::smtp::{Envelope, Server};
use super::{Record, SinkError, clean, party_label};
use crate::config;
use crate::limits;
use crate::model::{Demand, Terms};
use crate::store::delivery::Delivery;
use crate::trust;

/// What e-mail is called where webhooks have names.
pub(super) const EMAIL: &str = "email";
/// Bytes of the text of one encoded word, so that the word has at most 75 (RFC 2047, section 2).
const WORD_BYTES_MAX: usize = 42;
/// Bytes of the body in one line of base64, which then has 76 (RFC 2045, section 6.8).
const LINE_BYTES: usize = 57;

/// Who is told by e-mail, and through which server.
pub(super) struct Email {
    server: Server,
    from: String,
    to: Vec<String>,
}

impl Email {
    pub(super) fn new(configured: &config::Email) -> Result<Self, SinkError> {
        let credentials = match (&configured.username, &configured.password) {
            (Some(user), Some(password)) => Some((user.clone(), password.read().map_err(SinkError::Mail)?)),
            _ => None,
        };
        let trust = trust::tls(configured.authorities.as_deref()).map_err(SinkError::Client)?;
        Ok(Self {
            server: Server {
                host: configured.host.clone(),
                port: configured.port,
                tls: configured.tls,
                trust: Arc::new(trust),
                credentials,
            },
            from: configured.from.clone(),
            to: configured.to.clone(),
        })
    }

    /// Sends one; says why it did not arrive.
    pub(super) async fn send(
        &self,
        delivery: &Delivery,
        record: &Record,
        page: Option<&str>,
        now: Timestamp,
    ) -> Result<(), String> {
        let subject = format!("Approval needed: {}", call(record));
        self.post(&self.message(delivery, (&subject, &text(record, page)), now)).await
    }

    /// Sends a subject and lines of ours; says why they did not arrive.
    pub(super) async fn tell(
        &self,
        delivery: &Delivery,
        (subject, lines): (&str, &str),
        now: Timestamp,
    ) -> Result<(), String> {
        let text = format!("{}\r\n", lines.replace('\n', "\r\n"));
        self.post(&self.message(delivery, (subject, &text), now)).await
    }

    async fn post(&self, message: &str) -> Result<(), String> {
        let envelope = Envelope { from: &self.from, to: &self.to, message };
        let time = std::time::Duration::from_millis(limits::SMTP_TIMEOUT_MS);
        let sent = tokio::time::timeout(time, self.server.send(&envelope)).await;
        sent.unwrap_or_else(|_| Err(format!("it took longer than {} s", time.as_secs())))
    }

    fn message(&self, delivery: &Delivery, (subject, text): (&str, &str), now: Timestamp) -> String {
        let domain = self.from.rsplit('@').next().unwrap_or("localhost");
        let headers = [
            ("Date", now.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()),
            ("From", format!("Countersign <{}>", self.from)),
            ("To", self.to.join(",\r\n ")),
            ("Subject", encoded(subject)),
            // The same at every attempt, so that a message which arrived twice is seen to be one.
            ("Message-ID", format!("<{}@{domain}>", Uuid::from_bytes(delivery.id))),
            ("MIME-Version", "1.0".to_owned()),
            ("Content-Type", "text/plain; charset=utf-8".to_owned()),
            ("Content-Transfer-Encoding", "base64".to_owned()),
            // RFC 3834: nobody's absence is to be told to us.
            ("Auto-Submitted", "auto-generated".to_owned()),
        ];
        let mut message: String =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        message.push_str("\r\n");
        for line in text.as_bytes().chunks(LINE_BYTES) {
            message.push_str(&STANDARD.encode(line));
            message.push_str("\r\n");
        }
        message
    }
}

/// The call in one line, bounded.
fn call(record: &Record) -> String {
    let content = &record.content;
    let target = content.offered().map(|name| format!("/{}", clean(name))).unwrap_or_default();
    let call = format!("{} {}{target}", clean(&content.method), record.row.server);
    bounded(&call).to_owned()
}

fn text(record: &Record, page: Option<&str>) -> String {
    let (row, content) = (&record.row, &record.content);
    let id = Uuid::from_bytes(row.id).to_string();
    let who = party_label(&content.who.party.issuer, &content.who.party.subject);
    let until = Timestamp::from_microsecond(row.decide_by).map(|time| time.to_string()).unwrap_or_default();
    let place =
        page.map_or_else(|| format!("countersign approvals show {id}"), |page| page.replace("{id}", &id));
    let needs = needs(&record.content.terms);
    let facts = [
        ("call", call(record)),
        ("asked for by", bounded(&who).to_owned()),
        ("held by", bounded(&content.policies.join(", ")).to_owned()),
        ("needs", bounded(&needs).to_owned()),
        ("decide before", until),
        ("approval", id),
    ];
    let facts: String = facts.iter().map(|(name, value)| format!("{name:<14} {value}\r\n")).collect();
    format!(
        "A call waits until somebody agrees to it.\r\n\r\n{facts}\r\nSee exactly what would run, and decide:\r\n{place}\r\n\r\n\
         What the call holds is not in this message. Nobody can decide by answering it.\r\n"
    )
}

fn needs(terms: &Terms) -> String {
    let people = if terms.quorum == 1 {
        "one person".to_owned()
    } else {
        format!("{} different people", terms.quorum)
    };
    let groups: Vec<String> = terms.approvers.iter().map(|list| list.join(" or ")).collect();
    let of = if groups.is_empty() { String::new() } else { format!(" of {}", groups.join(", and of ")) };
    let signed = if terms.passkey == Demand::Required { ", signed with a passkey" } else { "" };
    format!("{people}{of}{signed}")
}

fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(limits::MAIL_TEXT_BYTES_MAX)]
}

/// A header's text: as it is when it is short and plain, else as encoded words. Nothing in it can end the line.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if text.len() <= WORD_BYTES_MAX && text.bytes().all(plain) && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.floor_char_boundary(WORD_BYTES_MAX));
        words.push(format!("=?utf-8?B?{}?=", STANDARD.encode(word)));
        rest = after;
    }
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_hold_any_text_in_lines_of_their_own() {
        assert_eq!(encoded("Approval needed: tools/call up/effect"), "Approval needed: tools/call up/effect");
        let hostile = "x\r\nBcc: everybody@example.com\r\n\r\n=?utf-8?B?eA==?= \u{202e}é";
        for text in [hostile, "é", &"ü".repeat(200), "=?utf-8?Q?x?="] {
            let header = encoded(text);
            let mut decoded = Vec::new();
            for line in header.split("\r\n ") {
                assert!(line.len() <= 75 && line.bytes().all(|byte| byte.is_ascii_graphic()), "{line}");
                let word = line.strip_prefix("=?utf-8?B?").and_then(|word| word.strip_suffix("?="));
                let bytes = STANDARD.decode(word.expect("a word")).expect("base64");
                // A word holds whole characters.
                decoded.extend(String::from_utf8(bytes).expect("UTF-8").into_bytes());
            }
            assert_eq!(String::from_utf8(decoded).expect("UTF-8"), text);
        }
    }
}
