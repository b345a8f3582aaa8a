//! Frames made audible: the audio itself, what a quantizer leaves of it after each layer, and the places where it uses a code.

mod passages;
mod takes;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use ndarray::{Array2, s};

use crate::features::distance::log_spectral_distance_db;
use crate::features::{ExtractError, ExtractParams, Inverse, Inversion};
use crate::io;
use crate::rvq::encoder::Encoder;
use crate::rvq::search::Search;
use crate::rvq::{LayerSpan, Rvq};
use crate::task::Task;
use crate::text::msg;

use super::{AudioClip, Dataset, JobCtx, JobError};
use passages::Piece;

pub use passages::{CodePlaces, frames_of};
pub use takes::{HeardTakes, Span, TakesSpec, takes};

/// Silence between two snippets, in seconds.
pub const SNIPPET_GAP_SECS: f64 = 0.1;

/// Frames that are encoded between two looks at the cancel switch.
const BLOCK_FRAMES: usize = 16_384;

/// What is heard.
#[derive(Debug, Clone)]
pub enum Voice {
    /// The audio, as the extractor saw it: one channel, at its sample rate.
    Source,
    /// What a quantizer leaves of the frames.
    Quantized {
        /// The quantizer.
        rvq: Arc<Rvq>,
        /// How many of its layers, from the first; 0 for all.
        layers: usize,
        /// The way through them.
        search: Search,
    },
}

/// Frames to be made audible.
#[derive(Debug, Clone)]
pub struct ListenSpec {
    /// Audio, and the features that were made of it.
    pub dataset: Arc<Dataset>,
    /// What is heard of it.
    pub voice: Voice,
    /// The frames, counted through all clips, as [`frames_of`] gives them.
    pub frames: Range<usize>,
    /// Only those among them that have a code, as snippets with silence between them.
    pub code: Option<CodePlaces>,
    /// How phases are found.
    pub inversion: Inversion,
}

/// Frames as sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    /// One channel.
    pub samples: Vec<f32>,
    /// Samples a second.
    pub sample_rate_hz: u32,
    /// The frames that are heard.
    pub frames: usize,
    /// The stretches of the data that follow each other here: snippets, or clips.
    pub pieces: usize,
    /// How far the spectrogram of the samples is from that of the frames, as a share: the mean over the frames. `None` where the samples are no search's
    /// result.
    pub spectral_convergence: Option<f64>,
    /// The log-spectral distance to the source in dB, the mean over the frames; `None` for the source itself.
    pub distance_db: Option<f64>,
}

/// Makes the frames audible.
///
/// # Errors
/// There is no way from these frames to sound, the quantizer does not fit them, there is nothing to hear, or it was cancelled.
pub fn listen(spec: &ListenSpec, ctx: &JobCtx<'_>) -> Result<Sound, JobError> {
    ctx.compute(|task| Source::of(&spec.dataset)?.listen(spec, task))?
}

/// Makes the frames audible, and writes them as a WAV file of float32.
///
/// # Errors
/// As for [`listen`]; or the file cannot be written, and what was there stays.
pub fn listen_to_file(spec: &ListenSpec, path: &Path, ctx: &JobCtx<'_>) -> Result<Sound, JobError> {
    let sound = listen(spec, ctx)?;
    io::wav::write_f32(path, &sound.samples, sound.sample_rate_hz)?;
    Ok(sound)
}

/// Whether sound can be made of these frames, quantized or not.
///
/// # Errors
/// It cannot, with what would help.
pub fn check_audible(dataset: &Dataset) -> Result<(), JobError> {
    Source::of(dataset)?.inverse().map(drop)
}

/// A dataset that was made of audio.
struct Source<'a> {
    dataset: &'a Dataset,
    extract: ExtractParams,
    /// Samples from one frame to the next.
    hop: usize,
}

/// A piece as sound, with how well it was met.
struct Heard {
    samples: Vec<f32>,
    spectral_convergence: Option<f64>,
    distance_db: Option<f64>,
}

impl<'a> Source<'a> {
    fn of(dataset: &'a Dataset) -> Result<Self, JobError> {
        let extract = dataset.set.extract.filter(|_| dataset.audio.len() == dataset.set.clips.len());
        let Some(extract) = extract else {
            return Err(JobError::Input(msg!("listen-not-of-audio", name = dataset.source.name())));
        };
        let hop = extract.extractor()?.hop_length(&extract).max(1);
        Ok(Self { dataset, extract, hop })
    }

