//! Whom the gateway believes when it connects by TLS: the usual authorities, compiled in, and those of a file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections by HTTP/1.1, with TLS as [`tls`] where the address says so.
///
/// # Errors
/// As [`tls`].
pub fn connector(authorities: Option<&Path>) -> Result<HttpsConnector<HttpConnector>, String> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls(authorities)?);
    Ok(builder.https_or_http().enable_http1().wrap_connector(connector))
}

/// TLS towards a server whose certificate must lead to an authority we trust: the usual ones, or one of the PEM file
/// `authorities`.
///
/// # Errors
/// What is wrong with the file, for the operator.
pub fn tls(authorities: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = authorities {
        let fail = |cause: String| format!("cannot use authorities in `{}`: {cause}", path.display());
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| fail(error.to_string()))? {
            let certificate = certificate.map_err(|error| fail(error.to_string()))?;
            roots.add(certificate).map_err(|error| fail(error.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
