//! What changed from one checkpoint of a training to the next: of its rows, of the codes that frames get, of which codes are in use.

#![allow(clippy::needless_pass_by_value, reason = "views are passed like slices")]

use ndarray::ArrayView2;

use super::convergence::{RowMoves, drift_all};
use super::metric;
use crate::text::{Phrase, phrase};

metric! {
    CHECKPOINT_DRIFT, "checkpoint_drift", Phrase::NONE,
    "`||e_b - e_a||_F / ||e_a||_F` over all rows of a layer, from one checkpoint a to the next one b: how far the codebook moved between them.";
    /// Both are `(num_codes, dim)`; `None` where the shapes differ.
    #[must_use]
    pub fn checkpoint_drift(before: ArrayView2<'_, f32>, after: ArrayView2<'_, f32>) -> Option<f64> {
        (before.dim() == after.dim()).then(|| drift_all(&RowMoves::between(before, after)))
    }
}

metric! {
    TOKEN_STABILITY, "token_stability", Phrase::NONE,
    "`#{z_b = z_a} / n`: the share of frames whose code in this layer is the same as in the checkpoint before. Near 1 the tokens have settled; what \
     changes in a layer changes what all layers behind it are given.";
    /// The codes of the same frames in the same order; `None` without a frame, and where their numbers differ.
    #[must_use]
    pub fn token_stability(
        before: impl ExactSizeIterator<Item = u32>,
        after: impl ExactSizeIterator<Item = u32>,
    ) -> Option<f64> {
        let frames = before.len();
        let is_defined = frames > 0 && frames == after.len();
        is_defined.then(|| before.zip(after).filter(|(a, b)| a == b).count() as f64 / frames as f64)
    }
}

metric! {
    BIRTHS, "births", phrase!("unit-codes"),
    "`#{dead in a, in use in b}`: codes in use that were not in the checkpoint before. In use is what a frame of the probe chooses; without a \
     probe, what has an EMA size that is not below the threshold.";
    /// Whether each code is in use, before and after.
    #[must_use]
    pub fn births(before: &[bool], after: &[bool]) -> usize {
        before.iter().zip(after).filter(|&(&before, &after)| !before && after).count()
    }
}

metric! {
    DEATHS, "deaths", phrase!("unit-codes"),
    "`#{in use in a, dead in b}`: codes that were in use in the checkpoint before and are no more, by the same count as births.";
    /// Whether each code is in use, before and after.
    #[must_use]
    pub fn deaths(before: &[bool], after: &[bool]) -> usize {
        births(after, before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn two_checkpoints_by_hand() {
        let (a, b) = (array![[3.0f32, 0.0], [0.0, 4.0]], array![[3.0f32, 0.0], [3.0, 4.0]]);
        assert_eq!(checkpoint_drift(a.view(), b.view()), Some(0.6));
        assert_eq!(checkpoint_drift(a.view(), a.view()), Some(0.0));
        assert_eq!(checkpoint_drift(a.view(), array![[1.0f32, 2.0]].view()), None);
        let stable = |a: &[u32], b: &[u32]| token_stability(a.iter().copied(), b.iter().copied());
        assert_eq!(stable(&[0, 1, 2, 3], &[0, 1, 5, 3]), Some(0.75));
        assert_eq!((stable(&[], &[]), stable(&[1], &[1, 1])), (None, None));
        let (before, after) = ([true, false, false, true], [true, true, true, false]);
        assert_eq!((births(&before, &after), deaths(&before, &after)), (2, 1));
    }
}
