//! Steps 6 and 10: one scan of a message, then a copy for each reader. The record gets everything masked; whom the
//! message is meant for gets what policy reveals (`Action::"reveal"`).

use std::collections::HashMap;

use bytes::Bytes;
use inspect::detect::Form;
use inspect::mask::Finding;

use super::call::Call;
use super::{Caller, Cut};
use crate::mask::{Found, Redacted, Subject};
use crate::mcp::method::Direction;
use crate::model::TargetKind;
use crate::policy::{PolicySet, Question, Revelation};
use crate::refusal::Refusal;

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
    pub(super) fn view(&self, call: &Call, message: &Bytes, direction: Direction) -> Result<View, Unmasked> {
        let (mask, found) = (&self.gateway.mask, self.scan(call, message)?);
        if found.is_empty() {
            return Ok(View { shown: message.clone(), record: mask.record(&found) });
        }
        let policies = self.gateway.policies.current();
        let question = Question { direction, ..self.question(call) };
        let mut forms = HashMap::new();
        let choose = |finding: &Finding| {
            *forms.entry(finding.name().to_owned()).or_insert_with(|| form(&policies, &question, finding))
        };
        let shown = mask.show(&found, choose);
        Ok(View { shown, record: mask.record(&found) })
    }

    /// As [`Caller::view`], of a message that only the record gets.
    pub(super) fn record(&self, call: &Call, message: &Bytes) -> Result<Redacted<Bytes>, Unmasked> {
        Ok(self.gateway.mask.record(&self.scan(call, message)?))
    }

    fn scan(&self, call: &Call, message: &Bytes) -> Result<Found, Unmasked> {
        let tool = call.target.as_ref().filter(|target| target.kind == TargetKind::Tool);
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
}

/// The most telling form that policy allows; without one, the detector's own mask.
fn form(policies: &PolicySet, question: &Question<'_>, finding: &Finding) -> Form {
    let (detector, class) = (finding.name(), finding.detector.class.name());
    let allowed = |form: &Form| policies.reveals(question, Revelation { detector, class, form: form.name() });
    FORMS.into_iter().find(allowed).unwrap_or(finding.detector.mask)
}
