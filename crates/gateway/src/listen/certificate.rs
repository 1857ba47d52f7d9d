//! What callers will make of the certificate of a listener: its time, its name, who stands behind it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

use super::tls::{TlsError, certificates, failed};
use crate::config::Tls;
use crate::limits;

/// Why a caller may refuse a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Its time is over.
    #[error("it expired on {0}")]
    Expired(Timestamp),
    /// Its time is over within [`limits::CERTIFICATE_EXPIRY_DAYS`].
    #[error("it expires on {0}")]
    Expiring(Timestamp),
    /// Its time has not come.
    #[error("it is not valid before {0}")]
    Early(Timestamp),
    /// It is for another name than that of `listen.public_url`.
    #[error("it is not for `{0}`, the host of `listen.public_url`")]
    Name(String),
    /// None of the authorities that are usually trusted stands behind it.
    #[error(
        "no authority that callers usually trust stands behind it, or an intermediate certificate is missing"
    )]
    Authority,
    /// Something else.
    #[error("{0}")]
    Other(String),
}

/// Looks at a certificate as a caller at `host` would, `now`. An empty list: nothing to be said against it.
///
/// # Errors
/// [`TlsError`] when it cannot be read.
pub fn flaws(files: &Tls, host: &str, now: Timestamp) -> Result<Vec<Flaw>, TlsError> {
    let chain = certificates(&files.certificate)?;
    let Some((first, rest)) = chain.split_first() else { return Ok(Vec::new()) };
    let leaf = ParsedCertificate::try_from(first).map_err(|error| failed(&files.certificate, &error))?;
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.all;
    let judged = |when: Timestamp| {
        let seconds = u64::try_from(when.as_second()).unwrap_or_default();
        let when = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        verify_server_cert_signed_by_trust_anchor(&leaf, &roots, rest, when, algorithms).err()
    };
    let soon = now.saturating_add(SignedDuration::from_hours(24 * limits::CERTIFICATE_EXPIRY_DAYS));
    let mut flaws: Vec<_> = judged(now).map(flaw).into_iter().collect();
    // Time is judged first, so that anything else is said of a certificate that is valid now.
    if !flaws.iter().any(|flaw| matches!(flaw, Flaw::Expired(_) | Flaw::Early(_)))
        && let Some(Flaw::Expired(when)) = judged(soon.unwrap_or(Timestamp::MAX)).map(flaw)
    {
        flaws.push(Flaw::Expiring(when));
    }
    let name = ServerName::try_from(host.trim_matches(['[', ']']));
    if !name.is_ok_and(|name| verify_server_name(&leaf, &name).is_ok()) {
        flaws.push(Flaw::Name(host.to_owned()));
    }
    Ok(flaws)
}

fn flaw(error: Error) -> Flaw {
    let moment = |time: UnixTime| {
        i64::try_from(time.as_secs())
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .unwrap_or(Timestamp::MAX)
    };
    match error {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
            Flaw::Expired(moment(not_after))
        }
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
            Flaw::Early(moment(not_before))
        }
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => Flaw::Authority,
        other => Flaw::Other(other.to_string()),
    }
}
