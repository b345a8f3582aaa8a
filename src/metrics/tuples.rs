//! The codes of all layers of a frame together, as identifiers: how many differ, and how far prefixes of them tell frames apart.

#![allow(clippy::needless_pass_by_value, reason = "views are passed like slices")]

use crate::text::Phrase;
use std::collections::HashMap;

use ndarray::ArrayView2;

use super::metric;

metric! {
    COLLISION_RATE, "collision_rate", Phrase::NONE,
    "`(n - #distinct tuples) / n`: the share of frames whose codes in all layers another frame before them has too. Only frames with a code in \
     every layer count.";
    #[must_use]
    pub fn collision_rate(tuples: &TupleUse) -> Option<f64> {
        let distinct = tuples.distinct.last()?;
        (tuples.frames > 0).then(|| (tuples.frames - distinct) as f64 / tuples.frames as f64)
    }
}

metric! {
    PREFIX_COVERAGE, "prefix_coverage", Phrase::NONE,
    "`#distinct prefixes of l layers / min(n, K_1 * .. * K_l)`: of the prefixes that so many frames could have, the share that they do have.";
    #[must_use]
    pub fn prefix_coverage(tuples: &TupleUse, num_codes: &[usize]) -> Vec<Option<f64>> {
        let mut possible = 1.0;
        let coverage = |(&distinct, &size): (&u64, &usize)| {
            possible = (possible * size as f64).min(tuples.frames as f64);
            (tuples.frames > 0).then(|| distinct as f64 / possible)
        };
        tuples.distinct.iter().zip(num_codes).map(coverage).collect()
    }
}

/// How many different tuples a set of frames has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TupleUse {
    /// `n`, the frames with a code in every layer.
    pub frames: u64,
    /// Different prefixes, by how many layers they are of: one, two, and so on to all.
    pub distinct: Vec<u64>,
}

impl TupleUse {
    /// Counts the prefixes of codes, `(num_layers, num_frames)`. A code that is not below `K` of its layer is none.
    #[must_use]
    pub fn of_codes(codes: ArrayView2<'_, u32>, num_codes: &[usize]) -> Self {
        let is_whole = |frame: &usize| {
            let layers = codes.column(*frame);
            layers.iter().zip(num_codes).all(|(&code, &size)| (code as usize) < size)
        };
        let frames: Vec<usize> = (0..codes.ncols()).filter(is_whole).collect();
        // Frames of one prefix have one number, which the code of the next layer divides further.
        let mut groups = vec![0u32; frames.len()];
        let mut distinct = Vec::with_capacity(codes.nrows());
        let mut known: HashMap<(u32, u32), u32> = HashMap::new();
        for layer in codes.rows() {
            if distinct.last() != Some(&(frames.len() as u64)) {
                known.clear();
                for (group, &frame) in groups.iter_mut().zip(&frames) {
                    let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                    *group = *known.entry((*group, layer[frame])).or_insert(next);
                }
                distinct.push(known.len() as u64);
            } else {
                distinct.push(frames.len() as u64);
            }
        }
        Self { frames: frames.len() as u64, distinct }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn four_frames_by_hand() {
        let codes = array![[0u32, 0, 1, 1, u32::MAX], [2, 2, 2, 3, 0]];
        let tuples = TupleUse::of_codes(codes.view(), &[2, 4]);
        assert_eq!(tuples, TupleUse { frames: 4, distinct: vec![2, 3] });
        assert_eq!(collision_rate(&tuples), Some(0.25));
        assert_eq!(prefix_coverage(&tuples, &[2, 4]), [Some(1.0), Some(0.75)]);
        let none = TupleUse::of_codes(array![[7u32]].view(), &[2]);
        assert_eq!((collision_rate(&none), prefix_coverage(&none, &[2])), (None, vec![None]));
    }

    #[test]
    fn prefixes_are_those_of_a_set() {
        let codes =
            Array2::from_shape_fn((4, 500), |(layer, frame)| (frame * frame * (layer + 3) / 7 % 5) as u32);
        let tuples = TupleUse::of_codes(codes.view(), &[5; 4]);
        for layers in 1..=4 {
            let prefix = |frame: usize| codes.column(frame).iter().take(layers).copied().collect::<Vec<_>>();
            let set: HashSet<Vec<u32>> = (0..500).map(prefix).collect();
            assert_eq!(tuples.distinct[layers - 1], set.len() as u64, "{layers}");
        }
    }
}
