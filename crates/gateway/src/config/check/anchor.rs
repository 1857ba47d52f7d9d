//! Who keeps or countersigns checkpoints.

use evidence::note::{Algorithm, VerifierKey};

use super::approval::{check_url, check_webhooks};
use super::server::check_secret;
use super::{Path, Problem, Report};
use crate::config::{self, Anchors, S3, Signer, SignerWay};
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
        match (&place.directory, &place.s3) {
            (Some(_), None) => {}
            (None, Some(s3)) => check_s3(s3, &path.field("s3"), report),
            _ => report.add(
                Problem::key(path, "it is neither a directory nor a bucket, or both")
                    .hint("write one of `directory` and `s3`"),
            ),
        }
    }
}

fn check_s3(s3: &S3, path: &Path, report: &mut Report<'_>) {
    let of = |text: &str, also: &[u8]| {
        !text.is_empty()
            && text.len() <= limits::LABEL_BYTES_MAX
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || also.contains(&byte))
    };
    for (name, value, fits) in
        [("bucket", &s3.bucket, of(&s3.bucket, b".-")), ("region", &s3.region, of(&s3.region, b"-"))]
    {
        if !fits {
            report.add(Problem::value(path.field(name), format!("`{value}` cannot be the name of one")));
        }
    }
    if let Some(endpoint) = &s3.endpoint {
        check_url(endpoint, path.field("endpoint"), report);
        if endpoint.path() != "/" || endpoint.query().is_some() {
            let text = "it has a path: the bucket and `prefix` make the path";
            report.add(Problem::value(path.field("endpoint"), text).hint("write scheme, host and port only"));
        }
    }
    if let Some(prefix) = &s3.prefix {
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
    check_secret(&s3.access_key_id, &path.field("access_key_id"), report);
    check_secret(&s3.secret_access_key, &path.field("secret_access_key"), report);
    if let Some(token) = &s3.session_token {
        check_secret(token, &path.field("session_token"), report);
    }
    if s3.retain_days.is_some_and(|days| !limits::RETAIN_DAYS.contains(&days)) {
        let (least, most) = limits::RETAIN_DAYS.into_inner();
        let text = format!("write days, {least} to {most}");
        report.add(Problem::value(path.field("retain_days"), "too few or too many").hint(text));
    }
}
