//! What is kept on disk: runs to the bit, a workspace as a folder or as one file, and the writer in the background.

mod error;
mod exact;
mod history;
mod params;
mod parts;
mod quantizer;
mod run;
mod tensors;

pub use error::StoreError;
pub use run::{StoredRun, read_run, write_run};
