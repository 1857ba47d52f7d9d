//! Conditions in words. What has no plain words is shown in Cedar, in backticks.

use std::sync::Arc;

use cedar_policy::pst::{BinaryOp, Expr, Literal, PatternElem, UnaryOp, Var};

/// A condition, to follow "if".
pub(super) fn say(expression: &Arc<Expr>) -> String {
    truth(expression, Wanted::True)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    True,
    False,
}

impl Wanted {
    fn other(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
        }
    }

    fn choose(self, yes: &'static str, no: &'static str) -> &'static str {
        match self {
            Self::True => yes,
            Self::False => no,
        }
    }
}

fn truth(expression: &Arc<Expr>, wanted: Wanted) -> String {
    let choose = |yes, no| wanted.choose(yes, no);
    match &**expression {
        Expr::UnaryOp { op: UnaryOp::Not, expr } => truth(expr, wanted.other()),
        Expr::BinaryOp { op: op @ (BinaryOp::And | BinaryOp::Or), .. } => joined(expression, *op, wanted),
        Expr::BinaryOp { op, left, right } => {
            relation(*op, left, right, wanted).unwrap_or_else(|| cedar(expression, wanted))
        }
        Expr::HasAttr { expr, attrs } => {
            let path = attrs.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
            match (var(expr), path.as_str()) {
                (Some("context"), "statement") => {
                    choose("the call holds a statement", "the call holds no statement").to_owned()
                }
                (Some(_), _) => {
                    let whole = Expr::GetAttr { expr: expr.clone(), attr: path.as_str().into() };
                    format!("{} is {}", noun(&whole), choose("known", "not known"))
                }
                _ => cedar(expression, wanted),
            }
        }
        Expr::Like { expr, pattern } => {
            format!("{} {} `{}`", noun(expr), choose("matches", "does not match"), spelled(pattern))
        }
        Expr::Is { expr, entity_type, in_expr: None } => {
            format!("{} {} of type {entity_type}", noun(expr), choose("is", "is not"))
        }
        Expr::UnaryOp { op, expr } => match op {
            UnaryOp::IsEmpty if path(expr).as_deref() == Some("context.actors") => {
                choose("the caller acts in person", "somebody acts for the caller").to_owned()
            }
            UnaryOp::IsEmpty => format!("{} {} empty", noun(expr), choose("is", "is not")),
            UnaryOp::IsIPv4 => format!("{} {} an IPv4 address", noun(expr), choose("is", "is not")),
            UnaryOp::IsIPV6 => format!("{} {} an IPv6 address", noun(expr), choose("is", "is not")),
            UnaryOp::IsLoopback => format!("{} {} this machine's own", noun(expr), choose("is", "is not")),
            UnaryOp::IsMulticast => format!("{} {} a multicast address", noun(expr), choose("is", "is not")),
            _ => cedar(expression, wanted),
        },
        Expr::GetAttr { .. } => match path(expression).as_deref() {
            Some("context.approval.granted") => {
                choose("a human has agreed", "no human has agreed").to_owned()
            }
            Some("context.definition.drifted") => {
                choose("the definition has changed", "the definition is unchanged").to_owned()
            }
            Some("context.definition.known") => {
                choose("the server has listed it", "the server has never listed it").to_owned()
            }
            _ => format!("{} {}", noun(expression), choose("holds", "does not hold")),
        },
        Expr::Literal(Literal::Bool(value)) => {
            if (wanted == Wanted::True) == *value { "in any case" } else { "in no case" }.to_owned()
        }
        Expr::Unknown { name } => format!("policy `{name}` {}", choose("applies", "does not apply")),
        _ => cedar(expression, wanted),
    }
}

