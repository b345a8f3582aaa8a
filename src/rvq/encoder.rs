//! Going through the layers block by block, with every codebook prepared once.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::nearest::Searcher;
use super::stack::{layer_input, normalize_rows};
use super::{LayerSpan, Metric, Rvq, RvqError};

/// A quantizer made ready to encode many blocks of frames.
#[derive(Debug)]
pub struct Encoder<'a> {
    rvq: &'a Rvq,
    range: std::ops::Range<usize>,
    /// For each layer of the range: its search and the rows as they are subtracted in the frames' space, `(num_codes, dim)`.
    layers: Vec<(Searcher, Array2<f32>)>,
}

/// What one layer made of a block.
#[derive(Debug, Clone, Copy)]
pub struct LayerPass<'a> {
    /// The layer, from 0.
    pub layer_idx: usize,
    /// The code of each frame.
    pub codes: &'a [u32],
    /// The squared distance of each frame to its row, where the search happens.
    pub sq_dists: &'a [f32],
    /// What is left of the frames behind this layer, `(num_frames, dim)`.
    pub residual: ArrayView2<'a, f32>,
    /// What each code subtracts, `(num_codes, dim)`.
    pub outputs: ArrayView2<'a, f32>,
}

/// Frames that one task subtracts from.
const BLOCK_FRAMES: usize = 512;

impl<'a> Encoder<'a> {
    /// Prepares the layers of `span`.
    ///
    /// # Errors
    /// The span does not fit the quantizer.
    pub fn new(rvq: &'a Rvq, span: LayerSpan) -> Result<Self, RvqError> {
        let range = span.resolve(rvq.num_layers())?;
        let mut layers = Vec::with_capacity(range.len());
        for layer in rvq.layers().iter().take(range.end).skip(range.start) {
            let mut rows = layer.codebook.embed().to_owned();
            if rvq.metric() == Metric::Cosine {
                normalize_rows(&mut rows);
            }
            let searcher = Searcher::new(rows.view());
            let outputs = match &layer.projection {
                Some(p) => p.project_out(rows.view()),
                None => rows,
            };
            layers.push((searcher, outputs));
        }
        Ok(Self { rvq, range, layers })
    }

    /// The layers that are gone through.
    #[must_use]
    pub fn range(&self) -> std::ops::Range<usize> {
        self.range.clone()
    }

    /// Takes `frames`, `(num_frames, dim)`, through the layers, handing each one's result to `visit`.
    ///
    /// # Errors
    /// The dimension differs from the quantizer's.
    pub fn pass(
        &self,
        frames: ArrayView2<'_, f32>,
        mut visit: impl FnMut(LayerPass<'_>),
    ) -> Result<(), RvqError> {
        let dim = self.rvq.dim();
        if frames.ncols() != dim {
            return Err(RvqError::Shape(format!(
                "the frames have {} dimensions, but the quantizer has {dim}",
                frames.ncols()
            )));
        }
        let mut residual = frames.as_standard_layout().into_owned();
        let mut codes = vec![0u32; frames.nrows()];
        let mut sq_dists = vec![0f32; frames.nrows()];
        let layers = self.rvq.layers().iter().skip(self.range.start);
        for ((layer_idx, layer), (searcher, outputs)) in self.range.clone().zip(layers).zip(&self.layers) {
            if layer.projection.is_none() && self.rvq.metric() == Metric::Euclidean {
                searcher.assign(residual.as_slice().unwrap_or(&[]), &mut codes, &mut sq_dists);
            } else {
                let input = layer_input(layer, self.rvq.metric(), residual.view());
                searcher.assign(input.as_slice().unwrap_or(&[]), &mut codes, &mut sq_dists);
            }
            subtract_rows(&mut residual, outputs.view(), &codes);
            visit(LayerPass {
                layer_idx,
                codes: &codes,
                sq_dists: &sq_dists,
                residual: residual.view(),
                outputs: outputs.view(),
            });
        }
        Ok(())
    }
}

/// `residual_n -= rows[codes_n]` for every frame.
pub(crate) fn subtract_rows(residual: &mut Array2<f32>, rows: ArrayView2<'_, f32>, codes: &[u32]) {
    let dim = residual.ncols();
    let Some(values) = residual.as_slice_mut() else { return };
    let Some(rows) = rows.to_slice() else { return };
    values.par_chunks_mut(BLOCK_FRAMES * dim).zip(codes.par_chunks(BLOCK_FRAMES)).for_each(
        |(block, codes)| {
            for (frame, &code) in block.chunks_exact_mut(dim).zip(codes) {
                let row = &rows[code as usize * dim..][..dim];
                for (value, &e) in frame.iter_mut().zip(row) {
                    *value -= e;
                }
            }
        },
    );
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
