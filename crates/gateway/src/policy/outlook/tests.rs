//! Holds outlooks against decisions: a cell never lies.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::model::{Decision, Statement};
use crate::policy::need::{Need, Wanted};
use crate::policy::sample::{Sample, set};
use crate::policy::schema::OTHER;
use crate::policy::situation::{Approval, Parties, Situation};
use crate::policy::whole::{ACTIONS, CONDITIONS, PRINCIPALS, RESOURCES, sample};

/// What conditions of real policies are made of, beyond those of [`CONDITIONS`].
const MORE: [&str; 20] = [
    "when { context has statement && context.statement.class == \"read\" }",
    "when { context has statement && [\"ddl\", \"unknown\"].contains(context.statement.class) }",
    "when { context has statement && context.statement.severity < 3 && context.statement.statements == 1 }",
    "unless { context has statement && context.statement.classes.containsAny([\"ddl\", \"write\"]) }",
    "when { context has statement && context.statement.reads.contains(\"payroll\") }",
    "when { resource is Tool && resource.name like \"m*\" || context.approval.granted }",
    "when { if context.approval.granted then true else context.numbers.hasTag(\"/n\") }",
    "when { if resource in Server::\"github\" then context.approval.granted else context.era == \"legacy\" }",
    "when { principal == Human::\"corp/alice\" || context.definition.known }",
    "when { 2 + 3 == 5 && decimal(\"1.5\").lessThan(decimal(\"2.0\")) }",
    "unless { context.time < datetime(\"2020-01-01\") && !context.approval.granted }",
    "when { context.numbers.hasTag(\"/n\") && context.numbers.getTag(\"/n\") + 9223372036854775807 > 0 }",
    "when { !context.approval.granted && context.numbers.hasTag(\"/n\") && -context.numbers.getTag(\"/n\") < 5 }",
    "when { resource is Resource && resource has path && resource.path like \"/home/*\" }",
    "unless { resource is Resource && resource.scheme == \"file\" }",
    "when { [Group::\"ops\", Group::\"dev\"].contains(Group::\"ops\") && principal in [Group::\"ops\", Group::\"hr\"] }",
    "when { action in Action::\"call\" || action == Action::\"resources/read\" }",
    "when { (context.definition.drifted || context.approval.granted) && context.actors.isEmpty() }",
    "when { principal.issuer == \"corp\" && principal.subject like \"al*\" }",
    "when { context.kind == \"stream\" || context.method == \"tools/call\" }",
];

const STATEMENTS: [(&str, &str, u8); 4] =
    [("sql", "read", 0), ("sql", "ddl", 3), ("shell", "safe", 0), ("sql", "unknown", 9)];

fn policies() -> impl Strategy<Value = PolicySet> {
    let conditions: Vec<&str> = CONDITIONS.iter().chain(&MORE).copied().collect();
    let policy = (
        prop::bool::weighted(0.65),
        select(PRINCIPALS.to_vec()),
        select(ACTIONS.to_vec()),
        select(RESOURCES.to_vec()),
        select(conditions.clone()),
        select(conditions),
    );
    prop::collection::vec(policy, 1..8).prop_filter_map("not valid together", |policies| {
        let text: String = policies
            .iter()
            .enumerate()
            .map(|(number, (permit, principal, action, resource, first, second))| {
                let effect = if *permit { "permit" } else { "forbid" };
                format!("@id(\"p{number}\") {effect} ({principal}, {action}, {resource}) {first} {second};\n")
            })
            .collect();
        let source = crate::policy::Source { file: "t".into(), text };
        PolicySet::parse(&[source]).ok()
    })
}

/// A question, and how much of it is told beforehand.
fn question() -> impl Strategy<Value = (Sample, bool, bool, bool)> {
    let statement = prop::option::of(select(STATEMENTS.to_vec()));
    let told = (any::<bool>(), any::<bool>(), any::<bool>());
    (sample(), statement, any::<bool>(), any::<bool>(), told).prop_map(
        |(mut sample, statement, named, reads, (party, aim, class))| {
            if !named {
                sample.principal.party.subject = "zoe".to_owned();
            }
            if sample.method == "tools/call" {
                sample.statement = statement.map(|(language, class, severity)| Statement {
                    language,
                    class,
                    severity,
                    classes: [class].into(),
                    statements: 1,
                    reads: if reads { ["payroll".to_owned()].into() } else { BTreeSet::new() },
                    writes: BTreeSet::new(),
                    functions: BTreeSet::new(),
                    flags: BTreeSet::new(),
                    limit: None,
                });
            }
            (sample, party, aim, class)
        },
    )
}

