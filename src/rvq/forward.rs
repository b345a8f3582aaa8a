//! `ResidualVectorQuantization`: what upstream's class of that name does with frames.

use ndarray::{Array2, ArrayView2};

use crate::task::{Cancelled, Task};

use super::encoder::Encoder;
use super::init;
use super::prepared::PreparedLayer;
use super::rows::Rows;
use super::search::Search;
use super::{Layer, LayerSpan, Metric, Rvq, RvqError};

/// What a forward pass gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Forward {
    /// The sum of the layers' outputs, `(num_frames, dim)`.
    pub quantized: Array2<f32>,
    /// `(num_layers, num_frames)`.
    pub codes: Array2<u32>,
    /// Commitment loss of each layer, `commitment_weight * mean((x - q)²)` over all elements in codebook space.
    pub losses: Vec<f64>,
    /// The output of each layer that was asked for, not summed, each `(num_frames, dim)`, in layer order.
    pub layer_outputs: Vec<Array2<f32>>,
}

impl Rvq {
    /// Quantizes `frames`, `(num_frames, dim)`, with the first `n_q` layers and gives all that upstream's `forward` does.
    ///
    /// `layers` names the layers whose own outputs are wanted. Nothing is updated.
    ///
    /// # Errors
    /// The dimension differs, or a layer is asked for that is not used.
    pub fn forward(
        &self,
        frames: ArrayView2<'_, f32>,
        n_q: Option<usize>,
        layers: &[usize],
        commitment_weight: f64,
    ) -> Result<Forward, RvqError> {
        let span = self.resolve(LayerSpan { start: 0, end: n_q })?;
        if let Some(&asked) = layers.iter().find(|&&l| l >= span.end) {
            return Err(RvqError::NoSuchLayer { asked, have: span.end });
        }
        let mut forward = Forward {
            quantized: Array2::zeros(frames.dim()),
            codes: Array2::zeros((span.len(), frames.nrows())),
            losses: Vec::with_capacity(span.len()),
            layer_outputs: Vec::new(),
        };
        let dim = self.dim();
        let encoded = Encoder::new(self, LayerSpan { start: 0, end: n_q })?.encode(frames, Search::Greedy)?;
        for layer_idx in span {
            let output = self.layer_output(layer_idx, encoded.layer(layer_idx))?;
            let sq_dists = encoded.sq_dists.iter().skip(layer_idx).step_by(encoded.range.len());
            let sum: f64 = sq_dists.map(|&d| f64::from(d)).sum();
            let inner = self.layers().get(layer_idx).map_or(dim, |l| l.codebook.dim());
            forward.losses.push(commitment_weight * sum / (frames.nrows() * inner).max(1) as f64);
            forward.quantized += &output;
            if layers.contains(&layer_idx) {
                forward.layer_outputs.push(output);
            }
        }
        forward.codes = encoded.to_matrix();
        Ok(forward)
    }

    /// The codes of `frames`, `(num_frames, dim)`: `(layers in span, num_frames)`.
    ///
    /// With a span that does not start at 0, `frames` are taken as the residual that its first layer sees.
    ///
    /// # Errors
    /// The dimension differs, or the span does not fit.
    pub fn encode(&self, frames: ArrayView2<'_, f32>, span: LayerSpan) -> Result<Array2<u32>, RvqError> {
        Ok(Encoder::new(self, span)?.encode(frames, Search::Greedy)?.to_matrix())
    }

    /// What layer `layer_idx` leaves over of `residual`, `(num_frames, dim)`.
    ///
    /// # Errors
    /// There is no such layer, it lies inside a chain where no residual of the frames' own space goes in, or the dimension differs.
    pub fn residual_behind(
        &self,
        layer_idx: usize,
        residual: ArrayView2<'_, f32>,
    ) -> Result<Array2<f32>, RvqError> {
        let span = LayerSpan { start: layer_idx, end: Some(layer_idx.saturating_add(1)) };
        let encoded = Encoder::new(self, span)?.encode(residual, Search::Greedy)?;
        let output = self.layer_output(layer_idx, encoded.codes.into_iter())?;
        Ok(&residual - &output)
    }
}

impl Layer {
    /// Leaves of `residual` what this layer, alone and searched under `metric`, does not say of it. Layers that share codes between frames are not
    /// trained, and not meant here. `tell` hears how many pieces of how many are done.
    ///
    /// # Errors
    /// [`Cancelled`]; `residual` is as it was then.
    pub(crate) fn subtract_from(
        &self,
        metric: Metric,
        residual: &mut Rows<'_>,
        task: &Task<'_>,
        tell: impl Fn(usize, usize),
    ) -> Result<(), Cancelled> {
        let prepared = PreparedLayer::new(self, metric);
        let mut codes = vec![0; residual.num_rows()];
        let mut sq_dists = vec![0.0; residual.num_rows()];
        let own = prepared.own_input(residual);
        let seen = own.as_ref().unwrap_or(residual);
        let embed = self.codebook.embed();
        let (piece, pieces) = (init::piece_len(embed), init::num_pieces(seen.num_rows(), embed));
        let tell = |done| tell(done, pieces);
        init::search_in_pieces(&prepared.searcher, piece, seen, &mut codes, &mut sq_dists, task, tell)?;
        residual.subtract(&prepared.outputs, &codes);
        Ok(())
    }
}
