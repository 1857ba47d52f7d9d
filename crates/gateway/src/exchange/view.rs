//! Steps 6 and 10: one scan of a message, then a copy for each reader. The record gets everything masked; whom the
//! message is meant for gets what policy reveals (`Action::"reveal"`). What nobody can look into passes as it is, if
//! policy lets it (`Action::"pass"`), or the message does not.

use std::collections::HashMap;

use bytes::Bytes;
use inspect::detect::Form;
use inspect::mask::Finding;

use super::call::Call;
use super::{Caller, Cut, bind};
use crate::config::OnFailure;
use crate::limits;
use crate::mask::{Found, Kind, Redacted, Subject, Unread};
use crate::mcp::method::{Action, Direction, Row};
use crate::mcp::splice::keep_private;
use crate::model::{Effect, Target, TargetKind};
use crate::policy::{Passage, PolicySet, Question, Revelation};
use crate::refusal::Refusal;
use crate::store::task;
use crate::upstream::{AnswerError, Rest};

/// A message as its readers get it.
pub(crate) struct View {
    /// For whom it is meant. The bytes as they came when nothing had to be masked.
    pub(crate) shown: Bytes,
    /// For the record.
    pub(crate) record: Redacted<Bytes>,
}

/// Why a message cannot be masked, or may not pass as it is, and is therefore not passed on.
pub(crate) struct Unmasked {
    pub(super) refusal: Refusal,
    /// What of it is recorded.
    pub(super) record: Option<Box<Redacted<Bytes>>>,
}

impl Unmasked {
    fn because(refusal: Refusal) -> Self {
        Self { refusal, record: None }
    }

    fn recorded(refusal: Refusal, record: Redacted<Bytes>) -> Self {
        Self { refusal, record: Some(Box::new(record)) }
    }
}

impl From<Unmasked> for Cut {
    fn from(unmasked: Unmasked) -> Self {
        Self::Withheld(unmasked)
    }
}

/// How the address of a skill's file begins.
const SKILL: &str = "skill:";

/// Forms in the order in which policy is asked: the most telling first. What is dropped tells nothing, but that is less
/// use than a label, so it takes a policy.
const FORMS: [Form; 4] = [Form::Plain, Form::Partial, Form::Token, Form::Drop];

impl Caller {
    /// Looks through `message`, which belongs to `call` and goes in `direction`.
    pub(super) async fn view(
        &self,
        call: &Call,
        message: &Bytes,
        direction: Direction,
    ) -> Result<View, Unmasked> {
        let mask = &self.gateway.mask;
        let origin = self.origin(call).await?;
        let target = origin.as_ref().or(call.target.as_ref());
        let policies = self.gateway.policies.current();
        let definition = self.definition(target);
        let question = Question { direction, target, definition, ..self.question(call) };
        if message.len() > limits::ANSWER_BODY_BYTES_MAX {
            let record = mask.unread(message);
            if passes(&policies, &question, Kind::Answer, message.len()) {
                return Ok(View { shown: message.clone(), record });
            }
            return Err(Unmasked::recorded(Refusal::AnswerTooLarge, record));
        }
        let tool = target.filter(|target| target.kind == TargetKind::Tool);
        let found = self.scan(call, tool, message).await?;
        let record = mask.record(&found);
        if found.is_empty() {
            return Ok(View { shown: message.clone(), record });
        }
        let mut opaque = found.opaque().into_iter();
        if !opaque.all(|(kind, bytes)| passes(&policies, &question, kind, bytes)) {
            return Err(Unmasked::recorded(Refusal::Opaque, record));
        }
        let document = call.row.and_then(Row::structured).filter(|_| direction == Direction::ToCaller);
        let schema = match tool.zip(document) {
            Some((tool, _)) => self.gateway.schemas.find(&self.server.name, tool).await,
            None => None,
        };
        let mut forms = HashMap::new();
        let choose = |finding: &Finding| {
            *forms.entry(finding.name().to_owned()).or_insert_with(|| form(&policies, &question, finding))
        };
        let mut shown = mask.show(&found, choose, document.zip(schema.as_deref()));
        if is_digested(call, direction) && shown != *message {
            // Whoever gets it holds its bytes against a digest: they come as they are, or not at all.
            if !passes(&policies, &question, Kind::File, message.len()) {
                return Err(Unmasked::recorded(Refusal::Opaque, record));
            }
            shown = message.clone();
        }
        // Another reader may get it in another form.
        let shown = if direction == Direction::ToCaller { keep_private(&shown) } else { shown };
        Ok(View { shown, record })
    }

