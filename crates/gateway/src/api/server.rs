//! Servers: how they do, what they list, what of it changed, and accepting a change.

use evidence::merkle::Hash;
use serde_json::{Value, json};

use super::problem::Problem;
use super::{Asked, caller, hex, time};
use crate::acceptance::{Error as Refused, Request};
use crate::exchange::{Gateway, Server};
use crate::identity::IssuerState;
use crate::limits;
use crate::model::TargetKind;
use crate::seal::Seal;
use crate::store::definition::{self, Standing};
use crate::store::{self, lane};
use crate::upstream::Upstream;

/// `GET /api/v1/servers`.
pub(super) async fn list(asked: Asked) -> Result<Value, Problem> {
    let gateway = asked.gateway.clone();
    let mut servers = Vec::new();
    let mut names: Vec<_> = gateway.servers.keys().cloned().collect();
    names.sort_unstable();
    let seal = gateway.ledger.row_seal();
    let read = gateway.db.read("servers", move |read| {
        let lanes = lane::page(read, limits::API_LANES_MAX)?;
        let of = |name: String| Ok((of_server(read, &seal, &name)?, name));
        Ok((lanes, names.into_iter().map(of).collect::<Result<Vec<_>, store::Error>>()?))
    });
    let (lanes, known) = read.await?;
    for (standings, name) in known {
        let Some(server) = gateway.servers.get(&name) else { continue };
        let drifted = standings.iter().filter(|standing| standing.pinned != standing.current).count();
        let (transport, health, detail) = health(server);
        let seen = server.health.seen();
        servers.push(json!({
            "name": name,
            "transport": transport,
            "health": health,
            "detail": detail,
            "since": seen.since.map(|at| at.to_string()),
            "last_success": seen.last_success.map(|at| at.to_string()),
            "last_failure": seen.last_failure.map(|at| at.to_string()),
            "tools": standings.iter().filter(|standing| standing.kind == "tool").count(),
            "listed": standings.len(),
            "drifted": drifted,
        }));
    }
    let issuers = gateway.authenticator.health().into_iter().map(|issuer| {
        let state = match issuer.state {
            IssuerState::Ready => "ready",
            IssuerState::Stale => "stale",
            IssuerState::Unavailable => "unavailable",
        };
        json!({ "name": issuer.name, "state": state, "fetched": issuer.fetched.map(|at| at.to_string()) })
    });
    let alive = lanes.iter().filter(|lane| lane.closed.is_none());
    let gateways =
        alive.map(|lane| json!({ "lane": lane.number, "opened": time(lane.opened), "alive": true }));
    Ok(json!({
        "servers": servers,
        "issuers": issuers.collect::<Vec<_>>(),
        "gateways": gateways.collect::<Vec<_>>(),
    }))
}

/// What this gateway knows without asking the server: how calls went; of a program, whether it failed to start or ended
/// last.
fn health(server: &Server) -> (&'static str, &'static str, Option<String>) {
    let seen = server.health.seen();
    match &server.upstream {
        Upstream::Canary(_) => ("canary", "ok", None),
        Upstream::Http(_) => {
            // The words are ours: what a server answers is not told.
            let cause = seen.cause.filter(|_| seen.failures > 0);
            let detail =
                cause.map(|cause| format!("{}, {} times in a row", cause.face().what, seen.failures));
            ("http", seen.word(), detail)
        }
        Upstream::Stdio(stdio) => {
            let health = stdio.health();
            let running = !health.processes.is_empty();
            match (running, &health.last_failure) {
                (true, _) => ("stdio", "ok", None),
                // What a program wrote is no word of ours: only that it failed is told.
                (false, Some(_)) => {
                    ("stdio", "failing", Some(format!("failed to start or ended {} times", health.failures)))
                }
                (false, None) => ("stdio", "unknown", None),
            }
        }
    }
}

async fn standings(gateway: &Gateway, server: &str) -> Result<Vec<Standing>, store::Error> {
    let (name, seal) = (server.to_owned(), gateway.ledger.row_seal());
    gateway.db.read("definitions", move |read| of_server(read, &seal, &name)).await
}

fn of_server(read: &mut store::Read<'_>, seal: &Seal, name: &str) -> Result<Vec<Standing>, store::Error> {
    let limit = u32::try_from(limits::CATALOG_ENTRIES_MAX).unwrap_or(u32::MAX);
    Ok(definition::of_server(read, seal, name, limit)?.0)
}

