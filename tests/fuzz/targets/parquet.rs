//! Fuzzes the reader of that name.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rvqscope_fuzz::read_as("parquet", bytes));
