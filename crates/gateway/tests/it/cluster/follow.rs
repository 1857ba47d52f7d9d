//! What gateways add up while they follow the log holds every call once, also when they are killed over it.

use countersign::follower::Follower;
use countersign::store::{Db, Server};
use fixture::postgres::GATEWAY;

use super::{Cluster, DATABASE, blocking};

/// How often a gateway is killed.
const KILLS: usize = 2;
/// Answers between two kills.
const STEPS: u64 = 25;

impl Cluster {
    /// Lets a member follow the log: somebody may have a role there, and so ask for lists.
    async fn let_follow(&mut self, member: usize) {
        self.take(member).end().await;
        let file = &self.files[member];
        let text = std::fs::read_to_string(file).expect("readable");
        let text = text.replacen("identity:\n", "identity:\n  service_keys: accepted\n", 1);
        std::fs::write(file, text).expect("written");
        self.begin(member).await;
    }

    async fn assert_followed_once(&self) {
        let followed: u64 = self.sql("SELECT size FROM follower").parse().expect("members followed");
        let server = Server::parse(&self.server.url(GATEWAY, DATABASE)).expect("an address");
        let follower = Follower::new(blocking(|| Db::open_postgres(&server).expect("a database")));
        while follower.step().await.expect("followed") > 0 {}
        let size = self.sql("SELECT size FROM tree");
        assert_eq!(self.sql("SELECT size FROM follower WHERE size = sessions"), size);
        println!("{followed} of {size} leaves were followed by members");
        let calls = "FROM entry WHERE type IN ('call.intent', 'call.denied')";
        let counted =
            format!("SELECT session, count(*) {calls} AND session IS NOT NULL GROUP BY 1 ORDER BY 1");
        assert_eq!(self.sql("SELECT id, calls FROM session_tally ORDER BY id"), self.sql(&counted));
        let all = self.sql(&format!("SELECT count(*) {calls}"));
        assert_eq!(self.sql("SELECT sum(n) FROM minute WHERE kind = 'calls'"), all);
        assert_eq!(self.sql("SELECT count(*) FROM word WHERE word = 'tools'"), all);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateways_that_are_killed_while_they_follow_count_each_call_once() {
    let mut cluster = Cluster::start(2).await;
    for member in 0..2 {
        cluster.let_follow(member).await;
    }
    let callers = cluster.callers();
    let calling = callers.begin();
    for kill in 0..KILLS {
        callers.advance(STEPS).await;
        cluster.take(kill % 2).kill().await;
        cluster.swept(1).await;
        cluster.begin(kill % 2).await;
    }
    callers.advance(STEPS).await;
    let answers = callers.end(calling).await;
    for member in 0..2 {
        cluster.take(member).end().await;
    }
    cluster.assert_followed_once().await;
    cluster.settle(&answers).await;
}
