//! The portrait of one code: its row among the others, its part in counts and errors, what stands beside it in time, and which frames chose it.
//!
//! What takes a walk over all frames is sorted once for each layer, [`FramesByCode`]; the portrait of a code then looks at the frames of that code
//! alone, and at no more of them than are quickly done.

mod beside;
mod index;
mod members;
mod worst;

pub use beside::{Beside, Neighbourhood};
pub use index::FramesByCode;
pub use members::{Member, Members, MembersOf, RunnerUp};
pub use worst::{Worst, worst_frames};

use super::{LayerTally, buffers::Neighbour, distortion, usage};
use crate::rvq::Rvq;

/// Other codes that are listed.
const LISTED: usize = 8;

/// The part of one code in what a set of frames gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Frames that chose it.
    pub count: u64,
    /// Frames in all.
    pub frames: u64,
    /// Its share of the frames.
    pub use_share: f64,
    /// Its share of the layer's error, as [`distortion::code_distortion`] defines it; `None` where there is no error, or it is not known.
    pub error_share: Option<f64>,
    /// Its [`distortion::code_distortion`]; `None` where no frame chose it, or the error is not known.
    pub distortion: Option<f64>,
    /// The root mean squared distance of the frames that chose it; `None` where there is none.
    pub radius: Option<f64>,
}

impl Standing {
    /// The part of `code_idx` in `tally`; `None` where no frame was counted, or the code is not there.
    #[must_use]
    pub fn of(tally: &LayerTally, code_idx: usize) -> Option<Self> {
        let share = distortion::error_share(&tally.code_sq_error, code_idx);
        Self::new(tally, usage::frames(&tally.counts), code_idx, share)
    }

    /// The part of every code in `tally`, in order; nothing where no frame was counted.
    #[must_use]
    pub fn all(tally: &LayerTally) -> Vec<Self> {
        let (frames, shares) = (usage::frames(&tally.counts), distortion::error_shares(&tally.code_sq_error));
        let of = |code| Self::new(tally, frames, code, shares.get(code).copied().flatten());
        (0..tally.counts.len()).filter_map(of).collect()
    }

    fn new(tally: &LayerTally, frames: u64, code_idx: usize, error_share: Option<f64>) -> Option<Self> {
        let count = *tally.counts.get(code_idx)?;
        let sq_error = tally.code_sq_error.get(code_idx).copied().filter(|_| error_share.is_some());
        (frames > 0).then(|| Self {
            count,
            frames,
            use_share: count as f64 / frames as f64,
            error_share,
            distortion: sq_error.and_then(|sq_error| distortion::code_distortion(sq_error, count)),
            radius: sq_error.and_then(|sq_error| distortion::cell_radius(sq_error, count)),
        })
    }
}

/// The nearest other codes of `code_idx` of a layer, the nearest first, in the space in which the layer searches: `K D` multiplications.
///
/// Distances there compare with those of frames, [`Standing::radius`]. Of codes at the same distance the lower comes first.
#[must_use]
pub fn nearest_codes(rvq: &Rvq, layer_idx: usize, code_idx: usize) -> Vec<Neighbour> {
    let Some(layer) = rvq.layers().get(layer_idx) else { return Vec::new() };
    let rows = layer.searched_rows(rvq.metric());
    if code_idx >= rows.nrows() {
        return Vec::new();
    }
    let own = rows.row(code_idx);
    let length =
        |row: ndarray::ArrayView1<'_, f32>| row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
    let mut far: Vec<(f64, u32)> = (0..)
        .zip(rows.rows())
        .filter(|(code, _)| *code as usize != code_idx)
        .map(|(code, row)| (members::distance(own, row), code))
        .collect();
    far.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    far.truncate(LISTED);
    let neighbour = |(distance, code): (f64, u32)| {
        let row = rows.row(code as usize);
        let lengths = length(own) * length(row);
        let product: f64 = own.iter().zip(row).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        Neighbour { code, distance, cosine: if lengths > 0.0 { product / lengths } else { 0.0 } }
    };
    far.into_iter().map(neighbour).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{CodebookView, EmaSetting};
    use crate::rvq::{Codebook, Metric};
    use ndarray::array;

    #[test]
    fn the_part_of_a_code_by_hand() {
        let tally = LayerTally {
            counts: vec![3, 1, 0],
            code_sq_error: vec![12.0, 36.0, 0.0],
            ..LayerTally::default()
        };
        let standing = Standing::of(&tally, 0).unwrap();
        assert_eq!((standing.count, standing.frames, standing.use_share), (3, 4, 0.75));
        assert_eq!((standing.error_share, standing.radius), (Some(0.25), Some(2.0)));
        assert_eq!(standing.distortion, Some(4.0));
        assert_eq!(Standing::of(&tally, 2).unwrap().radius, None, "no frame tells how wide the cell is");
        assert_eq!(Standing::of(&tally, 3), None);
        let one_by_one: Vec<_> = (0..3).filter_map(|code| Standing::of(&tally, code)).collect();
        assert_eq!(Standing::all(&tally), one_by_one);
        let alone = LayerTally { counts: vec![2, 2], code_sq_error: vec![0.0; 2], ..LayerTally::default() };
        let standing = Standing::of(&alone, 1).unwrap();
        assert_eq!((standing.use_share, standing.error_share, standing.radius), (0.5, None, None));
        let unseen = LayerTally { counts: vec![0], ..LayerTally::default() };
        assert_eq!((Standing::of(&unseen, 0), Standing::all(&unseen)), (None, Vec::new()));
    }

    #[test]
    fn the_nearest_codes_begin_with_the_neighbour_of_the_codebook() {
        let rows = array![[0.0f32, 0.0], [3.0, 4.0], [3.0, 4.5], [-6.0, 0.0], [0.0, 1.0]];
        let codebook = Codebook::from_rows(rows).unwrap();
        let view = CodebookView::of(&codebook, EmaSetting::default());
        let rvq = Rvq::new(vec![codebook.clone().into()]).unwrap();
        for code in 0..5 {
            let found = nearest_codes(&rvq, 0, code);
            assert_eq!(found[0].code, view.neighbours[code].code);
            assert!((found[0].distance - view.neighbours[code].distance).abs() < 1e-9);
            assert!((found[0].cosine - view.neighbours[code].cosine).abs() < 1e-9);
            assert!(found.len() == 4 && found.is_sorted_by(|a, b| a.distance <= b.distance));
        }
        assert!(nearest_codes(&rvq, 0, 5).is_empty() && nearest_codes(&rvq, 1, 0).is_empty());
        // By angle, rows of one direction are the same.
        let by_angle = Rvq::with_metric(vec![codebook.into()], Metric::Cosine).unwrap();
        let found = nearest_codes(&by_angle, 0, 1);
        assert_eq!(found[0].code, 2);
        assert!(found[0].distance < 0.06, "{found:?}");
    }
}
