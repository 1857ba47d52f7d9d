//! Policies that are valid and probably not what was meant.

use cedar_policy as cedar;
use cedar_policy::pst::{BinaryOp, Clause, Expr};
use cedar_policy::{ActionConstraint, PrincipalConstraint, ResourceConstraint};

use super::index;
use super::problem::Problem;
use super::question::Duty;
use super::set::PolicySet;
use super::source::{Policy, Source};

/// What the configuration and the catalog know, for comparison with what policies name.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Configured servers; `None`: not to be checked.
    pub servers: Option<Vec<String>>,
    /// Tools, as `<server>/<name>`; of a server that has none here nothing is known. `None`: not to be checked.
    pub tools: Option<Vec<String>>,
}

/// Finds doubtful policies, in the order of files and lines. `sources` are those `set` was parsed from.
pub fn doubts(set: &PolicySet, sources: &[Source], known: &Known) -> Vec<Problem> {
    let mut problems = set.warnings().to_vec();
    for policy in set.policies() {
        let at = |message: String, help: String| {
            let text =
                sources.iter().find(|source| source.file == policy.file).map_or("", |s| s.text.as_str());
            Problem::at(&policy.file, text, policy.offset, format!("policy `{}` {message}", policy.id))
                .with_help(help)
        };
        problems.extend(permits_everything(policy).map(|(message, help)| at(message, help)));
        problems.extend(evaded(policy).into_iter().map(|(message, help)| at(message, help)));
        problems.extend(unknown(policy, known).into_iter().map(|(message, help)| at(message, help)));
    }
    problems.extend(unapprovable(set, sources));
    problems.sort_by(|a, b| (&a.file, a.line, &a.message).cmp(&(&b.file, b.line, &b.message)));
    problems
}

/// Calls are held, and nobody may approve them.
fn unapprovable(set: &PolicySet, sources: &[Source]) -> Option<Problem> {
    let approve = &set.words.actions[set.words.duty(Duty::Approve)];
    let permits = |policy: &&Policy| {
        policy.effect() == cedar::Effect::Permit && index::meets(&policy.cedar.action_constraint(), approve)
    };
    let held = set.policies().iter().find(|policy| policy.wish.is_some())?;
    if set.policies().iter().any(|policy| permits(&policy)) {
        return None;
    }
    let text =
        sources.iter().find(|source| source.file == held.file).map_or("", |source| source.text.as_str());
    let message = format!("policy `{}` holds calls, and no policy lets anybody approve them", held.id);
    Some(
        Problem::at(&held.file, text, held.offset, message).with_help(
            "permit `Action::\"approve\"` to somebody; nobody approves their own call all the same",
        ),
    )
}

type Doubt = (String, String);

fn permits_everything(policy: &Policy) -> Option<Doubt> {
    let open = policy.effect() == cedar::Effect::Permit
        && policy.cedar.principal_constraint() == PrincipalConstraint::Any
        && policy.cedar.action_constraint() == ActionConstraint::Any
        && policy.cedar.resource_constraint() == ResourceConstraint::Any
        && !policy.cedar.has_non_scope_constraint();
    open.then(|| {
        (
            "permits everything to everyone".to_owned(),
            "name a group, an action or a server; only `forbid` policies limit it now".to_owned(),
        )
    })
}

/// Ways in which a caller gets around a `forbid`.
fn evaded(policy: &Policy) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    if policy.effect() != cedar::Effect::Forbid {
        return doubts;
    }
    let Ok(parsed) = policy.cedar.to_pst() else { return doubts };
    for clause in parsed.body().clauses() {
        let Clause::When(expression) = clause else { continue };
        if let Some(pointer) = guarded_number(expression) {
            doubts.push((
                format!("does not apply when the argument `{pointer}` is absent or spelled as another type"),
                "write `forbid ... unless` with what is acceptable, or limit the `permit` instead".to_owned(),
            ));
        }
        if compares_uri(expression) {
            doubts.push((
                "compares `resource.uri`, which has many spellings".to_owned(),
                "compare `resource.scheme`, `resource.host` and `resource.path`: they are normalised"
                    .to_owned(),
            ));
        }
    }
    doubts
}

/// The pointer of a number, decimal or flag that must be there for the condition to hold.
fn guarded_number(expression: &Expr) -> Option<String> {
    match expression {
        Expr::BinaryOp { op: BinaryOp::And, left, right } => {
            guarded_number(left).or_else(|| guarded_number(right))
        }
        Expr::BinaryOp { op: BinaryOp::HasTag, left, right } => match &**left {
            Expr::GetAttr { attr, .. } if ["numbers", "decimals", "flags"].contains(&attr.as_str()) => {
                Some(right.to_string())
            }
            _ => None,
        },
        _ => None,
    }
}

fn compares_uri(expression: &Expr) -> bool {
    match expression {
        Expr::BinaryOp { left, right, .. } => compares_uri(left) || compares_uri(right),
        Expr::Like { expr, .. } | Expr::UnaryOp { expr, .. } => compares_uri(expr),
        Expr::GetAttr { expr, attr } => {
            attr == "uri" && matches!(&**expr, Expr::Var(cedar::pst::Var::Resource))
        }
        _ => false,
    }
}

