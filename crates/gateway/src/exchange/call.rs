//! One message as the spine sees it: what it is, what it is about, whom it concerns.

use std::borrow::Cow;

use bytes::Bytes;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::catalog::Catalog;
use crate::ledger::Opened;
use crate::mcp::envelope::{Field, IdKey, Message};
use crate::mcp::header::Mirror;
use crate::mcp::method::{self, Direction, Row};
use crate::model::{Era, MessageKind, Method, Statement, Target, TargetKind};

/// One message, parsed and resolved.
#[derive(Debug)]
pub struct Call {
    /// The exchange.
    pub id: Uuid,
    /// Request, notification, response or stream.
    pub kind: MessageKind,
    /// Who sends it.
    pub direction: Direction,
    /// Its method; of a response, that of the request it answers.
    pub method: Method,
    /// The row of that method.
    pub row: Option<&'static Row>,
    /// What it is about.
    pub target: Option<Target>,
    /// The message; `None` for GET and DELETE.
    pub message: Option<Message>,
    /// What its arguments would do, where they hold a statement.
    pub statement: Option<Statement>,
    /// The headers that came with it and repeat its arguments.
    pub mirrors: Vec<Mirror>,
}

impl Call {
    /// A request or notification.
    pub fn new(
        id: Uuid,
        (direction, era): (Direction, Era),
        message: Message,
        server: &str,
        catalog: &Catalog,
    ) -> Self {
        let row = message.row().filter(|row| row.eras.has(era));
        let target = row
            .and_then(|_| message.target())
            .map(|(kind, name)| catalog.target(server, kind, name.into_owned()));
        Self {
            id,
            kind: message.kind(),
            direction,
            method: message.method().cloned().unwrap_or_default(),
            row,
            target,
            message: Some(message),
            statement: None,
            mirrors: Vec::new(),
        }
    }

    /// A response to a request for `method`.
    pub fn response(id: Uuid, direction: Direction, message: Message, method: Method) -> Self {
        let row = method::find(&method);
        Self {
            id,
            kind: MessageKind::Response,
            direction,
            method,
            row,
            target: None,
            message: Some(message),
            statement: None,
            mirrors: Vec::new(),
        }
    }

    /// A request of the upstream that came as a value inside a result (SEP-2322).
    pub fn input(id: Uuid, method: Method, row: Option<&'static Row>) -> Self {
        let kind = MessageKind::Request;
        Self {
            id,
            kind,
            direction: Direction::ToCaller,
            method,
            row,
            target: None,
            message: None,
            statement: None,
            mirrors: Vec::new(),
        }
    }

    /// A request that could not be read as a message.
    pub fn unread(id: Uuid) -> Self {
        Self {
            id,
            kind: MessageKind::Request,
            direction: Direction::ToUpstream,
            method: Cow::Borrowed(""),
            row: None,
            target: None,
            message: None,
            statement: None,
            mirrors: Vec::new(),
        }
    }

    /// A GET or DELETE of the caller.
    pub fn stream(id: Uuid, method: &http::Method) -> Self {
        let method =
            if method == http::Method::DELETE { Cow::Borrowed("DELETE") } else { Cow::Borrowed("GET") };
        Self {
            id,
            kind: MessageKind::Stream,
            direction: Direction::ToUpstream,
            method,
            row: None,
            target: None,
            message: None,
            statement: None,
            mirrors: Vec::new(),
        }
    }

    /// The id of the task it is about.
    pub fn task(&self) -> Option<Cow<'_, str>> {
        match &self.target {
            Some(target) => (target.kind == TargetKind::Task).then(|| target.name.as_str().into()),
            // A notice with the result of a task has the task, and policy is asked about its server.
            None if self.method == "notifications/tasks" => {
                self.message.as_ref()?.params()?.member("taskId")?.text()
            }
            None => None,
        }
    }

    /// The message's bytes; empty for GET and DELETE.
    pub fn bytes(&self) -> Bytes {
        self.message.as_ref().map(|message| message.bytes().clone()).unwrap_or_default()
    }

    /// The JSON-RPC id of a request, as sent.
    pub fn rpc_id(&self) -> Option<&str> {
        self.message.as_ref().filter(|_| self.kind == MessageKind::Request).map(Message::id_raw)
    }

    /// What the JSON-RPC id of a request means.
    pub fn rpc_key(&self) -> Option<&IdKey> {
        self.message.as_ref().filter(|_| self.kind == MessageKind::Request)?.id()
    }

    /// The JSON that policies see as arguments.
    pub fn judged(&self) -> Option<&str> {
        let message = self.message.as_ref()?;
        let field = match self.kind {
            MessageKind::Response => Field::Result,
            _ if matches!(&*self.method, "tools/call" | "prompts/get") => Field::Arguments,
            _ => Field::Params,
        };
        message.field(field).map(inspect::value::Value::raw)
    }
}

/// A call that is durable and not yet closed. Whichever stream delivers its answer closes it.
#[derive(Debug)]
pub struct OpenCall {
    /// The call.
    pub call: Call,
    /// The evidence, until it is closed.
    pub opened: Mutex<Option<Opened>>,
}

impl OpenCall {
    /// A call whose intent is durable.
    pub fn new(call: Call, opened: Opened) -> Self {
        Self { call, opened: Mutex::new(Some(opened)) }
    }
}
