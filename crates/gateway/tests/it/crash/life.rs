//! One run of the real binary, from its start to its kill.

use std::path::Path;
use std::process::Stdio;

use fixture::probe::WAIT_MAX;
use rustix::process::{Pid, Signal, kill_process};
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
        let mut gateway = Command::new(env!("CARGO_BIN_EXE_countersign"))
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

    /// Kills it: SIGKILL, no last word.
    pub(crate) async fn kill(mut self) {
        self.gateway.kill().await.expect("it can be killed");
    }

    /// Asks it to end in order, and waits until it did.
    pub(crate) async fn end(mut self) {
        let pid = self.gateway.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).expect("it runs");
        kill_process(pid, Signal::TERM).expect("it can be asked");
        let rest = async {
            let mut rest = Vec::new();
            while let Some(line) = self.log.next_line().await.expect("readable") {
                rest.push(line);
            }
            (self.gateway.wait().await.expect("its status"), rest)
        };
        let (status, rest) = tokio::time::timeout(WAIT_MAX, rest).await.expect("an end within 30 s");
        assert!(status.success(), "{rest:#?}");
    }
}
