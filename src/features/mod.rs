//! Feature matrices: frames of real numbers, and the extractors that make them of audio.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

/// Frames by dimensions: finite, not empty, row by row in memory. Checked once, here.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMatrix {
    values: Array2<f32>,
}

/// What can be wrong with features.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FeatureError {
    /// There is no frame or no dimension.
    #[error("there are no values: {frames} frames of {dim} dimensions")]
    Empty {
        /// Frames.
        frames: usize,
        /// Dimensions.
        dim: usize,
    },
    /// A value is NaN or infinite.
    #[error("the value at frame {frame}, dimension {dim} is {value}; only finite numbers can be quantized")]
    NotFinite {
        /// Its frame.
        frame: usize,
        /// Its dimension.
        dim: usize,
        /// The value.
        value: f32,
    },
    /// Parts of one corpus have different dimensions.
    #[error("{name} has {dim} dimensions, but what came before has {expected}")]
    Dim {
        /// The clip.
        name: String,
        /// Its dimension.
        dim: usize,
        /// That of the others.
        expected: usize,
    },
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
}

/// Which frames are trained on and which are held out to judge by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Ranges that are trained on, ascending.
    pub train: Vec<Range<usize>>,
    /// Ranges that are held out, ascending; none where nothing is.
    pub held_out: Vec<Range<usize>>,
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
        if let Some(((frame, dim), &value)) = values.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(FeatureError::NotFinite { frame, dim, value });
        }
        let values =
            if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() };
        Ok(Self { values })
    }

    /// The values, `(num_frames, dim)`, in standard layout.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, f32> {
        self.values.view()
    }

    /// How many frames there are.
    #[must_use]
    pub fn num_frames(&self) -> usize {
        self.values.nrows()
    }

    /// How many dimensions a frame has.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.values.ncols()
    }
}

impl FeatureSet {
    /// One clip.
    #[must_use]
    pub fn single(name: impl Into<String>, matrix: FeatureMatrix, frame_rate_hz: Option<f64>) -> Self {
        let clips = vec![Clip { name: name.into(), frames: 0..matrix.num_frames() }];
        Self { matrix, clips, frame_rate_hz }
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
                return Err(FeatureError::Dim { name: name.clone(), dim: part.ncols(), expected });
            }
            clips.push(Clip { name: name.clone(), frames: start..start + part.nrows() });
            start += part.nrows();
        }
        let views: Vec<_> = parts.iter().map(|(_, part)| part.view()).collect();
        let joined = ndarray::concatenate(ndarray::Axis(0), &views)
            .map_err(|_| FeatureError::Empty { frames: start, dim: expected })?;
        Ok(Self { matrix: FeatureMatrix::new(joined)?, clips, frame_rate_hz })
    }

    /// The clip that frame `frame` belongs to.
    #[must_use]
    pub fn clip_at(&self, frame: usize) -> Option<&Clip> {
        self.clips.iter().find(|clip| clip.frames.contains(&frame))
    }
}

impl Split {
    /// Holds out about `share` of the frames: whole clips from the end where there are several, else one contiguous tail.
    ///
    /// At least one frame is left to train on, and at least one is held out where `share` is above 0 and there are two frames.
    #[must_use]
    pub fn hold_out(set: &FeatureSet, share: f64) -> Self {
        let frames = set.matrix.num_frames();
        if share <= 0.0 || frames < 2 {
            return Self { train: vec![0..frames], held_out: Vec::new() };
        }
        let wanted = ((frames as f64 * share).round() as usize).clamp(1, frames - 1);
        let tail = frames - wanted;
        // The clip boundary nearest to where the tail would start, but neither the very start nor the very end.
        let boundary = set.clips.iter().map(|clip| clip.frames.start).filter(|&s| s > 0 && s < frames);
        let start = boundary.min_by_key(|&s| (s.abs_diff(tail), s)).unwrap_or(tail);
        Self { train: vec![0..start], held_out: vec![start..frames] }
    }

    /// How many frames the ranges hold.
    #[must_use]
    pub fn count(ranges: &[Range<usize>]) -> usize {
        ranges.iter().map(ExactSizeIterator::len).sum()
    }
}