/// Conditions joined by "and" or "or". Guards that a value is there go without saying where the value is looked at.
fn joined(expression: &Arc<Expr>, op: BinaryOp, wanted: Wanted) -> String {
    let mut parts = Vec::new();
    split(expression, op, &mut parts);
    let guarded = |part: &Arc<Expr>| match &**part {
        Expr::BinaryOp { op: BinaryOp::HasTag, left, right } => parts.iter().any(|other| {
            mentions(
                other,
                &Expr::BinaryOp { op: BinaryOp::GetTag, left: left.clone(), right: right.clone() },
            )
        }),
        Expr::HasAttr { expr, attrs } if attrs.len() == 1 => {
            let read = Expr::GetAttr { expr: expr.clone(), attr: attrs.first().clone() };
            parts.iter().any(|other| mentions(other, &read))
        }
        _ => false,
    };
    let all = (op == BinaryOp::And) == (wanted == Wanted::True);
    // "a is 3 or less" implies that a is there; its opposite does not.
    let said: Vec<String> = parts
        .iter()
        .filter(|part| !(op == BinaryOp::And && wanted == Wanted::True && guarded(part)))
        .map(|part| {
            let inner = truth(part, wanted);
            let mixed = matches!(&**part, Expr::BinaryOp { op: BinaryOp::And | BinaryOp::Or, .. });
            if mixed && !all { format!("({inner})") } else { inner }
        })
        .collect();
    let nested = |word: &str| said.join(word);
    if all {
        nested(" and ")
    } else if said.len() > 1 {
        format!("either {}", nested(" or "))
    } else {
        nested("")
    }
}

fn split(expression: &Arc<Expr>, op: BinaryOp, parts: &mut Vec<Arc<Expr>>) {
    match &**expression {
        Expr::BinaryOp { op: own, left, right } if *own == op => {
            split(left, op, parts);
            split(right, op, parts);
        }
        _ => parts.push(expression.clone()),
    }
}

fn mentions(expression: &Expr, wanted: &Expr) -> bool {
    expression.reduce(&|part| (part == wanted).then_some(true), &|one, other| one || other, false)
}

fn relation(op: BinaryOp, left: &Arc<Expr>, right: &Arc<Expr>, wanted: Wanted) -> Option<String> {
    let choose = |yes, no| wanted.choose(yes, no);
    let compared = |yes: &'static str, no: &'static str| {
        Some(format!("{} {} {}", noun(left), choose(yes, no), noun(right)))
    };
    match op {
        BinaryOp::Eq => compared("is", "is not"),
        BinaryOp::NotEq => compared("is not", "is"),
        BinaryOp::Less | BinaryOp::DecimalLessThan => compared("is less than", "is at least"),
        BinaryOp::LessEq | BinaryOp::DecimalLessEq => compared("is at most", "is more than"),
        BinaryOp::Greater | BinaryOp::DecimalGreater => compared("is more than", "is at most"),
        BinaryOp::GreaterEq | BinaryOp::DecimalGreaterEq => compared("is at least", "is less than"),
        BinaryOp::In => compared("is in", "is not in"),
        BinaryOp::IsInRange => compared("is in", "is not in"),
        BinaryOp::Contains => match &**left {
            Expr::Set(_) => {
                Some(format!("{} {} {}", noun(right), choose("is one of", "is none of"), noun(left)))
            }
            _ => compared("has", "has not"),
        },
        BinaryOp::ContainsAny => compared("has one of", "has none of"),
        BinaryOp::ContainsAll => match (&**left, path(right).as_deref()) {
            (Expr::Set(_), Some("context.pointers")) => Some(format!(
                "the call has {} {}",
                choose("no arguments besides", "arguments besides"),
                noun(left)
            )),
            (Expr::Set(_), _) => {
                Some(format!("{} {} {}", noun(right), choose("is only", "is not only"), noun(left)))
            }
            _ => compared("has all of", "has not all of"),
        },
        BinaryOp::HasTag => {
            let (carrier, pointer) = argument(left, right)?;
            Some(format!("argument `{pointer}` {} {}", choose("is", "is not"), article(carrier)?))
        }
        _ => None,
    }
}

/// What a value is called.
fn noun(expression: &Expr) -> String {
    match expression {
        Expr::Literal(Literal::String(text)) => format!("`{text}`"),
        Expr::Literal(Literal::Long(number)) => number.to_string(),
        Expr::Literal(Literal::Bool(value)) => value.to_string(),
        Expr::Literal(Literal::EntityUID(uid)) => {
            format!("{} `{}`", uid.ty.to_string().to_lowercase(), uid.eid)
        }
        Expr::Set(members) => members.iter().map(|member| noun(member)).collect::<Vec<_>>().join(", "),
        Expr::Var(Var::Principal) => "the caller".to_owned(),
        Expr::Var(Var::Resource) => "the target".to_owned(),
        Expr::UnaryOp {
            op: UnaryOp::Decimal | UnaryOp::Ip | UnaryOp::Datetime | UnaryOp::Duration,
            expr,
        } => match &**expr {
            Expr::Literal(Literal::String(text)) => text.to_string(),
            _ => format!("`{expression}`"),
        },
        Expr::UnaryOp { op: UnaryOp::ToTime, expr } if path(expr).as_deref() == Some("context.time") => {
            "the time of day (UTC)".to_owned()
        }
        Expr::BinaryOp { op: BinaryOp::GetTag, left, right } => match argument(left, right) {
            Some((_, pointer)) => format!("argument `{pointer}`"),
            None => format!("`{expression}`"),
        },
        _ => match path(expression).as_deref().and_then(known) {
            Some(words) => words.to_owned(),
            None => format!("`{expression}`"),
        },
    }
}

