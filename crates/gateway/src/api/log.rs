//! The log: how it stands, its checkpoints, and what a browser needs to verify it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use evidence::merkle::{leaf_hash, prove_inclusion};
use evidence::tile::{Row, Tile, WIDTH_MAX, push_entry};
use serde_json::{Value, json};

use super::problem::Problem;
use super::{Answered, Asked, hex, time};
use crate::follower;
use crate::ledger::State;
use crate::limits;
use crate::store::{self, ErrorKind, checkpoint, entry, epoch, lane, tree};

/// Hashes in a tile, entries in a bundle.
const WIDTH: u64 = WIDTH_MAX as u64;

/// `GET /api/v1/log`.
pub(super) async fn show(asked: Asked) -> Result<Value, Problem> {
    let gateway = &asked.gateway;
    let epoch = gateway.ledger.epoch();
    let read = gateway.db.read("log", move |read| {
        Ok((checkpoint::latest(read, &epoch)?, lane::page(read, limits::API_LANES_MAX)?))
    });
    let (signed, lanes) = read.await?;
    let health = gateway.ledger.health();
    let (state, reason) = match &health.state {
        State::Ready => ("ready", None),
        State::Blocked { reason } => ("blocked", Some(reason.to_string())),
        State::Stopped => ("stopped", None),
        State::Failed { reason } => ("failed", Some(reason.to_string())),
    };
    let assurance = gateway.anchors.assurance().await?;
    let lanes = lanes.iter().map(|lane| {
        json!({
            "number": lane.number,
            "opened": time(lane.opened),
            "closed": lane.closed.map(time),
            "alive": lane.closed.is_none(),
        })
    });
    Ok(json!({
        "origin": crate::ledger::origin(&gateway.deployment, epoch.number),
        "epoch": epoch.number,
        "first_index": epoch.first_index,
        "size": epoch.within(health.size),
        "published": signed.as_ref().map_or(0, |signed| epoch.within(signed.size)),
        "root": signed.as_ref().map(|signed| hex(signed.root)),
        "checkpoint": signed.as_ref().map(|signed| String::from_utf8_lossy(&signed.note).into_owned()),
        "checkpoint_at": signed.as_ref().map(|signed| time(signed.ts)),
        "key": gateway.ledger.verifier_key(),
        "state": state,
        "state_because": reason,
        "worries": health.worries.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "assurance": { "level": assurance.level, "why": assurance.why },
        "lanes": lanes.collect::<Vec<_>>(),
    }))
}

/// `GET /api/v1/log/checkpoint`: that of the current epoch, as tiles and bundles are.
pub(super) async fn checkpoint(asked: Asked) -> Result<Answered, Problem> {
    let epoch = asked.gateway.ledger.epoch();
    let signed = asked.gateway.db.read("checkpoint", move |read| checkpoint::latest(read, &epoch)).await?;
    let signed = signed
        .ok_or_else(|| Problem::unknown("nothing was signed yet: a gateway signs every ten seconds"))?;
    Ok(Answered::Bytes("text/plain; charset=utf-8", Bytes::from(signed.note)))
}

/// `GET /api/v1/log/checkpoints?before=<size>&limit=<count>`. Sizes and indexes of leaves count through all epochs.
pub(super) async fn checkpoints(asked: Asked) -> Result<Value, Problem> {
    let limit = asked.limit()?;
    let before = match asked.query("before") {
        None => u64::MAX,
        Some(size) => size.parse().map_err(|_| Problem::request("`before` is not a `next` of this list"))?,
    };
    let found =
        asked.gateway.db.read("checkpoints", move |read| checkpoint::page(read, before, limit)).await?;
    let next = found.last().filter(|_| found.len() == limit as usize).map(|last| last.size.to_string());
    let found = found.iter().map(|signed| {
        json!({
            "size": signed.size,
            "root": hex(signed.root),
            "at": time(signed.ts),
            "note": String::from_utf8_lossy(&signed.note),
        })
    });
    Ok(json!({ "checkpoints": found.collect::<Vec<_>>(), "next": next }))
}

/// `GET /api/v1/log/leaves?from=&n=`.
pub(super) async fn leaves(asked: Asked) -> Result<Value, Problem> {
    let number = |name: &str| {
        let parsed = asked.query(name).map(str::parse::<u64>).transpose();
        parsed.map_err(|_| Problem::request(format!("`{name}` is not a number")))
    };
    let (from, count) = (number("from")?, number("n")?.unwrap_or(WIDTH).clamp(1, WIDTH));
    let read = asked.gateway.db.read("leaves", move |read| {
        let size = tree::tip(read)?.map_or(0, |tip| tip.size);
        let from = from.unwrap_or(size.saturating_sub(count)).min(size);
        let mut leaves = Vec::new();
        entry::scan(read, from, size.min(from.saturating_add(count)), |stored| {
            leaves.push((stored.index, stored.leaf.to_vec()));
            Ok(())
        })?;
        Ok((size, leaves))
    });
    let (size, leaves) = read.await?;
    let leaves = leaves.iter().map(|(index, bytes)| {
        json!({
            "index": index,
            "hash": leaf_hash(bytes).to_string(),
            "leaf": serde_json::from_slice::<Value>(bytes).unwrap_or(Value::Null),
            "raw": STANDARD.encode(bytes),
        })
    });
    Ok(json!({ "size": size, "leaves": leaves.collect::<Vec<_>>() }))
}

