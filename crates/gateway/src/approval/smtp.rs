//! Handing a message to a mail server: SMTP ([RFC 5321](https://www.rfc-editor.org/rfc/rfc5321)), STARTTLS (RFC 3207), AUTH PLAIN
//! (RFC 4954), TLS from the first byte (RFC 8314).
//!
//! Ours, because one message of plain text takes this little, and the known client would change the features of half the tree.
//! The message has lines of at most 78 bytes of ASCII and no line that begins with a dot: see [`super::email`].

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
    BufReader,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::clean;
use crate::config::MailTls;
use crate::limits;

/// A mail server, and who we are to it.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: MailTls,
    pub(super) trust: Arc<ClientConfig>,
    /// User and password.
    pub(super) credentials: Option<(String, SecretString)>,
}

/// What is handed over.
pub(super) struct Envelope<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a [String],
    /// Headers and text, as they are sent.
    pub(super) message: &'a str,
}

/// Why a message did not arrive, in words of ours: of the server's own, the code alone and a line of its text.
pub(super) type Fault = String;

impl Server {
    /// Hands a message over. The caller bounds the time.
    pub(super) async fn send(&self, envelope: &Envelope<'_>) -> Result<(), Fault> {
        let connected = TcpStream::connect((self.host.as_str(), self.port)).await;
        let plain = connected.map_err(|error| format!("it cannot be reached: {error}"))?;
        if self.tls == MailTls::Implicit {
            let mut session = Session::over(self.encrypt(plain).await?);
            session.greet().await?;
            session.hello().await?;
            return session.deliver(self, envelope).await;
        }
        let mut session = Session::over(plain);
        session.greet().await?;
        let offers = session.hello().await?;
        if self.tls == MailTls::None {
            return session.deliver(self, envelope).await;
        }
        if !offers.iter().any(|offer| offer.eq_ignore_ascii_case("STARTTLS")) {
            return Err("it does not offer STARTTLS".to_owned());
        }
        session.ask("STARTTLS", 220).await?;
        let plain = session.into_plain()?;
        let mut session = Session::over(self.encrypt(plain).await?);
        session.hello().await?;
        session.deliver(self, envelope).await
    }

    async fn encrypt(&self, plain: TcpStream) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Fault> {
        let name = ServerName::try_from(self.host.clone()).map_err(|_| "its name is no name".to_owned())?;
        let connected = TlsConnector::from(self.trust.clone()).connect(name, plain).await;
        connected.map_err(|error| format!("TLS fails: {error}"))
    }
}

struct Session<S> {
    stream: BufReader<S>,
}

impl Session<TcpStream> {
    /// The connection, if nothing was sent ahead of TLS: whatever comes then must not count as said inside it.
    fn into_plain(self) -> Result<TcpStream, Fault> {
        if !self.stream.buffer().is_empty() {
            return Err("it speaks before TLS has begun".to_owned());
        }
        Ok(self.stream.into_inner())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    fn over(stream: S) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    async fn greet(&mut self) -> Result<(), Fault> {
        self.wait_for(220).await.map(drop)
    }

    /// What the server offers.
    async fn hello(&mut self) -> Result<Vec<String>, Fault> {
        // A name that says nothing about the machine.
        let lines = self.ask("EHLO [127.0.0.1]", 250).await?;
        Ok(lines.into_iter().skip(1).collect())
    }

    async fn deliver(&mut self, server: &Server, envelope: &Envelope<'_>) -> Result<(), Fault> {
        if let Some((user, password)) = &server.credentials {
            let plain = Zeroizing::new(format!("\0{user}\0{}", password.expose_secret()));
            let line = Zeroizing::new(format!("AUTH PLAIN {}", STANDARD.encode(plain.as_bytes())));
            // What it says may repeat the line, and with it the password: only the code is told.
            self.write(Zeroizing::new(format!("{}\r\n", *line)).as_bytes()).await?;
            let (code, _) = reply(&mut self.stream).await?;
            if code != 235 {
                return Err(format!("it refuses our credentials: {code}"));
            }
        }
        self.ask(&format!("MAIL FROM:<{}>", envelope.from), 250).await?;
        for to in envelope.to {
            // All or nobody: a message that is tried again would reach the others twice.
            self.ask(&format!("RCPT TO:<{to}>"), 250).await?;
        }
        self.ask("DATA", 354).await?;
        self.write(envelope.message.as_bytes()).await?;
        self.ask(".", 250).await?;
        // It has the message; what it says to the farewell changes nothing.
        drop(self.ask("QUIT", 221).await);
        Ok(())
    }

    async fn ask(&mut self, line: &str, wanted: u16) -> Result<Vec<String>, Fault> {
        let line = Zeroizing::new(format!("{line}\r\n"));
        self.write(line.as_bytes()).await?;
        self.wait_for(wanted).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        written.await.map_err(|error| format!("the connection broke: {error}"))
    }

    /// The lines of a reply with the code that is wanted.
    async fn wait_for(&mut self, wanted: u16) -> Result<Vec<String>, Fault> {
        let (code, lines) = reply(&mut self.stream).await?;
        if code == wanted {
            return Ok(lines);
        }
        let said: String = lines.first().map_or("", String::as_str).chars().take(100).collect();
        Err(format!("it answered {code}: {}", clean(&said)))
    }
}

/// A reply of one line or several (RFC 5321, section 4.2).
async fn reply(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<(u16, Vec<String>), Fault> {
    let mut lines = Vec::new();
    while lines.len() < limits::SMTP_REPLY_LINES_MAX {
        let mut line = Vec::new();
        let most = limits::SMTP_LINE_BYTES_MAX as u64;
        let read = (&mut *stream).take(most).read_until(b'\n', &mut line).await;
        read.map_err(|error| format!("the connection broke: {error}"))?;
        let text = line.strip_suffix(b"\n").ok_or("its reply ends too early, or is too long")?;
        let text = String::from_utf8_lossy(text.strip_suffix(b"\r").unwrap_or(text));
        let code = text.get(..3).and_then(|code| code.parse::<u16>().ok());
        let code = code.filter(|code| (200..600).contains(code)).ok_or("its reply is none of SMTP")?;
        lines.push(text.get(4..).unwrap_or_default().to_owned());
        match text.as_bytes().get(3) {
            Some(b'-') => {}
            None | Some(b' ') => return Ok((code, lines)),
            Some(_) => return Err("its reply is none of SMTP".to_owned()),
        }
    }
    Err("its reply has too many lines".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn replies_are_read_by_line_and_bounded() {
        let read = async |text: &str| reply(&mut text.as_bytes()).await.ok();
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        assert_eq!(read("220 ready\r\n").await, Some((220, lines(&["ready"]))));
        assert_eq!(read("250-a\r\n250-B C\r\n250 d\r\n").await, Some((250, lines(&["a", "B C", "d"]))));
        assert_eq!(read("354\r\n").await, Some((354, lines(&[""]))));
        for wrong in ["220 ready", "hello\r\n", "25\r\n", "999 no\r\n", "250?x\r\n", "250-a\r\n", ""] {
            assert_eq!(read(wrong).await, None, "{wrong:?}");
        }
        assert_eq!(read(&format!("220 {}\r\n", "x".repeat(limits::SMTP_LINE_BYTES_MAX))).await, None);
        assert_eq!(read(&"250-x\r\n".repeat(limits::SMTP_REPLY_LINES_MAX + 1)).await, None);
    }
}
