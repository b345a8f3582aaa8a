//! A quantizer as a stack of layers in one or several chains, and its way back from codes to frames.

use ndarray::{Array2, ArrayView2, s};

use super::codebook::normalize_rows;
use super::{Chain, ChainParts, Layer, Metric, RvqError};
use crate::text::{msg, phrase};

/// Residual layers over frames of one dimension, in one or several chains.
///
/// A chain's layers each quantize what those before left over. Several chains all start from the frames themselves, each from the columns that it
/// sees, and their outputs are added up (Mimi) or lie side by side (grouped quantizers). Layers are numbered through all chains in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Rvq {
    layers: Vec<Layer>,
    chains: Vec<Chain>,
    dim: usize,
    metric: Metric,
}

/// Which layers to use: from `start` up to, not including, `end`, counted through all chains.
///
/// A span may start at the first layer of a chain, which then sees the frames as they are given, as do the chains behind it. It may start inside a
/// chain only where that is the only one and has no projection around it: what the layers inside see elsewhere are not frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerSpan {
    /// The first layer; what is encoded is taken as this layer's residual.
    pub start: usize,
    /// The layer before which to stop, counted from the first of all layers; `None` or `Some(0)` for all.
    pub end: Option<usize>,
}

/// The most frames that strides may take to come out even.
const MAX_COMMON_STRIDE: usize = 4096;

impl LayerSpan {
    /// Every layer.
    pub const ALL: Self = Self { start: 0, end: None };

    /// The span as a range over `num_layers` layers.
    ///
    /// # Errors
    /// It starts behind the last layer or at its own end, or ends behind the last.
    pub fn resolve(self, num_layers: usize) -> Result<std::ops::Range<usize>, RvqError> {
        let end = self.end.filter(|&end| end > 0).unwrap_or(num_layers);
        if end > num_layers {
            return Err(RvqError::TooManyLayers { asked: end, have: num_layers });
        }
        if self.start >= num_layers {
            return Err(RvqError::NoSuchLayer { asked: self.start, have: num_layers });
        }
        if self.start >= end {
            return Err(RvqError::Shape(msg!("err-span", start = self.start, end = end)));
        }
        Ok(self.start..end)
    }
}

impl Rvq {
    /// A Euclidean quantizer from its layers.
    ///
    /// # Errors
    /// There is none, or their dimensions differ.
    pub fn new(layers: Vec<Layer>) -> Result<Self, RvqError> {
        Self::with_metric(layers, Metric::Euclidean)
    }

    /// A quantizer from its layers, searched under `metric`.
    ///
    /// # Errors
    /// As for [`Rvq::new`]; or a projection does not fit its codebook.
    pub fn with_metric(layers: Vec<Layer>, metric: Metric) -> Result<Self, RvqError> {
        let dim = layers.first().map_or(1, Layer::dim);
        Self::of_chains(dim, vec![layers.into()], metric)
    }

    /// A quantizer of frames of `dim` dimensions from its chains, searched under `metric`.
    ///
    /// # Errors
    /// There is no chain, one has no layer, their parts do not fit together, or strides have no common multiple of a sensible size.
    pub fn of_chains(dim: usize, parts: Vec<ChainParts>, metric: Metric) -> Result<Self, RvqError> {
        let (mut layers, mut chains) = (Vec::new(), Vec::new());
        for parts in parts {
            let (chain, more) = Chain::checked(parts, dim, layers.len())?;
            chains.push(chain);
            layers.extend(more);
        }
        if chains.is_empty() {
            return Err(RvqError::Shape(msg!("err-no-layer")));
        }
        let rvq = Self { layers, chains, dim, metric };
        if rvq.common_stride() > MAX_COMMON_STRIDE {
            return Err(RvqError::Shape(msg!("err-strides", most = MAX_COMMON_STRIDE)));
        }
        Ok(rvq)
    }

    /// The layers of all chains, in order.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The chains; their layers are numbered through.
    #[must_use]
    pub fn chains(&self) -> &[Chain] {
        &self.chains
    }

    /// The smallest number of frames that fills every layer's stride.
    #[must_use]
    pub fn common_stride(&self) -> usize {
        let gcd = |mut a: usize, mut b: usize| {
            while b > 0 {
                (a, b) = (b, a % b);
            }
            a.max(1)
        };
        self.layers
            .iter()
            .fold(1, |common: usize, layer| (common / gcd(common, layer.stride)).saturating_mul(layer.stride))
    }

    /// Whether all layers work one behind the other on the frames as they are.
    #[must_use]
    pub fn is_one_chain(&self) -> bool {
        matches!(self.chains.as_slice(), [chain] if chain.is_direct(self.dim))
    }

