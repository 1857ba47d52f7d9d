//! What a configuration must mean besides having the right shape. Pure: looks at no file, no network, no environment.

mod anchor;
mod approval;
mod canary;
mod identity;
mod listen;
mod masking;
mod retention;
mod server;
mod storage;

use url::{Host, Url};

use super::Config;
use super::document::{Node, Path};
use super::problem::{Problem, quoted};
use crate::limits;

/// Everything in `config` that the gateway could not work with. `root` is what was written.
pub(super) fn check(config: &Config, root: &Node) -> Vec<Problem> {
    let mut report = Report { root, problems: Vec::new() };
    let top = Path::default();
    deployment(&config.deployment, &top.field("deployment"), &mut report);
    listen::check(&config.listen, &top.field("listen"), &mut report);
    if let Some(admin) = &config.admin
        && admin.address == config.listen.address
    {
        let path = top.field("admin").field("address");
        report.add(
            Problem::value(path, format!("`{}` is already the address of `listen`", admin.address))
                .hint("give operators a port of their own, off public networks"),
        );
    }
    storage::check(&config.storage, &top.field("storage"), &mut report);
    report.path(&config.policy.directory, top.field("policy").field("directory"));
    identity::check(&config.identity, &top.field("identity"), &mut report);
    approval::check(&config.approvals, &config.identity.issuers, &top.field("approvals"), &mut report);
    anchor::check(&config.anchors, &top.field("anchors"), &mut report);
    if let Some(signer) = &config.signer {
        anchor::check_signer(signer, &top.field("signer"), &mut report);
    }
    server::check(&config.servers, &top.field("servers"), &mut report);
    masking::check(&config.masking, &top.field("masking"), &mut report);
    canary::check(&config.canaries, config, &top.field("canaries"), &mut report);
    retention::check(config.retention, &top.field("retention"), &mut report);
    let kept = top.field("evidence").field("kept_hours");
    if !(1..=limits::PACKAGES_KEPT_HOURS_MAX).contains(&config.evidence.kept_hours) {
        let text = format!("{} is no time to keep packages", config.evidence.kept_hours);
        report.add(
            Problem::value(kept, text).hint(format!("write hours, 1 to {}", limits::PACKAGES_KEPT_HOURS_MAX)),
        );
    }
    if let Some(level) = &config.log.level
        && let Err(error) = tracing_subscriber::EnvFilter::builder().parse(level)
    {
        let path = top.field("log").field("level");
        report.add(
            Problem::value(path, format!("`{level}` is not a log level: {error}")).hint(
                "write `error`, `warn`, `info`, `debug` or, per module, `info,countersign::ledger=debug`",
            ),
        );
    }
    report.problems
}

/// What the checks found so far.
struct Report<'n> {
    root: &'n Node,
    problems: Vec<Problem>,
}

impl Report<'_> {
    fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Whether the field at `path` is written, whatever its default.
    fn is_written(&self, path: &Path) -> bool {
        self.root.find(path).is_some()
    }

    /// A path that names nothing.
    fn path(&mut self, value: &std::path::Path, path: Path) {
        if value.as_os_str().is_empty() {
            self.add(Problem::value(path, "the path is empty").hint("name a file or a directory"));
        }
    }

    /// Texts of a list, none of which may be empty or hold a control character.
    fn texts(&mut self, values: &[String], path: &Path) {
        for (index, value) in values.iter().enumerate() {
            if value.is_empty() || value.chars().any(char::is_control) {
                self.add(Problem::value(path.item(index), "the text is empty or holds control characters"));
            }
        }
    }

    /// A name that appears in URLs, policies and evidence.
    fn label(&mut self, name: &str, path: Path) {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > limits::LABEL_BYTES_MAX || !name.bytes().all(fits) {
            self.add(
                Problem::value(path, format!("`{name}` cannot be a name"))
                    .hint("use 1 to 63 lower-case letters, digits and `-`"),
            );
        }
    }

    /// A URL fetched or matched over the network: `https` anywhere, `http` on loopback only.
    fn secure_url(&mut self, url: &Url, path: &Path) {
        self.plain_url(url, path);
        if url.scheme() == "http" && !is_loopback(url) {
            self.add(
                Problem::value(path.clone(), "`http` is allowed only for a loopback host")
                    .hint("use `https`: anyone on the way could change what is sent"),
            );
        }
    }

    /// An `http` or `https` URL without credentials or fragment.
    fn plain_url(&mut self, url: &Url, path: &Path) {
        if !matches!(url.scheme(), "http" | "https") {
            self.add(Problem::value(path.clone(), "the URL is neither `http` nor `https`"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            self.add(
                Problem::key(path.clone(), "the URL holds a user name or password, which is not shown")
                    .hint("remove it; for an upstream use `credential`"),
            );
        }
        if url.fragment().is_some() {
            self.add(
                Problem::value(path.clone(), "the URL has a fragment").hint("remove the part from `#` on"),
            );
        }
    }

    /// Values of a list, of which no two may be the same. Points at the second.
    fn unique<'v>(&mut self, what: &str, values: impl Iterator<Item = (&'v str, Path)>) {
        let mut seen = std::collections::BTreeSet::new();
        for (value, path) in values {
            if !seen.insert(value) {
                self.add(Problem::value(path, format!("{what} {} is used twice", quoted(value))));
            }
        }
    }
}

/// Whether `url` names this machine: other machines cannot listen in.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn deployment(name: &str, path: &Path, report: &mut Report<'_>) {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !starts || name.len() > limits::LABEL_BYTES_MAX || !name.bytes().all(fits) {
        report.add(
            Problem::value(path.clone(), format!("`{name}` cannot name a deployment"))
                .hint("use 1 to 63 letters, digits, `.`, `_` and `-`, the first a letter or digit"),
        );
    }
}
