//! `ResidualVectorQuantization`: forward, encode and decode through a stack of layers.

use ndarray::{Array2, ArrayView2, s};

use super::codebook::normalize_rows;
use super::encoder::Encoder;
use super::search::Search;
use super::{Chain, ChainParts, Codebook, Metric, Projection, RvqError};

/// One layer: its codebook, and its projection where the codebook has another dimension than the frames.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// The codebook.
    pub codebook: Codebook,
    /// The maps around it.
    pub projection: Option<Projection>,
    /// How many frames in a row share one code, that of their mean; 1 but in SNAC. Codes are given for every frame all the same.
    pub stride: usize,
}

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

impl From<Codebook> for Layer {
    fn from(codebook: Codebook) -> Self {
        Self { codebook, projection: None, stride: 1 }
    }
}

impl Layer {
    /// The dimension of the frames that go in and come out.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.projection.as_ref().map_or(self.codebook.dim(), |p| p.in_weight.ncols())
    }

    /// Checks that layer `layer_idx` fits together and works in `dim` dimensions.
    pub(super) fn check(&self, layer_idx: usize, dim: usize) -> Result<(), RvqError> {
        if self.dim() != dim {
            return Err(RvqError::Shape(format!(
                "layer {layer_idx} has {} dimensions, but its input has {dim}",
                self.dim()
            )));
        }
        let inner = self.codebook.dim();
        match &self.projection {
            Some(p) if !p.fits(dim, inner) => Err(RvqError::Shape(format!(
                "the projection of layer {layer_idx} does not fit a codebook of {inner} dimensions"
            ))),
            _ if self.stride == 0 => Err(RvqError::Shape(format!("layer {layer_idx} has a stride of 0"))),
            _ => Ok(()),
        }
    }
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
            return Err(RvqError::Shape(format!(
                "the first layer ({}) must lie before the end ({end})",
                self.start
            )));
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
            return Err(RvqError::Shape("a quantizer needs at least one layer".to_owned()));
        }
        let rvq = Self { layers, chains, dim, metric };
        if rvq.common_stride() > MAX_COMMON_STRIDE {
            return Err(RvqError::Shape(format!(
                "the strides of the layers come out even only after more than {MAX_COMMON_STRIDE} frames"
            )));
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
            return Err(RvqError::NotTrainable("it has several chains of layers"));
        }
        if !self.is_one_chain() {
            return Err(RvqError::NotTrainable("there is a projection around its layers"));
        }
        if self.common_stride() > 1 {
            return Err(RvqError::NotTrainable("its layers have strides"));
        }
        if self.metric == Metric::CosineRaw {
            return Err(RvqError::NotTrainable(
                "its codebooks are searched by angle but used at full length, which gradients train and no rule here does",
            ));
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
        Err(RvqError::Shape(format!(
            "layer {} lies inside a chain, where only what the layers before leave over can go in; start at layer {}",
            range.start,
            self.chains.iter().map(|c| c.layers().start).filter(|&s| s < range.start).max().unwrap_or(0)
        )))
    }

    /// One layer, to be updated.
    pub(crate) fn layer_mut(&mut self, layer_idx: usize) -> Option<&mut Layer> {
        self.layers.get_mut(layer_idx)
    }

    /// What layer `layer_idx` leaves over of `residual`, `(num_frames, dim)`; all of it where there is no such layer.
    #[must_use]
    pub fn residual_behind(&self, layer_idx: usize, residual: ArrayView2<'_, f32>) -> Array2<f32> {
        let span = LayerSpan { start: layer_idx, end: Some(layer_idx + 1) };
        let codes = Encoder::new(self, span).and_then(|encoder| encoder.encode(residual, Search::Greedy));
        let output = codes.and_then(|encoded| self.layer_output(layer_idx, encoded.codes.into_iter()));
        output.map_or_else(|_| residual.to_owned(), |output| &residual - &output)
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
            let output =
                self.layer_output(layer_idx, encoded.layer(layer_idx).collect::<Vec<_>>().into_iter())?;
            let sq_dists = encoded.sq_dists.iter().skip(layer_idx).step_by(encoded.range.len());
            let sum: f64 = sq_dists.map(|&d| f64::from(d)).sum();
            let inner = self.layers.get(layer_idx).map_or(dim, |l| l.codebook.dim());
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
    fn inner_output(
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
        Ok(layer.projection.as_ref().map_or(rows.clone(), |p| p.project_out(rows.view())))
    }
}

/// What the search of a layer sees of the residual: projected, and of unit length where angles decide.
pub(crate) fn layer_input(layer: &Layer, metric: Metric, residual: ArrayView2<'_, f32>) -> Array2<f32> {
    let mut input = match &layer.projection {
        Some(p) => p.project_in(residual),
        None => residual.as_standard_layout().into_owned(),
    };
    if metric.is_cosine() {
        normalize_rows(&mut input);
    }
    input
}
