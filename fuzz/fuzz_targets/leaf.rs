//! Fuzz target: see `fuzz::leaf`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::leaf::run(data));
