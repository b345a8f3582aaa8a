//! Features as files hold them: one array with a guess at its time axis, or many, a clip each.

use ndarray::{Array2, ArrayD, ArrayView2, Axis};

use super::Kind;
use super::as_stored::AsStored;
use super::axis::{self, TimeAxis};
use crate::features::{FeatureError, FeatureMatrix};
use crate::io::Problem;
use crate::mapped::MappedRows;
use crate::text::{Message, msg};

/// Real numbers as a file holds them, before it is settled which axis is time.
#[derive(Debug, Clone, PartialEq)]
pub struct RawFeatures {
    /// As stored, leading axes of length 1 dropped; where there are clips, a row is a frame. Not checked to be finite yet.
    pub values: RawValues,
    /// Which axis of the stored arrays is time, as guessed.
    pub time_axis: TimeAxis,
    /// Why that was guessed.
    pub guess_reason: Message,
    /// Frames a second, where the file says so.
    pub frame_rate_hz: Option<f64>,
    /// The clips that the frames are of, each with its name and number of frames, where the file holds several; empty elsewhere.
    pub clips: Vec<(String, usize)>,
    /// What the user should know of how the file was read.
    pub notices: Vec<Message>,
    /// How the file holds them.
    pub as_stored: AsStored,
}

/// Stored numbers, in memory or still in their file.
#[derive(Debug, Clone, PartialEq)]
pub enum RawValues {
    /// In memory.
    Owned(Array2<f32>),
    /// In the file, read as they are looked at.
    Mapped(MappedRows),
}

/// Where features are looked at to tell whether they are codes.
const LOOKED_AT: usize = 1 << 14;

impl RawValues {
    /// The numbers.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, f32> {
        match self {
            Self::Owned(values) => values.view(),
            Self::Mapped(rows) => rows.view(),
        }
    }

    /// The numbers with rows and columns exchanged, in memory.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self::Owned(match self {
            Self::Owned(values) => values.reversed_axes(),
            Self::Mapped(rows) => rows.view().reversed_axes().as_standard_layout().into_owned(),
        })
    }
}

impl RawFeatures {
    /// Features from one array as stored: a clip with a guess at its time axis, or `[B, T, D]`, a clip each.
    pub(in crate::io) fn new(
        values: ArrayD<f32>,
        time_axis: Option<TimeAxis>,
        frame_rate_hz: Option<f64>,
    ) -> Result<Self, Problem> {
        axis::check_not_empty(values.shape())?;
        if values.ndim() < 2 {
            let shape = format!("{:?}", values.shape());
            return Err(Problem::Unsupported(msg!("array-flat-features", shape = shape)));
        }
        let (stored, shape) = (values.ndim(), values.shape().to_vec());
        let kept = axis::kept_axes(&shape, 2, true);
        let values = axis::with_axes(values, &kept);
        if let (3, [clips, rows, columns]) = (values.ndim(), values.shape()) {
            let (clips, shape) = (*clips, (*rows, *columns));
            let (axis, reason) = chosen(time_axis, &[shape], false);
            let frames = if axis == TimeAxis::Rows { shape.0 } else { shape.1 };
            let mut joined = Joined::new(axis, shape, clips * frames);
            for (nth, clip) in values.axis_iter(Axis(0)).enumerate() {
                let clip = clip.into_dimensionality().map_err(|_| axis::cannot_be(&[], Kind::Features))?;
                joined.push(format!("clip {}", nth + 1), clip)?;
            }
            return joined.finish(reason, frame_rate_hz);
        }
        let values = axis::matrix(values, Kind::Features)?;
        let (time_axis, guess_reason) = axis::guess_features(values.dim(), stored > 2);
        Ok(Self::of(RawValues::Owned(values), time_axis, guess_reason, frame_rate_hz))
    }

    /// Features that stay in their file, stored under `stored` axes.
    pub(in crate::io) fn mapped(rows: MappedRows, stored: usize) -> Self {
        let (time_axis, guess_reason) = axis::guess_features(rows.view().dim(), stored > 2);
        Self::of(RawValues::Mapped(rows), time_axis, guess_reason, None)
    }

    /// Features of several arrays, whose `shapes` are known; `read` gives each by its place.
    pub(in crate::io) fn of_clips(
        names: &[String],
        shapes: &[(usize, usize)],
        time_axis: Option<TimeAxis>,
        frame_rate_hz: Option<f64>,
        mut read: impl FnMut(usize) -> Result<ArrayD<f32>, Problem>,
    ) -> Result<Self, Problem> {
        let (axis, reason) = chosen(time_axis, shapes, false);
        let frames = |&(rows, columns): &(usize, usize)| if axis == TimeAxis::Rows { rows } else { columns };
        let first = shapes.first().copied().unwrap_or_default();
        let mut joined = Joined::new(axis, first, shapes.iter().map(frames).sum());
        for (nth, name) in names.iter().enumerate() {
            let values = read(nth)?;
            let kept = axis::kept_axes(values.shape(), 2, true);
            let values = axis::matrix(axis::with_axes(values, &kept), Kind::Features)?;
            joined.push(name.clone(), values.view())?;
        }
        joined.finish(reason, frame_rate_hz)
    }

