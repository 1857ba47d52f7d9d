//! What a task of ours looks like on the wire: SEP-2663 for 2026-07-28, SEP-1686 for 2025-11-25.

use bytes::Bytes;
use inspect::value::Value as Part;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::call::Call;
use super::super::refuse;
use crate::approval::Record;
use crate::limits;
use crate::mcp::envelope::{Field, Message};
use crate::mcp::splice::Splice;
use crate::model::Era;
use crate::refusal::Refusal;

const EXTENSION: &str = "io.modelcontextprotocol/tasks";
const RELATED: &str = "io.modelcontextprotocol/related-task";

/// How the call of a task is getting on.
pub(super) enum Standing {
    /// People have not decided.
    Waiting,
    /// It runs, or is about to.
    Working,
    /// It ended with this answer: a JSON-RPC message.
    Ended(Vec<u8>),
    /// It does not run.
    Refused(Refusal),
    /// Its caller does not want it any more.
    Cancelled,
    /// It may have run: whoever ran it is gone.
    Lost,
}

impl Standing {
    fn word(&self, era: Era) -> &'static str {
        match self {
            Self::Waiting | Self::Working => "working",
            Self::Cancelled => "cancelled",
            Self::Refused(_) | Self::Lost => "failed",
            Self::Ended(answer) => match Message::parse_answer(Bytes::copy_from_slice(answer)) {
                // Of 2025-11-25 a tool that failed is a task that failed.
                Ok(message)
                    if message.error().is_none() && !(era == Era::Legacy && message.is_tool_error()) =>
                {
                    "completed"
                }
                _ => "failed",
            },
        }
    }

    fn sentence(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting for a human's approval",
            Self::Working => "approved: it runs",
            Self::Ended(_) => "it ran",
            Self::Refused(refusal) => refusal.face().what,
            Self::Cancelled => "withdrawn by its caller",
            Self::Lost => "the gateway that ran it is gone: whether it had its effect is unknown",
        }
    }

    /// The JSON-RPC error of a call that has no answer.
    fn error(&self, record: &Record) -> Option<Value> {
        let refusal = match self {
            Self::Refused(refusal) => *refusal,
            Self::Cancelled => Refusal::ApprovalWithdrawn,
            Self::Lost => Refusal::OutcomeUnrecorded,
            Self::Waiting | Self::Working | Self::Ended(_) => return None,
        };
        let face = refusal.face();
        let message = format!("{}: {}", self.sentence(), face.next);
        let approval = Uuid::from_bytes(record.row.id);
        Some(
            json!({ "code": face.rpc, "message": message, "data": { "code": face.code, "approval": approval } }),
        )
    }
}

/// Whether a server says in its answer to `server/discover` that it takes part in the extension.
pub(in crate::exchange) fn takes_part(discovered: &Message) -> bool {
    let extensions = || discovered.result()?.member("capabilities")?.member("extensions")?.member(EXTENSION);
    extensions().is_some()
}

/// The message without what declares tasks and with an id of ours; `None`: its caller takes none.
pub(super) fn plain(message: &Message, era: Era) -> Option<Bytes> {
    let mut splice = Splice::default();
    match era {
        Era::Legacy => {
            message.field(Field::Task).filter(|task| task.raw() != "null")?;
            let (params, span) = (message.params()?, message.span_of(Field::Params)?);
            splice.replace(span, without(params, Field::Task.name())?);
        }
        Era::Modern => {
            let extensions = message.field(Field::ClientCapabilities)?.member("extensions")?;
            extensions.member(EXTENSION)?;
            splice.replace(extensions.span(), without(extensions, EXTENSION)?);
        }
    }
    splice.replace(message.span_of(Field::Id)?, format!("\"countersign-task-{}\"", digest(message)));
    splice.apply(message.bytes()).ok()
}

/// Tells ids of ours apart that meet at one upstream: two calls of one caller are equal, or these are not.
fn digest(message: &Message) -> String {
    use sha2::{Digest as _, Sha256};
    let hash: [u8; 32] = Sha256::digest(message.bytes()).into();
    evidence::merkle::Hash::from_bytes(hash).to_string()
}

/// An object without one of its members.
fn without(object: Part<'_>, name: &str) -> Option<String> {
    let kept = object.members().filter(|member| !member.is(name)).map(|member| {
        let key = String::from_utf8(member.name().into_owned()).ok()?;
        Some(format!("{}:{}", json!(key), member.value.raw()))
    });
    Some(format!("{{{}}}", kept.collect::<Option<Vec<_>>>()?.join(",")))
}

