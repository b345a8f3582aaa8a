//! Frames to codes and back, between files.

use std::path::PathBuf;
use std::sync::Arc;

use ndarray::Array2;

use crate::io::{self, Codes};
use crate::rvq::encoder::Encoder;
use crate::rvq::search::Search;
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
    /// The way through them.
    pub search: Search,
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

/// The codes of a corpus, block by block: `put` gets the first frame of each block and its codes, `(layers in span, frames of the block)`.
///
/// # Errors
/// The dimensions differ, the span does not fit, `put` fails, or it was cancelled.
pub fn encode<E: From<RvqError>>(
    rvq: &Rvq,
    dataset: &Dataset,
    span: LayerSpan,
    search: Search,
    task: &Task<'_>,
    mut put: impl FnMut(usize, Array2<u32>) -> Result<(), E>,
) -> Result<(), E> {
    let encoder = Encoder::new(rvq, span)?;
    let frames = dataset.set.matrix.view();
    for start in (0..frames.nrows()).step_by(BLOCK_FRAMES) {
        task.check().map_err(RvqError::from)?;
        task.progress("encoding", start, frames.nrows());
        let end = (start + BLOCK_FRAMES).min(frames.nrows());
        put(start, encoder.encode(frames.slice(ndarray::s![start..end, ..]), search)?.to_matrix())?;
    }
    task.progress("encoding", frames.nrows(), frames.nrows());
    Ok(())
}

/// Writes the codes of a corpus as int32 `.npy`, `[n_q, T]`.
///
/// # Errors
/// As for [`encode`]; or the file cannot be written, and what was there stays.
pub fn encode_to_file(spec: &CodesSpec, ctx: &JobCtx<'_>) -> Result<PathBuf, JobError> {
    let CodesSpec { rvq, dataset, span, search, path } = spec;
    let num_layers = span.resolve(rvq.num_layers())?.len();
    let shape = (num_layers, dataset.set.matrix.num_frames());
    let mut stopped = None;
    let written = io::write_codes_blocks(path, shape, |file| {
        let encoded = ctx.compute(|task| {
            encode::<Stopped>(rvq, dataset, *span, *search, task, |start, codes| {
                file.put(start, codes.view()).map_err(Stopped::Writing)
            })
        });
        let problem = match encoded {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(Stopped::Writing(err))) => return Err(err),
            Ok(Err(Stopped::Encoding(err))) => err.into(),
            Err(err) => err,
        };
        stopped = Some(problem);
        Err(std::io::ErrorKind::Interrupted.into())
    });
    match (stopped, written) {
        (Some(problem), _) => Err(problem),
        (None, written) => Ok(written.map(|()| path.clone())?),
    }
}

/// What ended an encoding.
enum Stopped {
    Encoding(RvqError),
    Writing(std::io::Error),
}

impl From<RvqError> for Stopped {
    fn from(err: RvqError) -> Self {
        Self::Encoding(err)
    }
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
