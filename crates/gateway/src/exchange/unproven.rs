//! Nobody: a request whose credential proves no identity. Recorded (one by one, or in a flood as a count), then
//! challenged.

use std::sync::Arc;

use uuid::Uuid;

use super::{Gateway, refuse};
use crate::identity::{API, AuthFailure};
use crate::ledger::{Denial, DenialKind};
use crate::model::{Context, Principal, TokenId};
use crate::refusal::Refusal;
use crate::reply::{self, Reply};

/// An attempt to be recorded.
pub(crate) struct Attempt {
    /// The request, for the record.
    pub(crate) call: Uuid,
    /// What it asked for; none for the gateway's own API.
    pub(crate) server: Option<Arc<str>>,
    /// Under which circumstances.
    pub(crate) context: Context,
}

impl Gateway {
    /// Records a failed authentication and answers it with the challenge of its server or of the API.
    ///
    /// # Errors
    /// The refusal to answer with when it cannot be recorded.
    pub(crate) async fn challenge(&self, attempt: Attempt, failure: AuthFailure) -> Result<Reply, Refusal> {
        let call = attempt.call;
        let resource = attempt.server.as_deref().unwrap_or(API);
        let challenge = self.authenticator.challenge(resource, &failure).ok_or(Refusal::UnknownServer)?;
        let reason = failure.reason;
        self.unproven(attempt, (failure.issuer, failure.token), reason.face().code).await?;
        let (status, headers, body) = refuse::challenge(call, reason, challenge);
        Ok(reply::whole(status, headers, body))
    }

    /// Records a failed authentication. `claimed` is what the credential says of itself, `reason` a stable word.
    ///
    /// # Errors
    /// The refusal to answer with when it cannot be recorded.
    pub(crate) async fn unproven(
        &self,
        attempt: Attempt,
        claimed: (Option<String>, Option<TokenId>),
        reason: &'static str,
    ) -> Result<(), Refusal> {
        self.metrics.auth_failures.inc();
        let denial = Denial {
            kind: DenialKind::Unproven,
            call: attempt.call,
            principal: Arc::new(Principal::anonymous(claimed.0, claimed.1)),
            context: attempt.context,
            server: attempt.server,
            message: None,
            method: None,
            target: None,
            statement: None,
            decision: None,
            refusal: Refusal::Unauthenticated.face().code,
            reason: Some(reason),
            count: 1,
            body: None,
        };
        let Some(denial) = self.flood.admit(denial) else { return Ok(()) };
        self.ledger.deny(denial).await.map(drop).map_err(|_| Refusal::LedgerUnavailable)
    }
}
