//! Fuzzes the reader of coded audio.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: rvqscope_fuzz::forgive_decoders(),
    |bytes| rvqscope_fuzz::read_as("coded-audio", bytes)
);
