//! The members of a message that the gateway acts upon.
//!
//! One table serves three ends: what is read, what must not appear in a second spelling, and what kind of value it may
//! have. A member that is read is therefore always guarded.

use inspect::walk::Kind;

use super::Fault;
use crate::mcp::fold::{self, Spelling};

/// A member the gateway acts upon, by the object it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table below says for each where it stands and what it is called")]
pub enum Field {
    JsonRpc,
    Id,
    Method,
    Params,
    Result,
    Error,
    Name,
    Uri,
    Arguments,
    Meta,
    TaskId,
    InputResponses,
    RequestState,
    Task,
    Ref,
    Argument,
    Context,
    Notifications,
    RequestId,
    Cursor,
    Level,
    RequestedVersion,
    Capabilities,
    ProgressOf,
    ProtocolVersion,
    ClientCapabilities,
    ClientInfo,
    ProgressToken,
    SubscriptionId,
    RelatedTask,
    ResultType,
    IsError,
    ResultMeta,
    ResultTaskId,
    ResultTask,
    ResultRequestState,
    InputRequests,
    CacheScope,
    NextCursor,
    Content,
    StructuredContent,
    Contents,
    Messages,
    Tools,
    Prompts,
    Resources,
    ResourceTemplates,
    Skills,
    Tasks,
    AgreedVersion,
    CreatedTaskId,
    Code,
    ErrorMessage,
    Data,
}

/// An object of a message whose members are in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Envelope,
    Params,
    /// `_meta` of `params` or of `result`.
    Meta,
    Result,
    /// `task` of a result: the task that a 2025-11-25 call created.
    Created,
    Error,
}

struct Entry {
    field: Field,
    place: Place,
    name: &'static str,
    kinds: &'static [Kind],
}

const fn entry(field: Field, place: Place, name: &'static str, kinds: &'static [Kind]) -> Entry {
    Entry { field, place, name, kinds }
}

const ANY: &[Kind] = &[Kind::Object, Kind::Array, Kind::String, Kind::Number, Kind::Boolean, Kind::Null];
const OBJECT: &[Kind] = &[Kind::Object];
/// Absent members are written as null by some peers.
const MAYBE: &[Kind] = &[Kind::Object, Kind::Null];
const TEXT: &[Kind] = &[Kind::String];
const TOKEN: &[Kind] = &[Kind::String, Kind::Number];

/// In the order of [`Field`]. `id` is judged on its own.
const TABLE: &[Entry] = &[
    entry(Field::JsonRpc, Place::Envelope, "jsonrpc", ANY),
    entry(Field::Id, Place::Envelope, "id", ANY),
    entry(Field::Method, Place::Envelope, "method", TEXT),
    entry(Field::Params, Place::Envelope, "params", OBJECT),
    entry(Field::Result, Place::Envelope, "result", OBJECT),
    entry(Field::Error, Place::Envelope, "error", OBJECT),
    entry(Field::Name, Place::Params, "name", TEXT),
    entry(Field::Uri, Place::Params, "uri", TEXT),
    entry(Field::Arguments, Place::Params, "arguments", MAYBE),
    entry(Field::Meta, Place::Params, "_meta", MAYBE),
    entry(Field::TaskId, Place::Params, "taskId", TEXT),
    entry(Field::InputResponses, Place::Params, "inputResponses", MAYBE),
    entry(Field::RequestState, Place::Params, "requestState", TEXT),
    entry(Field::Task, Place::Params, "task", MAYBE),
    entry(Field::Ref, Place::Params, "ref", ANY),
    entry(Field::Argument, Place::Params, "argument", ANY),
    entry(Field::Context, Place::Params, "context", ANY),
    entry(Field::Notifications, Place::Params, "notifications", ANY),
    entry(Field::RequestId, Place::Params, "requestId", ANY),
    entry(Field::Cursor, Place::Params, "cursor", ANY),
    entry(Field::Level, Place::Params, "level", ANY),
    entry(Field::RequestedVersion, Place::Params, "protocolVersion", ANY),
    entry(Field::Capabilities, Place::Params, "capabilities", ANY),
    entry(Field::ProgressOf, Place::Params, "progressToken", ANY),
    entry(Field::ProtocolVersion, Place::Meta, "io.modelcontextprotocol/protocolVersion", TEXT),
    entry(Field::ClientCapabilities, Place::Meta, "io.modelcontextprotocol/clientCapabilities", ANY),
    entry(Field::ClientInfo, Place::Meta, "io.modelcontextprotocol/clientInfo", ANY),
    entry(Field::ProgressToken, Place::Meta, "progressToken", TOKEN),
    entry(Field::SubscriptionId, Place::Meta, "io.modelcontextprotocol/subscriptionId", ANY),
    entry(Field::RelatedTask, Place::Meta, "io.modelcontextprotocol/related-task", ANY),
    entry(Field::ResultType, Place::Result, "resultType", TEXT),
    entry(Field::IsError, Place::Result, "isError", ANY),
    entry(Field::ResultMeta, Place::Result, "_meta", MAYBE),
    entry(Field::ResultTaskId, Place::Result, "taskId", ANY),
    entry(Field::ResultTask, Place::Result, "task", ANY),
    entry(Field::ResultRequestState, Place::Result, "requestState", ANY),
    entry(Field::InputRequests, Place::Result, "inputRequests", ANY),
    entry(Field::CacheScope, Place::Result, "cacheScope", ANY),
    entry(Field::NextCursor, Place::Result, "nextCursor", ANY),
    entry(Field::Content, Place::Result, "content", ANY),
    entry(Field::StructuredContent, Place::Result, "structuredContent", ANY),
    entry(Field::Contents, Place::Result, "contents", ANY),
    entry(Field::Messages, Place::Result, "messages", ANY),
    entry(Field::Tools, Place::Result, "tools", ANY),
    entry(Field::Prompts, Place::Result, "prompts", ANY),
    entry(Field::Resources, Place::Result, "resources", ANY),
    entry(Field::ResourceTemplates, Place::Result, "resourceTemplates", ANY),
    entry(Field::Skills, Place::Result, "skills", ANY),
    entry(Field::Tasks, Place::Result, "tasks", ANY),
    entry(Field::AgreedVersion, Place::Result, "protocolVersion", ANY),
    entry(Field::CreatedTaskId, Place::Created, "taskId", ANY),
    entry(Field::Code, Place::Error, "code", ANY),
    entry(Field::ErrorMessage, Place::Error, "message", ANY),
    entry(Field::Data, Place::Error, "data", ANY),
];

