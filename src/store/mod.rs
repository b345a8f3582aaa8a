//! What is kept on disk: runs to the bit, a workspace as a folder or as one file, and the writer in the background.
//!
//! Nothing here trusts what it reads. Every file says its format and closes with a checksum, what is read goes through the constructors that
//! everything else goes through, and memory is taken in proportion to the file.

mod code_trace;
mod error;
mod exact;
mod folder;
mod history;
mod pack;
mod params;
mod parts;
mod quantizer;
mod queue;
mod run;
mod saver;
mod state;
mod stored;
mod tensors;

pub use error::StoreError;
pub use folder::Folder;
pub use pack::{pack, unpack};
pub use run::{StoredRun, is_run, read_run, write_run};
pub use saver::{Saver, Unsaved, Waker};
