//! The configuration as somebody wrote it, for the record: what an auditor may read, and of everything that may be a
//! secret or somebody's name only whether it changed.
//!
//! Secrets do not stand in a configuration, only where they come from. But an environment may be written out, an
//! argument may be a token and an address may hold a password, so what could be one is hidden rather than shown.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::document::{Node, Value};
use super::problem::may_hold_password;

/// Fields whose text is hidden: literal environments, what masking lets pass, and people.
const HIDDEN: &[&str] = &[
    ".environment.",
    "masking.allow[]",
    "approvals.slack.people[].user",
    "approvals.slack.people[].subject",
    ".accounts[].login",
    ".accounts[].label",
];
/// Addresses below these are shown without their path, which often is the secret.
const BEARER: &[&str] = &["approvals.", "anchors."];
/// Keys that everybody may know.
const PUBLIC: &[&str] = &["anchors.witnesses[].key"];
/// A word of letters and digits from this length on may be a token.
const TOKEN_CHARACTERS_MIN: usize = 24;

/// A configuration without what may not be repeated.
#[derive(Clone, Default)]
pub struct Written(Item);

#[derive(Clone, Default)]
enum Item {
    #[default]
    Nothing,
    Flag(bool),
    Integer(i128),
    Text(String),
    Hidden(Zeroizing<String>),
    List(Vec<Item>),
    Group(BTreeMap<String, Item>),
}

impl Written {
    /// Takes over the tree of the file.
    pub(super) fn of(root: &Node) -> Self {
        Self(item(root, ""))
    }

    /// As JSON. What is hidden becomes `[hidden MAC]`, by `mac`.
    pub fn to_json(&self, mac: &dyn Fn(&str) -> String) -> Json {
        self.0.to_json(mac)
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written(..)")
    }
}

impl Item {
    fn to_json(&self, mac: &dyn Fn(&str) -> String) -> Json {
        match self {
            Self::Nothing => Json::Null,
            Self::Flag(flag) => Json::Bool(*flag),
            Self::Integer(number) => i64::try_from(*number).map_or(Json::Null, Json::from),
            Self::Text(text) => Json::String(text.clone()),
            Self::Hidden(text) => Json::String(format!("[hidden {}]", mac(text))),
            Self::List(items) => items.iter().map(|item| item.to_json(mac)).collect(),
            Self::Group(items) => {
                Json::Object(items.iter().map(|(name, item)| (name.clone(), item.to_json(mac))).collect())
            }
        }
    }
}

/// `path` is the way to the value, without positions in lists.
fn item(node: &Node, path: &str) -> Item {
    match &node.value {
        Value::Nothing | Value::Fraction => Item::Nothing,
        Value::Flag(flag) => Item::Flag(*flag),
        Value::Integer(number) => Item::Integer(*number),
        Value::Text(written) => text(written, path),
        Value::List(nodes) if path.ends_with("command") => {
            Item::List(nodes.iter().enumerate().map(|(at, node)| argument(node, at)).collect())
        }
        Value::List(nodes) => {
            let path = format!("{path}[]");
            Item::List(nodes.iter().map(|node| item(node, &path)).collect())
        }
        Value::Group(entries) => {
            let field = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            Item::Group(
                entries.iter().map(|(key, node)| (key.name.clone(), item(node, &field(&key.name)))).collect(),
            )
        }
    }
}

fn text(written: &str, path: &str) -> Item {
    // Where a secret comes from may be said.
    let is_source = path.ends_with(".env") || path.ends_with(".file");
    if is_source && !path.ends_with("environment.env") && !path.ends_with("environment.file") {
        return Item::Text(written.to_owned());
    }
    if PUBLIC.contains(&path) {
        return Item::Text(written.to_owned());
    }
    if HIDDEN.iter().any(|hidden| path.contains(hidden)) {
        return hidden(written);
    }
    if let Ok(url) = url::Url::parse(written)
        && url.has_host()
    {
        return address(&url, written, path);
    }
    if may_hold_password(written) || may_be_token(written) {
        hidden(written)
    } else {
        Item::Text(written.to_owned())
    }
}

/// The program, and flags without their values.
fn argument(node: &Node, at: usize) -> Item {
    let Value::Text(written) = &node.value else { return Item::Nothing };
    let is_flag = written.starts_with('-') && !written.contains('=') && !may_be_token(written);
    if at == 0 || is_flag { Item::Text(written.clone()) } else { hidden(written) }
}

fn address(url: &url::Url, written: &str, path: &str) -> Item {
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let bearer = BEARER.iter().any(|bearer| path.starts_with(bearer));
    let plain_path = !bearer && !url.path().split('/').any(may_be_token);
    if bare && plain_path && url.fragment().is_none() {
        return Item::Text(written.to_owned());
    }
    // Where to is shown beside it; both, since one text cannot be half hidden and still tell of a change.
    let origin = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    Item::List(vec![Item::Text(origin), hidden(written)])
}

fn may_be_token(written: &str) -> bool {
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '_' | '=' | '-' | '.');
    written.len() >= TOKEN_CHARACTERS_MIN
        && written.chars().all(is_of_token)
        && written.bytes().filter(u8::is_ascii_digit).count() >= 3
        && written.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn hidden(written: &str) -> Item {
    Item::Hidden(Zeroizing::new(written.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
deployment: shop
identity:
  issuers:
    - name: corp
      url: https://id.example.com/realms/corp
      console: { client_id: console, client_secret: { env: CONSOLE_SECRET }, accounts: [{ login: hunter20, label: hunter21 }] }
approvals:
  webhooks: [{ name: pager, url: "https://hooks.example.com/services/hunter22", secret: { file: keys/pager } }]
servers:
  - name: files
    timeout_ms: 5000
    stdio:
      command: [mcp-files, --root, hunter23, --token=hunter24, --verbose]
      environment: { LEVEL: hunter25, KEY: { file: keys/files } }
  - name: crm
    http: { url: "https://me:hunter26@crm.example.com/mcp?key=hunter27" }
masking:
  allow: [hunter28@example.com]
  keys: [ghp_hunter29abcdefghijklmnop123456]
"#;

    #[test]
    fn nothing_that_may_be_a_secret_is_written_down_and_every_change_of_it_shows() {
        let mac = |text: &str| text.len().to_string();
        let json = |text: &str| Written::of(&Node::parse(text).unwrap()).to_json(&mac);
        let written = json(TEXT);
        let shown = written.to_string();
        assert!(!shown.contains("hunter"), "{written:#}");
        for there in [
            "CONSOLE_SECRET",
            "keys/pager",
            "keys/files",
            "--root",
            "mcp-files",
            "https://crm.example.com",
            "corp",
        ] {
            assert!(shown.contains(there), "{there}: {written:#}");
        }
        assert_eq!(written["servers"][0]["timeout_ms"], 5000);
        for number in 20..=29 {
            let changed = TEXT.replace(&format!("hunter{number}"), &format!("hunter-{number}"));
            assert_ne!(json(&changed), written, "hunter{number}");
        }
        assert_eq!(format!("{:?}", Written::of(&Node::parse(TEXT).unwrap())), "Written(..)");
    }
}
