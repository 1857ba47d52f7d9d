//! Who the caller is, where people sign in, and the description of this API.

use serde_json::{Value, json};

use super::problem::Problem;
use super::{Asked, schema, time};
use crate::policy::{Duty, DutyPlace};

/// `GET /api/v1/me`.
pub(super) async fn me(asked: &Asked) -> Result<Value, Problem> {
    let who = &asked.caller.principal;
    let set = asked.gateway.policies.current();
    let gateway = Duty::ALL.into_iter().filter(|duty| duty.place() == DutyPlace::Gateway);
    let permitted = gateway.filter(|duty| asked.permits(*duty, &set).is_ok());
    let permissions: Vec<&str> = permitted.map(Duty::as_str).collect();
    let visit = asked.visit.as_ref();
    let breakglass = super::breakglass::in_force(asked).await?;
    let passkeys = asked.gateway.sign_ins.passkeys(&who.party).await?.len();
    Ok(json!({
        "name": who.name,
        "email": who.email,
        "issuer": who.party.issuer,
        "subject": who.party.subject,
        "id": format!("{}/{}", who.party.issuer, who.party.subject),
        "kind": who.kind.as_str(),
        "groups": who.groups,
        "permissions": permissions,
        "csrf": visit.map(|visit| &visit.csrf),
        "signed_in": visit.map(|visit| time(visit.began)),
        "ends": visit.map_or_else(|| who.expires.to_string(), |visit| time(visit.ends)),
        "through": if visit.is_some() { "console" } else { "bearer" },
        "deployment": &*asked.gateway.deployment,
        "breakglass": breakglass,
        "passkeys": { "available": asked.gateway.sign_ins.relying_party().is_some(), "registered": passkeys },
    }))
}

/// `GET /api/v1/sign-in`: public, and tells nothing that the page for signing in does not show.
pub(super) fn sign_in(asked: &Asked) -> Value {
    let issuers = asked.gateway.authenticator.sign_in_issuers().map(|(name, accounts)| {
        let hints = accounts.iter().map(|account| json!({ "hint": account.login, "label": account.label }));
        json!({ "name": name, "hints": hints.collect::<Vec<_>>() })
    });
    let issuers: Vec<Value> = issuers.collect();
    json!({ "deployment": &*asked.gateway.deployment, "issuers": issuers })
}

/// `GET /api/v1/openapi.json`.
pub(super) fn openapi() -> Value {
    schema::openapi()
}
