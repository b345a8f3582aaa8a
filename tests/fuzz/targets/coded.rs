//! Fuzzes the reader of coded audio.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rvqscope_fuzz::read_as("coded-audio", bytes));
