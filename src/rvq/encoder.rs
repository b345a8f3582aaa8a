//! Encoding: blocks of frames go through all layers while they lie in the cache, with every codebook prepared once.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::chain::pooled;
use super::codebook::normalize_rows;
use super::encode_chains::{PreparedChain, chains_block};
use super::nearest::{Scratch, Searcher};
use super::search::{self, Search};
use super::stack::layer_input;
use super::{Layer, LayerSpan, Metric, Rvq, RvqError};

/// A quantizer made ready to encode.
#[derive(Debug)]
pub struct Encoder<'a> {
    rvq: &'a Rvq,
    range: std::ops::Range<usize>,
    layers: Vec<PreparedLayer<'a>>,
    /// `None` where all layers work one behind the other on the frames as they are.
    chains: Option<Vec<PreparedChain<'a>>>,
}

/// One layer made ready.
#[derive(Debug)]
pub(super) struct PreparedLayer<'a> {
    layer: &'a Layer,
    metric: Metric,
    pub(super) searcher: Searcher,
    /// What each code subtracts in the space that its chain works in, `(num_codes, dim)`, row by row.
    pub(super) outputs: Array2<f32>,
}

/// Frames as codes, with what was left over.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Encoded {
    /// The layers that were gone through.
    pub range: std::ops::Range<usize>,
    /// `(num_frames, num_layers)`, frame by frame.
    pub codes: Vec<u32>,
    /// The squared distance of each frame to its row, where the layer searches; `(num_frames, num_layers)`.
    pub sq_dists: Vec<f32>,
    /// `sum ||r||²` behind each layer, in the frames' own space.
    pub residual_energy: Vec<f64>,
}

/// Frames that one task takes through all layers.
pub(super) const BLOCK_FRAMES: usize = 256;

impl Encoded {
    /// The codes of one layer of the range, counted from its first.
    pub fn layer(&self, nth: usize) -> impl Iterator<Item = u32> {
        self.codes.iter().skip(nth).step_by(self.range.len().max(1)).copied()
    }

    /// The codes as `(num_layers, num_frames)`.
    #[must_use]
    pub fn to_matrix(&self) -> Array2<u32> {
        let num_layers = self.range.len();
        let num_frames = self.codes.len().checked_div(num_layers).unwrap_or(0);
        Array2::from_shape_fn((num_layers, num_frames), |(layer, frame)| {
            self.codes[frame * num_layers + layer]
        })
    }
}

impl<'a> Encoder<'a> {
    /// Prepares the layers of `span`.
    ///
    /// # Errors
    /// The span does not fit the quantizer.
    pub fn new(rvq: &'a Rvq, span: LayerSpan) -> Result<Self, RvqError> {
        let range = rvq.resolve(span)?;
        let chosen = rvq.layers().iter().take(range.end).skip(range.start);
        let layers: Vec<_> = chosen.map(|layer| PreparedLayer::new(layer, rvq.metric())).collect();
        let chains = (!rvq.is_one_chain()).then(|| PreparedChain::all(rvq, &range, &layers));
        Ok(Self { rvq, range, layers, chains })
    }

    /// The layers that are gone through.
    #[must_use]
    pub fn range(&self) -> std::ops::Range<usize> {
        self.range.clone()
    }

