//! A quarter of a busy gateway, written through the real ledger by a clock that is moved by hand: what
//! evidence packages are measured and tested on.
//!
//! `cargo run --release -p countersign --example quarter -- DIRECTORY [CALLS [DAYS [PEOPLE [SERVERS]]]]`
//!
//! DIRECTORY gets a configuration, keys and a database that every command reads. On a disk most of the time
//! is spent in flushing heartbeats; a memory file system is faster.

mod story;

use std::path::PathBuf;

use story::Story;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().map_or_else(|| PathBuf::from("quarter"), PathBuf::from);
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse());
    let story =
        Story { calls: number(200_000)?, days: number(92)?, people: number(300)?, servers: number(20)? };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let size = runtime.block_on(story.write(&directory))?;
    println!("{size} leaves from {} on, in {}", story::FIRST_DAY, directory.display());
    Ok(())
}
