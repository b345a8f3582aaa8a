//! rvqscope: a desktop instrument for residual vector quantizers.
#[cfg(feature = "gui")]
pub mod app;
pub mod audio;
pub mod features;
pub mod io;
pub mod jobs;
pub mod metrics;
pub mod param;
pub mod random;
pub mod rvq;
pub mod session;
pub mod task;
pub mod training;
