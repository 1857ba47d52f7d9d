//! Fuzz target: see `fuzz::splice`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::splice::run(data));
