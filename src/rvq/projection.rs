//! Fixed linear maps around a layer: frames to codebook space and back.

use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::Projection;

/// Frames that the axes are found from; more change them little.
const FRAMES: usize = 16_384;

/// Frames that one task adds up.
const BLOCK_FRAMES: usize = 2048;

impl Projection {
    /// A map that takes everything to zero: what stands around a layer that was not started yet, so that it adds nothing.
    #[must_use]
    pub(crate) fn blank(dim: usize, codebook_dim: usize) -> Self {
        Self {
            in_weight: Array2::zeros((codebook_dim, dim)),
            in_bias: Array1::zeros(codebook_dim),
            out_weight: Array2::zeros((dim, codebook_dim)),
            out_bias: Array1::zeros(dim),
        }
    }

    /// The map onto the `codebook_dim` leading principal axes of `frames`, `(num_frames, dim)`, and back.
    ///
    /// With the mean `b` and the axes `V`, `(dim, codebook_dim)`, of the covariance with the largest eigenvalues: `z = V^T (x - b)` and
    /// `x' = V z + b`. Of all affine maps through so few dimensions it leaves the smallest squared error (Pearson, 1901). An axis points to where
    /// its largest component is positive. At most 16 384 frames, evenly spread, are looked at; of more axes than `dim` the rest are zero.
    #[must_use]
    pub fn principal(frames: ArrayView2<'_, f32>, codebook_dim: usize) -> Self {
        let (num_frames, dim) = frames.dim();
        let mut projection = Self::blank(dim, codebook_dim);
        if num_frames == 0 {
            return projection;
        }
        let stride = num_frames.div_ceil(FRAMES);
        let frames = frames.slice(s![..;stride, ..]);
        let (mean, covariance) = moments(frames);
        let eigen = SymmetricEigen::new(covariance);
        let mut order: Vec<usize> = (0..dim).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]).then(a.cmp(&b)));
        for (nth, &axis) in order.iter().take(codebook_dim).enumerate() {
            let axis = eigen.eigenvectors.column(axis);
            let largest = axis.iter().fold(0.0f64, |most, &v| if v.abs() > most.abs() { v } else { most });
            let sign = if largest < 0.0 { -1.0 } else { 1.0 };
            let mut bias = 0.0;
            for (d, (&v, &b)) in axis.iter().zip(&mean).enumerate() {
                projection.in_weight[[nth, d]] = (sign * v) as f32;
                projection.out_weight[[d, nth]] = (sign * v) as f32;
                bias -= f64::from(projection.in_weight[[nth, d]]) * b;
            }
            projection.in_bias[nth] = bias as f32;
        }
        projection.out_bias = mean.iter().map(|&b| b as f32).collect();
        projection
    }

    /// The same map for frames in other units, `x = scale y + shift`, where this one is for `y`; codebook space is scaled alike. An empty `shift`
    /// is none.
    #[must_use]
    pub(crate) fn in_units_of(&self, scale: f64, shift: &[f64]) -> Self {
        let mut other = self.clone();
        for (bias, weights) in other.in_bias.iter_mut().zip(self.in_weight.rows()) {
            let of_shift: f64 = weights.iter().zip(shift).map(|(&w, &b)| f64::from(w) * b).sum();
            *bias = (f64::from(*bias) * scale - of_shift) as f32;
        }
        for (d, bias) in other.out_bias.iter_mut().enumerate() {
            *bias = (f64::from(*bias) * scale + shift.get(d).copied().unwrap_or(0.0)) as f32;
        }
        other
    }
}

/// Mean and covariance of `frames`, `(num_frames, dim)`, added up in f64 by fixed blocks.
fn moments(frames: ArrayView2<'_, f32>) -> (Vec<f64>, DMatrix<f64>) {
    let (num_frames, dim) = frames.dim();
    let count = num_frames.max(1) as f64;
    let sums: Vec<Array1<f64>> =
        blocks(&frames).map(|block| block.mapv(f64::from).sum_axis(Axis(0))).collect();
    let mean = sums.iter().fold(Array1::<f64>::zeros(dim), |total, sum| total + sum) / count;
    let products: Vec<Array2<f64>> = blocks(&frames)
        .map(|block| {
            let centred = block.mapv(f64::from) - &mean;
            centred.t().dot(&centred)
        })
        .collect();
    let total =
        products.iter().fold(Array2::<f64>::zeros((dim, dim)), |total, product| total + product) / count;
    (mean.to_vec(), DMatrix::from_iterator(dim, dim, total.iter().copied()))
}

