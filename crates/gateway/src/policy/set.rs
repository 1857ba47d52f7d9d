//! A published policy set: immutable, validated, asked without I/O and without a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy as cedar;
use cedar_policy::{EvaluationError, ValidationMode};
use sha2::{Digest as _, Sha256};

use super::index::{Index, Part};
use super::listing;
use super::need::Wanted;
use super::problem::{Problem, Rejected};
use super::question::{Aspect, Duty, DutyPlace, Passage, Question, Revelation};
use super::situation::{Approval, Parties, Situation};
use super::source::{self, Policy, Source};
use super::terms::{self, Wish};
use super::vocabulary::Vocabulary;
use super::{schema, source::validation_problem};
use crate::limits;
use crate::model::{Decision, Effect, PolicyRevision, PrincipalKind};

/// Kinds of opaque parts that are the server's own words to itself: see [`PolicySet::pass`].
const OF_THE_PROTOCOL: [&str; 2] = ["state", "cursor"];

/// A policy set that was parsed and validated.
#[derive(Debug)]
pub struct PolicySet {
    sources: Vec<Source>,
    policies: Vec<Policy>,
    revision: PolicyRevision,
    canonical: String,
    index: Index,
    /// For [`PolicySet::lists`].
    listing: Index,
    pub(super) words: Vocabulary,
    /// The policies that look at the approval, and what they ask of approvers.
    approvable: BTreeMap<String, Wish>,
    authorizer: cedar::Authorizer,
    warnings: Vec<Problem>,
}

/// What Cedar answers when asked once.
#[derive(Debug, Default)]
struct Answer {
    permits: BTreeSet<String>,
    forbids: BTreeSet<String>,
    errors: Vec<String>,
}

impl Answer {
    fn allows(&self) -> bool {
        self.errors.is_empty() && self.forbids.is_empty() && !self.permits.is_empty()
    }
}

