//! `ResidualVectorQuantization`: forward, encode and decode through a stack of layers.

use ndarray::{Array2, ArrayView2, Axis};

use super::nearest::Searcher;
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

    /// The layers, to be updated; their shapes cannot be changed through this.
    pub fn codebooks_mut(&mut self) -> impl Iterator<Item = &mut Codebook> {
        self.layers.iter_mut().map(|layer| &mut layer.codebook)
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
        let elements = |inner: usize| (frames.nrows() * inner).max(1) as f64;
        self.walk(frames, span, |layer_idx, step| {
            forward.quantized += step.output;
            forward.codes.row_mut(layer_idx).assign(&ndarray::aview1(step.codes));
            let sum: f64 = step.sq_dists.iter().map(|&d| f64::from(d)).sum();
            let inner = self.layers.get(layer_idx).map_or(0, |l| l.codebook.dim());
            forward.losses.push(commitment_weight * sum / elements(inner));
            if layers.contains(&layer_idx) {
                forward.layer_outputs.push(step.output.clone());
            }
        })?;
        Ok(forward)
    }

    /// The codes of `frames`, `(num_frames, dim)`: `(layers in span, num_frames)`.
    ///
    /// With a span that does not start at 0, `frames` are taken as the residual that its first layer sees.
    ///
    /// # Errors
    /// The dimension differs, or the span does not fit.
    pub fn encode(&self, frames: ArrayView2<'_, f32>, span: LayerSpan) -> Result<Array2<u32>, RvqError> {
        let range = span.resolve(self.num_layers())?;
        let start = range.start;
        let mut codes = Array2::zeros((range.len(), frames.nrows()));
        self.walk(frames, range, |layer_idx, step| {
            codes.row_mut(layer_idx - start).assign(&ndarray::aview1(step.codes));
        })?;
        Ok(codes)
    }

    /// The sum of the rows that `codes`, `(num_layers, num_frames)`, name: `(num_frames, dim)`. The first row belongs to layer `start`.
    ///
    /// # Errors
    /// There are more rows than layers from `start` on, or a code lies beyond its codebook.
    pub fn decode(&self, codes: ArrayView2<'_, u32>, start: usize) -> Result<Array2<f32>, RvqError> {
        let end = start + codes.nrows();
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

    /// Goes through the layers of `range`, handing each one's result to `visit`.
    fn walk(
        &self,
        frames: ArrayView2<'_, f32>,
        range: std::ops::Range<usize>,
        mut visit: impl FnMut(usize, &WalkStep<'_>),
    ) -> Result<(), RvqError> {
        if frames.ncols() != self.dim() {
            return Err(RvqError::Shape(format!(
                "the frames have {} dimensions, but the quantizer has {}",
                frames.ncols(),
                self.dim()
            )));
        }
        let mut residual = frames.as_standard_layout().into_owned();
        let mut codes = vec![0u32; frames.nrows()];
        let mut sq_dists = vec![0f32; frames.nrows()];
        let mut searcher = Searcher::default();
        for (layer_idx, layer) in self.layers.iter().enumerate().take(range.end).skip(range.start) {
            let input = layer_input(layer, self.metric, residual.view());
            let mut rows = layer.codebook.embed().to_owned();
            if self.metric == Metric::Cosine {
                normalize_rows(&mut rows);
            }
            searcher.prepare(rows.view());
            searcher.assign(input.as_slice().unwrap_or(&[]), &mut codes, &mut sq_dists);
            let output = self.layer_output(layer_idx, codes.iter().copied())?;
            residual -= &output;
            visit(layer_idx, &WalkStep { codes: &codes, sq_dists: &sq_dists, output: &output });
        }
        Ok(())
    }
}

struct WalkStep<'a> {
    codes: &'a [u32],
    sq_dists: &'a [f32],
    output: &'a Array2<f32>,
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
