//! Frames to codes and back, between files.

use std::path::PathBuf;
use std::sync::Arc;

use ndarray::Array2;

use crate::io::{self, Cleaning, Codes, CodesHeader, NO_CODE, Need, Opened, TimeAxis, Wanted};
use crate::rvq::encoder::Encoder;
use crate::rvq::search::Search;
use crate::rvq::{LayerSpan, Rvq, RvqError};
use crate::task::Task;
use crate::text::{Message, msg, phrase};

use super::{Dataset, JobCtx, JobError, JobEvent};

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
    /// The layer that its first row belongs to; `None` for what the file says, or the first.
    pub start: Option<usize>,
    /// Which axis of the codes is time; `None` for what the file or the quantizer's layers say.
    pub time_axis: Option<TimeAxis>,
    /// What is to be taken out of the codes, and undone in them.
    pub cleaning: Cleaning,
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
        task.progress(phrase!("stage-encoding"), start, frames.nrows());
        let end = (start + BLOCK_FRAMES).min(frames.nrows());
        put(start, encoder.encode(frames.slice(ndarray::s![start..end, ..]), search)?.to_matrix())?;
    }
    task.progress(phrase!("stage-encoding"), frames.nrows(), frames.nrows());
    Ok(())
}

/// Writes the codes of a corpus as int32 `[n_q, T]`, `.npy` or `.safetensors`.
///
/// # Errors
/// As for [`encode`]; or the file cannot be written, and what was there stays.
pub fn encode_to_file(spec: &CodesSpec, ctx: &JobCtx<'_>) -> Result<PathBuf, JobError> {
    let CodesSpec { rvq, dataset, span, search, path } = spec;
    let layers = span.resolve(rvq.num_layers())?;
    let shape = (layers.len(), dataset.set.matrix.num_frames());
    let header = CodesHeader {
        codebook_sizes: sizes(rvq, layers.start),
        first_layer: layers.start,
        frame_rate_hz: dataset.set.frame_rate_hz,
        clips: dataset.set.clips.iter().map(|clip| (clip.name.clone(), clip.frames.len())).collect(),
    };
    let header = CodesHeader {
        codebook_sizes: header.codebook_sizes.into_iter().take(layers.len()).collect(),
        ..header
    };
    let mut stopped = None;
    let written = io::write_codes_blocks(path, shape, &header, |file| {
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

/// `K` of each layer from `start` on.
fn sizes(rvq: &Rvq, start: usize) -> Vec<usize> {
    rvq.layers().iter().skip(start).map(|layer| layer.codebook.num_codes()).collect()
}

/// Writes the frames that a file of codes stands for as f32 `.npy`, `[T, D]`. What is to be known of the codes is told as notices.
///
/// # Errors
/// The file holds no codes, or a code or layer that the quantizer has not, or a frame without a code; or the result cannot be written.
pub fn decode_to_file(spec: &DecodeSpec, ctx: &JobCtx<'_>) -> Result<PathBuf, JobError> {
    let frames = ctx.compute(|task| {
        let (codes, start) = codes_of(spec, ctx, task)?;
        Ok::<_, JobError>(spec.rvq.decode(codes.values.view(), start)?)
    })??;
    io::write_f32_npy(&spec.path, frames.view())?;
    Ok(spec.path.clone())
}

/// The codes to be decoded, and the layer that they begin at.
fn codes_of(spec: &DecodeSpec, ctx: &JobCtx<'_>, task: &Task<'_>) -> Result<(Codes, usize), JobError> {
    let DecodeSpec { rvq, codes: path, start, time_axis, cleaning, .. } = spec;
    let at = path.display().to_string();
    let input = |words: Message| JobError::Input(msg!("about-file", words = words, path = at.as_str()));
    let from = start.unwrap_or(0);
    let sizes = sizes(rvq, from);
    let wanted = Wanted {
        need: Need::Codes,
        time_axis: *time_axis,
        num_layers: Some(sizes.len()),
        codebook_sizes: &sizes,
        cleaning: Some(cleaning),
        ..Wanted::default()
    };
    let codes = match io::open_as(path, wanted, task)? {
        Opened::Codes(codes) => codes,
        _ => return Err(input(msg!("job-no-codes"))),
    };
    for notice in &codes.notices {
        (ctx.emit)(JobEvent::Notice(msg!("about-file", words = notice, path = at.as_str())));
    }
    let stated = codes.stated.first_layer;
    if let (Some(start), Some(stated)) = (*start, stated.filter(|&stated| Some(stated) != *start)) {
        return Err(input(msg!("job-start-differs", start = start, stated = stated)));
    }
    if let Some(((layer, frame), _)) = codes.values.indexed_iter().find(|(_, code)| **code == NO_CODE) {
        return Err(input(msg!("job-no-code-for-frame", layer = layer, frame = frame)));
    }
    let start = stated.unwrap_or(from);
    check_sizes(rvq, start, &codes.stated.codebook_sizes).map_err(input)?;
    let (layers, left) = (codes.values.nrows(), rvq.num_layers().saturating_sub(start));
    if layers < left {
        let words = msg!("job-layers-given", layers = layers, left = left);
        (ctx.emit)(JobEvent::Notice(msg!("about-file", words = words, path = at.as_str())));
    }
    Ok((codes, start))
}

/// Refuses codes that say that they are of codebooks of other sizes.
fn check_sizes(rvq: &Rvq, start: usize, stated: &[usize]) -> Result<(), Message> {
    let differs =
        (start..).zip(stated.iter().zip(sizes(rvq, start))).find(|(_, (stated, size))| *stated != size);
    match differs {
        None => Ok(()),
        Some((layer, (stated, size))) => {
            Err(msg!("job-sizes-differ", stated = *stated, layer = layer, size = size))
        }
    }
}
