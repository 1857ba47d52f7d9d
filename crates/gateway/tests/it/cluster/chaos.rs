//! Everything fails at random, in turn: processes die or stand still, connections are cut, the database crashes. What the
//! callers were told, what the upstream did and what the log says must agree afterwards.

use std::time::Duration;

use rustix::process::Signal;

use super::{Cluster, Service, blocking};
use crate::crash::Dice;

/// Faults of a plain `cargo test`, one of each kind; `COUNTERSIGN_CHAOS` asks for another number.
const FAULTS: u64 = 4;
const MEMBERS: usize = 3;
/// Most answers between two faults.
const STEPS_MAX: u64 = 40;
/// Chooses members and moments.
const SEED: u64 = 0x00c4_a05c_4a05_2026;

/// What can go wrong.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// `kill -9` of a gateway: another ends its calls.
    Kill,
    /// SIGSTOP until it is taken for dead, then SIGCONT: it must end without writing.
    Suspend,
    /// `pg_terminate_backend` of every connection.
    Cut,
    /// The database crashes and recovers.
    Crash,
}

const KINDS: [Fault; 4] = [Fault::Kill, Fault::Cut, Fault::Suspend, Fault::Crash];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_whatever_fails() {
    let mut cluster = Cluster::start(MEMBERS).await;
    let callers = cluster.callers();
    let calling = callers.begin();
    let mut dice = Dice(SEED);
    for (number, fault) in (0..faults()).zip(KINDS.iter().cycle()) {
        callers.advance(1 + dice.below(STEPS_MAX)).await;
        let member = usize::try_from(dice.below(MEMBERS as u64)).expect("a member");
        strike(&mut cluster, *fault, member).await;
        println!("fault {number}: {fault:?} at member {member}");
    }
    callers.advance(STEPS_MAX).await;
    let mut answers = callers.end(calling).await;
    // A gateway that is told to stop while the database is not back says that its log has no end.
    let recovered = tokio::time::timeout(Duration::from_mins(1), callers.recovered(MEMBERS));
    answers.extend(recovered.await.expect("every gateway writes again within a minute"));
    let missed = callers.missed.lock().expect("no panic").len();
    let (findings, account) = cluster.settle(&answers).await;
    println!(
        "{} faults; {} calls answered, {missed} not; {} intents, {} orphans, {} lanes, {} leaves",
        faults(),
        answers.len(),
        account.intents(),
        account.orphans(),
        findings.lanes,
        findings.leaves_read
    );
}

async fn strike(cluster: &mut Cluster, fault: Fault, member: usize) {
    match fault {
        Fault::Kill => {
            cluster.take(member).kill().await;
            cluster.swept(MEMBERS - 1).await;
            cluster.begin(member).await;
        }
        Fault::Suspend => {
            let life = cluster.take(member);
            life.signal(Signal::STOP);
            cluster.swept(MEMBERS - 1).await;
            life.signal(Signal::CONT);
            let last = life.gave_up().await;
            assert!(last.contains("took this process for dead"), "{last}");
            cluster.begin(member).await;
        }
        Fault::Cut => {
            blocking(|| {
                cluster.server.sql(
                    "postgres",
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'gateway'",
                )
            });
        }
        Fault::Crash => {
            blocking(|| cluster.server.crash());
            for member in 0..MEMBERS {
                cluster.balancer.put(member, Service::In);
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long the test runs is the business of whoever starts it")]
fn faults() -> u64 {
    match std::env::var("COUNTERSIGN_CHAOS") {
        Ok(text) => text.parse().expect("`COUNTERSIGN_CHAOS` is a number"),
        Err(_) => FAULTS,
    }
}
