//! E-mail that a call waits, to a mail server that speaks SMTP as the RFCs have it: STARTTLS, AUTH, one that refuses.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fixture::recorder::{Recorder, echo};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{POLICIES, eventually, told};

pub(super) const PASSWORD: &str = "correct horse";

/// What a mail server was told.
#[derive(Clone, Default)]
pub(super) struct Mailbox(Arc<Mutex<Vec<String>>>);

impl Mailbox {
    pub(super) fn heard(&self) -> Vec<String> {
        self.0.lock().expect("no panic").clone()
    }

    fn hear(&self, line: &str) {
        self.0.lock().expect("no panic").push(line.to_owned());
    }
}

/// How a mail server behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Plain,
    Starttls,
    Implicit,
    /// Says something ahead of TLS.
    Hasty,
    /// Knows one of the recipients only.
    Choosy,
}

pub(super) struct Server {
    port: u16,
    pub(super) mailbox: Mailbox,
    pub(super) certificate: String,
    serving: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(manner: Manner) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a configuration");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mailbox = Mailbox::default();
        let heard = mailbox.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serve(stream, manner, &acceptor, &heard).await;
            }
        });
        Self { port, mailbox, certificate: made.cert.pem(), serving }
    }

    fn configured(&self, tls: &str) -> String {
        let page = "https://mcp.example.com/console/#/approvals/{id}";
        format!("  wait_ms: 20000\n  page: {page}\n{}", self.section(tls))
    }

    /// What makes a gateway tell it.
    pub(super) fn section(&self, tls: &str) -> String {
        format!(
            "  email:\n    host: localhost\n    port: {}\n    \
             tls: {tls}\n    authorities: mail.pem\n    username: gateway\n    password: {{ file: mail.secret }}\n    \
             from: countersign@example.com\n    to: [one@example.com, two@example.com]\n",
            self.port
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(stream: TcpStream, manner: Manner, acceptor: &TlsAcceptor, mailbox: &Mailbox) {
    if manner == Manner::Implicit {
        if let Ok(stream) = acceptor.accept(stream).await {
            mailbox.hear("TLS");
            converse(BufReader::new(stream), manner, mailbox, Greeting::Said).await;
        }
        return;
    }
    let Some(stream) = converse(BufReader::new(stream), manner, mailbox, Greeting::Said).await else {
        return;
    };
    if let Ok(stream) = acceptor.accept(stream.into_inner()).await {
        mailbox.hear("TLS");
        converse(BufReader::new(stream), manner, mailbox, Greeting::Left).await;
    }
}

#[derive(PartialEq, Eq)]
enum Greeting {
    Said,
    Left,
}

/// One conversation; the stream, when it is to go on in TLS.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: BufReader<S>,
    manner: Manner,
    mailbox: &Mailbox,
    greeting: Greeting,
) -> Option<BufReader<S>> {
    if greeting == Greeting::Said {
        stream.write_all(b"220-mail.example.com\r\n220 ready\r\n").await.ok()?;
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        mailbox.hear(&line);
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_owned();
        let answer = match verb.as_str() {
            "EHLO" => "250-mail.example.com\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n",
            "STARTTLS" if manner == Manner::Hasty => "220 go\r\n250 said too early\r\n",
            "STARTTLS" => "220 go\r\n",
            "AUTH" => {
                let expected = STANDARD.encode(format!("\0gateway\0{PASSWORD}"));
                if line == format!("AUTH PLAIN {expected}") { "235 welcome\r\n" } else { "535 no\r\n" }
            }
            "RCPT" if manner == Manner::Choosy && line.contains("two@") => "550 no such user\u{202e}\r\n",
            "MAIL" | "RCPT" => "250 ok\r\n",
            "DATA" => {
                stream.write_all(b"354 go ahead\r\n").await.ok()?;
                let mut message = String::new();
                while !message.ends_with("\r\n.\r\n") {
                    if stream.read_line(&mut message).await.ok()? == 0 {
                        return None;
                    }
                }
                mailbox.hear(&message);
                "250 taken\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "500 what\r\n",
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
        match verb.as_str() {
            "STARTTLS" => return Some(stream),
            "QUIT" => return None,
            _ => {}
        }
    }
}

/// A gateway that tells this server; Alice's call waits.
async fn setup(server: &Server, tls: &str) -> super::Setup {
    let certificate = server.certificate.clone();
    told(Recorder::new(echo), POLICIES, &server.configured(tls), |directory| {
        std::fs::write(directory.join("mail.pem"), certificate).expect("written");
        std::fs::write(directory.join("mail.secret"), PASSWORD).expect("written");
    })
    .await
}

/// The text of a message.
pub(super) fn text(message: &str) -> String {
    let (_, body) = message.split_once("\r\n\r\n").expect("a body");
    let body: String = body.lines().filter(|line| *line != ".").collect();
    String::from_utf8(STANDARD.decode(body).expect("base64")).expect("UTF-8")
}

#[tokio::test]
async fn people_are_told_by_mail_who_asks_for_what_and_no_value_of_it() {
    for (manner, tls) in
        [(Manner::Starttls, "starttls"), (Manner::Implicit, "implicit"), (Manner::Plain, "none")]
    {
        let server = Server::start(manner).await;
        let setup = setup(&server, tls).await;
        let waiting = setup.held(1, &json!({ "marker": "secret-argument" })).await;
        let id = setup.one().await;
        let heard = eventually(|| async {
            let heard = server.mailbox.heard();
            heard.iter().any(|line| line == "QUIT").then_some(heard)
        })
        .await;
        let verbs: Vec<&str> =
            heard.iter().map(|line| line.split([' ', ':', '\r']).next().expect("a word")).collect();
        let delivered = ["AUTH", "MAIL", "RCPT", "RCPT", "DATA", "Date", ".", "QUIT"];
        let expected: Vec<&str> = match manner {
            Manner::Implicit => ["TLS", "EHLO"].into_iter().chain(delivered).collect(),
            Manner::Plain => ["EHLO"].into_iter().chain(delivered).collect(),
            _ => ["EHLO", "STARTTLS", "TLS", "EHLO"].into_iter().chain(delivered).collect(),
        };
        let expected: Vec<&str> = expected.into_iter().filter(|verb| *verb != ".").collect();
        assert_eq!(verbs, expected);
        let message = heard.iter().find(|line| line.starts_with("Date")).expect("a message");
        assert!(message.contains("\r\nSubject: Approval needed: tools/call up/effect\r\n"), "{message}");
        assert!(message.contains("\r\nTo: one@example.com,\r\n two@example.com\r\n"), "{message}");
        assert!(message.lines().all(|line| line.len() <= 78), "{message}");
        let text = text(message);
        for part in ["demo/alice", "tools/call up/effect", "held", "one person of operations", &id] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.contains(&format!("https://mcp.example.com/console/#/approvals/{id}")), "{text}");
        assert!(!text.contains("secret-argument"), "{text}");
        // What becomes of it is told to nobody by mail.
        setup.approve("bob", &id).await;
        drop(waiting);
        let listed = setup.gateway.api("bob", "GET", "/api/v1/deliveries", &Value::Null).await;
        assert_eq!(listed.json().expect("JSON")["deliveries"], json!([]));
        setup.gateway.finish().await;
    }
}

#[tokio::test]
async fn mail_that_does_not_arrive_is_tried_again_and_says_why() {
    let cases = [
        (Manner::Choosy, "starttls", "it answered 550: no such user\\u{202e}"),
        (Manner::Hasty, "starttls", "it speaks before TLS has begun"),
        (Manner::Starttls, "implicit", "TLS fails"),
    ];
    for (manner, tls, fault) in cases {
        let server = Server::start(manner).await;
        let setup = setup(&server, tls).await;
        let waiting = setup.held(1, &json!({})).await;
        setup.one().await;
        let delivery = eventually(|| async {
            let listed = setup.gateway.api("bob", "GET", "/api/v1/deliveries", &Value::Null).await;
            let listed = listed.json().expect("JSON");
            let delivery = listed["deliveries"].as_array()?.first()?.clone();
            delivery["fault"].is_string().then_some(delivery)
        })
        .await;
        assert_eq!((&delivery["webhook"], &delivery["given_up"]), (&json!("email"), &Value::Null));
        assert!(delivery["fault"].as_str().expect("text").contains(fault), "{delivery}");
        let heard = server.mailbox.heard();
        assert!(!heard.iter().any(|line| line == "DATA"), "nobody got it: {heard:?}");
        assert!(!delivery.to_string().contains(PASSWORD));
        drop(waiting);
        setup.gateway.finish().await;
    }
}