fn blocks<'a>(frames: &'a ArrayView2<'_, f32>) -> impl IndexedParallelIterator<Item = ArrayView2<'a, f32>> {
    frames.axis_chunks_iter(Axis(0), BLOCK_FRAMES).into_par_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{self, Purpose};

    /// Frames that spread along two tilted axes far more than along the others, about a mean far from zero.
    fn frames(num_frames: usize) -> Array2<f32> {
        let mut rng = random::stream(5, Purpose::Init, 0);
        let mut normal = || (0..12).map(|_| random::unit(&mut rng)).sum::<f64>() - 6.0;
        let mut frames = Array2::zeros((num_frames, 5));
        for mut row in frames.rows_mut() {
            let (a, b) = (10.0 * normal(), 5.0 * normal());
            let tilted = [a + b, a - b, a, 0.0, -b];
            for (d, value) in row.iter_mut().enumerate() {
                *value = (tilted[d] + 0.1 * normal() + 100.0 * d as f64) as f32;
            }
        }
        frames
    }

    fn left_over(projection: &Projection, frames: &Array2<f32>) -> f64 {
        let back = projection.project_out(projection.project_in(frames.view()).view());
        (&back - frames).iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / frames.len() as f64
    }

    #[test]
    fn two_axes_hold_what_lies_in_two_directions() {
        let frames = frames(3000);
        let two = left_over(&Projection::principal(frames.view(), 2), &frames);
        // Three of five dimensions of noise, 0.01 each, are left.
        assert!((two - 0.006).abs() < 0.001, "{two}");
        assert!(left_over(&Projection::principal(frames.view(), 1), &frames) > 5.0);
        assert!(left_over(&Projection::principal(frames.view(), 5), &frames) < 1e-6);
    }

    #[test]
    fn axes_are_orthonormal_and_point_to_their_largest_component() {
        let projection = Projection::principal(frames(500).view(), 3);
        let products = projection.in_weight.dot(&projection.out_weight);
        for ((i, j), &product) in products.indexed_iter() {
            assert!((product - f32::from(u8::from(i == j))).abs() < 1e-5, "{products}");
        }
        for axis in projection.in_weight.rows() {
            let largest = axis.iter().fold(0f32, |most, &v| if v.abs() > most.abs() { v } else { most });
            assert!(largest > 0.0);
        }
    }

    #[test]
    fn one_frame_and_more_axes_than_dimensions_are_borne() {
        let frames = frames(1);
        assert!(left_over(&Projection::principal(frames.view(), 2), &frames) < 1e-6);
        let many = Projection::principal(frames.view(), 9);
        assert_eq!(many.in_weight.dim(), (9, 5));
        assert!(many.in_weight.row(8).iter().all(|&v| v == 0.0));
    }

    #[test]
    fn other_units_give_the_same_points() {
        let plain = frames(800);
        let shift: Vec<f64> = (0..5).map(|d| 3.0 * f64::from(d) - 2.0).collect();
        let mut scaled = plain.clone();
        for mut row in scaled.rows_mut() {
            row.iter_mut().zip(&shift).for_each(|(v, s)| *v = (f64::from(*v) * 2.5 + s) as f32);
        }
        let here = Projection::principal(plain.view(), 2);
        let there = here.in_units_of(2.5, &shift);
        let inside = here.project_in(plain.view()) * 2.5 - there.project_in(scaled.view());
        assert!(inside.iter().all(|v| v.abs() < 1e-2), "codebook space is scaled alike");
        let out = there.project_out(there.project_in(scaled.view()).view());
        let mut wanted = here.project_out(here.project_in(plain.view()).view());
        for mut row in wanted.rows_mut() {
            row.iter_mut().zip(&shift).for_each(|(v, s)| *v = (f64::from(*v) * 2.5 + s) as f32);
        }
        assert!((&out - &wanted).iter().all(|v| v.abs() < 1e-2));
    }
}
