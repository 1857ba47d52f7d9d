//! A real load balancer, `HAProxy`: it asks each gateway whether it is ready, and sends callers to those that are.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use super::{Cluster, blocking};
use crate::crash::Answered;
use crate::harness::free_port;

/// Time between two of its questions.
const CHECK_MS: u64 = 100;

/// Runs until it is dropped.
struct HaProxy {
    process: Child,
    address: SocketAddr,
    socket: PathBuf,
}

/// A gateway, as it is known to the balancer: where callers go, and where it is asked.
struct Member {
    address: SocketAddr,
    admin: SocketAddr,
}

impl HaProxy {
    /// `host` is what callers of the gateways' public URL say.
    fn start(directory: &Path, host: SocketAddr, members: &[Member]) -> Self {
        let (address, socket) = (SocketAddr::from(([127, 0, 0, 1], free_port())), directory.join("haproxy"));
        let mut text = format!(
            "global\n  stats socket {} mode 600\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  \
             timeout server 60s\n  timeout check 5s\n  option redispatch\n  retries 3\nlisten gateways\n  bind {address}\n  \
             http-request set-header Host {host}\n  option httpchk GET /readyz\n  \
             default-server check inter {CHECK_MS} fall 2 rise 1\n",
            socket.display()
        );
        for (number, Member { address, admin }) in members.iter().enumerate() {
            text.push_str(&format!("  server g{number} {address} port {}\n", admin.port()));
        }
        let file = directory.join("haproxy.cfg");
        std::fs::write(&file, text).expect("written");
        let mut command = Command::new("haproxy");
        command.args(["-db", "-f"]).arg(&file).stdin(Stdio::null());
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = process.expect("HAProxy is not installed; `./test.sh system` installs it");
        Self { process, address, socket }
    }

    /// Waits until it takes exactly these members for ready.
    async fn sees(&self, ready: &[usize]) {
        let mut look = tokio::time::interval(Duration::from_millis(CHECK_MS));
        let seen = async {
            while self.ready().as_deref() != Some(ready) {
                look.tick().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), seen).await.expect("seen within half a minute");
    }

    /// The members that it takes for ready; nothing before it can be asked.
    fn ready(&self) -> Option<Vec<usize>> {
        let mut socket = UnixStream::connect(&self.socket).ok()?;
        socket.write_all(b"show stat\n").ok()?;
        let mut table = String::new();
        socket.read_to_string(&mut table).ok()?;
        // Comma-separated: the second field names the server, the eighteenth its state ("Statistics", CSV format).
        let up = table.lines().filter_map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let number = fields.get(1)?.strip_prefix('g')?.parse().ok()?;
            (*fields.get(17)? == "UP").then_some(number)
        });
        Some(up.collect())
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        // It may have ended already, which is what is wanted.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Gives each member an address for questions, and time for the balancer to notice that it leaves.
fn prepare(cluster: &Cluster) -> Vec<Member> {
    let prepare = |file: &PathBuf| {
        let admin = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let text = std::fs::read_to_string(file).expect("readable");
        let address = text.lines().find_map(|line| line.trim().strip_prefix("address: "));
        let address = address.expect("a listener").parse().expect("an address");
        let text = text
            .replace("address: 127.0.0.1:0", &format!("address: {admin}"))
            .replace("drain_grace_ms: 0", &format!("drain_grace_ms: {}", 30 * CHECK_MS));
        std::fs::write(file, text).expect("written");
        Member { address, admin }
    };
    cluster.files.iter().map(prepare).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restart_behind_haproxy_drops_no_call() {
    let mut cluster = Cluster::start(2).await;
    let members = prepare(&cluster);
    for member in 0..members.len() {
        cluster.take(member).end().await;
        cluster.begin(member).await;
    }
    let proxy = HaProxy::start(cluster.directory.path(), cluster.balancer.address, &members);
    proxy.sees(&[0, 1]).await;
    let callers = cluster.callers_at(proxy.address);
    let calling = callers.begin();
    for round in 0..2 {
        for member in 0..members.len() {
            callers.advance(20).await;
            // Nobody tells the balancer: it asks, and the gateway says that it is leaving.
            let leaving = cluster.take(member);
            leaving.signal(Signal::TERM);
            leaving.ended().await;
            callers.advance(20).await;
            cluster.begin(member).await;
            proxy.sees(&[0, 1]).await;
            println!("round {round}, member {member} was replaced");
        }
    }
    callers.advance(20).await;
    let answers: Vec<Answered> = callers.end(calling).await;
    let missed = std::mem::take(&mut *callers.missed.lock().expect("no panic"));
    assert_eq!((missed.len(), missed.first()), (0, None), "calls that were dropped");
    blocking(|| drop(proxy));
    let (findings, account) = cluster.settle(&answers).await;
    assert_eq!((findings.lanes, account.orphans()), (8, 0));
    println!("{} calls, none dropped, in 4 restarts", answers.len());
}
