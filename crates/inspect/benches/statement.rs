//! How long it takes to say what a statement would do: `cargo bench -p inspect --bench statement`.

use std::hint::black_box;
use std::time::Duration;

mod cpu;

use cpu::CpuTime;
use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use inspect::statement::shell;
use inspect::statement::sql::classify;
use inspect::statement::{Classifier, Dialect};

const LOOKUP: &str = "SELECT id, name, email FROM users WHERE id = 42";
const JOIN: &str = "SELECT u.id, u.name, count(o.id) AS orders, sum(o.total) AS total FROM users u \
     LEFT JOIN orders o ON o.user_id = u.id WHERE u.created_at > '2026-01-01' AND u.status IN ('active', 'trial') \
     GROUP BY u.id, u.name HAVING sum(o.total) > 100 ORDER BY total DESC LIMIT 50";
/// What a program writes that builds its queries: not plain, and long.
const REPORT: &str = "WITH monthly AS (SELECT date_trunc('month', o.created_at) AS month, c.region, sum(o.total) AS total \
     FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.created_at >= now() - interval '12 months' \
     AND o.status <> 'cancelled' GROUP BY 1, 2) SELECT month, region, total, total / nullif(lag(total) OVER (PARTITION BY \
     region ORDER BY month), 0) - 1 AS growth FROM monthly ORDER BY region, month LIMIT 500";
const CHANGE: &str = "UPDATE users SET status = 'closed', closed_at = now() WHERE id = 42";

const LIST: &str = "ls -la /srv/app";
const PIPE: &str = "grep -rn 'TODO' src | sort | uniq -c | sort -rn | head -20";
const BUILD: &str =
    "cd app && git fetch origin && for f in *.rs; do rustfmt \"$f\"; done; make test 2>&1 | tee log.txt";
const WRAPPED: &str = "sudo env A=1 sh -c 'find /var/log -name \"*.log\" -mtime +7 -exec rm -f {} +'";

/// These texts are shallow: the stack of the main thread is enough.
fn classification(criterion: &mut Criterion<CpuTime>) {
    let texts = [("lookup", LOOKUP), ("join", JOIN), ("change", CHANGE), ("report", REPORT)];
    for dialect in [Some(Dialect::Postgres), Some(Dialect::Mysql), Some(Dialect::Sqlite), None] {
        let mut group = criterion.benchmark_group(dialect.map_or("any", Dialect::as_str));
        group
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2))
            .sampling_mode(SamplingMode::Flat)
            .sample_size(10);
        for (name, text) in texts {
            group.bench_function(name, |bencher| bencher.iter(|| classify(black_box(text), dialect)));
        }
        group.finish();
    }
    let mut group = criterion.benchmark_group("shell");
    group
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10);
    for (name, text) in [("list", LIST), ("pipe", PIPE), ("build", BUILD), ("wrapped", WRAPPED)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| shell::classify(black_box(text), shell::Kind::Bash));
        });
    }
    group.finish();
}

/// From asking to answer, threads and all: as the clock on the wall says.
fn through_the_pool(criterion: &mut Criterion) {
    let classifier = Classifier::new(1).expect("a thread");
    let mut number = 0_u64;
    criterion.bench_function("through the pool, a new text each time", |bencher| {
        bencher.iter(|| {
            number += 1;
            classifier.sql(&format!("{LOOKUP}{number}"), Some(Dialect::Postgres))
        });
    });
    criterion.bench_function("through the pool, the same text", |bencher| {
        bencher.iter(|| classifier.sql(black_box(LOOKUP), Some(Dialect::Postgres)));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = classification
}
criterion_group!(pool, through_the_pool);
criterion_main!(benches, pool);
