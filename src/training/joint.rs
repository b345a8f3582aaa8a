//! A step along several paths: every layer sees what the best ways through the layers before it leave over of each frame.
//!
//! A greedy step shows a layer one residual a frame. A search along B paths takes the others as well, and rows that were moved by them serve it
//! better: the paths of a training step are those that the encoder follows, each counts as a frame, and the update rule is the same.
//!
//! # What was tried
//! Held-out SNR in dB, encoded with a beam of 5, of 8 layers of 256 codes: Lyra's features (64 dimensions, 14 000 frames to train on) and an
//! autoregressive process with Student-t noise (32 dimensions, 14 400 frames). All but the last two rows are ports to numpy and FAISS.
//!
//! | way | Lyra | process |
//! |---|---|---|
//! | FAISS, beam 1 | 7.84 | 12.44 |
//! | FAISS, beam 5 | 8.00 | 12.58 |
//! | FAISS, beam 5, with its codebook refinement | 7.76 | 12.60 |
//! | k-means layer by layer, on the best of five paths alone | 7.83 | 12.32 |
//! | the same on all five paths | 7.99 | 12.59 |
//! | the same on all of sixteen paths | 8.02 | 12.64 |
//! | five paths, and 0.2 of the difference of two random frames added to each | 7.99 | 12.68 |
//! | five paths, deep layers scaled to the energy that a held-out part leaves | 7.89 | 12.72 |
//! | FAISS, beam 5, one refit held by 2, 20, 100 frames at the old place | 7.99, 8.01, 8.01 | 12.62, 12.61, 12.59 |
//! | the same, held by 5, 20 frames at zero | 7.76, 7.07 | 12.33, 10.80 |
//! | the same, over all paths of each frame and not the best one | 8.00 | not measured |
//! | the rule here, 60 greedy steps of all frames at a decay of 0.7 | 7.98 | 12.42 |
//! | the rule here, 24 steps along five paths at a decay of 0.6 | 8.00 | 12.57 |
//!
//! More paths are better still, and few steps along them do: `benches/quality.md` has twelve paths for a hundred steps and eight for eight beside FAISS,
//! on the same frames.
//!
//! How many steps, held out on Lyra's features along five paths, three seeds, from 20 iterations of k-means (spread of the seeds 0.02 to 0.04 dB):
//!
//! | paths | 12 steps | 20 steps | 40 steps | 100 steps |
//! |---|---|---|---|---|
//! | 8 | 7.48 | 7.48 | | 7.54 |
//! | 12 | 7.46 | 7.47 | 7.49 | 7.54 |
//!
//! Wider searches come to the same: 16 paths 7.47 (8 steps), 7.48 (16) and 7.53 (100), 32 paths 7.55 (100). Behind 8 steps along 8 paths, 7.45 throughout: decays
//! of 0.6, 0.8, 0.9 and 0.95 gave 7.45 to 7.46, thresholds of 0 and 0.3 7.41 and 7.45, and no calibration 7.41.
//!
//! Batches of 1024 or 2048 frames for four or two times as many steps, and all frames in each of them, were within 0.04 dB of that along 8 paths (one
//! seed). 30 iterations of k-means in place of 20 are 0.29 dB more with 1024 codes on a mixture of 200 clusters (one seed), and 50 no more than 30.
//!
//! Layers start from what the greedy path leaves over. Starting them from all paths (as many vectors, drawn anew for each layer) was left out. Held out on
//! Lyra's features, on other frames than above, one seed, encoded with a beam of 5:
//!
//! | trained along | started greedily | started from all paths |
//! |---|---|---|
//! | 5 paths, 1 step | 7.39 | 7.46 |
//! | 12 paths, 1 step | 7.45 | 7.40 |
//! | 12 paths, 5 steps | 7.48 | 7.41 |
//! | 12 paths, 15 steps | 7.49 | 7.47 |
//!
//! On log-mel frames of the built-in speech (80 dimensions, 8 000 frames) FAISS's three ways reach 22.94, 23.48 and 19.57 dB, and the rule here 23.26
//! greedily and 23.77 along five paths.
//!
//! What gains is that every path moves rows, and not the best one alone: a layer then sees more of what frames that it does not know will bring.
//! Least squares gain up to 0.6 dB on the frames that they fit and, with 55 frames a code, nothing elsewhere. So a refit is judged by frames that
//! it does not fit, and dropped where they lose; shrinking rows towards zero costs at any strength.

