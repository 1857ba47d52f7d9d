//! Evidence: the database, its clock, the keys of the log, service keys that are about to end.

use std::sync::Arc;

use jiff::SignedDuration;

use super::finding::{Fault, Finding};
use crate::clock::Clock;
use crate::config::Config;
use crate::ledger::{self, Keyring, Missing, keyring};
use crate::limits;
use crate::service_key::Registry;
use crate::store::epoch::{self, Epoch};
use crate::store::{self, Access, Db, approval, notice, tree};

/// Answers the database, if it could be opened.
pub(super) fn examine(config: &Config, clock: &Arc<dyn Clock>, findings: &mut Vec<Finding>) -> Option<Db> {
    let db = database(config, &**clock, findings)?;
    keys(config, &db, findings);
    service_keys(config, &db, clock, findings);
    rows(&db, findings);
    let (what, assurance) = ("assurance level", crate::app::assurance(config, &db));
    findings.push(if assurance.level == "L0" {
        Finding::doubtful(
            what,
            Fault::Setup,
            assurance.to_string(),
            "have the checkpoints go to log lines that are kept elsewhere",
        )
    } else {
        Finding::good(what, Some(assurance.to_string()))
    });
    Some(db)
}

fn database(config: &Config, clock: &dyn Clock, findings: &mut Vec<Finding>) -> Option<Db> {
    let directory = &config.storage.directory;
    if config.storage.postgres.is_none() && !directory.exists() {
        findings.push(Finding::doubtful(
            format!("evidence in `{}`", directory.display()),
            Fault::Setup,
            "nothing there yet",
            "`countersign serve` creates it at its first start; look again afterwards",
        ));
        return None;
    }
    let (what, fault, advice) = match &config.storage.postgres {
        None => (
            format!("database in `{}`", directory.display()),
            Fault::Machine,
            "run this as the gateway's user, or correct `storage.directory`",
        ),
        Some(_) => (
            "database on the PostgreSQL server".to_owned(),
            Fault::Database,
            "see docs/operating.md, \"Several gateways\"; `countersign migrate` makes the schema",
        ),
    };
    let opened = Db::open(&config.storage, Access::ReadOnly);
    findings.push(Finding::of(what, fault, &opened, advice));
    let db = opened.ok()?;
    telling(&db, findings);
    let asked = clock.now();
    if let Ok(Some(there)) = db.server_time() {
        // The answer was on its way for at most this long; only what is left is a difference.
        let (before, after) = (there.duration_since(asked), there.duration_since(clock.now()));
        let ahead = if before.is_negative() { before } else { after.max(SignedDuration::ZERO) };
        findings.push(Finding::clock("clock of the PostgreSQL server", Fault::Database, ahead));
    }
    Some(db)
}

fn telling(db: &Db, findings: &mut Vec<Finding>) {
    let what = "news of changes by other gateways";
    match db.can_tell() {
        Ok(None) => {}
        Ok(Some(true)) => findings.push(Finding::good(what, Some("the database tells at once".to_owned()))),
        Ok(Some(false)) => findings.push(Finding::doubtful(
            what,
            Fault::Setup,
            "what the database tells does not arrive, so changes are looked for, up to seconds late: a pooler that gives \
             connections away between transactions is in between",
            "nothing, if seconds do; else let `storage.postgres.url` lead to the server itself",
        )),
        Err(error) => findings.push(Finding::doubtful(
            what,
            Fault::Database,
            format!("it cannot be found out whether the database tells: {error}"),
            "look at the number of connections that the server takes",
        )),
    }
}

fn keys(config: &Config, db: &Db, findings: &mut Vec<Finding>) {
    let epoch = db.read_now("epoch", epoch::current).unwrap_or(Epoch::FIRST).number;
    let keys = config.storage.key_directory();
    let origin = ledger::origin(&config.deployment, epoch);
    // Only when the public key is there already: opening the others would write it.
    let opened = keyring::read_key_of(&keys, epoch)
        .and_then(|_| Keyring::open_for(&keys, &origin, Missing::Refuse, config.signer.as_ref()));
    let advice = "put this log's keys there, readable by the gateway's user alone";
    findings.push(Finding::of(format!("keys in `{}`", keys.display()), Fault::Setup, &opened, advice));
    if let (Some(_), Ok(ring)) = (&config.signer, &opened) {
        let advice = "see what it says about itself; until it signs again no checkpoint is published";
        findings.push(Finding::of("signer of checkpoints", Fault::Setup, &ring.try_signer(), advice));
    }
    if keys.starts_with(&config.storage.directory) {
        findings.push(Finding::doubtful(
            "keys",
            Fault::Setup,
            "they lie beside the data they protect: whoever copies the directory can read and sign",
            "in production set `storage.keys` to another volume, and move them there",
        ));
    }
}

