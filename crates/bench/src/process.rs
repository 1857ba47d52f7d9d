//! Processes of this program: serving in one, starting one, and what the kernel counts for it.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::HttpService;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};

/// `USER_HZ`: the unit of times in `/proc/<pid>/stat` is 1/100 s on every Linux (proc(5)).
const TICK: Duration = Duration::from_millis(10);
/// Longest wait for a process to start.
const START_MAX: Duration = Duration::from_secs(30);

/// Serves `service` over HTTP/1.1 on a port chosen by the kernel, which it prints; until the process ends.
pub(crate) async fn serve<S, B>(service: S) -> anyhow::Result<()>
where
    S: HttpService<Incoming, ResBody = B> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let listener = fixture::loopback::bind(0).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", listener.local_addr()?)?;
    out.flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service.clone();
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // An error is a caller that hung up, as they do when a measurement ends.
            drop(connection.await);
        });
    }
}

/// A process that ends with this value.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a part of this program that prints where it listens.
    pub(crate) async fn start(arguments: &[&str]) -> anyhow::Result<(Self, SocketAddr)> {
        let mut child =
            Command::new(program()?).args(arguments).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let out = child.stdout.take().context("its output is not piped")?;
        let line = find(out, |_| true).await.with_context(|| format!("`{arguments:?}` did not start"))?;
        Ok((Self { child }, line.parse()?))
    }

    /// Starts the gateway and waits until it listens.
    pub(crate) async fn gateway(binary: &Path, configuration: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(binary)
            .args(["serve", "-c"])
            .arg(configuration)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let log = child.stderr.take().context("its log is not piped")?;
        find(log, |line| line.contains("\"listening\"")).await.context("the gateway did not start")?;
        Ok(Self { child })
    }

    /// Brings the schema of the database up to date, as its owner.
    pub(crate) async fn migrate(binary: &Path, configuration: &Path, owner: &str) -> anyhow::Result<()> {
        let mut command = Command::new(binary);
        command.args(["migrate", "--owner", owner, "-c"]).arg(configuration).stdout(Stdio::null());
        anyhow::ensure!(command.status().await?.success(), "the schema could not be made");
        Ok(())
    }

    /// Processor time used so far, by all its threads, in user and kernel mode.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        Ok(Times::read(self.pid()?)?.own)
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no `VmRSS`")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Ends it.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("the process has ended")
    }
}

/// Processor time used so far by a process and all its children, living and dead.
pub(crate) fn family_time(parent: u32) -> anyhow::Result<Duration> {
    let times = Times::read(parent)?;
    let mut sum = times.own + times.buried;
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that ended meanwhile is among the buried next time.
        if let Ok(times) = Times::read(pid)
            && times.parent == parent
        {
            sum += times.own;
        }
    }
    Ok(sum)
}

/// What the kernel counts for a process (proc_pid_stat(5)).
struct Times {
    parent: u32,
    /// All its threads, in user and kernel mode.
    own: Duration,
    /// Children that ended.
    buried: Duration,
}

impl Times {
    fn read(pid: u32) -> anyhow::Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The second field is a name in parentheses, which may hold blanks.
        let fields: Vec<&str> =
            stat.rsplit_once(')').context("`stat` has no name")?.1.split_ascii_whitespace().collect();
        let field = |number: usize| -> anyhow::Result<u32> {
            Ok(fields.get(number - 3).context("`stat` is too short")?.parse()?)
        };
        Ok(Self {
            parent: field(4)?,
            own: TICK * (field(14)? + field(15)?),
            buried: TICK * (field(16)? + field(17)?),
        })
    }
}

/// Builds the gateway in release mode beside this program; answers the binary.
pub(crate) async fn build_gateway() -> anyhow::Result<PathBuf> {
    let program = program()?;
    let target = program.ancestors().nth(2).context("this program is not in a target directory")?;
    let arguments = ["build", "--release", "--locked", "-p", "countersign", "--target-dir"];
    let built = Command::new(env!("CARGO")).args(arguments).arg(target).status().await;
    anyhow::ensure!(built.context("cargo does not start")?.success(), "the gateway was not built");
    Ok(target.join("release/countersign"))
}

fn program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("this program has no path")
}

/// The first line that is wanted. What follows is read and dropped, so that the process never waits for a reader.
async fn find(
    out: impl AsyncRead + Unpin + Send + 'static,
    wanted: impl Fn(&str) -> bool,
) -> anyhow::Result<String> {
    let mut lines = BufReader::new(out).lines();
    let found = async {
        let mut last = String::new();
        while let Some(line) = lines.next_line().await? {
            if wanted(&line) {
                return Ok(line);
            }
            last = line;
        }
        anyhow::bail!("it ended: {last}")
    };
    let line = tokio::time::timeout(START_MAX, found).await.context("it took too long")??;
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok(line)
}
