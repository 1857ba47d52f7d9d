//! TLS for the PostgreSQL driver, on the one TLS implementation we use.
//!
//! Written here because the published glue brings a second cryptography provider and a parser of certificates, both for
//! channel binding (RFC 5929). That is left out: the server is proven by its certificate, which is always checked.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use postgres::Socket;
use postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use rustls::{CertificateError, ClientConfig};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Why there is no TLS connection, at whose fault, and what to do; none when that is not what failed.
pub(super) fn refusal(error: &postgres::Error) -> Option<String> {
    let mut cause: &(dyn std::error::Error + 'static) = error;
    loop {
        if let Some(text) = cause.downcast_ref::<rustls::Error>().map(explain) {
            return Some(text);
        }
        // The driver has a text for it, and no kind.
        if cause.to_string().contains("server does not support TLS") {
            let text = "the server offers no TLS, and nothing is sent to it without; switch `ssl` on there, with a \
                        certificate for the name by which it is reached";
            return Some(text.to_owned());
        }
        cause = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => inner,
            None => cause.source()?,
        };
    }
}

fn explain(error: &rustls::Error) -> String {
    let advice = match error {
        // A bad signature: an authority of the same name, and another key.
        rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => {
            "no authority that this gateway trusts issued the server's certificate; if it is the right server, name its \
             authority in `storage.postgres.authorities`"
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => {
            "the server's certificate is for another name; write the name that it holds in `storage.postgres.url`, or \
             give the server a certificate for this one"
        }
        rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => "the server's certificate is not valid now; renew it, or set the clock of this machine",
        _ => {
            "the server's TLS is not as it must be; see to `ssl_cert_file` and `ssl_min_protocol_version` there"
        }
    };
    format!("{advice}: {error}")
}

/// Makes TLS connections.
#[derive(Clone)]
pub(super) struct Connector(Arc<ClientConfig>);

impl Connector {
    pub(super) fn new(config: ClientConfig) -> Self {
        Self(Arc::new(config))
    }
}

impl MakeTlsConnect<Socket> for Connector {
    type Stream = Encrypted;
    type TlsConnect = Connecting;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Connecting, InvalidDnsNameError> {
        let name = ServerName::try_from(host.to_owned())?;
        Ok(Connecting { connector: TlsConnector::from(Arc::clone(&self.0)), name })
    }
}

/// A handshake about to begin.
pub(super) struct Connecting {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsConnect<Socket> for Connecting {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move { Ok(Encrypted(Box::new(self.connector.connect(self.name, stream).await?))) })
    }
}

/// A connection after its handshake.
pub(super) struct Encrypted(Box<TlsStream<Socket>>);

impl postgres::tls::TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