    /// The codes of `frames`, `(num_frames, dim)`, taken as the residual that the first layer of the span sees.
    ///
    /// Several paths are followed within each chain, and chosen by what they leave over there; chains of layers with strides are always searched
    /// greedily, since their frames do not decide one by one. Frames at the end that do not fill a stride share the code of their own mean.
    ///
    /// Runs on the current rayon pool; the result does not depend on the number of threads.
    ///
    /// # Errors
    /// The dimension differs from the quantizer's.
    pub fn encode(&self, frames: ArrayView2<'_, f32>, search: Search) -> Result<Encoded, RvqError> {
        let (dim, num_layers) = (self.rvq.dim(), self.layers.len());
        if frames.ncols() != dim {
            return Err(RvqError::Shape(format!(
                "the frames have {} dimensions, but the quantizer has {dim}",
                frames.ncols()
            )));
        }
        let frames = frames.as_standard_layout();
        let values = frames.as_slice().unwrap_or(&[]);
        let mut codes = vec![0u32; frames.nrows() * num_layers];
        let mut sq_dists = vec![0f32; frames.nrows() * num_layers];
        let block = BLOCK_FRAMES.next_multiple_of(self.rvq.common_stride());
        let energies: Vec<Vec<f64>> = values
            .par_chunks(block * dim)
            .zip(codes.par_chunks_mut(block * num_layers))
            .zip(sq_dists.par_chunks_mut(block * num_layers))
            .map_init(Workspace::default, |space, ((frames, codes), sq_dists)| match &self.chains {
                None => layers_block(&self.layers, frames, search, codes, sq_dists, space),
                Some(chains) => {
                    chains_block(&self.layers, chains, dim, frames, search, codes, sq_dists, space)
                }
            })
            .collect();
        let mut residual_energy = vec![0.0; num_layers];
        for block in &energies {
            residual_energy.iter_mut().zip(block).for_each(|(sum, energy)| *sum += energy);
        }
        Ok(Encoded { range: self.range(), codes, sq_dists, residual_energy })
    }
}

