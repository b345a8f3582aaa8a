//! Nearest-code search: which row of a codebook is closest to each frame.

use ndarray::ArrayView2;
use rayon::prelude::*;

/// A codebook `(num_codes, dim)` made ready for many searches.
#[derive(Debug, Clone, Default)]
pub struct Searcher {
    rows: Vec<f32>,
    num_codes: usize,
    dim: usize,
}

/// Frames that one task handles.
const BLOCK_FRAMES: usize = 256;

impl Searcher {
    /// Prepares `codebook`, `(num_codes, dim)`.
    #[must_use]
    pub fn new(codebook: ArrayView2<'_, f32>) -> Self {
        let mut searcher = Self::default();
        searcher.prepare(codebook);
        searcher
    }

    /// Prepares another codebook, reusing the memory of the last.
    pub fn prepare(&mut self, codebook: ArrayView2<'_, f32>) {
        (self.num_codes, self.dim) = codebook.dim();
        self.rows.clear();
        self.rows.extend(codebook.iter());
    }

    /// Writes the nearest code of each frame, and its squared distance.
    ///
    /// `frames` is `(codes.len(), dim)` row by row. Ties go to the lowest index. Runs on the current rayon pool; the result does not depend
    /// on the number of threads.
    pub fn assign(&self, frames: &[f32], codes: &mut [u32], sq_dists: &mut [f32]) {
        let Self { rows, dim, .. } = self;
        frames
            .par_chunks(BLOCK_FRAMES * dim)
            .zip(codes.par_chunks_mut(BLOCK_FRAMES))
            .zip(sq_dists.par_chunks_mut(BLOCK_FRAMES))
            .for_each(|((frames, codes), dists)| {
                for ((frame, code), dist) in frames.chunks_exact(*dim).zip(codes).zip(dists) {
                    let mut best = f32::INFINITY;
                    for (k, row) in rows.chunks_exact(*dim).enumerate() {
                        let d: f32 = frame.iter().zip(row).map(|(x, e)| (x - e) * (x - e)).sum();
                        if d < best {
                            best = d;
                            *code = k as u32;
                        }
                    }
                    *dist = best;
                }
            });
    }
}

/// The nearest code of each frame and its squared distance, in f64 and one pair at a time: the oracle for every faster way.
#[must_use]
pub fn nearest_naive(frames: ArrayView2<'_, f32>, codebook: ArrayView2<'_, f32>) -> (Vec<u32>, Vec<f64>) {
    frames
        .rows()
        .into_iter()
        .map(|frame| {
            let mut best = (0, f64::INFINITY);
            for (k, row) in codebook.rows().into_iter().enumerate() {
                let d: f64 =
                    frame.iter().zip(row).map(|(&x, &e)| (f64::from(x) - f64::from(e)).powi(2)).sum();
                if d < best.1 {
                    best = (k as u32, d);
                }
            }
            best
        })
        .unzip()
}
