//! A witness: a small server, run by somebody else than the gateways, that cosigns checkpoints of logs which were only
//! appended to ([C2SP tlog-witness](https://c2sp.org/tlog-witness), `add-checkpoint`).
//!
//! It decides nothing about what a log says; it remembers how long each is, and never signs a shorter or another one.
//! What it cosigns is on disk before the cosignature leaves.

mod state;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use evidence::note::VerifierKey;
use evidence::witness::{AddCheckpoint, REQUEST_BYTES_MAX, Refusal, SIZE_CONTENT_TYPE};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use state::{State, WitnessError, create};

use crate::clock::Clock;
use crate::limits;
use crate::listen::{self, Acceptor, Ending};
use crate::reply::{self, Reply};

/// Path of the one thing a witness does.
const ADD_CHECKPOINT: &str = "/add-checkpoint";

/// A witness.
pub struct Witness {
    state: State,
    /// The keys of each log, by its origin.
    logs: HashMap<String, Log>,
    clock: Arc<dyn Clock>,
}

/// A log that the witness was told about.
struct Log {
    keys: Vec<VerifierKey>,
    /// Held while a checkpoint of this log is judged and remembered: else a slow request could take a log back.
    turn: Arc<Mutex<()>>,
}

impl Witness {
    /// A witness with the key and the memory in `directory`, for the logs with these keys. The directory is locked: two
    /// witnesses with one memory would each cosign what the other must not.
    ///
    /// # Errors
    /// [`WitnessError`], worded for the operator.
    pub fn open(
        directory: &Path,
        logs: Vec<VerifierKey>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WitnessError> {
        let mut known: HashMap<String, Log> = HashMap::new();
        for key in logs {
            let log = known.entry(key.name().to_owned());
            let log = log.or_insert_with(|| Log { keys: Vec::new(), turn: Arc::default() });
            log.keys.push(key);
        }
        Ok(Self { state: State::open(directory)?, logs: known, clock })
    }

    /// The key that verifies its cosignatures.
    pub fn verifier_key(&self) -> VerifierKey {
        self.state.verifier_key()
    }

    /// Cosigns what a request asks for; answers the signature line. Blocks while it writes.
    ///
    /// # Errors
    /// [`NotCosigned`].
    pub fn cosign(&self, body: &str) -> Result<String, NotCosigned> {
        let request: AddCheckpoint = body.parse().map_err(Refusal::from)?;
        let log = self.logs.get(request.origin()).ok_or(Refusal::UnknownLog)?;
        let _turn = log.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = self.state.seen(request.origin())?;
        let checkpoint = request.judge(&log.keys, &seen)?;
        self.state.remember(&checkpoint)?;
        let now_s = u64::try_from(self.clock.now().as_second()).unwrap_or(0);
        let line = self.state.cosign(request.checkpoint.text(), now_s);
        tracing::info!(origin = checkpoint.origin, size = checkpoint.size, "cosigned");
        Ok(format!("{line}\n"))
    }
}

/// Why nothing was cosigned.
#[derive(Debug, thiserror::Error)]
pub enum NotCosigned {
    /// The request does not deserve it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The witness cannot remember it.
    #[error(transparent)]
    Forgetful(#[from] WitnessError),
}

/// Serves `witness` on `listener` until `stop` fires.
pub async fn serve(
    witness: Arc<Witness>,
    listener: TcpListener,
    tls: Option<Arc<Acceptor>>,
    stop: CancellationToken,
) {
    let handle = move |peer, request| answer(witness.clone(), peer, request);
    let ending = Ending { leaving: CancellationToken::new(), stop };
    listen::serve(listener, tls, ending, handle).await;
}

async fn answer(witness: Arc<Witness>, peer: SocketAddr, request: Request<Incoming>) -> Reply {
    if request.uri().path() != ADD_CHECKPOINT {
        return say(StatusCode::NOT_FOUND, "there is only /add-checkpoint here\n".to_owned());
    }
    if request.method() != Method::POST {
        return say(StatusCode::METHOD_NOT_ALLOWED, "post to it\n".to_owned());
    }
    let wait = Duration::from_millis(limits::WITNESS_BODY_MS);
    let body = Limited::new(request.into_body(), REQUEST_BYTES_MAX).collect();
    let body = match tokio::time::timeout(wait, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => {
            return say(StatusCode::BAD_REQUEST, "the body is too large, or broke off\n".to_owned());
        }
        Err(_) => return say(StatusCode::REQUEST_TIMEOUT, "the body did not come in time\n".to_owned()),
    };
    let judged = tokio::task::spawn_blocking(move || {
        let body = std::str::from_utf8(&body).map_err(|_| Refusal::Malformed("not UTF-8"))?;
        witness.cosign(body)
    });
    match judged.await {
        Ok(Ok(line)) => say(StatusCode::OK, line),
        Ok(Err(NotCosigned::Refused(refusal))) => {
            tracing::warn!(%peer, %refusal, "not cosigned");
            refuse(refusal)
        }
        Ok(Err(NotCosigned::Forgetful(error))) => {
            tracing::error!(%error, "a checkpoint could not be remembered, so it was not cosigned");
            say(StatusCode::INTERNAL_SERVER_ERROR, "the witness cannot remember checkpoints\n".to_owned())
        }
        Err(_) => say(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed\n".to_owned()),
    }
}

fn refuse(refusal: Refusal) -> Reply {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let Refusal::Conflict { size } = refusal else { return say(status, format!("{refusal}\n")) };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(SIZE_CONTENT_TYPE));
    reply::whole(status, headers, Bytes::from(format!("{size}\n")))
}

fn say(status: StatusCode, text: String) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    reply::whole(status, headers, Bytes::from(text))
}
