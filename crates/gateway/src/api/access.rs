//! `GET /api/v1/access?at=<time>&server=<name>&group=<name>&people=groups|persons`: who may do what, computed from the
//! policies in force, now or then.

use serde_json::Value;

use super::Asked;
use super::problem::Problem;
use crate::refusal::Refusal;
use crate::report::access::{Basis, Error, Matrix, People, Records, Wanted, concerns, to_json};

pub(super) async fn show(asked: Asked) -> Result<Value, Problem> {
    let computed = tokio::task::spawn_blocking(move || compute(&asked));
    computed.await.unwrap_or_else(|_| Err(Problem::of(Refusal::Internal)))
}

fn compute(asked: &Asked) -> Result<Value, Problem> {
    let text = |name: &str| asked.query(name).filter(|value| !value.is_empty());
    let people = match text("people") {
        None | Some("groups") => People::InGroups,
        Some("persons") => People::OneByOne,
        Some(_) => return Err(Problem::request("`people` is `groups` or `persons`")),
    };
    let at = text("at").map(str::parse::<jiff::Timestamp>).transpose();
    let at = at.map_err(|_| Problem::request("`at` is not an RFC 3339 time"))?;
    let basis = basis(asked, at)?;
    let server = text("server").map(str::to_owned);
    if let Some(server) = server.as_ref().filter(|server| !basis.servers.contains_key(*server)) {
        return Err(Problem::unknown(format!("there was no server `{server}` at that time")));
    }
    let wanted = Wanted { people, server, group: text("group").map(str::to_owned) };
    let matrix = Matrix::of(&basis, &wanted);
    let concerns = if people == People::InGroups { concerns(&basis, &matrix) } else { Vec::new() };
    Ok(to_json(&basis, &matrix, &concerns))
}

fn basis(asked: &Asked, at: Option<jiff::Timestamp>) -> Result<Basis, Problem> {
    let gateway = &asked.gateway;
    let configured: Vec<String> = gateway.servers.keys().cloned().collect();
    // Which servers were configured earlier, the log does not say: then it is those that were seen.
    let configured = at.is_none().then_some(configured.as_slice());
    let records = Records { db: &gateway.db, vault: Some(gateway.ledger.vault()), configured };
    let at = at.unwrap_or_else(|| gateway.clock.now()).as_microsecond();
    records.basis(at).map_err(|error| match error {
        Error::NothingInForce => Problem::unknown("no policies were in force at that time"),
        Error::Store(error) => error.into(),
        error => {
            tracing::error!(%error, "who may do what cannot be computed");
            Problem::of(Refusal::Internal)
        }
    })
}
