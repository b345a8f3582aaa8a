//! A block of frames through layers one behind the other, while it lies in the cache.

use super::beam::{BeamWorkspace, beam_block};
use super::nearest::{Scratch, subtract_rows};
use super::prepared::PreparedLayer;
use super::rows::Rows;
use super::search::Search;

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
            let Workspace { beam, scratch, .. } = space;
            beam_block(layers, frames, width, codes, sq_dists, beam, scratch)
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
    let Some(dim) = layers.first().map(|layer| layer.outputs.dim()) else { return Vec::new() };
    let num_layers = layers.len();
    let num_frames = frames.len() / dim;
    let Workspace { residual, codes: chosen, sq_dists: dists, norms, scratch, .. } = space;
    residual.clear();
    residual.extend_from_slice(frames);
    chosen.resize(num_frames, 0);
    dists.resize(num_frames, 0.0);
    norms.resize(num_frames, 0.0);
    let mut energies = Vec::with_capacity(num_layers);
    for (nth, layer) in layers.iter().enumerate() {
        layer.assign(&Rows::new(residual, dim), chosen, dists, scratch);
        subtract_rows(residual, norms, |frame| layer.outputs.row(chosen[frame] as usize));
        for (frame, (&code, &dist)) in chosen.iter().zip(dists.iter()).enumerate() {
            codes[frame * num_layers + nth] = code;
            sq_dists[frame * num_layers + nth] = dist;
        }
        energies.push(norms.iter().sum());
    }
    energies
}

/// The memory of one thread's blocks.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    residual: Vec<f32>,
    codes: Vec<u32>,
    sq_dists: Vec<f32>,
    norms: Vec<f64>,
    scratch: Scratch,
    beam: BeamWorkspace,
}
