//! Bare float32 numbers, frame by frame, as `tofile` writes them: the user says how many make a frame.

use std::io::Seek;

use super::arrays::RawFeatures;
use super::dtype::{self, Run};
use super::{Dtype, Opened, Problem, Source};
use crate::task::Task;
use crate::text::msg;

/// Reads a file of nothing but numbers, `dim` a frame.
///
/// # Errors
/// They are no whole number of frames, too large to be features, or cannot be read.
pub(super) fn read(source: &Source<'_>, dim: usize, task: &Task<'_>) -> Result<Opened, Problem> {
    const SIZE: u64 = 4;
    let frame = (dim as u64).saturating_mul(SIZE);
    if !source.len.is_multiple_of(frame) {
        return Err(Problem::Value(msg!("file-no-whole-frames", n = source.len.to_string(), dim = dim)));
    }
    let mut file = &source.file;
    file.rewind()?;
    let count =
        usize::try_from(source.len / SIZE).map_err(|_| Problem::Malformed(msg!("file-beyond-counting")))?;
    let stage = source.stage();
    let run = Run { dtype: Dtype::F32, big_endian: false, count, sure: count, stage: &stage };
    let values = dtype::read_floats(&mut file, run, task)?;
    // Text, packed bytes and numbers of another type are far beyond what features are, or next to nothing.
    const LARGEST: f32 = 1e20;
    if let Some(at) = values.iter().position(|v| v.abs() > LARGEST) {
        let value = format!("{:e}", values.get(at).copied().unwrap_or_default());
        return Err(Problem::Value(msg!("file-no-floats", at = at, value = value)));
    }
    let mut features = RawFeatures::of_rows(values, dim, Vec::new(), msg!("axis-bare-numbers"))?;
    features.as_stored.dtype = Some(Dtype::F32);
    Ok(Opened::Features(features))
}
