//! Non-negative least squares under a bank of filters: which spectrum has these band levels.

use super::mel::MelFilter;

/// Steps of the search at most. The bands of speech are met long before; those that no spectrum has are as near as they get.
const STEPS: usize = 200;

/// Bands that are met to this share of their level on average, in squares, are met.
const MET: f64 = 1e-12;

/// A filter bank made ready to be undone.
pub(super) struct BandLevels<'a> {
    filters: &'a [MelFilter],
    /// `sum_k M[m, k]`, 0 where a filter has no weights.
    areas: Vec<f64>,
    /// `sum_m M[m, k]`, 0 where no filter reaches.
    cover: Vec<f64>,
}

/// What one thread searches in.
pub(super) struct Scratch {
    spectrum: Vec<f64>,
    /// `sum_m M[m, k] / b_m`: what a bin's step is measured against.
    wanted: Vec<f64>,
    found: Vec<f64>,
}

impl<'a> BandLevels<'a> {
    pub(super) fn new(filters: &'a [MelFilter], num_bins: usize) -> Self {
        let areas = filters.iter().map(|filter| filter.weights.iter().sum()).collect();
        let mut cover = vec![0.0; num_bins];
        filters.iter().for_each(|filter| spread(filter, 1.0, &mut cover));
        Self { filters, areas, cover }
    }

    pub(super) fn scratch(&self) -> Scratch {
        let empty = vec![0.0; self.cover.len()];
        Scratch { spectrum: empty.clone(), wanted: empty.clone(), found: empty }
    }

    /// The spectrum `x >= 0`, `(num_bins)`, whose bands come nearest to `levels`, `(num_filters)`, all above 0, in relative terms:
    /// `argmin_x sum_m ((M x)_m / b_m - 1)²`.
    ///
    /// Relative, because the logarithm of the levels is what features compare: in plain squares a quiet band beside a loud one would count for nothing.
    /// The steps are multiplicative, `x_k <- x_k (A^T 1)_k / (A^T A x)_k` with `A[m, k] = M[m, k] / b_m` (Lee and Seung, 2001): none makes the sum larger, and
    /// none leaves `x >= 0`. Where several spectra have the same bands, the start decides: the levels themselves, drawn out between the bands' centres. Bins
    /// that no filter reaches are 0.
    pub(super) fn spectrum<'s>(&self, levels: &[f64], scratch: &'s mut Scratch) -> &'s [f64] {
        self.spectrum_after(levels, STEPS, scratch)
    }

    fn spectrum_after<'s>(&self, levels: &[f64], steps: usize, scratch: &'s mut Scratch) -> &'s [f64] {
        let Scratch { spectrum, wanted, found } = scratch;
        let Self { filters, areas, cover } = self;
        spectrum.fill(0.0);
        wanted.fill(0.0);
        for ((filter, &level), &area) in filters.iter().zip(levels).zip(areas) {
            if area > 0.0 {
                spread(filter, level / area, spectrum);
                spread(filter, 1.0 / level, wanted);
            }
        }
        for (value, &cover) in spectrum.iter_mut().zip(cover) {
            *value = if cover > 0.0 { *value / cover } else { 0.0 };
        }
        for _ in 0..steps {
            found.fill(0.0);
            let mut sq_error = 0.0;
            for (filter, &level) in
                filters.iter().zip(levels).filter(|(filter, _)| !filter.weights.is_empty())
            {
                let ratio = filter.level(spectrum) / level;
                sq_error += (ratio - 1.0).powi(2);
                spread(filter, ratio / level, found);
            }
            if sq_error <= MET * filters.len() as f64 {
                break;
            }
            for ((value, &wanted), &found) in spectrum.iter_mut().zip(&*wanted).zip(&*found) {
                *value = if found > 0.0 { *value * wanted / found } else { 0.0 };
            }
        }
        spectrum
    }
}

/// `out[k] += M[m, k] * by`.
fn spread(filter: &MelFilter, by: f64, out: &mut [f64]) {
    for (out, &weight) in out.iter_mut().skip(filter.first_bin).zip(&filter.weights) {
        *out += weight * by;
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::{DMatrix, DVector};

    use super::*;
    use crate::random::{self, Purpose};

    fn bank() -> Vec<MelFilter> {
        let filter = |first_bin, weights: &[f64]| MelFilter { first_bin, weights: weights.to_vec() };
        vec![filter(0, &[0.0, 1.0, 0.5]), filter(1, &[0.4, 1.0, 0.3]), filter(3, &[1.0, 0.6])]
    }

    /// `sum_m ((M x)_m / b_m - 1)²`.
    fn error(filters: &[MelFilter], spectrum: &[f64], levels: &[f64]) -> f64 {
        filters.iter().zip(levels).map(|(f, level)| (f.level(spectrum) / level - 1.0).powi(2)).sum()
    }

    /// The least error there is: the best of the least-squares solutions on each set of bins that comes out non-negative.
    fn least_error(filters: &[MelFilter], num_bins: usize, levels: &[f64]) -> f64 {
        let matrix = DMatrix::from_fn(filters.len(), num_bins, |m, k| {
            let weight = k.checked_sub(filters[m].first_bin).and_then(|k| filters[m].weights.get(k));
            weight.copied().unwrap_or(0.0) / levels[m]
        });
        let ones = DVector::from_element(filters.len(), 1.0);
        let mut least = f64::INFINITY;
        for set in 1u32..1 << num_bins {
            let bins: Vec<usize> = (0..num_bins).filter(|k| set >> k & 1 == 1).collect();
            let part = matrix.select_columns(&bins);
            let Ok(inverse) = part.clone().pseudo_inverse(1e-12) else { continue };
            let found = inverse * &ones;
            if found.iter().all(|&value| value >= -1e-12) {
                least = least.min((part * found - &ones).norm_squared());
            }
        }
        least
    }

    #[test]
    fn no_spectrum_comes_nearer_than_the_one_that_is_found() {
        let filters = bank();
        let levels = BandLevels::new(&filters, 6);
        let mut rng = random::stream(2, Purpose::Data, 0);
        for _ in 0..50 {
            // Levels that are far apart: no spectrum has some of them.
            let wanted: Vec<f64> = (0..3).map(|_| (10.0 * random::unit(&mut rng) - 5.0).exp()).collect();
            let mut scratch = levels.scratch();
            let found = levels.spectrum_after(&wanted, 20_000, &mut scratch).to_vec();
            assert!(found.iter().all(|&value| value >= 0.0) && found[5] == 0.0 && found[0] == 0.0);
            let (reached, least) = (error(&filters, &found, &wanted), least_error(&filters, 6, &wanted));
            assert!(reached <= least + 1e-3, "{wanted:?}: {reached} instead of {least}");
        }
    }

    #[test]
    fn no_step_makes_it_worse() {
        let filters = bank();
        let levels = BandLevels::new(&filters, 6);
        let mut scratch = levels.scratch();
        let wanted = [3.0, 0.01, 7.0];
        let errors = (0..40)
            .map(|steps| error(&filters, levels.spectrum_after(&wanted, steps, &mut scratch), &wanted));
        let errors: Vec<f64> = errors.collect();
        assert!(errors.windows(2).all(|pair| pair[1] <= pair[0] + 1e-12), "{errors:?}");
    }
}