/// Takes a block through `layers` one behind the other; gives the energy left behind each.
pub(super) fn layers_block(
    layers: &[PreparedLayer<'_>],
    frames: &[f32],
    search: Search,
    codes: &mut [u32],
    sq_dists: &mut [f32],
    space: &mut Workspace,
) -> Vec<f64> {
    match search.width() {
        width if width > 1 && layers.iter().all(|layer| layer.layer.stride == 1) => {
            search::beam_block(layers, frames, width, codes, sq_dists)
        }
        _ => greedy_block(layers, frames, codes, sq_dists, space),
    }
}

fn greedy_block(
    layers: &[PreparedLayer<'_>],
    frames: &[f32],
    codes: &mut [u32],
    sq_dists: &mut [f32],
    space: &mut Workspace,
) -> Vec<f64> {
    let Some(dim) = layers.first().map(|layer| layer.outputs.ncols()) else { return Vec::new() };
    let num_layers = layers.len();
    let num_frames = frames.len() / dim;
    let Workspace { residual, codes: chosen, sq_dists: dists, scratch } = space;
    residual.clear();
    residual.extend_from_slice(frames);
    chosen.resize(num_frames, 0);
    dists.resize(num_frames, 0.0);
    let mut energies = Vec::with_capacity(num_layers);
    for (nth, layer) in layers.iter().enumerate() {
        layer.assign(residual, chosen, dists, scratch);
        let outputs = layer.outputs.as_slice().unwrap_or(&[]);
        let mut energy = 0.0;
        for (frame, (residual, (&code, &dist))) in
            residual.chunks_exact_mut(dim).zip(chosen.iter().zip(dists.iter())).enumerate()
        {
            energy += subtract(residual, &outputs[code as usize * dim..][..dim]);
            codes[frame * num_layers + nth] = code;
            sq_dists[frame * num_layers + nth] = dist;
        }
        energies.push(energy);
    }
    energies
}

/// The memory of one thread's blocks.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    residual: Vec<f32>,
    codes: Vec<u32>,
    sq_dists: Vec<f32>,
    scratch: Scratch,
}

impl<'a> PreparedLayer<'a> {
    fn new(layer: &'a Layer, metric: Metric) -> Self {
        let mut rows = layer.codebook.embed().to_owned();
        if metric.is_cosine() {
            normalize_rows(&mut rows);
        }
        let searcher = Searcher::new(rows.view());
        if metric == Metric::CosineRaw {
            rows = layer.codebook.embed().to_owned();
        }
        let outputs = match &layer.projection {
            Some(p) => p.project_out(rows.view()),
            None => rows,
        };
        Self { layer, metric, searcher, outputs }
    }

    /// Whether the search happens in the frames' own space.
    pub(super) fn is_plain(&self) -> bool {
        self.layer.projection.is_none() && self.metric == Metric::Euclidean && self.layer.stride == 1
    }

    /// What the search sees of `residual`, which has `dim` columns.
    pub(super) fn input(&self, residual: &[f32]) -> Option<Array2<f32>> {
        let dim = self.outputs.ncols();
        let view = ArrayView2::from_shape((residual.len() / dim.max(1), dim), residual).ok()?;
        Some(layer_input(self.layer, self.metric, view))
    }

    fn assign(&self, residual: &[f32], codes: &mut [u32], sq_dists: &mut [f32], scratch: &mut Scratch) {
        let stride = self.layer.stride;
        if self.is_plain() {
            self.searcher.assign_block(residual, codes, sq_dists, scratch);
        } else if stride > 1 {
            let means = pooled(residual, self.outputs.ncols(), stride);
            let Some(input) = self.input(&means) else { return };
            let (mut few, mut dists) = (vec![0; input.nrows()], vec![0.0; input.nrows()]);
            self.searcher.assign_block(input.as_slice().unwrap_or(&[]), &mut few, &mut dists, scratch);
            codes.chunks_mut(stride).zip(few).for_each(|(codes, code)| codes.fill(code));
            sq_dists.chunks_mut(stride).zip(dists).for_each(|(dists, dist)| dists.fill(dist));
        } else if let Some(input) = self.input(residual) {
            self.searcher.assign_block(input.as_slice().unwrap_or(&[]), codes, sq_dists, scratch);
        }
    }
}

/// Subtracts a row from a residual and gives the squared length of what is left.
pub(super) fn subtract(residual: &mut [f32], row: &[f32]) -> f64 {
    let mut sums = [0f64; 8];
    let (values, tail) = residual.as_chunks_mut::<8>();
    let (rows, row_tail) = row.as_chunks::<8>();
    for (values, rows) in values.iter_mut().zip(rows) {
        for lane in 0..8 {
            values[lane] -= rows[lane];
            sums[lane] += f64::from(values[lane]) * f64::from(values[lane]);
        }
    }
    let mut sum: f64 = sums.iter().sum();
    for (value, e) in tail.iter_mut().zip(row_tail) {
        *value -= e;
        sum += f64::from(*value) * f64::from(*value);
    }
    sum
}

/// `residual_n -= rows[codes_n]` for every frame; gives `sum ||residual_n||²`, added up in f64 by fixed blocks.
pub(crate) fn subtract_rows(residual: &mut Array2<f32>, rows: ArrayView2<'_, f32>, codes: &[u32]) -> f64 {
    let dim = residual.ncols();
    let (Some(values), Some(rows)) = (residual.as_slice_mut(), rows.to_slice()) else { return 0.0 };
    let blocks: Vec<f64> = values
        .par_chunks_mut(BLOCK_FRAMES * dim)
        .zip(codes.par_chunks(BLOCK_FRAMES))
        .map(|(block, codes)| {
            let frames = block.chunks_exact_mut(dim).zip(codes);
            frames.map(|(frame, &code)| subtract(frame, &rows[code as usize * dim..][..dim])).sum()
        })
        .collect();
    blocks.iter().sum()
}

/// `sum ||r_n||²` over all frames, added up in f64 by fixed blocks.
pub(crate) fn energy(residual: ArrayView2<'_, f32>) -> f64 {
    let dim = residual.ncols().max(1);
    let values = residual.to_slice().unwrap_or(&[]);
    let blocks: Vec<f64> = values
        .par_chunks(BLOCK_FRAMES * dim)
        .map(|block| block.iter().map(|&v| f64::from(v) * f64::from(v)).sum())
        .collect();
    blocks.iter().sum()
}
