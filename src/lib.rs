//! rvqscope: a desktop instrument for residual vector quantizers.
#[cfg(feature = "gui")]
pub mod app;
pub mod audio;
pub mod cli;
pub mod features;
pub mod io;
pub mod jobs;
pub mod mapped;
pub mod metrics;
pub mod param;
pub mod random;
pub mod report;
pub mod rvq;
pub mod session;
pub mod task;
pub mod training;
