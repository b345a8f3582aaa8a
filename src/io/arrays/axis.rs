//! Which axis of a stored array counts frames.

use ndarray::{Array2, ArrayD, Axis, Ix2};

use super::Kind;
use crate::io::Problem;
use crate::text::{Message, msg};

/// Which axis of a stored array counts frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeAxis {
    /// The first: a row is a frame.
    Rows,
    /// The second: a column is a frame.
    Columns,
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

    /// What a person calls it: "first" or "second".
    #[must_use]
    pub fn ordinal(self) -> &'static str {
        match self {
            Self::Rows => "first",
            Self::Columns => "second",
        }
    }
}

/// Which axis of features is time, and why. `batched` arrays had leading axes of length 1, as PyTorch models give them.
pub(super) fn guess_features((rows, columns): (usize, usize), batched: bool) -> (TimeAxis, Message) {
    let known = |len: usize| KNOWN_DIMS.contains(&len);
    if known(rows) != known(columns) {
        let (axis, dim) = if known(columns) { (TimeAxis::Rows, columns) } else { (TimeAxis::Columns, rows) };
        return (axis, msg!("axis-usual-dimensions", dim = dim));
    }
    if batched {
        return (TimeAxis::Columns, msg!("axis-leading-one"));
    }
    longer(rows, columns).unwrap_or((TimeAxis::Rows, msg!("axis-equal-frames-first")))
}

/// The longer axis as time, and why.
pub(super) fn longer(rows: usize, columns: usize) -> Option<(TimeAxis, Message)> {
    match rows.cmp(&columns) {
        std::cmp::Ordering::Greater => {
            Some((TimeAxis::Rows, msg!("axis-more-rows", rows = rows, columns = columns)))
        }
        std::cmp::Ordering::Less => {
            Some((TimeAxis::Columns, msg!("axis-more-columns", rows = rows, columns = columns)))
        }
        std::cmp::Ordering::Equal => None,
    }
}

/// Of the shapes of several clips the axis that they do not share, which is time; `None` where they share both or none.
pub(super) fn not_shared(shapes: &[(usize, usize)]) -> Option<TimeAxis> {
    let first = shapes.first()?;
    let (rows, columns) =
        (shapes.iter().all(|shape| shape.0 == first.0), shapes.iter().all(|shape| shape.1 == first.1));
    match (rows, columns) {
        (true, false) => Some(TimeAxis::Columns),
        (false, true) => Some(TimeAxis::Rows),
        _ => None,
    }
}

pub(super) fn check_not_empty(shape: &[usize]) -> Result<(), Problem> {
    if shape.contains(&0) {
        return Err(Problem::malformed(msg!("array-no-values", shape = format!("{shape:?}"))));
    }
    Ok(())
}

/// `shape` without its axes of length 1, the first ones first, until `left` are left; only leading ones where `leading`.
pub(super) fn kept_axes(shape: &[usize], left: usize, leading: bool) -> Vec<usize> {
    let mut axes: Vec<usize> = (0..shape.len()).collect();
    while axes.len() > left {
        let may_go = |&place: &usize| axes.get(place).and_then(|&axis| shape.get(axis)) == Some(&1);
        let places = if leading { 0..1 } else { 0..axes.len() };
        let Some(place) = places.into_iter().find(may_go) else { break };
        axes.remove(place);
    }
    axes
}

/// `values` with the axes `kept` only, all others being of length 1.
pub(super) fn with_axes<T>(mut values: ArrayD<T>, kept: &[usize]) -> ArrayD<T> {
    for axis in (0..values.ndim()).rev().filter(|axis| !kept.contains(axis)) {
        values = values.index_axis_move(Axis(axis), 0);
    }
    values
}

/// `values`, which are to be what `kind` says, as a matrix.
pub(super) fn matrix<T>(values: ArrayD<T>, kind: Kind) -> Result<Array2<T>, Problem> {
    let shape = values.shape().to_vec();
    values.into_dimensionality::<Ix2>().map_err(|_| cannot_be(&shape, kind))
}

/// What is wrong with an array of a shape that is not one of `kind`, and what a person should save instead.
pub(super) fn cannot_be(shape: &[usize], kind: Kind) -> Problem {
    let shape = format!("{shape:?}");
    Problem::Unsupported(match kind {
        Kind::Features => msg!("array-no-features", shape = shape),
        Kind::Codes => msg!("array-no-codes", shape = shape),
    })
}

pub(super) fn standard<T: Clone>(values: Array2<T>) -> Array2<T> {
    if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() }
}
