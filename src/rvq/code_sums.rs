//! Counts and sums of the frames that chose each code.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::nearest::add_rows;
use super::rows::Rows;

/// How many frames chose each code, and what they add up to.
///
/// Frames are put in order of their code by a counting sort, then each code's frames are added in frame order: the sums are the same bits for
/// any number of threads, and no one-hot matrix is needed.
#[derive(Debug, Clone, Default)]
pub struct CodeSums {
    counts: Vec<u32>,
    sums: Array2<f64>,
    starts: Vec<u32>,
    order: Vec<u32>,
}

/// Codes that one task adds up.
const CODES_A_TASK: usize = 16;

impl CodeSums {
    /// The counts and sums of `codes` over `frames`, `(num_frames, dim)`.
    #[must_use]
    pub fn new(frames: ArrayView2<'_, f32>, codes: &[u32], num_codes: usize) -> Self {
        let mut sums = Self::default();
        sums.fill(frames, codes, num_codes);
        sums
    }

    /// Counts anew, reusing the memory of the last time. Codes at or beyond `num_codes` are left out.
    pub fn fill(&mut self, frames: ArrayView2<'_, f32>, codes: &[u32], num_codes: usize) {
        self.sort(codes, num_codes);
        let Self { sums, starts, order, .. } = self;
        let frames = Rows::of(frames);
        let dim = frames.dim();
        if sums.dim() != (num_codes, dim) {
            *sums = Array2::zeros((num_codes, dim));
        }
        let (starts, order) = (&*starts, &*order);
        sums.axis_chunks_iter_mut(Axis(0), CODES_A_TASK).into_par_iter().enumerate().for_each(
            |(task, mut rows)| {
                for (offset, row) in rows.rows_mut().into_iter().enumerate() {
                    let code_idx = task * CODES_A_TASK + offset;
                    let wanted = &order[starts[code_idx] as usize..starts[code_idx + 1] as usize];
                    let Some(sum) = row.into_slice() else { unreachable!("rows of an array of our own") };
                    sum.fill(0.0);
                    add_rows(wanted, |frame| frames.row(frame), sum);
                }
            },
        );
    }

    /// Counts anew and puts the frames in order of their codes; the sums stay what they were.
    pub(crate) fn sort(&mut self, codes: &[u32], num_codes: usize) {
        let Self { counts, starts, order, .. } = self;
        counts.clear();
        counts.resize(num_codes, 0);
        for &code in codes {
            if let Some(count) = counts.get_mut(code as usize) {
                *count += 1;
            }
        }
        starts.clear();
        starts.reserve(num_codes + 1);
        let mut next = 0;
        for &count in counts.iter() {
            starts.push(next);
            next += count;
        }
        starts.push(next);
        order.clear();
        order.resize(next as usize, 0);
        let mut cursors = std::mem::take(starts);
        for (frame_idx, &code) in codes.iter().enumerate() {
            if (code as usize) < num_codes {
                let cursor = &mut cursors[code as usize];
                order[*cursor as usize] = frame_idx as u32;
                *cursor += 1;
            }
        }
        // Each cursor now stands where the next code starts.
        cursors.rotate_right(1);
        if let Some(first) = cursors.first_mut() {
            *first = 0;
        }
        *starts = cursors;
        if let Some(last) = starts.last_mut() {
            *last = next;
        }
    }

    /// Takes over counts and sums, code by code, that were added up elsewhere; it knows no frames of them.
    pub(crate) fn set(
        &mut self,
        counts: impl Iterator<Item = u32>,
        sums: impl Iterator<Item = f64>,
        dim: usize,
    ) {
        self.counts.clear();
        self.counts.extend(counts);
        self.starts.clear();
        self.order.clear();
        let shape = (self.counts.len(), dim);
        if self.sums.dim() != shape {
            self.sums = Array2::zeros(shape);
        }
        self.sums.iter_mut().zip(sums).for_each(|(place, sum)| *place = sum);
    }

    /// How many frames chose each code, `(num_codes)`.
    #[must_use]
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The sum of the frames that chose each code, `(num_codes, dim)`.
    #[must_use]
    pub fn sums(&self) -> &Array2<f64> {
        &self.sums
    }

    /// The frames that chose `code_idx`, in ascending order.
    #[must_use]
    pub fn frames_of(&self, code_idx: usize) -> &[u32] {
        match (self.starts.get(code_idx), self.starts.get(code_idx + 1)) {
            (Some(&from), Some(&to)) => self.order.get(from as usize..to as usize).unwrap_or(&[]),
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn counts_sums_and_frames_by_hand() {
        let frames = array![[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]];
        let sums = CodeSums::new(frames.view(), &[2, 0, 2, 2], 4);
        assert_eq!(sums.counts(), &[1, 0, 3, 0]);
        assert_eq!(sums.sums(), &array![[3.0, 4.0], [0.0, 0.0], [13.0, 16.0], [0.0, 0.0]]);
        assert_eq!(sums.frames_of(2), &[0, 2, 3]);
        assert_eq!(sums.frames_of(0), &[1]);
        assert!(sums.frames_of(1).is_empty() && sums.frames_of(3).is_empty() && sums.frames_of(9).is_empty());
    }

    #[test]
    fn a_second_filling_forgets_the_first() {
        let frames = array![[1.0f32], [2.0], [4.0]];
        let mut sums = CodeSums::new(frames.view(), &[0, 1, 1], 2);
        sums.fill(frames.view(), &[1, 1, 1], 2);
        assert_eq!((sums.counts(), sums.sums()), (&[0, 3][..], &array![[0.0], [7.0]]));
    }
}