    /// Checks that a training can start from here.
    ///
    /// # Errors
    /// It is more than one chain of layers under a metric that trainers know; the sentence says what.
    pub fn check_trainable(&self) -> Result<(), RvqError> {
        if self.chains.len() > 1 {
            return Err(RvqError::NotTrainable(phrase!("training-not-of-chains")));
        }
        if !self.is_one_chain() {
            return Err(RvqError::NotTrainable(phrase!("training-not-in-projection")));
        }
        if self.common_stride() > 1 {
            return Err(RvqError::NotTrainable(phrase!("training-not-with-strides")));
        }
        if self.metric == Metric::CosineRaw {
            return Err(RvqError::NotTrainable(phrase!("training-not-by-raw-angle")));
        }
        Ok(())
    }

    /// The span as a range of layers.
    ///
    /// # Errors
    /// As for [`LayerSpan::resolve`]; or it starts where only another layer's output can go in.
    pub fn resolve(&self, span: LayerSpan) -> Result<std::ops::Range<usize>, RvqError> {
        let range = span.resolve(self.num_layers())?;
        let is_first = self.chains.iter().any(|chain| chain.layers().start == range.start);
        if is_first || self.is_one_chain() {
            return Ok(range);
        }
        let starts = self.chains.iter().map(|chain| chain.layers().start);
        let start = starts.filter(|&start| start < range.start).max().unwrap_or(0);
        Err(RvqError::Shape(msg!("err-inside-chain", layer = range.start, start = start)))
    }

    /// The layers, to be updated.
    pub(crate) fn layers_mut(&mut self) -> &mut [Layer] {
        &mut self.layers
    }

    /// One layer, to be updated.
    pub(crate) fn layer_mut(&mut self, layer_idx: usize) -> Option<&mut Layer> {
        self.layers.get_mut(layer_idx)
    }

    /// How many layers there are.
    #[must_use]
    pub fn num_layers(&self) -> usize {
        self.layers.len()
    }

    /// The dimension of the frames.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How nearness is measured.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The sum of the rows that `codes`, `(num_layers, num_frames)`, name: `(num_frames, dim)`. The first row belongs to layer `start`.
    ///
    /// # Errors
    /// There are more rows than layers from `start` on, or a code lies beyond its codebook.
    pub fn decode(&self, codes: ArrayView2<'_, u32>, start: usize) -> Result<Array2<f32>, RvqError> {
        let end = start.saturating_add(codes.nrows());
        if end > self.num_layers() {
            return Err(RvqError::TooManyLayers { asked: end, have: self.num_layers() });
        }
        let mut sum = Array2::zeros((codes.ncols(), self.dim()));
        for chain in &self.chains {
            // Added up inside the chain, so that its projection is gone through once.
            let used = chain.layers().start.max(start)..chain.layers().end.min(end);
            if used.is_empty() {
                continue;
            }
            let mut inner = Array2::zeros((codes.ncols(), chain.inner_dim()));
            for layer_idx in used.clone() {
                inner += &self.inner_output(layer_idx, codes.row(layer_idx - start).iter().copied())?;
            }
            let output = chain.output(inner, used.start == chain.layers().start);
            let mut columns = sum.slice_mut(s![.., chain.columns()]);
            columns += &output;
        }
        Ok(sum)
    }

    /// What layer `layer_idx` adds for `codes`: `(num_codes given, dim)`. The bias behind a chain comes with its first layer.
    ///
    /// # Errors
    /// No such layer, or no such code.
    pub fn layer_output(
        &self,
        layer_idx: usize,
        codes: impl ExactSizeIterator<Item = u32>,
    ) -> Result<Array2<f32>, RvqError> {
        let inner = self.inner_output(layer_idx, codes)?;
        let chain = self.chains.iter().find(|chain| chain.layers().contains(&layer_idx));
        let Some(chain) = chain.filter(|chain| !chain.is_direct(self.dim)) else { return Ok(inner) };
        let mut output = Array2::zeros((inner.nrows(), self.dim));
        let added = chain.output(inner, layer_idx == chain.layers().start);
        output.slice_mut(s![.., chain.columns()]).assign(&added);
        Ok(output)
    }

    /// What layer `layer_idx` adds inside its chain: `(num_codes given, inner_dim)`.
    pub(crate) fn inner_output(
        &self,
        layer_idx: usize,
        codes: impl ExactSizeIterator<Item = u32>,
    ) -> Result<Array2<f32>, RvqError> {
        let have = self.num_layers();
        let layer = self.layers.get(layer_idx).ok_or(RvqError::NoSuchLayer { asked: layer_idx, have })?;
        let mut rows = Array2::zeros((codes.len(), layer.codebook.dim()));
        for (mut row, code) in rows.rows_mut().into_iter().zip(codes) {
            let num_codes = layer.codebook.num_codes();
            let source = layer.codebook.row(code as usize).ok_or(RvqError::NoSuchCode {
                layer: layer_idx,
                code,
                num_codes,
            })?;
            row.assign(&source);
        }
        if self.metric == Metric::Cosine {
            normalize_rows(&mut rows);
        }
        Ok(match &layer.projection {
            Some(p) => p.project_out(rows.view()),
            None => rows,
        })
    }
}
