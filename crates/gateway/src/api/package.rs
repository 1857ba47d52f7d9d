//! Evidence packages: `/api/v1/evidence`.

use std::io::Read as _;

use bytes::Bytes;
use evidence::package::{Draw, Period, SAMPLES_MAX};
use evidence::time::Timestamp;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::problem::Problem;
use super::{Answered, Asked, time};
use crate::clock::instant_or_day;
use crate::depot::{self, Job, NotMade, Progress};
use crate::limits;
use crate::policy::Duty;
use crate::refusal::Refusal;
use crate::reply::{self, Delivery, Stream};
use crate::report::package::{Bodies, Order};

/// Bytes of a package that are read and sent at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// `GET /api/v1/evidence`.
pub(super) async fn list(asked: Asked) -> Result<Value, Problem> {
    let gateway = asked.gateway.clone();
    let jobs = blocking(move || depot::list(&gateway)).await?;
    let key = asked.gateway.ledger.verifier_key();
    let kept = asked.gateway.config.evidence.kept_hours;
    Ok(json!({ "packages": jobs.iter().map(shown).collect::<Vec<_>>(), "key": key, "kept_hours": kept }))
}

/// `GET /api/v1/evidence/{id}`.
pub(super) async fn show(asked: Asked) -> Result<Value, Problem> {
    let (id, gateway) = (id(&asked)?, asked.gateway.clone());
    Ok(shown(&blocking(move || depot::find(&gateway, id)).await?))
}

/// `POST /api/v1/evidence`, with `{"from", "to", "epoch": 2, "servers": [], "sealed": false, "sample": {"n", "seed", "of"}}`; only
/// the first two have to be there. A period that touches several epochs gives a package for each: answers the first.
pub(super) async fn start(asked: Asked) -> Result<Value, Problem> {
    let order = order(&asked)?;
    // What was said is for whoever may read it.
    let opens = order.bodies == Bodies::Opened || order.draw.is_some();
    if opens && asked.permits(Duty::ReadRecordings, &asked.gateway.policies.current()).is_err() {
        return Err(Problem::not_permitted(Duty::ReadRecordings));
    }
    let begun = depot::start(&asked.gateway, &asked.caller.principal, order).await;
    Ok(shown(&begun?))
}

/// `GET /api/v1/evidence/{id}/package`.
pub(super) async fn fetch(asked: Asked) -> Result<Answered, Problem> {
    let (id, gateway) = (id(&asked)?, asked.gateway.clone());
    let place = gateway.streams.clone().try_acquire_owned();
    let place = place.map_err(|_| Problem::of(Refusal::Overloaded))?;
    let (job, mut file) = blocking(move || depot::open(&gateway, id)).await?;
    let day = |instant: &str| instant.chars().take(10).collect::<String>();
    let epoch = job.epoch.map(|number| format!(".epoch-{number}")).unwrap_or_default();
    let name = format!("attachment; filename=\"evidence-{}-{}{epoch}.zip\"", day(&job.from), day(&job.until));
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    if let Some(content) = &job.content {
        headers.insert(CONTENT_LENGTH, content.bytes.into());
    }
    let (reply, stream) = reply::streaming(StatusCode::OK, headers);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        // A caller that is gone, or a file that breaks off, ends the answer before its length: they notice.
        if let Err(error) = send(&runtime, &stream, &mut file) {
            tracing::warn!(%error, package = %id, "an evidence package could not be read to its end");
        }
        drop(place);
    });
    Ok(Answered::Reply(reply))
}

fn send(runtime: &Handle, stream: &Stream, file: &mut std::fs::File) -> std::io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        let part = Bytes::copy_from_slice(&chunk[..read]);
        if runtime.block_on(stream.release(part)) == Delivery::Gone {
            return Ok(());
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NotMade> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|_| Problem::of(Refusal::Internal))??)
}

fn id(asked: &Asked) -> Result<Uuid, Problem> {
    let id = asked.path.first().and_then(|id| id.parse().ok());
    id.ok_or_else(|| NotMade::Unknown.into())
}

fn order(asked: &Asked) -> Result<Order, Problem> {
    let known = ["from", "to", "epoch", "servers", "sealed", "sample"];
    let members = asked.body.as_object().filter(|body| body.keys().all(|name| known.contains(&&**name)));
    let members =
        members.ok_or_else(|| Problem::request("the body is `{\"from\": \"...\", \"to\": \"...\"}`"))?;
    let period = Period { from: instant(members, "from")?, until: instant(members, "to")? };
    if period.from >= period.until {
        return Err(Problem::request("`to` is not after `from`"));
    }
    let named = members.get("servers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let servers: Vec<String> = named.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if servers.len() != named.len() || servers.len() > limits::SERVERS_MAX {
        return Err(Problem::request("`servers` are names of servers"));
    }
    let sealed = members.get("sealed").and_then(Value::as_bool) == Some(true);
    let draw = members.get("sample").filter(|sample| !sample.is_null()).map(draw).transpose()?;
    let bodies = if sealed { Bodies::Sealed } else { Bodies::Opened };
    let epoch = members.get("epoch").filter(|epoch| !epoch.is_null());
    let epoch = epoch.map(|epoch| epoch.as_u64().ok_or_else(|| Problem::request("`epoch` is a number")));
    Ok(Order { period, epoch: epoch.transpose()?, servers, counts: None, leavers: None, draw, bodies })
}

fn draw(sample: &Value) -> Result<Draw, Problem> {
    let n = sample["n"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(25);
    let seed = sample["seed"].as_str().filter(|seed| !seed.is_empty());
    let (Some(seed), true) = (seed, (1..=SAMPLES_MAX).contains(&n)) else {
        return Err(Problem::request(format!(
            "`sample` is `{{\"n\": 25, \"seed\": \"...\", \"of\": \"privileged\"}}`, `n` from 1 to {SAMPLES_MAX}"
        )));
    };
    let population = sample["of"].as_str().unwrap_or("privileged").to_owned();
    Ok(Draw { n, seed: seed.to_owned(), population })
}

/// An instant, or the beginning of a day in UTC.
fn instant(members: &Map<String, Value>, name: &str) -> Result<Timestamp, Problem> {
    let text = members.get(name).and_then(Value::as_str).unwrap_or_default();
    let instant = instant_or_day(text).and_then(|instant| Timestamp::from_micros(instant.as_microsecond()));
    instant.ok_or_else(|| Problem::request(format!("`{name}` is a day (`2026-07-01`) or an RFC 3339 time")))
}

fn shown(job: &Job) -> Value {
    let (state, percent, fault) = match &job.progress {
        Progress::Running(percent) => ("running", Some(*percent), None),
        Progress::Ready => ("ready", None, None),
        Progress::Failed(fault) => ("failed", None, Some(fault)),
    };
    json!({
        "id": job.id,
        "from": job.from,
        "to": job.until,
        "epoch": job.epoch,
        "servers": job.servers,
        "opened": job.opened,
        "samples": job.samples,
        "by": job.by,
        "created": time(job.created),
        "state": state,
        "percent": percent,
        "fault": fault,
        "content": job.content,
    })
}
