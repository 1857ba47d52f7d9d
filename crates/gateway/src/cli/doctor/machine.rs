//! This machine: addresses, certificates, directories and files, space on the disk.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use jiff::Timestamp;
use rustix::fs::{Access, access, statvfs};

use super::finding::{Fault, Finding};
use crate::clock::Clock;
use crate::config::{Config, EnvironmentValue, Tls};
use crate::limits;
use crate::listen::{Acceptor, Flaw, flaws};
use crate::secret::SecretSource;
use crate::store::{DATABASE, LOCK};

/// Bits of a mode that let anybody but the owner read or write.
const OTHERS: u32 = 0o077;
/// Bits of a mode that let everybody do so: what secrets from volumes of an orchestrator have is read by its group.
const EVERYBODY: u32 = 0o007;

pub(super) fn examine(config: &Config, clock: &dyn Clock, findings: &mut Vec<Finding>) {
    listener(config, findings);
    if let Some(tls) = &config.listen.tls {
        certificate(tls, config.listen.public_url.host_str().unwrap_or_default(), clock.now(), findings);
    }
    if config.storage.postgres.is_none() {
        directory(
            &config.storage.directory,
            &[DATABASE, "countersign.db-wal", "countersign.db-shm", LOCK],
            findings,
        );
    }
    // The last checkpoint is kept beside the keys.
    directory(&config.storage.key_directory(), &["checkpoint"], findings);
    secrets(config, findings);
    space(&config.storage.directory, findings);
}

fn listener(config: &Config, findings: &mut Vec<Finding>) {
    let address = config.listen.address;
    let what = format!("address `{address}` for callers");
    findings.push(match std::net::TcpListener::bind(address) {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Finding::doubtful(
            what,
            Fault::Machine,
            "it is in use: by this gateway if it runs, else by a program that has to go",
            "`ss -ltnp` tells which program it is",
        ),
        bound => {
            Finding::of(what, Fault::Setup, &bound, "write an address of this machine in `listen.address`")
        }
    });
}

fn certificate(tls: &Tls, host: &str, now: Timestamp, findings: &mut Vec<Finding>) {
    let what = "certificate and key for TLS";
    let found = Acceptor::new(tls.clone()).and_then(|_| flaws(tls, host, now));
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            let advice = "put the chain (leaf first) and the key that belongs to it there, as PEM";
            findings.push(Finding::wrong(what, Fault::Setup, error.to_string(), advice));
            return;
        }
    };
    if found.is_empty() {
        findings.push(Finding::good(what, None));
    }
    for flaw in found {
        let detail = flaw.to_string();
        findings.push(match flaw {
            Flaw::Expired(_) => Finding::wrong(
                what,
                Fault::Setup,
                detail,
                "renew it; a running gateway takes the new files by itself",
            ),
            Flaw::Expiring(_) => Finding::doubtful(
                what,
                Fault::Setup,
                detail,
                "renew it before; a running gateway takes the new files by itself",
            ),
            Flaw::Early(_) => Finding::wrong(
                what,
                Fault::Setup,
                detail,
                "wait, or look whether this machine's clock is right",
            ),
            Flaw::Name(_) => Finding::wrong(
                what,
                Fault::Setup,
                detail,
                "get one for that name, or correct `listen.public_url`",
            ),
            Flaw::Authority => Finding::doubtful(
                what,
                Fault::Setup,
                detail,
                "have callers trust your authority, or add the intermediate certificates to the file",
            ),
            Flaw::Other(_) => Finding::doubtful(
                what,
                Fault::Setup,
                detail,
                "see what your authority says; callers may refuse it",
            ),
        });
    }
}