impl PolicySet {
    /// Parses and validates the files: strict mode, every policy with an id of its own, no templates.
    ///
    /// An empty set is valid: it denies everything.
    ///
    /// # Errors
    /// [`Rejected`], with every problem that was found.
    pub fn parse(sources: &[Source]) -> Result<Self, Rejected> {
        // On a thread of its own: Cedar goes as deep into its stack as the text nests.
        std::thread::scope(|scope| {
            let reader = std::thread::Builder::new().stack_size(limits::POLICY_STACK_BYTES);
            let reader = reader.spawn_scoped(scope, || Self::read(sources));
            let reader = reader.map_err(|error| Problem::of("policies", format!("no thread: {error}")))?;
            reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn read(sources: &[Source]) -> Result<Self, Rejected> {
        let policies = source::parse(sources)?;
        let text = schema::text();
        let schema = cedar::Schema::from_cedarschema_str(&text)
            .map_err(|error| Problem::of("schema", error.to_string()))?
            .0;
        let warnings = validate(&policies, sources, &schema)?;
        let words = Vocabulary::new(&schema);
        let canonical = canonical(&text, &policies);
        Ok(Self {
            revision: PolicyRevision(Sha256::digest(&canonical).into()),
            canonical,
            index: Index::new(&policies, &words),
            listing: Index::new(&listing::relax(&policies), &words),
            approvable: policies
                .iter()
                .filter_map(|policy| Some((policy.id.clone(), policy.wish.clone()?)))
                .collect(),
            sources: sources.to_vec(),
            policies,
            words,
            authorizer: cedar::Authorizer::new(),
            warnings,
        })
    }

    /// SHA-256 over the schema and all policies: which set a decision was made by. Does not depend on how policies
    /// are spread over files, nor on comments between them.
    pub fn revision(&self) -> PolicyRevision {
        self.revision
    }

    /// The set as one JSON text, whose SHA-256 is the [`revision`](Self::revision): schema, and policies by id.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The files it was parsed from.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The policies, in the order of files and lines.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// Every entity that the policies name: its type and its id, sorted.
    pub fn names(&self) -> Vec<(String, String)> {
        let uids = self.policies.iter().flat_map(|policy| policy.cedar.entity_literals());
        let mut names: Vec<(String, String)> =
            uids.map(|uid| (uid.type_name().to_string(), uid.id().unescaped().to_owned())).collect();
        names.sort();
        names.dedup();
        names
    }

    /// What Cedar's validator doubts in the policies although they are valid.
    pub(super) fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Decides. Pure: the same question to the same set has the same answer, always.
    ///
    /// Allowed as things stand: [`Effect::Allow`]. Allowed if a human agreed (`context.approval.granted`):
    /// [`Effect::Hold`]. Else, and whenever anything could not be evaluated: [`Effect::Deny`].
    pub fn decide(&self, question: &Question<'_>) -> Decision {
        match self.ask(question, None, &self.index) {
            Ok(decision) => decision,
            Err(error) => self.decision(Effect::Deny, BTreeSet::new(), vec![error]),
        }
    }

    /// Whether a thing belongs in a list: whether some arguments could make the question's answer other than
    /// [`Effect::Deny`].
    pub fn lists(&self, question: &Question<'_>) -> bool {
        self.ask(question, None, &self.listing).is_ok_and(|decision| decision.effect != Effect::Deny)
    }

    /// Decides whether the principal may do a duty concerning the question's target, or in the gateway. The question
    /// carries the arguments of the held call. Never [`Effect::Hold`].
    pub fn permits(&self, duty: Duty, question: &Question<'_>) -> Decision {
        let decided = self.ask_duty(duty, question);
        decided.unwrap_or_else(|error| self.decision(Effect::Deny, BTreeSet::new(), vec![error]))
    }

    fn ask_duty(&self, duty: Duty, question: &Question<'_>) -> Result<Decision, String> {
        let Some(mut parties) = Parties::of(question, &self.words) else {
            return Ok(self.decision(Effect::Deny, BTreeSet::new(), vec![]));
        };
        if duty.place() == DutyPlace::Gateway {
            parties = parties.in_gateway(question, &self.words);
        }
        let index = self.words.duty(duty);
        let parts = self.index.parts(index, &parties);
        let wanted = Wanted::new(parts.iter().map(|part| &part.need));
        let situation =
            Situation::new(question, &parties, &self.words.actions[index], &self.words, &wanted, None)?;
        let answer = self.evaluate(&parts, &situation, Approval::None)?;
        let (effect, policies) =
            if answer.allows() { (Effect::Allow, answer.permits) } else { (Effect::Deny, answer.forbids) };
        Ok(self.decision(effect, policies, answer.errors))
    }

    /// Whether a value that was found in the message may be shown in that form (`Action::"reveal"`). Default: no; no
    /// approval is asked for it, and whatever cannot be evaluated masks.
    pub fn reveals(&self, question: &Question<'_>, finding: Revelation<'_>) -> bool {
        self.reveal(question, finding).effect == Effect::Allow
    }

    /// The same with the policies that decided.
    pub fn reveal(&self, question: &Question<'_>, finding: Revelation<'_>) -> Decision {
        match self.ask(question, Some(Aspect::Found(finding)), &self.index) {
            Ok(decision) => decision,
            Err(error) => self.decision(Effect::Deny, BTreeSet::new(), vec![error]),
        }
    }

    /// Whether a part of the message that nobody can look into may pass as it is (`Action::"pass"`), and the policies that
    /// decided. Default: no; no approval is asked for it. What belongs to the protocol goes with the message, which
    /// policy permitted, unless a policy forbids it: a list that may be read may be read to its end.
    pub fn pass(&self, question: &Question<'_>, part: Passage<'_>) -> Decision {
        let decision = match self.ask(question, Some(Aspect::Opaque(part)), &self.index) {
            Ok(decision) => decision,
            Err(error) => return self.decision(Effect::Deny, BTreeSet::new(), vec![error]),
        };
        let silent = decision.effect == Effect::Deny
            && decision.policies.is_empty()
            && decision.errors.is_empty()
            && question.principal.kind != PrincipalKind::Anonymous;
        if silent && OF_THE_PROTOCOL.contains(&part.kind) {
            return self.decision(Effect::Allow, BTreeSet::new(), vec![]);
        }
        decision
    }

    fn ask(
        &self,
        question: &Question<'_>,
        aspect: Option<Aspect<'_>>,
        policies: &Index,
    ) -> Result<Decision, String> {
        let Some(parties) = Parties::of(question, &self.words) else {
            return Ok(self.decision(Effect::Deny, BTreeSet::new(), vec![]));
        };
        let index = match aspect {
            None => self.words.action(question.method, question.context.era),
            Some(Aspect::Found(_)) => self.words.reveal(),
            Some(Aspect::Opaque(_)) => self.words.pass(),
        };
        let action = &self.words.actions[index];
        if aspect.is_none() && action.target != question.target.map(|target| target.kind) {
            return Err("the message does not name the kind of target that its method is about".to_owned());
        }
        let parts = policies.parts(index, &parties);
        let wanted = Wanted::new(parts.iter().map(|part| &part.need));
        let situation = Situation::new(question, &parties, action, &self.words, &wanted, aspect)?;
        let now = self.evaluate(&parts, &situation, Approval::None)?;
        if now.allows() {
            return Ok(self.decision(Effect::Allow, now.permits, vec![]));
        }
        if !now.errors.is_empty() || !self.approval_may_help(&now, &parts) {
            return Ok(self.decision(Effect::Deny, now.forbids, now.errors));
        }
        let approved = self.evaluate(&parts, &situation, Approval::Granted)?;
        if approved.allows() {
            // The policies that permit it once approved, and those that forbid it until then.
            return Ok(self.decision(Effect::Hold, &approved.permits | &now.forbids, vec![]));
        }
        Ok(self.decision(Effect::Deny, now.forbids, approved.errors))
    }

    /// Whether a policy that stands in the way, or one that could clear it, looks at the approval at all.
    fn approval_may_help(&self, now: &Answer, parts: &[&Part]) -> bool {
        if now.forbids.is_empty() {
            parts.iter().any(|part| part.permits_once_approved)
        } else {
            now.forbids.iter().all(|id| self.approvable.contains_key(id))
        }
    }

    fn evaluate(&self, parts: &[&Part], situation: &Situation, approval: Approval) -> Result<Answer, String> {
        let request = situation.request(approval)?;
        let mut answer = Answer::default();
        for part in parts {
            let response = self.authorizer.is_authorized(&request, &part.policies, &situation.entities);
            let deciding = response.diagnostics().reason().map(ToString::to_string);
            match response.decision() {
                cedar::Decision::Allow => answer.permits.extend(deciding),
                cedar::Decision::Deny => answer.forbids.extend(deciding),
            }
            answer.errors.extend(response.diagnostics().errors().map(
                |cedar::AuthorizationError::PolicyEvaluationError(error)| {
                    format!("policy `{}` {}", error.policy_id(), fault(error.inner()))
                },
            ));
        }
        answer.errors.sort();
        Ok(answer)
    }

    fn decision(&self, effect: Effect, policies: BTreeSet<String>, errors: Vec<String>) -> Decision {
        let terms = (effect == Effect::Hold)
            .then(|| Arc::new(terms::strictest(policies.iter().filter_map(|id| self.approvable.get(id)))));
        let mut policies: Vec<String> = policies.into_iter().collect();
        if policies.len() > limits::DECIDING_POLICIES_MAX {
            let more = policies.len() - limits::DECIDING_POLICIES_MAX;
            policies.truncate(limits::DECIDING_POLICIES_MAX);
            policies.push(format!("+{more}"));
        }
        Decision {
            effect,
            policies: Arc::from(policies),
            revision: self.revision,
            errors,
            terms,
            approval: None,
        }
    }
}

/// Cedar's own words may quote values; these do not.
fn fault(error: &EvaluationError) -> &'static str {
    match error {
        EvaluationError::IntegerOverflow(_) => "overflows a 64-bit integer",
        EvaluationError::RecursionLimit(_) => "is nested too deeply to evaluate",
        EvaluationError::EntityDoesNotExist(_)
        | EvaluationError::EntityAttrDoesNotExist(_)
        | EvaluationError::RecordAttrDoesNotExist(_) => "reads an attribute that is absent",
        EvaluationError::FailedExtensionFunctionExecution(_) => {
            "calls a function with a value it does not take"
        }
        _ => "cannot be evaluated",
    }
}

/// The validator's warnings, when it has no errors.
fn validate(
    policies: &[Policy],
    sources: &[Source],
    schema: &cedar::Schema,
) -> Result<Vec<Problem>, Rejected> {
    let whole = cedar::PolicySet::from_policies(policies.iter().map(|policy| policy.cedar.clone()))
        .map_err(|error| Problem::of("policies", error.to_string()))?;
    let result = cedar::Validator::new(schema.clone()).validate(&whole, ValidationMode::Strict);
    let sorted = |mut problems: Vec<Problem>| {
        problems.sort_by(|a, b| {
            (&a.file, a.line, a.column, &a.message).cmp(&(&b.file, b.line, b.column, &b.message))
        });
        problems.dedup();
        problems
    };
    let problem = |id, error: &dyn miette::Diagnostic| validation_problem(policies, sources, id, error);
    let errors = result.validation_errors().map(|error| problem(error.policy_id(), error)).collect();
    let warnings =
        result.validation_warnings().map(|warning| problem(warning.policy_id(), warning)).collect();
    let problems = sorted(errors);
    if problems.is_empty() { Ok(sorted(warnings)) } else { Err(Rejected { problems }) }
}

/// The set as one text: what its revision is the hash of.
fn canonical(schema: &str, policies: &[Policy]) -> String {
    let policies: BTreeMap<&str, &str> =
        policies.iter().map(|policy| (policy.id.as_str(), policy.text.as_str())).collect();
    serde_json::json!({ "v": 1, "schema": schema, "policies": policies }).to_string()
}
