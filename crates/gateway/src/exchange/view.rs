//! Steps 6 and 10: one scan of a message, then a copy for each reader. The record gets everything masked; whom the
//! message is meant for gets what policy reveals (`Action::"reveal"`).

use std::collections::HashMap;

use bytes::Bytes;
use inspect::detect::Form;
use inspect::mask::Finding;

use super::call::Call;
use super::{Caller, Cut, bind};
use crate::mask::{Found, Redacted, Subject};
use crate::mcp::method::{Direction, Row};
use crate::model::{Target, TargetKind};
use crate::policy::{PolicySet, Question, Revelation};
use crate::refusal::Refusal;
use crate::store::task;

/// A message as its readers get it.
pub(crate) struct View {
    /// For whom it is meant. The bytes as they came when nothing had to be masked.
    pub(crate) shown: Bytes,
    /// For the record.
    pub(crate) record: Redacted<Bytes>,
}

/// Why a message cannot be masked, and therefore not passed on. Nothing of it is in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unmasked(pub(super) Refusal);

impl From<Unmasked> for Cut {
    fn from(Unmasked(refusal): Unmasked) -> Self {
        Self::Withheld(refusal)
    }
}

/// Forms in the order in which policy is asked: the most telling first.
const FORMS: [Form; 3] = [Form::Plain, Form::Partial, Form::Token];

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
        let tool = target.filter(|target| target.kind == TargetKind::Tool);
        let found = self.scan(call, tool, message)?;
        if found.is_empty() {
            return Ok(View { shown: message.clone(), record: mask.record(&found) });
        }
        let document = call.row.and_then(Row::structured).filter(|_| direction == Direction::ToCaller);
        let schema = match tool.zip(document) {
            Some((tool, _)) => self.gateway.schemas.find(&self.gateway.db, &self.server.name, tool).await,
            None => None,
        };
        let policies = self.gateway.policies.current();
        let definition = self.definition(target);
        let question = Question { direction, target, definition, ..self.question(call) };
        let mut forms = HashMap::new();
        let choose = |finding: &Finding| {
            *forms.entry(finding.name().to_owned()).or_insert_with(|| form(&policies, &question, finding))
        };
        let shown = mask.show(&found, choose, document.zip(schema.as_deref()));
        Ok(View { shown, record: mask.record(&found) })
    }

    /// As [`Caller::view`], of a message that only the record gets.
    pub(super) async fn record(&self, call: &Call, message: &Bytes) -> Result<Redacted<Bytes>, Unmasked> {
        let origin = self.origin(call).await?;
        let target = origin.as_ref().or(call.target.as_ref());
        let tool = target.filter(|target| target.kind == TargetKind::Tool);
        Ok(self.gateway.mask.record(&self.scan(call, tool, message)?))
    }

    fn scan(&self, call: &Call, tool: Option<&Target>, message: &Bytes) -> Result<Found, Unmasked> {
        let subject = Subject {
            row: call.row,
            server: &self.server.name,
            tool: tool.map(|tool| tool.name.as_str()),
            session: self.context.session,
        };
        self.gateway.mask.scan(subject, message).map_err(|unread| {
            tracing::warn!(server = %self.server.name, call = %call.id, %unread, "a message was not passed on");
            Unmasked(Refusal::Unread)
        })
    }

    /// The tool that made the task a message is about: its answer is masked like the tool's own.
    async fn origin(&self, call: &Call) -> Result<Option<Target>, Unmasked> {
        let Some(task) = call.task() else { return Ok(None) };
        let (server, id_hash) = (self.server.name.to_string(), bind::hash(&task));
        let found = self.gateway.db.read("find task", move |read| task::find(read, &server, &id_hash)).await;
        let found = found.map_err(|_| Unmasked(Refusal::Internal))?;
        let tool = found.and_then(|task| task.tool);
        Ok(tool.map(|tool| self.gateway.catalog.target(&self.server.name, TargetKind::Tool, tool)))
    }
}

/// The most telling form that policy allows; without one, the detector's own mask.
fn form(policies: &PolicySet, question: &Question<'_>, finding: &Finding) -> Form {
    let (detector, class) = (finding.name(), finding.detector.class.name());
    let allowed = |form: &Form| policies.reveals(question, Revelation { detector, class, form: form.name() });
    FORMS.into_iter().find(allowed).unwrap_or(finding.detector.mask)
}