impl Field {
    /// Its key.
    pub fn name(self) -> &'static str {
        TABLE[self as usize].name
    }

    /// The kinds of value it may have.
    pub(super) fn allows(self, kind: Kind) -> bool {
        TABLE[self as usize].kinds.contains(&kind)
    }

    /// What the members of its object are, when the gateway acts upon any.
    pub(super) fn inside(self) -> Option<Place> {
        match self {
            Self::Params => Some(Place::Params),
            Self::Meta | Self::ResultMeta => Some(Place::Meta),
            Self::Result => Some(Place::Result),
            Self::ResultTask => Some(Place::Created),
            Self::Error => Some(Place::Error),
            _ => None,
        }
    }
}

impl Place {
    /// The field that `key` is in this place, if any.
    ///
    /// # Errors
    /// [`Fault::Variant`] when it is none but may be taken for one.
    pub(super) fn find(self, key: &[u8], spelling: Spelling) -> Result<Option<Field>, Fault> {
        let entries = self.entries();
        if let Some(exact) = entries.iter().find(|entry| entry.name.as_bytes() == key) {
            return Ok(Some(exact.field));
        }
        let folded = fold::fold(key);
        match entries.iter().find(|entry| folded.is(entry.name, spelling)) {
            Some(variant) => Err(Fault::Variant(variant.field)),
            None => Ok(None),
        }
    }

    /// Its part of the table.
    fn entries(self) -> &'static [Entry] {
        let (first, last) = match self {
            Self::Envelope => (Field::JsonRpc, Field::Error),
            Self::Params => (Field::Name, Field::ProgressOf),
            Self::Meta => (Field::ProtocolVersion, Field::RelatedTask),
            Self::Result => (Field::ResultType, Field::AgreedVersion),
            Self::Created => (Field::CreatedTaskId, Field::CreatedTaskId),
            Self::Error => (Field::Code, Field::Data),
        };
        let entries = &TABLE[first as usize..=last as usize];
        debug_assert!(entries.iter().all(|entry| entry.place == self), "the table stands place by place");
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::method::METHODS;

    #[test]
    fn table_stands_in_the_order_of_the_fields() {
        for (index, entry) in TABLE.iter().enumerate() {
            assert_eq!(entry.field as usize, index, "{}", entry.name);
        }
        assert_eq!(TABLE.len(), Field::Data as usize + 1);
        for entry in TABLE {
            let here = entry.place.entries().iter().filter(|one| one.field == entry.field);
            assert_eq!(here.count(), 1, "{}", entry.name);
            assert!(entry.place.entries().iter().all(|one| one.place == entry.place), "{}", entry.name);
        }
    }

    #[test]
    fn every_target_and_every_filtered_list_is_a_guarded_field() {
        let guarded = |place: Place, name: &str| place.find(name.as_bytes(), Spelling::Words) != Ok(None);
        for row in METHODS {
            if let Some(target) = row.target {
                assert!(guarded(Place::Params, target.member), "{}", row.name);
            }
            if let Some(list) = row.list {
                assert!(guarded(Place::Result, list.array), "{}", row.name);
            }
        }
    }
}
