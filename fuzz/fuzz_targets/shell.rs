//! Fuzz target: see `fuzz::shell`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::shell::run(data));
