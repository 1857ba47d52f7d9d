//! The configuration on record: which one a process runs with, and what is not as it was in the last one recorded.
//!
//! It is read once, at start, so that is when it is compared. Whoever starts the process answers for it; the leaf names
//! the user of the system.

mod strength;

use std::collections::BTreeMap;

use anyhow::Context as _;
use aws_lc_rs::hmac;
use bytes::Bytes;
use evidence::jcs;
use evidence::leaf::{EventType, Leaf};
use evidence::merkle::Hash;
use serde_json::{Value, json};

use crate::config::{Config, Written};
use crate::ledger::{Document, Event, EventActor, Ledger};
use crate::limits;
use crate::store::entry::{self, Filter};
use crate::store::{self, Db, document};

/// What a document of this kind is called in the store.
const KIND: &str = "configuration";

/// Settings that, set like this, take a control away: the path without names in lists, and which change of it.
const WEAKER: &[(&str, Weaker)] = &[
    ("listen.tls", Weaker::Removed),
    ("listen.tls.client_authorities", Weaker::Removed),
    ("listen.tls.client_certificate", Weaker::Became("optional")),
    ("listen.behind_proxy", Weaker::Became("true")),
    ("listen.allowed_origins[]", Weaker::Added),
    ("identity.issuers[].name", Weaker::Added),
    ("identity.issuers[].audiences[]", Weaker::Added),
    ("servers[].audiences[]", Weaker::Added),
    ("identity.service_keys", Weaker::Became("accepted")),
    ("servers[].scopes[]", Weaker::Removed),
    ("servers[].tools[]", Weaker::Removed),
    ("masking.off[]", Weaker::Added),
    ("masking.threshold", Weaker::Changed),
    ("masking.thresholds", Weaker::Changed),
    ("masking.allow[]", Weaker::Added),
    ("masking.allow_patterns[]", Weaker::Added),
    ("masking.keys[]", Weaker::Removed),
    ("masking.detectors[]", Weaker::Removed),
    ("masking.recognizer", Weaker::Removed),
    ("masking.recognizer.on_failure", Weaker::Became("pass")),
    ("approvals.slack.people[]", Weaker::Added),
    ("anchors", Weaker::Removed),
    ("anchors.witnesses[].key", Weaker::Changed),
    ("signer", Weaker::Removed),
    ("canaries.tests[]", Weaker::Removed),
];

/// A change that takes a control away.
#[derive(Clone, Copy)]
enum Weaker {
    Added,
    Removed,
    /// Added or changed.
    Changed,
    Became(&'static str),
}

/// How one configuration differs from another. Paths, sorted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference {
    added: Vec<String>,
    changed: Vec<String>,
    removed: Vec<String>,
    /// Those of them that take a control away.
    weakened: Vec<String>,
}

/// Puts on record which configuration this process runs with, unless the last one recorded says the same.
///
/// # Errors
/// What to tell the operator.
pub(super) async fn record(config: &Config, db: &Db, ledger: &Ledger, key: &hmac::Key) -> anyhow::Result<()> {
    let (written, db, key) = (config.written.clone(), db.clone(), key.clone());
    let release = env!("CARGO_PKG_VERSION");
    let found = tokio::task::spawn_blocking(move || changed(&db, &written, &key, release)).await?;
    if let Some(changed) = found.context("cannot read which configuration was recorded last")? {
        ledger.note(changed).await?;
    }
    Ok(())
}

