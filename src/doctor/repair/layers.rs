//! The layers of a quantizer while they are mended, and what each of them sees of the frames.

use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::rvq::encoder::Encoder;
use crate::rvq::nearest::Searcher;
use crate::rvq::search::Search;
use crate::rvq::{Codebook, LayerSpan, Rvq, RvqError};
use crate::task::Task;

use super::Plan;

/// The layers, which may be changed, and the frames.
pub(super) struct Layers<'a> {
    pub(super) books: Vec<Codebook>,
    pub(super) frames: ArrayView2<'a, f32>,
    /// The one that may be changed; `None` for all.
    pub(super) only: Option<usize>,
    pub(super) search: Search,
    pub(super) seed: u64,
    pub(super) task: Task<'a>,
}

/// What a layer makes of its input: the code of each frame, and its squared distance.
pub(super) struct Assigned {
    pub(super) codes: Vec<u32>,
    pub(super) sq_dists: Vec<f32>,
}

impl<'a> Layers<'a> {
    pub(super) fn new(rvq: &Rvq, frames: ArrayView2<'a, f32>, plan: &Plan<'_>, task: Task<'a>) -> Self {
        let Plan { layer: only, search, seed, .. } = *plan;
        let books = rvq.layers().iter().map(|layer| layer.codebook.clone()).collect();
        Self { books, frames, only, search, seed, task }
    }

    /// Whether this layer may be changed.
    pub(super) fn may_change(&self, layer: usize) -> bool {
        self.only.is_none_or(|only| only == layer)
    }

    /// The quantizer that they make.
    pub(super) fn finish(self) -> Result<Rvq, RvqError> {
        Rvq::new(self.books.into_iter().map(Into::into).collect())
    }

    /// The codes of the frames by the search that was asked for, `(num_layers, num_frames)`.
    pub(super) fn encode(&self) -> Result<Array2<u32>, RvqError> {
        let rvq = Rvq::new(self.books.iter().cloned().map(Into::into).collect())?;
        Ok(Encoder::new(&rvq, LayerSpan::ALL)?.encode(self.frames, self.search)?.to_matrix())
    }

    /// Goes through the layers in order: `work` may change each, and is given what it sees. What it has changed is what the next one sees.
    pub(super) fn each(
        &mut self,
        mut work: impl FnMut(usize, &mut Codebook, ArrayView2<'_, f32>) -> usize,
    ) -> Result<usize, RvqError> {
        let mut residual = self.frames.as_standard_layout().into_owned();
        let mut changed = 0;
        for (layer, book) in self.books.iter_mut().enumerate() {
            self.task.check()?;
            if self.only.is_none_or(|only| only == layer) {
                changed += work(layer, book, residual.view());
            }
            let Assigned { codes, .. } = assign(book, residual.view());
            for (mut frame, &code) in residual.rows_mut().into_iter().zip(&codes) {
                if let Some(row) = book.row(code as usize) {
                    frame -= &row;
                }
            }
        }
        Ok(changed)
    }
}

/// The nearest code of each frame, `(num_frames, dim)`.
pub(super) fn assign(book: &Codebook, frames: ArrayView2<'_, f32>) -> Assigned {
    let frames = frames.as_standard_layout();
    let (mut codes, mut sq_dists) = (vec![0; frames.nrows()], vec![0.0; frames.nrows()]);
    if let Some(values) = frames.as_slice() {
        Searcher::new(book.embed()).assign(values, &mut codes, &mut sq_dists);
    }
    Assigned { codes, sq_dists }
}

/// How many frames chose each code.
pub(super) fn counts(codes: &[u32], num_codes: usize) -> Vec<u64> {
    let mut counts = vec![0; num_codes];
    for &code in codes {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    counts
}

/// What an even code of this codebook has: `C/K`, or one frame where the file came without sizes.
pub(super) fn even_size(book: &Codebook) -> f64 {
    let total: f64 = book.cluster_size().iter().map(|size| size.max(0.0)).sum();
    if total > 0.0 { total / book.num_codes() as f64 } else { 1.0 }
}

/// Writes a row with the size and the sum that go with it, so that a trainer's next step keeps it.
pub(super) fn place(book: &mut Codebook, code: usize, row: ArrayView1<'_, f32>, size: f64) {
    let (rows, sizes, sums) = book.parts_mut();
    rows.row_mut(code).assign(&row);
    sizes[code] = size;
    sums.row_mut(code).assign(&row.mapv(|v| f64::from(v) * size));
}
