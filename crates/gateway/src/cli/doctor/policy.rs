//! Policies: whether they are valid, and whether what they name exists.

use super::finding::{Fault, Finding};
use crate::config::Config;
use crate::ledger::keyring;
use crate::limits;
use crate::model::TargetKind;
use crate::policy::{Known, PolicySet, Problem, directory, doubts};
use crate::store::Db;
use crate::store::definition::{self, Standing};

pub(super) fn examine(config: &Config, db: Option<&Db>, findings: &mut Vec<Finding>) {
    let place = &config.policy.directory;
    let what = format!("policies in `{}`", place.display());
    let read = directory::read(place).and_then(|sources| Ok((PolicySet::parse(&sources)?, sources)));
    let (set, sources) = match read {
        Ok(read) => read,
        Err(rejected) => {
            let advice = "correct the file, then `countersign policy check`";
            findings.push(Finding::wrong(what, Fault::Setup, rejected.to_string(), advice));
            return;
        }
    };
    findings.push(Finding::good(what, None));
    if set.policies().is_empty() {
        let advice = "write one; `policies/` of the source has examples to begin with";
        findings.push(Finding::doubtful(
            "policies",
            Fault::Setup,
            "there are none, so every call is denied",
            advice,
        ));
    }
    let servers = config.servers.iter().map(|server| server.name.clone()).collect();
    let listed = db.and_then(|db| listed(config, db));
    let changed = |(_, standing): &&(String, Standing)| standing.pinned != standing.current;
    if let Some(drifted) =
        listed.as_ref().map(|listed| listed.iter().filter(changed).count()).filter(|count| *count > 0)
    {
        findings.push(Finding::doubtful(
            "definitions",
            Fault::Upstream,
            format!("{drifted} changed since they were pinned; policies may hold or refuse them"),
            "look at them with `countersign tools list --drifted`, then accept what is right",
        ));
    }
    let is_tool = |(_, standing): &&(String, Standing)| standing.kind == TargetKind::Tool.as_str();
    let tools = listed.map(|listed| {
        listed
            .iter()
            .filter(is_tool)
            .map(|(server, standing)| format!("{server}/{}", standing.name))
            .collect()
    });
    let doubts = doubts(&set, &sources, &Known { servers: Some(servers), tools });
    if !doubts.is_empty() {
        let lines: Vec<_> =
            doubts.into_iter().map(|doubt| Problem { help: None, ..doubt }.to_string()).collect();
        let advice = "`countersign policy check` shows the lines, and names that may have been meant";
        findings.push(Finding::doubtful("policies", Fault::Setup, lines.join("\n"), advice));
    }
}

/// What servers listed, as far as the catalog knows: server and standing.
fn listed(config: &Config, db: &Db) -> Option<Vec<(String, Standing)>> {
    let limit = u32::try_from(limits::CATALOG_ENTRIES_MAX).unwrap_or(u32::MAX);
    let seal = keyring::read_row_seal(&config.storage.key_directory()).ok()?;
    let mut all = Vec::new();
    for server in &config.servers {
        let found = db.read_now("catalog", |read| definition::of_server(read, &seal, &server.name, limit));
        let (found, _) = found.ok()?;
        all.extend(found.into_iter().map(|standing| (server.name.clone(), standing)));
    }
    Some(all)
}
