//! Every message kind of MCP, both eras, in one table: direction, what policy sees, what carries data.
//!
//! Sources: the schemas of MCP 2025-03-26, 2025-06-18, 2025-11-25 and 2026-07-28; SEP-2663 (tasks extension);
//! SEP-2640 (skills extension). A method without a row is [`Action::Other`]: denied unless a policy names it.

use inspect::mask::Part;

use crate::model::{Era, TargetKind};

/// Who sends a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The caller, to the upstream.
    ToUpstream,
    /// The upstream, to the caller.
    ToCaller,
    /// Either.
    Both,
}

/// Request or notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Expects an answer.
    Request,
    /// Does not.
    Notification,
}

/// In which protocol revisions a method exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Eras {
    /// Only those with `initialize`.
    Legacy,
    /// Only 2026-07-28.
    Modern,
    /// All. Requests of the upstream exist in 2026-07-28 as values inside a result (SEP-2322).
    Both,
}

impl Eras {
    /// Whether `era` is one of them.
    pub fn has(self, era: Era) -> bool {
        match self {
            Self::Both => true,
            Self::Legacy => era == Era::Legacy,
            Self::Modern => era == Era::Modern,
        }
    }
}

/// What a method amounts to: the Cedar action group it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Keeps the conversation going; touches no data of the upstream.
    Session,
    /// Enumerates what there is; the answer is filtered by policy, entry by entry.
    List,
    /// Reads a resource or a prompt, or completes an argument.
    Read,
    /// Runs a tool.
    Call,
    /// Asks about, feeds or cancels a task that an earlier call created.
    Task,
    /// The upstream asks something of the caller's side.
    Ask,
    /// The upstream tells the caller something.
    Tell,
    /// Not in the table.
    Other,
}

impl Action {
    /// Name of the Cedar action group.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::List => "list",
            Self::Read => "read",
            Self::Call => "call",
            Self::Task => "task",
            Self::Ask => "ask",
            Self::Tell => "tell",
            Self::Other => "other",
        }
    }

    /// Every group, for the schema.
    pub const ALL: [Self; 8] =
        [Self::Session, Self::List, Self::Read, Self::Call, Self::Task, Self::Ask, Self::Tell, Self::Other];
}

/// Where a message names its target: a member of `params`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetRule {
    /// What the member names.
    pub kind: TargetKind,
    /// Member of `params`.
    pub member: &'static str,
}

/// How a list answer is filtered: the array in `result`, and the member of its elements that names the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListRule {
    /// Member of `result` that holds the array.
    pub array: &'static str,
    /// Member of each element that names it.
    pub member: &'static str,
    /// What it names.
    pub kind: TargetKind,
    /// The method whose permission decides whether the entry is shown.
    pub shown_if: &'static str,
}

/// One message kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Method name on the wire.
    pub name: &'static str,
    /// Request or notification.
    pub shape: Shape,
    /// Who sends it.
    pub direction: Direction,
    /// Revisions that have it.
    pub eras: Eras,
    /// What policy sees it as.
    pub action: Action,
    /// What policy sees as its target.
    pub target: Option<TargetRule>,
    /// What is not plain data in its messages, by JSON Pointer from the root, `*` being any one step. All else
    /// is data that may have to be masked: see [`COMMON_PARTS`].
    pub parts: &'static [(&'static str, Part)],
    /// How its answer is filtered.
    pub list: Option<ListRule>,
}

/// What every message is made of, whatever its method. The rest (ids, cursors, progress tokens, `requestState`) is
/// left alone by [`inspect::mask::Surface`] itself.
pub const COMMON_PARTS: &[(&str, Part)] = &[
    // Also what no revision has: it passes, so it may carry something.
    ("", Part::Data),
    ("/error/code", Part::Structure),
    ("/params/_meta/io.modelcontextprotocol~1subscriptionId", Part::Structure),
    ("/params/_meta/io.modelcontextprotocol~1related-task", Part::Structure),
    ("/result/_meta/io.modelcontextprotocol~1subscriptionId", Part::Structure),
    ("/result/_meta/io.modelcontextprotocol~1related-task", Part::Structure),
    // What the upstream asks through the caller, and what it is answered (SEP-2322).
    ("/result/inputRequests/*/params/messages/*/content/data", Part::Media),
    ("/params/inputResponses/*/content/data", Part::Media),
];

