//! The share that one of several ranks has in a training: its frames of a batch, and what it tells the others of them.

use std::sync::Arc;

use ndarray::{Array2, ArrayView2};

use crate::ranks::{self, Lost, Ranks, join_rows};
use crate::rvq::{Layer, Metric, Rows};

/// The share of one rank in a training that several do together.
///
/// Each has the frames from `first` on that its own set holds; together they have `total`.
#[derive(Debug)]
pub struct Share {
    pub(super) ranks: Arc<dyn Ranks>,
    first: usize,
    total: usize,
    /// Where the frames that it has of the batch stand in it, ascending.
    pub(super) places: Vec<u32>,
    /// Frames of the whole batch.
    pub(super) batch_len: usize,
    /// Paths of each frame in front of the layer under way; its rows are those of its frames one behind the other.
    pub(super) paths: usize,
    /// No value of the residual on any rank reaches `2^bound`.
    pub(super) bound: i32,
    /// `sum ||r||²` over the residual of the whole batch, behind the first layer.
    pub(super) energy: f64,
    /// What its frames leave over behind the layer under way.
    pub(super) behind: Rows<'static>,
    /// What is told the others of a layer.
    pub(super) message: Vec<i64>,
}

impl Share {
    /// The share of the frames from `first` on, out of `total`, among `ranks`.
    #[must_use]
    pub fn new(ranks: Arc<dyn Ranks>, first: usize, total: usize) -> Self {
        Self {
            ranks,
            first,
            total,
            places: Vec::new(),
            batch_len: 0,
            paths: 1,
            bound: 0,
            energy: 0.0,
            behind: Rows::default(),
            message: Vec::new(),
        }
    }

    /// Frames of all ranks together.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// Takes the frames of `batch`, which are counted over all ranks, that are among its own `frames`, `(num_frames, dim)`.
    pub(super) fn begin(
        &mut self,
        frames: ArrayView2<'_, f32>,
        batch: &[u32],
        residual: &mut Rows<'static>,
    ) -> Result<(), Lost> {
        self.places.clear();
        let mut own = Vec::new();
        for (place, &frame) in (0..).zip(batch) {
            if let Some(nth) = self.own(frame as usize, frames.nrows()) {
                self.places.push(place);
                own.push(nth as u32);
            }
        }
        residual.gather(frames, &own);
        (self.batch_len, self.paths) = (batch.len(), 1);
        let mut bound = [i64::from(exponent(residual.largest()))];
        self.ranks.max(&mut bound)?;
        self.bound = bound[0] as i32;
        Ok(())
    }

    /// The place of frame `frame` among `held` own ones.
    pub(super) fn own(&self, frame: usize, held: usize) -> Option<usize> {
        frame.checked_sub(self.first).filter(|&nth| nth < held)
    }

    /// The frames `wanted`, counted over all ranks, wherever they lie: `frames`, `(num_frames, dim)`, are its own.
    pub(super) fn fetch(&self, frames: ArrayView2<'_, f32>, wanted: &[u32]) -> Result<Array2<f32>, Lost> {
        let (held, dim) = frames.dim();
        let (mut places, mut own) = (Vec::new(), Vec::new());
        for (place, &frame) in wanted.iter().enumerate() {
            if let Some(nth) = self.own(frame as usize, held) {
                places.push(place);
                own.push(nth as u32);
            }
        }
        let mut rows = Rows::default();
        rows.gather(frames, &own);
        self.join((wanted.len(), dim), places.iter().enumerate().map(|(nth, &place)| (place, rows.row(nth))))
    }

    /// What the layer under way searches of the whole batch: its frames along each of their paths.
    pub(super) fn num_searched(&self) -> usize {
        self.batch_len * self.paths
    }

    /// `own` rows of the batch, `(places.len() * paths, dim)`, with those of the other ranks: the whole batch, in its order.
    pub(super) fn whole_batch(&self, own: &Rows<'_>) -> Result<Array2<f32>, Lost> {
        let rows = (0..own.num_rows()).map(|nth| (self.place_of(nth), own.row(nth)));
        self.join((self.num_searched(), own.dim()), rows)
    }

    /// The rows at `wanted` places of what is searched, of which `own` are those that it has.
    pub(super) fn at_places(&self, own: &Rows<'_>, wanted: &[usize]) -> Result<Array2<f32>, Lost> {
        let nth_own = |place: usize| {
            let frame = self.places.binary_search(&((place / self.paths) as u32)).ok()?;
            Some(frame * self.paths + place % self.paths)
        };
        let rows = wanted
            .iter()
            .enumerate()
            .filter_map(|(nth, &place)| nth_own(place).map(|own_nth| (nth, own.row(own_nth))));
        self.join((wanted.len(), own.dim()), rows)
    }

    /// One number for each row that is searched, of which `own` are those of its own.
    pub(super) fn by_row(&self, own: &[f32]) -> Result<Vec<f32>, Lost> {
        let numbers = own.chunks_exact(self.paths).zip(&self.places);
        let numbers = numbers.map(|(paths, &place)| (place as usize, paths));
        join_rows(&*self.ranks, (self.batch_len, self.paths), numbers)
    }

    /// Where its `nth` row stands among all that are searched.
    fn place_of(&self, nth: usize) -> usize {
        self.places[nth / self.paths] as usize * self.paths + nth % self.paths
    }

    /// Rows of which each rank has the [`part`](Self::part) of its number, as one: `(count, dim)`.
    pub(super) fn whole_of_parts(&self, own: ArrayView2<'_, f32>, count: usize) -> Result<Array2<f32>, Lost> {
        let (rows, start) = (Rows::of(own), self.part(count).start);
        self.join((count, rows.dim()), (0..rows.num_rows()).map(|nth| (start + nth, rows.row(nth))))
    }

    /// Its part of `count` things that all ranks know and share the work of.
    pub(super) fn part(&self, count: usize) -> std::ops::Range<usize> {
        ranks::part(count, self.ranks.rank(), self.ranks.size())
    }

    /// No value that the search of `layer` sees reaches `2^` this.
    pub(super) fn input_bound(&self, layer: &Layer, metric: Metric) -> i32 {
        if metric.is_cosine() {
            // Unit vectors, but for rounding.
            return 1;
        }
        let Some(projection) = &layer.projection else { return self.bound };
        let reach = |weights: ndarray::ArrayView1<'_, f32>| weights.iter().map(|v| v.abs()).sum::<f32>();
        let widest = projection.in_weight.rows().into_iter().map(reach).fold(0.0, f32::max);
        let bias = projection.in_bias.iter().fold(0.0f32, |most, v| most.max(v.abs()));
        // A product and a sum below their own powers of two, with room for what the sum rounds.
        2 + (exponent(widest) + self.bound).max(exponent(bias))
    }

    fn join<'a>(
        &self,
        shape: (usize, usize),
        own: impl Iterator<Item = (usize, &'a [f32])>,
    ) -> Result<Array2<f32>, Lost> {
        let values = join_rows(&*self.ranks, shape, own)?;
        Array2::from_shape_vec(shape, values).map_err(|_| Lost)
    }
}

/// The exponent of the power of two that `largest`, which is not negative, stays below.
pub(super) fn exponent(largest: f32) -> i32 {
    (largest.to_bits() >> 23) as i32 - 126
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_lies_below_its_power_of_two() {
        for (value, below) in
            [(0.0, -126), (1e-45, -126), (0.99, 0), (1.0, 1), (1.5, 1), (2.0, 2), (f32::MAX, 128)]
        {
            assert_eq!(exponent(value), below, "{value}");
            assert!(f64::from(value) < 2f64.powi(below));
        }
    }
}
