//! Servers behind the gateway: whether they are there, take its credential, and which revisions they speak.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Access, access};

use super::finding::{Fault, Finding};
use crate::config::{Config, ServerConfig};
use crate::upstream::{AnswerError, HttpUpstream, Revisions};

/// Time one question to a server may take.
const LOOK: Duration = Duration::from_secs(5);

pub(super) async fn examine(config: &Config, findings: &mut Vec<Finding>) {
    for server in &config.servers {
        if let Some(credential) = server.http.as_ref().and_then(|http| http.credential.as_ref()) {
            let what = format!("credential of server `{}`", server.name);
            let read = credential.value.read();
            findings.push(Finding::of(what, Fault::Setup, &read, "put the secret where `value` says it is"));
            if read.is_err() {
                continue;
            }
        }
        findings.push(reach(server).await);
    }
}

async fn reach(server: &ServerConfig) -> Finding {
    let what = format!("server `{}`", server.name);
    if let Some(stdio) = &server.stdio {
        let program = stdio.command.first().map_or("", String::as_str);
        let found = find_program(program)
            .ok_or_else(|| format!("program `{program}` is not in PATH, or may not be run"));
        return Finding::of(what, Fault::Setup, &found, "install it, or write its path in `stdio.command`");
    }
    let Some(http) = &server.http else {
        let advice = "give it one of them";
        return Finding::wrong(what, Fault::Setup, "it has neither `http` nor `stdio`", advice);
    };
    let upstream = match HttpUpstream::new(http, LOOK) {
        Ok(upstream) => upstream,
        Err(cause) => return Finding::wrong(what, Fault::Setup, cause, "correct `http` of this server"),
    };
    match upstream.probe().await {
        Ok(revisions) => Finding::good(what, Some(spoken(&revisions))),
        Err(error) => {
            let credential = http.credential.is_some();
            Finding::wrong(what, Fault::Upstream, error.to_string(), advice(&error, credential))
        }
    }
}

fn spoken(revisions: &Revisions) -> String {
    let modern =
        (!revisions.modern.is_empty()).then(|| format!("without sessions {}", revisions.modern.join(", ")));
    let legacy = revisions.legacy.as_ref().map(|revision| format!("with `initialize` {revision}"));
    let spoken: Vec<_> = [modern, legacy].into_iter().flatten().collect();
    let missing = match (revisions.modern.is_empty(), revisions.legacy.is_none()) {
        (true, false) => "; callers of revision 2026-07-28 fall back to `initialize` by themselves",
        (false, true) => "; callers that know only `initialize` are refused by it",
        _ => "",
    };
    format!("it speaks {}{missing}", spoken.join(" and "))
}

fn advice(error: &AnswerError, credential: bool) -> &'static str {
    match error {
        AnswerError::Credential(_) if credential => {
            "renew the secret that `http.credential` names; it was refused"
        }
        AnswerError::Credential(_) => {
            "give the server a `http.credential`; callers' own tokens never go there"
        }
        AnswerError::Unreachable(_) => "start it, or correct `http.url`; try it with curl from this machine",
        AnswerError::Timeout(_) => {
            "it is overloaded or a firewall swallows packets; try it with curl from this machine"
        }
        AnswerError::TooLarge(_) | AnswerError::Malformed(_) => {
            "correct `http.url`: it must be the MCP endpoint itself, often `/mcp`"
        }
    }
}

fn find_program(program: &str) -> Option<PathBuf> {
    let runs = |file: &Path| file.is_file() && access(file, Access::EXEC_OK).is_ok();
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|file| runs(file));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|file| runs(file))
}
