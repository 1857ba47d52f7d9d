//! A gateway process that is killed, again and again, at any moment.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use countersign::store::entry;
use evidence::merkle::{Hash, leaf_hash};

use crate::harness::{self, Place, intent, outcome};

const KILLS: usize = 60;
/// Names the directory to the child: the same test, run by the test itself.
const CHILD: &str = "COUNTERSIGN_TEST_CHILD";

#[test]
fn killed_sixty_times_loses_and_doubles_nothing() {
    #[expect(clippy::disallowed_methods, reason = "how a test program talks to itself")]
    if let Ok(directory) = std::env::var(CHILD) {
        write_until_killed(Path::new(&directory));
    }
    let place = Place::new();
    let mut acknowledged: HashMap<(u32, u64), String> = HashMap::new();
    for round in 0..KILLS {
        for (at, hash) in kill_after(place.path(), 1 + round * 7 % 40) {
            assert!(acknowledged.insert(at, hash).is_none(), "leaf {at:?} was acknowledged twice");
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { place.start().stop().await.unwrap() });
    let findings = place.assert_sound();
    assert_eq!(findings.lanes, KILLS as u64 + 1);
    let leaves = place.leaves();
    let (mut written, mut lane) = (HashMap::new(), 0);
    for (at, leaf) in leaves.iter().enumerate() {
        lane += u32::from(at > 0 && leaf.lane_seq == 0);
        written.insert((lane, leaf.lane_seq), leaf_hash(&leaf.encode().unwrap()).to_string());
    }
    for (at, hash) in &acknowledged {
        assert_eq!(written.get(at), Some(hash), "leaf {at:?}");
    }
    let orphans = findings.counts.get("call.orphaned").copied().unwrap_or_default();
    assert!(orphans > 0, "no kill fell between intent and outcome");
    println!("{} acknowledged leaves, {} in all, {orphans} orphans", acknowledged.len(), leaves.len());
}

/// Runs a gateway until it has acknowledged `acks` leaves, kills it, and answers everything it acknowledged.
fn kill_after(directory: &Path, acks: usize) -> Vec<((u32, u64), String)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::killed_sixty_times_loses_and_doubles_nothing", "--exact", "--nocapture"])
        .env(CHILD, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut found = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let Ok(line) = line else { break };
        let Some((_, receipt)) = line.split_once("ack ") else { continue };
        let words: Vec<&str> = receipt.split(' ').collect();
        // A line may be cut short by the kill; a hash that is whole was acknowledged.
        if let [lane, sequence, hash] = words[..]
            && hash.parse::<Hash>().is_ok()
        {
            found.push(((lane.parse().unwrap(), sequence.parse().unwrap()), hash.to_owned()));
        }
        if found.len() == acks {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(found.len() >= acks, "the child ended by itself");
    found
}

fn write_until_killed(directory: &Path) -> ! {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let ledger = harness::start(directory).unwrap();
        let say = |place: entry::Place, leaf: Hash| {
            let mut out = std::io::stdout().lock();
            writeln!(out, "ack {} {} {leaf}", place.lane(), place.sequence())
                .and_then(|()| out.flush())
                .unwrap();
        };
        for caller in 0..8_u8 {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                loop {
                    let mut opened = ledger.open(intent("{}")).await.unwrap();
                    say(opened.place(), opened.leaf());
                    if caller % 4 == 0 {
                        let frame = harness::recorded("\"frame\"");
                        ledger.frame(&mut opened, &[frame]).await.unwrap();
                    }
                    let receipt = ledger.close(opened, outcome("{}")).await.unwrap();
                    say(receipt.place, receipt.leaf);
                }
            });
        }
        loop {
            ledger.publish().await.unwrap();
            ledger.heartbeat().await.unwrap();
            tokio::task::yield_now().await;
        }
    })
}
