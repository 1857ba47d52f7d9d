//! The policies of the story, a version every fortnight.

use serde_json::{Value, json};

/// Days between two versions.
pub(crate) const DAYS: u64 = 14;

const LOOK: &str = r#"@id("staff-look")
permit (principal in Group::"staff", action == Action::"tools/call", resource)
when { context has statement && context.statement.class == "read" };"#;
const WRITE: &str = r#"@id("staff-write")
permit (principal in Group::"staff", action == Action::"tools/call", resource)
when { context has statement && context.statement.class == "write" && context.approval.granted };"#;
const APPROVE: &str = r#"@id("leads-approve")
permit (principal in Group::"leads", action in [Action::"approve", Action::"view"], resource);"#;
const REPORT: &str = r#"@id("contractors-report")
permit (principal in Group::"contractors", action == Action::"tools/call", resource == Tool::"server-00/report");"#;
const ANALYSE: &str = r#"@id("analysts-look")
permit (principal in Group::"analysts", action == Action::"tools/call", resource in Server::"server-01")
when { context has statement && context.statement.class == "read" };"#;

/// The policies of a version, by id.
pub(crate) fn policies(version: u64) -> Vec<(&'static str, String)> {
    let closed = format!(
        "@id(\"closed\")\nforbid (principal, action == Action::\"tools/call\", resource)\nwhen {{ resource.name like \"purge_*\" || \
         resource.name == \"drop_{version}\" }};"
    );
    let mut policies = vec![("closed", closed)];
    for (id, text, versions) in [
        ("staff-look", LOOK, 0..u64::MAX),
        ("staff-write", WRITE, 0..u64::MAX),
        ("leads-approve", APPROVE, 0..u64::MAX),
        ("contractors-report", REPORT, 0..3),
        ("analysts-look", ANALYSE, 2..u64::MAX),
    ] {
        if versions.contains(&version) {
            policies.push((id, text.to_owned()));
        }
    }
    policies
}

/// The file.
pub(crate) fn text(version: u64) -> String {
    policies(version).into_iter().map(|(_, text)| format!("{text}\n\n")).collect()
}

/// As a policy set is kept.
pub(crate) fn document(version: u64) -> Value {
    let policies: serde_json::Map<String, Value> =
        policies(version).into_iter().map(|(id, text)| (id.to_owned(), text.into())).collect();
    json!({ "v": 1, "schema": "", "policies": policies })
}

/// Ids that a version adds, changes and removes.
pub(crate) fn changes(version: u64) -> (Vec<&'static str>, Vec<&'static str>, Vec<&'static str>) {
    let now = policies(version);
    let before = version.checked_sub(1).map(policies).unwrap_or_default();
    let find = |set: &[(&str, String)], id: &str| {
        set.iter().find(|(known, _)| *known == id).map(|(_, text)| text.clone())
    };
    let added = now.iter().filter(|(id, _)| find(&before, id).is_none()).map(|(id, _)| *id).collect();
    let changed =
        now.iter().filter(|(id, text)| find(&before, id).is_some_and(|was| was != *text)).map(|(id, _)| *id);
    let removed = before.iter().filter(|(id, _)| find(&now, id).is_none()).map(|(id, _)| *id).collect();
    (added, changed.collect(), removed)
}
