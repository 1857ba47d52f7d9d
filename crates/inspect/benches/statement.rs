//! How long it takes to say what a statement would do: `cargo bench -p inspect --bench statement`.

use std::hint::black_box;
use std::time::Duration;

mod cpu;
#[path = "text/statement.rs"]
mod text;

use cpu::CpuTime;
use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use inspect::statement::shell;
use inspect::statement::sql::classify;
use inspect::statement::{Classifier, Dialect};
use text::{BUILD, CHANGE, JOIN, LIST, LOOKUP, PIPE, WRAPPED, report};

/// These texts are shallow: the stack of the main thread is enough.
fn classification(criterion: &mut Criterion<CpuTime>) {
    for dialect in [Some(Dialect::Postgres), Some(Dialect::Mysql), Some(Dialect::Sqlite), None] {
        let mut group = criterion.benchmark_group(dialect.map_or("any", Dialect::as_str));
        group
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2))
            .sampling_mode(SamplingMode::Flat)
            .sample_size(10);
        let report = report(dialect);
        for (name, text) in [("lookup", LOOKUP), ("join", JOIN), ("change", CHANGE), ("report", report)] {
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
