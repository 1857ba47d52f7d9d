//! Masking with every built-in detector, beside `serde_json` that only validates the same bytes: the floor.

mod cpu;

use std::time::Duration;

use cpu::CpuTime;
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use inspect::mask::{Fields, Form, Keys, Rules, Settings, Surface, scan};
use serde::de::IgnoredAny;

const MEBIBYTE: usize = 1 << 20;

/// The allocator of the program: memory that it gave back once is not asked of the system again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An answer as tools give it, with nothing to find: identifiers, times, numbers, prose, links.
fn clean(bytes: usize) -> String {
    let mut text = String::from("[");
    for n in 0_u64.. {
        let hash = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        text += &format!(
            r#"{{"id":"{:08x}-5c1d-4f0a-9b7e-{:012x}","sku":"ORD-{}","createdAt":"2026-0{}-1{}T08:{:02}:17Z","quantity":{},"price":{}.{:02},"active":true,"tags":["garden","outdoor"],"commit":"{:016x}{:016x}{:08x}","url":"https://shop.example/items/{}?page={}","description":"A sturdy watering can made of zinc, with a long spout and a comfortable handle. Holds nine litres and lasts for many seasons.\nReviewed {} times."}}"#,
            hash >> 32,
            hash & 0xffff_ffff_ffff,
            n % 90_000,
            n % 9 + 1,
            n % 10,
            n % 60,
            n % 40,
            n % 700,
            n % 100,
            hash,
            hash.rotate_left(17),
            (hash >> 32) ^ 0x77,
            n,
            n % 20,
            n % 300,
        );
        if text.len() >= bytes {
            break;
        }
        text.push(',');
    }
    text + "]"
}

/// An export of customers as they are: three findings in every record of about 650 bytes, between names of products,
/// times, identifiers and prose. One for 220.
fn export(bytes: usize) -> String {
    let mut text = String::from("[");
    for n in 0_u64.. {
        let hash = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        text += &format!(
            r#"{{"id":"{:08x}-5c1d-4f0a-9b7e-{:012x}","email":"user{n}@example.com","phone":"+1 415 555 {:04}","createdAt":"2026-0{}-1{}T08:{:02}:17Z","status":"active","plan":"professional","orders":{},"total":{}.{:02},"commit":"{:016x}{:016x}{:08x}","url":"https://shop.example/customers/{n}?page={}","address":{{"street":"{} Harbour Street","city":"Rotterdam","country":"NL"}},"note":"Prefers deliveries in the morning. The last parcel came two days late, and was replaced without a charge. Wants the new catalogue of garden tools as soon as it is out."}}"#,
            hash >> 32,
            hash & 0xffff_ffff_ffff,
            n % 10_000,
            n % 9 + 1,
            n % 10,
            n % 60,
            n % 40,
            n % 700,
            n % 100,
            hash,
            hash.rotate_left(17),
            (hash >> 32) ^ 0x77,
            n % 20,
            n % 200 + 1,
        );
        if text.len() >= bytes {
            break;
        }
        text.push(',');
    }
    text + "]"
}

/// Nothing but values: five findings in every record of 210 bytes, one for 42.
fn dense(bytes: usize) -> String {
    let mut text = String::from("[");
    for n in 0_u64.. {
        text += &format!(
            r#"{{"id":{n},"contact":"mail user{n}@example.com or call +1 415 555 {:04}","card":"4111 1111 1111 1111","password":"tr0ub4dor{n}","note":"key AKIA{:016}, renew soon","total":{}.50}}"#,
            n % 10_000,
            n % 1_000_000_000,
            n % 500,
        );
        if text.len() >= bytes {
            break;
        }
        text.push(',');
    }
    text + "]"
}

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
    for part in [
        "api_key=",
        "token='",
        "_TOKEN=",
        "219-09-9998 ",
        "4111 1111 1111 1111 ",
        "1 ",
        "password=",
        "pwd=",
        "%41",
        "eyJ",
        "-----BEGIN PRIVATE KEY-----",
        "ghp_",
        "://a:",
        "national id 1",
        "a@b.cd ",
        "::",
    ] {
        let text = format!("\"{}\"", part.repeat((64 << 10) / part.len()));
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
