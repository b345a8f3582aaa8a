//! Encoding with several chains, or with one that does not work on the frames as they are.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::encoder::{PreparedLayer, Workspace, layers_block, subtract};
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
    outputs: Vec<Array2<f32>>,
}

impl<'a> PreparedChain<'a> {
    /// The chains of which a layer lies in `range`; `prepared` are the layers of the range.
    pub(super) fn all(rvq: &'a Rvq, range: &Range<usize>, prepared: &[PreparedLayer<'_>]) -> Vec<Self> {
        let mut chains = Vec::new();
        for chain in rvq.chains() {
            let used = chain.layers().start.max(range.start)..chain.layers().end.min(range.end);
            if used.is_empty() {
                continue;
            }
            let layers = used.start - range.start..used.end - range.start;
            let own = prepared.get(layers.clone()).unwrap_or(&[]);
            let output = |(nth, layer): (usize, &PreparedLayer<'_>)| {
                chain.output(layer.outputs.clone(), used.start + nth == chain.layers().start)
            };
            let outputs = own.par_iter().enumerate().map(output).collect();
            chains.push(Self { chain, layers, outputs });
        }
        chains
    }
}

/// Takes a block through all `chains`; gives `sum ||x - outputs so far||²` behind each layer, in the frames' own space.
pub(super) fn chains_block(
    layers: &[PreparedLayer<'_>],
    chains: &[PreparedChain<'_>],
    dim: usize,
    frames: &[f32],
    search: Search,
    codes: &mut [u32],
    sq_dists: &mut [f32],
    space: &mut Workspace,
) -> Vec<f64> {
    let num_layers = layers.len();
    let mut energies = Vec::with_capacity(num_layers);
    let mut left = frames.to_vec();
    let Ok(view) = ArrayView2::from_shape((frames.len() / dim.max(1), dim), frames) else { return energies };
    for PreparedChain { chain, layers: range, outputs } in chains {
        let own = layers.get(range.clone()).unwrap_or(&[]);
        let input = chain.input(view);
        let mut own_codes = vec![0u32; view.nrows() * own.len()];
        let mut own_dists = vec![0f32; own_codes.len()];
        let input = input.as_slice().unwrap_or(&[]);
        layers_block(own, input, search, &mut own_codes, &mut own_dists, space);
        copy_columns(&own_codes, own.len(), codes, num_layers, range.start);
        copy_columns(&own_dists, own.len(), sq_dists, num_layers, range.start);
        for (nth, outputs) in outputs.iter().enumerate() {
            let (rows, width) = (outputs.as_slice().unwrap_or(&[]), outputs.ncols());
            let codes = own_codes.iter().skip(nth).step_by(own.len());
            let mut energy = 0.0;
            for (left, &code) in left.chunks_exact_mut(dim).zip(codes) {
                let (before, rest) = left.split_at_mut(chain.columns().start);
                let (seen, behind) = rest.split_at_mut(width);
                energy += subtract(seen, &rows[code as usize * width..][..width]);
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
