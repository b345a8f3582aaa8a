//! `ResidualVectorQuantization`: forward, encode and decode through a stack of layers.

use ndarray::{Array2, ArrayView2, Axis};

use super::encoder::Encoder;
use super::search::Search;
use super::{Codebook, Metric, Projection, RvqError};

/// One layer: its codebook, and its projection where the codebook has another dimension than the frames.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// The codebook.
    pub codebook: Codebook,
    /// The maps around it.
    pub projection: Option<Projection>,
}

/// Residual layers over frames of one dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Rvq {
    layers: Vec<Layer>,
    metric: Metric,
}

/// Which layers to use: from `start` up to, not including, `end`.
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
        Self { codebook, projection: None }
    }
}

impl Layer {
    /// The dimension of the frames that go in and come out.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.projection.as_ref().map_or(self.codebook.dim(), |p| p.in_weight.ncols())
    }
}

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
        let Some(first) = layers.first() else {
            return Err(RvqError::Shape("a quantizer needs at least one layer".to_owned()));
        };
        let dim = first.dim();
        for (layer_idx, layer) in layers.iter().enumerate() {
            if layer.dim() != dim {
                return Err(RvqError::Shape(format!(
                    "layer {layer_idx} has {} dimensions, but layer 0 has {dim}",
                    layer.dim()
                )));
            }
            if let Some(p) = &layer.projection {
                let inner = layer.codebook.dim();
                let fits = p.in_weight.dim() == (inner, dim)
                    && p.in_bias.len() == inner
                    && p.out_weight.dim() == (dim, inner)
                    && p.out_bias.len() == dim;
                if !fits {
                    return Err(RvqError::Shape(format!(
                        "the projection of layer {layer_idx} does not fit a codebook of {inner} dimensions"
                    )));
                }
            }
        }
        Ok(Self { layers, metric })
    }

    /// The layers.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
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
        self.layers.first().map_or(0, Layer::dim)
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
        let span = LayerSpan { start: 0, end: n_q }.resolve(self.num_layers())?;
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
        for (layer_idx, codes) in (start..).zip(codes.rows()) {
            sum += &self.layer_output(layer_idx, codes.iter().copied())?;
        }
        Ok(sum)
    }

    /// What layer `layer_idx` adds for `codes`: `(num_codes given, dim)`.
    ///
    /// # Errors
    /// No such layer, or no such code.
    pub fn layer_output(
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

/// What the search of a layer sees of the residual: projected, and of unit length under the cosine metric.
pub(crate) fn layer_input(layer: &Layer, metric: Metric, residual: ArrayView2<'_, f32>) -> Array2<f32> {
    let mut input = match &layer.projection {
        Some(p) => p.project_in(residual),
        None => residual.as_standard_layout().into_owned(),
    };
    if metric == Metric::Cosine {
        normalize_rows(&mut input);
    }
    input
}

/// Scales each row to unit length, as PyTorch's `normalize` does: divided by `max(||row||, 1e-12)`.
pub(crate) fn normalize_rows(rows: &mut Array2<f32>) {
    for mut row in rows.axis_iter_mut(Axis(0)) {
        let norm = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt().max(1e-12);
        row.mapv_inplace(|v| (f64::from(v) / norm) as f32);
    }
}
