//! Feature matrices, and corpora of them: what every quantizer is trained on.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};
use rand::RngExt;

use crate::mapped::MappedRows;
use crate::random::{self, Purpose};
use crate::task::{Cancelled, Task};
use crate::text::{Message, phrase, t};

use super::ExtractParams;

/// Frames by dimensions: finite, not empty, row by row in memory. Checked once, here.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMatrix {
    storage: Storage,
}

/// Where the values lie.
#[derive(Debug, Clone)]
enum Storage {
    /// In memory.
    Owned(Array2<f32>),
    /// In a file, read as they are looked at.
    Mapped(MappedRows),
}

/// Frames that are checked between two looks at the cancel switch.
const CHECKED_FRAMES: usize = 1 << 16;

/// What can be wrong with features.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FeatureError {
    /// There is no frame or no dimension.
    #[error("{}", t!("features-empty", frames = *.frames, dim = *.dim))]
    Empty {
        /// Frames.
        frames: usize,
        /// Dimensions.
        dim: usize,
    },
    /// A value is NaN or infinite.
    #[error("{}", t!("features-not-finite", frame = *.frame, dim = *.dim, value = .value.to_string()))]
    NotFinite {
        /// Its frame.
        frame: usize,
        /// Its dimension.
        dim: usize,
        /// The value.
        value: f32,
    },
    /// Parts of one corpus have different dimensions.
    #[error("{}", t!("features-other-dimension", name = .name, dim = *.dim, expected = *.expected))]
    Dim {
        /// The clip.
        name: Message,
        /// Its dimension.
        dim: usize,
        /// That of the others.
        expected: usize,
    },
    /// The work was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// A stretch of frames that belongs together: a file, an utterance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// What it is called: a file's name.
    pub name: String,
    /// Its frames.
    pub frames: Range<usize>,
}

/// A corpus: the frames of all clips one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureSet {
    /// The frames.
    pub matrix: FeatureMatrix,
    /// The clips, which cover all frames in order.
    pub clips: Vec<Clip>,
    /// Frames a second, where known.
    pub frame_rate_hz: Option<f64>,
    /// What made the frames of audio; `None` where they were there already.
    pub extract: Option<ExtractParams>,
}

impl FeatureMatrix {
    /// Checks `values`, `(num_frames, dim)`.
    ///
    /// # Errors
    /// There are none, or one is not finite.
    pub fn new(values: Array2<f32>) -> Result<Self, FeatureError> {
        let (frames, dim) = values.dim();
        if frames == 0 || dim == 0 {
            return Err(FeatureError::Empty { frames, dim });
        }
        check_finite(values.view(), 0)?;
        let values =
            if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() };
        Ok(Self { storage: Storage::Owned(values) })
    }

    /// Checks the rows of a file, which stay there.
    ///
    /// # Errors
    /// As for [`FeatureMatrix::new`]; or the task was cancelled.
    pub fn from_mapped(rows: MappedRows, task: &Task<'_>) -> Result<Self, FeatureError> {
        let (frames, dim) = rows.view().dim();
        if frames == 0 || dim == 0 {
            return Err(FeatureError::Empty { frames, dim });
        }
        for start in (0..frames).step_by(CHECKED_FRAMES) {
            task.check()?;
            task.progress(phrase!("stage-checking-values"), start, frames);
            let end = (start + CHECKED_FRAMES).min(frames);
            check_finite(rows.view().slice(ndarray::s![start..end, ..]), start)?;
        }
        Ok(Self { storage: Storage::Mapped(rows) })
    }

    /// Whether the values are read from a file as they are looked at.
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        matches!(self.storage, Storage::Mapped(_))
    }

    /// The values, `(num_frames, dim)`, in standard layout.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, f32> {
        match &self.storage {
            Storage::Owned(values) => values.view(),
            Storage::Mapped(rows) => rows.view(),
        }
    }

    /// How many frames there are.
    #[must_use]
    pub fn num_frames(&self) -> usize {
        self.view().nrows()
    }

    /// How many dimensions a frame has.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.view().ncols()
    }
}

