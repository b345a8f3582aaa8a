//! Frames computed in parallel, each for itself.

use ndarray::Array2;
use rayon::prelude::*;

use crate::task::Task;
use crate::text::Phrase;

use super::ExtractError;

/// Frames between two looks at the cancel switch: tens of milliseconds of work.
const BLOCK_FRAMES: usize = 8192;

/// Frames that one thread takes at a time.
const CHUNK_FRAMES: usize = 64;

/// The most values of one clip, 8 GiB.
const MAX_VALUES: usize = 1 << 31;

/// `(num_frames, dim)`, each row made by `fill(scratch, frame_idx, row)`.
///
/// A row depends on nothing but its index, so the thread count cannot change the result.
pub(super) fn rows<S>(
    (num_frames, dim): (usize, usize),
    stage: Phrase,
    task: &Task<'_>,
    scratch: impl Fn() -> S + Sync,
    fill: impl Fn(&mut S, usize, &mut [f32]) -> Result<(), ExtractError> + Sync,
) -> Result<Array2<f32>, ExtractError> {
    let too_large = ExtractError::TooLarge { frames: num_frames, dim };
    let len = match num_frames.checked_mul(dim) {
        Some(len) if len <= MAX_VALUES => len,
        _ => return Err(too_large),
    };
    let mut values = vec![0.0_f32; len];
    for (i, block) in values.chunks_mut((BLOCK_FRAMES * dim).max(1)).enumerate() {
        task.check()?;
        task.progress(stage, i * BLOCK_FRAMES, num_frames);
        block.par_chunks_mut(CHUNK_FRAMES * dim).enumerate().try_for_each_init(
            &scratch,
            |scratch, (j, chunk)| {
                let first = i * BLOCK_FRAMES + j * CHUNK_FRAMES;
                chunk.chunks_mut(dim).enumerate().try_for_each(|(k, row)| fill(scratch, first + k, row))
            },
        )?;
    }
    task.check()?;
    task.progress(stage, num_frames, num_frames);
    Array2::from_shape_vec((num_frames, dim), values).map_err(|_| too_large)
}
