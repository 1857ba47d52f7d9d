//! From the text of policy files to policies that have an id and a place.

use cedar_policy as cedar;

use super::doubt::nearest;
use super::nesting::{self, TooDeep};
use super::problem::{Problem, Rejected, line_of};
use super::schema::STREAM_METHODS;
use super::terms::{self, Wish};
use crate::limits;
use crate::mcp::method::{Action, METHODS};

/// A policy file that was read.
#[derive(Debug, Clone)]
pub struct Source {
    /// How messages name it.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// One policy, with its place.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Value of its `@id` annotation: what decisions and evidence name.
    pub id: String,
    /// The file it is in.
    pub file: String,
    /// The line it begins at, from 1.
    pub line: usize,
    /// Its text as written, from the first annotation to the semicolon.
    pub text: String,
    pub(super) cedar: cedar::Policy,
    /// What it asks of approvers; `None` when it does not look at the approval.
    pub(super) wish: Option<Wish>,
    pub(super) offset: usize,
}

impl Policy {
    /// Whether it permits, rather than forbids.
    pub fn permits(&self) -> bool {
        self.cedar.effect() == cedar::Effect::Permit
    }

    /// Whether it permits or forbids.
    pub fn effect(&self) -> cedar::Effect {
        self.cedar.effect()
    }
}

/// Parses all files.
pub(super) fn parse(sources: &[Source]) -> Result<Vec<Policy>, Rejected> {
    let mut policies: Vec<Policy> = Vec::new();
    let mut problems = Vec::new();
    for source in sources {
        match file(source) {
            Ok(found) => {
                for policy in found {
                    if let Some(problem) = duplicate(&policies, &policy, source) {
                        problems.push(problem);
                    }
                    policies.push(policy);
                }
            }
            Err(rejected) => problems.extend(rejected.problems),
        }
    }
    if policies.len() > limits::POLICIES_MAX {
        problems.push(Problem::of(
            &sources[0].file,
            format!("{} policies, of which at most {} are supported", policies.len(), limits::POLICIES_MAX),
        ));
    }
    if problems.is_empty() { Ok(policies) } else { Err(Rejected { problems }) }
}

fn file(source: &Source) -> Result<Vec<Policy>, Rejected> {
    if let Err(TooDeep { offset, message }) = nesting::check(&source.text) {
        let problem = Problem::at(&source.file, &source.text, offset, message);
        return Err(Rejected { problems: vec![problem.with_help("split it into several policies")] });
    }
    let set: cedar::PolicySet = source.text.parse().map_err(|errors: cedar::ParseErrors| Rejected {
        problems: errors
            .iter()
            .map(|error| Problem::from_cedar(&source.file, &source.text, 0, error))
            .collect(),
    })?;
    let mut problems: Vec<Problem> =
        set.templates().map(|template| refuse_template(source, template)).collect();
    let mut policies = Vec::new();
    for policy in set.policies() {
        match identified(source, policy) {
            Ok(policy) => policies.push(policy),
            Err(problem) => problems.push(problem),
        }
    }
    policies.sort_by_key(|policy| policy.offset);
    problems.sort_by_key(|problem| problem.line);
    if problems.is_empty() { Ok(policies) } else { Err(Rejected { problems }) }
}

fn identified(source: &Source, policy: &cedar::Policy) -> Result<Policy, Problem> {
    let offset = policy.as_ref().loc().map_or(0, cedar_policy_core::parser::Loc::start);
    let problem = |message: String| Problem::at(&source.file, &source.text, offset, message);
    let Some(id) = policy.annotation("id") else {
        return Err(problem("policy without an id".to_owned())
            .with_help("write `@id(\"some-name\")` before it: decisions and evidence name policies by id"));
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if id.is_empty() || id.len() > limits::POLICY_ID_BYTES_MAX || !id.bytes().all(plain) {
        return Err(problem(format!("`{}` cannot be a policy id", id.escape_debug())).with_help(format!(
            "use 1 to {} letters, digits, `.`, `_` and `-`",
            limits::POLICY_ID_BYTES_MAX
        )));
    }
    let wish = terms::read(policy).map_err(|(message, help)| problem(message).with_help(help))?;
    Ok(Policy {
        id: id.to_owned(),
        file: source.file.clone(),
        line: line_of(&source.text, offset),
        text: policy.to_cedar().unwrap_or_default(),
        cedar: policy.new_id(cedar::PolicyId::new(id)),
        wish,
        offset,
    })
}

fn refuse_template(source: &Source, template: &cedar::Template) -> Problem {
    let offset = template.as_ref().loc().map_or(0, cedar_policy_core::parser::Loc::start);
    Problem::at(
        &source.file,
        &source.text,
        offset,
        "policy template: `?principal` and `?resource` have no value",
    )
    .with_help("name the principal or the resource")
}

fn duplicate(known: &[Policy], policy: &Policy, source: &Source) -> Option<Problem> {
    let first = known.iter().find(|known| known.id == policy.id)?;
    let message = format!("a second policy with the id `{}`", policy.id);
    Some(
        Problem::at(&source.file, &source.text, policy.offset, message)
            .with_help(format!("the first is at {}:{}; give this one its own id", first.file, first.line)),
    )
}

/// What Cedar's validator says of one policy, with the place in its file.
pub(super) fn validation_problem(
    policies: &[Policy],
    sources: &[Source],
    id: &cedar::PolicyId,
    error: &dyn miette::Diagnostic,
) -> Problem {
    let id: &str = id.as_ref();
    let Some(policy) = policies.iter().find(|policy| policy.id == id) else {
        return Problem::of("policies", error.to_string());
    };
    let text =
        sources.iter().find(|source| source.file == policy.file).map_or("", |source| source.text.as_str());
    let mut problem = Problem::from_cedar(&policy.file, text, policy.offset, error);
    if let Some(help) = nearest_action(&problem.message) {
        problem.help = Some(help);
    }
    // Cedar names the policy first; the place and the id say it better.
    problem.message = problem
        .message
        .strip_prefix(&format!("for policy `{id}`, "))
        .map_or_else(|| problem.message.clone(), |rest| format!("policy `{id}`: {rest}"));
    problem
}

/// Cedar's own suggestion for an unknown action weighs the type's name too, and is often far off.
fn nearest_action(message: &str) -> Option<String> {
    let unknown = message.split_once("unrecognized action `Action::\"")?.1.split_once("\"`")?.0;
    let known =
        METHODS.iter().map(|row| row.name).chain(STREAM_METHODS).chain(Action::ALL.map(Action::as_str));
    let known: Vec<String> = known.map(str::to_owned).collect();
    match nearest(unknown, &known) {
        Some(name) => Some(format!("did you mean `Action::\"{name}\"`?")),
        None => Some("see `countersign policy schema` for all actions".to_owned()),
    }
}
