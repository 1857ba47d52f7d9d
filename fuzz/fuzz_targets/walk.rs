//! Fuzz target: see `fuzz::walk`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::walk::run(data));
