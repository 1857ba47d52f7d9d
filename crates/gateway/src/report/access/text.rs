//! The matrix as JSON, and as CSV with one line for each cell (RFC 4180).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::basis::Basis;
use super::diff::Change;
use super::duty::Concern;
use super::matrix::{Cell, Matrix};
use super::note::asked;
use super::object::Object;
use super::subject::Subject;
use super::usage::Unused;

/// The columns of the CSV.
const HEAD: [&str; 14] = [
    "at",
    "policy_set",
    "server",
    "action",
    "target",
    "statement",
    "subject",
    "kinds",
    "groups",
    "outcome",
    "condition",
    "approval",
    "policies",
    "actor",
];

/// The whole matrix as JSON.
pub fn to_json(basis: &Basis, matrix: &Matrix, concerns: &[Concern]) -> Value {
    let rows: Vec<Value> = matrix
        .rows
        .iter()
        .map(|(object, cells)| {
            let mut row = of_object(object);
            row["cells"] = cells.iter().map(of_cell).collect::<Vec<_>>().into();
            row
        })
        .collect();
    let mut whole = about(basis);
    whole["subjects"] = matrix.subjects.iter().map(of_subject).collect::<Vec<_>>().into();
    whole["rows"] = rows.into();
    whole["concerns"] = json!(concerns);
    whole
}

/// What a matrix was computed from.
pub fn about(basis: &Basis) -> Value {
    let published = basis.published.map(|(since, index)| json!({ "at": instant(since), "index": index }));
    json!({
        "at": instant(basis.at),
        "policy_set": basis.policy_set,
        "in_force": basis.published.is_some(),
        "published": published,
        "notes": basis.notes,
    })
}

/// What changed, as JSON.
pub fn changes_to_json(before: &Basis, after: &Basis, changes: &[Change]) -> Value {
    let changes: Vec<Value> = changes
        .iter()
        .map(|change| {
            let mut shown = of_object(&change.object);
            shown["subjects"] = json!(change.subjects);
            shown["before"] = change.before.as_ref().map_or(Value::Null, of_cell);
            shown["after"] = change.after.as_ref().map_or(Value::Null, of_cell);
            shown
        })
        .collect();
    json!({ "from": about(before), "to": about(after), "changes": changes })
}

/// One line for each cell.
pub fn to_csv(basis: &Basis, matrix: &Matrix) -> String {
    let mut text = line(HEAD.map(str::to_owned));
    let at = instant(basis.at);
    for (object, cells) in &matrix.rows {
        for (subject, cell) in matrix.subjects.iter().zip(cells) {
            let kinds: Vec<&str> = subject.kinds.iter().map(|kind| kind.as_str()).collect();
            text.push_str(&line([
                at.clone(),
                basis.policy_set.clone(),
                object.server.clone(),
                object.action.clone(),
                object.target.clone(),
                object.statement.clone().unwrap_or_default(),
                subject.label(),
                kinds.join(" "),
                subject.groups.join(" "),
                cell.outcome.as_str().to_owned(),
                cell.condition.clone().unwrap_or_default(),
                cell.terms.as_ref().map(asked).unwrap_or_default(),
                cell.policies.join(" "),
                subject.actor.clone().unwrap_or_default(),
            ]));
        }
    }
    text
}

/// What changed, with one line for each change.
pub fn changes_to_csv(changes: &[Change]) -> String {
    let head = ["server", "action", "target", "statement", "subjects", "before", "after"];
    let mut text = line(head.map(str::to_owned));
    let said = |cell: &Option<Cell>| cell.as_ref().map(Cell::note).unwrap_or_default();
    for Change { subjects, object, before, after } in changes {
        text.push_str(&line([
            object.server.clone(),
            object.action.clone(),
            object.target.clone(),
            object.statement.clone().unwrap_or_default(),
            subjects.join("; "),
            said(before),
            said(after),
        ]));
    }
    text
}

/// Duties that should be apart, one a line.
pub fn concerns_to_csv(concerns: &[Concern]) -> String {
    let mut text = line(["finding", "server", "subject", "text"].map(str::to_owned));
    for Concern { code, server, subject, text: said } in concerns {
        let subject = subject.clone().unwrap_or_default();
        text.push_str(&line([(*code).to_owned(), server.clone(), subject, said.clone()]));
    }
    text
}

/// Grants that nobody used, one line for each person, server and method.
pub fn unused_to_csv(unused: &[Unused]) -> String {
    let mut text = line(["subject", "server", "action", "used", "never_used"].map(str::to_owned));
    for Unused { subject, server, action, targets, used } in unused {
        text.push_str(&line([
            subject.clone(),
            server.clone(),
            action.clone(),
            used.to_string(),
            targets.join(" "),
        ]));
    }
    text
}

fn of_object(object: &Object) -> Value {
    json!({
        "server": object.server,
        "action": object.action,
        "target": object.target,
        "statement": object.statement,
    })
}

fn of_subject(subject: &Subject) -> Value {
    json!({
        "label": subject.label(),
        "kinds": subject.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
        "groups": subject.groups,
        "issuer": subject.party.as_ref().map(|party| &party.issuer),
        "subject": subject.party.as_ref().map(|party| &party.subject),
        "actor": subject.actor,
    })
}

fn of_cell(cell: &Cell) -> Value {
    json!({
        "outcome": cell.outcome.as_str(),
        "condition": cell.condition,
        "approval": cell.terms,
        "policies": cell.policies,
    })
}

/// An instant as RFC 3339 has it, in UTC.
pub fn instant(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |ts| ts.to_string())
}

fn line<const N: usize>(fields: [String; N]) -> String {
    let mut line = fields.map(|field| quoted(&field)).join(",");
    line.push_str("\r\n");
    line
}

/// A field that no spreadsheet takes for a formula: names come from upstreams.
fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    // One row is one line.
    let field = field.replace(char::is_control, "\u{fffd}");
    let field = if formula { format!("'{field}") } else { field };
    if field.contains([',', '"']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_quoted_and_holds_no_formula() {
        let fields = ["a", "b,c", "d\"e", "=1+1", "f\ng"].map(str::to_owned);
        assert_eq!(line(fields), "a,\"b,c\",\"d\"\"e\",'=1+1,f\u{fffd}g\r\n");
    }
}
