//! The canonical text of what a call does, with the defaults of the tool's schema filled in.
//!
//! As RFC 8785 (JCS) orders and spells it, with one difference: numbers keep the spelling of the caller. JCS would make
//! `0.1` and `1e-1` the same, and round what a double cannot hold; here another spelling is another call.

use inspect::value::Value;
use inspect::walk::Kind;

use crate::limits;
use crate::mcp::envelope::{Field, Message};

/// What a call does: everything in it that the upstream may act upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Matter {
    /// Canonical JSON.
    pub(super) text: String,
    /// Pointers (RFC 6901) into `text` of what the schema's defaults added. Bounded by the schema.
    pub(super) defaulted: Vec<String>,
}

/// Keys of `params._meta` that steer the conversation and not the call. Every other one, those of the protocol that are not
/// here and W3C `baggage` too, is for the upstream to act upon.
const CONVERSATION: [&str; 7] = [
    "progressToken",
    "traceparent",
    "tracestate",
    "io.modelcontextprotocol/protocolVersion",
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/clientCapabilities",
    "io.modelcontextprotocol/logLevel",
];

/// The matter of a message. `schema`: the JSON Schema of the tool's arguments, if there is one.
pub(super) fn matter(message: &Message, schema: Option<&str>) -> Option<Matter> {
    let mut params = match message.params() {
        Some(params) => Json::of(params)?,
        None => Json::Object(Vec::new()),
    };
    if let Json::Object(members) = &mut params {
        members.retain(|(name, _)| name != Field::Name.name() && name != Field::Uri.name());
        if let Some((_, Json::Object(meta))) = members.iter_mut().find(|(name, _)| name == Field::Meta.name())
        {
            meta.retain(|(name, _)| !CONVERSATION.contains(&name.as_str()));
        }
        members.retain(|(name, value)| name != Field::Meta.name() || !value.is_empty());
    }
    let mut defaulted = Vec::new();
    let schema = schema.and_then(|text| Json::of(Value::parse(text, limits::JSON_DEPTH_MAX).ok()?));
    if let Some(schema) = schema {
        let arguments = params.member_or_object(Field::Arguments.name());
        fill(arguments, &schema, &mut format!("/{}", Field::Arguments.name()), &mut defaulted);
    }
    let mut text = String::new();
    params.sort();
    params.write(&mut text);
    Some(Matter { text, defaulted })
}

/// JSON with texts unescaped and everything else as it was spelled.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    Text(String),
    Bare(String),
}

impl Json {
    /// `None` when a text is not Unicode (a lone surrogate): then nobody could be shown what runs.
    fn of(value: Value<'_>) -> Option<Self> {
        Some(match value.kind() {
            Kind::Object => {
                let members = value.members().map(|member| {
                    let name = String::from_utf8(member.name().into_owned()).ok()?;
                    Some((name, Self::of(member.value)?))
                });
                Self::Object(members.collect::<Option<_>>()?)
            }
            Kind::Array => Self::Array(value.elements().map(Self::of).collect::<Option<_>>()?),
            Kind::String => Self::Text(value.text()?.into_owned()),
            Kind::Number | Kind::Boolean | Kind::Null => Self::Bare(value.raw().to_owned()),
        })
    }

    fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(other, _)| other == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The member of an object, made an empty object if it is absent or null.
    fn member_or_object(&mut self, name: &str) -> &mut Self {
        let Self::Object(members) = self else { return self };
        let position = members.iter().position(|(other, _)| other == name).unwrap_or_else(|| {
            members.push((name.to_owned(), Self::Object(Vec::new())));
            members.len() - 1
        });
        let value = &mut members[position].1;
        if *value == Self::Bare("null".to_owned()) {
            *value = Self::Object(Vec::new());
        }
        value
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Object(members) => members.is_empty(),
            Self::Bare(word) => word == "null",
            Self::Array(_) | Self::Text(_) => false,
        }
    }

    /// RFC 8785, section 3.2.3: by UTF-16 code units.
    fn sort(&mut self) {
        match self {
            Self::Object(members) => {
                members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
                members.iter_mut().for_each(|(_, value)| value.sort());
            }
            Self::Array(elements) => elements.iter_mut().for_each(Self::sort),
            Self::Text(_) | Self::Bare(_) => {}
        }
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Object(members) => {
                text.push('{');
                for (position, (name, value)) in members.iter().enumerate() {
                    if position > 0 {
                        text.push(',');
                    }
                    quote(name, text);
                    text.push(':');
                    value.write(text);
                }
                text.push('}');
            }
            Self::Array(elements) => {
                text.push('[');
                for (position, value) in elements.iter().enumerate() {
                    if position > 0 {
                        text.push(',');
                    }
                    value.write(text);
                }
                text.push(']');
            }
            Self::Text(content) => quote(content, text),
            Self::Bare(word) => text.push_str(word),
        }
    }
}

