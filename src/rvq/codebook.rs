//! A codebook with its EMA state, and the fixed projections that may stand around it.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::RvqError;
use crate::text::{msg, phrase};

/// The rows of one layer and the running averages that move them.
///
/// The averages are kept in f64: at a decay near one an f32 average stops short of its mean. Files and upstream classes hold f32.
#[derive(Debug, Clone, PartialEq)]
pub struct Codebook {
    embed: Array2<f32>,
    cluster_size: Array1<f64>,
    embed_avg: Array2<f64>,
}

/// A linear map in front of a layer and one behind it, `out = weight in + bias`.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Input to codebook space, `(codebook_dim, dim)`.
    pub in_weight: Array2<f32>,
    /// Added after `in_weight`, `(codebook_dim)`.
    pub in_bias: Array1<f32>,
    /// Codebook space back to the input's, `(dim, codebook_dim)`.
    pub out_weight: Array2<f32>,
    /// Added after `out_weight`, `(dim)`.
    pub out_bias: Array1<f32>,
}

impl Codebook {
    /// A codebook from its rows `(num_codes, dim)`, EMA sizes `(num_codes)` and EMA sums `(num_codes, dim)`.
    ///
    /// # Errors
    /// The shapes differ, there is no code or no dimension, or a value is not finite.
    pub fn new(
        embed: Array2<f32>,
        cluster_size: Array1<f64>,
        embed_avg: Array2<f64>,
    ) -> Result<Self, RvqError> {
        let (num_codes, dim) = embed.dim();
        if num_codes == 0 || dim == 0 {
            return Err(RvqError::Shape(msg!("err-no-code", codes = num_codes, dim = dim)));
        }
        if cluster_size.len() != num_codes || embed_avg.dim() != (num_codes, dim) {
            return Err(RvqError::Shape(msg!(
                "err-codebook-parts",
                codes = num_codes,
                dim = dim,
                sizes = cluster_size.len(),
                rows = embed_avg.nrows(),
                columns = embed_avg.ncols(),
            )));
        }
        let finite = embed.iter().all(|v| v.is_finite())
            && cluster_size.iter().all(|v| v.is_finite())
            && embed_avg.iter().all(|v| v.is_finite());
        if !finite {
            return Err(RvqError::NotFinite(phrase!("err-the-codebook")));
        }
        Ok(Self { embed: standard(embed), cluster_size, embed_avg: standard(embed_avg) })
    }

    /// A codebook of zeros, as upstream classes hold before they are started.
    #[must_use]
    pub fn blank(num_codes: usize, dim: usize) -> Self {
        let shape = (num_codes.max(1), dim.max(1));
        Self {
            embed: Array2::zeros(shape),
            cluster_size: Array1::zeros(shape.0),
            embed_avg: Array2::zeros(shape),
        }
    }

    /// A codebook of which only the rows are known: every size one, every sum its row.
    ///
    /// # Errors
    /// As for [`Codebook::new`].
    pub fn from_rows(embed: Array2<f32>) -> Result<Self, RvqError> {
        let sizes = Array1::ones(embed.nrows());
        let sums = embed.mapv(f64::from);
        Self::new(embed, sizes, sums)
    }

    /// The rows, `(num_codes, dim)`: what frames are replaced by.
    #[must_use]
    pub fn embed(&self) -> ArrayView2<'_, f32> {
        self.embed.view()
    }

    /// One row, `(dim)`; `None` beyond the last.
    #[must_use]
    pub fn row(&self, code_idx: usize) -> Option<ArrayView1<'_, f32>> {
        (code_idx < self.num_codes()).then(|| self.embed.index_axis(Axis(0), code_idx))
    }

    /// The EMA of how many frames of a batch chose each code, `(num_codes)`, in frames.
    #[must_use]
    pub fn cluster_size(&self) -> &Array1<f64> {
        &self.cluster_size
    }

    /// The EMA of the sums of those frames, `(num_codes, dim)`.
    #[must_use]
    pub fn embed_avg(&self) -> &Array2<f64> {
        &self.embed_avg
    }

    /// `K`, the number of codes.
    #[must_use]
    pub fn num_codes(&self) -> usize {
        self.embed.nrows()
    }

    /// `D`, the number of dimensions.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.embed.ncols()
    }

    /// The parts that an update rule writes: rows, sizes, sums.
    pub fn parts_mut(&mut self) -> (&mut Array2<f32>, &mut Array1<f64>, &mut Array2<f64>) {
        (&mut self.embed, &mut self.cluster_size, &mut self.embed_avg)
    }
}

impl Projection {
    /// Whether it stands around a space of `inner` dimensions inside one of `outer`.
    pub(super) fn fits(&self, outer: usize, inner: usize) -> bool {
        self.in_weight.dim() == (inner, outer)
            && self.in_bias.len() == inner
            && self.out_weight.dim() == (outer, inner)
            && self.out_bias.len() == outer
    }

    /// `frames in_weight^T + in_bias`, `(num_frames, codebook_dim)`.
    #[must_use]
    pub fn project_in(&self, frames: ArrayView2<'_, f32>) -> Array2<f32> {
        affine(frames, &self.in_weight, &self.in_bias)
    }

    /// `rows out_weight^T + out_bias`, `(num_rows, dim)`.
    #[must_use]
    pub fn project_out(&self, rows: ArrayView2<'_, f32>) -> Array2<f32> {
        affine(rows, &self.out_weight, &self.out_bias)
    }
}

fn affine(input: ArrayView2<'_, f32>, weight: &Array2<f32>, bias: &Array1<f32>) -> Array2<f32> {
    standard(input.dot(&weight.t()) + bias)
}

/// The same values row by row in memory, which the search takes for granted.
fn standard<T: Clone>(values: Array2<T>) -> Array2<T> {
    if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() }
}

/// Scales each row to unit length, as PyTorch's `normalize` does: divided by `max(||row||, 1e-12)`.
pub(crate) fn normalize_rows(rows: &mut Array2<f32>) {
    for mut row in rows.axis_iter_mut(Axis(0)) {
        let norm = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt().max(1e-12);
        row.mapv_inplace(|v| (f64::from(v) / norm) as f32);
    }
}