/// Whether a definition says that its tool runs as a task only.
pub(super) fn requires_task(definition: &[u8]) -> bool {
    let definition: Value = serde_json::from_slice(definition).unwrap_or_default();
    definition["execution"]["taskSupport"] == "required"
}

/// The result of a call that became a task.
pub(in crate::exchange) fn created(era: Era, record: &Record, task: &str) -> Value {
    let mut seen = task_object(era, record, task, &Standing::Waiting);
    match era {
        Era::Modern => {
            seen["resultType"] = json!("task");
            seen
        }
        Era::Legacy => json!({ "task": seen }),
    }
}

/// What a question about a task is answered; `None`: there is no answer yet.
pub(super) fn answer(
    call: &Call,
    era: Era,
    record: &Record,
    task: &str,
    standing: &Standing,
) -> Option<Bytes> {
    let id = call.rpc_id();
    match (&*call.method, era) {
        ("tasks/result", _) => result(id, record, task, standing),
        ("tasks/update", _) | ("tasks/cancel", Era::Modern) => {
            Some(refuse::body(id, ("result", json!({ "resultType": "complete" }))))
        }
        (_, Era::Legacy) => Some(refuse::body(id, ("result", task_object(era, record, task, standing)))),
        (_, Era::Modern) => Some(get(id, record, task, standing)),
    }
}

/// `tasks/get` of 2026-07-28: with what came of it.
fn get(id: Option<&str>, record: &Record, task: &str, standing: &Standing) -> Bytes {
    let mut seen = task_object(Era::Modern, record, task, standing);
    seen["resultType"] = json!("complete");
    if let Some(error) = standing.error(record) {
        seen["error"] = error;
    }
    let mut text = seen.to_string();
    if let Standing::Ended(answer) = standing
        && let Ok(answer) = Message::parse_answer(Bytes::copy_from_slice(answer))
    {
        // As it came: numbers keep their spelling.
        let ended = [("result", answer.result()), ("error", answer.error())];
        let ended = ended.into_iter().find_map(|(name, value)| Some((name, value?)));
        if let Some((name, value)) = ended {
            text.truncate(text.len() - 1);
            text.push_str(&format!(",\"{name}\":{}}}", value.raw()));
        }
    }
    Bytes::from(format!(r#"{{"jsonrpc":"2.0","id":{},"result":{text}}}"#, id.unwrap_or("null")))
}

/// `tasks/result` of 2025-11-25: the answer of the call, which names its task.
fn result(id: Option<&str>, record: &Record, task: &str, standing: &Standing) -> Option<Bytes> {
    if let Some(error) = standing.error(record) {
        return Some(refuse::body(id, ("error", error)));
    }
    let Standing::Ended(answer) = standing else { return None };
    let answer = Message::parse_answer(Bytes::copy_from_slice(answer)).ok()?;
    let mut splice = Splice::default();
    splice.replace(answer.span_of(Field::Id)?, id.unwrap_or("null").to_owned());
    if let Some(result) = answer.result() {
        let related = format!("{}:{}", json!(RELATED), json!({ "taskId": task }));
        let meta = result.member("_meta").filter(|meta| meta.raw().starts_with('{'));
        let (object, text) = match meta {
            Some(meta) => (meta, related),
            None => (result, format!("\"_meta\":{{{related}}}")),
        };
        let comma = if object.members().next().is_some() { "," } else { "" };
        splice.insert(object.span().start + 1, format!("{text}{comma}"));
    }
    splice.apply(answer.bytes()).ok()
}

fn task_object(era: Era, record: &Record, task: &str, standing: &Standing) -> Value {
    let at = |us: i64| Timestamp::from_microsecond(us).map(|at| at.to_string()).unwrap_or_default();
    let row = &record.row;
    let (ttl, poll) = match era {
        Era::Modern => ("ttlMs", "pollIntervalMs"),
        Era::Legacy => ("ttl", "pollInterval"),
    };
    json!({
        "taskId": task,
        "status": standing.word(era),
        "statusMessage": format!("{} (approval {})", standing.sentence(), Uuid::from_bytes(row.id)),
        "createdAt": at(row.requested),
        "lastUpdatedAt": at(row.ended.unwrap_or(row.requested)),
        ttl: null,
        poll: limits::HELD_TASK_POLL_MS,
    })
}

/// The answer to a call whose own answer cannot be given.
pub(super) fn unanswered(refusal: Refusal) -> Vec<u8> {
    let face = refusal.face();
    let message = format!("{}: {}", face.what, face.next);
    let error = json!({ "code": face.rpc, "message": message, "data": { "code": face.code } });
    refuse::body(None, ("error", error)).to_vec()
}
