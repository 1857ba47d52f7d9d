//! On what: the thing in an upstream that a call is about.

/// What kind of thing a [`Target`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetKind {
    /// A tool.
    Tool,
    /// A resource, by URI.
    Resource,
    /// A prompt.
    Prompt,
    /// A task (2025-11-25 core, or the tasks extension).
    Task,
}

impl TargetKind {
    /// The word used in leaves and listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
            Self::Task => "task",
        }
    }

    /// The kind whose [word](Self::as_str) is `text`.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Tool, Self::Resource, Self::Prompt, Self::Task].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A tool, resource, prompt or task in one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What it is.
    pub kind: TargetKind,
    /// Its name as the caller wrote it, unescaped: tool or prompt name, resource URI, task id.
    pub name: String,
    /// The catalog has seen it in a list of the upstream. Other names are the caller's words and stay out of leaves.
    pub listed: bool,
    /// SHA-256 of its pinned definition, for a tool that the catalog knows.
    pub definition: Option<[u8; 32]>,
}
