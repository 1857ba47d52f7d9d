//! One running process: four tasks around a [`Router`].
//!
//! The writer owns standard input, the reader standard output, a third drains standard error, and the supervisor owns
//! the child and outlives them all: it notices the end, ends what is left of the process group, and tells everybody
//! who waits. Callers touch only the router (under a lock never held across an await) and the bounded input queue.
//!
//! A caller who does not read: an unshared process is held back (nobody else is behind it) for
//! [`limits::STDIO_STALL_MS`], a shared one is never held back. After that, what may be lost is lost and any other
//! stream is ended with an error. The answer itself always fits, so a finished call is never lost to a slow reader.
//!
//! Spec: MCP, "Lifecycle: shutdown" for stdio: close the input, wait, SIGTERM, wait, SIGKILL.

use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::StdioError;
use super::line::{self, Line, Lines};
use super::noise::{self, Origin, Passage, Valve};
use super::pace::Pace;
use super::router::{Loss, Owner, Router, Step};
use super::stream::{Abandon, Messages, Outlet, Unsent};
use crate::config::Sharing;
use crate::limits;

/// A handle on a running process. Dropping the last one ends it.
#[derive(Debug)]
pub(super) struct Process {
    core: Arc<Core>,
    stop: CancellationToken,
}

/// Whether the gateway wanted the end of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Its session ended, it was idle, or the gateway stops.
    Wanted,
    /// It ended by itself, or closed its output.
    Unwanted,
}

/// How a process ended.
#[derive(Debug)]
pub(super) struct Exit {
    pub(super) status: String,
    pub(super) wish: Wish,
    pub(super) lived: Duration,
}

#[derive(Debug)]
struct Core {
    origin: Origin,
    router: Mutex<Router>,
    input: mpsc::Sender<Input>,
    /// Places of the input queue that callers may occupy.
    places: Arc<Semaphore>,
    usage: Mutex<Usage>,
    /// Zero: a caller that does not read is not waited for.
    patience: Duration,
    pace: Pace,
    /// The process is ending; it takes no more requests.
    closing: CancellationToken,
    /// It is gone and everybody was told.
    ended: CancellationToken,
}

#[derive(Debug)]
struct Usage {
    last: Instant,
    /// Callers that were given the process and whose request is not in the table yet.
    claims: usize,
}

/// Keeps a process from being ended for want of use, from when a caller was given it until its request is in the table.
#[derive(Debug)]
pub(super) struct Claim(Arc<Core>);

impl Drop for Claim {
    fn drop(&mut self) {
        let mut usage = self.0.usage();
        usage.claims -= 1;
        usage.last = Instant::now();
    }
}

#[derive(Debug)]
struct Input {
    message: Bytes,
    /// Given back when the message is written.
    _place: Option<OwnedSemaphorePermit>,
}

impl Process {
    /// Takes charge of `child`, which was just started, for the first caller; `farewell` runs when it is gone.
    pub(super) fn adopt(
        mut child: Child,
        server: Arc<str>,
        router: Router,
        (sharing, pace): (Sharing, Pace),
        farewell: impl FnOnce(Exit) + Send + 'static,
    ) -> Result<(Self, Claim), StdioError> {
        let lost = || StdioError::Spawn("the process ended at once".to_owned());
        let pid = child.id().ok_or_else(lost)?;
        let stdin = child.stdin.take().ok_or_else(lost)?;
        let stdout = child.stdout.take().ok_or_else(lost)?;
        let stderr = child.stderr.take().ok_or_else(lost)?;
        let (input, queue) = mpsc::channel(limits::STDIO_INPUT_QUEUE_MAX);
        let patience = match sharing {
            Sharing::Session => pace.stall,
            Sharing::Shared => Duration::ZERO,
        };
        let core = Arc::new(Core {
            origin: Origin { server, pid },
            router: Mutex::new(router),
            input,
            places: Arc::new(Semaphore::new(limits::STDIO_INPUT_CALLERS_MAX)),
            usage: Mutex::new(Usage { last: Instant::now(), claims: 1 }),
            patience,
            pace,
            closing: CancellationToken::new(),
            ended: CancellationToken::new(),
        });
        let claim = Claim(Arc::clone(&core));
        let stop = CancellationToken::new();
        let broken = CancellationToken::new();
        tokio::spawn(write(stdin, queue, core.closing.clone(), broken.clone()));
        let reader = tokio::spawn(read(stdout, Arc::clone(&core), broken.clone()));
        let noise = tokio::spawn(noise::drain(stderr, core.origin.clone()));
        let supervised = Arc::clone(&core);
        let stopped = stop.clone();
        tokio::spawn(async move {
            let exit = supervise(child, &supervised, stopped, broken, reader).await;
            noise.abort();
            farewell(exit);
            supervised.ended.cancel();
        });
        Ok((Self { core, stop }, claim))
    }

