//! Output schemas of tools, so that a masked answer keeps to what its tool announced: callers refuse one that does not.
//!
//! The schema is that of the definition that the upstream listed last, for that is what callers hold answers against.

use std::sync::Arc;

use inspect::mask::Schema;
use moka::sync::Cache;

use crate::catalog::DefinitionHash;
use crate::limits;
use crate::model::{Target, TargetKind};
use crate::store::{Db, definition};

/// What an entry costs besides the text of its schema.
const ENTRY_BYTES: u32 = 64;

/// Compiled schemas, by the hash of the definition that each stands in.
pub struct Schemas {
    known: Cache<DefinitionHash, Entry>,
}

/// A schema with the length of its text; none where the definition has none, or none that can be read.
#[derive(Debug, Clone, Default)]
struct Entry {
    schema: Option<Arc<Schema>>,
    bytes: u32,
}

impl Schemas {
    /// Knows none.
    pub fn new() -> Self {
        let weigh = |_: &DefinitionHash, entry: &Entry| entry.bytes.saturating_add(ENTRY_BYTES);
        Self { known: Cache::builder().max_capacity(limits::OUTPUT_SCHEMA_BYTES_MAX).weigher(weigh).build() }
    }

    /// The output schema of a tool. `None` when it has none, or it is not known: answers are masked all the same.
    pub(super) async fn find(&self, db: &Db, server: &str, tool: &Target) -> Option<Arc<Schema>> {
        let hash = tool.definition?;
        if let Some(entry) = self.known.get(&hash) {
            return entry.schema;
        }
        let (server, name) = (server.to_owned(), tool.name.clone());
        let read = db.read("find output schema", move |read| {
            let found = definition::find(read, &server, TargetKind::Tool.as_str(), &name, &hash)?;
            // Compiled here, on the thread of the read: a schema may be large.
            Ok(found.map(|found| compiled(&found.body)))
        });
        let entry = read.await.ok().flatten()?;
        self.known.insert(hash, entry.clone());
        entry.schema
    }
}

impl Default for Schemas {
    fn default() -> Self {
        Self::new()
    }
}

/// The output schema in a definition.
fn compiled(definition: &[u8]) -> Entry {
    let definition: serde_json::Value = serde_json::from_slice(definition).unwrap_or_default();
    let Some(text) = definition.get("outputSchema").map(ToString::to_string) else { return Entry::default() };
    let schema = Schema::new(&text).map(Arc::new);
    // What is not kept costs nothing.
    let bytes = if schema.is_some() { u32::try_from(text.len()).unwrap_or(u32::MAX) } else { 0 };
    Entry { schema, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definition_without_a_schema_that_can_be_read_has_none() {
        assert!(compiled(br#"{"name":"a","outputSchema":{"type":"object"}}"#).schema.is_some());
        for definition in [&b"{\"name\":\"a\"}"[..], b"{\"outputSchema\":[]}", b"{\"outputSchema\":", b""] {
            assert!(compiled(definition).schema.is_none());
        }
        let long = format!(r#"{{"outputSchema":{{"title":"{}"}}}}"#, "a".repeat(300_000));
        assert!(compiled(long.as_bytes()).schema.is_none());
    }
}
