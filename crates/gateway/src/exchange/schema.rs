//! What definitions of tools say: the output schema, so that a masked answer keeps to what its tool announced (callers
//! refuse one that does not), and what the input schema says about headers and names.
//!
//! The definition is the one that the upstream listed last, for that is what callers hold answers against.

mod outline;

use std::sync::Arc;

use inspect::mask::Schema;
use moka::sync::Cache;

use crate::catalog::DefinitionHash;
use crate::limits;
use crate::model::{Target, TargetKind};
use crate::seal::Seal;
use crate::store::{Db, definition};
pub(super) use outline::Outline;

/// What an entry costs besides the text of its schema.
const ENTRY_BYTES: u32 = 64;

/// Compiled schemas, by the hash of the definition that each stands in.
pub struct Schemas {
    db: Db,
    seal: Seal,
    known: Cache<DefinitionHash, Entry>,
}

/// What a definition says, with the length of the texts that are kept.
#[derive(Debug, Clone, Default)]
struct Entry {
    /// None where the definition has none, or none that can be read.
    output: Option<Arc<Schema>>,
    input: Arc<Outline>,
    bytes: u32,
}

impl Schemas {
    /// Of definitions in `db`, as rows with this seal have them.
    pub fn new(db: Db, seal: Seal) -> Self {
        let weigh = |_: &DefinitionHash, entry: &Entry| entry.bytes.saturating_add(ENTRY_BYTES);
        let known = Cache::builder().max_capacity(limits::OUTPUT_SCHEMA_BYTES_MAX).weigher(weigh).build();
        Self { db, seal, known }
    }

    /// The output schema of a tool. `None` when it has none, or it is not known: answers are masked all the same.
    pub(super) async fn find(&self, server: &str, tool: &Target) -> Option<Arc<Schema>> {
        self.entry(server, tool).await?.output
    }

    /// What the input schema of a tool says about headers and names: nothing when it is not known.
    pub(super) async fn outline(&self, server: &str, tool: &Target) -> Arc<Outline> {
        self.entry(server, tool).await.unwrap_or_default().input
    }

    async fn entry(&self, server: &str, tool: &Target) -> Option<Entry> {
        let hash = tool.definition?;
        if let Some(entry) = self.known.get(&hash) {
            return Some(entry);
        }
        let (server, name, seal) = (server.to_owned(), tool.name.clone(), self.seal.clone());
        let read = self.db.read("find output schema", move |read| {
            let which = (&*server, TargetKind::Tool.as_str(), &*name);
            let found = definition::find(read, &seal, which, &hash)?;
            // Compiled here, on the thread of the read: a schema may be large.
            Ok(found.map(|found| compiled(&found.body)))
        });
        let entry = read.await.ok().flatten()?;
        self.known.insert(hash, entry.clone());
        Some(entry)
    }
}

/// What a definition says.
fn compiled(definition: &[u8]) -> Entry {
    let definition: serde_json::Value = serde_json::from_slice(definition).unwrap_or_default();
    let text = definition.get("outputSchema").map(ToString::to_string);
    let output = text.as_ref().and_then(|text| Schema::new(text)).map(Arc::new);
    let input = Arc::new(Outline::of(definition.get("inputSchema")));
    // What is not kept costs nothing.
    let kept = text.filter(|_| output.is_some()).map_or(0, |text| text.len());
    let bytes = u32::try_from(kept.saturating_add(input.bytes())).unwrap_or(u32::MAX);
    Entry { output, input, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definition_without_a_schema_that_can_be_read_has_none() {
        assert!(compiled(br#"{"name":"a","outputSchema":{"type":"object"}}"#).output.is_some());
        for definition in [&b"{\"name\":\"a\"}"[..], b"{\"outputSchema\":[]}", b"{\"outputSchema\":", b""] {
            assert!(compiled(definition).output.is_none());
        }
        let long = format!(r#"{{"outputSchema":{{"title":"{}"}}}}"#, "a".repeat(300_000));
        assert!(compiled(long.as_bytes()).output.is_none());
    }
}
