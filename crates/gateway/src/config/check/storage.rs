//! Where evidence is kept.

use url::{Host, Url};

use super::server::check_secret;
use super::{Path, Problem, Report};
use crate::config::{Postgres, Storage};
use crate::limits;

pub(super) fn check(storage: &Storage, path: &Path, report: &mut Report<'_>) {
    report.path(&storage.directory, path.field("directory"));
    if let Some(keys) = &storage.keys {
        report.path(keys, path.field("keys"));
    }
    if let Some(postgres) = &storage.postgres {
        check_postgres(postgres, &path.field("postgres"), report);
    }
}

fn check_postgres(postgres: &Postgres, path: &Path, report: &mut Report<'_>) {
    let url = &postgres.url;
    let field = path.field("url");
    let form = "write `postgresql://role@host:5432/database`";
    if !matches!(url.scheme(), "postgresql" | "postgres") {
        report.add(Problem::key(field.clone(), "the URL does not begin with `postgresql:`").hint(form));
    }
    if url.password().is_some() || parameter(url, "password").is_some() {
        report.add(
            Problem::key(field.clone(), "the URL holds a password, which is not shown")
                .hint("remove it and use `password`"),
        );
    }
    if url.username().is_empty() && parameter(url, "user").is_none() {
        report.add(Problem::key(field.clone(), "the URL names no role").hint(form));
    }
    if url.path().trim_matches('/').is_empty() && parameter(url, "dbname").is_none() {
        report.add(Problem::key(field.clone(), "the URL names no database").hint(form));
    }
    if !postgres.is_local()
        && parameter(url, "sslmode").is_some_and(|mode| mode != "require" && mode != "verify-full")
    {
        report.add(
            Problem::key(field, "`sslmode` would let others read and change evidence on its way")
                .hint("remove it: TLS is used and the certificate is checked"),
        );
    }
    if let Some(password) = &postgres.password {
        check_secret(password, &path.field("password"), report);
    }
    if let Some(authorities) = &postgres.authorities {
        report.path(authorities, path.field("authorities"));
    }
    let (min, max) = (limits::LANE_SILENCE_MS_MIN, limits::LANE_SILENCE_MS_MAX);
    if !(min..=max).contains(&postgres.silence_ms) {
        let text = format!("`{}` is not a usable time", postgres.silence_ms);
        report.add(
            Problem::value(path.field("silence_ms"), text).hint(format!("write {min} to {max} milliseconds")),
        );
    }
}

impl Postgres {
    /// Whether the server is reached without a network: by a socket in the file system, or on a loopback address.
    pub fn is_local(&self) -> bool {
        if let Some(host) = parameter(&self.url, "host") {
            return host.starts_with('/');
        }
        match self.url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            // A scheme that `url` does not know: every host is a domain to it.
            Some(Host::Domain(name)) => {
                let name = name.to_ascii_lowercase();
                name == "localhost"
                    || name.starts_with("%2f")
                    || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
            }
            None => false,
        }
    }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
