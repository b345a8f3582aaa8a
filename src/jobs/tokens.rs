//! Codes over time: those of a corpus, and those that were opened on their own, without the quantizer that they belong to.

use std::sync::Arc;

use ndarray::{ArcArray2, Array2, Axis, s};

use crate::features::Clip;
use crate::io::{Codes, LoadedModel, NO_CODE, Stated, TimeAxis};
use crate::metrics::tuples::{TupleUse, collision_rate, prefix_coverage};
use crate::metrics::{Evaluation, is_small_sample};
use crate::rvq::search::Search;
use crate::rvq::{LayerSpan, Rvq, RvqError};
use crate::text::{Message, Phrase, msg, t};

use super::{Dataset, JobCtx, JobError, OpenSpec, Source, encode};

/// Codes over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    /// `(num_layers, num_frames)`; [`NO_CODE`] where a layer has none.
    pub values: ArcArray2<u32>,
    /// `K` of each layer; every code lies below it, but for [`NO_CODE`].
    pub num_codes: Vec<usize>,
    /// The clips that the frames come from.
    pub clips: Vec<Clip>,
    /// Frames a second, where known.
    pub frame_rate_hz: Option<f64>,
    /// Frames that there are; more than `values` has where they were too many.
    pub frames_in_all: usize,
}

/// How `K` is known where there is no codebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeFrom {
    /// The power of two at or above the largest code and one.
    Assumed,
    /// The user says so.
    User,
    /// A model that was opened with the codes, of as many layers.
    Model,
    /// The file of the codes itself.
    File,
}

/// Codes that were opened without the frames that they stand for.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenedCodes {
    /// Where they came from.
    pub source: Source,
    /// The codes.
    pub tokens: Arc<Tokens>,
    /// How they are used.
    pub evaluation: Arc<Evaluation>,
    /// The largest code of all.
    pub largest: u32,
    /// How `K` is known.
    pub size_from: SizeFrom,
    /// Which axis was time, and why.
    pub time_axis: (TimeAxis, Message),
    /// What is to be known of how the files were read.
    pub notices: Vec<Message>,
    /// How far the codes of all layers tell frames apart; `None` for one layer, or for more frames than are looked at.
    pub tuples: Option<TupleUse>,
}

/// The codes of a corpus, to be looked at over time.
#[derive(Debug, Clone)]
pub struct TokensSpec {
    /// The quantizer.
    pub rvq: Arc<Rvq>,
    /// The corpus.
    pub dataset: Arc<Dataset>,
    /// The way through its layers.
    pub search: Search,
}

/// Codes that are kept to be looked at: 128 MiB. Of longer corpora the beginning is.
const MOST_KEPT: usize = 1 << 25;

/// Codes of all layers that are counted without a quantizer. Beyond it something was taken for a codebook that is none.
const MOST_COUNTED: usize = 1 << 23;

/// Frames whose tuples are counted.
const MOST_TUPLES: usize = 1 << 21;

/// Encodes a corpus, or as much of its beginning as can be kept.
///
/// # Errors
/// The dimensions differ, or it was cancelled.
pub fn tokens(spec: &TokensSpec, ctx: &JobCtx<'_>) -> Result<Arc<Tokens>, JobError> {
    let TokensSpec { rvq, dataset, search } = spec;
    let set = &dataset.set;
    let layers = rvq.num_layers();
    let frames_in_all = set.matrix.num_frames();
    let frames = frames_in_all.min(MOST_KEPT / layers.max(1));
    let mut values = Array2::zeros((layers, frames));
    ctx.compute(|task| {
        let done = encode(rvq, dataset, LayerSpan::ALL, *search, task, |first, block| {
            let kept = block.ncols().min(frames.saturating_sub(first));
            if kept > 0 {
                values.slice_mut(s![.., first..first + kept]).assign(&block.slice(s![.., ..kept]));
            }
            if first + block.ncols() >= frames { Err(Stop::Full) } else { Ok(()) }
        });
        match done {
            Ok(()) | Err(Stop::Full) => Ok(()),
            Err(Stop::Rvq(err)) => Err(JobError::from(err)),
        }
    })??;
    let num_codes = rvq.layers().iter().map(|layer| layer.codebook.num_codes()).collect();
    let (clips, frame_rate_hz) = (set.clips.clone(), set.frame_rate_hz);
    let values = values.into_shared();
    Ok(Arc::new(Tokens { values, num_codes, clips, frame_rate_hz, frames_in_all }))
}

