//! Buttons of a Slack message, or of anything that speaks like Slack: the request is proven by its signature, the
//! person by the configured list.
//!
//! Specification: <https://docs.slack.dev/authentication/verifying-requests-from-slack> (`v0`),
//! <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::problem::Problem;
use super::{approval, circumstances, collect, place};
use crate::approval::{Approver, Ballot, NotPressed};
use crate::exchange::Gateway;
use crate::exchange::unproven::Attempt;
use crate::identity::Trust;
use crate::limits;
use crate::model::Principal;
use crate::refusal::Refusal;

/// Takes one press of a button.
pub(super) async fn interact(
    gateway: &Arc<Gateway>,
    call: Uuid,
    address: IpAddr,
    headers: &HeaderMap,
    body: Incoming,
) -> Result<Value, Problem> {
    let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (signature, timestamp) = (field("x-slack-signature"), field("x-slack-request-timestamp"));
    let (principal, body, _place) = match prove(gateway, signature, timestamp, body).await? {
        Ok(proven) => proven,
        Err(unsigned) => {
            let attempt = Attempt { call, server: None, context: circumstances(gateway, address, headers) };
            gateway.unproven(attempt, (None, None), unsigned.code()).await.map_err(Problem::of)?;
            return Err(Problem::unsigned(unsigned));
        }
    };
    let context = circumstances(gateway, address, headers);
    // Groups and issuer of this person stand in the configuration.
    let (principal, trust) = (Arc::new(principal), Trust::Given);
    let approver = Approver { principal, context, trust, through: Some("slack") };
    let (id, ballot) = pressed(&body).ok_or_else(|| Problem::request("it presses no button of ours"))?;
    let set = gateway.policies.current();
    match gateway.approvals.decide(&set, id, &approver, &ballot).await {
        Ok(state) => Ok(json!({ "text": format!("approval {id} is {}", state.as_str()) })),
        Err(refused) => {
            let problem =
                approval::record_refusal(gateway, call, &approver, refused, "approvals/slack").await;
            // Slack shows nobody an HTTP error: the sentence goes where the button was.
            Ok(json!({ "response_type": "ephemeral", "replace_original": false, "text": problem.detail }))
        }
    }
}

/// Who pressed, what was signed, and a place to act on it. What the head alone refutes is refused by it, and the body of
/// somebody who has proven nothing is awaited in few places of its own: calls need the others.
async fn prove(
    gateway: &Gateway,
    signature: &str,
    timestamp: &str,
    body: Incoming,
) -> Result<Result<(Principal, Bytes, OwnedSemaphorePermit), NotPressed>, Problem> {
    let approvals = &gateway.approvals;
    if let Err(unsigned) = approvals.slack_head(signature, timestamp) {
        return Ok(Err(unsigned));
    }
    let reading = gateway.presses.try_acquire().map_err(|_| Problem::of(Refusal::Overloaded))?;
    let body = collect(body, limits::API_BODY_BYTES_MAX, limits::SLACK_BODY_TIMEOUT_MS).await?;
    drop(reading);
    let principal = match approvals.slack_person(signature, timestamp, &body) {
        Ok(principal) => principal,
        Err(unsigned) => return Ok(Err(unsigned)),
    };
    let place = place(gateway)?;
    Ok(if approvals.slack_once(signature).await? {
        Ok((principal, body, place))
    } else {
        Err(NotPressed::Replay)
    })
}

/// Which button was pressed.
fn pressed(body: &[u8]) -> Option<(Uuid, Ballot)> {
    let payload = payload(body)?;
    let action = payload["actions"].as_array().filter(|actions| actions.len() == 1)?.first()?;
    let id = action["value"].as_str()?.parse().ok()?;
    let ballot = match action["action_id"].as_str()? {
        "approve" => Ballot::Approve { reason: None, passkey: None },
        "reject" => Ballot::Reject { reason: "rejected in Slack".to_owned() },
        _ => return None,
    };
    Some((id, ballot))
}

fn payload(body: &[u8]) -> Option<Value> {
    let (_, payload) = url::form_urlencoded::parse(body).find(|(name, _)| name == "payload")?;
    let payload: Value = serde_json::from_str(&payload).ok()?;
    (payload["type"] == "block_actions").then_some(payload)
}
