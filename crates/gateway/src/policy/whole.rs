//! Holds decisions against the whole set: every policy, every attribute, every argument, schema checked. Cutting the
//! set into parts and leaving out what nobody looks at must never show.

use std::collections::BTreeSet;

use cedar_policy as cedar;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::need::{Need, Wanted};
use super::sample::{Sample, set};
use super::situation::{Approval, Parties, Situation};
use super::{Definition, PolicySet};
use crate::model::{Effect, PrincipalKind};

pub(super) const PRINCIPALS: [&str; 8] = [
    "principal",
    "principal is Human",
    "principal is Agent in Group::\"dev\"",
    "principal in Group::\"dev\"",
    "principal in Group::\"ops\"",
    "principal == Group::\"ops\"",
    "principal == Human::\"corp/alice\"",
    "principal in Human::\"corp/alice\"",
];
pub(super) const ACTIONS: [&str; 7] = [
    "action",
    "action == Action::\"tools/call\"",
    "action in Action::\"call\"",
    "action in [Action::\"read\", Action::\"tools/call\", Action::\"GET\"]",
    "action in Action::\"session\"",
    "action == Action::\"other\"",
    "action in Action::\"read\"",
];
pub(super) const RESOURCES: [&str; 7] = [
    "resource",
    "resource is Tool",
    "resource in Server::\"github\"",
    "resource is Tool in Server::\"gitlab\"",
    "resource == Tool::\"github/merge\"",
    "resource in Tool::\"github/merge\"",
    "resource == Server::\"github\"",
];
pub(super) const CONDITIONS: [&str; 17] = [
    "",
    "when { context.approval.granted }",
    "unless { context.approval.granted }",
    "when { context.numbers.hasTag(\"/n\") && context.numbers.getTag(\"/n\") <= 100 }",
    "when { context.numbers.hasTag(\"/n\") && context.numbers.getTag(\"/n\") * 2 > 5 }",
    "when { context.decimals.hasTag(\"/n\") && context.decimals.getTag(\"/n\").lessThan(decimal(\"2.5\")) }",
    "when { context.texts.hasTag(\"/a/b\") && context.texts.getTag(\"/a/b\") like \"x*\" }",
    "when { context.texts.hasTag(context.method) }",
    "unless { context.flags.hasTag(\"/f\") && context.flags.getTag(\"/f\") }",
    "when { context.lists.hasTag(\"/l\") && [\"x\", \"y\"].containsAll(context.lists.getTag(\"/l\")) }",
    "unless { [\"\", \"/n\"].containsAll(context.pointers) }",
    "when { principal has email && principal.email like \"*@example.com\" }",
    "when { context.definition.drifted }",
    "when { context.address.isInRange(ip(\"192.0.2.0/24\")) && context.time < datetime(\"2027-01-01\") }",
    "when { context.actors.isEmpty() || context has revision && context.revision == \"x\" }",
    "when { principal in Group::\"ops\" && principal.scopes.contains(\"mcp\") }",
    "when { context.session == \"\" || context.kind == \"request\" && context.era == \"modern\" }",
];