use rayon::prelude::*;

use crate::rvq::nearest::{Pick, Scratch, Searcher, Wanted, differences_and_norms};
use crate::rvq::search::Search;
use crate::rvq::{Assignment, Metric, Rows, Rvq, RvqError, RvqParams, best_in_frames_space};
use crate::text::{Message, msg};

/// Frames whose paths one task extends. Energies are added by these blocks in order, so that they are the same bits on any number of threads.
const BLOCK_FRAMES: usize = 64;

/// The paths of a batch in front of one layer, and what becomes of them behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathStep {
    /// Paths of each frame in front of the layer.
    pub(super) count: usize,
    /// Paths that are followed in all.
    pub(super) width: usize,
    /// Whether no layer comes behind this one: the best path alone is left then.
    pub(super) is_last: bool,
}

/// What a layer makes of the paths. Its memory serves layer after layer.
#[derive(Debug, Default)]
pub(super) struct Extended {
    /// What they leave over, `(num_frames, kept, dim)`, the greedy path first.
    pub(super) residual: Rows<'static>,
    /// `||r||²` of each frame along its best path.
    pub(super) energies: Vec<f64>,
    /// The nearest code of each path in front of the layer, `(num_frames, count)`.
    pub(super) codes: Vec<u32>,
    /// Its squared distance in the layer's own space.
    pub(super) sq_dists: Vec<f32>,
}

/// A layer as paths go through it.
pub(super) struct PathLayer<'a> {
    /// Made of the rows as the search compares them.
    pub(super) searcher: &'a Searcher,
    /// What each code takes away in the frames' own space, `(num_codes, dim)`.
    pub(super) outputs: Rows<'a>,
    /// Whether the search happens in the frames' own space, so that its distances are what is left over.
    pub(super) is_plain: bool,
}

impl PathStep {
    /// `count` paths of each frame in front of a layer, in a training with `params`.
    pub(super) fn of(params: &RvqParams, count: usize, is_last: bool) -> Self {
        Self { count: count.max(1), width: Search::of_width(params.search).width(), is_last }
    }

    /// Paths of each frame behind a layer of `num_codes` codes.
    pub(super) fn kept(self, num_codes: usize) -> usize {
        let width = if self.is_last { 1 } else { self.width };
        width.min(self.count * num_codes).max(1)
    }

    /// Whether each frame has one path, here and behind the layer.
    pub(super) fn is_greedy(self) -> bool {
        self.width == 1 && self.count == 1
    }
}

impl Extended {
    /// `sum ||r||²` over the best path of each frame, added up in fixed blocks.
    pub(super) fn energy(&self) -> f64 {
        self.energies.chunks(BLOCK_FRAMES).map(|block| block.iter().sum::<f64>()).sum()
    }
}

