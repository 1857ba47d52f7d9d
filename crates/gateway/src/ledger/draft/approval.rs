//! Leaves about approvals.

use evidence::leaf::{self, EventType};
use serde_json::json;

use super::{Draft, Drafter, Moment, Step, blank, decision, detail, gateway, id, kind, personal};
use crate::ledger::verb::{ApprovalStep, Intent, Stage, Unavailable};
use crate::model::{Effect, GrantKind};

impl Drafter {
    /// `approval.*`, all but `approval.used`.
    pub(in crate::ledger) fn approval(
        &self,
        step: &ApprovalStep,
        moment: &Moment,
    ) -> Result<Draft, Unavailable> {
        let event = match step.stage {
            Stage::Requested => EventType::ApprovalRequested,
            Stage::Approved => EventType::ApprovalApproved,
            Stage::Rejected => EventType::ApprovalRejected,
            Stage::Expired => EventType::ApprovalExpired,
        };
        let mut leaf = blank(event, moment.ts)?;
        leaf.approval = Some(leaf::ApprovalStep { id: id(step.approval), leaf: step.request });
        leaf.call = Some(id(step.call));
        leaf.server = Some(step.server.to_string());
        leaf.detail = Some(detail(&step.detail)?);
        let mut context = None;
        match &step.actor {
            None => leaf.actor = Some(gateway()),
            Some((principal, around)) => {
                leaf.actor = Some(self.actor(principal, around.origin));
                let about = step.about.as_ref();
                let unlisted = about.and_then(|about| about.target.as_ref()).filter(|target| !target.listed);
                let personal = personal(principal, around, unlisted, about.map(|about| &about.method));
                context = Some(self.context(&mut leaf, moment, &personal)?);
            }
        }
        if let (Some(about), Some((_, around))) = (&step.about, &step.actor) {
            leaf.session = Some(id(around.session));
            leaf.kind = Some(kind(about.kind));
            leaf.method = Some(self.method(&about.method));
            self.aim(&mut leaf, &step.server, about.target.as_ref());
            leaf.decision = Some(decision(&about.decision));
        }
        let payload = self.enclose(&mut leaf, moment, step.body.as_ref())?;
        Ok(Draft { leaf, step: Step::Aside, payload, context, documents: Vec::new(), deed: None })
    }

    /// `approval.used`, or `breakglass.used`, which stands before the intent that uses it. None for a call that needed neither.
    pub(in crate::ledger) fn use_of_approval(
        &self,
        intent: &Intent,
        moment: &Moment,
    ) -> Result<Option<Draft>, Unavailable> {
        let grant = match (intent.decision.effect, intent.decision.approval) {
            (Effect::Hold, Some(grant)) => grant,
            (Effect::Hold, None) => {
                return Err(Unavailable::Rejected("a held call without an approval".into()));
            }
            _ => return Ok(None),
        };
        let event = match grant.kind {
            GrantKind::Approval => EventType::ApprovalUsed,
            GrantKind::BreakGlass => EventType::BreakglassUsed,
        };
        let mut leaf = blank(event, moment.ts)?;
        leaf.approval = Some(leaf::ApprovalStep { id: id(grant.approval), leaf: Some(grant.leaf) });
        leaf.call = Some(id(intent.call));
        leaf.actor = Some(self.actor(&intent.principal, intent.context.origin));
        leaf.server = Some(intent.server.to_string());
        leaf.session = Some(id(intent.context.session));
        if grant.kind == GrantKind::BreakGlass {
            self.aim(&mut leaf, &intent.server, intent.target.as_ref());
            leaf.definition = None;
        } else {
            let binding = evidence::merkle::Hash::from_bytes(grant.binding).to_string();
            leaf.detail = Some(detail(&json!({ "binding": binding }))?);
        }
        Ok(Some(Draft {
            leaf,
            step: Step::Aside,
            payload: None,
            context: None,
            documents: Vec::new(),
            deed: None,
        }))
    }
}
