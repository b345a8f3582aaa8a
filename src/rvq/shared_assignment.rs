//! The nearest code of samples that every rank has, each rank looking at a part of them.

use crate::ranks;
use crate::task::{Cancelled, Task};

use super::nearest::Searcher;
use super::rows::Rows;

/// What [`Searcher::assign`] gives for `samples`, which are the same on every rank of `task`: each searches its part of them and hears of the others.
///
/// # Errors
/// Another rank has ended.
pub(super) fn assign(
    searcher: &Searcher,
    samples: &Rows<'_>,
    codes: &mut [u32],
    sq_dists: &mut [f32],
    task: &Task<'_>,
) -> Result<(), Cancelled> {
    let (ranks, dim) = (task.ranks(), samples.dim());
    if ranks.size() == 1 {
        searcher.assign(samples.values(), codes, sq_dists);
        return Ok(());
    }
    let part = |rank: usize| ranks::part(samples.num_rows(), rank, ranks.size());
    let own = part(ranks.rank());
    let values = &samples.values()[own.start * dim..own.end * dim];
    searcher.assign(values, &mut codes[own.clone()], &mut sq_dists[own.clone()]);
    let mut bytes = Vec::with_capacity(8 * own.len());
    bytes.extend_from_slice(bytemuck::cast_slice(&codes[own.clone()]));
    bytes.extend_from_slice(bytemuck::cast_slice(&sq_dists[own]));
    for (rank, told) in ranks.gather(&bytes)?.iter().enumerate() {
        let words = told.as_chunks::<4>().0;
        let (told_codes, told_dists) = words.split_at(words.len() / 2);
        for ((place, &code), &dist) in part(rank).zip(told_codes).zip(told_dists) {
            (codes[place], sq_dists[place]) = (u32::from_ne_bytes(code), f32::from_ne_bytes(dist));
        }
    }
    Ok(())
}
