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

    /// Processor time used so far, by all its threads, in user and kernel mode.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        let stat = self.read("stat")?;
        // The second field is a name in parentheses, which may hold blanks; utime and stime are the 14th and 15th.
        let fields = stat.rsplit_once(')').context("`stat` has no name")?.1;
        let mut times = fields.split_ascii_whitespace().skip(11).map(str::parse::<u32>);
        let (user, kernel) = (times.next().context("no utime")??, times.next().context("no stime")??);
        Ok(TICK * (user + kernel))
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> anyhow::Result<u64> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no `VmRSS`")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Ends it.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    fn read(&self, name: &str) -> anyhow::Result<String> {
        let pid = self.child.id().context("the process has ended")?;
        Ok(std::fs::read_to_string(format!("/proc/{pid}/{name}"))?)
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