    /// Process id.
    pub(super) fn pid(&self) -> u32 {
        self.core.origin.pid
    }

    /// The table of its requests and sessions. Never hold it across an await.
    pub(super) fn router(&self) -> MutexGuard<'_, Router> {
        self.core.router()
    }

    /// Whether it takes no more requests.
    pub(super) fn is_over(&self) -> bool {
        self.stop.is_cancelled() || self.core.closing.is_cancelled()
    }

    /// Claims it for a caller. `None`: it takes no more requests.
    pub(super) fn claim(&self) -> Option<Claim> {
        let mut usage = self.core.usage();
        if self.is_over() {
            return None;
        }
        usage.claims += 1;
        drop(usage);
        Some(Claim(Arc::clone(&self.core)))
    }

    /// Asks it to end.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Resolves when it is gone.
    pub(super) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        self.core.ended.clone().cancelled_owned()
    }

    /// Sends a request: its number and the stream it is answered on. Dropping the stream abandons it.
    pub(super) async fn request(&self, owner: Owner, message: &Bytes) -> Result<(u64, Messages), StdioError> {
        let place = self.core.place().await?;
        let (outlet, mut messages) = Outlet::open();
        let number = {
            let mut router = self.core.router();
            let (number, message) = router.request(owner, message, outlet)?;
            // Under the lock, so that a cancellation cannot overtake its request.
            if let Err(error) = self.core.put(Input { message, _place: Some(place) }) {
                router.cancel(number, "never sent");
                return Err(error);
            }
            number
        };
        let core = Arc::clone(&self.core);
        messages.guard(Abandon(Box::new(move || core.give_up(|router| router.abandon(number)))));
        Ok((number, messages))
    }

    /// Sends a notification, unless the process must not see it.
    pub(super) async fn notify(&self, owner: Owner, message: &Bytes) -> Result<(), StdioError> {
        let place = self.core.place().await?;
        let mut router = self.core.router();
        match router.notification(owner, message)? {
            Some(message) => self.core.put(Input { message, _place: Some(place) }),
            None => Ok(()),
        }
    }

    /// Sends a caller's answer to what the process asked.
    pub(super) async fn respond(&self, message: &Bytes) -> Result<(), StdioError> {
        let place = self.core.place().await?;
        let mut router = self.core.router();
        let message = router.response(message)?;
        self.core.put(Input { message, _place: Some(place) })
    }

    /// Sends a message of the gateway itself.
    pub(super) fn announce(&self, message: Bytes) -> Result<(), StdioError> {
        self.core.put(Input { message, _place: None })
    }

    /// Gives a request up, in either era: the gateway does not want its answer any more.
    pub(super) fn cancel(&self, number: u64, reason: &'static str) {
        self.core.give_up(|router| router.cancel(number, reason));
    }

    /// Opens the GET stream of a session.
    pub(super) fn listen(&self, session: u64) -> Result<Messages, StdioError> {
        self.core.touch();
        let (outlet, messages) = Outlet::open();
        self.router().listen(session, outlet)?;
        Ok(messages)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Core {
    fn router(&self) -> MutexGuard<'_, Router> {
        self.router.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        self.usage().last = Instant::now();
    }

    /// Closes it, unless it was used after `last` or is claimed. Under one lock with claims, so that nobody is given a
    /// process that is being ended.
    fn retire(&self, last: Instant) -> bool {
        let mut usage = self.usage();
        if usage.claims > 0 {
            usage.last = Instant::now();
        }
        let unused = usage.last == last;
        if unused {
            self.closing.cancel();
        }
        unused
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, StdioError> {
        self.touch();
        // Closed when the process ends.
        Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(|_| StdioError::Exited("it has ended".to_owned()))
    }

    fn put(&self, input: Input) -> Result<(), StdioError> {
        self.input.try_send(input).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StdioError::NotReading,
            mpsc::error::TrySendError::Closed(_) => StdioError::Exited("it has ended".to_owned()),
        })
    }

    fn give_up(&self, forget: impl FnOnce(&mut Router) -> Option<Bytes>) {
        let mut router = self.router();
        if let Some(message) = forget(&mut router)
            && self.put(Input { message, _place: None }).is_err()
        {
            tracing::debug!(
                server = &*self.origin.server,
                pid = self.origin.pid,
                "server does not read: a cancellation is lost"
            );
        }
    }

    async fn perform(&self, step: Step, valve: &mut Valve) {
        match step {
            Step::Finish { outlet, message } => outlet.finish(Ok(message)),
            Step::Reply(message) => {
                // A process that asks without reading the answers gets none.
                if self.put(Input { message, _place: None }).is_err() {
                    self.note(valve, "a request, because it does not read its input", 0);
                }
            }
            Step::Nothing(what) => self.note(valve, what, 0),
            Step::Deliver { to, outlet, message, loss } => {
                let unsent = match outlet.offer(message.clone()) {
                    Err(Unsent::Full) if !self.patience.is_zero() => {
                        timeout(self.patience, outlet.deliver(message)).await.unwrap_or(Err(Unsent::Full))
                    }
                    sent => sent,
                };
                match (unsent, loss) {
                    (Err(Unsent::Full), Loss::Fatal) => self.give_up(|router| router.stall(to)),
                    (Err(Unsent::Full), Loss::Tolerable) => {
                        self.note(valve, "a notification, because its caller does not read", 0);
                    }
                    (Ok(()) | Err(Unsent::Gone), _) => {}
                }
            }
        }
    }

    fn note(&self, valve: &mut Valve, what: &'static str, bytes: usize) {
        if let Passage::Open(suppressed) = valve.pass(Instant::now()) {
            tracing::warn!(
                server = &*self.origin.server,
                pid = self.origin.pid,
                suppressed,
                bytes,
                "server sent {what}"
            );
        }
    }
}

