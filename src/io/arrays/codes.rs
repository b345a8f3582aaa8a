//! Codes as files hold them: which axis counts layers, which frames, which clips.

use ndarray::{Array2, Array3, ArrayD, ArrayView2, Axis, Ix3};

use super::Kind;
use super::as_stored::AsStored;
use super::axis::{self, TimeAxis};
use super::wanted::Wanted;
use crate::io::Problem;
use crate::text::{Message, msg, phrase};

/// What stands in [`Codes::values`] where a layer has no code for a frame.
pub const NO_CODE: u32 = u32::MAX;

/// Token ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Codes {
    /// The codes, `(num_layers, num_frames)`, in standard layout; [`NO_CODE`] where there is none.
    pub values: Array2<u32>,
    /// Which axis of the stored array was taken for time.
    pub time_axis: TimeAxis,
    /// Why that was guessed.
    pub guess_reason: Message,
    /// The clips that the frames are of, each with its name and number of frames, where the file tells; empty elsewhere.
    pub clips: Vec<(String, usize)>,
    /// What the user should know of how the file was read: what was left out, what else it may be.
    pub notices: Vec<Message>,
    /// What the file says of the quantizer that they belong to.
    pub stated: Stated,
    /// How the file holds them.
    pub as_stored: AsStored,
}

/// What a file of codes says of the quantizer that they belong to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stated {
    /// `K` of each layer; empty where it says nothing.
    pub codebook_sizes: Vec<usize>,
    /// The layer that the first row belongs to.
    pub first_layer: Option<usize>,
    /// Frames a second.
    pub frame_rate_hz: Option<f64>,
}

/// Whole numbers with their axes told apart, before anything is taken out of them: below 0 where there is no code.
#[derive(Debug)]
pub(in crate::io) struct RawCodes {
    /// `(num_layers, num_frames)`.
    pub(in crate::io) values: Array2<i32>,
    /// Clips that cover all frames; empty for a single one without a name.
    pub(in crate::io) clips: Vec<(String, usize)>,
    /// Which axis of the stored array was taken for time.
    pub(in crate::io) time_axis: TimeAxis,
    /// Why.
    pub(in crate::io) guess_reason: Message,
    /// What to tell.
    pub(in crate::io) notices: Vec<Message>,
    /// What the file says of the quantizer.
    pub(in crate::io) stated: Stated,
    /// Whether this program wrote them, so that every id is a code.
    pub(in crate::io) is_own: bool,
    /// How the file holds them.
    pub(in crate::io) as_stored: AsStored,
}

/// An axis that is longer than this counts no layers: the most that a quantizer in use has is 64.
pub(super) const MOST_LAYERS: usize = 64;

/// Clips of a few layers are this many times as long as their layers are many, or longer.
const FAR: usize = 8;

impl Codes {
    /// The same codes with the other axis taken for time.
    #[must_use]
    pub fn switched(self) -> Self {
        Self {
            values: axis::standard(self.values.reversed_axes()),
            time_axis: self.time_axis.other(),
            guess_reason: msg!("axis-by-hand"),
            // What was a frame is a layer now.
            clips: Vec::new(),
            ..self
        }
    }
}

impl RawCodes {
    /// Codes whose rows are layers.
    pub(in crate::io) fn of(
        values: Array2<i32>,
        time_axis: TimeAxis,
        guess_reason: impl Into<Message>,
    ) -> Self {
        Self {
            values,
            clips: Vec::new(),
            time_axis,
            guess_reason: guess_reason.into(),
            notices: Vec::new(),
            stated: Stated::default(),
            is_own: false,
            as_stored: AsStored::default(),
        }
    }

    /// Codes of one layer, clip after clip.
    pub(in crate::io) fn of_lines(
        codes: Vec<i32>,
        clips: Vec<(String, usize)>,
        reason: Message,
    ) -> Result<Self, Problem> {
        axis::check_not_empty(&[codes.len()])?;
        let values = Array2::from_shape_vec((1, codes.len()), codes)
            .map_err(|_| Problem::malformed(msg!("array-too-many-codes")))?;
        Ok(Self { clips, ..Self::of(values, TimeAxis::Columns, reason) })
    }

