//! Step 7 while the glass is broken: a held call of a named person goes ahead without anybody's approval, also one that
//! waits already.
//!
//! One that waits is judged again, as if people had agreed to it. Of equal calls that wait for one request exactly one goes:
//! whoever repeated a call whose answer did not come wants its effect once.

use bytes::Bytes;
use uuid::Uuid;

use super::Caller;
use super::call::Call;
use super::hold::Refused;
use crate::approval::{Asked, Fault, Held, Record, Verdict};
use crate::mcp::envelope::Message;
use crate::mcp::method::Direction;
use crate::refusal::Refusal;

impl Caller {
    /// What lets a held call go: two administrators broke the glass for it. `asked`: it waits for this.
    pub(super) async fn let_go(&self, held: &Held, asked: Option<Uuid>) -> Option<Verdict> {
        let approvals = &self.gateway.approvals;
        // Nearly always: nothing to look up.
        if approvals.broken_glass() == 0 {
            return None;
        }
        approvals.let_go(held, asked).await.unwrap_or_else(|fault| {
            tracing::error!(%fault, "nobody can tell whether break-glass is in force: the call is held");
            None
        })
    }

    /// The same for a call that waits, or why it must not run any more. `None`: it goes on waiting.
    pub(super) async fn let_go_waiting(
        &self,
        call: &Call,
        held: &Held,
        asked: &Asked,
    ) -> Option<Result<Verdict, Refused>> {
        if !self.is_let_go(call).await.unwrap_or(false) {
            return None;
        }
        if let Some(refused) = self.end_overtaken(call, held, asked).await {
            return Some(Err(refused));
        }
        self.let_go(held, Some(asked.id)).await.map(Ok)
    }

    /// Whether a window in force is for the call of a task of ours.
    pub(super) async fn is_task_let_go(&self, record: &Record) -> Result<bool, Fault> {
        let Some(origin) = &record.content.task else { return Ok(false) };
        let message = Message::parse(Bytes::from(origin.message.clone())).map_err(|_| Fault::Malformed)?;
        self.is_let_go(&self.call(Direction::ToUpstream, message)).await
    }

    async fn is_let_go(&self, call: &Call) -> Result<bool, Fault> {
        let approvals = &self.gateway.approvals;
        if approvals.broken_glass() == 0 {
            return Ok(false);
        }
        let (who, server, target) = (&self.principal, &self.server.name, call.target.as_ref());
        Ok(approvals.under_breakglass(who, server, target, call.id).await?.is_some())
    }

    /// The call of a task was about to go under break-glass, which is over: its caller is told, and the request ends.
    pub(super) async fn mended(&self, asked: &Asked) -> Refused {
        let reason = "breakglass_over";
        match self.gateway.approvals.overtake(asked, reason).await {
            Ok(()) => Refused::because(Refusal::ApprovalExpired, asked.grant, reason),
            Err(_) => Refusal::LedgerUnavailable.into(),
        }
    }
}