/// Whether rows say what a gateway wrote.
fn rows(db: &Db, findings: &mut Vec<Finding>) {
    let (what, fault) = ("rows of the database", Fault::Database);
    let looked = looked_at(db).and_then(|looked| {
        let refused = db.read_now("notices", notice::refused)?;
        Ok((looked, refused, db.read_now("approvals", approval::ruined)?))
    });
    let (looked, refused, ruined) = match looked {
        Ok(found) => found,
        Err(error) => {
            let advice = "look at the database";
            return findings.push(Finding::wrong(what, fault, format!("cannot be read: {error}"), advice));
        }
    };
    if let Some(first) = looked.altered.first() {
        let more = if looked.altered.len() < limits::COLUMNS_ALTERED_MAX { "" } else { " or more" };
        let detail = format!(
            "the columns by which {}{more} leaves are found are not what the leaves say, leaf {first} first",
            looked.altered.len()
        );
        let advice = "lists and searches miss them; export the log, which has them, and find out who writes to the database";
        findings.push(Finding::wrong(what, fault, detail, advice));
    } else {
        let all = if looked.count < looked.size { " newest" } else { "" };
        let seen = format!("the columns of the{all} {} leaves are what the leaves say", looked.count);
        findings.push(Finding::good(what, Some(seen)));
    }
    if refused > 0 {
        let detail = format!("{refused} rows in `notice` come from no command of this log");
        let advice = "look at those with `refused` or without an id of 16 bytes, find out who writes to the database, then delete them";
        findings.push(Finding::wrong("requests of commands", fault, detail, advice));
    }
    if ruined > 0 {
        let detail =
            format!("{ruined} rows in `approval` have columns that no gateway writes; they grant nothing");
        let advice = "lists name them `unreadable`; find out who writes to the database, then delete them";
        findings.push(Finding::wrong("calls that wait", fault, detail, advice));
    }
}

struct Looked {
    size: u64,
    count: u64,
    altered: Vec<u64>,
}

/// Looks at the newest leaves, page by page.
fn looked_at(db: &Db) -> Result<Looked, store::Error> {
    let size = db.read_now("tip", tree::tip)?.map_or(0, |tip| tip.size);
    let first = size.saturating_sub(limits::DOCTOR_LEAVES_MAX);
    let (mut from, mut altered) = (first, Vec::new());
    while from < size && altered.len() < limits::COLUMNS_ALTERED_MAX {
        let until = size.min(from + limits::COLUMNS_LEAVES);
        altered.extend(db.read_now("columns", |read| ledger::altered(read, from, until))?);
        from = until;
    }
    altered.truncate(limits::COLUMNS_ALTERED_MAX);
    Ok(Looked { size, count: from - first, altered })
}

fn service_keys(config: &Config, db: &Db, clock: &Arc<dyn Clock>, findings: &mut Vec<Finding>) {
    let Ok(seal) = keyring::read_service_key_seal(&config.storage.key_directory()) else { return };
    let Ok(keys) = Registry::new(db.clone(), seal, clock.clone()).list() else { return };
    let now = clock.now();
    for key in keys.iter().filter(|key| key.revoked.is_none() && key.terms.expires > now) {
        let left = key.terms.expires.duration_since(now);
        if left < SignedDuration::from_hours(24 * limits::SERVICE_KEY_EXPIRY_DAYS) {
            findings.push(Finding::doubtful(
                format!("service key `{}`", key.id),
                Fault::Setup,
                format!("`{}` works until {}, then its calls are refused", key.terms.name, key.terms.expires),
                "make a new one with `countersign key create`, give it to the program, then revoke this one",
            ));
        }
    }
}
