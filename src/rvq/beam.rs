//! The search along several paths at once: the best are kept behind each layer.

use super::frames_space::best_in_frames_space;
use super::nearest::{PathsSoFar, Pick, Scratch, Wanted, subtract_rows};
use super::prepared::PreparedLayer;
use super::rows::Rows;

/// Values that the paths of one pass leave over at most, so that they stay in the cache; one frame always fits.
const PASS_VALUES: usize = 1 << 16;

/// The paths of every frame of a pass; the first of each frame is the greedy one.
#[derive(Debug, Default)]
struct Paths {
    /// Paths kept for each frame.
    kept: usize,
    /// What they leave over, `(num_frames, kept, dim)`.
    residual: Vec<f32>,
    /// Their codes, `(num_frames, kept, num_layers)`.
    codes: Vec<u32>,
    /// The squared distance of each choice, as the codes.
    sq_dists: Vec<f32>,
    /// How far roundings may have taken what is left over, as a norm, `(num_frames, kept)`.
    drift: Vec<f32>,
}

/// The memory of one thread's blocks.
#[derive(Debug, Default)]
pub(super) struct BeamWorkspace {
    paths: Paths,
    next: Paths,
    picks: Vec<Pick>,
    left: Vec<f32>,
    norms: Vec<f64>,
}

/// Encodes a block along up to `width` paths; writes frame by frame and gives the energy left behind each layer on the chosen paths.
pub(super) fn beam_block(
    layers: &[PreparedLayer<'_>],
    frames: &[f32],
    width: usize,
    codes: &mut [u32],
    sq_dists: &mut [f32],
    space: &mut BeamWorkspace,
    scratch: &mut Scratch,
) -> Vec<f64> {
    let num_layers = layers.len();
    let mut energies = vec![0.0; num_layers];
    let BeamWorkspace { paths, next, picks, left, norms } = space;
    let Some(dim) = layers.first().map(|layer| layer.outputs.dim()) else { return energies };
    let pass = (PASS_VALUES / (width * dim).max(1)).max(1);
    let outs = codes.chunks_mut(pass * num_layers).zip(sq_dists.chunks_mut(pass * num_layers));
    for (frames, (codes, sq_dists)) in frames.chunks(pass * dim.max(1)).zip(outs) {
        paths.start(frames, dim, num_layers);
        for nth in 0..num_layers {
            let kept = if nth + 1 == num_layers { 1 } else { width };
            paths.extend(layers, nth, kept, picks, next, scratch);
            std::mem::swap(paths, next);
        }
        // One path is left of each frame.
        codes.copy_from_slice(&paths.codes);
        sq_dists.copy_from_slice(&paths.sq_dists);
        left.clear();
        left.extend_from_slice(frames);
        norms.resize(frames.len() / dim, 0.0);
        for (nth, (layer, energy)) in layers.iter().zip(&mut energies).enumerate() {
            subtract_rows(left, norms, |frame| layer.outputs.row(codes[frame * num_layers + nth] as usize));
            norms.iter().for_each(|norm| *energy += norm);
        }
    }
    energies
}

impl Paths {
    /// One path for each of `frames`, in front of the first layer.
    fn start(&mut self, frames: &[f32], dim: usize, num_layers: usize) {
        let num_frames = frames.len() / dim.max(1);
        let Self { kept, residual, codes, sq_dists, drift } = self;
        *kept = 1;
        residual.clear();
        residual.extend_from_slice(frames);
        codes.clear();
        codes.resize(num_frames * num_layers, 0);
        sq_dists.clear();
        sq_dists.resize(num_frames * num_layers, 0.0);
        drift.clear();
        drift.resize(num_frames, 0.0);
    }

    /// Takes the paths through layer `nth` into `next`, where at most `kept` of each frame go on.
    fn extend(
        &self,
        layers: &[PreparedLayer<'_>],
        nth: usize,
        kept: usize,
        picks: &mut Vec<Pick>,
        next: &mut Self,
        scratch: &mut Scratch,
    ) {
        let layer = &layers[nth];
        let (dim, num_codes, num_layers) = (layer.outputs.dim(), layer.outputs.num_rows(), layers.len());
        let kept = kept.min(self.kept * num_codes);
        picks.clear();
        picks.resize(self.drift.len() / self.kept.max(1) * kept, Pick::NONE);
        // The nearest code of the greedy path comes first and stays; behind the last layer it competes like the others.
        let keeps_first = nth + 1 < num_layers;
        let is_plain = layer.is_plain();
        if is_plain {
            let so_far = PathsSoFar {
                paths: self.kept,
                residual: &self.residual,
                codes: &self.codes,
                drift: &self.drift,
            };
            let tables = layer.tables().filter(|_| !layer.searcher.screens_each_path(self.kept));
            layer.searcher.best_of_paths(tables, so_far, keeps_first, picks, scratch);
        } else {
            let residual = Rows::new(&self.residual, dim);
            let own = layer.own_input(&residual);
            let seen = own.as_ref().unwrap_or(&residual);
            let wanted = Wanted { paths: self.kept, keeps_first, picks, nearest: None };
            best_in_frames_space(&layer.searcher, &layer.outputs, &residual, seen, wanted, scratch);
        }
        next.kept = kept;
        next.residual.clear();
        next.codes.clear();
        next.sq_dists.clear();
        next.drift.clear();
        for (frame, picks) in picks.chunks_exact(kept.max(1)).enumerate() {
            for pick in picks {
                let path = frame * self.kept + pick.path as usize;
                let residual = self.residual[path * dim..][..dim].iter();
                // The same numbers; the searcher's are in the cache.
                let row = if is_plain {
                    layer.searcher.row(pick.code)
                } else {
                    layer.outputs.row(pick.code as usize)
                };
                next.residual.extend(residual.zip(row).map(|(r, e)| r - e));
                let start = next.codes.len();
                next.codes.extend_from_slice(&self.codes[path * num_layers..][..num_layers]);
                next.sq_dists.extend_from_slice(&self.sq_dists[path * num_layers..][..num_layers]);
                next.codes[start + nth] = pick.code;
                next.sq_dists[start + nth] = pick.sq_dist;
                // Each difference is rounded once, by half a unit of its last place at most.
                next.drift.push(self.drift[path] + 0.51 * f32::EPSILON * pick.sq_dist.sqrt());
            }
        }
    }
}