    /// Codes of one array as stored: `[T]`, layers and frames in either order, or either with an axis of clips. Where `is_stated`, the array is
    /// known to be `[layers, frames]`.
    pub(in crate::io) fn new(
        values: ArrayD<i32>,
        wanted: &Wanted<'_>,
        is_stated: bool,
    ) -> Result<Self, Problem> {
        let shape = values.shape().to_vec();
        axis::check_not_empty(&shape)?;
        if shape.len() == 1 {
            let values = axis::matrix(values.insert_axis(Axis(0)), Kind::Codes)?;
            return Ok(Self::of(values, TimeAxis::Columns, msg!("axis-one-alone")));
        }
        // One layer of several clips, [B, 1, T], has the shape of layers of one clip, [n_q, 1, T].
        let is_one_layer = wanted.num_layers == Some(1) && matches!(*shape, [clips, 1, _] if clips > 1);
        let kept = if is_one_layer { vec![0, 1, 2] } else { axis::kept_axes(&shape, 2, false) };
        let values = axis::with_axes(values, &kept);
        if kept.len() == 3 {
            let values =
                values.into_dimensionality::<Ix3>().map_err(|_| axis::cannot_be(&shape, Kind::Codes))?;
            return Self::of_batch(&values, wanted);
        }
        let values =
            values.into_dimensionality::<ndarray::Ix2>().map_err(|_| axis::cannot_be(&shape, Kind::Codes))?;
        let (time_axis, guess_reason, doubt) = match is_stated {
            true => (TimeAxis::Columns, msg!("axis-file-says"), None),
            false => time_of(&[values.dim()], wanted),
        };
        let values = if time_axis == TimeAxis::Rows { values.reversed_axes() } else { values };
        let mut codes = Self::of(axis::standard(values), time_axis, guess_reason);
        codes.notices.extend(doubt);
        Ok(codes)
    }

    /// Clips of one length: `[B, n_q, T]`, `[B, T, n_q]` or `[n_q, B, T]`.
    fn of_batch(values: &Array3<i32>, wanted: &Wanted<'_>) -> Result<Self, Problem> {
        let (first, second, third) = values.dim();
        let known = wanted.num_layers;
        // Axes of clips, layers and frames.
        let (order, reason) = match wanted.time_axis {
            Some(TimeAxis::Rows) => ([0, 2, 1], phrase!("axis-chosen")),
            _ if known == Some(third) && known != Some(second) => {
                ([0, 2, 1], phrase!("axis-last-has-layers"))
            }
            _ if known == Some(second) => ([0, 1, 2], phrase!("axis-second-has-layers")),
            _ if known == Some(first) => ([1, 0, 2], phrase!("axis-first-has-layers")),
            Some(TimeAxis::Columns) => ([0, 1, 2], phrase!("axis-chosen")),
            None if second > third => ([0, 2, 1], phrase!("axis-second-longer")),
            None => ([0, 1, 2], phrase!("axis-last-longer")),
        };
        let by_clip = values.view().permuted_axes(order);
        let (clips, layers, frames) = by_clip.dim();
        let mut joined = Array2::zeros((layers, clips * frames));
        for (nth, clip) in by_clip.axis_iter(Axis(0)).enumerate() {
            joined.slice_mut(ndarray::s![.., nth * frames..(nth + 1) * frames]).assign(&clip);
        }
        let time_axis = if order == [0, 2, 1] { TimeAxis::Rows } else { TimeAxis::Columns };
        let mut codes = Self::of(joined, time_axis, reason);
        codes.clips = (0..clips).map(|nth| (format!("clip {}", nth + 1), frames)).collect();
        let is_sure = known == Some(layers) || (wanted.time_axis.is_some() && clips != layers);
        if !is_sure {
            codes.notices.push(msg!(
                "array-taken-for-clips",
                shape = format!("[{first}, {second}, {third}]"),
                clips = clips,
                layers = layers,
                frames = frames
            ));
        }
        Ok(codes)
    }

    /// Codes of several arrays, a clip each, whose `shapes` (two axes, or one for a single layer) are known; `read` gives each by its place.
    pub(in crate::io) fn of_clips(
        names: &[String],
        shapes: &[Vec<usize>],
        wanted: &Wanted<'_>,
        mut read: impl FnMut(usize) -> Result<ArrayD<i32>, Problem>,
    ) -> Result<Self, Problem> {
        let pairs: Vec<(usize, usize)> = shapes.iter().map(|shape| pair(shape)).collect();
        let is_lines = shapes.iter().all(|shape| shape.len() == 1);
        let (time_axis, reason, doubt) = match is_lines {
            true => (TimeAxis::Columns, msg!("axis-clips-of-one-layer"), None),
            false => time_of(&pairs, wanted),
        };
        let turned = |&(rows, columns): &(usize, usize)| match time_axis {
            TimeAxis::Rows => (columns, rows),
            TimeAxis::Columns => (rows, columns),
        };
        let layers = pairs.first().map_or(0, |pair| turned(pair).0);
        let frames = pairs.iter().map(|pair| turned(pair).1).sum();
        axis::check_not_empty(&[layers, frames])?;
        let mut values = Array2::zeros((layers, frames));
        let (mut clips, mut start) = (Vec::with_capacity(names.len()), 0);
        for (nth, name) in names.iter().enumerate() {
            let clip = read(nth)?;
            let kept = axis::kept_axes(clip.shape(), 2, false);
            let clip = axis::with_axes(clip, &kept);
            let clip = if clip.ndim() == 1 { clip.insert_axis(Axis(0)) } else { clip };
            let clip = axis::matrix(clip, Kind::Codes)?;
            let clip = if time_axis == TimeAxis::Rows { clip.reversed_axes() } else { clip };
            put(&mut values, name, start, clip.view())?;
            clips.push((name.clone(), clip.ncols()));
            start += clip.ncols();
        }
        let mut codes = Self { clips, ..Self::of(values, time_axis, reason) };
        codes.notices.extend(doubt);
        Ok(codes)
    }

