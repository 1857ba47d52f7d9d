//! Servers the gateway starts itself and speaks to on standard input and output, offered to callers as streamable HTTP.
//!
//! One [`Stdio`] is one configured server. It takes one message of a caller, already judged and recorded, and gives
//! back what a streamable HTTP server would have answered; eras are never translated into each other.
//!
//! | sharing | legacy (`initialize`) | modern (2026-07-28) |
//! |---|---|---|
//! | `session` | a process for each session | a process for each principal |
//! | `shared` | one process | one process |
//!
//! A dual-era program is one process for each era, because `initialize` selects the era of a whole process.
//!
//! Sessions and processes belong to the principal that began them: to anybody else they do not exist. A process is
//! started when a caller needs it and ended when its session ends, when it was idle, or when the gateway stops; with
//! it end its sessions, so legacy callers get a 404 and initialise again, and modern callers just ask again.
//!
//! **A shared legacy process** is initialised once, in the name of whoever came first but with no capabilities: what
//! the program asks cannot be put to anybody. Every `initialize` gets that one answer, which is how MCP negotiates a
//! revision: "if the server does not support the requested version, it MUST respond with another". Callers get
//! answers, progress of their own requests and `list_changed`; log messages and resource updates name no caller and
//! are not delivered, and subscriptions to resources are refused.
//!
//! Submodules, in reading order: `router` (who hears what), `process` (one child), `roster` (who holds what).
//!
//! Spec: MCP 2025-11-25 and 2026-07-28, "Transports", "Lifecycle", "Versioning: backward compatibility".

mod backoff;
mod error;
mod health;
mod lane;
mod launch;
mod line;
mod noise;
mod pace;
mod process;
mod roster;
mod router;
mod stream;
#[cfg(test)]
mod tests;
mod wire;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use crate::clock::Clock;
use crate::config::{self, Sharing};
use crate::model::Era;
pub use error::StdioError;
pub use health::{Failure, Health, ProcessHealth};
use pace::Pace;
use process::{Claim, Process};
use roster::{Holder, Obstacle, Roster, Seated, Session};
use router::{Owner, Router};
pub use stream::Messages;
use wire::{Head, Kind, replace};

/// What a server needs from outside: time, randomness, and what of the gateway's environment a process may know.
#[derive(Clone)]
pub struct Surroundings {
    /// Wall-clock time, for reports only; delays are measured with the runtime's timer.
    pub clock: Arc<dyn Clock>,
    /// 16 random bytes, or `None` when the system has none. Session ids come from it.
    pub random: Arc<dyn Fn() -> Option<[u8; 16]> + Send + Sync>,
    /// `PATH` of the processes; programs are looked up in it.
    pub path: Option<OsString>,
    /// `HOME` of the processes.
    pub home: Option<OsString>,
}

/// One message of a caller, judged.
#[derive(Debug, Clone)]
pub struct StdioRequest {
    /// What is asked.
    pub ask: Ask,
    /// `Mcp-Session-Id` as sent (legacy only).
    pub session: Option<String>,
    /// Which wire protocol.
    pub era: Era,
    /// Who asks: the same for the same issuer and subject, and for nobody else.
    pub principal: [u8; 32],
}

/// What is asked of a server.
#[derive(Debug, Clone)]
pub enum Ask {
    /// GET: open the session's stream. There are no event ids, so `Last-Event-ID` resumes nothing.
    Open,
    /// DELETE: end the session.
    End,
    /// POST: this one JSON-RPC message.
    Post(Bytes),
}

/// What a streamable HTTP server would answer.
#[derive(Debug)]
pub enum StdioAnswer {
    /// 202, no body.
    Accepted,
    /// 204, no body: the session is over.
    Ended,
    /// 200, `application/json`.
    Json {
        /// `Mcp-Session-Id` of a session that just began.
        session: Option<String>,
        /// The JSON-RPC response.
        body: Bytes,
    },
    /// 200, `text/event-stream`.
    Events {
        /// `Mcp-Session-Id` of a session that just began.
        session: Option<String>,
        /// One message an event, in order.
        messages: Messages,
    },
    /// 404: no such session, or somebody else's. The caller initialises again.
    NoSession,
    /// 400: a legacy message without `Mcp-Session-Id`.
    SessionRequired,
    /// 405: GET and DELETE do not exist in the modern protocol.
    MethodNotAllowed,
    /// 400 on a modern request, so that the caller falls back to `initialize` by itself.
    LegacyOnly,
}

