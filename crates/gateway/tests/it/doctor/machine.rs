//! Addresses, certificates, directories and files that are not as they should be.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt as _;

use countersign::clock::{Clock as _, SystemClock};
use jiff::{SignedDuration, tz::TimeZone};
use rcgen::{CertificateParams, date_time_ymd};

use super::{assert_found, assert_noted, doctor, findings, with};
use crate::harness::Site;
use crate::tls::{Authority, Pair};

/// Somebody who owns nothing.
const NOBODY: u32 = 65_534;

#[tokio::test]
async fn address_in_use_is_a_note() {
    let (_upstream, site) = with(|text| text).await;
    let _other = std::net::TcpListener::bind(site.address()).expect("free");
    let output = doctor(&site, &[]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("it is in use"), "{text}");
}

/// A set-up that presents this certificate as `localhost`.
async fn presenting(pair: &Pair) -> (fixture::loopback::Running, Site) {
    let (upstream, site) = with(|text| {
        let tls = "  tls:\n    certificate: server.pem\n    key: server.key\nadmin:\n";
        text.replace("admin:\n", tls).replace("public_url: http://127.0.0.1", "public_url: https://localhost")
    })
    .await;
    pair.put(&site);
    set_permissions(site.directory.path().join("server.key"), Permissions::from_mode(0o600)).expect("set");
    (upstream, site)
}

/// A certificate that ends so many days from now.
fn ends_in(days: i64) -> impl FnOnce(&mut CertificateParams) {
    let end = SystemClock.now() + SignedDuration::from_hours(24 * days);
    let date = end.to_zoned(TimeZone::UTC).date();
    let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
    move |params| params.not_after = date_time_ymd(date.year().into(), month, day)
}

#[tokio::test]
async fn certificates_that_callers_will_refuse_are_named() {
    let (what, ours) = ("certificate and key for TLS", Authority::new());
    let (_upstream, site) = presenting(&ours.issue_as("localhost", ends_in(-3))).await;
    assert_found(&site, what, "it expired on ").await;
    ours.issue_as("localhost", |params| params.not_before = date_time_ymd(4_000, 1, 1)).put(&site);
    assert_found(&site, what, "it is not valid before 4000-01-01").await;
    ours.issue_as("other.example", ends_in(400)).put(&site);
    assert_found(&site, what, "it is not for `localhost`").await;
    let mut pair = ours.issue_as("localhost", ends_in(400));
    pair.key = ours.issue_as("localhost", ends_in(400)).key;
    pair.put(&site);
    assert_found(&site, what, "KeyMismatch").await;
    ours.issue_as("localhost", ends_in(9)).put(&site);
    assert_noted(&site, what, "it expires on ").await;
    ours.issue_as("localhost", ends_in(400)).put(&site);
    assert_noted(&site, what, "no authority that callers usually trust").await;
    set_permissions(site.directory.path().join("server.key"), Permissions::from_mode(0o644)).expect("set");
    assert_noted(&site, "server.key", "everybody on this machine may read or change it (mode 644)").await;
}

#[tokio::test]
async fn data_directory_that_is_open_or_cannot_be_written_is_named() {
    let (_upstream, site) = with(|text| text).await;
    let data = site.directory.path().join("data");
    std::fs::write(&data, "a file").expect("written");
    let found = findings(&site).await;
    assert!(found.iter().any(|finding| finding["detail"] == "it is a file"), "{found:?}");
    std::fs::remove_file(&data).expect("removed");
    std::fs::create_dir(&data).expect("made");
    set_permissions(site.directory.path(), Permissions::from_mode(0o755)).expect("set");

    let by_nobody = || async {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        // As it is typed: the configuration by its name, so that `data` is relative.
        let name = site.file.file_name().expect("a name");
        command.args(["doctor", "--json", "-c"]).arg(name).current_dir(site.directory.path());
        if rustix::process::getuid().is_root() {
            // To root every directory is writable.
            std::os::unix::process::CommandExt::uid(&mut command, NOBODY);
        }
        let output = tokio::process::Command::from(command).output().await.expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    set_permissions(&data, Permissions::from_mode(0o555)).expect("set");
    let text = by_nobody().await;
    assert!(text.contains("it cannot be written: Permission denied"), "{text}");
    std::fs::remove_dir(&data).expect("removed");
    set_permissions(site.directory.path(), Permissions::from_mode(0o555)).expect("set");
    let text = by_nobody().await;
    assert!(text.contains("`.` does not let this user make it: Permission denied"), "{text}");
    set_permissions(site.directory.path(), Permissions::from_mode(0o755)).expect("set");
}

#[tokio::test]
async fn space_that_is_left_is_told() {
    let (_upstream, site) = with(|text| text).await;
    let text = String::from_utf8_lossy(&doctor(&site, &[]).await.stdout).into_owned();
    assert!(text.contains("space for evidence in") && text.contains("MiB are free"), "{text}");
}
