//! What a call must agree with before it may go: the schema that its tool listed.
//!
//! Headers that repeat arguments (SEP-2243) say what policy never sees, so they pass only where the schema names them and
//! they say what the argument is. Two members whose names some parser takes for one are two calls in one message, unless
//! the schema has both. A tool that nobody listed names no header, so its server is asked what it is first.

use serde_json::json;

use super::call::Call;
use super::refuse::{self, Asked};
use super::{Caller, schema::Outline};
use crate::mask::Redacted;
use crate::mcp::envelope::Field;
use crate::mcp::header;
use crate::mcp::twin::{self, Twins};
use crate::model::{Decision, Effect, MessageKind, TargetKind};
use crate::refusal::Refusal;
use crate::reply::Replier;

/// Why a call does not agree.
pub(super) enum Disagreement {
    /// A header says what no argument says.
    Header,
    /// What may be read in two ways: where, as it may be shown.
    Twins(String),
}

impl Disagreement {
    fn refusal(&self) -> Refusal {
        match self {
            Self::Header => Refusal::HeaderMismatch,
            Self::Twins(_) => Refusal::Ambiguous,
        }
    }
}

/// What of a call only a schema can settle. Found once: the arguments are walked for it.
pub(super) struct Doubt {
    twins: Vec<Twins>,
    /// Headers repeat arguments.
    mirrored: bool,
}

impl Doubt {
    fn is_none(&self) -> bool {
        self.twins.is_empty() && !self.mirrored
    }

    /// Whether a call that may go depends on a schema: the tool must be known before it is judged.
    pub(super) fn wants_schema(&self, decision: &Decision) -> bool {
        match decision.effect {
            Effect::Hold => true,
            Effect::Allow => !self.is_none(),
            Effect::Deny => false,
        }
    }
}

impl Caller {
    /// What of a call only the schema of its tool can settle.
    pub(super) fn doubt(&self, call: &Call) -> Doubt {
        Doubt { twins: twins(call), mirrored: self.headers.keys().any(header::is_argument) }
    }

    /// Holds a call against the schema of its tool, and notes which headers repeat its arguments.
    pub(super) async fn agree_with_schema(&self, call: &mut Call, doubt: &Doubt) -> Result<(), Disagreement> {
        if doubt.is_none() {
            return Ok(());
        }
        let tool = call.target.as_ref().filter(|target| target.kind == TargetKind::Tool);
        let gateway = &self.gateway;
        let outline = match tool {
            Some(tool) => gateway.schemas.outline(&self.server.name, tool).await,
            None => Outline::default().into(),
        };
        if let Some(unclear) = doubt.twins.iter().find(|twins| !outline.has_both(twins)) {
            return Err(Disagreement::Twins(gateway.mask.sentence(&unclear.pointer())));
        }
        if let Some(message) = call.message.as_ref().filter(|_| doubt.mirrored) {
            let held = header::require_mirrors(&self.headers, message, outline.mirrors());
            call.mirrors = held.map_err(|_| Disagreement::Header)?;
        }
        Ok(())
    }

    /// Records that a call does not agree, and says where.
    pub(super) async fn refuse_disagreement(
        &self,
        call: &Call,
        why: Disagreement,
        decision: Decision,
        body: Redacted<bytes::Bytes>,
        replier: Replier,
    ) {
        let refusal = why.refusal();
        let Disagreement::Twins(pointer) = why else {
            return self.refuse(call, refusal, Some(decision), Some(body), replier).await;
        };
        self.count(call, refusal.face().code);
        if let Err(unrecorded) = self.deny(call, refusal, Some(decision), Some(body)).await {
            return self.tell(call, unrecorded, None, replier).await;
        }
        let asked =
            Asked { id: call.rpc_id(), method: Some(&call.method), era: self.context.era, call: call.id };
        let sentence = format!("It is `{pointer}` of the arguments");
        let more = Some((sentence.as_str(), ("pointer", json!(pointer))));
        let (status, headers, body) = refuse::explain(refusal, asked, None, more);
        replier.whole(status, headers, body).await;
    }
}

/// Members of the arguments of a call whose names are alike.
fn twins(call: &Call) -> Vec<Twins> {
    let asks = call.kind != MessageKind::Response && matches!(&*call.method, "tools/call" | "prompts/get");
    let message = call.message.as_ref().filter(|_| asks);
    message.and_then(|message| message.field(Field::Arguments)).map(twin::find).unwrap_or_default()
}