    /// As [`Caller::view`], of a message that only the record gets.
    pub(super) async fn record(&self, call: &Call, message: &Bytes) -> Result<Redacted<Bytes>, Unmasked> {
        if message.len() > limits::ANSWER_BODY_BYTES_MAX {
            return Ok(self.gateway.mask.unread(message));
        }
        let origin = self.origin(call).await?;
        let target = origin.as_ref().or(call.target.as_ref());
        let tool = target.filter(|target| target.kind == TargetKind::Tool);
        Ok(self.gateway.mask.record(&self.scan(call, tool, message).await?))
    }

    /// The rest of an answer that is too large to be looked at, if policy lets it pass all the same.
    pub(super) async fn unread(&self, call: &Call, rest: Rest) -> Result<Bytes, AnswerError> {
        let question = Question { direction: Direction::ToCaller, ..self.question(call) };
        let policies = self.gateway.policies.current();
        if passes(&policies, &question, Kind::Answer, limits::ANSWER_BODY_BYTES_MAX) {
            return rest.read(limits::UNREAD_BODY_BYTES_MAX).await;
        }
        Err(AnswerError::TooLarge(limits::ANSWER_BODY_BYTES_MAX))
    }

    async fn scan(&self, call: &Call, tool: Option<&Target>, message: &Bytes) -> Result<Found, Unmasked> {
        let subject = Subject {
            row: call.row,
            server: &self.server.name,
            tool: tool.map(|tool| tool.name.as_str()),
            session: self.context.session,
        };
        let mask = &self.gateway.mask;
        let refused = |unread: Unread| {
            tracing::warn!(server = %self.server.name, call = %call.id, %unread, "a message was not passed on");
            Unmasked::because(Refusal::Unread)
        };
        let found = mask.scan(subject, message).map_err(refused)?;
        // Lists describe what there is; nobody's name is in them.
        let asked = call.row.is_none_or(|row| row.action != Action::List);
        let Some(recognizer) = self.gateway.recognizer.as_ref().filter(|_| asked) else { return Ok(found) };
        let texts = mask.texts(subject, message).map_err(refused)?;
        match recognizer.recognize(&texts).await {
            Ok(marks) if marks.is_empty() => Ok(found),
            Ok(marks) => mask.scan_with(subject, message, &marks).map_err(refused),
            Err(error) => {
                tracing::warn!(server = %self.server.name, call = %call.id, %error, "no recognizer");
                match recognizer.on_failure {
                    OnFailure::Pass => Ok(found.unrecognized()),
                    OnFailure::Refuse => Err(Unmasked::because(Refusal::Unrecognized)),
                }
            }
        }
    }

    /// The tool that made the task a message is about: its answer is masked like the tool's own.
    async fn origin(&self, call: &Call) -> Result<Option<Target>, Unmasked> {
        let Some(task) = call.task() else { return Ok(None) };
        let (server, id_hash) = (self.server.name.to_string(), bind::hash(&task));
        let found = self.gateway.db.read("find task", move |read| task::find(read, &server, &id_hash)).await;
        let found = found.map_err(|_| Unmasked::because(Refusal::Internal))?;
        let tool = found.and_then(|task| task.tool);
        Ok(tool.map(|tool| self.gateway.catalog.target(&self.server.name, TargetKind::Tool, tool)))
    }
}

/// Whether policy lets pass what nobody can look into.
fn passes(policies: &PolicySet, question: &Question<'_>, kind: Kind, bytes: usize) -> bool {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    policies.pass(question, Passage { kind: kind.name(), bytes }).effect == Effect::Allow
}

/// Whether a message carries files of a skill, whose manifest has their digests (SEP-2640).
fn is_digested(call: &Call, direction: Direction) -> bool {
    let head = call.target.as_ref().and_then(|target| target.name.get(..SKILL.len()));
    direction == Direction::ToCaller
        && call.method == "resources/read"
        && head.is_some_and(|head| head.eq_ignore_ascii_case(SKILL))
}

/// The most telling form that policy allows; without one, the detector's own mask.
fn form(policies: &PolicySet, question: &Question<'_>, finding: &Finding) -> Form {
    let (detector, class) = (finding.name(), finding.detector.class.name());
    let allowed = |form: &Form| policies.reveals(question, Revelation { detector, class, form: form.name() });
    FORMS.into_iter().find(allowed).unwrap_or(finding.detector.mask)
}
