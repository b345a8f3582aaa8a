//! Refits where several ranks have the frames: each holds its own, and what all of them say of the rows is added up.

use ndarray::ArrayView2;

use crate::ranks::{ExactSum, Lost};
use crate::rvq::code_sums::CodeSums;
use crate::rvq::encoder::Encoded;
use crate::rvq::{Rows, Rvq};

use super::Share;
use super::judges::sq_norms;
use super::refit::LayerTotals;
use super::share::exponent;
use super::shared_pass::{put_sums, scale_of, take_sums};

impl Share {
    /// Of `wanted` frames, counted over all ranks, those among `frames`, `(num_frames, dim)`, which are its own.
    pub(super) fn own_of(
        &self,
        frames: ArrayView2<'_, f32>,
        wanted: impl Iterator<Item = usize>,
    ) -> Rows<'static> {
        let own: Vec<u32> =
            wanted.filter_map(|frame| self.own(frame, frames.nrows())).map(|nth| nth as u32).collect();
        let mut rows = Rows::default();
        rows.gather(frames, &own);
        rows
    }

    /// The counts and sums of `codes` over `residual`, `(num_frames, dim)`, and what the other ranks have of `count` frames in all.
    ///
    /// As in a step, values are cut to whole numbers on a scale that the largest of all ranks decides, and sums of those have no order.
    pub(super) fn fill(
        &self,
        sums: &mut CodeSums,
        residual: &Rows<'_>,
        (codes, num_codes): (&[u32], usize),
        count: usize,
    ) -> Result<(), Lost> {
        let mut bound = [i64::from(exponent(residual.largest()))];
        self.ranks.max(&mut bound)?;
        let scale = scale_of(bound[0] as i32, count);
        sums.sort(codes, num_codes);
        let mut words = Vec::new();
        put_sums(sums, residual.view(), scale, &mut words);
        self.ranks.sum(&mut words)?;
        take_sums(sums, &words, scale, residual.dim());
        Ok(())
    }

    /// What all ranks have of each layer, where `encoded` are the codes of this one's own `frames`, `(num_frames, dim)`.
    pub(super) fn totals(
        &self,
        rvq: &Rvq,
        frames: &Rows<'_>,
        encoded: &Encoded,
    ) -> Result<Vec<LayerTotals>, Lost> {
        let (mut words, mut left) = (Vec::new(), frames.clone());
        for (layer_idx, layer) in rvq.layers().iter().enumerate() {
            let codes: Vec<u32> = encoded.layer(layer_idx).collect();
            let mut counts = vec![0; layer.codebook.num_codes()];
            codes.iter().for_each(|&code| counts[code as usize] += 1);
            words.extend_from_slice(&counts);
            left.subtract(&Rows::of(layer.codebook.embed()), &codes);
            let sq_dists = encoded.sq_dists.iter().skip(layer_idx).step_by(rvq.num_layers());
            for values in [sq_dists.map(|&d| f64::from(d)).collect::<Vec<_>>(), sq_norms(&left).collect()] {
                let mut sum = ExactSum::default();
                sum.add_all(values.into_iter());
                sum.put(&mut words);
            }
        }
        self.ranks.sum(&mut words)?;
        let mut rest = words.as_slice();
        let mut next = |count: usize| {
            let (first, behind) = rest.split_at(count);
            rest = behind;
            first
        };
        let layers = rvq.layers().iter().map(|layer| LayerTotals {
            counts: next(layer.codebook.num_codes()).iter().map(|&count| count as u32).collect(),
            sq_error: ExactSum::of(next(ExactSum::WORDS)).value(),
            energy: ExactSum::of(next(ExactSum::WORDS)).value(),
        });
        Ok(layers.collect())
    }
}
