//! Fuzz target: see `fuzz::mask`.

#![no_main]

use std::sync::LazyLock;

static MASKER: LazyLock<fuzz::mask::Masker> = LazyLock::new(Default::default);

libfuzzer_sys::fuzz_target!(|data: &[u8]| MASKER.run(data));
