//! First codebooks that rules share.

use ndarray::{Array1, Array2, ArrayView2};

use crate::task::Cancelled;

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

/// Frames of the batch, each code at `c = N/K`: the start "sample", which no upstream has, is the same for every rule.
pub(super) fn sampled(input: &mut InitInput<'_>) -> Codebook {
    let num_codes = input.params.codebook_size;
    let rows = init::draw(input.batch, num_codes, &mut input.rng);
    consistent(rows, Array1::from_elem(num_codes, input.batch.nrows() as f64 / num_codes as f64))
}

/// Random rows with `m = e` and `c = 0`, EnCodec's start without k-means.
///
/// The first step divides `m_k` of every code that no frame chose by about `eps`, which throws it out of reach of the data.
pub(super) fn encodec_uniform(input: &mut InitInput<'_>) -> Codebook {
    let num_codes = input.params.codebook_size;
    let dim = input.batch.ncols();
    let rows = init::kaiming_uniform(num_codes, dim, &mut input.rng);
    let sums = rows.mapv(f64::from);
    from_parts(rows, Array1::zeros(num_codes), sums)
}

/// `e = m = means`, `c = counts`, EnCodec's start from k-means: `m` lacks the factor `c`.
///
/// The first step then scales row k by about `d/n_k + (1-d)`; a cluster that ended empty has `c = 0` and counts as dead from the start.
pub(super) fn encodec_kmeans(
    samples: ArrayView2<'_, f32>,
    input: &mut InitInput<'_>,
) -> Result<Codebook, Cancelled> {
    let start = init::draw(samples, input.params.codebook_size, &mut input.rng);
    let found = lloyd(samples, start, EmptyCluster::Keep, input)?;
    let sums = found.means.mapv(f64::from);
    Ok(from_parts(found.means, sizes(&found.counts), sums))
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
pub(super) fn stage(layer_idx: usize) -> String {
    format!("k-means, layer {}", layer_idx + 1)
}
