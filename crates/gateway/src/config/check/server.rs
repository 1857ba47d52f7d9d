//! The upstream servers.

use http::HeaderName;

use super::{Path, Problem, Report};
use crate::config::{Credential, EnvironmentValue, Http, ServerConfig, Stdio};
use crate::limits;
use crate::secret::SecretSource;

/// Headers that the gateway or the connection decides, so that a credential cannot live in them: RFC 9110, section
/// 7.6.1 (hop-by-hop), message framing, and those of MCP.
const RESERVED_HEADERS: &[&str] = &[
    "accept",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "last-event-id",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn check(servers: &[ServerConfig], path: &Path, report: &mut Report<'_>) {
    if servers.is_empty() {
        report.add(Problem::key(path.clone(), "`servers` is empty").hint("add at least one upstream server"));
    }
    if servers.len() > limits::SERVERS_MAX {
        let text = format!("{} servers, at most {} are allowed", servers.len(), limits::SERVERS_MAX);
        report.add(Problem::key(path.clone(), text));
    }
    let names = servers.iter().enumerate();
    report.unique("server name", names.map(|(i, server)| (server.name.as_str(), path.item(i).field("name"))));
    for (index, server) in servers.iter().enumerate() {
        check_server(server, &path.item(index), report);
    }
}

fn check_server(server: &ServerConfig, path: &Path, report: &mut Report<'_>) {
    report.label(&server.name, path.field("name"));
    super::retention::check_server(server, path, report);
    let name = &server.name;
    match (&server.http, &server.stdio) {
        (Some(_), Some(_)) => report.add(
            Problem::key(path.field("stdio"), format!("server `{name}` has both `http` and `stdio`"))
                .hint("keep one; two servers need two entries"),
        ),
        (None, None) => report.add(
            Problem::key(path.field("http"), format!("server `{name}` has neither `http` nor `stdio`"))
                .hint("say how it is reached: `http: { url: ... }` or `stdio: { command: [...] }`"),
        ),
        _ => {}
    }
    if let Some(http) = &server.http {
        check_http(http, &path.field("http"), report);
    }
    if let Some(stdio) = &server.stdio {
        check_stdio(stdio, &path.field("stdio"), report);
    }
    super::masking::tools(&server.tools, &path.field("tools"), report);
    for (index, scope) in server.scopes.iter().enumerate() {
        if !is_scope(scope) {
            report.add(
                Problem::value(path.field("scopes").item(index), format!("`{scope}` is not a scope"))
                    .hint("write one scope per item, without spaces (RFC 6749, section 3.3)"),
            );
        }
    }
    report.texts(&server.audiences, &path.field("audiences"));
    let max = limits::UPSTREAM_TIMEOUT_MS_MAX;
    if !(1..=max).contains(&server.timeout_ms) {
        let text = format!("`{}` is not a usable time", server.timeout_ms);
        report.add(
            Problem::value(path.field("timeout_ms"), text).hint(format!("write 1 to {max} milliseconds")),
        );
    }
}

fn check_http(http: &Http, path: &Path, report: &mut Report<'_>) {
    report.plain_url(&http.url, &path.field("url"));
    if let Some(authorities) = &http.authorities {
        report.path(authorities, path.field("authorities"));
    }
    if let Some(credential) = &http.credential {
        check_credential(credential, &path.field("credential"), report);
    }
}

fn check_credential(credential: &Credential, path: &Path, report: &mut Report<'_>) {
    let header = &credential.header;
    let lower = header.to_ascii_lowercase();
    let field = path.field("header");
    if HeaderName::from_bytes(lower.as_bytes()).is_err() {
        report.add(
            Problem::value(field, format!("`{header}` is not the name of a header"))
                .hint("write for example `authorization` or `x-api-key`"),
        );
    } else if RESERVED_HEADERS.contains(&lower.as_str()) || lower.starts_with("mcp-") {
        report.add(
            Problem::value(field, format!("`{header}` is a header that the gateway sets itself"))
                .hint("a credential goes into `authorization` or a header of its own, such as `x-api-key`"),
        );
    }
    let printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if credential.prefix.as_ref().is_some_and(|prefix| !prefix.bytes().all(printable)) {
        report.add(Problem::key(path.field("prefix"), "`prefix` holds more than printable ASCII characters"));
    }
    check_secret(&credential.value, &path.field("value"), report);
}

fn check_stdio(stdio: &Stdio, path: &Path, report: &mut Report<'_>) {
    command(&stdio.command, path.field("command"), report);
    if let Some(directory) = &stdio.directory {
        report.path(directory, path.field("directory"));
    }
    for (name, value) in &stdio.environment {
        let field = path.field("environment").field(name);
        if !is_variable(name) {
            report.add(
                Problem::key(field.clone(), format!("`{name}` is not the name of an environment variable"))
                    .hint("use letters, digits and `_`, the first not a digit"),
            );
        }
        match value {
            EnvironmentValue::Secret(source) => check_secret(source, &field, report),
            EnvironmentValue::Literal(text) if text.contains('\0') => {
                report.add(Problem::key(field, "the value holds a NUL character"));
            }
            EnvironmentValue::Literal(_) => {}
        }
    }
}

/// Says nothing of what is written: a secret may stand where its source should.
pub(super) fn check_secret(source: &SecretSource, path: &Path, report: &mut Report<'_>) {
    match source {
        SecretSource::Env(name) if !is_variable(name) => report
            .add(Problem::key(path.field("env"), "`env` is not the name of an environment variable").hint(
                "name the variable that holds the secret, not the secret; what was found is not shown",
            )),
        SecretSource::Env(_) => {}
        SecretSource::File(file) => report.path(file, path.field("file")),
        SecretSource::Command(argv) => command(argv, path.field("command"), report),
    }
}

fn command(argv: &[String], path: Path, report: &mut Report<'_>) {
    if argv.first().is_none_or(String::is_empty) {
        report.add(Problem::key(path, "`command` names no program").hint("write `[program, argument]`"));
    } else if argv.iter().any(|argument| argument.contains('\0')) {
        report.add(Problem::key(path, "`command` holds a NUL character"));
    }
}

/// RFC 6749, section 3.3: `scope-token`.
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// POSIX, Base Definitions, section 8.1.
fn is_variable(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
