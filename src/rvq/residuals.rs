//! What codes leave over of rows.

use rayon::prelude::*;

use super::nearest::{differences_and_norms, subtract_rows};
use super::rows::Rows;

/// Rows that one task takes. Sums are added block by block in order, so that they are the same bits on any number of threads.
const BLOCK_ROWS: usize = 256;

impl Rows<'_> {
    /// `row_n -= rows[codes_n]` for every row; gives `sum ||row_n||²` of what is left, added up in f64 by fixed blocks.
    pub(crate) fn subtract(&mut self, rows: &Rows<'_>, codes: &[u32]) -> f64 {
        let dim = self.dim().max(1);
        let blocks: Vec<f64> = self
            .values_mut()
            .par_chunks_mut(BLOCK_ROWS * dim)
            .zip(codes.par_chunks(BLOCK_ROWS))
            .map_init(Vec::new, |norms, (block, codes)| {
                norms.resize(codes.len(), 0.0);
                subtract_rows(block, norms, |nth| rows.row(codes[nth] as usize));
                norms.iter().sum()
            })
            .collect();
        blocks.iter().sum()
    }

    /// Takes `rows[codes_n]` off every row of `input` in place of its own rows, and gives `||row_n||²` of each that is left.
    pub(crate) fn difference(&mut self, input: &Rows<'_>, rows: &Rows<'_>, codes: &[u32]) -> Vec<f64> {
        let dim = input.dim().max(1);
        let mut norms = vec![0.0; input.num_rows()];
        self.reshaped(input.num_rows(), input.dim())
            .par_chunks_mut(BLOCK_ROWS * dim)
            .zip(input.values().par_chunks(BLOCK_ROWS * dim))
            .zip(codes.par_chunks(BLOCK_ROWS).zip(norms.par_chunks_mut(BLOCK_ROWS)))
            .for_each(|((left, input), (codes, norms))| {
                let parts = |nth: usize| (&input[nth * dim..][..dim], rows.row(codes[nth] as usize));
                differences_and_norms(left, norms, parts);
            });
        norms
    }
}
