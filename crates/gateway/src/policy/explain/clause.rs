//! The conditions of one policy, taken apart: which of them is false, and what was found instead.

use std::sync::Arc;

use cedar_policy as cedar;
use cedar_policy::pst::{BinaryOp, Clause, Expr, Literal, UnaryOp};

use super::Unmet;
use crate::policy::need::CARRIERS;
use crate::policy::situation::{Approval, Situation};
use crate::policy::source::Policy;

/// Longest value shown, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// What is missing for a policy to apply.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) unmet: Vec<Unmet>,
    pub(super) failed: bool,
}

/// Evaluates the conditions of `policy` part by part: what `when` joins by `&&`, what `unless` joins by `||`.
pub(super) fn unmet(policy: &Policy, situation: &Situation) -> Found {
    let mut found = Found::default();
    let Ok(parsed) = policy.cedar.to_pst() else { return found };
    for clause in parsed.body().clauses() {
        let (expression, joint, wanted) = match clause {
            Clause::When(expression) => (expression, BinaryOp::And, true),
            Clause::Unless(expression) => (expression, BinaryOp::Or, false),
        };
        let mut parts = Vec::new();
        split(expression, joint, &mut parts);
        for part in parts {
            match evaluate(part, situation) {
                Ok(value) if value == wanted.to_string() => {}
                Ok(_) => {
                    found.unmet.push(describe(part, wanted, situation));
                    // What follows a false `&&` may rely on it.
                    if wanted {
                        break;
                    }
                }
                Err(error) => {
                    found.failed = true;
                    found.unmet.push(Unmet { requirement: part.to_string(), found: error });
                    break;
                }
            }
        }
    }
    found
}

fn split<'a>(expression: &'a Arc<Expr>, joint: BinaryOp, parts: &mut Vec<&'a Expr>) {
    match &**expression {
        Expr::BinaryOp { op, left, right } if *op == joint => {
            split(left, joint, parts);
            split(right, joint, parts);
        }
        other => parts.push(other),
    }
}

fn evaluate(expression: &Expr, situation: &Situation) -> Result<String, String> {
    let parsed: cedar::Expression =
        expression.to_string().parse().map_err(|_| "cannot be evaluated alone".to_owned())?;
    let request = situation.request(Approval::None)?;
    cedar::eval_expression(&request, &situation.entities, &parsed)
        .map(|value| value.to_string())
        .map_err(|error| error.to_string())
}

fn describe(part: &Expr, wanted: bool, situation: &Situation) -> Unmet {
    let text = part.to_string();
    if !wanted {
        let simple = matches!(part, Expr::GetAttr { .. } | Expr::Var(_));
        let requirement = if simple { format!("!{text}") } else { format!("!({text})") };
        return Unmet { requirement, found: "it holds".to_owned() };
    }
    let found = if text == "context.approval.granted" {
        "nobody has approved the call".to_owned()
    } else {
        missing_argument(part).or_else(|| values(part, situation)).unwrap_or_else(|| "it is false".to_owned())
    };
    Unmet { requirement: text, found }
}

fn missing_argument(part: &Expr) -> Option<String> {
    let Expr::BinaryOp { op: BinaryOp::HasTag, left, right } = part else { return None };
    let (Expr::GetAttr { attr, .. }, Expr::Literal(Literal::String(pointer))) = (&**left, &**right) else {
        return None;
    };
    let words = ["string", "integer", "decimal", "boolean", "list of strings"];
    let carrier = CARRIERS.iter().position(|name| name == attr)?;
    Some(format!("the arguments have no {} at `{pointer}`", words[carrier]))
}

/// The values of the sides of a comparison that are not literals.
fn values(part: &Expr, situation: &Situation) -> Option<String> {
    let sides: Vec<&Expr> = match part {
        Expr::BinaryOp { op: BinaryOp::And | BinaryOp::Or, .. } => return None,
        Expr::BinaryOp { left, right, .. } => vec![left, right],
        Expr::Like { expr, .. } | Expr::Is { expr, .. } | Expr::HasAttr { expr, .. } => vec![expr],
        Expr::UnaryOp { op: UnaryOp::Not, .. } => return Some("it holds".to_owned()),
        Expr::UnaryOp { expr, .. } => vec![expr],
        _ => return None,
    };
    let shown: Vec<String> = sides
        .into_iter()
        .filter(|side| !constant(side))
        .filter_map(|side| Some(format!("`{side}` is {}", shortened(&evaluate(side, situation).ok()?))))
        .collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

fn constant(expression: &Expr) -> bool {
    match expression {
        Expr::Literal(_) => true,
        Expr::Set(elements) => elements.iter().all(|element| constant(element)),
        Expr::UnaryOp { expr, .. } => constant(expr),
        Expr::Var(cedar::pst::Var::Context) => true,
        _ => false,
    }
}

fn shortened(value: &str) -> String {
    match value.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
