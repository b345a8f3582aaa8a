//! Features and codes as arrays: which axis is time, which arrays of a file are clips, and what in them is no code.

mod as_stored;
mod axis;
mod clean;
mod codes;
mod features;
mod offsets;
mod own;
mod recognise;
mod records;
mod wanted;

pub use as_stored::AsStored;
pub use axis::TimeAxis;
pub(super) use codes::RawCodes;
pub use codes::{Codes, NO_CODE, Stated};
pub use features::{RawFeatures, RawValues};
pub(super) use own::{AXES_KEY, CLIPS_KEY, CODES_AXES, FIRST_LAYER_KEY, FRAME_RATE_KEY, SIZES_KEY};
pub(super) use recognise::{finished, notice_of_whole, of_tensors};
pub use wanted::{Cleaning, Need, Offsets, ReadAs, Wanted};

/// Features or codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Features,
    Codes,
}