    /// Layers that tell of frames at different rates, coarse first: each code stands at the first of the frames that it covers, and at the others
    /// there is none.
    pub(in crate::io) fn of_rates(layers: &[Vec<i32>]) -> Result<Self, Problem> {
        let frames = layers.iter().map(Vec::len).max().unwrap_or(0);
        axis::check_not_empty(&[layers.len(), frames])?;
        let mut values = Array2::from_elem((layers.len(), frames), -1);
        for (mut row, layer) in values.rows_mut().into_iter().zip(layers) {
            let stride = frames / layer.len().max(1);
            for (nth, &code) in layer.iter().enumerate() {
                if let Some(place) = row.get_mut(nth * stride) {
                    *place = code;
                }
            }
        }
        let counts = layers.iter().map(|layer| layer.len().to_string()).collect::<Vec<_>>().join(", ");
        let mut codes = Self::of(values, TimeAxis::Columns, msg!("axis-arrays-are-layers"));
        codes.notices.push(msg!("array-layers-at-rates", counts = counts));
        Ok(codes)
    }
}

/// Puts a clip into its place.
fn put(values: &mut Array2<i32>, name: &str, start: usize, clip: ArrayView2<'_, i32>) -> Result<(), Problem> {
    let (layers, expected) = (clip.nrows(), values.nrows());
    if layers != expected {
        let words = msg!("array-layers-differ", name = name, layers = layers, expected = expected);
        return Err(Problem::Unsupported(words));
    }
    values.slice_mut(ndarray::s![.., start..start + clip.ncols()]).assign(&clip);
    Ok(())
}

/// A shape as rows and columns, with axes of length 1 dropped.
fn pair(shape: &[usize]) -> (usize, usize) {
    let kept = axis::kept_axes(shape, 2, false);
    let len = |place: usize| kept.get(place).and_then(|&axis| shape.get(axis)).copied().unwrap_or(1);
    if kept.len() == 1 { (1, len(0)) } else { (len(0), len(1)) }
}

/// Which axis of codes is time, why, and what is to be told where both could be.
fn time_of(shapes: &[(usize, usize)], wanted: &Wanted<'_>) -> (TimeAxis, Message, Option<Message>) {
    let (rows, columns) = shapes.first().copied().unwrap_or_default();
    if let Some(axis) = wanted.time_axis {
        return (axis, msg!("axis-chosen"), None);
    }
    if let Some(axis) = axis::not_shared(shapes) {
        return (axis, msg!("axis-clips-differ", clips = shapes.len()), None);
    }
    let said = |axis: TimeAxis| {
        let shape = format!("[{rows}, {columns}]");
        match axis {
            TimeAxis::Rows => msg!("array-either-first", shape = shape),
            TimeAxis::Columns => msg!("array-either-second", shape = shape),
        }
    };
    if let Some(layers) = wanted.num_layers {
        let first = || msg!("axis-first-has-the-layers", layers = layers);
        let second = || msg!("axis-second-has-the-layers", layers = layers);
        match (rows == layers, columns == layers) {
            (true, false) => return (TimeAxis::Columns, first(), None),
            (false, true) if rows > layers => return (TimeAxis::Rows, second(), None),
            // As few rows can be layers too, of which only some were kept.
            (false, true) => return (TimeAxis::Rows, second(), Some(said(TimeAxis::Rows))),
            (true, true) => return (TimeAxis::Columns, first(), Some(said(TimeAxis::Columns))),
            (false, false) => {}
        }
    }
    let (axis, why) =
        axis::longer(rows, columns).unwrap_or((TimeAxis::Columns, msg!("axis-equal-layers-first")));
    let (least, most) = (rows.min(columns), rows.max(columns));
    let may_be_either = most <= MOST_LAYERS && least > 1 && most <= FAR * least;
    (axis, why, may_be_either.then(|| said(axis)))
}
