//! Who keeps or countersigns checkpoints.

use evidence::note::{Algorithm, VerifierKey};
use url::Url;

use super::approval::{check_url, check_webhooks};
use super::server::check_secret;
use super::{Path, Problem, Report};
use crate::config::{self, Anchors, Azure, AzureAccess, Gcs, S3, Signer, SignerWay};
use crate::limits;

pub(super) fn check(anchors: &Anchors, path: &Path, report: &mut Report<'_>) {
    check_webhooks(&anchors.webhooks, &path.field("webhooks"), report);
    check_places(&anchors.places, &path.field("places"), report);
    check_witnesses(&anchors.witnesses, &path.field("witnesses"), report);
    check_authorities(&anchors.authorities, &path.field("authorities"), report);
}

/// Who signs checkpoints.
pub(super) fn check_signer(signer: &Signer, path: &Path, report: &mut Report<'_>) {
    for (index, key) in signer.keys.iter().enumerate() {
        if !key.parse::<VerifierKey>().is_ok_and(|key| key.algorithm() == Algorithm::Ed25519) {
            report.add(
                Problem::value(path.field("keys").item(index), "it is not the public key of a log")
                    .hint("write `name+id+base64`, where the name is `<deployment>/audit/<epoch>`"),
            );
        }
    }
    match &signer.by {
        SignerWay::Command(command) if command.is_empty() => {
            report.add(Problem::value(path.field("by"), "no program is given"));
        }
        SignerWay::Command(_) => {}
        SignerWay::Url(url) => check_url(url, path.field("by"), report),
    }
    check_time(signer.timeout_ms, limits::SIGNER_TIMEOUTS_MS, path.field("timeout_ms"), report);
}

fn check_authorities(authorities: &[config::Authority], path: &Path, report: &mut Report<'_>) {
    if authorities.len() > limits::AUTHORITIES_MAX {
        let text =
            format!("{} authorities, at most {} are allowed", authorities.len(), limits::AUTHORITIES_MAX);
        report.add(Problem::key(path.clone(), text));
    }
    let names = authorities.iter().enumerate();
    report.unique("name of an authority", names.map(|(i, one)| (&*one.name, path.item(i).field("name"))));
    for (index, authority) in authorities.iter().enumerate() {
        let path = path.item(index);
        report.label(&authority.name, path.field("name"));
        if !matches!(authority.url.scheme(), "http" | "https") {
            report.add(Problem::value(path.field("url"), "it must be reached by `http` or `https`"));
        }
        check_time(authority.interval_ms, limits::STAMP_INTERVALS_MS, path.field("interval_ms"), report);
    }
}

fn check_time(ms: u64, allowed: std::ops::RangeInclusive<u64>, path: Path, report: &mut Report<'_>) {
    if !allowed.contains(&ms) {
        let (least, most) = allowed.into_inner();
        report.add(
            Problem::value(path, format!("{ms} is too short or too long"))
                .hint(format!("write milliseconds, {least} to {most}")),
        );
    }
}

fn check_witnesses(witnesses: &[config::Witness], place: &Path, report: &mut Report<'_>) {
    if witnesses.len() > limits::WITNESSES_MAX {
        let text = format!("{} witnesses, at most {} are allowed", witnesses.len(), limits::WITNESSES_MAX);
        report.add(Problem::key(place.clone(), text));
    }
    let keys = witnesses.iter().enumerate();
    report.unique("key of a witness", keys.map(|(i, witness)| (&*witness.key, place.item(i).field("key"))));
    for (index, witness) in witnesses.iter().enumerate() {
        let path = place.item(index);
        check_url(&witness.url, path.field("url"), report);
        let key = witness.key.parse::<VerifierKey>();
        if !key.is_ok_and(|key| key.algorithm() == Algorithm::Cosignature) {
            report.add(
                Problem::value(path.field("key"), "it is not the key of a witness")
                    .hint("write what `countersign witness init` printed: `name+id+base64`"),
            );
        }
    }
}

