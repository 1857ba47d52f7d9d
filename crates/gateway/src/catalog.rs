//! What upstreams offer: every tool, resource and prompt they listed, with tool definitions pinned by hash.
//!
//! The catalog learns from the list answers that pass, before a caller sees them. A definition that differs from the
//! pinned one is drift: it is recorded, and policies see it as `context.definition.drifted`.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::limits;
use crate::model::{Target, TargetKind};

/// The member of a definition that is decoration. A change in any other is drift, in those that nobody knows yet too:
/// `_meta` names the page that a host shows, `execution` how a tool is called, `arguments` what a model is told of a prompt.
const DECORATION: &str = "icons";

/// SHA-256 of a definition: of its pinned members with keys sorted at every level.
pub type DefinitionHash = [u8; 32];

/// What the catalog holds about one listed thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The definition first seen, or last accepted.
    pub pinned: DefinitionHash,
    /// The definition last seen.
    pub current: DefinitionHash,
}

impl Listed {
    /// Whether the upstream changed the definition since it was pinned.
    pub fn drifted(self) -> bool {
        self.pinned != self.current
    }
}

/// One difference between what an upstream lists and what the catalog knew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Tool, resource or prompt.
    pub kind: TargetKind,
    /// Its name or URI.
    pub name: String,
    /// The definition before; `None` when it is new.
    pub before: Option<DefinitionHash>,
    /// The definition now.
    pub now: DefinitionHash,
    /// The pinned definition after this change, as far as this process knows; the store knows better.
    pub pinned: DefinitionHash,
}

/// What every upstream listed.
#[derive(Debug, Default)]
pub struct Catalog {
    servers: RwLock<HashMap<Arc<str>, ServerCatalog>>,
}

#[derive(Debug, Default)]
struct ServerCatalog {
    listed: HashMap<(TargetKind, String), Listed>,
    /// SHA-256 of the last list seen per kind, to skip work on an unchanged one.
    last: HashMap<TargetKind, [u8; 32]>,
}

impl Catalog {
    /// Restores one row of the store.
    pub fn restore(&self, server: &str, kind: TargetKind, name: String, listed: Listed) {
        let mut servers = self.servers.write().unwrap_or_else(PoisonError::into_inner);
        servers.entry(Arc::from(server)).or_default().listed.insert((kind, name), listed);
    }

    /// Pins a definition that somebody accepted. What no list has shown yet is learned with its first list.
    pub fn pin(&self, server: &str, kind: TargetKind, name: &str, accepted: DefinitionHash) {
        let mut servers = self.servers.write().unwrap_or_else(PoisonError::into_inner);
        let known =
            servers.get_mut(server).and_then(|catalog| catalog.listed.get_mut(&(kind, name.to_owned())));
        if let Some(listed) = known {
            listed.pinned = accepted;
        }
    }

    /// The target of a call, with what is known about it.
    pub fn target(&self, server: &str, kind: TargetKind, name: String) -> Target {
        let known = self.find(server, kind, &name);
        let definition = known.filter(|_| kind == TargetKind::Tool).map(|listed| listed.current);
        Target { kind, name, listed: known.is_some(), definition }
    }

    /// What is known about a name.
    pub fn find(&self, server: &str, kind: TargetKind, name: &str) -> Option<Listed> {
        let servers = self.servers.read().unwrap_or_else(PoisonError::into_inner);
        // A borrowed key for a tuple of owned ones costs more code than this short allocation.
        servers.get(server)?.listed.get(&(kind, name.to_owned())).copied()
    }

    /// Everything listed by a server, by kind and name.
    pub fn list(&self, server: &str) -> Vec<(TargetKind, String, Listed)> {
        let servers = self.servers.read().unwrap_or_else(PoisonError::into_inner);
        let mut listed: Vec<_> = servers
            .get(server)
            .into_iter()
            .flat_map(|catalog| &catalog.listed)
            .map(|((kind, name), listed)| (*kind, name.clone(), *listed))
            .collect();
        listed.sort_by(|a, b| (a.0.as_str(), &a.1).cmp(&(b.0.as_str(), &b.1)));
        listed
    }

    /// Whether exactly this list text was seen last: then there is nothing to learn from it.
    pub fn is_last(&self, server: &str, kind: TargetKind, list: &[u8]) -> bool {
        let servers = self.servers.read().unwrap_or_else(PoisonError::into_inner);
        servers.get(server).and_then(|catalog| catalog.last.get(&kind)) == Some(&Sha256::digest(list).into())
    }