/// Why encoding ended before the end of the corpus.
enum Stop {
    /// All that is kept is there.
    Full,
    Rvq(RvqError),
}

impl From<RvqError> for Stop {
    fn from(err: RvqError) -> Self {
        Self::Rvq(err)
    }
}

/// Files of codes, joined as they are read.
#[derive(Default)]
pub(super) struct CodesFiles {
    parts: Vec<Array2<u32>>,
    clips: Vec<Clip>,
    frames: usize,
    time_axis: Option<(TimeAxis, Message)>,
    notices: Vec<Message>,
    stated: Option<Stated>,
}

impl CodesFiles {
    pub(super) fn count(&self) -> usize {
        self.parts.len()
    }

    pub(super) fn push(&mut self, name: &str, codes: Codes) -> Result<(), JobError> {
        let Codes { values, time_axis, guess_reason, clips, notices, stated, as_stored: _ } = codes;
        if let Some(first) = self.parts.first()
            && first.nrows() != values.nrows()
        {
            let (layers, before) = (values.nrows(), first.nrows());
            let words = msg!("job-layers-differ", layers = layers, before = before, name = name);
            return Err(JobError::Input(words));
        }
        self.time_axis.get_or_insert((time_axis, guess_reason));
        // What is the same of every file is said once.
        let fresh = notices.into_iter().filter(|notice| !self.notices.contains(notice)).collect::<Vec<_>>();
        self.notices.extend(fresh);
        match &self.stated {
            Some(before) if *before != stated => self.stated = Some(Stated::default()),
            Some(_) => {}
            None => self.stated = Some(stated),
        }
        // A file that names its clips is as many; any other is one.
        let clips = if clips.is_empty() { vec![(name.to_owned(), values.ncols())] } else { clips };
        for (name, frames) in clips {
            self.clips.push(Clip { name, frames: self.frames..self.frames + frames });
            self.frames += frames;
        }
        self.parts.push(values);
        Ok(())
    }

    /// The codes of all files, counted; `model` was opened beside them.
    pub(super) fn finish(
        self,
        spec: &OpenSpec,
        model: Option<&LoadedModel>,
    ) -> Result<OpenedCodes, JobError> {
        let Self { mut parts, clips, frames, time_axis, notices, stated } = self;
        let stated = stated.unwrap_or_default();
        let joined = match (parts.len(), parts.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                parts.extend(last);
                let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
                ndarray::concatenate(Axis(1), &views)
                    .map_err(|err| JobError::Input(msg!("job-codes-not-joined", problem = err.to_string())))?
            }
        };
        let largest = joined.iter().copied().filter(|&code| code != NO_CODE).max().unwrap_or(0);
        let of_model = model.and_then(|model| sizes_of(&model.rvq, joined.nrows(), largest));
        let of_model = of_model.map(|sizes| (sizes, SizeFrom::Model));
        let of_file = Some(stated.codebook_sizes).filter(|sizes| holds(sizes, joined.nrows(), largest));
        let known = of_model.or(of_file.map(|sizes| (sizes, SizeFrom::File)));
        let (num_codes, size_from) = sizes(spec.data.codebook_size, known, joined.nrows(), largest)?;
        let evaluation = Evaluation::of_codes(joined.view(), &num_codes);
        let is_looked_at = joined.nrows() > 1 && joined.ncols() <= MOST_TUPLES;
        let tuples = is_looked_at.then(|| TupleUse::of_codes(joined.view(), &num_codes));
        let tokens = Tokens {
            values: joined.into_shared(),
            num_codes,
            clips,
            frame_rate_hz: spec.data.frame_rate_hz.or(stated.frame_rate_hz),
            frames_in_all: frames,
        };
        Ok(OpenedCodes {
            source: spec.source.clone(),
            tokens: Arc::new(tokens),
            evaluation: Arc::new(evaluation),
            largest,
            size_from,
            time_axis: time_axis.unwrap_or((TimeAxis::Columns, Phrase::NONE.into())),
            notices,
            tuples,
        })
    }
}

/// `K` of each layer: what the user says, what a model of as many layers or the file itself says, or else the next power of two.
fn sizes(
    wanted: Option<usize>,
    known: Option<(Vec<usize>, SizeFrom)>,
    layers: usize,
    largest: u32,
) -> Result<(Vec<usize>, SizeFrom), JobError> {
    let needed = largest as usize + 1;
    if let Some(size) = wanted {
        if size < needed {
            let words = msg!("job-codebook-too-small", largest = largest, needed = needed, size = size);
            return Err(JobError::Input(words));
        }
        return check_counted(layers, size).map(|()| (vec![size; layers], SizeFrom::User));
    }
    if let Some(known) = known {
        return Ok(known);
    }
    let size = needed.next_power_of_two();
    check_counted(layers, size).map(|()| (vec![size; layers], SizeFrom::Assumed))
}