fn check_places(places: &[config::Place], path: &Path, report: &mut Report<'_>) {
    if places.len() > limits::PLACES_MAX {
        let text = format!("{} places, at most {} are allowed", places.len(), limits::PLACES_MAX);
        report.add(Problem::key(path.clone(), text));
    }
    let names = places.iter().enumerate();
    report.unique("name of a place", names.map(|(i, place)| (&*place.name, path.item(i).field("name"))));
    for (index, place) in places.iter().enumerate() {
        let path = path.item(index);
        report.label(&place.name, path.field("name"));
        check_time(place.interval_ms, limits::PUBLISH_INTERVALS_MS, path.field("interval_ms"), report);
        match (&place.directory, &place.s3, &place.gcs, &place.azure) {
            (Some(_), None, None, None) => {}
            (None, Some(s3), None, None) => check_s3(s3, &path.field("s3"), report),
            (None, None, Some(gcs), None) => check_gcs(gcs, &path.field("gcs"), report),
            (None, None, None, Some(azure)) => check_azure(azure, &path.field("azure"), report),
            _ => report.add(
                Problem::key(path, "it is neither a directory nor a bucket, or more than one of them")
                    .hint("write one of `directory`, `s3`, `gcs` and `azure`"),
            ),
        }
    }
}

fn check_s3(s3: &S3, path: &Path, report: &mut Report<'_>) {
    check_part(&s3.bucket, b".-", path.field("bucket"), report);
    check_part(&s3.region, b"-", path.field("region"), report);
    check_objects(s3.endpoint.as_ref(), s3.prefix.as_deref(), s3.retain_days, path, report);
    check_secret(&s3.access_key_id, &path.field("access_key_id"), report);
    check_secret(&s3.secret_access_key, &path.field("secret_access_key"), report);
    if let Some(token) = &s3.session_token {
        check_secret(token, &path.field("session_token"), report);
    }
}

fn check_gcs(gcs: &Gcs, path: &Path, report: &mut Report<'_>) {
    check_part(&gcs.bucket, b".-_", path.field("bucket"), report);
    check_objects(gcs.endpoint.as_ref(), gcs.prefix.as_deref(), gcs.retain_days, path, report);
    check_secret(&gcs.access_key_id, &path.field("access_key_id"), report);
    check_secret(&gcs.secret_access_key, &path.field("secret_access_key"), report);
}

fn check_azure(azure: &Azure, path: &Path, report: &mut Report<'_>) {
    check_part(&azure.account, b"", path.field("account"), report);
    check_part(&azure.container, b"-", path.field("container"), report);
    check_objects(azure.endpoint.as_ref(), azure.prefix.as_deref(), azure.retain_days, path, report);
    let path = path.field("access");
    match &azure.access {
        AzureAccess::Key(key) => check_secret(key, &path.field("key"), report),
        AzureAccess::Sas(sas) => check_secret(sas, &path.field("sas"), report),
    }
}

/// A name that becomes part of an address.
fn check_part(text: &str, also: &[u8], path: Path, report: &mut Report<'_>) {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || also.contains(&byte);
    if text.is_empty() || text.len() > limits::LABEL_BYTES_MAX || !text.bytes().all(fits) {
        report.add(Problem::value(path, format!("`{text}` cannot be the name of one")));
    }
}

/// What all servers of objects have.
fn check_objects(
    endpoint: Option<&Url>,
    prefix: Option<&str>,
    retain_days: Option<u32>,
    path: &Path,
    report: &mut Report<'_>,
) {
    if let Some(endpoint) = endpoint {
        check_url(endpoint, path.field("endpoint"), report);
        if endpoint.path() != "/" || endpoint.query().is_some() {
            let text = "it has a path: the bucket and `prefix` make the path";
            report.add(Problem::value(path.field("endpoint"), text).hint("write scheme, host and port only"));
        }
    }
    if let Some(prefix) = prefix {
        let plain = |part: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !part.is_empty() && part != "." && part != ".." && part.bytes().all(fits)
        };
        if prefix.len() > limits::OBJECT_PREFIX_BYTES_MAX || !prefix.split('/').all(plain) {
            report.add(
                Problem::value(path.field("prefix"), format!("`{prefix}` cannot begin the names of objects"))
                    .hint("use letters, digits, `.`, `_` and `-`, with single `/` in between"),
            );
        }
    }
    if retain_days.is_some_and(|days| !limits::RETAIN_DAYS.contains(&days)) {
        let (least, most) = limits::RETAIN_DAYS.into_inner();
        let text = format!("write days, {least} to {most}");
        report.add(Problem::value(path.field("retain_days"), "too few or too many").hint(text));
    }
}
