//! Frames that quantizers are judged by, with one rank or spread over several.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis};

use crate::ranks::{ExactSum, Lost, Ranks, join_rows};
use crate::rvq::{Rows, energy};

/// Frames to judge by, `(num_frames, dim)`, in an order that all ranks know: this one has all of them, or its own.
#[derive(Debug, Clone)]
pub struct Judges {
    own: Array2<f32>,
    places: Places,
}

/// Where the things of one rank stand among those of all.
#[derive(Debug, Clone)]
pub(super) enum Places {
    /// It has all of them, so many.
    All(usize),
    /// It has those at these places, ascending, of so many.
    Some(Vec<u32>, usize),
}

impl From<Array2<f32>> for Judges {
    fn from(own: Array2<f32>) -> Self {
        let places = Places::All(own.nrows());
        Self { own, places }
    }
}

impl Judges {
    /// The frames of `ranges`, counted over all ranks, of which this one has `frames`, `(num_frames, dim)`, from number `first` on.
    #[must_use]
    pub fn of_share(frames: ArrayView2<'_, f32>, first: usize, ranges: &[Range<usize>]) -> Self {
        let held = first..first + frames.nrows();
        let (mut places, mut own, mut before) = (Vec::new(), Vec::new(), 0);
        for range in ranges {
            let mine = range.start.max(held.start)..range.end.min(held.end);
            places.extend(mine.clone().map(|frame| (before + frame - range.start) as u32));
            own.extend(mine.map(|frame| frame - first));
            before += range.len();
        }
        Self { own: frames.select(Axis(0), &own), places: Places::Some(places, before) }
    }

    /// How many there are with all ranks together.
    #[must_use]
    pub fn num_frames(&self) -> usize {
        self.places.total()
    }

    /// Those that this rank has, `(num_frames, dim)`.
    pub(super) fn own(&self) -> ArrayView2<'_, f32> {
        self.own.view()
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    /// All of them, `(num_frames, dim)`, on every rank.
    pub(super) fn gathered(&self, ranks: &dyn Ranks) -> Result<Array2<f32>, Lost> {
        let Places::Some(places, total) = &self.places else { return Ok(self.own.clone()) };
        let (rows, shape) = (Rows::of(self.own()), (*total, self.own.ncols()));
        let own = places.iter().enumerate().map(|(nth, &place)| (place as usize, rows.row(nth)));
        Array2::from_shape_vec(shape, join_rows(ranks, shape, own)?).map_err(|_| Lost)
    }

    /// What each layer leaves of all of them, as the mean squared error per element: `behind` is what this rank adds to it, layer by layer.
    ///
    /// Of frames that are spread over ranks the squares are added up exactly, so that nothing depends on who has which.
    pub(super) fn mse(&self, behind: &[Energy], ranks: &dyn Ranks) -> Result<Vec<f64>, Lost> {
        let mut words = Vec::with_capacity(behind.len() * ExactSum::WORDS);
        for energy in behind {
            if let Energy::Exact(sum) = energy {
                sum.clone().put(&mut words);
            }
        }
        if !words.is_empty() {
            ranks.sum(&mut words)?;
        }
        let mut sums = words.chunks_exact(ExactSum::WORDS);
        let total = |energy: &Energy| match energy {
            Energy::Rounded(energy) => *energy,
            Energy::Exact(_) => sums.next().map_or(0.0, |words| ExactSum::of(words).value()),
        };
        let elements = (self.num_frames() * self.own.ncols()).max(1) as f64;
        Ok(behind.iter().map(total).map(|energy| energy / elements).collect())
    }

    /// What `residual`, which is left of its own frames, adds to a sum over all of them.
    pub(super) fn energy(&self, residual: &Rows<'_>) -> Energy {
        match self.places {
            Places::All(_) => Energy::Rounded(energy(residual.view())),
            Places::Some(..) => {
                let mut sum = ExactSum::default();
                sum.add_all(sq_norms(residual));
                Energy::Exact(sum)
            }
        }
    }
}

/// `sum ||r||²` over the frames of one rank.
#[derive(Debug, Clone)]
pub(super) enum Energy {
    /// Of all frames, added up in fixed blocks.
    Rounded(f64),
    /// Of a part of them.
    Exact(ExactSum),
}

/// `||r||²` of each row, added up in the order of its elements.
pub(super) fn sq_norms(rows: &Rows<'_>) -> impl Iterator<Item = f64> {
    let sq_norm = |row: &[f32]| row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
    (0..rows.num_rows()).map(move |nth| sq_norm(rows.row(nth)))
}

impl Places {
    /// How many there are.
    pub(super) fn total(&self) -> usize {
        match self {
            Self::All(total) | Self::Some(_, total) => *total,
        }
    }

    /// A number for each thing, by its place, of which `own` are those of this rank: the same on every rank.
    pub(super) fn join(&self, own: Vec<f32>, ranks: &dyn Ranks) -> Result<Vec<f32>, Lost> {
        match self {
            Self::All(_) => Ok(own),
            Self::Some(places, total) => {
                let numbers = places.iter().zip(&own);
                let rows = numbers.map(|(&place, value)| (place as usize, std::slice::from_ref(value)));
                join_rows(ranks, (*total, 1), rows)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranks::as_threads;

    #[test]
    fn whoever_has_them_they_are_the_same_frames_in_the_same_order() {
        let frames = Array2::from_shape_fn((50, 3), |(n, d)| (n * 7 % 31) as f32 - 4.5 * d as f32);
        let ranges = [2..5, 9..30, 41..50];
        let wanted: Vec<usize> = ranges.iter().cloned().flatten().collect();
        let whole = frames.select(Axis(0), &wanted);
        for cuts in [vec![0, 50], vec![0, 4, 50], vec![0, 5, 9, 20, 50], vec![0, 1, 2, 3, 30, 41, 49, 50]] {
            let found = as_threads(cuts.len() - 1, |rank| {
                let own = cuts[rank.rank()]..cuts[rank.rank() + 1];
                let part = frames.slice(ndarray::s![own.clone(), ..]);
                let judges = Judges::of_share(part, own.start, &ranges);
                let firsts = judges.own().column(0).to_vec();
                let energy = judges.energy(&Rows::of(judges.own()));
                (
                    judges.num_frames(),
                    judges.gathered(&*rank).unwrap(),
                    judges.places().join(firsts, &*rank).unwrap(),
                    judges.mse(&[energy], &*rank).unwrap(),
                )
            });
            let alone = Judges::from(whole.clone());
            let energy = alone.energy(&Rows::of(alone.own()));
            let mse = alone.mse(&[energy], &crate::ranks::Alone).unwrap();
            for (count, gathered, firsts, found) in found.into_iter().map(Option::unwrap) {
                assert_eq!((count, &gathered), (33, &whole), "{cuts:?}");
                assert_eq!(firsts, whole.column(0).to_vec());
                assert!((found[0] / mse[0] - 1.0).abs() < 1e-12);
            }
        }
    }
}