async fn write(
    mut stdin: ChildStdin,
    mut queue: mpsc::Receiver<Input>,
    closing: CancellationToken,
    broken: CancellationToken,
) {
    // Closing the input is the polite way to say that it is over; a write that does not get on must not prevent it.
    closing
        .run_until_cancelled(async {
            while let Some(Input { message, .. }) = queue.recv().await {
                let written = async {
                    stdin.write_all(&line::encode(&message)).await?;
                    stdin.flush().await
                };
                if written.await.is_err() {
                    break;
                }
            }
            broken.cancel();
        })
        .await;
}

async fn read(stdout: ChildStdout, core: Arc<Core>, broken: CancellationToken) {
    let mut lines = Lines::new(BufReader::with_capacity(64 * 1024, stdout), limits::EVENT_BYTES_MAX);
    let mut valve = Valve::new(Instant::now());
    while let Ok(Some(line)) = lines.next().await {
        match line {
            Line::Whole(line) if line.iter().all(u8::is_ascii_whitespace) => {}
            Line::Whole(line) => {
                let steps = core.router().receive(&line);
                if let [Step::Nothing(what)] = *steps {
                    core.note(&mut valve, what, line.len());
                    continue;
                }
                for step in steps {
                    core.perform(step, &mut valve).await;
                }
            }
            Line::Cut { bytes, first, last } => {
                core.note(&mut valve, "a line longer than a message may be", bytes);
                core.router().spoil(&first, &last, StdioError::TooLarge);
            }
        }
    }
    broken.cancel();
}

async fn supervise(
    mut child: Child,
    core: &Core,
    stop: CancellationToken,
    broken: CancellationToken,
    mut reader: tokio::task::JoinHandle<()>,
) -> Exit {
    let started = Instant::now();
    let (status, wish) = tokio::select! {
        status = child.wait() => (status.ok(), Wish::Unwanted),
        () = stop.cancelled() => (None, Wish::Wanted),
        () = idle(core) => (None, Wish::Wanted),
        () = broken.cancelled() => (None, Wish::Unwanted),
    };
    core.closing.cancel();
    core.places.close();
    let group = i32::try_from(core.origin.pid).ok().and_then(Pid::from_raw);
    let status = match status {
        Some(status) => Some(status),
        None => wind_down(&mut child, group, core.pace.stop).await,
    };
    // What the process started goes with it. Right after the leader was reaped its number cannot have been given to
    // another group yet; while a member lives it cannot be at all.
    signal(group, Signal::KILL);
    // What it wrote before it ended still counts.
    if timeout(core.pace.drain, &mut reader).await.is_err() {
        reader.abort();
    }
    let status = status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
    core.router().end(&StdioError::Exited(match wish {
        Wish::Wanted => "the gateway ended it".to_owned(),
        Wish::Unwanted => status.clone(),
    }));
    Exit { status, wish, lived: started.elapsed() }
}

/// Resolves when nobody has used the process, and nobody waits for it, for [`Pace::idle`]; at most twice as late.
async fn idle(core: &Core) {
    loop {
        let last = core.usage().last;
        sleep_until(last + core.pace.idle).await;
        if core.router().busy(None) {
            core.touch();
        } else if core.retire(last) {
            return;
        }
    }
}

async fn wind_down(child: &mut Child, group: Option<Pid>, patience: Duration) -> Option<ExitStatus> {
    for next in [None, Some(Signal::TERM), Some(Signal::KILL)] {
        if let Some(next) = next {
            signal(group, next);
        }
        if let Ok(status) = timeout(patience, child.wait()).await {
            return status.ok();
        }
    }
    None
}

fn signal(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        // Fails when nothing is left of the group, which is what is wanted.
        kill_process_group(group, signal).ok();
    }
}
