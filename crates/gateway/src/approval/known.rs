//! What the gateway knows of a held call when somebody wants to see or decide it, as policy asks about the call itself.

use std::sync::Arc;

use inspect::value::Value;

use super::Content;
use crate::catalog::Catalog;
use crate::limits;
use crate::model::{Statement, TargetKind};
use crate::policy::Definition;
use crate::statement::Reader;

/// Where to look.
#[derive(Clone)]
pub struct Known {
    /// Reads statements in arguments.
    pub statements: Arc<Reader>,
    /// What servers listed.
    pub catalog: Arc<Catalog>,
}

impl Known {
    /// What the classifier finds in exactly what would run; `None` where that holds no statement.
    pub(super) async fn statement(&self, server: &str, content: &Content) -> Option<Statement> {
        let (_, tool) = content.target.as_ref().filter(|(kind, _)| kind == TargetKind::Tool.as_str())?;
        let matter = Value::parse(&content.matter, limits::JSON_DEPTH_MAX).ok()?;
        self.statements.read(server, tool, matter.member("arguments")?.raw()).await
    }

    /// What the catalog knows of the definition of its target now.
    pub(super) fn definition(&self, server: &str, content: &Content) -> Definition {
        let target = content.target.as_ref().and_then(|(kind, name)| Some((target_kind(kind)?, name)));
        match target.and_then(|(kind, name)| self.catalog.find(server, kind, name)) {
            None => Definition::Unknown,
            Some(listed) if listed.drifted() => Definition::Drifted,
            Some(_) => Definition::Pinned,
        }
    }
}

/// The kind of a target, from its word.
pub(super) fn target_kind(word: &str) -> Option<TargetKind> {
    let kinds = [TargetKind::Tool, TargetKind::Resource, TargetKind::Prompt, TargetKind::Task];
    kinds.into_iter().find(|known| known.as_str() == word)
}
