//! One run of the real binary, from its start to its end or its kill.

use std::path::Path;
use std::process::Stdio;

use fixture::probe::WAIT_MAX;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// What a gateway says on standard error when it has come that far.
#[derive(Clone, Copy)]
pub(crate) enum Milestone {
    /// The log was checked and the lanes of the dead were closed.
    LogOpened,
    /// Callers can connect.
    Listening,
}

/// A gateway that runs. Dropping it kills it.
pub(crate) struct Life {
    gateway: Child,
    log: Lines<BufReader<ChildStderr>>,
}

/// Makes the gateway of this configuration say how far it is.
pub(crate) fn log_progress(file: &Path) {
    let text = std::fs::read_to_string(file).expect("readable");
    std::fs::write(file, text.replace("level: error", "level: info")).expect("written");
}

impl Life {
    pub(crate) fn begin(file: &Path) -> Self {
        // The shell makes the signal of a file size limit harmless: what is left is the error of a full disk.
        let mut gateway = Command::new("bash")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_countersign")])
            .args(["serve", "-c"])
            .arg(file)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let log = BufReader::new(gateway.stderr.take().expect("piped")).lines();
        Self { gateway, log }
    }

    /// Waits until the gateway has come that far.
    pub(crate) async fn reach(&mut self, milestone: Milestone) {
        let words = match milestone {
            Milestone::LogOpened => "\"message\":\"log opened\"",
            Milestone::Listening => "\"message\":\"listening\"",
        };
        let mut seen = Vec::new();
        let reached = tokio::time::timeout(WAIT_MAX, async {
            while let Some(line) = self.log.next_line().await.expect("readable") {
                if line.contains(words) {
                    return true;
                }
                seen.push(line);
            }
            false
        });
        assert!(reached.await.unwrap_or(false), "the gateway did not start: {seen:#?}");
    }

    /// Waits until it says `words`; answers the line.
    pub(crate) async fn said(&mut self, words: &str) -> String {
        let said = async {
            while let Some(line) = self.log.next_line().await.expect("readable") {
                if line.contains(words) {
                    return line;
                }
            }
            panic!("it ended without saying `{words}`")
        };
        tokio::time::timeout(WAIT_MAX, said).await.unwrap_or_else(|_| panic!("`{words}` within 30 s"))
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it can be told");
    }

    /// Sets a limit of the kernel on it; answers the one before.
    pub(crate) fn limit(&self, resource: Resource, limit: Rlimit) -> Rlimit {
        prlimit(Some(self.pid()), resource, limit).expect("it can be limited")
    }

    /// Its resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid().as_raw_nonzero());
        let status = std::fs::read_to_string(path).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line of the kernel");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    fn pid(&self) -> Pid {
        self.gateway.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).expect("it runs")
    }

    /// Kills it: SIGKILL, no last word.
    pub(crate) async fn kill(mut self) {
        self.gateway.kill().await.expect("it can be killed");
    }

    /// Asks it to end in order and at once, and waits until it did.
    pub(crate) async fn end(self) {
        self.signal(Signal::INT);
        self.ended().await;
    }

    /// Waits until it has ended by itself, out of order; answers what it said last.
    pub(crate) async fn gave_up(mut self) -> String {
        let end = async {
            let mut last = String::new();
            while let Some(line) = self.log.next_line().await.expect("readable") {
                last = line;
            }
            (self.gateway.wait().await.expect("its status"), last)
        };
        let (status, last) = tokio::time::timeout(WAIT_MAX, end).await.expect("an end within 30 s");
        assert_ne!(status.code(), Some(0), "{last}");
        last
    }

    /// Waits until it has ended in order.
    pub(crate) async fn ended(mut self) {
        let rest = async {
            let mut rest = Vec::new();
            while let Some(line) = self.log.next_line().await.expect("readable") {
                rest.push(line);
            }
            (self.gateway.wait().await.expect("its status"), rest)
        };
        let (status, rest) = tokio::time::timeout(WAIT_MAX, rest).await.expect("an end within 30 s");
        assert_eq!(status.code(), Some(0), "{rest:#?}");
    }
}