/// Mostly the arguments that conditions look for; sometimes anything.
fn arguments() -> impl Strategy<Value = Option<String>> {
    let number =
        select(vec!["1", "100", "101", "1.5", "1e2", "9223372036854775807", "18446744073709551616", "\"1\""]);
    let text = select(vec!["\"xy\"", "\"z\"", "\"\\u0078\"", "\"\\ud800\"", "null", "{}", "7"]);
    let list = select(vec![
        "[]",
        "[\"x\"]",
        "[\"x\",\"z\"]",
        "[\"x\",1]",
        "{\"__extn\":{\"fn\":\"ip\",\"arg\":\"::1\"}}",
    ]);
    let likely = (number, text, list, any::<bool>())
        .prop_map(|(n, b, l, f)| format!(r#"{{"n":{n},"a":{{"b":{b}}},"l":{l},"f":{f},"tools/call":"x"}}"#));
    prop_oneof![
        1 => Just(None),
        6 => likely.prop_map(Some),
        2 => json().prop_map(|value| Some(value.to_string())),
        1 => Just(Some("{\"n\":1,\"n\":2}".to_owned())),
    ]
}

/// Arbitrary JSON, with names that mean something to Cedar or to JSON Pointer.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,8}".prop_map(Into::into),
    ];
    let name = prop_oneof![
        select(vec!["n", "a", "b", "l", "f", "__entity", "__extn", "fn", "arg", "type", "id", "~", "/"])
            .prop_map(str::to_owned),
        ".{0,4}",
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map(name.clone(), inner, 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

pub(super) fn sample() -> impl Strategy<Value = Sample> {
    let what = prop_oneof![
        4 => select(vec!["merge", "delete", "a/b"]).prop_map(|tool| Sample::call(tool, &[])),
        2 => select(vec!["file:///home/a", "file:///a%2fb", "x"]).prop_map(|uri| Sample::read(uri, &[])),
        2 => select(vec!["ping", "GET", "vendor/x", "completion/complete", "tools/list"])
            .prop_map(|method| Sample::message(method, &[])),
    ];
    let kinds = vec![PrincipalKind::Human, PrincipalKind::Agent, PrincipalKind::Service];
    let definitions = vec![Definition::Unknown, Definition::Pinned, Definition::Drifted];
    let groups = subsequence(vec!["dev".to_owned(), "hr".to_owned(), "ops".to_owned()], 0..=3);
    let who = (select(kinds), groups, any::<bool>());
    (what, who, select(vec!["github", "gitlab"]), select(definitions), arguments()).prop_map(
        |(mut sample, (kind, groups, known), server, definition, arguments)| {
            sample.principal.kind = kind;
            sample.principal.groups = groups;
            if !known {
                sample.principal.email = None;
                sample.context.revision = None;
            }
            Sample { arguments, definition, ..sample.on(server) }
        },
    )
}

fn policies() -> impl Strategy<Value = PolicySet> {
    let policy = (
        prop::bool::weighted(0.7),
        select(PRINCIPALS.to_vec()),
        select(ACTIONS.to_vec()),
        select(RESOURCES.to_vec()),
        select(CONDITIONS.to_vec()),
    );
    prop::collection::vec(policy, 1..24).prop_filter_map("not valid together", |policies| {
        let text: String = policies
            .iter()
            .enumerate()
            .map(|(number, (permit, principal, action, resource, condition))| {
                let effect = if *permit { "permit" } else { "forbid" };
                format!("@id(\"p{number}\") {effect} ({principal}, {action}, {resource}) {condition};\n")
            })
            .collect();
        Some(set(&text))
    })
}

/// The whole set, asked by Cedar alone.
struct Whole<'a> {
    set: &'a PolicySet,
    schema: cedar::Schema,
    policies: cedar::PolicySet,
}

/// What Cedar says of the whole set.
struct Answer {
    allowed: bool,
    failed: bool,
    deciding: BTreeSet<String>,
}

impl<'a> Whole<'a> {
    fn new(set: &'a PolicySet) -> Self {
        let schema = cedar::Schema::from_cedarschema_str(&super::schema()).expect("valid schema").0;
        let policies =
            cedar::PolicySet::from_policies(set.policies().iter().map(|policy| policy.cedar.clone()))
                .expect("unique ids");
        Self { set, schema, policies }
    }

    /// `Err` when the question cannot be asked with everything in it.
    fn decide(&self, sample: &Sample) -> Result<(Effect, BTreeSet<String>), String> {
        let now = self.ask(sample, Approval::None)?;
        if now.failed || now.allowed {
            return Ok((if now.failed { Effect::Deny } else { Effect::Allow }, now.deciding));
        }
        let approved = self.ask(sample, Approval::Granted)?;
        if approved.allowed && !approved.failed {
            return Ok((Effect::Hold, &now.deciding | &approved.deciding));
        }
        Ok((Effect::Deny, now.deciding))
    }

    fn ask(&self, sample: &Sample, approval: Approval) -> Result<Answer, String> {
        let question = sample.question();
        let everything = Need::everything();
        let wanted = Wanted::new([&everything]);
        let words = &self.set.words;
        let parties = Parties::of(&question, words).expect("not anonymous");
        let action = &words.actions[words.action(question.method, question.context.era)];
        let situation = Situation::new(&question, &parties, action, words, &wanted, None)?;
        let request = &situation.request(approval)?;
        cedar::Request::new(
            request.principal().expect("known").clone(),
            request.action().expect("known").clone(),
            request.resource().expect("known").clone(),
            request.context().expect("known").clone(),
            Some(&self.schema),
        )
        .expect("the request fits the schema");
        let entities = cedar::Entities::from_entities(situation.entities.iter().cloned(), Some(&self.schema))
            .expect("the entities fit the schema");
        let response = cedar::Authorizer::new().is_authorized(request, &self.policies, &entities);
        Ok(Answer {
            allowed: response.decision() == cedar::Decision::Allow,
            failed: response.diagnostics().errors().next().is_some(),
            deciding: response.diagnostics().reason().map(ToString::to_string).collect(),
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn cutting_the_set_into_parts_never_changes_a_decision(
        set in policies(),
        samples in prop::collection::vec(sample(), 12),
    ) {
        let whole = Whole::new(&set);
        for sample in samples {
            let decided = sample.decided_by(&set);
            match whole.decide(&sample) {
                Ok((effect, policies)) => {
                    prop_assert_eq!(decided.effect, effect, "{:?} {:?}", sample, decided);
                    if decided.errors.is_empty() {
                        prop_assert_eq!(decided.policies.iter().cloned().collect::<BTreeSet<_>>(), policies);
                    }
                }
                // What the whole set cannot be asked may be decided only where no policy looks at it.
                Err(_) => prop_assert!(decided.effect == Effect::Deny || decided.errors.is_empty()),
            }
        }
    }
}
