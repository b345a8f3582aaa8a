//! The same stretch in every version: the source, and what is left of it after each layer, to be switched between while it plays.

use std::ops::Range;
use std::sync::Arc;

use crate::features::Inversion;
use crate::rvq::Rvq;
use crate::rvq::search::Search;

use super::passages::Piece;
use super::{CodePlaces, Source, Voice};
use crate::jobs::{Dataset, JobCtx, JobError, JobEvent};
use crate::text::{Message, phrase};

/// A stretch to be made audible in every version.
#[derive(Debug, Clone)]
pub struct TakesSpec {
    /// Audio, and the features that were made of it.
    pub dataset: Arc<Dataset>,
    /// The quantizer; without one the source alone is heard.
    pub rvq: Option<Arc<Rvq>>,
    /// The way through its layers.
    pub search: Search,
    /// The frames, counted through all clips.
    pub frames: Range<usize>,
    /// Only those among them that have a code, as snippets with silence between them.
    pub code: Option<CodePlaces>,
    /// How phases are found.
    pub inversion: Inversion,
    /// What was made of this very stretch before it was given up: only what is missing is made.
    pub made: Option<Arc<HeardTakes>>,
}

/// A stretch of samples, and the frames that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The samples in each take.
    pub samples: Range<usize>,
    /// The frame at the first of them, counted through all clips.
    pub first_frame: usize,
}

/// The versions, all of one length: all of them, or those that are made so far.
#[derive(Debug, Clone, PartialEq)]
pub struct HeardTakes {
    /// The source, then what is left after the first layer, after the first two, and so on.
    pub takes: Vec<Arc<[f32]>>,
    /// How many there are when all are made.
    pub versions: usize,
    /// Of each version but the source: the log-spectral distance to it, in dB.
    pub distances_db: Vec<Option<f64>>,
    /// Samples a second.
    pub sample_rate_hz: u32,
    /// Samples from one frame to the next.
    pub hop: usize,
    /// What follows what.
    pub spans: Vec<Span>,
    /// Why there is the source alone, where there is a quantizer.
    pub source_alone: Option<Message>,
}

impl HeardTakes {
    /// The frame that is heard at a sample, counted through all clips; `None` in the silence between two snippets.
    #[must_use]
    pub fn frame_at(&self, sample: usize) -> Option<usize> {
        let span = self.spans.iter().find(|span| span.samples.contains(&sample))?;
        Some(span.first_frame + (sample - span.samples.start) / self.hop.max(1))
    }

    /// Samples of each version.
    #[must_use]
    pub fn num_samples(&self) -> usize {
        self.takes.first().map_or(0, |take| take.len())
    }
}

/// Makes the stretch audible in every version, and hands out what there is after each of them: the source first, which takes no time. Of frames that
/// have no way back to samples there is the source alone.
///
/// # Errors
/// The frames were not made of audio, the quantizer does not fit them, there is nothing to hear, or it was cancelled.
pub fn takes(spec: &TakesSpec, ctx: &JobCtx<'_>) -> Result<Arc<HeardTakes>, JobError> {
    let TakesSpec { dataset, rvq, search, frames, code, inversion, made } = spec;
    ctx.compute(|task| {
        let source = Source::of(dataset)?;
        let (pieces, gap) = (source.pieces(frames, code.as_ref(), task)?, source.gap(code.is_some()));
        let hear = |voice: &Voice| source.heard(&pieces, gap, voice, inversion, &task.quiet());
        let hand_out = |heard: HeardTakes| {
            let heard = Arc::new(heard);
            (ctx.emit)(JobEvent::Takes(heard.clone()));
            heard
        };
        let mut heard = match made {
            Some(made) => made.clone(),
            None => hand_out(HeardTakes {
                takes: vec![Arc::from(hear(&Voice::Source)?.samples)],
                ..silent(&source, &pieces, gap, rvq.as_deref())
            }),
        };
        for layers in heard.takes.len()..heard.versions {
            let Some(rvq) = rvq.clone() else { break };
            task.progress(phrase!("stage-versions"), layers, heard.versions);
            let sound = hear(&Voice::Quantized { rvq, layers, search: *search })?;
            let mut more = HeardTakes::clone(&heard);
            more.takes.push(Arc::from(sound.samples));
            more.distances_db.push(sound.distance_db);
            heard = hand_out(more);
        }
        Ok(heard)
    })?
}

/// What is known of the versions before there is any.
fn silent(source: &Source<'_>, pieces: &[Piece], gap: usize, rvq: Option<&Rvq>) -> HeardTakes {
    let (mut spans, mut at) = (Vec::with_capacity(pieces.len()), 0);
    for piece in pieces {
        let len = source.samples_of(piece).len();
        if len > 0 {
            at += if spans.is_empty() { 0 } else { gap };
            let first_frame = piece.in_corpus(&source.dataset.set).start;
            spans.push(Span { samples: at..at + len, first_frame });
            at += len;
        }
    }
    let no_way = source.inverse().err().map(JobError::into_message);
    let layers = rvq.filter(|_| no_way.is_none()).map_or(0, Rvq::num_layers);
    HeardTakes {
        takes: Vec::new(),
        versions: layers + 1,
        distances_db: Vec::new(),
        sample_rate_hz: source.extract.sample_rate_hz,
        hop: source.hop,
        spans,
        source_alone: no_way.filter(|_| rvq.is_some()),
    }
}