fn profile(sample: &Sample, named: bool) -> Profile {
    let who = &sample.principal;
    let hidden = !named && who.party.subject == "zoe";
    let party = (!hidden).then(|| who.party.clone());
    Profile { kind: who.kind, party, groups: who.groups.clone() }
}

fn statement(sample: &Sample, told: bool) -> Statements {
    match &sample.statement {
        _ if !told => Statements::Unknown,
        None => Statements::None,
        Some(found) => {
            Statements::Class { language: found.language, class: found.class, severity: found.severity }
        }
    }
}

/// The method, as far as its revision of the protocol has it.
fn known<'s>(set: &PolicySet, sample: &'s Sample) -> &'s str {
    let action = |method| set.words.action(method, sample.context.era);
    if action(&sample.method) == action(OTHER) { OTHER } else { &sample.method }
}

/// What the outlook says about one concrete question.
fn foretold(set: &PolicySet, outlook: &Outlook, sample: &Sample) -> Option<Effect> {
    let holds = |when: &When, approval| match when {
        When::Always => Some(true),
        When::Never => Some(false),
        When::If(condition) => {
            let mut evaluated = Vec::new();
            for clause in condition.permits.iter().chain(&condition.forbids) {
                evaluated.push(evaluate(set, sample, &clause.rest, approval)?);
            }
            let (permits, forbids) = evaluated.split_at(condition.permits.len());
            Some((permits.is_empty() || permits.contains(&true)) && !forbids.contains(&true))
        }
    };
    if holds(&outlook.allow, Approval::None)? {
        return Some(Effect::Allow);
    }
    Some(if holds(&outlook.hold, Approval::Granted)? { Effect::Hold } else { Effect::Deny })
}

/// `None` when it cannot be evaluated, or the question cannot be asked with everything in it.
fn evaluate(set: &PolicySet, sample: &Sample, rest: &cedar::pst::Expr, approval: Approval) -> Option<bool> {
    let question = sample.question();
    let everything = Need::everything();
    let wanted = Wanted::new([&everything]);
    let parties = Parties::of(&question, &set.words)?;
    let action = &set.words.actions[set.words.action(question.method, question.context.era)];
    let situation = Situation::new(&question, &parties, action, &set.words, &wanted, None).ok()?;
    let parsed: cedar::Expression = rest.to_string().parse().expect("an expression");
    match cedar::eval_expression(&situation.request(approval).ok()?, &situation.entities, &parsed) {
        Ok(cedar::EvalResult::Bool(value)) => Some(value),
        Ok(other) => panic!("`{rest}` is {other}"),
        Err(_) => None,
    }
}

