//! Encoding with several chains, or with one that does not work on the frames as they are.

use std::ops::Range;

use rayon::prelude::*;

use super::blocks::{Workspace, layers_block};
use super::nearest::subtract;
use super::prepared::PreparedLayer;
use super::rows::Rows;
use super::search::Search;
use super::{Chain, Rvq};

/// A chain made ready.
#[derive(Debug)]
pub(super) struct PreparedChain<'a> {
    chain: &'a Chain,
    /// Its layers among those that were prepared.
    layers: Range<usize>,
    /// For each of its layers, what a code subtracts from the chain's columns of the frames, `(num_codes, columns)`.
    ///
    /// These tables are larger than the codebooks where there is a projection; without them every frame would go through it once a layer.
    outputs: Vec<Rows<'static>>,
}

impl<'a> PreparedChain<'a> {
    /// Its layers among those of the range.
    pub(super) fn of<'l, 'p>(&self, layers: &'l [PreparedLayer<'p>]) -> &'l [PreparedLayer<'p>] {
        &layers[self.layers.clone()]
    }

    /// The chains of which a layer lies in `range`; `prepared` are the layers of the range.
    pub(super) fn all(rvq: &'a Rvq, range: &Range<usize>, prepared: &[PreparedLayer<'_>]) -> Vec<Self> {
        let mut chains = Vec::new();
        for chain in rvq.chains() {
            let used = chain.layers().start.max(range.start)..chain.layers().end.min(range.end);
            if used.is_empty() {
                continue;
            }
            let layers = used.start - range.start..used.end - range.start;
            let own = &prepared[layers.clone()];
            let output = |(nth, layer): (usize, &PreparedLayer<'_>)| {
                let outputs = layer.outputs.view().to_owned();
                Rows::from(chain.output(outputs, used.start + nth == chain.layers().start))
            };
            let outputs = own.par_iter().enumerate().map(output).collect();
            chains.push(Self { chain, layers, outputs });
        }
        chains
    }
}

/// The memory of one thread's blocks.
#[derive(Debug, Default)]
pub(super) struct ChainWorkspace {
    pub(super) layers: Workspace,
    /// What all chains so far leave over of the frames.
    left: Vec<f32>,
    codes: Vec<u32>,
    sq_dists: Vec<f32>,
}

/// Takes a block through all `chains`; gives `sum ||x - outputs so far||²` behind each layer, in the frames' own space.
pub(super) fn chains_block(
    layers: &[PreparedLayer<'_>],
    chains: &[PreparedChain<'_>],
    frames: &Rows<'_>,
    search: Search,
    codes: &mut [u32],
    sq_dists: &mut [f32],
    space: &mut ChainWorkspace,
) -> Vec<f64> {
    let num_layers = layers.len();
    let mut energies = Vec::with_capacity(num_layers);
    let ChainWorkspace { layers: own_space, left, codes: own_codes, sq_dists: own_dists } = space;
    left.clear();
    left.extend_from_slice(frames.values());
    for prepared in chains {
        let own = prepared.of(layers);
        let PreparedChain { chain, layers: range, outputs } = prepared;
        let input = chain.input(frames.view());
        // Every place is written by the search.
        own_codes.resize(frames.num_rows() * own.len(), 0);
        own_dists.resize(frames.num_rows() * own.len(), 0.0);
        layers_block(own, input.values(), search, own_codes, own_dists, own_space);
        copy_columns(own_codes, own.len(), codes, num_layers, range.start);
        copy_columns(own_dists, own.len(), sq_dists, num_layers, range.start);
        for (nth, outputs) in outputs.iter().enumerate() {
            let codes = own_codes.iter().skip(nth).step_by(own.len());
            let mut energy = 0.0;
            for (left, &code) in left.chunks_exact_mut(frames.dim()).zip(codes) {
                let (before, rest) = left.split_at_mut(chain.columns().start);
                let (seen, behind) = rest.split_at_mut(outputs.dim());
                energy += subtract(seen, outputs.row(code as usize));
                energy += before.iter().chain(&*behind).map(|&v| f64::from(v).powi(2)).sum::<f64>();
            }
            energies.push(energy);
        }
    }
    energies
}

/// Puts `from`, `(num_frames, width)`, into the columns of `into`, `(num_frames, num_columns)`, from `start` on.
fn copy_columns<T: Copy>(from: &[T], width: usize, into: &mut [T], num_columns: usize, start: usize) {
    for (from, into) in from.chunks_exact(width.max(1)).zip(into.chunks_exact_mut(num_columns.max(1))) {
        into[start..start + width].copy_from_slice(from);
    }
}
