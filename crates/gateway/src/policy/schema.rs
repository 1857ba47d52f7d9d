//! The Cedar schema: which questions exist and what they carry. Generated from [`METHODS`], so that it cannot lag
//! behind the protocol. Grammar: <https://docs.cedarpolicy.com/schema/human-readable-schema.html>.

use std::fmt::Write as _;

use super::question::{Duty, DutyPlace, ROLES};
use crate::mcp::method::{Action, METHODS};
use crate::model::TargetKind;

/// Actions of the legacy HTTP transport that are not JSON-RPC methods; both belong to `Action::"session"`.
pub(super) const STREAM_METHODS: [&str; 2] = ["DELETE", "GET"];

/// The action asked for a method that has no row in [`METHODS`].
pub(super) const OTHER: &str = "other";

const ENTITIES: &str = r"// Who. The id is `<issuer>/<subject>`; the parents are the groups of the token.
entity Group;
entity Human, Service, Agent in [Group] = {
  issuer: String,
  subject: String,
  name?: String,
  email?: String,
  client?: String,
  // Whom a service or an agent works for: `<issuer>/<subject>`.
  owner?: String,
  scopes: Set<String>,
};

// What. The id of a server is its configured name, of anything else `<server>/<name or URI>`.
entity Server = { name: String };
entity Tool, Prompt in [Server] = { name: String, server: String };
entity Resource in [Server] = { uri: String, server: String, scheme: String, host?: String, path?: String };
entity Task in [Server] = { server: String };
// The gateway itself; the id is the name of the deployment.
entity Gateway = { name: String };

// The arguments, by JSON Pointer (RFC 6901). Cedar has no type for arbitrary JSON.
entity Texts tags String;
entity Numbers tags Long;
entity Decimals tags decimal;
entity Flags tags Bool;
entity Lists tags Set<String>;

// What the argument classifier found: see docs/statements.md. `severity` counts up from 0, the most harmless class of
// the language; `class` is the worst of `classes`.
type Statement = {
  language: String,
  class: String,
  severity: Long,
  classes: Set<String>,
  statements: Long,
  reads: Set<String>,
  writes: Set<String>,
  functions: Set<String>,
  flags: Set<String>,
  limit?: Long,
};

";

/// What every question carries.
const CIRCUMSTANCES: &str = r"  method: String,
  kind: String,
  direction: String,
  era: String,
  revision?: String,
  time: datetime,
  address: ipaddr,
  session: String,
  actors: Set<String>,
  approval: { granted: Bool },
  definition: { known: Bool, drifted: Bool },
  texts: Texts,
  numbers: Numbers,
  decimals: Decimals,
  flags: Flags,
  lists: Lists,
  pointers: Set<String>,
  statement?: Statement,
";

/// What a question about a found value carries besides: which detector found it, the detector's class (`credential`,
/// `personal`, `health`), and the form in which it would be shown (`plain`, `partial`, `token`, `drop`).
const FINDING: &str = r"  finding: { detector: String, class: String, form: String },
";

/// What a question about an opaque part carries besides: `state`, `cursor`, `image`, `audio`, `blob`, `file` or `answer`, and
/// its length in bytes.
const OPAQUE: &str = r"  opaque: { kind: String, bytes: Long },
";

/// The action that is asked when a message holds what nobody can look into.
pub(super) const PASS: &str = "pass";

/// The action that is asked when a value was found that may have to be masked.
pub(super) const REVEAL: &str = "reveal";

/// The Cedar entity type of the gateway itself.
const GATEWAY: &str = "Gateway";

const ANYTHING: &str = "Server, Tool, Prompt, Resource, Task";

/// The schema's text. It is part of every policy revision.
pub fn text() -> String {
    let mut schema = String::from(ENTITIES);
    // Unwrap safety: see the message.
    write!(schema, "type Circumstances = {{\n{CIRCUMSTANCES}}};\n\n").expect(WRITES);
    write!(schema, "type Revelation = {{\n{CIRCUMSTANCES}{FINDING}}};\n\n").expect(WRITES);
    // Unwrap safety: see the message.
    write!(schema, "type Passage = {{\n{CIRCUMSTANCES}{OPAQUE}}};\n\n").expect(WRITES);
    let groups: Vec<String> = Action::ALL
        .iter()
        .filter(|group| group.as_str() != OTHER)
        .map(|group| quoted(group.as_str()))
        .collect();
    // Unwrap safety: see the message.
    writeln!(schema, "action {};", groups.join(", ")).expect(WRITES);
    for row in METHODS {
        let resource = entity_type(row.target.map(|rule| rule.kind));
        action(&mut schema, row.name, &[row.action.as_str()], resource, "Circumstances");
    }
    for method in STREAM_METHODS {
        action(&mut schema, method, &[Action::Session.as_str()], entity_type(None), "Circumstances");
    }
    action(&mut schema, OTHER, &[], entity_type(None), "Circumstances");
    schema.push_str("// Whether a value that was found may be shown, and in which form.\n");
    action(&mut schema, REVEAL, &[], ANYTHING, "Revelation");
    schema.push_str("// Whether what nobody can look into, and nobody may change, may pass as it is.\n");
    action(&mut schema, PASS, &[], ANYTHING, "Passage");
    duties(&mut schema);
    schema
}

/// What people do in the gateway itself.
fn duties(schema: &mut String) {
    schema.push_str(
        "// What people do in the gateway itself. `approve` and `view` are about the target of a held call.\n",
    );
    let roles = ROLES.map(quoted);
    // Unwrap safety: see the message.
    writeln!(schema, "action {};", roles.join(", ")).expect(WRITES);
    for duty in Duty::ALL {
        let resource = match duty.place() {
            DutyPlace::Target => ANYTHING,
            DutyPlace::Gateway => GATEWAY,
        };
        action(schema, duty.as_str(), duty.roles(), resource, "Circumstances");
    }
}

/// The Cedar entity type of a target; a message without one is about its server.
pub(super) fn entity_type(kind: Option<TargetKind>) -> &'static str {
    match kind {
        None => "Server",
        Some(TargetKind::Tool) => "Tool",
        Some(TargetKind::Prompt) => "Prompt",
        Some(TargetKind::Resource) => "Resource",
        Some(TargetKind::Task) => "Task",
    }
}

const WRITES: &str = "a String takes all that is written to it";

fn action(schema: &mut String, name: &str, groups: &[&str], resource: &str, context: &str) {
    let groups: Vec<String> = groups.iter().copied().map(quoted).collect();
    let parent = if groups.is_empty() { String::new() } else { format!(" in [{}]", groups.join(", ")) };
    writeln!(
        schema,
        "action {}{parent} appliesTo {{\n  principal: [Human, Service, Agent],\n  resource: [{resource}],\n  \
         context: {context},\n}};",
        quoted(name)
    )
    // Unwrap safety: see the message.
    .expect(WRITES);
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schema_is_valid_and_has_every_method() {
        let (schema, warnings) = cedar_policy::Schema::from_cedarschema_str(&text()).expect("valid schema");
        assert_eq!(warnings.map(|warning| warning.to_string()).collect::<Vec<_>>(), Vec::<String>::new());
        let actions: Vec<String> =
            schema.actions().map(|action| action.id().unescaped().to_owned()).collect();
        for row in METHODS {
            assert!(actions.iter().any(|action| action == row.name), "{}", row.name);
        }
    }
}