impl PathLayer<'_> {
    /// Takes the paths through the layer: `residual` is what they leave over in front of it, `seen` what its search sees of that; both are
    /// `(num_frames * count, ..)`.
    ///
    /// The nearest code of the greedy path comes first and stays; the best of the others follow, by what they leave over, on ties the path of lower
    /// rank and then the nearer code. Behind the last layer all compete, and one is left.
    pub(super) fn extend(
        &self,
        residual: &Rows<'_>,
        seen: &Rows<'_>,
        step: PathStep,
        extended: &mut Extended,
    ) {
        let Extended { residual: left, energies, codes, sq_dists } = extended;
        let dim = residual.dim().max(1);
        let num_frames = residual.num_rows() / step.count;
        let (kept, seen_dim) = (step.kept(self.outputs.num_rows()), seen.dim().max(1));
        energies.resize(num_frames, 0.0);
        codes.resize(residual.num_rows(), 0);
        sq_dists.resize(residual.num_rows(), 0.0);
        let block = BLOCK_FRAMES * step.count;
        left.reshaped(num_frames * kept, residual.dim())
            .par_chunks_mut(BLOCK_FRAMES * kept * dim)
            .zip(energies.par_chunks_mut(BLOCK_FRAMES))
            .zip(codes.par_chunks_mut(block).zip(sq_dists.par_chunks_mut(block)))
            .zip(residual.values().par_chunks(block * dim))
            .zip(seen.values().par_chunks(block * seen_dim))
            .for_each_init(
                Default::default,
                |(picks, norms, scratch), ((((left, energies), nearest), residual), seen)| {
                    let picks: &mut Vec<Pick> = picks;
                    picks.clear();
                    picks.resize(energies.len() * kept, Pick::NONE);
                    let (residual, seen) = (Rows::new(residual, dim), Rows::new(seen, seen_dim));
                    let (paths, keeps_first) = (step.count, !step.is_last);
                    let wanted = Wanted { paths, keeps_first, picks, nearest: Some(nearest) };
                    self.search(&residual, &seen, wanted, scratch);
                    self.follow(&residual, picks, step.count, (left, energies), norms);
                },
            );
    }

    /// Finds the best ways on, and the nearest code of each path.
    fn search(&self, residual: &Rows<'_>, seen: &Rows<'_>, wanted: Wanted<'_>, scratch: &mut Scratch) {
        if self.is_plain {
            self.searcher.best_of_each_path(residual.values(), wanted, scratch);
        } else {
            best_in_frames_space(self.searcher, &self.outputs, residual, seen, wanted, scratch);
        }
    }

    /// Writes what is left over of each frame along the paths that were picked, and the energy of the best of them.
    fn follow(
        &self,
        residual: &Rows<'_>,
        picks: &[Pick],
        count: usize,
        (left, energies): (&mut [f32], &mut [f64]),
        norms: &mut Vec<f64>,
    ) {
        let kept = picks.len() / energies.len().max(1);
        norms.resize(picks.len(), 0.0);
        differences_and_norms(left, norms, |nth| {
            let Pick { path, code, .. } = picks[nth];
            (residual.row(nth / kept * count + path as usize), self.outputs.row(code as usize))
        });
        for (energy, norms) in energies.iter_mut().zip(norms.chunks_exact(kept.max(1))) {
            *energy = norms.iter().copied().fold(f64::INFINITY, f64::min);
        }
    }
}

/// `||r||²`.
fn norm(path: &[f32]) -> f64 {
    path.iter().map(|&v| f64::from(v).powi(2)).sum()
}

/// `sum ||r||²` over the best of each frame's `count` paths.
pub(super) fn best_energy(residual: &Rows<'_>, count: usize) -> f64 {
    let dim = residual.dim().max(1);
    let frames: Vec<f64> = residual
        .values()
        .par_chunks(count.max(1) * dim)
        .map(|paths| paths.chunks_exact(dim).map(norm).fold(f64::INFINITY, f64::min))
        .collect();
    frames.iter().sum()
}

/// Checks that a quantizer can be trained as `params` say: along several paths, with refits at the end.
///
/// # Errors
/// It cannot; the sentence says why.
pub(super) fn check(params: &RvqParams, rvq: &Rvq) -> Result<(), RvqError> {
    let refused = |why: Message| Err(RvqError::Shape(why));
    if params.search > 1 && params.assignment == Assignment::Upstream {
        return refused(msg!("err-search-exact"));
    }
    if params.refit == 0 {
        return Ok(());
    }
    if params.quantizer_dropout {
        return refused(msg!("err-refit-dropout"));
    }
    let is_plain = rvq.layers().iter().all(|layer| layer.projection.is_none());
    if !is_plain || rvq.metric() != Metric::Euclidean {
        return refused(msg!("err-refit-plain"));
    }
    Ok(())
}