/// The `config.changed` of this process; `None`: the last one recorded says the same.
fn changed(
    db: &Db,
    written: &Written,
    key: &hmac::Key,
    release: &str,
) -> Result<Option<Event>, store::Error> {
    let mac = |text: &str| {
        let tag = hmac::sign(key, format!("configuration\n{text}").as_bytes());
        tag.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    };
    let now = json!({ "v": 1, "release": release, "configuration": written.to_json(&mac) });
    let text = format!("{now:#}\n");
    let hash = Hash::of(text.as_bytes());
    let before = last(db)?;
    if before.as_ref().is_some_and(|(recorded, _)| *recorded == hash) {
        return Ok(None);
    }
    let difference = before.as_ref().map(|(_, before)| compare(before, &now)).unwrap_or_default();
    let names = |paths: &[String]| paths.iter().take(limits::NAMES_IN_LEAF_MAX).cloned().collect::<Vec<_>>();
    let mut detail = json!({
        "configuration": hash.to_string(),
        "release": release,
        "by": "start",
        "uid": rustix::process::getuid().as_raw(),
        "added": names(&difference.added),
        "changed": names(&difference.changed),
        "removed": names(&difference.removed),
        "weakened": names(&difference.weakened),
    });
    if let Some((recorded, _)) = before {
        detail["previous"] = recorded.to_string().into();
    }
    Ok(Some(Event {
        documents: vec![Document { kind: KIND, hash: *hash.as_bytes(), bytes: Bytes::from(text) }],
        ..Event::new(EventType::ConfigChanged, EventActor::Gateway, jcs::Object::of(&detail).ok())
    }))
}

/// The configuration recorded last: its hash, and its document as far as it is there.
fn last(db: &Db) -> Result<Option<(Hash, Value)>, store::Error> {
    let filter = Filter { event: Some(EventType::ConfigChanged.as_str().to_owned()), ..Filter::default() };
    db.read_now("last configuration", |read| {
        let Some(entry) = entry::page(read, &filter, 1)?.pop() else { return Ok(None) };
        let detail = Leaf::decode(&entry.leaf).ok().and_then(|leaf| leaf.detail);
        let detail: Value =
            detail.and_then(|detail| serde_json::from_str(detail.as_str()).ok()).unwrap_or_default();
        let Some(hash) = detail["configuration"].as_str().and_then(|hash| hash.parse::<Hash>().ok()) else {
            return Ok(None);
        };
        let found = document::find(read, hash.as_bytes())?;
        let document = found.and_then(|(_, bytes)| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Ok(Some((hash, document)))
    })
}

fn compare(before: &Value, after: &Value) -> Difference {
    let strengths = |document: &Value| strength::strengths(&document["configuration"]);
    let (was, is) = (strengths(before), strengths(after));
    let weaker = was.into_iter().filter(|(path, was)| is.get(path).is_some_and(|is| is < was));
    let weaker: Vec<String> = weaker.map(|(path, _)| path).collect();
    let flat = |document: &Value| {
        let mut fields = BTreeMap::new();
        flatten(&document["configuration"], String::new(), String::new(), &mut fields);
        fields.insert(
            "release".to_owned(),
            Field { general: "release".to_owned(), text: document["release"].to_string() },
        );
        fields
    };
    let (before, after) = (flat(before), flat(after));
    let mut difference = Difference::default();
    for (path, field) in &after {
        let was = before.get(path);
        match was {
            None => difference.added.push(path.clone()),
            Some(was) if was.text != field.text => difference.changed.push(path.clone()),
            Some(_) => continue,
        }
        let weaker = |change: Weaker| match change {
            Weaker::Added => was.is_none(),
            Weaker::Changed => true,
            Weaker::Became(text) => field.text == text,
            Weaker::Removed => false,
        };
        if WEAKER.iter().any(|(general, change)| is_below(&field.general, general) && weaker(*change)) {
            difference.weakened.push(path.clone());
        }
    }
    for (path, field) in before.iter().filter(|(path, _)| !after.contains_key(*path)) {
        difference.removed.push(path.clone());
        let is_weaker = |(general, change): &(&str, Weaker)| {
            matches!(change, Weaker::Removed) && is_below(&field.general, general)
        };
        if WEAKER.iter().any(is_weaker) {
            difference.weakened.push(path.clone());
        }
    }
    for path in weaker {
        if !difference.weakened.contains(&path) {
            difference.weakened.push(path);
        }
    }
    difference
}

struct Field {
    /// The path without what stands in brackets.
    general: String,
    text: String,
}

/// Every value by its path. Elements of lists are named by their `name` or `url`, texts by themselves, so that an order
/// that means nothing is no change.
fn flatten(value: &Value, path: String, general: String, fields: &mut BTreeMap<String, Field>) {
    let join =
        |path: &str, name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                flatten(member, join(&path, name), join(&general, name), fields);
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                let name = item.as_str().or_else(|| item["name"].as_str()).or_else(|| item["url"].as_str());
                let name = name.map_or_else(|| position.to_string(), str::to_owned);
                flatten(item, format!("{path}[{name}]"), format!("{general}[]"), fields);
            }
        }
        Value::String(text) => drop(fields.insert(path, Field { general, text: text.clone() })),
        other => drop(fields.insert(path, Field { general, text: other.to_string() })),
    }
}