/// The answer of a tool, and what the upstream asks instead of answering (SEP-2322).
const TOOL_RESULT: &[(&str, Part)] = &[
    ("/params/name", Part::Structure),
    ("/params/arguments", Part::Document),
    ("/result/structuredContent", Part::Document),
    ("/result/content/*/data", Part::Media),
    ("/result/content/*/resource/blob", Part::Blob),
    ("/result/inputRequests/*/params/requestedSchema", Part::Schema),
];

/// A prompt, and what the upstream asks instead of giving it.
const PROMPT: &[(&str, Part)] = &[
    ("/params/name", Part::Structure),
    ("/params/arguments", Part::Document),
    ("/result/messages/*/content/data", Part::Media),
    ("/result/messages/*/content/resource/blob", Part::Blob),
    ("/result/inputRequests/*/params/requestedSchema", Part::Schema),
];

/// A sampling request and the model's answer; content is one block, or a list of them.
const SAMPLING: &[(&str, Part)] = &[
    ("/params/messages/*/content/data", Part::Media),
    ("/params/messages/*/content/*/data", Part::Media),
    ("/params/tools/*/name", Part::Structure),
    ("/params/tools/*/inputSchema", Part::Schema),
    ("/params/messages/*/content/*/content/*/data", Part::Media),
    ("/result/content/data", Part::Media),
    ("/result/content/*/data", Part::Media),
];

/// A finished task as SEP-2663 carries it: the answer of its tool inside `result`, or flat in a notification.
const TASK: &[(&str, Part)] = &[
    ("/result/result/structuredContent", Part::Document),
    ("/result/result/content/*/data", Part::Media),
    ("/result/result/content/*/resource/blob", Part::Blob),
    ("/params/result/structuredContent", Part::Document),
    ("/params/result/content/*/data", Part::Media),
    ("/params/result/content/*/resource/blob", Part::Blob),
    ("/result/inputRequests/*/params/requestedSchema", Part::Schema),
];

const NAMED: &[(&str, Part)] = &[("/params/name", Part::Structure)];

const fn row(name: &'static str, direction: Direction, eras: Eras, action: Action) -> Row {
    Row { name, shape: Shape::Request, direction, eras, action, target: None, parts: &[], list: None }
}

const fn notice(name: &'static str, direction: Direction, eras: Eras, action: Action) -> Row {
    Row { shape: Shape::Notification, ..row(name, direction, eras, action) }
}

impl Row {
    /// Where its answer, or it itself when it is a notification, carries the structured answer of a tool.
    pub fn structured(&self) -> Option<&'static str> {
        let side = if self.shape == Shape::Notification { "/params/" } else { "/result/" };
        let fits = |pointer: &str| pointer.starts_with(side) && pointer.ends_with("/structuredContent");
        self.parts.iter().map(|part| part.0).find(|pointer| fits(pointer))
    }

    const fn on(self, kind: TargetKind, member: &'static str) -> Self {
        Self { target: Some(TargetRule { kind, member }), ..self }
    }

    const fn made_of(self, parts: &'static [(&'static str, Part)]) -> Self {
        Self { parts, ..self }
    }

    const fn lists(
        self,
        array: &'static str,
        member: &'static str,
        kind: TargetKind,
        shown_if: &'static str,
    ) -> Self {
        Self { list: Some(ListRule { array, member, kind, shown_if }), ..self }
    }
}

