//! How long it takes to say what a statement would do: `cargo bench -p inspect --bench statement`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use inspect::statement::sql::classify;
use inspect::statement::{Classifier, Dialect};

const LOOKUP: &str = "SELECT id, name, email FROM users WHERE id = 42";
const JOIN: &str = "SELECT u.id, u.name, count(o.id) AS orders, sum(o.total) AS total FROM users u \
     LEFT JOIN orders o ON o.user_id = u.id WHERE u.created_at > '2026-01-01' AND u.status IN ('active', 'trial') \
     GROUP BY u.id, u.name HAVING sum(o.total) > 100 ORDER BY total DESC LIMIT 50";
const CHANGE: &str = "UPDATE users SET status = 'closed', closed_at = now() WHERE id = 42";

/// These texts are shallow: the stack of the main thread is enough.
fn classification(criterion: &mut Criterion) {
    let texts = [("lookup", LOOKUP), ("join", JOIN), ("change", CHANGE)];
    for dialect in [Some(Dialect::Postgres), Some(Dialect::Mysql), Some(Dialect::Sqlite), None] {
        let mut group = criterion.benchmark_group(dialect.map_or("any", Dialect::as_str));
        group
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2))
            .sample_size(20);
        for (name, text) in texts {
            group.bench_function(name, |bencher| bencher.iter(|| classify(black_box(text), dialect)));
        }
        group.finish();
    }
    let classifier = Classifier::new(1).expect("a thread");
    criterion.bench_function("through the pool", |bencher| {
        bencher.iter(|| classifier.sql(black_box(LOOKUP), Some(Dialect::Postgres)));
    });
}

criterion_group!(benches, classification);
criterion_main!(benches);
