//! TLS of a listener: certificates are read again when their files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::{ClientCertificate, Tls};

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use `{path}` for TLS: {cause}")]
pub struct TlsError {
    path: PathBuf,
    cause: String,
}

/// Accepts TLS with the certificates last read.
pub struct Acceptor {
    files: Tls,
    current: ArcSwap<ServerConfig>,
    read: std::sync::Mutex<Vec<Option<SystemTime>>>,
}

impl Acceptor {
    /// Reads the certificates.
    ///
    /// # Errors
    /// [`TlsError`], which names the file.
    pub fn new(files: Tls) -> Result<Self, TlsError> {
        let read = std::sync::Mutex::new(modified(&files));
        let current = ArcSwap::from_pointee(configuration(&files)?);
        Ok(Self { files, current, read })
    }

    /// Reads the certificates again if a file changed. The old ones stay in use when the new ones are unusable.
    ///
    /// # Errors
    /// [`TlsError`], which names the file.
    pub fn refresh(&self) -> Result<Refresh, TlsError> {
        let now = modified(&self.files);
        if *self.read.lock().unwrap_or_else(std::sync::PoisonError::into_inner) == now {
            return Ok(Refresh::Unchanged);
        }
        self.current.store(Arc::new(configuration(&self.files)?));
        *self.read.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = now;
        Ok(Refresh::Replaced)
    }

    /// The TLS handshake.
    pub(super) async fn accept<S>(&self, stream: S) -> std::io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::from(self.current.load_full()).accept(stream).await
    }
}

/// What [`Acceptor::refresh`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// No file changed.
    Unchanged,
    /// New connections use the new certificates.
    Replaced,
}

fn modified(files: &Tls) -> Vec<Option<SystemTime>> {
    [Some(&files.certificate), Some(&files.key), files.client_authorities.as_ref()]
        .into_iter()
        .flatten()
        .map(|path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
        .collect()
}

fn configuration(files: &Tls) -> Result<ServerConfig, TlsError> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| failed(&files.key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&files.certificate, &error))?;
    let builder = match &files.client_authorities {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = rustls::RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| failed(path, &error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = match files.client_certificate {
                ClientCertificate::Required => verifier,
                ClientCertificate::Optional => verifier.allow_unauthenticated(),
            };
            builder.with_client_cert_verifier(verifier.build().map_err(|error| failed(path, &error))?)
        }
    };
    let mut configuration =
        builder.with_single_cert(chain, key).map_err(|error| failed(&files.certificate, &error))?;
    configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(configuration)
}

pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|error| failed(path, &error))?.collect();
    let certificates = certificates.map_err(|error| failed(path, &error))?;
    if certificates.is_empty() {
        return Err(failed(path, &"it holds no certificate"));
    }
    Ok(certificates)
}

pub(super) fn failed(path: &Path, cause: &dyn std::fmt::Display) -> TlsError {
    TlsError { path: path.to_owned(), cause: cause.to_string() }
}
