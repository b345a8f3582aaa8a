//! Arrays whose axes have to be told apart: features and codes, with a guess at which axis is time.

use ndarray::{Array2, ArrayD, ArrayView2, Axis, Ix2};

use super::Problem;
use crate::features::{FeatureError, FeatureMatrix};
use crate::mapped::MappedRows;

/// Which axis of a stored array counts frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeAxis {
    /// The first: a row is a frame.
    Rows,
    /// The second: a column is a frame.
    Columns,
}

/// Real numbers as a file holds them, before it is settled which axis is time.
#[derive(Debug, Clone, PartialEq)]
pub struct RawFeatures {
    /// As stored, leading axes of length 1 dropped. Not checked to be finite yet.
    pub values: RawValues,
    /// Which axis is time, as guessed.
    pub time_axis: TimeAxis,
    /// Why that was guessed.
    pub guess_reason: String,
    /// Frames a second, where the file says so.
    pub frame_rate_hz: Option<f64>,
}

/// Stored numbers, in memory or still in their file.
#[derive(Debug, Clone, PartialEq)]
pub enum RawValues {
    /// In memory.
    Owned(Array2<f32>),
    /// In the file, read as they are looked at.
    Mapped(MappedRows),
}

/// Token ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codes {
    /// The codes, `(num_layers, num_frames)`, in standard layout.
    pub values: Array2<u32>,
    /// Which axis of the stored array was taken for time.
    pub time_axis: TimeAxis,
    /// Why that was guessed.
    pub guess_reason: String,
    /// The clips that the frames are of, each with its name and number of frames, where the file tells; empty elsewhere.
    pub clips: Vec<(String, usize)>,
}

/// Dimensions that feature extractors and speech models commonly give.
const KNOWN_DIMS: [usize; 7] = [64, 80, 128, 256, 512, 768, 1024];

