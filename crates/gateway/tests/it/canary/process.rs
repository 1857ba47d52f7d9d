//! The real binary, at its most talkative: what callers and upstreams say is neither in its log, nor in its metrics, nor in
//! an export, nor on disk. And what of it is still in its memory when all is over.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use fixture::probe::{Probe, WAIT_MAX, request};
use fixture::recorder::{Recorder, Reply, Response};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::{POLICIES, bodies, canary, files, search};
use crate::harness::{Site, call, free_port, http, verify};

const CANARIES: u64 = 200;
/// What all canaries of a kind hold: addresses, cards, account numbers. Memory is read once for each.
const KINDS: [&str; 3] = [".quill@initech-mail", "4532000000", "37040044000100"];
/// Bytes of memory looked at together.
const CHUNK: usize = 1024 * 1024;
/// Longest canary, in bytes.
const OVERLAP: usize = 64;

/// A gateway whose every word is kept.
struct Gateway {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    reading: tokio::task::JoinHandle<()>,
}

impl Gateway {
    /// Starts it and waits until it listens.
    async fn start(file: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["serve", "-c"])
            .arg(file)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let said = Arc::new(Mutex::new(Vec::new()));
        let (listening, listens) = tokio::sync::oneshot::channel();
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let keep = said.clone();
        let reading = tokio::spawn(async move {
            let mut listening = Some(listening);
            while let Ok(Some(line)) = lines.next_line().await {
                if line.contains("\"message\":\"listening\"")
                    && let Some(listening) = listening.take()
                {
                    listening.send(()).expect("somebody waits");
                }
                keep.lock().expect("no reader failed").push(line);
            }
        });
        tokio::time::timeout(WAIT_MAX, listens).await.expect("in time").expect("it listens");
        Self { child, said, reading }
    }

    fn pid(&self) -> Pid {
        self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).expect("it runs")
    }

    /// Ends it in order; what it said.
    async fn end(mut self) -> String {
        kill_process(self.pid(), Signal::TERM).expect("it can be told");
        assert!(self.child.wait().await.expect("its status").success());
        self.reading.await.expect("no panic");
        self.said.lock().expect("no reader failed").join("\n")
    }
}

/// How often each of the texts stands in the memory of a process that can be written to, and how much of that there is.
fn remembered(pid: Pid, values: &[&str]) -> (Vec<usize>, usize) {
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", pid.as_raw_nonzero())).expect("it runs");
    let mut memory = std::fs::File::open(format!("/proc/{}/mem", pid.as_raw_nonzero())).expect("a child's");
    let (mut counts, mut looked) = (vec![0; values.len()], 0);
    for line in maps.lines() {
        let mut words = line.split(' ');
        let (range, rights) = (words.next().expect("a range"), words.next().expect("rights"));
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').expect("a range");
        let number = |text| u64::from_str_radix(text, 16).expect("hexadecimal");
        let (mut at, end) = (number(start), number(end));
        while at < end {
            let mut chunk = vec![0; CHUNK.min(usize::try_from(end - at).expect("64 bits"))];
            memory.seek(SeekFrom::Start(at)).expect("a file");
            // What the kernel maps for devices cannot be read.
            if memory.read_exact(&mut chunk).is_err() {
                break;
            }
            for (count, value) in counts.iter_mut().zip(values) {
                *count += memchr::memmem::find_iter(&chunk, value.as_bytes()).count();
            }
            looked += chunk.len();
            at += u64::try_from(chunk.len().saturating_sub(OVERLAP).max(1)).expect("64 bits");
            if chunk.len() < CHUNK {
                break;
            }
        }
    }
    (counts, looked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_canary_is_in_the_log_the_metrics_or_an_export_of_the_real_binary() {
    let recorder = Recorder::new(|request| {
        let id = request.json()["id"].as_u64().expect("a number");
        let content = json!([{ "type": "text", "text": canary(id + CANARIES).text }]);
        Reply::Respond(Response::json(
            &json!({ "jsonrpc": "2.0", "id": id, "result": { "content": content } }),
        ))
    });
    let upstream = recorder.start().await.expect("an upstream");
    let site = Site::new(&http(&upstream), POLICIES).await;
    let admin = format!("127.0.0.1:{}", free_port());
    site.edit(|text| {
        let text = text.replace("level: error", "level: debug").replace("log:\n", "log:\n  format: json\n");
        text.replace("admin:\n  address: 127.0.0.1:0", &format!("admin:\n  address: {admin}"))
    });
    let gateway = Gateway::start(&site.file).await;
    for id in 0..CANARIES {
        let body = call(id, "effect", &json!({ "note": canary(id).text }));
        let response = site.send("alice", "POST", &[], &body).await.response().await.expect("an answer");
        assert_eq!(response.status(), 200, "{:?}", response.body);
    }
    let mut probe = Probe::connect(admin.parse().expect("an address")).await.expect("a connection");
    probe.send(&request("GET", "/metrics", &[("host", &admin)], b"")).await.expect("sent");
    let metrics = probe.response().await.expect("metrics").body.to_vec();
    drop(probe);

    let values: Vec<String> = (0..2 * CANARIES).map(|id| canary(id).value).collect();
    let (pid, directory) = (gateway.pid(), site.directory.path().to_owned());
    // A value that must be there shows that the search finds what there is.
    let wanted: Vec<&str> = KINDS.into_iter().chain(["nobody-sees"]).collect();
    let (mut counts, looked) =
        tokio::task::spawn_blocking(move || remembered(pid, &wanted)).await.expect("no panic");
    assert!(counts.pop().expect("a count") > 0, "the search finds nothing at all in {looked} bytes");
    let kinds = CANARIES * 2 * 3 / 5;
    println!(
        "of {kinds} canaries {counts:?} copies by kind are in {} MiB of the idle gateway's memory",
        looked >> 20
    );

    let said = gateway.end().await;
    assert!(said.contains("\"level\":\"DEBUG\""), "it was talkative");
    let found = tokio::task::spawn_blocking(move || {
        let data = directory.join("data");
        let key = countersign::ledger::keyring::read_verifier_key(&data.join("keys")).expect("a key");
        assert!(verify(&data, &directory.join("exported"), &key.to_string()).sound);
        let mut texts = files(&directory);
        texts.extend(bodies(&data));
        texts.push(("the log".to_owned(), said.into_bytes()));
        texts.push(("the metrics".to_owned(), metrics));
        search(&texts, &values)
    });
    assert_eq!(found.await.expect("no panic"), Vec::<String>::new());
    assert!(site.settle().await.sound);
}