/// `GET /api/v1/log/proof/{index}?size=`. The proof is within the epoch that the leaf is in.
pub(super) async fn proof(asked: Asked) -> Result<Value, Problem> {
    let index: Option<u64> = asked.path.first().and_then(|index| index.parse().ok());
    let index = index.ok_or_else(|| Problem::unknown("the path holds no index"))?;
    let size = asked.query("size").map(str::parse::<u64>).transpose();
    let size = size.map_err(|_| Problem::request("`size` is not a number"))?;
    let read = asked.gateway.db.read("proof", move |read| {
        let epoch = epoch::at(read, index)?;
        let signed = match size {
            Some(size) => checkpoint::of_size(read, size)?,
            None => checkpoint::latest(read, &epoch)?,
        };
        let end = epoch.end.unwrap_or(u64::MAX);
        let covering = |signed: &checkpoint::Signed| index < signed.size && signed.size <= end;
        let Some(signed) = signed.filter(covering) else { return Ok(None) };
        let (at, size) = (epoch.within(index), epoch.within(signed.size));
        let nodes = follower::Nodes::new(read, epoch, size);
        let leaf = nodes.node(0, at);
        let path = prove_inclusion(at, size, |level, index| nodes.node(level, index));
        nodes.finish()?;
        Ok(Some((epoch, signed, leaf, path.ok())))
    });
    let Some((epoch, signed, leaf, path)) = read.await? else {
        return Err(Problem::unknown(
            "no checkpoint of that size covers this leaf: they come every ten seconds",
        ));
    };
    let (Some(leaf), Some(path)) = (leaf, path) else { return Err(Problem::behind()) };
    Ok(json!({
        "epoch": epoch.number,
        "index": epoch.within(index),
        "size": epoch.within(signed.size),
        "key": asked.gateway.ledger.key_of(&epoch),
        "leaf_hash": leaf.to_string(),
        "path": path.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "root": hex(signed.root),
        "checkpoint": String::from_utf8_lossy(&signed.note),
    }))
}

/// `GET /api/v1/log/tile/{level}/{path}`: a hash tile (C2SP tlog-tiles).
pub(super) async fn tile(asked: Asked) -> Result<Answered, Problem> {
    let [level, path] = &*asked.path else { return Err(Problem::unknown("there is no such tile")) };
    serve(&asked, &format!("tile/{level}/{path}")).await
}

/// `GET /api/v1/log/tile/entries/{path}`: an entry bundle (C2SP tlog-tiles).
pub(super) async fn bundle(asked: Asked) -> Result<Answered, Problem> {
    let path = asked.path.first().map(String::as_str).unwrap_or_default();
    serve(&asked, &format!("tile/entries/{path}")).await
}

async fn serve(asked: &Asked, path: &str) -> Result<Answered, Problem> {
    let missing = || Problem::unknown("there is no such tile");
    let tile: Tile = path.parse().map_err(|_| missing())?;
    let epoch = asked.gateway.ledger.epoch();
    let read = asked.gateway.db.read("tile", move |read| {
        let size = tree::tip(read)?.map_or(0, |tip| epoch.within(tip.size));
        let width = u64::from(tile.width());
        let known = tile.row().hashes_in(size) / WIDTH > tile.index()
            || tile.row().hashes_in(size).saturating_sub(tile.index().saturating_mul(WIDTH)) >= width;
        if !known {
            return Ok(None);
        }
        let bytes = match tile.row() {
            Row::Hashes(level) => follower::hashes(read, &epoch, level, tile.index(), width)?
                .map(|hashes| hashes.iter().flat_map(|hash| *hash.as_bytes()).collect::<Vec<u8>>()),
            Row::Entries => {
                let (from, mut bundle) = (epoch.first_index + tile.index() * WIDTH, Vec::new());
                entry::scan(read, from, from + width, |stored| {
                    push_entry(&mut bundle, stored.leaf)
                        .map_err(|error| store::Error::new(ErrorKind::Corrupt, error.to_string()))
                })?;
                Some(bundle)
            }
        };
        Ok(Some(bytes))
    });
    let bytes = read.await?.ok_or_else(missing)?.ok_or_else(Problem::behind)?;
    Ok(Answered::Bytes("application/octet-stream", Bytes::from(bytes)))
}