impl TimeAxis {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Rows => Self::Columns,
            Self::Columns => Self::Rows,
        }
    }
}

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
    /// Features from an array as stored, with a guess at its time axis.
    pub(super) fn new(values: ArrayD<f32>, frame_rate_hz: Option<f64>) -> Result<Self, Problem> {
        check_not_empty(values.shape())?;
        if values.ndim() < 2 {
            return Err(one_axis("features", "[frames, dimensions]", values.shape()));
        }
        let stored = values.ndim();
        let values = drop_axes(values, |axis| axis == 0, "features", "[frames, dimensions]")?;
        let (time_axis, guess_reason) = guess_features(values.dim(), stored > 2);
        Ok(Self { values: RawValues::Owned(values), time_axis, guess_reason, frame_rate_hz })
    }

    /// Features that stay in their file, stored under `stored` axes.
    pub(super) fn mapped(rows: MappedRows, stored: usize) -> Self {
        let (time_axis, guess_reason) = guess_features(rows.view().dim(), stored > 2);
        Self { values: RawValues::Mapped(rows), time_axis, guess_reason, frame_rate_hz: None }
    }

    /// The numbers as `(num_frames, dim)` with `axis` taken for time, not checked to be finite yet.
    #[must_use]
    pub fn with_axis(self, axis: TimeAxis) -> RawValues {
        match axis {
            TimeAxis::Rows => self.values,
            TimeAxis::Columns => self.values.transposed(),
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
}

impl Codes {
    /// Codes from an array as stored, with a guess at its time axis.
    pub(super) fn new(values: ArrayD<u32>) -> Result<Self, Problem> {
        check_not_empty(values.shape())?;
        if values.ndim() < 2 {
            return Err(one_axis("codes", "[layers, frames]; one layer is [1, frames]", values.shape()));
        }
        // A batch axis of length 1 may stand anywhere: [n_q, 1, T], [1, n_q, T], [1, T, n_q].
        let values = drop_axes(values, |_| true, "codes", "[layers, frames]")?;
        let (time_axis, guess_reason) = match values.dim() {
            (rows, columns) if rows > columns => {
                (TimeAxis::Rows, format!("{rows} rows are more than {columns} columns, and time is longer"))
            }
            (rows, columns) if rows < columns => (
                TimeAxis::Columns,
                format!("{columns} columns are more than {rows} rows, and time is longer"),
            ),
            _ => (TimeAxis::Columns, "both axes are equally long; layers usually come first".to_owned()),
        };
        let values = if time_axis == TimeAxis::Rows { values.reversed_axes() } else { values };
        Ok(Self { values: standard(values), time_axis, guess_reason, clips: Vec::new() })
    }

    /// The codes of one layer, clip after clip.
    pub(super) fn of_clips(codes: Vec<u32>, clips: Vec<(String, usize)>) -> Result<Self, Problem> {
        check_not_empty(&[codes.len()])?;
        let values = Array2::from_shape_vec((1, codes.len()), codes)
            .map_err(|_| Problem::malformed("there are more codes than can be counted"))?;
        let guess_reason = "every line is a clip of one layer".to_owned();
        Ok(Self { values, time_axis: TimeAxis::Columns, guess_reason, clips })
    }

    /// The same codes with the other axis taken for time.
    #[must_use]
    pub fn switched(self) -> Self {
        Self {
            values: standard(self.values.reversed_axes()),
            time_axis: self.time_axis.other(),
            guess_reason: "chosen by hand".to_owned(),
            // What was a frame is a layer now.
            clips: Vec::new(),
        }
    }
}

/// Which axis of features is time, and why. `batched` arrays had leading axes of length 1, as PyTorch models give them.
fn guess_features((rows, columns): (usize, usize), batched: bool) -> (TimeAxis, String) {
    let known = |len: usize| KNOWN_DIMS.contains(&len);
    if known(rows) != known(columns) {
        let (axis, dim) = if known(columns) { (TimeAxis::Rows, columns) } else { (TimeAxis::Columns, rows) };
        return (axis, format!("{dim} is a usual number of dimensions, so the other axis is time"));
    }
    if batched {
        return (TimeAxis::Columns, "a leading axis of 1 is usual for [1, dimensions, frames]".to_owned());
    }
    if rows < columns {
        return (
            TimeAxis::Columns,
            format!("{columns} columns are more than {rows} rows, and time is longer"),
        );
    }
    if rows > columns {
        return (TimeAxis::Rows, format!("{rows} rows are more than {columns} columns, and time is longer"));
    }
    (TimeAxis::Rows, "both axes are equally long; frames usually come first".to_owned())
}

fn check_not_empty(shape: &[usize]) -> Result<(), Problem> {
    if shape.contains(&0) {
        return Err(Problem::malformed(format!("the array has no values: its shape is {shape:?}")));
    }
    Ok(())
}

fn one_axis(what: &str, wanted: &str, shape: &[usize]) -> Problem {
    Problem::Unsupported(format!("an array of shape {shape:?} cannot be {what}; reshape it to {wanted}"))
}

/// Drops axes of length 1 that `may_drop` allows, the first ones first, until two are left.
fn drop_axes<T>(
    mut values: ArrayD<T>,
    may_drop: impl Fn(usize) -> bool,
    what: &str,
    wanted: &str,
) -> Result<Array2<T>, Problem> {
    let shape = values.shape().to_vec();
    while values.ndim() > 2 {
        let Some(axis) = (0..values.ndim()).find(|&axis| may_drop(axis) && values.len_of(Axis(axis)) == 1)
        else {
            break;
        };
        values = values.index_axis_move(Axis(axis), 0);
    }
    values.into_dimensionality::<Ix2>().map_err(|_| {
        Problem::Unsupported(format!("an array of shape {shape:?} cannot be {what}; save it as {wanted}"))
    })
}

fn standard<T: Clone>(values: Array2<T>) -> Array2<T> {
    if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() }
}