fn is_below(path: &str, of: &str) -> bool {
    path.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(configuration: &Value) -> Value {
        json!({ "v": 1, "release": "1", "configuration": configuration })
    }

    #[test]
    fn every_setting_that_takes_a_control_away_is_named_and_no_other() {
        let before = document(&json!({
            "listen": { "address": "a", "tls": { "certificate": "c" } },
            "masking": { "off": ["mac-address"], "keys": ["personnel"] },
            "servers": [{ "name": "orders", "timeout_ms": 1, "scopes": ["orders"] }, { "name": "crm" }],
        }));
        let after = document(&json!({
            "listen": { "address": "b" },
            "masking": { "off": ["email", "mac-address"], "keys": ["personnel", "more"] },
            "servers": [{ "name": "crm" }, { "name": "orders", "timeout_ms": 2 }],
            "identity": { "service_keys": "accepted" },
        }));
        let found = compare(&before, &after);
        let lines = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            found.added,
            lines(&["identity.service_keys", "masking.keys[more]", "masking.off[email]"])
        );
        assert_eq!(found.changed, lines(&["listen.address", "servers[orders].timeout_ms"]));
        assert_eq!(found.removed, lines(&["listen.tls.certificate", "servers[orders].scopes[orders]"]));
        let weakened = [
            "identity.service_keys",
            "masking.off[email]",
            "listen.tls.certificate",
            "servers[orders].scopes[orders]",
        ];
        assert_eq!(found.weakened, lines(&weakened));
        assert_eq!(compare(&after, &after), Difference::default());
    }

    #[test]
    fn anchors_signer_and_canaries_that_are_gone_or_replaced_are_named() {
        let with = |key: &str| {
            json!({
                "anchors": { "witnesses": [{ "url": "https://a/", "key": key }, { "url": "https://b/", "key": "b" }] },
                "signer": { "keys": ["k"], "by": { "command": ["sign"] } },
                "canaries": { "tests": [{ "name": "one", "expect": "denied" }, { "name": "two", "expect": "held" }] },
            })
        };
        let mut less = with("other");
        less["signer"] = Value::Null;
        less["canaries"]["tests"] = json!([{ "name": "two", "expect": "held" }]);
        less["retention"] = json!({ "ordinary_days": 1 });
        let found = compare(&document(&with("a")), &document(&less));
        let weakened = [
            "anchors.witnesses[https://a/].key",
            "canaries.tests[one].expect",
            "canaries.tests[one].name",
            "signer.by.command[sign]",
            "signer.keys[k]",
            "retention.ordinary_days",
        ];
        assert_eq!(found.weakened, weakened);
        // Another order is no change.
        let mut turned = with("a");
        turned["anchors"]["witnesses"].as_array_mut().unwrap().reverse();
        assert_eq!(compare(&document(&with("a")), &document(&turned)), Difference::default());
    }
}
