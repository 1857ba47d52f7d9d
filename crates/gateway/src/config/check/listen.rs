//! The listener for callers.

use url::Url;

use super::{Path, Problem, Report, is_loopback};
use crate::config::Listen;
use crate::config::problem::quoted;
use crate::limits;

pub(super) fn check(listen: &Listen, path: &Path, report: &mut Report<'_>) {
    public_url(&listen.public_url, &path.field("public_url"), report);
    transport(listen, path, report);
    if let Some(tls) = &listen.tls {
        let path = path.field("tls");
        report.path(&tls.certificate, path.field("certificate"));
        report.path(&tls.key, path.field("key"));
        let choice = path.field("client_certificate");
        if tls.client_authorities.is_none() && report.is_written(&choice) {
            report.add(
                Problem::key(choice, "`client_certificate` has no effect without `client_authorities`")
                    .hint("name the authorities that sign client certificates, or remove the field"),
            );
        }
    }
    if listen.drain_grace_ms > limits::DRAIN_GRACE_MS_MAX {
        let text = format!("`{}` is not a usable time", listen.drain_grace_ms);
        let hint = format!("write 0 to {} milliseconds", limits::DRAIN_GRACE_MS_MAX);
        report.add(Problem::value(path.field("drain_grace_ms"), text).hint(hint));
    }
    if !(1..=limits::STREAM_MS).contains(&listen.stream_ms) {
        let text = format!("`{}` is not a usable time", listen.stream_ms);
        let hint = format!("write 1 to {} milliseconds", limits::STREAM_MS);
        report.add(Problem::value(path.field("stream_ms"), text).hint(hint));
    }
    for (index, host) in listen.allowed_hosts.iter().enumerate() {
        if !is_host(host) {
            report.add(
                Problem::value(
                    path.field("allowed_hosts").item(index),
                    format!("{} is not a host", quoted(host)),
                )
                .hint("write `host` or `host:port`, without scheme, path or wildcard"),
            );
        }
    }
    for (index, origin) in listen.allowed_origins.iter().enumerate() {
        if !is_origin(origin) {
            report.add(
                Problem::value(
                    path.field("allowed_origins").item(index),
                    format!("{} is not an origin", quoted(origin)),
                )
                .hint("write `https://host` or `https://host:port`, in lower case, without path or wildcard"),
            );
        }
    }
}

fn public_url(url: &Url, path: &Path, report: &mut Report<'_>) {
    report.secure_url(url, path);
    if !matches!(url.path(), "" | "/") || url.query().is_some() {
        report.add(
            Problem::value(path.clone(), "the URL has more than scheme, host and port")
                .hint("servers are found below it, at `/mcp/<name>`"),
        );
    }
}

/// Callers must reach the listener by the scheme that `public_url` promises, and never in clear over a network.
fn transport(listen: &Listen, path: &Path, report: &mut Report<'_>) {
    let https = listen.public_url.scheme() == "https";
    let remedy = "set `tls`, or `behind_proxy: true` when a trusted load balancer terminates TLS";
    if listen.tls.is_some() && !https && is_loopback(&listen.public_url) {
        let text = "`public_url` is `http`, but `tls` is set";
        report.add(Problem::value(path.field("public_url"), text).hint("write `https`"));
    }
    if listen.tls.is_some() || listen.behind_proxy {
        return;
    }
    if !listen.address.ip().is_loopback() {
        let text =
            format!("`{}` is reachable from other machines, but nothing terminates TLS", listen.address);
        report.add(Problem::value(path.field("address"), text).hint(remedy));
    } else if https {
        let text = "`public_url` is `https`, but nothing terminates TLS";
        report.add(Problem::value(path.field("public_url"), text).hint(remedy));
    }
}

/// `host` or `host:port`, as in a `Host` header (RFC 9110, section 7.2).
fn is_host(text: &str) -> bool {
    !text.contains(['*', '/', '@', '?', '#'])
        && text.parse::<http::uri::Authority>().is_ok_and(|authority| {
            let host = authority.host();
            !host.is_empty() && (host == text || authority.port_u16().is_some())
        })
}

/// An ASCII serialisation of an origin (RFC 6454, section 6.2), never `null`.
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        url.host().is_some()
            && matches!(url.scheme(), "http" | "https")
            && url.origin().ascii_serialization() == text
    })
}
