//! First codebooks that rules share.

use ndarray::{Array1, Array2, ArrayView2};
use rand_pcg::Pcg64;

use crate::task::Cancelled;
use crate::text::{Message, msg};

use super::super::init::{self, EmptyCluster, KMeans};
use super::{Codebook, InitInput};

/// A codebook from parts that fit by construction.
pub(super) fn from_parts(rows: Array2<f32>, sizes: Array1<f64>, sums: Array2<f64>) -> Codebook {
    let (num_codes, dim) = rows.dim();
    Codebook::new(rows, sizes, sums).unwrap_or_else(|_| Codebook::blank(num_codes, dim))
}

/// A codebook whose state agrees with its rows: `c` as given, `m_k = e_k c_k`.
pub(super) fn consistent(rows: Array2<f32>, sizes: Array1<f64>) -> Codebook {
    let mut sums = rows.mapv(f64::from);
    for (mut sum, &size) in sums.rows_mut().into_iter().zip(&sizes) {
        sum *= size;
    }
    from_parts(rows, sizes, sums)
}

/// Rows that a layer starts from, before a rule has given them its EMA state.
#[derive(Debug, Clone, PartialEq)]
pub struct StartRows {
    /// `(num_codes, dim)`.
    pub rows: Array2<f32>,
    /// Where they come from.
    pub origin: StartOrigin,
}

/// Where a layer's first rows come from: what a rule makes of them depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartOrigin {
    /// Means of clusters, with how many of the samples chose each.
    KMeans {
        /// By code.
        counts: Vec<u32>,
        /// All samples that were clustered.
        num_samples: usize,
    },
    /// Frames drawn at random.
    Sample,
    /// Random numbers.
    Uniform,
}

impl StartRows {
    /// What k-means found among `num_samples` samples.
    pub(crate) fn of_kmeans(found: KMeans, num_samples: usize) -> Self {
        Self { rows: found.means, origin: StartOrigin::KMeans { counts: found.counts, num_samples } }
    }

    /// Frames of `batch`, `(num_frames, dim)`: the start "sample", which no upstream has.
    pub(crate) fn sampled(batch: ArrayView2<'_, f32>, num_codes: usize, rng: &mut Pcg64) -> Self {
        Self { rows: init::draw(batch, num_codes, rng), origin: StartOrigin::Sample }
    }

    /// Random rows, as PyTorch's `kaiming_uniform_` draws them.
    pub(crate) fn uniform(num_codes: usize, dim: usize, rng: &mut Pcg64) -> Self {
        Self { rows: init::kaiming_uniform(num_codes, dim, rng), origin: StartOrigin::Uniform }
    }

    /// k-means over `samples` from random ones of them, in which an empty cluster keeps its place.
    pub(super) fn lloyd(samples: ArrayView2<'_, f32>, input: &mut InitInput<'_>) -> Result<Self, Cancelled> {
        let start = init::draw(samples, input.params.codebook_size, &mut input.rng);
        let found = lloyd(samples, start, EmptyCluster::Keep, input)?;
        Ok(Self::of_kmeans(found, samples.nrows()))
    }
}

/// `c = N/K` for every code, with sums that agree: what frames drawn at random start with, the same for every rule.
pub(super) fn evenly_used(rows: Array2<f32>, batch_len: usize) -> Codebook {
    let num_codes = rows.nrows();
    consistent(rows, Array1::from_elem(num_codes, batch_len as f64 / num_codes.max(1) as f64))
}

/// EnCodec's state for its first rows: `m = e`, with `c = counts` of k-means, or `c = 0` for random rows.
///
/// Behind k-means `m` lacks the factor `c`: the first step scales row k by about `d/n_k + (1-d)`, and a cluster that ended empty has `c = 0` and
/// counts as dead from the start. Behind random rows the first step divides `m_k` of every code that no frame chose by about `eps`, which throws
/// it out of reach of the data.
pub(super) fn encodec_state(start: StartRows, batch_len: usize) -> Codebook {
    let StartRows { rows, origin } = start;
    let sizes = match origin {
        StartOrigin::Sample => return evenly_used(rows, batch_len),
        StartOrigin::KMeans { counts, .. } => sizes(&counts),
        StartOrigin::Uniform => Array1::zeros(rows.nrows()),
    };
    let sums = rows.mapv(f64::from);
    from_parts(rows, sizes, sums)
}

/// [`init::lloyd`] with the iterations of the parameters, telling which layer it is at.
pub(super) fn lloyd(
    samples: ArrayView2<'_, f32>,
    means: Array2<f32>,
    empty: EmptyCluster<'_>,
    input: &InitInput<'_>,
) -> Result<KMeans, Cancelled> {
    init::lloyd(samples, means, input.params.kmeans_iters, empty, &stage(input.layer_idx), &input.task)
}

/// Counts as EMA sizes.
pub(super) fn sizes(counts: &[u32]) -> Array1<f64> {
    counts.iter().map(|&n| f64::from(n)).collect()
}

/// "k-means, layer 3": what progress calls it.
pub(crate) fn stage(layer_idx: usize) -> Message {
    msg!("stage-k-means", layer = msg!("stage-layer", layer = layer_idx + 1))
}
