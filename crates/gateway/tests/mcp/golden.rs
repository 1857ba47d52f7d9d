//! Every message of the corpus as the gateway reads it. The file is reviewed when it changes.

use std::fmt::Write as _;

use bytes::Bytes;
use countersign::mcp::envelope::{Fault, Field, Message};

use crate::corpus::seeds;

#[test]
fn messages_of_the_spec_are_read_as_recorded() {
    let mut read = String::new();
    for (name, bytes) in seeds("envelope") {
        let bytes = Bytes::from(bytes);
        let line = |parsed: Result<Message, Fault>| match parsed {
            Ok(message) => outline(&message),
            Err(fault) => format!("refused: {fault}"),
        };
        let (caller, upstream) = (line(Message::parse(bytes.clone())), line(Message::parse_answer(bytes)));
        writeln!(read, "{name}\n  {caller}").expect("a string");
        if upstream != caller {
            writeln!(read, "  from an upstream: {upstream}").expect("a string");
        }
    }
    insta::assert_snapshot!("messages", read);
}

fn outline(message: &Message) -> String {
    let mut outline = message.kind().as_str().to_owned();
    if let Some(method) = message.method() {
        write!(outline, " {method}").expect("a string");
    }
    write!(outline, ", id {} = {:?}", message.id_raw(), message.id()).expect("a string");
    if let Some((kind, name)) = message.target() {
        write!(outline, ", {} `{name}`", kind.as_str()).expect("a string");
    }
    for field in [
        Field::Arguments,
        Field::ProtocolVersion,
        Field::RequestState,
        Field::InputResponses,
        Field::Task,
        Field::ResultType,
        Field::IsError,
        Field::CacheScope,
        Field::Code,
    ] {
        if let Some(value) = message.field(field) {
            write!(outline, ", {field:?} {}", value.raw()).expect("a string");
        }
    }
    if let Some(task) = message.result_task_id() {
        write!(outline, ", created `{task}`").expect("a string");
    }
    outline
}