    /// The way back that the frames have.
    fn inverse(&self) -> Result<&'static dyn Inverse, JobError> {
        let extractor = self.extract.extractor()?;
        let no_way = || JobError::Input(msg!("listen-no-way-back", extractor = extractor.name()));
        extractor.inverse().ok_or_else(no_way)
    }

    fn listen(&self, spec: &ListenSpec, task: &Task<'_>) -> Result<Sound, JobError> {
        let pieces = self.pieces(&spec.frames, spec.code.as_ref(), task)?;
        self.heard(&pieces, self.gap(spec.code.is_some()), &spec.voice, &spec.inversion, task)
    }

    /// What is heard, one after the other.
    fn pieces(
        &self,
        frames: &Range<usize>,
        code: Option<&CodePlaces>,
        task: &Task<'_>,
    ) -> Result<Vec<Piece>, JobError> {
        match code {
            None => Ok(passages::by_clip(&self.dataset.set, frames)),
            Some(code) => code.pieces(self.dataset, frames, task),
        }
    }

    /// Samples of silence between two pieces.
    fn gap(&self, are_snippets: bool) -> usize {
        let rate = f64::from(self.extract.sample_rate_hz);
        if are_snippets { (SNIPPET_GAP_SECS * rate).round() as usize } else { 0 }
    }

    /// The pieces as they sound, with `gap` samples of silence between them.
    fn heard(
        &self,
        pieces: &[Piece],
        gap: usize,
        voice: &Voice,
        inversion: &Inversion,
        task: &Task<'_>,
    ) -> Result<Sound, JobError> {
        let rate = self.extract.sample_rate_hz;
        let (mut samples, mut met, mut apart) = (Vec::new(), Mean::default(), Mean::default());
        let (mut frames, mut count) = (0, 0);
        for piece in pieces {
            let range = self.samples_of(piece);
            if range.is_empty() {
                continue;
            }
            let heard = self.piece(piece, range, voice, inversion, task)?;
            if count > 0 {
                samples.resize(samples.len() + gap, 0.0);
            }
            samples.extend(heard.samples);
            met.add(heard.spectral_convergence, piece.frames.len());
            apart.add(heard.distance_db, piece.frames.len());
            (frames, count) = (frames + piece.frames.len(), count + 1);
        }
        if samples.is_empty() {
            return Err(JobError::Input(msg!("listen-no-sample")));
        }
        let (spectral_convergence, distance_db) = (met.value(), apart.value());
        Ok(Sound { samples, sample_rate_hz: rate, frames, pieces: count, spectral_convergence, distance_db })
    }

    /// One piece, whose samples in its clip are `range`.
    fn piece(
        &self,
        piece: &Piece,
        range: Range<usize>,
        voice: &Voice,
        inversion: &Inversion,
        task: &Task<'_>,
    ) -> Result<Heard, JobError> {
        let clip = self.clip(piece);
        let source = clip.map(|clip| &clip.samples[range.clone()]).unwrap_or_default();
        let Voice::Quantized { rvq, layers, search } = voice else {
            return Ok(Heard { samples: source.to_vec(), spectral_convergence: None, distance_db: None });
        };
        let inverse = self.inverse()?;
        let problem = |problem| match problem {
            ExtractError::Cancelled(cancelled) => JobError::Cancelled(cancelled),
            problem => {
                let path = clip.map(|clip| clip.name.clone()).unwrap_or_default();
                JobError::Extract { problem, path }
            }
        };
        // With what lies around it, so that the piece sounds as it does within the whole.
        let wide = piece.widened(inverse.context_frames(&self.extract), &self.dataset.set);
        let around = self.samples_of(&wide);
        let frames = decoded(rvq, self.dataset, wide.in_corpus(&self.dataset.set), *layers, *search, task)?;
        let made =
            inverse.samples(frames.view(), around.len(), &self.extract, inversion, task).map_err(problem)?;
        let (start, end) = (range.start - around.start, range.end - around.start);
        let samples = made.samples.get(start..end).unwrap_or_default().to_vec();
        let distance = log_spectral_distance_db(source, &samples, &self.extract, task).map_err(problem)?;
        Ok(Heard { samples, spectral_convergence: made.spectral_convergence, distance_db: Some(distance) })
    }

    fn clip(&self, piece: &Piece) -> Option<&'a AudioClip> {
        self.dataset.audio.get(piece.clip_idx)
    }

    /// The samples of a piece's clip that its frames stand at.
    fn samples_of(&self, piece: &Piece) -> Range<usize> {
        let len = self.clip(piece).map_or(0, |clip| clip.samples.len());
        let at = |frame: usize| (frame * self.hop).min(len);
        at(piece.frames.start)..at(piece.frames.end)
    }
}

/// What the first `layers` layers leave of the frames of `range`, counted through the corpus: `(frames in range, dim)`.
fn decoded(
    rvq: &Rvq,
    dataset: &Dataset,
    range: Range<usize>,
    layers: usize,
    search: Search,
    task: &Task<'_>,
) -> Result<Array2<f32>, JobError> {
    let encoder = Encoder::new(rvq, LayerSpan { start: 0, end: Some(layers) })?;
    // Layers with strides share a code between frames: they are to be the same ones as where the whole corpus is encoded.
    let stride = rvq.common_stride();
    let start = range.start - range.start % stride;
    let end = range.end.next_multiple_of(stride).min(dataset.set.matrix.num_frames());
    let frames = dataset.set.matrix.view();
    let mut decoded = Array2::zeros((end - start, rvq.dim()));
    for first in (start..end).step_by(BLOCK_FRAMES.next_multiple_of(stride)) {
        task.check()?;
        let last = (first + BLOCK_FRAMES.next_multiple_of(stride)).min(end);
        let codes = encoder.encode(frames.slice(s![first..last, ..]), search)?.to_matrix();
        let block = rvq.decode(codes.view(), 0)?;
        decoded.slice_mut(s![first - start..last - start, ..]).assign(&block);
    }
    Ok(decoded.slice(s![range.start - start..range.end - start, ..]).to_owned())
}

/// A mean over pieces, each with the weight of its frames.
#[derive(Default)]
struct Mean {
    sum: f64,
    frames: usize,
}

impl Mean {
    fn add(&mut self, value: Option<f64>, frames: usize) {
        if let Some(value) = value {
            self.sum += value * frames as f64;
            self.frames += frames;
        }
    }

    fn value(&self) -> Option<f64> {
        (self.frames > 0).then(|| self.sum / self.frames as f64)
    }
}
