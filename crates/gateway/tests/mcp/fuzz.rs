//! The fuzz targets on stable: every seed, and a fixed number of mutations of each.

use crate::body;
use crate::corpus::{Dice, seeds};

/// Mutations of each seed. Some seconds for all targets together, unoptimised.
const MUTATIONS: usize = 600;

const JSON: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"\\u0061",
    b"\\ud800",
    b"\\udc00",
    b"\\u0000",
    b"\0",
    b"null",
    b"true",
    b"1",
    b"-0",
    b"1.0",
    b"1e5",
    b"0.5e1",
    b" ",
    b"\n",
    b"\xc3\xa9",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\"jsonrpc\":\"2.0\",",
    b"\"id\":1,",
    b"\"ID\":1,",
    b"\"method\":\"tools/call\",",
    b"\"params\":{},",
    b"\"name\":\"x\",",
    b"\"Name\":\"x\",",
    b"\"n\\u0061me\":\"x\",",
    b"\"param\xc5\xbf\":1,",
    b"\"result\":{},",
    b"\"error\":{},",
    b"{\"name\":\"ab\"},",
    b"{\"name\":\"abc\"},",
    b"\"cacheScope\":\"public\",",
    b"\"tools\":[",
];

const STREAM: &[&[u8]] = &[
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\r\r",
    b"\r\n\r\n",
    b"data:",
    b"data: ",
    b"id: 1",
    b"event: x",
    b"retry: 5",
    b": c",
    b":",
    b"foo: x",
    b"\xef\xbb\xbf",
    b"\0",
    b"\xff",
    b" ",
];

fn run(target: &str, words: &[&[u8]], body: fn(&[u8])) {
    let seeds = seeds(target);
    let mut dice = Dice::new(0x5eed);
    for (name, seed) in &seeds {
        body(seed);
        for _ in 0..MUTATIONS {
            let mutated = dice.mutate(seed, &seeds, words);
            let outcome = std::panic::catch_unwind(|| body(&mutated));
            assert!(outcome.is_ok(), "mutation of `{name}`: {:?}", String::from_utf8_lossy(&mutated));
        }
    }
}

#[test]
fn envelope_reads_any_bytes_as_one_message_or_none() {
    run("envelope", JSON, body::envelope::run);
}

#[test]
fn stream_gives_the_same_events_for_any_bytes_and_any_split() {
    run("sse", STREAM, body::sse::run);
}

#[test]
fn walk_sees_in_any_bytes_what_serde_json_sees() {
    run("walk", JSON, body::walk::run);
    run("envelope", JSON, body::walk::run);
}

#[test]
fn filtered_list_of_any_answer_shows_nothing_hidden() {
    run("splice", JSON, body::splice::run);
}