/// A directory the gateway writes to, and files in it that it writes.
fn directory(path: &Path, files: &[&str], findings: &mut Vec<Finding>) {
    let what = format!("directory `{}`", path.display());
    let owner = "`chown` it to the gateway's user, and run this command as that user";
    let Ok(metadata) = path.metadata() else {
        // It is created at the first start, where it can be.
        // What is relative is below where this is typed, which an empty path does not name.
        let mut above = path.ancestors().skip(1);
        let nearest = above.find_map(|above| {
            let above = if above == Path::new("") { Path::new(".") } else { above };
            above.exists().then_some(above)
        });
        let writable = nearest.map(|nearest| (nearest, access(nearest, Access::WRITE_OK | Access::EXEC_OK)));
        if let Some((nearest, Err(error))) = writable {
            let detail = format!(
                "it is not there and `{}` does not let this user make it: {error}",
                nearest.display()
            );
            findings.push(Finding::wrong(what, Fault::Machine, detail, owner));
        }
        return;
    };
    if !metadata.is_dir() {
        findings.push(Finding::wrong(what, Fault::Setup, "it is a file", "name a directory in `storage`"));
        return;
    }
    let own = access(path, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK);
    let written = files.iter().map(|file| path.join(file)).filter(|file| file.exists());
    let refused = written.filter_map(|file| {
        let refused = access(&file, Access::READ_OK | Access::WRITE_OK).err()?;
        Some(format!("`{}` cannot be written: {refused}", file.display()))
    });
    let refused: Vec<_> =
        own.err().map(|error| format!("it cannot be written: {error}")).into_iter().chain(refused).collect();
    if !refused.is_empty() {
        findings.push(Finding::wrong(what, Fault::Machine, refused.join("\n"), owner));
    } else if metadata.mode() & OTHERS != 0 {
        let detail = format!("it is open to others (mode {:o})", metadata.mode() & 0o7777);
        let advice = format!("run `chmod go-rwx {}`", path.display());
        findings.push(Finding::doubtful(what, Fault::Machine, detail, advice));
    } else {
        findings.push(Finding::good(what, None));
    }
}

/// Files with secrets that everybody on this machine may read.
fn secrets(config: &Config, findings: &mut Vec<Finding>) {
    let http = config.servers.iter().filter_map(|server| server.http.as_ref()?.credential.as_ref());
    let stdio = config.servers.iter().filter_map(|server| server.stdio.as_ref());
    let environment = stdio.flat_map(|stdio| stdio.environment.values()).filter_map(|value| match value {
        EnvironmentValue::Secret(source) => Some(source),
        EnvironmentValue::Literal(_) => None,
    });
    let sources = http
        .map(|credential| &credential.value)
        .chain(environment)
        .chain(config.storage.postgres.iter().filter_map(|postgres| postgres.password.as_ref()))
        .chain(config.approvals.webhooks.iter().map(|webhook| &webhook.secret))
        .chain(config.approvals.slack.iter().flat_map(|slack| [&slack.token, &slack.signing_secret]));
    let files = sources.filter_map(|source| match source {
        SecretSource::File(path) => Some(path),
        SecretSource::Env(_) | SecretSource::Command(_) => None,
    });
    for file in files.chain(config.listen.tls.iter().map(|tls| &tls.key)) {
        let Ok(metadata) = file.metadata() else { continue };
        if metadata.mode() & EVERYBODY != 0 {
            findings.push(Finding::doubtful(
                format!("secret file `{}`", file.display()),
                Fault::Machine,
                format!(
                    "everybody on this machine may read or change it (mode {:o})",
                    metadata.mode() & 0o7777
                ),
                format!("run `chmod o-rwx {}` and consider the secret known", file.display()),
            ));
        }
    }
}

fn space(directory: &Path, findings: &mut Vec<Finding>) {
    let Some(nearest) = directory.ancestors().find(|ancestor| ancestor.exists()) else { return };
    let Ok(system) = statvfs(nearest) else { return };
    let what = format!("space for evidence in `{}`", directory.display());
    findings.push(room(what, system.f_bavail.saturating_mul(system.f_frsize)));
}

fn room(what: String, free: u64) -> Finding {
    let detail = format!("{} MiB are free", free / (1024 * 1024));
    let advice =
        "make room or a larger volume: without space every call is refused, and nothing recorded is lost";
    if free < limits::DISK_FREE_BYTES_MIN {
        Finding::wrong(what, Fault::Machine, detail, advice)
    } else if free < limits::DISK_FREE_BYTES_LOW {
        Finding::doubtful(what, Fault::Machine, detail, advice)
    } else {
        Finding::good(what, Some(detail))
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn little_space_is_noted_and_hardly_any_is_wrong() {
        let verdict = |free| room(String::new(), free).verdict;
        assert_eq!(verdict(limits::DISK_FREE_BYTES_LOW), Verdict::Good);
        assert_eq!(verdict(limits::DISK_FREE_BYTES_LOW - 1), Verdict::Doubtful);
        assert_eq!(verdict(limits::DISK_FREE_BYTES_MIN - 1), Verdict::Wrong);
    }
}