/// Arguments that cannot be read deny wherever they are looked at, whatever an outlook says.
fn is_unreadable(decision: &Decision) -> bool {
    decision.errors.iter().any(|error| error.contains("argument"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn outlook_never_lies(set in policies(), questions in prop::collection::vec(question(), 24)) {
        let forecast = Forecast::new(&set);
        for (sample, party_told, aim_told, class_told) in questions {
            let decision = sample.decided_by(&set);
            if is_unreadable(&decision) {
                continue;
            }
            let who = profile(&sample, party_told);
            let aim = match &sample.target {
                None => Aim::Server,
                Some(target) => {
                    let unknown = sample.definition == Definition::Unknown && target.name != "merge";
                    let hidden = !aim_told && unknown && target.kind == TargetKind::Tool;
                    if hidden { Aim::Other(target.kind) } else {
                        Aim::Named(target.kind, &target.name, sample.definition)
                    }
                }
            };
            if sample.target.is_none() && sample.definition != Definition::Unknown {
                // The catalog knows no definition of a server.
                continue;
            }
            let prospect = Prospect {
                who: &who,
                server: &sample.server,
                deed: Deed::Send(known(&set, &sample)),
                aim,
                statement: statement(&sample, class_told),
            };
            let outlook = forecast.outlook(&prospect);
            prop_assert!(outlook.may(decision.effect), "{sample:?} is {decision:?}, not {outlook:#?}");
            // A certain answer names who always decides; any other, everybody who may.
            let (own, others) = (outlook.policies.as_slice(), &*decision.policies);
            let certain = outlook.outcome() != Outcome::Conditional;
            let (few, many) = if certain { (own, others) } else { (others, own) };
            if decision.errors.is_empty() {
                prop_assert!(
                    few.iter().all(|id| many.contains(id)),
                    "{sample:?} {decision:?} {outlook:#?}"
                );
            }
            if decision.errors.is_empty() && let Some(effect) = foretold(&set, &outlook, &sample) {
                prop_assert_eq!(effect, decision.effect, "{:?} {:#?}", sample, outlook);
            }
        }
    }
}

fn outlook(policies: &str, groups: &[&str], aim: Aim<'_>, statement: Statements) -> Outlook {
    let set = set(policies);
    let groups = groups.iter().map(|&group| group.to_owned()).collect();
    let who = Profile { kind: PrincipalKind::Human, party: None, groups };
    let deed = Deed::Send("tools/call");
    Forecast::new(&set).outlook(&Prospect { who: &who, server: "github", deed, aim, statement })
}

const MERGE: Aim<'_> = Aim::Named(TargetKind::Tool, "merge", Definition::Pinned);

#[track_caller]
fn check(policies: &str, expected: Outcome, condition: Option<&str>) {
    let found = outlook(policies, &["dev"], MERGE, Statements::None);
    assert_eq!((found.outcome(), found.condition().as_deref()), (expected, condition), "{found:#?}");
}

#[test]
fn certain_cells_are_certain() {
    check(
        r#"@id("a") permit (principal in Group::"dev", action in Action::"call", resource);"#,
        Outcome::Allow,
        None,
    );
    check(
        r#"@id("a") permit (principal in Group::"ops", action in Action::"call", resource);"#,
        Outcome::Deny,
        None,
    );
    check(
        r#"@id("a") permit (principal, action, resource) when { context.approval.granted };"#,
        Outcome::Hold,
        None,
    );
    check(
        r#"@id("a") permit (principal, action, resource);
           @id("b") forbid (principal, action, resource in Server::"github") unless { context.approval.granted };"#,
        Outcome::Hold,
        None,
    );
    check(
        r#"@id("a") permit (principal, action, resource);
           @id("b") forbid (principal, action, resource) when { resource in Server::"github" };"#,
        Outcome::Deny,
        None,
    );
    check(
        r#"@id("a") permit (principal, action, resource) when { ["merge"].contains(resource.name) };"#
            .replace("resource) when", "resource is Tool) when")
            .as_str(),
        Outcome::Allow,
        None,
    );
}

#[test]
fn conditions_are_said_in_words() {
    check(
        r#"@id("a") permit (principal, action == Action::"tools/call", resource)
           when { context.decimals.hasTag("/amount") && context.decimals.getTag("/amount").lessThanOrEqual(decimal("50.0"))
                  || context.approval.granted };"#,
        Outcome::Conditional,
        Some("allowed if argument `/amount` is at most 50.0; else held"),
    );
    check(
        r#"@id("a") permit (principal in Group::"dev", action == Action::"tools/call", resource)
           when { context.texts.hasTag("/env") && ["dev", "test"].contains(context.texts.getTag("/env")) };
           @id("b") forbid (principal, action, resource) unless { context.actors.isEmpty() };
           @id("c") forbid (principal, action, resource) unless { context.address.isInRange(ip("10.0.0.0/8")) };"#,
        Outcome::Conditional,
        Some(
            "allowed if argument `/env` is one of `dev`, `test`, unless (somebody acts for the caller) or (the \
             caller's address is not in 10.0.0.0/8)",
        ),
    );
    check(
        r#"@id("a") permit (principal, action == Action::"tools/call", resource)
           when { context.time.toTime() < duration("18h") && principal has email && principal.email like "*@example.com" };
           @id("b") forbid (principal, action == Action::"tools/call", resource)
           unless { context.numbers.hasTag("/n") && context.numbers.getTag("/n") <= 3 };"#,
        Outcome::Conditional,
        Some(
            "allowed if the time of day (UTC) is less than 18h and the caller's e-mail address matches \
             `*@example.com`, unless either argument `/n` is not an integer or argument `/n` is more than 3",
        ),
    );
}

#[test]
fn evaluation_that_may_fail_is_never_called_certain() {
    let policies = r#"@id("a") permit (principal, action == Action::"tools/call", resource);
        @id("b") permit (principal, action == Action::"tools/call", resource)
        when { context.numbers.hasTag("/n") && context.numbers.getTag("/n") * 2 == 7 };"#;
    check(policies, Outcome::Conditional, Some("allowed provided that b can be evaluated"));
}

#[test]
fn class_of_a_statement_settles_what_it_can() {
    let policies = r#"@id("a") permit (principal, action == Action::"tools/call", resource)
        when { context has statement && context.statement.class == "read" && context.statement.statements == 1 };"#;
    let class = |class, severity| Statements::Class { language: "sql", class, severity };
    let found = outlook(policies, &[], MERGE, class("read", 0));
    assert!(found.reads_statement);
    assert_eq!(found.condition().as_deref(), Some("allowed if the number of statements is 1"));
    assert_eq!(outlook(policies, &[], MERGE, class("ddl", 3)).outcome(), Outcome::Deny);
    assert_eq!(outlook(policies, &[], MERGE, Statements::None).outcome(), Outcome::Deny);
}

#[test]
fn name_that_nobody_has_heard_of_is_none_of_those_that_policies_name() {
    let policies = r#"@id("a") permit (principal, action, resource == Tool::"github/merge");
        @id("b") permit (principal, action == Action::"tools/call", resource) when { resource.name like "get_*" };"#;
    let found = outlook(policies, &[], Aim::Other(TargetKind::Tool), Statements::None);
    assert_eq!(found.condition().as_deref(), Some("allowed if its name matches `get_*`"));
    assert_eq!(found.policies, ["b"]);
}

#[test]
fn duties_and_revelations_are_never_held() {
    let policies = r#"@id("a") permit (principal in Group::"leads", action == Action::"approve", resource in Server::"github");
        @id("b") permit (principal, action == Action::"reveal", resource) when { context.finding.class == "personal" };
        @id("c") permit (principal, action == Action::"reveal", resource) when { context.approval.granted };"#;
    let set = set(policies);
    let forecast = Forecast::new(&set);
    let asked = |group: &str, server: &str, deed| {
        let who = Profile { kind: PrincipalKind::Human, party: None, groups: vec![group.to_owned()] };
        forecast
            .outlook(&Prospect {
                who: &who,
                server,
                deed,
                aim: Aim::Anything,
                statement: Statements::Unknown,
            })
            .outcome()
    };
    let approve = Deed::Duty(Duty::Approve);
    assert_eq!(asked("leads", "github", approve), Outcome::Allow);
    assert_eq!(asked("leads", "gitlab", approve), Outcome::Deny);
    assert_eq!(asked("dev", "github", approve), Outcome::Deny);
    let reveal = |class| Deed::Reveal { class, form: "plain", direction: Direction::ToCaller };
    assert_eq!(asked("dev", "github", reveal("personal")), Outcome::Allow);
    assert_eq!(asked("dev", "github", reveal("credential")), Outcome::Deny);
}

#[test]
fn nobody_unproven_is_ever_allowed() {
    let set = set("@id(\"a\") permit (principal, action, resource);");
    let who = Profile { kind: PrincipalKind::Anonymous, party: None, groups: vec![] };
    let deed = Deed::Send("tools/call");
    let prospect = Prospect { who: &who, server: "github", deed, aim: MERGE, statement: Statements::None };
    assert_eq!(Forecast::new(&set).outlook(&prospect).outcome(), Outcome::Deny);
}