/// As RFC 8785, section 3.2.2.2 spells it, which is how `serde_json` does.
fn quote(content: &str, text: &mut String) {
    // Unwrap safety: a string has a JSON form.
    text.push_str(&serde_json::to_string(content).expect("a string serialises"));
}

/// Adds what `schema` gives as defaults: `properties` with a `default`, at any depth of nested objects. References and
/// alternatives are not followed: what they would add is for the upstream to know.
fn fill(value: &mut Json, schema: &Json, pointer: &mut String, defaulted: &mut Vec<String>) {
    let Json::Object(members) = value else { return };
    let Some(Json::Object(properties)) = schema.member("properties") else { return };
    for (name, property) in properties {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        match members.iter_mut().find(|(other, _)| other == name) {
            Some((_, present)) => fill(present, property, pointer, defaulted),
            None => {
                if let Some(default) = property.member("default") {
                    members.push((name.clone(), default.clone()));
                    defaulted.push(pointer.clone());
                }
            }
        }
        pointer.truncate(length);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn of(params: &str, schema: Option<&str>) -> Matter {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        matter(&Message::parse(Bytes::from(text)).expect("a message"), schema).expect("Unicode")
    }

    #[test]
    fn order_and_escapes_do_not_matter_and_numbers_are_kept() {
        let one =
            of(r#"{"name":"t","arguments":{"b":"\u0041","a":1.0,"c":[1e2,{"z":null,"y":true}]}}"#, None);
        let other =
            of(r#"{ "arguments" : {"a":1.0, "c":[1e2,{"y":true,"z":null}],"b":"A"}, "name":"t" }"#, None);
        assert_eq!(one, other);
        assert_eq!(one.text, r#"{"arguments":{"a":1.0,"b":"A","c":[1e2,{"y":true,"z":null}]}}"#);
        assert_ne!(
            of(r#"{"name":"t","arguments":{"a":1}}"#, None),
            of(r#"{"name":"t","arguments":{"a":1.0}}"#, None)
        );
    }

    #[test]
    fn conversation_is_left_out_and_everything_else_stays() {
        let meta = r#"{"progressToken":3,"traceparent":"x","io.modelcontextprotocol/clientInfo":{}}"#;
        assert_eq!(of(&format!(r#"{{"name":"t","_meta":{meta}}}"#), None).text, "{}");
        let more = of(r#"{"name":"t","_meta":{"vendor/x":1,"progressToken":1},"task":{"ttl":5}}"#, None);
        assert_eq!(more.text, r#"{"_meta":{"vendor/x":1},"task":{"ttl":5}}"#);
        let role = r#"{"_meta":{"baggage":"tenant=a","io.modelcontextprotocol/role":"reader"}}"#;
        assert_eq!(of(role, None).text, role, "what the upstream may act upon is a part of the call");
    }

    #[test]
    fn defaults_of_the_schema_are_filled_in_and_named() {
        let schema = r#"{"type":"object","properties":{"limit":{"type":"integer","default":10},
            "where":{"type":"object","properties":{"all/any":{"default":"all"}}},"q":{"type":"string"}}}"#;
        let matter = of(r#"{"name":"t","arguments":{"where":{}}}"#, Some(schema));
        assert_eq!(matter.text, r#"{"arguments":{"limit":10,"where":{"all/any":"all"}}}"#);
        assert_eq!(matter.defaulted, ["/arguments/limit", "/arguments/where/all~1any"]);
        let said = of(r#"{"name":"t","arguments":{"limit":10,"where":{"all/any":"all"}}}"#, Some(schema));
        assert_eq!(said.text, matter.text);
        assert_eq!(of(r#"{"name":"t"}"#, Some(schema)).text, r#"{"arguments":{"limit":10}}"#);
    }
}
