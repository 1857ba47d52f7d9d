//! Who signs checkpoints: a key in a file, or a program that stands in front of a key that never leaves where it is.
//!
//! A program outside is told the key's name and the text, and answers an Ed25519 signature over exactly these bytes. It is
//! believed only when that verifies with the public key that is configured. While it does not answer, no checkpoint is
//! signed and evidence is written all the same; nothing is ever signed by another key instead.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::checkpoint::{self, Checkpoint};
use evidence::note::{self, Note, Signature, Signer, VerifierKey};
use url::Url;

use crate::config::{self, SignerWay};
use crate::limits;

/// Environment variable, and header, that name the key to a program outside.
const KEY_VARIABLE: &str = "COUNTERSIGN_KEY";
const KEY_HEADER: &str = "countersign-key";
/// Bytes of an Ed25519 signature (RFC 8032).
const SIGNATURE_BYTES: usize = 64;

/// Signs for one log.
pub(super) enum LogSigner {
    /// With a key in this process.
    File(Signer),
    /// By asking.
    Outside(Outside),
}

/// A program outside that signs.
pub(super) struct Outside {
    key: VerifierKey,
    way: SignerWay,
    timeout: Duration,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The text cannot be signed.
    #[error(transparent)]
    Text(#[from] checkpoint::Error),
    /// The note cannot be made.
    #[error(transparent)]
    Note(#[from] note::Error),
    /// The program outside failed.
    #[error("the signer failed: {0}")]
    Failed(String),
    /// It did not answer in time.
    #[error("the signer did not answer within {0} ms")]
    Late(u128),
    /// What it answered is no signature of the key.
    #[error("what the signer answered is not a signature of `{0}` over what it was asked to sign")]
    Wrong(String),
}

impl LogSigner {
    /// The name of the key: the log's origin.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::File(signer) => signer.name(),
            Self::Outside(outside) => outside.key.name(),
        }
    }

    /// The public half.
    pub(super) fn verifier_key(&self) -> VerifierKey {
        match self {
            Self::File(signer) => signer.verifier_key(),
            Self::Outside(outside) => outside.key.clone(),
        }
    }

    /// Signs a checkpoint. Blocks.
    pub(super) fn sign(&self, checkpoint: &Checkpoint) -> Result<Note, SignError> {
        match self {
            Self::File(signer) => Ok(checkpoint.sign(signer)?),
            Self::Outside(outside) => outside.sign(&checkpoint.to_string()),
        }
    }

    /// Signs the text of a note. Blocks.
    pub(super) fn sign_text(&self, text: &str) -> Result<Note, SignError> {
        match self {
            Self::File(signer) => Ok(Note::sign(text, &[signer])?),
            Self::Outside(outside) => outside.sign(text),
        }
    }
}

impl Outside {
    /// The signer of the log `origin`, if one is configured that has a key for it.
    pub(super) fn new(signer: &config::Signer, origin: &str) -> Option<Self> {
        let mut keys = signer.keys.iter().filter_map(|key| key.parse::<VerifierKey>().ok());
        let key = keys.find(|key| key.name() == origin)?;
        Some(Self { key, way: signer.by.clone(), timeout: Duration::from_millis(signer.timeout_ms) })
    }

    fn sign(&self, text: &str) -> Result<Note, SignError> {
        let answer = match &self.way {
            SignerWay::Command(command) => self.run(command, text)?,
            SignerWay::Url(url) => self.post(url, text)?,
        };
        let wrong = || SignError::Wrong(self.key.name().to_owned());
        let bytes = STANDARD.decode(answer.trim_ascii()).map_err(|_| wrong())?;
        if bytes.len() != SIGNATURE_BYTES {
            return Err(wrong());
        }
        let signature = Signature { name: self.key.name().to_owned(), id: self.key.id(), bytes };
        let note = Note::parse(format!("{text}\n{signature}\n").as_bytes())?;
        match note.verify(std::slice::from_ref(&self.key)) {
            Ok(_) if note.text() == text => Ok(note),
            _ => Err(wrong()),
        }
    }

    /// Runs a program: the text on its standard input, the base64 of the signature on its standard output.
    fn run(&self, command: &[String], text: &str) -> Result<Vec<u8>, SignError> {
        let failed = |cause: std::io::Error| SignError::Failed(cause.to_string());
        let Some((program, arguments)) = command.split_first() else {
            return Err(SignError::Failed("no program is given".to_owned()));
        };
        let mut child = Command::new(program)
            .args(arguments)
            .env(KEY_VARIABLE, self.key.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        // Both pipes hold what is exchanged here without a reader, so nothing waits but for the program.
        let input = child.stdin.take().map(|mut input| input.write_all(text.as_bytes()));
        drop(input);
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().map_err(failed)? {
                break status;
            }
            if began.elapsed() >= self.timeout {
                child.kill().and_then(|()| child.wait()).map_err(failed)?;
                return Err(SignError::Late(self.timeout.as_millis()));
            }
            std::thread::park_timeout(Duration::from_millis(limits::SIGNER_LOOK_MS));
        };
        if !status.success() {
            return Err(SignError::Failed(format!("it ended with {status}")));
        }
        let mut answer = Vec::new();
        let output = child.stdout.take().map(|output| output.take(limits::SIGNER_ANSWER_BYTES_MAX));
        output.map_or(Ok(0), |mut output| output.read_to_end(&mut answer)).map_err(failed)?;
        Ok(answer)
    }

    /// Asks over HTTP. In a thread with a runtime of its own: whoever signs may or may not be in one.
    fn post(&self, url: &Url, text: &str) -> Result<Vec<u8>, SignError> {
        let (url, key, text, timeout) = (url.clone(), self.key.to_string(), text.to_owned(), self.timeout);
        let asked = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| SignError::Failed(error.to_string()))?;
            runtime.block_on(request(url, key, text, timeout))
        });
        asked.join().map_err(|_| SignError::Failed("its thread ended".to_owned()))?
    }
}

async fn request(url: Url, key: String, text: String, timeout: Duration) -> Result<Vec<u8>, SignError> {
    let failed = |error: reqwest::Error| {
        if error.is_timeout() {
            SignError::Late(timeout.as_millis())
        } else {
            SignError::Failed(error.without_url().to_string())
        }
    };
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .timeout(timeout)
        .build()
        .map_err(failed)?;
    let asked = client.post(url).header(KEY_HEADER, key).header("content-type", "application/octet-stream");
    let mut answer = asked.body(text).send().await.map_err(failed)?;
    if !answer.status().is_success() {
        return Err(SignError::Failed(format!("it answered {}", answer.status())));
    }
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(failed)? {
        body.extend_from_slice(&part);
        if body.len() as u64 > limits::SIGNER_ANSWER_BYTES_MAX {
            return Err(SignError::Failed("its answer is too long".to_owned()));
        }
    }
    Ok(body)
}
