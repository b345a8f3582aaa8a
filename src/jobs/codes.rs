//! Frames to codes and back, between files.

use std::path::PathBuf;
use std::sync::Arc;

use ndarray::Array2;

use crate::io::{self, Codes};
use crate::rvq::encoder::Encoder;
use crate::rvq::{LayerSpan, Rvq, RvqError};
use crate::task::Task;

use super::{Dataset, JobCtx, JobError};

/// Codes of a corpus, to be written.
#[derive(Debug, Clone)]
pub struct CodesSpec {
    /// The quantizer.
    pub rvq: Arc<Rvq>,
    /// The corpus.
    pub dataset: Arc<Dataset>,
    /// Which layers.
    pub span: LayerSpan,
    /// Where to.
    pub path: PathBuf,
}

/// Codes to be turned back into frames.
#[derive(Debug, Clone)]
pub struct DecodeSpec {
    /// The quantizer.
    pub rvq: Arc<Rvq>,
    /// A file of codes, `(num_layers, num_frames)`.
    pub codes: PathBuf,
    /// The layer that its first row belongs to.
    pub start: usize,
    /// Where to.
    pub path: PathBuf,
}

/// Frames that are encoded between two looks at the cancel switch.
const BLOCK_FRAMES: usize = 16_384;

/// The codes of a corpus, `(layers in span, num_frames)`.
///
/// # Errors
/// The dimensions differ, the span does not fit, or it was cancelled.
pub fn encode(
    rvq: &Rvq,
    dataset: &Dataset,
    span: LayerSpan,
    task: &Task<'_>,
) -> Result<Array2<u32>, RvqError> {
    let encoder = Encoder::new(rvq, span)?;
    let range = encoder.range();
    let frames = dataset.set.matrix.view();
    let mut codes = Array2::zeros((range.len(), frames.nrows()));
    for start in (0..frames.nrows()).step_by(BLOCK_FRAMES) {
        task.check()?;
        task.progress("encoding", start, frames.nrows());
        let end = (start + BLOCK_FRAMES).min(frames.nrows());
        encoder.pass(frames.slice(ndarray::s![start..end, ..]), |pass| {
            let mut row = codes.slice_mut(ndarray::s![pass.layer_idx - range.start, start..end]);
            row.assign(&ndarray::aview1(pass.codes));
        })?;
    }
    task.progress("encoding", frames.nrows(), frames.nrows());
    Ok(codes)
}

/// Writes the codes of a corpus as int32 `.npy`, `[n_q, T]`.
///
/// # Errors
/// As for [`encode`]; or the file cannot be written, and what was there stays.
pub fn encode_to_file(spec: &CodesSpec, ctx: &JobCtx<'_>) -> Result<PathBuf, JobError> {
    let codes = ctx.compute(|task| encode(&spec.rvq, &spec.dataset, spec.span, task))??;
    io::write_codes_npy(&spec.path, codes.view())?;
    Ok(spec.path.clone())
}

/// Writes the frames that a file of codes stands for as f32 `.npy`, `[T, D]`.
///
/// # Errors
/// The file holds no codes, or a code or layer that the quantizer has not; or the result cannot be written.
pub fn decode_to_file(spec: &DecodeSpec, ctx: &JobCtx<'_>) -> Result<PathBuf, JobError> {
    let frames = ctx.compute(|task| {
        let codes = match io::open(&spec.codes, task)? {
            io::Opened::Codes(codes) => codes,
            _ => {
                return Err(JobError::Input(format!(
                    "this file holds no codes; give whole numbers, one row a layer: {}",
                    spec.codes.display()
                )));
            }
        };
        let Codes { values, .. } = codes;
        Ok(spec.rvq.decode(values.view(), spec.start)?)
    })??;
    io::write_f32_npy(&spec.path, frames.view())?;
    Ok(spec.path.clone())
}
