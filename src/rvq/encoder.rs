//! Encoding: blocks of frames go through all layers while they lie in the cache, with every codebook prepared once.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::blocks::layers_block;
use super::chain_blocks::{ChainWorkspace, PreparedChain, chains_block};
use super::nearest::{Kernel, MAX_TABLE_PATHS};
use super::prepared::{PreparedLayer, prepare_tables};
use super::rows::Rows;
use super::search::Search;
use super::{Layer, LayerSpan, Rvq, RvqError};
use crate::text::msg;

pub(crate) use super::rows::energy;

/// A quantizer made ready to encode.
#[derive(Debug)]
pub struct Encoder<'a> {
    rvq: &'a Rvq,
    range: std::ops::Range<usize>,
    layers: Vec<PreparedLayer<'a>>,
    /// `None` where all layers work one behind the other on the frames as they are.
    chains: Option<Vec<PreparedChain<'a>>>,
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

/// Frames that one task takes through all layers. It decides in what order energies are added up.
const BLOCK_FRAMES: usize = 512;

impl Encoded {
    /// The codes of one layer of the range, counted from its first.
    pub fn layer(&self, nth: usize) -> impl ExactSizeIterator<Item = u32> {
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
        Self::prepare(rvq, span, None)
    }

    /// Prepares the layers of `span` to be searched with one kernel instead of the best, for whoever compares kernels.
    ///
    /// # Errors
    /// The span does not fit the quantizer.
    pub fn with_kernel(rvq: &'a Rvq, span: LayerSpan, kernel: Kernel) -> Result<Self, RvqError> {
        Self::prepare(rvq, span, Some(kernel))
    }

    fn prepare(rvq: &'a Rvq, span: LayerSpan, kernel: Option<Kernel>) -> Result<Self, RvqError> {
        let range = rvq.resolve(span)?;
        let chosen = rvq.layers().iter().take(range.end).skip(range.start);
        let chosen: Vec<&Layer> = chosen.collect();
        let prepare = |layer| PreparedLayer::with_kernel(layer, rvq.metric(), kernel);
        let layers: Vec<_> = chosen.into_par_iter().map(prepare).collect();
        let chains = (!rvq.is_one_chain()).then(|| PreparedChain::all(rvq, &range, &layers));
        Ok(Self { rvq, range, layers, chains })
    }

    /// The layers that are gone through.
    #[must_use]
    pub fn range(&self) -> std::ops::Range<usize> {
        self.range.clone()
    }

    /// Makes ready for a search along `width` paths of many frames; [`encode`](Self::encode) does it by itself where it saves time.
    ///
    /// Every layer that searches in its chain's own space, behind others that do, gets its codes' products with theirs, unless the tables of a chain
    /// take more than 256 MiB or so few paths gain nothing from them. Runs on the current rayon pool.
    pub fn prepare_paths(&self, width: usize) {
        match &self.chains {
            None => prepare_tables(&self.layers, width),
            Some(chains) => chains.iter().for_each(|chain| prepare_tables(chain.of(&self.layers), width)),
        }
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
            return Err(RvqError::Shape(msg!(
                "err-frames-dimension",
                frames = frames.ncols(),
                quantizer = dim
            )));
        }
        // Making a row of a table costs as much as screening a frame.
        let num_codes = self.layers.iter().map(|layer| layer.outputs.num_rows()).max().unwrap_or(0);
        if (2..=MAX_TABLE_PATHS).contains(&search.width()) && frames.nrows() >= 2 * num_codes {
            self.prepare_paths(search.width());
        }
        let frames = Rows::of(frames);
        let mut codes = vec![0u32; frames.num_rows() * num_layers];
        let mut sq_dists = vec![0f32; frames.num_rows() * num_layers];
        let block = BLOCK_FRAMES.next_multiple_of(self.rvq.common_stride());
        let energies: Vec<Vec<f64>> = frames
            .values()
            .par_chunks(block * dim)
            .zip(codes.par_chunks_mut(block * num_layers))
            .zip(sq_dists.par_chunks_mut(block * num_layers))
            .map_init(ChainWorkspace::default, |space, ((frames, codes), sq_dists)| match &self.chains {
                None => layers_block(&self.layers, frames, search, codes, sq_dists, &mut space.layers),
                Some(chains) => {
                    let frames = Rows::new(frames, dim);
                    chains_block(&self.layers, chains, &frames, search, codes, sq_dists, space)
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