    /// Rows of `dim` numbers each, clip after clip.
    pub(in crate::io) fn of_rows(
        values: Vec<f32>,
        dim: usize,
        clips: Vec<(String, usize)>,
        reason: Message,
    ) -> Result<Self, Problem> {
        let rows = values.len() / dim.max(1);
        axis::check_not_empty(&[rows, dim])?;
        let values = Array2::from_shape_vec((rows, dim), values)
            .map_err(|_| Problem::malformed(msg!("array-no-whole-frames", dim = dim)))?;
        Ok(Self { clips, ..Self::of(RawValues::Owned(values), TimeAxis::Rows, reason, None) })
    }

    fn of(values: RawValues, time_axis: TimeAxis, guess_reason: Message, frame_rate_hz: Option<f64>) -> Self {
        let (clips, notices, as_stored) = (Vec::new(), Vec::new(), AsStored::default());
        Self { values, time_axis, guess_reason, frame_rate_hz, clips, notices, as_stored }
    }

    /// The numbers as `(num_frames, dim)` with `axis` taken for time, not checked to be finite yet. Clips lie that way already.
    #[must_use]
    pub fn with_axis(self, axis: TimeAxis) -> RawValues {
        match axis {
            TimeAxis::Columns if self.clips.is_empty() => self.values.transposed(),
            _ => self.values,
        }
    }

    /// The features as `(num_frames, dim)`, in standard layout, with `axis` taken for time.
    ///
    /// # Errors
    /// A value is not finite, or there is none.
    pub fn into_matrix(self, axis: TimeAxis) -> Result<Array2<f32>, FeatureError> {
        let values = match self.with_axis(axis) {
            RawValues::Owned(values) => values,
            RawValues::Mapped(rows) => rows.view().to_owned(),
        };
        Ok(FeatureMatrix::new(values)?.view().to_owned())
    }

    /// Whether a frame has `dim` numbers; where it is not settled which axis is time, either may count them.
    pub(in crate::io) fn has_dim(&self, dim: usize) -> bool {
        let (rows, columns) = self.values.view().dim();
        columns == dim || (self.clips.is_empty() && rows == dim)
    }

    /// Whether every number that is looked at is whole and none below -1, as codes are that were saved as real numbers.
    pub(in crate::io) fn look_like_codes(&self) -> bool {
        let view = self.values.view();
        let whole = |v: &f32| v.fract() == 0.0 && (-1.0..=1e6).contains(v);
        let mut looked = view.iter().take(LOOKED_AT);
        view.len() > 1 && looked.clone().any(|&v| v > 1.0) && looked.all(whole)
    }
}

/// The time axis of clips: as asked for, as their shapes tell, or as guessed for the first.
fn chosen(wanted: Option<TimeAxis>, shapes: &[(usize, usize)], batched: bool) -> (TimeAxis, Message) {
    if let Some(axis) = wanted {
        return (axis, msg!("axis-chosen"));
    }
    if let Some(axis) = axis::not_shared(shapes) {
        return (axis, msg!("axis-clips-differ", clips = shapes.len()));
    }
    axis::guess_features(shapes.first().copied().unwrap_or_default(), batched)
}

/// Clips that are joined, frame after frame.
struct Joined {
    axis: TimeAxis,
    dim: usize,
    values: Vec<f32>,
    clips: Vec<(String, usize)>,
}

impl Joined {
    fn new(axis: TimeAxis, first: (usize, usize), frames: usize) -> Self {
        let dim = if axis == TimeAxis::Rows { first.1 } else { first.0 };
        Self { axis, dim, values: Vec::with_capacity(frames.saturating_mul(dim)), clips: Vec::new() }
    }

    fn push(&mut self, name: String, clip: ArrayView2<'_, f32>) -> Result<(), Problem> {
        axis::check_not_empty(clip.shape())?;
        let clip = if self.axis == TimeAxis::Rows { clip } else { clip.reversed_axes() };
        if clip.ncols() != self.dim {
            let (dim, expected) = (clip.ncols(), self.dim);
            return Err(FeatureError::Dim { name: Message::verbatim(name), dim, expected }.into());
        }
        self.values.extend(clip.iter());
        self.clips.push((name, clip.nrows()));
        Ok(())
    }

    fn finish(self, reason: Message, frame_rate_hz: Option<f64>) -> Result<RawFeatures, Problem> {
        let features = RawFeatures::of_rows(self.values, self.dim, self.clips, reason)?;
        Ok(RawFeatures { time_axis: self.axis, frame_rate_hz, ..features })
    }
}