/// The table. Sorted by name, so that [`find`] can search it.
pub const METHODS: &[Row] = {
    use Action::{Ask, Call, List, Read, Session, Task, Tell};
    use Direction::{Both as Either, ToCaller, ToUpstream};
    use Eras::{Both, Legacy, Modern};
    use TargetKind::{Prompt, Resource, Task as TaskId, Tool};
    &[
        row("completion/complete", ToUpstream, Both, Read),
        row("elicitation/create", ToCaller, Both, Ask).made_of(&[("/params/requestedSchema", Part::Schema)]),
        row("initialize", ToUpstream, Legacy, Session),
        row("logging/setLevel", ToUpstream, Legacy, Session),
        notice("notifications/cancelled", Either, Both, Session),
        notice("notifications/elicitation/complete", ToCaller, Legacy, Tell),
        notice("notifications/initialized", ToUpstream, Legacy, Session),
        notice("notifications/message", ToCaller, Both, Tell),
        notice("notifications/progress", Either, Both, Session),
        notice("notifications/prompts/list_changed", ToCaller, Both, Tell),
        notice("notifications/resources/list_changed", ToCaller, Both, Tell),
        notice("notifications/resources/updated", ToCaller, Both, Tell).on(Resource, "uri"),
        notice("notifications/roots/list_changed", ToUpstream, Legacy, Session),
        notice("notifications/subscriptions/acknowledged", ToCaller, Modern, Tell),
        notice("notifications/tasks", ToCaller, Modern, Tell).made_of(TASK),
        notice("notifications/tasks/status", Either, Legacy, Task).on(TaskId, "taskId"),
        notice("notifications/tools/list_changed", ToCaller, Both, Tell),
        row("ping", Either, Legacy, Session),
        row("prompts/get", ToUpstream, Both, Read).on(Prompt, "name").made_of(PROMPT),
        row("prompts/list", ToUpstream, Both, List)
            .made_of(&[("/result/prompts/*/name", Part::Structure)])
            .lists("prompts", "name", Prompt, "prompts/get"),
        row("resources/directory/read", ToUpstream, Both, Read).on(Resource, "uri").lists(
            "resources",
            "uri",
            Resource,
            "resources/read",
        ),
        row("resources/list", ToUpstream, Both, List).lists("resources", "uri", Resource, "resources/read"),
        row("resources/read", ToUpstream, Both, Read)
            .on(Resource, "uri")
            .made_of(&[("/result/contents/*/blob", Part::Blob)]),
        row("resources/subscribe", ToUpstream, Legacy, Read).on(Resource, "uri"),
        row("resources/templates/list", ToUpstream, Both, List).lists(
            "resourceTemplates",
            "uriTemplate",
            Resource,
            "resources/read",
        ),
        row("resources/unsubscribe", ToUpstream, Legacy, Read).on(Resource, "uri"),
        row("roots/list", ToCaller, Both, Ask),
        row("sampling/createMessage", ToCaller, Both, Ask).made_of(SAMPLING),
        row("server/discover", ToUpstream, Modern, Session),
        row("skills/get", ToUpstream, Both, Read).on(Resource, "name").made_of(NAMED),
        row("skills/list", ToUpstream, Both, List)
            .made_of(&[("/result/skills/*/name", Part::Structure)])
            .lists("skills", "name", Resource, "skills/get"),
        row("subscriptions/listen", ToUpstream, Modern, Read),
        row("tasks/cancel", Either, Both, Task).on(TaskId, "taskId"),
        row("tasks/get", Either, Both, Task).on(TaskId, "taskId").made_of(TASK),
        row("tasks/list", Either, Legacy, Task).lists("tasks", "taskId", TaskId, "tasks/get"),
        row("tasks/result", Either, Legacy, Task).on(TaskId, "taskId").made_of(TOOL_RESULT),
        row("tasks/update", ToUpstream, Modern, Task).on(TaskId, "taskId"),
        row("tools/call", ToUpstream, Both, Call).on(Tool, "name").made_of(TOOL_RESULT),
        row("tools/list", ToUpstream, Both, List)
            .made_of(&[
                ("/result/tools/*/name", Part::Structure),
                ("/result/tools/*/inputSchema", Part::Schema),
                ("/result/tools/*/outputSchema", Part::Schema),
            ])
            .lists("tools", "name", Tool, "tools/call"),
    ]
};

/// The row of `name`, if MCP has such a method.
pub fn find(name: &str) -> Option<&'static Row> {
    METHODS.binary_search_by(|row| row.name.cmp(name)).ok().map(|index| &METHODS[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_so_that_find_finds_every_row() {
        assert!(METHODS.is_sorted_by(|a, b| a.name < b.name));
        for row in METHODS {
            assert_eq!(find(row.name), Some(row));
        }
        assert_eq!(find("tools/Call"), None);
    }

    #[test]
    fn structured_answers_are_where_tools_and_their_tasks_give_them() {
        let found: Vec<_> = METHODS.iter().filter_map(|row| Some((row.name, row.structured()?))).collect();
        let expected = [
            ("notifications/tasks", "/params/result/structuredContent"),
            ("tasks/get", "/result/result/structuredContent"),
            ("tasks/result", "/result/structuredContent"),
            ("tools/call", "/result/structuredContent"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn lists_are_shown_by_the_permission_of_a_method_in_the_table() {
        for rule in METHODS.iter().filter_map(|row| row.list) {
            let shown_if = find(rule.shown_if).expect("in the table");
            assert_eq!(shown_if.target.map(|target| target.kind), Some(rule.kind), "{}", rule.shown_if);
        }
    }
}
