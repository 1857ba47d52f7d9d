//! What decisions come out for which questions.

use std::collections::BTreeSet;

use super::sample::{Sample, check, set};
use super::{Definition, Passage, PolicySet, Revelation, Source};
use crate::model::{Effect, PrincipalKind, Statement};

#[test]
fn nothing_is_allowed_by_default() {
    let empty = set("");
    check(&empty, &Sample::call("merge", &["eng"]), Effect::Deny, &[]);
    check(&empty, &Sample::message("ping", &["eng"]), Effect::Deny, &[]);
}

#[test]
fn forbid_wins_over_permit_and_is_named() {
    let set = set(r#"
        @id("all") permit (principal, action, resource);
        @id("never") forbid (principal, action, resource == Tool::"github/delete_repo");"#);
    check(&set, &Sample::call("merge", &[]), Effect::Allow, &["all"]);
    check(&set, &Sample::call("delete_repo", &[]), Effect::Deny, &["never"]);
    check(&set, &Sample::call("delete_repo", &[]).on("gitlab"), Effect::Allow, &["all"]);
}

#[test]
fn anonymous_is_denied_whatever_the_policies_say() {
    let set = set(r#"@id("all") permit (principal, action, resource);"#);
    let mut sample = Sample::call("merge", &[]);
    sample.principal.kind = PrincipalKind::Anonymous;
    check(&set, &sample, Effect::Deny, &[]);
}

#[test]
fn call_is_held_when_only_approval_is_missing() {
    let permit = set(r#"
        @id("held") permit (principal in Group::"ops", action == Action::"tools/call", resource)
        when { context.approval.granted };"#);
    check(&permit, &Sample::call("restart", &["ops"]), Effect::Hold, &["held"]);
    check(&permit, &Sample::call("restart", &["dev"]), Effect::Deny, &[]);

    let forbid = set(r#"
        @id("ops") permit (principal in Group::"ops", action == Action::"tools/call", resource);
        @id("two-persons") forbid (principal, action, resource is Tool)
        when { resource.name like "delete*" } unless { context.approval.granted };"#);
    check(&forbid, &Sample::call("restart", &["ops"]), Effect::Allow, &["ops"]);
    check(&forbid, &Sample::call("delete_all", &["ops"]), Effect::Hold, &["ops", "two-persons"]);
    check(&forbid, &Sample::call("delete_all", &["dev"]), Effect::Deny, &["two-persons"]);
}

#[test]
fn evaluation_error_denies_even_beside_a_permit() {
    let set = set(r#"
        @id("all") permit (principal, action, resource);
        @id("sum") forbid (principal, action == Action::"tools/call", resource)
        when { context.numbers.hasTag("/n") && context.numbers.getTag("/n") + 1 < 0 };"#);
    check(&set, &Sample::call("add", &[]).with(r#"{"n": 1}"#), Effect::Allow, &["all"]);
    let decision = Sample::call("add", &[]).with(r#"{"n": 9223372036854775807}"#).decided_by(&set);
    assert_eq!((decision.effect, decision.policies.len()), (Effect::Deny, 0));
    assert_eq!(decision.errors, ["policy `sum` overflows a 64-bit integer"]);
}

#[test]
fn call_without_its_target_is_denied() {
    let set = set(r#"@id("all") permit (principal, action, resource);"#);
    let mut sample = Sample::call("merge", &[]);
    sample.target = None;
    let decision = sample.decided_by(&set);
    assert_eq!((decision.effect, decision.errors.len()), (Effect::Deny, 1));
    let mut sample = Sample::message("ping", &[]);
    sample.target = Sample::call("merge", &[]).target;
    assert_eq!(sample.decided_by(&set).effect, Effect::Deny);
}

#[test]
fn action_groups_and_unknown_methods_are_reached_by_name() {
    let set = set(r#"
        @id("read") permit (principal, action in Action::"read", resource);
        @id("streams") permit (principal, action == Action::"GET", resource);
        @id("vendor") permit (principal, action == Action::"other", resource)
        when { context.method == "vendor/status" };"#);
    check(&set, &Sample::read("file:///a", &[]), Effect::Allow, &["read"]);
    check(&set, &Sample::message("completion/complete", &[]), Effect::Allow, &["read"]);
    check(&set, &Sample::message("GET", &[]), Effect::Allow, &["streams"]);
    check(&set, &Sample::message("DELETE", &[]), Effect::Deny, &[]);
    check(&set, &Sample::message("vendor/status", &[]), Effect::Allow, &["vendor"]);
    check(&set, &Sample::message("vendor/erase", &[]), Effect::Deny, &[]);
    check(&set, &Sample::message("approve", &[]), Effect::Deny, &[]);
    check(&set, &Sample::message("other", &[]), Effect::Deny, &[]);
}

#[test]
fn every_circumstance_can_be_compared() {
    let sample = Sample::call("merge", &["eng"]).with(r#"{"b": "main"}"#);
    for condition in [
        r#"context.method == "tools/call""#,
        r#"context.kind == "request" && context.direction == "to_upstream""#,
        r#"context.era == "modern" && context has revision && context.revision == "2026-07-28""#,
        r#"context.time > datetime("2026-11-20") && context.time < datetime("2026-11-21")"#,
        r#"context.address.isInRange(ip("192.0.2.0/24"))"#,
        r#"context.session == "00000000-0000-0000-0000-000000000000""#,
        r"context.actors.isEmpty() && !context.approval.granted",
        r"context.definition.known && !context.definition.drifted",
        r#"context.texts.hasTag("/b") && context.texts.getTag("/b") == "main""#,
        r#"context.pointers == ["", "/b"]"#,
        r#"principal.issuer == "corp" && principal.subject == "alice""#,
        r#"principal has name && principal.name == "Alice""#,
        r#"principal has email && principal.email like "*@example.com""#,
        r#"principal has client && principal.client == "cli" && principal.scopes.contains("mcp")"#,
        r#"principal is Human && principal == Human::"corp/alice" && principal in Group::"eng""#,
        r#"resource.name == "merge" && resource.server == "github" && resource in Server::"github""#,
        r#"action in Action::"call""#,
    ] {
        let set = set(&format!(
            "@id(\"p\") permit (principal is Human, action == Action::\"tools/call\", resource) \
             when {{ {condition} }};"
        ));
        check(&set, &sample, Effect::Allow, &["p"]);
    }
}

#[test]
fn drifted_definition_can_be_forbidden() {
    let set = set(r#"
        @id("all") permit (principal, action, resource);
        @id("drift") forbid (principal, action in Action::"call", resource) when { context.definition.drifted };"#);
    let mut sample = Sample::call("merge", &[]);
    check(&set, &sample, Effect::Allow, &["all"]);
    sample.definition = Definition::Drifted;
    check(&set, &sample, Effect::Deny, &["drift"]);
}

#[test]
fn resource_is_judged_by_the_path_the_upstream_will_read() {
    let set = set(r#"
        @id("home") permit (principal, action == Action::"resources/read", resource)
        when { resource.scheme == "file" && resource has path && resource.path like "/home/*" };"#);
    check(&set, &Sample::read("file:///home/a.txt", &[]), Effect::Allow, &["home"]);
    check(&set, &Sample::read("file:///home/../etc/passwd", &[]), Effect::Deny, &[]);
    let decision = Sample::read("file:///home/..%2fetc/passwd", &[]).decided_by(&set);
    assert_eq!((decision.effect, decision.errors.len()), (Effect::Deny, 1));
}

#[test]
fn cedar_escapes_in_arguments_are_plain_data() {
    let set = set(r#"
        @id("p") permit (principal, action == Action::"tools/call", resource)
        when { context.texts.hasTag("/who/__entity/type") && context.texts.getTag("/who/__entity/type") == "Group"
            && context.texts.hasTag("/__extn/fn") };"#);
    let arguments =
        r#"{"who": {"__entity": {"type": "Group", "id": "admin"}}, "__extn": {"fn": "ip", "arg": "x"}}"#;
    check(&set, &Sample::call("t", &[]).with(arguments), Effect::Allow, &["p"]);
}

#[test]
fn revision_ignores_the_spread_over_files_but_no_change_of_text() {
    let one = r#"@id("a") permit (principal, action, resource);"#;
    let two = r#"@id("b") forbid (principal, action, resource == Server::"x");"#;
    let source = |file: &str, text: &str| Source { file: file.into(), text: text.into() };
    let revision = |sources: &[Source]| PolicySet::parse(sources).expect("valid").revision();
    let together = revision(&[source("1.cedar", &format!("// a comment\n{one}\n{two}"))]);
    assert_eq!(together, revision(&[source("2.cedar", two), source("9.cedar", one)]));
    assert_ne!(together, revision(&[source("1.cedar", &format!("{one}{}", two.replace("\"x\"", "\"y\"")))]));
    assert_ne!(together, revision(&[source("1.cedar", one)]));
}

#[test]
fn found_values_are_masked_unless_a_policy_reveals_them() {
    let set = set(r#"
        @id("call") permit (principal in Group::"ops", action == Action::"tools/call", resource);
        @id("on-call") permit (principal in Group::"on-call", action == Action::"reveal", resource in Server::"github")
        when { context.finding.class == "personal" };
        @id("tail") permit (principal in Group::"ops", action == Action::"reveal", resource)
        when { context.finding.detector == "payment-card" && context.finding.form == "partial" };
        @id("never") forbid (principal, action == Action::"reveal", resource == Tool::"github/dump");
        @id("approved") permit (principal, action == Action::"reveal", resource)
        when { context.finding.detector == "iban" && context.approval.granted };"#);
    let shows = |tool: &str, group: &str, detector: &str, class: &str, form: &str| {
        set.reveals(&Sample::call(tool, &[group]).question(), Revelation { detector, class, form })
    };
    assert!(shows("merge", "on-call", "email", "personal", "plain"));
    assert!(!shows("merge", "on-call", "github-token", "credential", "plain"));
    assert!(!shows("dump", "on-call", "email", "personal", "plain"));
    assert!(!shows("merge", "ops", "email", "personal", "plain"));
    assert!(shows("merge", "ops", "payment-card", "personal", "partial"));
    assert!(!shows("merge", "ops", "payment-card", "personal", "plain"));
    assert!(!shows("merge", "ops", "iban", "personal", "plain"));
    let elsewhere = Sample::call("merge", &["on-call"]).on("gitlab");
    let finding = Revelation { detector: "email", class: "personal", form: "plain" };
    assert!(!set.reveals(&elsewhere.question(), finding));
    assert!(set.reveals(&Sample::message("notifications/message", &["on-call"]).question(), finding));
    let mut anonymous = Sample::call("merge", &["on-call"]);
    anonymous.principal.kind = PrincipalKind::Anonymous;
    assert!(!set.reveals(&anonymous.question(), finding));
}

#[test]
fn what_nobody_can_look_into_passes_only_by_a_policy_of_its_own() {
    let set = set(r#"
        @id("call") permit (principal, action in Action::"call", resource);
        @id("sees") permit (principal, action == Action::"reveal", resource);
        @id("pictures") permit (principal, action == Action::"pass", resource == Tool::"github/merge")
        when { context.opaque.kind == "image" && context.opaque.bytes < 1000 };
        @id("short") forbid (principal, action == Action::"pass", resource)
        when { context.opaque.kind == "cursor" && context.opaque.bytes > 99 };"#);
    let passes = |tool: &str, kind: &str, bytes: u64| {
        set.pass(&Sample::call(tool, &[]).question(), Passage { kind, bytes }).effect == Effect::Allow
    };
    assert!(passes("merge", "image", 999));
    assert!(!passes("merge", "image", 1000) && !passes("merge", "blob", 1) && !passes("dump", "image", 1));
    assert!(!passes("merge", "image", u64::MAX));
    // What belongs to the protocol goes with the message, unless a policy forbids it.
    assert!(passes("merge", "cursor", 9) && passes("dump", "state", 9));
    assert!(!passes("merge", "cursor", 100));
    let mut anonymous = Sample::call("merge", &[]);
    anonymous.principal.kind = PrincipalKind::Anonymous;
    let state = Passage { kind: "state", bytes: 1 };
    assert_eq!(set.pass(&anonymous.question(), state).effect, Effect::Deny);
}

#[test]
fn statements_are_judged_by_what_they_would_do() {
    let set = set(r#"
        @id("query") permit (principal, action == Action::"tools/call", resource == Tool::"github/query")
        when { context has statement && context.statement.severity <= 1 && context.statement.statements == 1 };
        @id("payroll") forbid (principal, action == Action::"tools/call", resource)
        when { context has statement && context.statement.reads.contains("payroll") };"#);
    let statement = |class: &'static str, severity: u8, reads: &str| Statement {
        language: "sql",
        class,
        severity,
        classes: BTreeSet::from([class]),
        statements: 1,
        reads: BTreeSet::from([reads.to_owned()]),
        writes: BTreeSet::new(),
        functions: BTreeSet::new(),
        flags: BTreeSet::new(),
        limit: None,
    };
    let with = |found| Sample { statement: found, ..Sample::call("query", &[]) };
    check(&set, &with(Some(statement("read", 0, "orders"))), Effect::Allow, &["query"]);
    check(&set, &with(Some(statement("read", 0, "payroll"))), Effect::Deny, &["payroll"]);
    check(&set, &with(Some(statement("ddl_destructive", 5, "orders"))), Effect::Deny, &[]);
    check(&set, &with(None), Effect::Deny, &[]);
    // A list names no statement: what some statement could allow is shown.
    assert!(set.lists(&Sample::call("query", &[]).question()));
}
