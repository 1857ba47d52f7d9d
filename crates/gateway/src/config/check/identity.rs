//! Who callers are.

use super::server::check_secret;
use super::{Path, Problem, Report};
use crate::config::problem::{choice, closest};
use crate::config::{ClaimMatch, ConsoleClient, Identity, Issuer, ServiceKeys};
use crate::limits;

/// Signature algorithms an issuer may use: the asymmetric ones of RFC 7518 and RFC 8037 that the gateway verifies.
const ALGORITHMS: &[&str] =
    &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

pub(super) fn check(identity: &Identity, path: &Path, report: &mut Report<'_>) {
    if identity.issuers.is_empty() && identity.service_keys == ServiceKeys::Refused {
        report.add(
            Problem::key(path.clone(), "nobody could ever sign in: no issuer, and service keys are refused")
                .hint("add an issuer to `issuers`, or set `service_keys: accepted`"),
        );
    }
    let issuers = path.field("issuers");
    if identity.issuers.len() > limits::ISSUERS_MAX {
        let text = format!("{} issuers, at most {} are allowed", identity.issuers.len(), limits::ISSUERS_MAX);
        report.add(Problem::key(issuers.clone(), text));
    }
    let each = || identity.issuers.iter().enumerate();
    report.unique(
        "issuer name",
        each().map(|(i, issuer)| (issuer.name.as_str(), issuers.item(i).field("name"))),
    );
    report
        .unique("issuer URL", each().map(|(i, issuer)| (issuer.url.as_str(), issuers.item(i).field("url"))));
    for (index, issuer) in each() {
        check_issuer(issuer, &issuers.item(index), report);
    }
}

fn check_issuer(issuer: &Issuer, path: &Path, report: &mut Report<'_>) {
    report.label(&issuer.name, path.field("name"));
    let url = path.field("url");
    report.secure_url(&issuer.url, &url);
    // OpenID Connect Discovery 1.0, section 3: an issuer has no query and no fragment.
    if issuer.url.query().is_some() {
        report.add(
            Problem::value(url, "the URL of an issuer has no query").hint("copy `issuer` from its metadata"),
        );
    }
    report.texts(&issuer.audiences, &path.field("audiences"));
    for (index, name) in issuer.algorithms.iter().enumerate() {
        if !ALGORITHMS.contains(&name.as_str()) {
            report.add(algorithm(name, path.field("algorithms").item(index)));
        }
    }
    if let Some(authorities) = &issuer.authorities {
        report.path(authorities, path.field("authorities"));
    }
    let claims = path.field("claims");
    claim(&issuer.claims.name, claims.field("name"), report);
    claim(&issuer.claims.email, claims.field("email"), report);
    for (index, group) in issuer.claims.groups.iter().enumerate() {
        claim(group, claims.field("groups").item(index), report);
    }
    claim_match(issuer.claims.agent.as_ref(), &claims.field("agent"), report);
    claim_match(issuer.claims.service.as_ref(), &claims.field("service"), report);
    if let Some(console) = &issuer.console {
        check_console(console, &path.field("console"), report);
    }
}

fn check_console(console: &ConsoleClient, path: &Path, report: &mut Report<'_>) {
    report.texts(std::slice::from_ref(&console.client_id), &path.field("client_id"));
    if let Some(secret) = &console.client_secret {
        check_secret(secret, &path.field("client_secret"), report);
    }
    let scopes = path.field("scopes");
    // RFC 6749, section 3.3: printable ASCII without blanks, quotes and backslashes.
    let word = |scope: &String| {
        !scope.is_empty() && scope.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
    };
    if !console.scopes.iter().all(word) {
        report.add(Problem::key(scopes.clone(), "a scope is a word of printable ASCII"));
    }
    if !console.scopes.iter().any(|scope| scope == "openid") {
        report.add(
            Problem::key(
                scopes,
                "`openid` is not among the scopes, so the issuer would not say who signs in",
            )
            .hint("add `openid`"),
        );
    }
    if console.accounts.len() > limits::ACCOUNTS_MAX {
        let text =
            format!("{} accounts, at most {} are allowed", console.accounts.len(), limits::ACCOUNTS_MAX);
        report.add(Problem::key(path.field("accounts"), text));
    }
}

fn algorithm(name: &str, path: Path) -> Problem {
    let problem = Problem::value(path, format!("`{name}` is not an algorithm the gateway accepts"));
    // A shared secret would let anyone who verifies a token also make one; `none` proves nothing.
    if name.starts_with("HS") || name.eq_ignore_ascii_case("none") {
        return problem.hint(format!(
            "only asymmetric signatures prove an issuer: {}",
            choice(ALGORITHMS.iter().copied())
        ));
    }
    match ALGORITHMS.iter().find(|known| known.eq_ignore_ascii_case(name)).copied().or_else(|| {
        let lower: Vec<_> = ALGORITHMS.iter().map(|known| known.to_lowercase()).collect();
        let meant = closest(name, lower.iter().map(String::as_str))?;
        ALGORITHMS.iter().find(|known| known.eq_ignore_ascii_case(meant)).copied()
    }) {
        Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
        None => problem.hint(format!("write {}", choice(ALGORITHMS.iter().copied()))),
    }
}

/// A path to a claim: names joined by `.`, or a JSON Pointer (RFC 6901).
fn claim(text: &str, path: Path, report: &mut Report<'_>) {
    let escaped = |name: &str| name.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    let usable = match text.strip_prefix('/') {
        Some(pointer) => pointer.split('/').all(escaped),
        None => text.split('.').all(|name| !name.is_empty()),
    };
    if !usable || text.chars().any(char::is_control) {
        report.add(
            Problem::value(path, format!("`{text}` is not the path of a claim")).hint(
                "write `name`, `outer.inner`, or a JSON Pointer such as `/https:~1~1example.com~1groups`",
            ),
        );
    }
}

fn claim_match(wanted: Option<&ClaimMatch>, path: &Path, report: &mut Report<'_>) {
    let Some(wanted) = wanted else { return };
    claim(&wanted.claim, path.field("claim"), report);
    report.texts(&wanted.values, &path.field("values"));
    if wanted.values.is_empty() {
        report.add(Problem::key(path.field("values"), "no value is listed, so no token could match"));
    }
}
