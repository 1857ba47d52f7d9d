//! Masking with every built-in detector, beside `serde_json` that only validates the same bytes: the floor.

mod cpu;
#[path = "text/message.rs"]
mod message;

use std::time::Duration;

use cpu::CpuTime;
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use inspect::mask::{Fields, Form, Keys, Rules, Settings, Surface, scan};
use message::{HOSTILE, clean, dense, export};
use serde::de::IgnoredAny;

const MEBIBYTE: usize = 1 << 20;

/// The allocator of the program: memory that it gave back once is not asked of the system again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn mask(c: &mut Criterion<CpuTime>) {
    let rules = Rules::new(&Settings::default()).expect("settings");
    let (surface, fields) = (Surface::everything(), Fields::default());
    let keys = Keys::new("k1", &[1; 32], &[2; 32]).expect("a name");
    let mut group = c.benchmark_group("mask");
    group.sampling_mode(SamplingMode::Flat).sample_size(10).measurement_time(Duration::from_secs(3));
    for (name, text) in [
        ("clean", clean(MEBIBYTE)),
        ("export", export(MEBIBYTE)),
        ("dense", dense(MEBIBYTE)),
        ("clean-2k", clean(2048)),
        ("export-2k", export(2048)),
        ("dense-2k", dense(2048)),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("{name}/floor"), |b| {
            b.iter(|| serde_json::from_str::<IgnoredAny>(&text).expect("JSON"));
        });
        group.bench_function(format!("{name}/scan"), |b| {
            b.iter(|| scan(&text, &surface, &rules, &fields).expect("JSON"));
        });
        let findings = scan(&text, &surface, &rules, &fields).expect("JSON");
        if findings.is_empty() {
            continue;
        }
        println!("{name}: {} findings in {} bytes", findings.len(), text.len());
        group.bench_function(format!("{name}/mask"), |b| {
            b.iter(|| findings.show(&text, &keys, |_| Form::Label, None).splice(&text).len());
        });
        group.bench_function(format!("{name}/mask-and-receipts"), |b| {
            b.iter(|| findings.apply(&text, &keys, |_| Form::Label).splice(&text).len());
        });
    }
    group.finish();
}

/// What is written to be slow: 64 KiB of a few signs, over and over, in one string.
fn hostile(c: &mut Criterion<CpuTime>) {
    let rules = Rules::new(&Settings::default()).expect("settings");
    let (surface, fields) = (Surface::everything(), Fields::default());
    let mut group = c.benchmark_group("hostile");
    group.sampling_mode(SamplingMode::Flat).sample_size(10).measurement_time(Duration::from_secs(1));
    for part in HOSTILE {
        let text = message::hostile(part);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(part.trim(), |b| {
            b.iter(|| scan(&text, &surface, &rules, &fields).expect("JSON"));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = mask, hostile
}
criterion_main!(benches);