    /// What a list would change. Nothing is learned until [`Catalog::learn`], so that the change can be made durable
    /// first.
    pub fn compare(
        &self,
        server: &str,
        kind: TargetKind,
        elements: &[(String, DefinitionHash)],
    ) -> Vec<Change> {
        let servers = self.servers.read().unwrap_or_else(PoisonError::into_inner);
        let known = servers.get(server);
        let room =
            limits::CATALOG_ENTRIES_MAX.saturating_sub(known.map_or(0, |catalog| catalog.listed.len()));
        let changes = elements.iter().filter_map(|(name, now)| {
            let before = known.and_then(|catalog| catalog.listed.get(&(kind, name.clone())));
            if before.is_some_and(|before| before.current == *now) {
                return None;
            }
            Some(Change {
                kind,
                name: name.clone(),
                before: before.map(|before| before.current),
                now: *now,
                pinned: before.map_or(*now, |before| before.pinned),
            })
        });
        changes.take(room).collect()
    }

    /// Learns changes that are durable.
    pub fn learn(&self, server: &str, kind: TargetKind, list: &[u8], changes: Vec<Change>) {
        let mut servers = self.servers.write().unwrap_or_else(PoisonError::into_inner);
        let catalog = servers.entry(Arc::from(server)).or_default();
        for change in changes {
            let listed = Listed { pinned: change.pinned, current: change.now };
            catalog.listed.insert((change.kind, change.name), listed);
        }
        catalog.last.insert(kind, Sha256::digest(list).into());
    }
}

/// A definition: the pinned members of one element of a list answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// SHA-256 of `text`.
    pub hash: DefinitionHash,
    /// JSON of the pinned members, keys sorted at every level, no spaces.
    pub text: String,
}

/// The definition in one element of a list answer; `None` when it is not an object.
pub fn definition(element: &str) -> Option<Definition> {
    let Value::Object(mut members) = serde_json::from_str(element).ok()? else { return None };
    members.retain(|name, _| name != DECORATION);
    let mut value = Value::Object(members);
    value.sort_all_objects();
    let text = value.to_string();
    Some(Definition { hash: Sha256::digest(&text).into(), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(element: &str) -> DefinitionHash {
        definition(element).expect("an object").hash
    }

    #[test]
    fn definition_ignores_order_and_decoration_and_sees_every_word() {
        let one = hash(r#"{"name":"a","description":"x","inputSchema":{"type":"object","required":["q"]}}"#);
        let same = hash(
            r#"{"inputSchema":{"required":["q"],"type":"object"},"description":"x","name":"a","icons":[1]}"#,
        );
        let other =
            hash(r#"{"name":"a","description":"y","inputSchema":{"type":"object","required":["q"]}}"#);
        let shown = hash(
            r#"{"name":"a","description":"x","inputSchema":{"type":"object","required":["q"]},"_meta":{"ui":{}}}"#,
        );
        assert_eq!(one, same);
        assert_ne!(one, other);
        assert_ne!(one, shown);
        assert_eq!(definition("[]"), None);
    }

    #[test]
    fn changed_definition_is_drift_until_it_is_accepted() {
        let catalog = Catalog::default();
        let first = vec![("a".to_owned(), hash(r#"{"name":"a"}"#))];
        let added = catalog.compare("s", TargetKind::Tool, &first);
        assert_eq!(added[0].before, None);
        catalog.learn("s", TargetKind::Tool, b"1", added);
        assert!(catalog.is_last("s", TargetKind::Tool, b"1"));
        assert_eq!(catalog.compare("s", TargetKind::Tool, &first), []);

        let second = vec![("a".to_owned(), hash(r#"{"name":"a","description":"now it deletes"}"#))];
        let changed = catalog.compare("s", TargetKind::Tool, &second);
        assert_eq!(changed[0].pinned, first[0].1);
        catalog.learn("s", TargetKind::Tool, b"2", changed);
        assert!(catalog.find("s", TargetKind::Tool, "a").expect("listed").drifted());
        assert_eq!(catalog.target("s", TargetKind::Tool, "a".to_owned()).definition, Some(second[0].1));

        catalog.pin("s", TargetKind::Tool, "a", second[0].1);
        assert!(!catalog.find("s", TargetKind::Tool, "a").expect("listed").drifted());
        catalog.pin("s", TargetKind::Tool, "never listed", second[0].1);
        assert_eq!(catalog.find("s", TargetKind::Tool, "never listed"), None);
    }
}