/// `GET /api/v1/servers/{name}/tools`.
pub(super) async fn tools(asked: Asked) -> Result<Value, Problem> {
    let name = known(&asked)?;
    let mut tools = Vec::new();
    for standing in standings(&asked.gateway, &name).await? {
        tools.push(tool(&asked.gateway, &name, standing).await?);
    }
    Ok(json!({ "tools": tools }))
}

async fn tool(gateway: &Gateway, server: &str, standing: Standing) -> Result<Value, Problem> {
    let (name, key, seal) = (server.to_owned(), standing.clone(), gateway.ledger.row_seal());
    let drifted = standing.pinned != standing.current;
    let read = gateway.db.read("definition", move |read| {
        let which = (&*name, &*key.kind, &*key.name);
        let find = |read: &mut store::Read<'_>, hash| definition::find(read, &seal, which, hash);
        let pinned = find(read, &key.pinned)?;
        let current = if drifted { find(read, &key.current)? } else { None };
        Ok((pinned, current))
    });
    let (pinned, current) = read.await?;
    let body =
        |found: &definition::Definition| serde_json::from_slice::<Value>(&found.body).unwrap_or(Value::Null);
    let drift = current.map(|current| {
        json!({ "hash": hex(current.hash), "since": time(current.since), "definition": body(&current) })
    });
    Ok(json!({
        "kind": standing.kind,
        "name": standing.name,
        "first_seen": time(standing.pinned_since),
        "hash": hex(standing.pinned),
        "state": if drifted { "drifted" } else { "pinned" },
        "definition": pinned.as_ref().map(body),
        "drift": drift,
    }))
}

/// The configured server that the path names.
fn known(asked: &Asked) -> Result<String, Problem> {
    let name = asked.path.first().filter(|name| asked.gateway.servers.contains_key(*name));
    name.cloned().ok_or_else(|| Problem::unknown("there is no such server"))
}

/// `POST /api/v1/servers/{name}/tools/{tool}/accept`, with `{"hash": "...", "reason": "..."}`.
pub(super) async fn accept(asked: Asked) -> Result<Value, Problem> {
    let server = known(&asked)?;
    let name = asked.path.get(1).cloned().unwrap_or_default();
    let kind = asked.query("kind").unwrap_or("tool");
    let kind = TargetKind::parse(kind)
        .ok_or_else(|| Problem::request("`kind` is not `tool`, `prompt` or `resource`"))?;
    let text = |member: &str| asked.body[member].as_str().map(str::to_owned);
    let looked_at = text("hash").and_then(|hash| hash.parse::<Hash>().ok());
    let (Some(looked_at), Some(reason)) = (looked_at, text("reason")) else {
        return Err(Problem::request("the body is `{\"hash\": \"...\", \"reason\": \"...\"}`"));
    };
    let found = standings(&asked.gateway, &server).await?;
    let found = found.into_iter().find(|standing| standing.kind == kind.as_str() && standing.name == name);
    let Some(standing) = found else { return Err(Problem::unknown("the server never listed this")) };
    if standing.current != *looked_at.as_bytes() {
        let stale = Problem::stale("the server lists another definition by now: look at it first");
        return Err(
            caller::record(&asked.gateway, asked.call, &asked.caller, stale, "tools/accept", None).await
        );
    }
    let who = &asked.caller.principal.party;
    let request = Request {
        server: server.clone(),
        kind,
        name: name.clone(),
        definition: *looked_at.as_bytes(),
        reason,
        // As leaves name people: never by name.
        accepted_by: asked.gateway.ledger.actor(who),
    };
    let gateway = asked.gateway.clone();
    let accepted = tokio::task::spawn_blocking(move || gateway.acceptances.accept(&request)).await;
    match accepted.map_err(|_| Problem::of(crate::refusal::Refusal::Internal))? {
        Ok(()) => {}
        Err(Refused::Request(detail)) => return Err(Problem::request(detail)),
        Err(Refused::Store(error)) => return Err(error.into()),
        Err(Refused::Ledger(_)) => return Err(Problem::of(crate::refusal::Refusal::LedgerUnavailable)),
    }
    // The leaf now rather than with the next look, so that the answer shows it.
    if let Err(error) = asked.gateway.acceptances.step(&asked.gateway.catalog, &asked.gateway.ledger).await {
        tracing::warn!(%error, "an accepted definition is not in force yet");
    }
    let standing = standings(&asked.gateway, &server).await?;
    let standing =
        standing.into_iter().find(|standing| standing.kind == kind.as_str() && standing.name == name);
    match standing {
        Some(standing) => tool(&asked.gateway, &server, standing).await,
        None => Err(Problem::unknown("the server never listed this")),
    }
}
