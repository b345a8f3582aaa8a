//! Fuzzes writing a changed codebook back into a checkpoint.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rvqscope_fuzz::write_back(bytes));