fn unknown(policy: &Policy, known: &Known) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    for uid in policy.cedar.entity_literals() {
        let id: &str = uid.id().unescaped();
        let kind = uid.type_name().to_string();
        let server = match kind.as_str() {
            "Server" => id,
            "Tool" | "Prompt" | "Resource" | "Task" => id.split_once('/').map_or(id, |(server, _)| server),
            _ => continue,
        };
        if let Some(servers) = &known.servers
            && !servers.iter().any(|name| name == server)
        {
            doubts.push((
                format!("names the server `{}`, which is not configured", server.escape_debug()),
                meant(server, servers),
            ));
        } else if kind == "Tool"
            && let Some(tools) = &known.tools
            && tools.iter().any(|name| name.split_once('/').is_some_and(|(of, _)| of == server))
            && !tools.iter().any(|name| name == id)
        {
            doubts.push((
                format!("names the tool `{}`, which the server does not list", id.escape_debug()),
                meant(id, tools),
            ));
        }
    }
    doubts.dedup();
    doubts
}

/// What is known and close enough to `word` to have been meant.
pub(super) fn nearest(word: &str, known: &[String]) -> Option<String> {
    let (distance, name) = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= 2.max(word.chars().count() / 4)).then(|| name.clone())
}

fn meant(word: &str, known: &[String]) -> String {
    nearest(word, known).map_or("it applies to nothing".to_owned(), |name| format!("did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let sources = [Source { file: "p.cedar".into(), text: text.to_owned() }];
        let set = PolicySet::parse(&sources).expect("valid");
        let known = Known {
            servers: Some(vec!["github".into(), "vault".into()]),
            tools: Some(vec!["github/merge".into(), "vault/read".into()]),
        };
        let doubts: Vec<String> = doubts(&set, &sources, &known).iter().map(ToString::to_string).collect();
        assert_eq!(doubts, expected);
    }

    #[test]
    fn sound_policies_raise_no_doubt() {
        check(
            r#"@id("a") permit (principal, action == Action::"tools/call", resource == Tool::"github/merge");
            @id("b") forbid (principal, action == Action::"tools/call", resource == Tool::"vault/read")
            unless { context.numbers.hasTag("/n") && context.numbers.getTag("/n") < 3 };"#,
            &[],
        );
    }

    #[test]
    fn held_call_that_nobody_may_approve_is_doubted() {
        let held = r#"@id("a") permit (principal, action == Action::"tools/call", resource == Tool::"github/merge")
            when { context.approval.granted };"#;
        let doubt = "p.cedar:1:1: policy `a` holds calls, and no policy lets anybody approve them; permit \
                     `Action::\"approve\"` to somebody; nobody approves their own call all the same";
        check(held, &[doubt]);
        let approvers =
            r#"@id("b") permit (principal in Group::"x", action == Action::"approve", resource);"#;
        check(&format!("{held}\n{approvers}"), &[]);
    }

    #[test]
    fn permit_without_any_limit_is_doubted() {
        check(
            "\n@id(\"a\")\npermit (principal, action, resource);",
            &[
                "p.cedar:2:1: policy `a` permits everything to everyone; name a group, an action or a server; only \
               `forbid` policies limit it now",
            ],
        );
    }

    #[test]
    fn names_that_exist_nowhere_are_doubted() {
        check(
            r#"@id("a") permit (principal, action, resource in Server::"gihtub");
@id("b") permit (principal, action, resource == Tool::"github/merg");
@id("c") permit (principal, action, resource == Prompt::"elsewhere/x");"#,
            &[
                "p.cedar:1:1: policy `a` names the server `gihtub`, which is not configured; did you mean `github`?",
                "p.cedar:2:1: policy `b` names the tool `github/merg`, which the server does not list; did you mean \
                 `github/merge`?",
                "p.cedar:3:1: policy `c` names the server `elsewhere`, which is not configured; it applies to nothing",
            ],
        );
    }

    #[test]
    fn forbid_that_a_caller_can_evade_is_doubted() {
        check(
            r#"@id("a") forbid (principal, action == Action::"tools/call", resource)
when { principal is Agent && context.numbers.hasTag("/n") && context.numbers.getTag("/n") > 3 };
@id("b") forbid (principal, action == Action::"resources/read", resource) when { resource.uri like "file:*" };"#,
            &[
                "p.cedar:1:1: policy `a` does not apply when the argument `\"/n\"` is absent or spelled as another \
                 type; write `forbid ... unless` with what is acceptable, or limit the `permit` instead",
                "p.cedar:3:1: policy `b` compares `resource.uri`, which has many spellings; compare \
                 `resource.scheme`, `resource.host` and `resource.path`: they are normalised",
            ],
        );
    }

    #[test]
    fn policy_that_can_never_apply_is_doubted() {
        check(
            r#"@id("a") permit (principal, action == Action::"tools/call", resource is Prompt);"#,
            &[
                "p.cedar:1:1: policy `a`: policy is impossible: the policy expression evaluates to false for all \
                 valid requests",
                "p.cedar:1:1: policy `a`: unable to find an applicable action given the policy scope constraints",
            ],
        );
    }
}
