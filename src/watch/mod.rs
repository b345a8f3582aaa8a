//! Watching a folder of checkpoints: each new one becomes a step of one series.
//!
//! Nothing is asked of the training that writes them, and nothing of the file system but to list the folder. [`Watch::look`] lists it,
//! [`Watch::advance`] takes one file that is complete: it reads its quantizer and no more of it, works out its figures or finds them in the cache, and
//! compares it with the checkpoint before it. Whoever watches does both in turns, and draws or prints the [`Series`].

mod beside;
mod cache;
mod checkpoint;
mod digest;
mod figures;
mod files;
mod folder;
mod probe;
mod series;
mod step;
mod told;

use std::path::PathBuf;
use std::sync::Arc;

use crate::text::Message;
pub use beside::Work;
pub use cache::{CACHE_VAR, default_cache};
pub use checkpoint::{Meant, Shape};
pub use digest::Digest;
pub use figures::{Change, Figures, FindingNote, LayerChange, LayerFigures, LayerHistograms};
pub use files::{Order, Pace};
pub use folder::Watch;
pub use probe::{PROBE_FRAMES, Probe};
pub use series::{Point, Series};
pub use step::StepFrom;

/// What is watched.
#[derive(Debug, Clone)]
pub struct WatchSpec {
    /// The folder; folders in it are looked into as well.
    pub folder: PathBuf,
    /// Frames that each checkpoint is held against.
    pub probe: Option<Arc<Probe>>,
    /// Which quantizer is meant where a checkpoint holds several.
    pub meant: Meant,
    /// What comes first of the checkpoints that are there already.
    pub order: Order,
    /// Where figures are kept from one watch to the next; `None` for nowhere.
    pub cache: Option<PathBuf>,
    /// How often the folder is listed, and how long a file is waited for.
    pub pace: Pace,
}

/// What came of a file, or what there is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A checkpoint is in the series, with what changed since the one before it.
    Point(u64),
    /// A file cannot be read: it is damaged, or was never finished.
    Unreadable {
        /// The file.
        file: String,
        /// What is wrong with it.
        text: Message,
    },
    /// A file, and others of such names, are left out.
    Skipped {
        /// The file.
        file: String,
        /// Why.
        text: Message,
        /// Whether it would be taken if something were said of it, such as which of its quantizers is meant.
        asks: bool,
    },
    /// The file of a checkpoint is no more; the checkpoint stays in the series.
    Gone(String),
    /// Something else that the user should know.
    Note(Message),
}