/// `K` of each layer of a quantizer that codes of `layers` layers up to `largest` may have come from.
fn sizes_of(rvq: &Rvq, layers: usize, largest: u32) -> Option<Vec<usize>> {
    let sizes: Vec<usize> = rvq.layers().iter().map(|layer| layer.codebook.num_codes()).collect();
    holds(&sizes, layers, largest).then_some(sizes)
}

/// Whether codes of `layers` layers up to `largest` can be of codebooks of these sizes.
fn holds(sizes: &[usize], layers: usize, largest: u32) -> bool {
    sizes.len() == layers && sizes.iter().all(|&size| size > largest as usize)
}

fn check_counted(layers: usize, size: usize) -> Result<(), JobError> {
    if layers.saturating_mul(size) <= MOST_COUNTED {
        return Ok(());
    }
    Err(JobError::Input(msg!("job-too-many-codes", layers = layers, size = size)))
}

impl OpenedCodes {
    /// What is to be known of figures that no codebook stands behind, in the language of this thread.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        let mut found: Vec<String> = self.notices.iter().map(Message::text).collect();
        found.push(self.size_note());
        let (frames, most) =
            (self.evaluation.frames, self.tokens.num_codes.iter().copied().max().unwrap_or(0));
        if is_small_sample(frames, most) {
            found.push(t!("codes-few-frames", frames = frames));
        }
        found.extend(self.tuples_note());
        found
    }

    /// How far the codes of all layers tell frames apart, in a sentence.
    fn tuples_note(&self) -> Option<String> {
        const SHOWN: usize = 8;
        let tuples = self.tuples.as_ref().filter(|tuples| tuples.frames > 0)?;
        let rate = collision_rate(tuples)?;
        let by_prefix = prefix_coverage(tuples, &self.tokens.num_codes);
        let by_prefix = tuples.distinct.iter().zip(by_prefix).take(SHOWN);
        let by_prefix: Vec<String> = by_prefix
            .map(|(distinct, coverage)| format!("{distinct} ({:.1} %)", 100.0 * coverage.unwrap_or(0.0)))
            .collect();
        let more = if tuples.distinct.len() > SHOWN { ", ..." } else { "" };
        let (rate, prefixes) = (format!("{:.2}", 100.0 * rate), by_prefix.join(", ") + more);
        Some(t!("codes-tuples", rate = rate, tuples = tuples.frames, prefixes = prefixes))
    }

    /// The same with `K` as the quantizer has it: `None` where `K` was not merely assumed, or the codes cannot be of this quantizer.
    #[must_use]
    pub fn sized_by(&self, rvq: &Rvq) -> Option<Self> {
        let Tokens { values, num_codes, clips, frame_rate_hz, frames_in_all } = self.tokens.as_ref();
        let sizes =
            sizes_of(rvq, num_codes.len(), self.largest).filter(|_| self.size_from == SizeFrom::Assumed)?;
        let tokens = Tokens {
            values: values.clone(),
            num_codes: sizes,
            clips: clips.clone(),
            frame_rate_hz: *frame_rate_hz,
            frames_in_all: *frames_in_all,
        };
        let evaluation = self.evaluation.with_sizes(&tokens.num_codes);
        Some(Self {
            tokens: Arc::new(tokens),
            evaluation: Arc::new(evaluation),
            size_from: SizeFrom::Model,
            ..self.clone()
        })
    }

    /// `K`, and how it is known, in the language of this thread.
    #[must_use]
    pub fn size_note(&self) -> String {
        let (least, most) = (self.tokens.num_codes.iter().min(), self.tokens.num_codes.iter().max());
        let size = match (least, most) {
            (Some(least), Some(most)) if least != most => {
                msg!("codes-size-range", least = *least, most = *most)
            }
            (_, most) => Message::verbatim(most.copied().unwrap_or(0).to_string()),
        };
        match self.size_from {
            SizeFrom::Assumed => t!("codes-size-assumed", size = size, largest = self.largest),
            SizeFrom::User => t!("codes-size-user", size = size),
            SizeFrom::Model => t!("codes-size-model", size = size),
            SizeFrom::File => t!("codes-size-file", size = size),
        }
    }
}
