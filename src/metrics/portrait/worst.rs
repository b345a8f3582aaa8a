//! The frame that each code of a layer meets worst.

#![allow(clippy::needless_pass_by_value, reason = "views are passed like slices")]

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::members::{distance, search_inputs};
use crate::metrics::over_time::OverTime;
use crate::rvq::{Rvq, RvqError};
use crate::task::Task;

/// Frames that one task looks at, and tasks whose results are held at a time.
const BLOCK: usize = 512;
const BLOCKS_AT_ONCE: usize = 64;

/// A frame that is farther from the row of its code than all others that chose it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worst {
    /// Which it is; the first of its group where frames share a code, and the first of several at the same distance.
    pub frame: usize,
    /// The distance of what the layer sees of it to the row, in the space in which the layer searches.
    pub distance: f64,
}

/// The worst frame of each code of layer `layer_idx`, `K` of them; `None` where no frame chose the code.
///
/// `frames` are `(num_frames, dim)`, `codes` `(num_layers, num_frames or fewer)`, `layer` the codes of the layer over time. All frames are looked at;
/// the result does not depend on the number of threads.
///
/// # Errors
/// There is no such layer, the frames, the codes and the quantizer do not fit together, or it was cancelled.
pub fn worst_frames(
    rvq: &Rvq,
    layer_idx: usize,
    frames: ArrayView2<'_, f32>,
    codes: ArrayView2<'_, u32>,
    layer: OverTime<'_>,
    task: &Task<'_>,
) -> Result<Vec<Option<Worst>>, RvqError> {
    let have = rvq.num_layers();
    let of = rvq.layers().get(layer_idx).ok_or(RvqError::NoSuchLayer { asked: layer_idx, have })?;
    let rows = of.searched_rows(rvq.metric());
    let starts: Vec<u32> = layer
        .moments()
        .flat_map(|clip| clip.step_by(layer.stride.max(1)))
        .filter(|&frame| layer.code(frame).is_some_and(|code| (code as usize) < rows.nrows()))
        .filter_map(|frame| u32::try_from(frame).ok())
        .collect();
    let look = |starts: &[u32]| -> Result<Vec<(usize, Worst)>, RvqError> {
        task.check()?;
        let inputs = search_inputs(rvq, layer_idx, frames, codes, starts)?;
        let one = |(&start, input)| {
            let frame = start as usize;
            let code = layer.code(frame)? as usize;
            Some((code, Worst { frame, distance: distance(input, rows.row(code)) }))
        };
        Ok(starts.iter().zip(inputs.rows()).filter_map(one).collect())
    };
    let mut worst: Vec<Option<Worst>> = vec![None; layer.num_codes];
    for starts in starts.chunks(BLOCK * BLOCKS_AT_ONCE) {
        let blocks: Result<Vec<_>, RvqError> = starts.par_chunks(BLOCK).map(look).collect();
        for (code, seen) in blocks?.into_iter().flatten() {
            if let Some(worst) = worst.get_mut(code)
                && worst.is_none_or(|known| seen.distance > known.distance)
            {
                *worst = Some(seen);
            }
        }
    }
    Ok(worst)
}
