//! Who asks: a bearer credential for the API, or the cookie of somebody signed in to the console.
//!
//! A browser sends its cookie with whatever any page makes it ask for. So a request with the cookie counts only when it
//! comes from the gateway's own page (`Sec-Fetch-Site`, <https://www.w3.org/TR/fetch-metadata/>, or `Origin`), and changes
//! something only with the token that this page was given.

use std::net::IpAddr;

use http::header::{AUTHORIZATION, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method};
use uuid::Uuid;

use super::problem::Problem;
use super::{Asked, Turned, circumstances};
use crate::approval::Approver;
use crate::exchange::Gateway;
use crate::exchange::unproven::Attempt;
use crate::identity::{API, NotSignedIn};
use crate::ledger::{Denial, DenialKind};
use crate::mcp::method::Direction;
use crate::model::{Decision, Effect, MessageKind};
use crate::policy::{Definition, Duty, PolicySet, Question};
use crate::refusal::Refusal;
use crate::sign_in::{self, SignInError, Visit};

/// Header field with the token of a page's requests.
const CSRF: &str = "x-csrf-token";

/// Proves who asks.
pub(super) async fn identify(
    gateway: &Gateway,
    call: Uuid,
    address: IpAddr,
    head: &Parts,
) -> Result<(Approver, Option<Visit>), Turned> {
    let context = circumstances(gateway, address, &head.headers);
    // Whoever brings a credential of their own is judged by that alone.
    if head.headers.contains_key(AUTHORIZATION) || !sign_in::is_visit(&head.headers) {
        let proven = gateway.authenticator.authenticate(API, &head.headers, &head.uri).await;
        return match proven {
            Ok(principal) => {
                let trust = gateway.authenticator.trust(&principal.party.issuer);
                Ok((Approver { principal, context, trust, through: None }, None))
            }
            Err(failure) => {
                let challenged = gateway.challenge(Attempt { call, server: None, context }, failure).await;
                Err(challenged.map_or_else(|refusal| Problem::of(refusal).into(), Turned::Reply))
            }
        };
    }
    let visit = match gateway.sign_ins.visit(&gateway.authenticator, &head.headers).await {
        Ok(visit) => visit,
        Err(error) => {
            let attempt = Attempt { call, server: None, context };
            return Err(not_signed_in(gateway, attempt, error).await.into());
        }
    };
    let principal = visit.principal.clone();
    let trust = gateway.authenticator.trust(&principal.party.issuer);
    let caller = Approver { principal, context, trust, through: None };
    if let Err(problem) = require_own_page(&head.method, &head.headers) {
        return Err(record(gateway, call, &caller, problem, "api/page", None).await.into());
    }
    Ok((caller, Some(visit)))
}

/// The request comes from a page of the gateway, and one that changes something carries its token.
pub(crate) fn require_own_page(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let site = headers.get("sec-fetch-site").map(http::HeaderValue::as_bytes);
    let changes = !matches!(*method, Method::GET | Method::HEAD);
    let own = match site {
        Some(b"same-origin") => true,
        // Typed into the address bar, or a bookmark.
        Some(b"none") => !changes,
        Some(_) => false,
        // A browser without the field sends `Origin` with what changes something; `endpoint` has checked whose.
        None => !changes || headers.contains_key(ORIGIN),
    };
    let token = headers.get(CSRF).and_then(|token| token.to_str().ok()).unwrap_or_default();
    if own && (!changes || sign_in::carries(headers, token)) { Ok(()) } else { Err(Problem::cross_site()) }
}

impl Asked {
    /// Whether policy permits the caller a duty in the gateway.
    pub(super) fn permits(&self, duty: Duty, set: &PolicySet) -> Result<Decision, Decision> {
        let who = &self.caller.principal;
        let question = Question {
            principal: who,
            server: &self.gateway.deployment,
            method: duty.as_str(),
            kind: MessageKind::Request,
            direction: Direction::ToUpstream,
            target: None,
            arguments: None,
            statement: None,
            context: &self.caller.context,
            definition: Definition::Unknown,
        };
        let mut decision = set.permits(duty, &question);
        // A group of an issuer that was never trusted with the gateway may have the name of one that was.
        if !self.gateway.authenticator.gives_roles(&who.party.issuer) {
            decision.effect = Effect::Deny;
        }
        if decision.effect == Effect::Allow { Ok(decision) } else { Err(decision) }
    }
}

/// Requires that policy permits a duty in the gateway; a refusal is put on record.
pub(super) async fn permit(asked: &Asked, duty: Duty) -> Result<(), Problem> {
    let set = asked.gateway.policies.current();
    match asked.permits(duty, &set) {
        Ok(_) => Ok(()),
        Err(decision) => {
            let problem = Problem::not_permitted(duty);
            let (gateway, caller) = (&asked.gateway, &asked.caller);
            Err(record(gateway, asked.call, caller, problem, duty.as_str(), Some(decision)).await)
        }
    }
}

/// Puts on record that somebody proven was refused.
pub(super) async fn record(
    gateway: &Gateway,
    call: Uuid,
    caller: &Approver,
    problem: Problem,
    method: &'static str,
    decision: Option<Decision>,
) -> Problem {
    let denial = Denial {
        kind: DenialKind::Refused,
        call,
        principal: caller.principal.clone(),
        context: caller.context.clone(),
        server: None,
        message: None,
        method: Some(method.into()),
        statement: None,
        target: None,
        decision,
        refusal: problem.code,
        reason: None,
        count: 1,
        body: None,
    };
    match gateway.ledger.deny(denial).await {
        Ok(_receipt) => problem,
        Err(_) => Problem::of(Refusal::LedgerUnavailable),
    }
}

/// The cookie stands for nobody.
async fn not_signed_in(gateway: &Gateway, attempt: Attempt, error: SignInError) -> Problem {
    match error {
        SignInError::Store(_) | SignInError::Randomness(_) => Problem::of(Refusal::LedgerUnavailable),
        SignInError::Issuer(NotSignedIn::Unavailable) => Problem::issuer_unavailable(),
        _ => match gateway.unproven(attempt, (None, None), "signed_out").await {
            Ok(()) => Problem::signed_out(),
            Err(refusal) => Problem::of(refusal),
        },
    }
}

/// Puts on record that somebody failed to sign in to the console.
///
/// # Errors
/// [`Problem`] when it cannot be recorded.
pub(crate) async fn note_failed_sign_in(
    gateway: &Gateway,
    address: IpAddr,
    headers: &HeaderMap,
    reason: &'static str,
) -> Result<(), Problem> {
    let call = crate::clock::new_id(&*gateway.clock);
    let attempt = Attempt { call, server: None, context: circumstances(gateway, address, headers) };
    gateway.unproven(attempt, (None, None), reason).await.map_err(Problem::of)
}
