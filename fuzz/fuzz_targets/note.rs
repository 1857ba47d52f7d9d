//! Fuzz target: see `fuzz::note`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::note::run(data));
