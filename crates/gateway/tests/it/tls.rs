//! TLS of the callers' listener, with certificates made for the test: who gets in, and how certificates change.

use std::io;
use std::sync::Arc;

use fixture::probe::{Probe, Response, WAIT_MAX};
use fixture::recorder::{Recorder, echo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::harness::{ALLOW_ALL, Harness, Site, call, http};

/// Issues certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key, as PEM.
pub(crate) struct Pair {
    certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn issue(&self, name: &str) -> Pair {
        self.issue_as(name, |_| ())
    }

    /// A certificate with something special about it.
    pub(crate) fn issue_as(&self, name: &str, special: impl FnOnce(&mut CertificateParams)) -> Pair {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        special(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Pair { certificate, key: key.serialize_pem() }
    }
}

impl Pair {
    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("PEM")
    }

    pub(crate) fn put(&self, site: &Site) {
        std::fs::write(site.directory.path().join("server.key"), &self.key).expect("written");
        std::fs::write(site.directory.path().join("server.pem"), &self.certificate).expect("written");
    }
}

/// A gateway with the certificate, and `more` YAML below `tls`.
async fn gateway(
    upstream: &fixture::loopback::Running,
    certificate: &Pair,
    more: &str,
    clients: &Authority,
) -> Harness {
    let site = Site::named("https://localhost", &http(upstream), ALLOW_ALL).await;
    certificate.put(&site);
    std::fs::write(site.directory.path().join("clients.pem"), &clients.pem).expect("written");
    site.edit(|text| {
        let tls = format!("  tls:\n    certificate: server.pem\n    key: server.key\n{more}admin:\n");
        text.replace("admin:\n", &tls)
    });
    Harness::at(site).await
}

async fn connect(
    gateway: &Harness,
    trusted: &Authority,
    presented: Option<&Pair>,
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.pem.as_bytes()).expect("PEM")).expect("an authority");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let config = match presented {
        None => builder.with_no_client_auth(),
        Some(pair) => {
            let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).expect("PEM");
            builder.with_client_auth_cert(vec![pair.der()], key).expect("a pair")
        }
    };
    let stream = TcpStream::connect(gateway.address()).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

async fn ask(gateway: &Harness, probe: &mut Probe<TlsStream<TcpStream>>) -> io::Result<Response> {
    probe.send(&gateway.bytes("alice", "POST", &[], &call(1, "effect", &json!({})))).await?;
    probe.response().await
}

/// Connects and calls once; the status.
async fn call_once(gateway: &Harness, trusted: &Authority, presented: Option<&Pair>) -> io::Result<u16> {
    let mut probe = Probe::over(connect(gateway, trusted, presented).await?);
    Ok(ask(gateway, &mut probe).await?.status())
}

/// Whether a new connection is shown this certificate.
async fn shows(gateway: &Harness, trusted: &Authority, pair: &Pair) -> bool {
    let stream = connect(gateway, trusted, None).await.expect("a connection");
    stream.get_ref().1.peer_certificates().is_some_and(|chain| chain[0] == pair.der())
}

#[tokio::test]
async fn callers_need_the_right_authority_and_plain_http_gets_no_answer() {
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    let (ours, other) = (Authority::new(), Authority::new());
    let gateway = gateway(&upstream, &ours.issue("localhost"), "", &ours).await;
    assert_eq!(call_once(&gateway, &ours, None).await.expect("an answer"), 200);
    assert!(connect(&gateway, &other, None).await.is_err(), "a stranger's authority proves nothing");
    let mut plain = Probe::connect(gateway.address()).await.expect("a connection");
    plain.send(&gateway.bytes("alice", "POST", &[], &call(2, "effect", &json!({})))).await.expect("sent");
    assert!(plain.response().await.is_err(), "no HTTP answer");
    assert_eq!(recorder.count(), 1, "and nothing was forwarded");
    assert_eq!(call_once(&gateway, &ours, None).await.expect("an answer"), 200, "the listener goes on");
    gateway.finish().await;
}

#[tokio::test]
async fn client_certificates_are_required_or_optional_as_configured() {
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    let (ours, clients, other) = (Authority::new(), Authority::new(), Authority::new());
    let (good, bad) = (clients.issue("client"), other.issue("client"));
    for (mode, without) in [("required", false), ("optional", true)] {
        let more = format!("    client_authorities: clients.pem\n    client_certificate: {mode}\n");
        let gateway = gateway(&upstream, &ours.issue("localhost"), &more, &clients).await;
        assert_eq!(call_once(&gateway, &ours, Some(&good)).await.expect("an answer"), 200, "{mode}");
        assert!(call_once(&gateway, &ours, Some(&bad)).await.is_err(), "{mode}: of another authority");
        assert_eq!(call_once(&gateway, &ours, None).await.is_ok(), without, "{mode}: none");
        gateway.finish().await;
    }
}

#[tokio::test]
async fn new_certificate_is_shown_to_new_connections_and_old_ones_stay() {
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    let ours = Authority::new();
    let (first, second, third) = (ours.issue("localhost"), ours.issue("localhost"), ours.issue("localhost"));
    let gateway = gateway(&upstream, &first, "", &ours).await;
    let mut open = Probe::over(connect(&gateway, &ours, None).await.expect("a connection"));
    assert_eq!(ask(&gateway, &mut open).await.expect("an answer").status(), 200);
    assert!(shows(&gateway, &ours, &first).await);

    second.put(&gateway.site);
    gateway.running.reload().await;
    assert!(shows(&gateway, &ours, &second).await, "after a reload, as SIGHUP asks for");
    std::fs::write(gateway.site.directory.path().join("server.pem"), "nonsense").expect("written");
    gateway.running.reload().await;
    assert!(shows(&gateway, &ours, &second).await, "an unusable file changes nothing");
    third.put(&gateway.site);
    let noticed = async {
        while !shows(&gateway, &ours, &third).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WAIT_MAX, noticed).await.expect("a changed file is noticed within 30 s");
    assert_eq!(ask(&gateway, &mut open).await.expect("an answer").status(), 200, "the open connection stays");
    gateway.finish().await;
}