/// Names of the parts of a question.
fn known(path: &str) -> Option<&'static str> {
    Some(match path {
        "principal.issuer" => "the caller's issuer",
        "principal.subject" => "the caller's subject",
        "principal.name" => "the caller's name",
        "principal.email" => "the caller's e-mail address",
        "principal.client" => "the caller's client",
        "principal.scopes" => "the scopes of the caller's token",
        "resource.name" => "its name",
        "resource.uri" => "its address",
        "resource.scheme" => "the scheme of its address",
        "resource.host" => "the host of its address",
        "resource.path" => "the path of its address",
        "context.method" => "the method",
        "context.kind" => "the kind of message",
        "context.direction" => "the direction",
        "context.era" => "the protocol era",
        "context.revision" => "the protocol revision",
        "context.time" => "the time",
        "context.address" => "the caller's address",
        "context.session" => "the recording session",
        "context.actors" => "those who act for the caller",
        "context.pointers" => "the arguments",
        "context.statement.language" => "the statement's language",
        "context.statement.class" => "the statement's class",
        "context.statement.severity" => "the statement's severity",
        "context.statement.classes" => "the classes of the statements",
        "context.statement.statements" => "the number of statements",
        "context.statement.reads" => "what the statement reads",
        "context.statement.writes" => "what the statement writes",
        "context.statement.functions" => "the functions of the statement",
        "context.statement.flags" => "the flags of the statement",
        "context.statement.limit" => "the statement's row limit",
        "context.finding.detector" => "the detector",
        "context.finding.class" => "the class of what was found",
        "context.finding.form" => "the form",
        "context.opaque.kind" => "the kind of part",
        "context.opaque.bytes" => "its length in bytes",
        _ => return None,
    })
}

/// `context.<carrier>` and a literal pointer.
fn argument<'e>(left: &Expr, right: &'e Expr) -> Option<(&'static str, &'e str)> {
    let carrier = match path(left)?.as_str() {
        "context.texts" => "texts",
        "context.numbers" => "numbers",
        "context.decimals" => "decimals",
        "context.flags" => "flags",
        "context.lists" => "lists",
        _ => return None,
    };
    match right {
        Expr::Literal(Literal::String(pointer)) => Some((carrier, pointer.as_str())),
        _ => None,
    }
}

fn article(carrier: &str) -> Option<&'static str> {
    Some(match carrier {
        "texts" => "a text",
        "numbers" => "an integer",
        "decimals" => "a decimal number",
        "flags" => "true or false",
        "lists" => "a list of texts",
        _ => return None,
    })
}

fn var(expression: &Expr) -> Option<&'static str> {
    match expression {
        Expr::Var(Var::Principal) => Some("principal"),
        Expr::Var(Var::Action) => Some("action"),
        Expr::Var(Var::Resource) => Some("resource"),
        Expr::Var(Var::Context) => Some("context"),
        _ => None,
    }
}

/// `context.statement.class` as a text.
fn path(expression: &Expr) -> Option<String> {
    match expression {
        Expr::GetAttr { expr, attr } => Some(format!("{}.{attr}", path(expr)?)),
        other => var(other).map(str::to_owned),
    }
}

fn spelled(pattern: &[PatternElem]) -> String {
    pattern
        .iter()
        .map(|part| match part {
            PatternElem::Char('*') => "\\*".to_owned(),
            PatternElem::Char(character) => character.to_string(),
            PatternElem::Wildcard => "*".to_owned(),
        })
        .collect()
}

fn cedar(expression: &Expr, wanted: Wanted) -> String {
    match wanted {
        Wanted::True => format!("`{expression}`"),
        Wanted::False => format!("not `{expression}`"),
    }
}