impl PartialEq for Storage {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Owned(a), Self::Owned(b)) => a == b,
            (Self::Mapped(a), Self::Mapped(b)) => a == b,
            (Self::Owned(a), Self::Mapped(b)) | (Self::Mapped(b), Self::Owned(a)) => a.view() == b.view(),
        }
    }
}

/// Looks for a value that is not finite; `first` is the number of the first frame.
fn check_finite(values: ArrayView2<'_, f32>, first: usize) -> Result<(), FeatureError> {
    // A sum of zeros times values is NaN if and only if one of them is not finite; it takes a fraction of the time of looking at each.
    let clean = |row: ndarray::ArrayView1<'_, f32>| row.iter().map(|&v| v * 0.0).sum::<f32>() == 0.0;
    if values.rows().into_iter().all(clean) {
        return Ok(());
    }
    match values.indexed_iter().find(|(_, v)| !v.is_finite()) {
        Some(((frame, dim), &value)) => Err(FeatureError::NotFinite { frame: first + frame, dim, value }),
        None => Ok(()),
    }
}

impl FeatureSet {
    /// One clip.
    #[must_use]
    pub fn single(name: impl Into<String>, matrix: FeatureMatrix, frame_rate_hz: Option<f64>) -> Self {
        let clips = vec![Clip { name: name.into(), frames: 0..matrix.num_frames() }];
        Self { matrix, clips, frame_rate_hz, extract: None }
    }

    /// Clips of one dimension joined in order.
    ///
    /// # Errors
    /// There is none, a dimension differs, or a value is not finite.
    pub fn join(parts: &[(String, Array2<f32>)], frame_rate_hz: Option<f64>) -> Result<Self, FeatureError> {
        let Some((_, first)) = parts.first() else { return Err(FeatureError::Empty { frames: 0, dim: 0 }) };
        let expected = first.ncols();
        let mut clips = Vec::with_capacity(parts.len());
        let mut start = 0;
        for (name, part) in parts {
            if part.ncols() != expected {
                return Err(FeatureError::Dim { name: Message::verbatim(name), dim: part.ncols(), expected });
            }
            clips.push(Clip { name: name.clone(), frames: start..start + part.nrows() });
            start += part.nrows();
        }
        let views: Vec<_> = parts.iter().map(|(_, part)| part.view()).collect();
        let joined = ndarray::concatenate(ndarray::Axis(0), &views)
            .map_err(|_| FeatureError::Empty { frames: start, dim: expected })?;
        Ok(Self { matrix: FeatureMatrix::new(joined)?, clips, frame_rate_hz, extract: None })
    }

    /// The clip that frame `frame` belongs to.
    #[must_use]
    pub fn clip_at(&self, frame: usize) -> Option<&Clip> {
        self.clips.iter().find(|clip| clip.frames.contains(&frame))
    }
}

/// The smallest example: 1000 vectors of dimension 30, uniform on `[0, 1)`, one clip without a frame rate.
///
/// It has no clusters to find and needs no file: for first tries, documentation and tests.
#[must_use]
pub fn article_example(seed: u64) -> FeatureSet {
    let mut rng = random::stream(seed, Purpose::Data, 0);
    // Drawn as f32: a f64 just below 1 would round up to 1.
    let values = Array2::from_shape_simple_fn((1000, 30), || rng.random::<f32>());
    let matrix = FeatureMatrix { storage: Storage::Owned(values) };
    FeatureSet::single("uniform 1000 x 30", matrix, None) // not a text: a clip is called the same everywhere
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_article_example_is_uniform_and_of_its_seed() {
        let set = article_example(7);
        assert_eq!((set.matrix.num_frames(), set.matrix.dim(), set.frame_rate_hz), (1000, 30, None));
        assert!(set.matrix.view().iter().all(|v| (0.0..1.0).contains(v)));
        assert!((set.matrix.view().mapv(f64::from).mean().unwrap() - 0.5).abs() < 0.01);
        assert_eq!(set, article_example(7));
        assert_ne!(set, article_example(8));
    }
}