/// One server on standard input and output.
#[derive(Debug)]
pub struct Stdio {
    shared: Arc<Shared>,
    /// Whether the program speaks the modern protocol, once known. The lock is held while it is asked.
    modern: tokio::sync::Mutex<Option<Speaks>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    Modern,
    LegacyOnly,
}

struct Shared {
    server: Arc<str>,
    program: config::Stdio,
    timeout: Duration,
    pace: Pace,
    surroundings: Surroundings,
    roster: Mutex<Roster>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Surroundings {
    /// Those of this process.
    pub fn of_this_process(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            random: Arc::new(|| {
                let mut bytes = [0; 16];
                aws_lc_rs::rand::fill(&mut bytes).ok().map(|()| bytes)
            }),
            path: std::env::var_os("PATH"),
            home: std::env::var_os("HOME"),
        }
    }
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Stdio {
    /// The server `name` that runs `program`. Nothing is started yet. `begin` is how long it may take to begin an
    /// answer.
    pub fn new(name: &str, program: &config::Stdio, begin: Duration, surroundings: Surroundings) -> Self {
        Self::paced(name, program, begin, surroundings, Pace::default())
    }

    fn paced(
        name: &str,
        program: &config::Stdio,
        begin: Duration,
        surroundings: Surroundings,
        pace: Pace,
    ) -> Self {
        let shared = Shared {
            server: name.into(),
            program: program.clone(),
            timeout: begin,
            pace,
            surroundings,
            roster: Mutex::default(),
        };
        Self { shared: Arc::new(shared), modern: tokio::sync::Mutex::default() }
    }

    /// Sends one message and waits until its answer begins.
    ///
    /// Dropping the future, or the stream it returns, means that the caller is gone: that cancels a modern request
    /// and, as the protocol has it, not a legacy one.
    ///
    /// # Errors
    /// [`StdioError`]; the program has or has not acted when it is `Exited`, `Timeout`, `TooLarge` or `Cancelled`,
    /// and never saw the message otherwise.
    pub async fn send(&self, request: StdioRequest) -> Result<StdioAnswer, StdioError> {
        let StdioRequest { ask, session, era, principal } = request;
        let deadline = Instant::now() + self.shared.timeout;
        match (era, ask) {
            (Era::Modern, Ask::Open | Ask::End) => Ok(StdioAnswer::MethodNotAllowed),
            (Era::Modern, Ask::Post(message)) => self.modern(principal, &message, deadline).await,
            (Era::Legacy, ask) => self.legacy(principal, session, ask, deadline).await,
        }
    }

    /// Ends every process, politely first, and starts none any more. Takes at most
    /// three times [`crate::limits::STDIO_STOP_MS`] and a little.
    pub async fn shutdown(&self) {
        let running = self.shared.roster().disband();
        for process in &running {
            process.stop();
        }
        for process in running {
            process.ended().await;
        }
    }

    /// What runs, and what went wrong.
    pub fn health(&self) -> Health {
        let roster = self.shared.roster();
        Health {
            processes: roster.health(),
            sessions: roster.sessions(),
            starts: roster.starts,
            failures: roster.failures,
            last_failure: roster.last_failure.clone(),
        }
    }

    async fn legacy(
        &self,
        principal: [u8; 32],
        session: Option<String>,
        ask: Ask,
        deadline: Instant,
    ) -> Result<StdioAnswer, StdioError> {
        let Some(id) = session else {
            let Ask::Post(message) = ask else { return Ok(StdioAnswer::SessionRequired) };
            return match Head::read(&message).map(|head| head.kind) {
                Some(Kind::Request { method, .. }) if method == "initialize" => match self.sharing() {
                    Sharing::Session => self.initialize(principal, &message, deadline).await,
                    Sharing::Shared => self.join(principal, &message, deadline).await,
                },
                Some(_) => Ok(StdioAnswer::SessionRequired),
                None => Err(StdioError::Malformed),
            };
        };
        let found = self.shared.roster().find(&id, principal, Instant::now());
        let Some(Session { process, lane, .. }) = found else { return Ok(StdioAnswer::NoSession) };
        let owner = Owner::Session(lane);
        let message = match ask {
            Ask::End => {
                self.shared.roster().end(&id);
                return Ok(StdioAnswer::Ended);
            }
            Ask::Open => {
                let messages = process.listen(lane)?;
                return Ok(StdioAnswer::Events { session: None, messages });
            }
            Ask::Post(message) => message,
        };
        match Head::read(&message).ok_or(StdioError::Malformed)?.kind {
            Kind::Request { method, .. } if method == "initialize" && self.sharing() == Sharing::Shared => {
                self.join(principal, &message, deadline).await
            }
            Kind::Request { .. } => exchange(&process, owner, &message, deadline).await,
            Kind::Notification { .. } => {
                within(deadline, process.notify(owner, &message)).await?;
                Ok(StdioAnswer::Accepted)
            }
            Kind::Response { .. } => {
                within(deadline, process.respond(&message)).await?;
                Ok(StdioAnswer::Accepted)
            }
        }
    }

    /// A session of its own process.
    async fn initialize(
        &self,
        principal: [u8; 32],
        message: &Bytes,
        deadline: Instant,
    ) -> Result<StdioAnswer, StdioError> {
        let holder = Holder::Principal(principal);
        let (process, _claim) = within(deadline, self.shared.start(holder, Era::Legacy)).await?;
        let lane = process.router().open();
        let answer = exchange(&process, Owner::Session(lane), message, deadline).await?;
        // Refused: the process ends with the last reference to it, which is here.
        if matches!(&answer, StdioAnswer::Json { body, .. } if !is_result(body)) {
            return Ok(answer);
        }
        let id = self.shared.session_id()?;
        let session = Session { principal, process, lane, used: Instant::now() };
        self.shared.roster().begin(id.clone(), session);
        Ok(match answer {
            StdioAnswer::Json { body, .. } => StdioAnswer::Json { session: Some(id), body },
            StdioAnswer::Events { messages, .. } => StdioAnswer::Events { session: Some(id), messages },
            other => other,
        })
    }

    /// A session on the one process.
    async fn join(
        &self,
        principal: [u8; 32],
        message: &Bytes,
        deadline: Instant,
    ) -> Result<StdioAnswer, StdioError> {
        let head = Head::read(message).ok_or(StdioError::Malformed)?;
        let Kind::Request { id, .. } = head.kind else { return Err(StdioError::Malformed) };
        let seat = self.shared.roster().seat(Era::Legacy, Holder::Everyone);
        let mut seated = within(deadline, async { Ok(seat.0.lock().await) }).await?;
        if seated.as_ref().is_none_or(|seated| seated.process.is_over()) {
            let (process, _claim) =
                within(deadline, self.shared.start(Holder::Everyone, Era::Legacy)).await?;
            // What nobody can be asked must not be offered, whoever came first.
            let nothing = head.capabilities.map(|at| (at, Bytes::from_static(b"{}")));
            let greeting = ask(&process, &replace(message, nothing), deadline).await?;
            if !is_result(&greeting) {
                return Ok(StdioAnswer::Json { session: None, body: greeting });
            }
            process.announce(Bytes::from_static(INITIALIZED))?;
            *seated = Some(Seated { process, greeting: Some(greeting) });
        }
        let Some(Seated { process, greeting: Some(greeting) }) = seated.clone() else {
            return Err(StdioError::Garbled);
        };
        drop(seated);
        let Some(Kind::Response { id: first, .. }) = Head::read(&greeting).map(|head| head.kind) else {
            return Err(StdioError::Garbled);
        };
        let body = replace(&greeting, [(first.at, id.raw)]);
        let session = self.shared.session_id()?;
        let mut roster = self.shared.roster();
        let now = Instant::now();
        roster.make_room(principal, now)?;
        let lane = process.router().open();
        roster.begin(session.clone(), Session { principal, process, lane, used: now });
        Ok(StdioAnswer::Json { session: Some(session), body })
    }

    async fn modern(
        &self,
        principal: [u8; 32],
        message: &Bytes,
        deadline: Instant,
    ) -> Result<StdioAnswer, StdioError> {
        let holder = match self.sharing() {
            Sharing::Session => Holder::Principal(principal),
            Sharing::Shared => Holder::Everyone,
        };
        let owner = Owner::Principal(principal);
        match Head::read(message).ok_or(StdioError::Malformed)?.kind {
            Kind::Request { .. } => {}
            Kind::Response { .. } => return Err(StdioError::Uncorrelated),
            // Nothing is started for the sake of a notification.
            Kind::Notification { .. } => {
                let seat = self.shared.roster().seated(Era::Modern, holder);
                if let Some(seat) = seat {
                    let seated = within(deadline, async { Ok(seat.0.lock().await.clone()) }).await?;
                    if let Some(seated) = seated.filter(|seated| !seated.process.is_over()) {
                        within(deadline, seated.process.notify(owner, message)).await?;
                    }
                }
                return Ok(StdioAnswer::Accepted);
            }
        }
        if *within(deadline, async { Ok(self.modern.lock().await) }).await? == Some(Speaks::LegacyOnly) {
            return Ok(StdioAnswer::LegacyOnly);
        }
        let seat = self.shared.roster().seat(Era::Modern, holder);
        let mut seated = within(deadline, async { Ok(seat.0.lock().await) }).await?;
        let claimed =
            seated.as_ref().and_then(|seated| Some((Arc::clone(&seated.process), seated.process.claim()?)));
        let (process, _claim) = match claimed {
            Some(claimed) => claimed,
            None => {
                let (process, claim) = within(deadline, self.shared.start(holder, Era::Modern)).await?;
                if within(deadline, self.probe(&process)).await? == Speaks::LegacyOnly {
                    return Ok(StdioAnswer::LegacyOnly);
                }
                *seated = Some(Seated { process: Arc::clone(&process), greeting: None });
                (process, claim)
            }
        };
        drop(seated);
        exchange(&process, owner, message, deadline).await
    }

    /// Asks once, of the first process, whether the program speaks the modern protocol. A program that does not
    /// answer is taken for a legacy one this time and asked again the next: it may just be slow to start.
    async fn probe(&self, process: &Process) -> Result<Speaks, StdioError> {
        let mut known = self.modern.lock().await;
        if let Some(known) = *known {
            return Ok(known);
        }
        let deadline = Instant::now() + self.shared.pace.probe;
        let answer = match ask(process, &Bytes::from_static(DISCOVER), deadline).await {
            Ok(answer) => answer,
            Err(StdioError::Timeout) => return Ok(Speaks::LegacyOnly),
            Err(error) => return Err(error),
        };
        let speaks = match Head::read(&answer).map(|head| head.kind) {
            // HeaderMismatch, MissingRequiredClientCapability, UnsupportedProtocolVersion: only modern servers say so.
            Some(Kind::Response { error: None | Some(-32022..=-32020), .. }) => Speaks::Modern,
            _ => Speaks::LegacyOnly,
        };
        tracing::info!(server = &*self.shared.server, ?speaks, "asked server for its protocol");
        *known = Some(speaks);
        Ok(speaks)
    }

    fn sharing(&self) -> Sharing {
        self.shared.program.sharing
    }
}

impl Drop for Stdio {
    fn drop(&mut self) {
        for process in self.shared.roster().disband() {
            process.stop();
        }
    }
}

const INITIALIZED: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// Asks a server whether it speaks the modern protocol; one that does not answers with an error.
pub(super) const DISCOVER: &[u8] = concat!(
    r#"{"jsonrpc":"2.0","id":0,"method":"server/discover","params":{"_meta":{"#,
    r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","#,
    r#""io.modelcontextprotocol/clientInfo":{"name":"countersign","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""},"io.modelcontextprotocol/clientCapabilities":{}}}}"#
)
.as_bytes();

impl Shared {
    fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn session_id(&self) -> Result<String, StdioError> {
        let bytes = (self.surroundings.random)().ok_or(StdioError::Randomness)?;
        Ok(bytes.iter().fold(String::with_capacity(32), |mut id, byte| {
            // Writing to a string cannot fail.
            write!(id, "{byte:02x}").ok();
            id
        }))
    }

