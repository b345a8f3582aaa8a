//! What is kept on disk: every run comes back to the bit, nothing hostile is trusted, and no kill loses what was there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../counting/mod.rs"]
mod counting;
mod folders;
mod hostile;
mod packed;
mod runs;
mod samples;
mod saving;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;