    fn chance(&self) -> u8 {
        // Without randomness restarts are not spread, which is no reason not to restart.
        (self.surroundings.random)().map_or(128, |bytes| bytes[0])
    }

    /// Starts a process for `holder` as soon as it may be started.
    async fn start(self: &Arc<Self>, holder: Holder, era: Era) -> Result<(Arc<Process>, Claim), StdioError> {
        let (berth, at) = loop {
            let started = self.surroundings.clock.now();
            let reserved = self.roster().reserve(holder, era, Instant::now(), started);
            match reserved {
                Ok((number, at)) => break (Berth { shared: Arc::clone(self), number }, at),
                Err(Obstacle::Never(error)) => return Err(error),
                Err(Obstacle::Until(process)) => {
                    process.stop();
                    let ended = process.ended();
                    drop(process);
                    ended.await;
                }
            }
        };
        tokio::time::sleep_until(at).await;
        let child = match launch::launch(&self.program, &self.surroundings).await {
            Ok(child) => child,
            Err(error) => {
                tracing::error!(server = &*self.server, %error, "server does not start");
                let when = (Instant::now(), self.surroundings.clock.now());
                self.roster().fail(holder, Duration::ZERO, &error.to_string(), when, self.chance());
                return Err(error);
            }
        };
        let number = berth.number;
        let sharing = self.program.sharing;
        let router = Router::new(era, sharing);
        let (process, claim) = Process::adopt(
            child,
            Arc::clone(&self.server),
            router,
            (sharing, self.pace),
            move |exit| {
                let shared = &berth.shared;
                tracing::info!(server = &*shared.server, status = exit.status, wish = ?exit.wish, "server ended");
                let (now, at) = (Instant::now(), shared.surroundings.clock.now());
                shared.roster().record(holder, &exit, now, at, shared.chance());
            },
        )?;
        let process = Arc::new(process);
        tracing::info!(server = &*self.server, pid = process.pid(), ?era, "server started");
        self.roster().occupy(number, &process);
        Ok((process, claim))
    }
}

/// A place among the processes of a server, free again when it is dropped.
struct Berth {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Berth {
    fn drop(&mut self) {
        self.shared.roster().release(self.number);
    }
}

/// A caller's request and the beginning of its answer.
async fn exchange(
    process: &Process,
    owner: Owner,
    message: &Bytes,
    deadline: Instant,
) -> Result<StdioAnswer, StdioError> {
    let (number, mut messages) = within(deadline, process.request(owner, message)).await?;
    match timeout_at(deadline, messages.peek()).await {
        Err(_) => {
            process.cancel(number, "the gateway's time for it is over");
            Err(StdioError::Timeout)
        }
        Ok(Some(stream::Peeked::Last)) => {
            let body = messages.recv().await.ok_or(StdioError::Garbled)??;
            Ok(StdioAnswer::Json { session: None, body })
        }
        Ok(_) => Ok(StdioAnswer::Events { session: None, messages }),
    }
}

/// A request of the gateway itself and its answer.
async fn ask(process: &Process, message: &Bytes, deadline: Instant) -> Result<Bytes, StdioError> {
    within(deadline, async {
        let (_, mut messages) = process.request(Owner::Gateway, message).await?;
        while messages.peek().await == Some(stream::Peeked::More) {
            messages.recv().await.ok_or(StdioError::Garbled)??;
        }
        messages.recv().await.ok_or(StdioError::Garbled)?
    })
    .await
}

async fn within<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, StdioError>>,
) -> Result<T, StdioError> {
    timeout_at(deadline, work).await.map_err(|_| StdioError::Timeout)?
}

fn is_result(answer: &Bytes) -> bool {
    matches!(Head::read(answer).map(|head| head.kind), Some(Kind::Response { error: None, .. }))
}
