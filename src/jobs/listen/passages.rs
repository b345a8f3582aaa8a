//! Which frames are heard: a stretch of the corpus or of a clip, or the places where a code is used.

use std::ops::Range;
use std::sync::Arc;

use crate::features::{Clip, FeatureSet};
use crate::rvq::search::Search;
use crate::rvq::{LayerSpan, Rvq, RvqError};
use crate::task::Task;
use crate::text::msg;

use super::super::{Dataset, JobError, encode};

/// The places where a code is used.
#[derive(Debug, Clone)]
pub struct CodePlaces {
    /// The quantizer.
    pub rvq: Arc<Rvq>,
    /// The way through its layers.
    pub search: Search,
    /// The layer, from 0.
    pub layer: usize,
    /// Its code.
    pub code: u32,
    /// Frames that are heard on either side.
    pub context: usize,
    /// Snippets at most; of more places, evenly spread ones are taken.
    pub most: usize,
}

/// A stretch of one clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// The clip, from 0.
    pub(super) clip_idx: usize,
    /// Its frames, counted from the clip's first.
    pub(super) frames: Range<usize>,
}

impl Piece {
    /// The piece with `by` more frames on either side, as far as its clip goes.
    pub(super) fn widened(&self, by: usize, set: &FeatureSet) -> Self {
        let Range { start, end } = self.frames;
        let len = set.clips.get(self.clip_idx).map_or(end, |clip| clip.frames.len());
        Self { clip_idx: self.clip_idx, frames: start.saturating_sub(by)..end.saturating_add(by).min(len) }
    }

    /// Its frames, counted through all clips.
    pub(super) fn in_corpus(&self, set: &FeatureSet) -> Range<usize> {
        let first = set.clips.get(self.clip_idx).map_or(0, |clip| clip.frames.start);
        first + self.frames.start..first + self.frames.end
    }
}

/// The frames of a clip, by its name or its number from 0, or of all clips; of them those from and to so many seconds, counted from the first.
///
/// # Errors
/// There is no such clip, no frame rate, or no frame between the two.
pub fn frames_of(
    dataset: &Dataset,
    clip: Option<&str>,
    from_secs: Option<f64>,
    to_secs: Option<f64>,
) -> Result<Range<usize>, JobError> {
    let set = &dataset.set;
    let all = match clip {
        None => 0..set.matrix.num_frames(),
        Some(clip) => clip_of(&set.clips, clip)?.frames.clone(),
    };
    if from_secs.is_none() && to_secs.is_none() {
        return Ok(all);
    }
    let Some(rate) = set.frame_rate_hz else {
        return Err(JobError::Input(msg!("listen-no-frame-rate")));
    };
    let at = |secs: f64| all.start + ((secs * rate).round() as usize).min(all.len());
    let frames = from_secs.map_or(all.start, at)..to_secs.map_or(all.end, at);
    if frames.is_empty() {
        let (from, to) = (from_secs.unwrap_or(0.0), to_secs.unwrap_or(all.len() as f64 / rate));
        let (from, to, secs) = (from.to_string(), to.to_string(), format!("{:.3}", all.len() as f64 / rate));
        return Err(JobError::Input(msg!("listen-no-frame", from = from, to = to, secs = secs)));
    }
    Ok(frames)
}

fn clip_of<'a>(clips: &'a [Clip], asked: &str) -> Result<&'a Clip, JobError> {
    let by_number = || asked.parse::<usize>().ok().and_then(|number| clips.get(number));
    clips.iter().find(|clip| clip.name == asked).or_else(by_number).ok_or_else(|| {
        let first = clips.first().map(|clip| clip.name.as_str()).unwrap_or_default();
        let (asked, first) = (format!("{asked:?}"), format!("{first:?}"));
        JobError::Input(msg!("listen-no-clip", asked = asked, n = clips.len(), first = first))
    })
}

/// The parts of `frames` that lie in each clip.
pub(super) fn by_clip(set: &FeatureSet, frames: &Range<usize>) -> Vec<Piece> {
    let part = |(clip_idx, clip): (usize, &Clip)| {
        let start = frames.start.max(clip.frames.start);
        let end = frames.end.min(clip.frames.end);
        let first = clip.frames.start;
        (start < end).then(|| Piece { clip_idx, frames: start - first..end - first })
    };
    set.clips.iter().enumerate().filter_map(part).collect()
}

impl CodePlaces {
    /// The places among `frames`, with their context, in order.
    pub(super) fn pieces(
        &self,
        dataset: &Dataset,
        frames: &Range<usize>,
        task: &Task<'_>,
    ) -> Result<Vec<Piece>, JobError> {
        let Self { layer, code, most, .. } = self;
        let set = &dataset.set;
        let used = self.used(dataset, task)?;
        let mut pieces: Vec<Piece> = Vec::new();
        for within in by_clip(set, frames) {
            let in_corpus = within.in_corpus(set);
            let first = in_corpus.start - within.frames.start;
            let from = used.partition_point(|&frame| frame < in_corpus.start);
            for &frame in used.iter().skip(from).take_while(|&&frame| frame < in_corpus.end) {
                let own = frame - first;
                let place = Piece { clip_idx: within.clip_idx, frames: own..own + 1 };
                let place = place.widened(self.context, set);
                match pieces.last_mut().filter(|last| last.clip_idx == place.clip_idx) {
                    // Neighbours, and places that share their context, are one snippet.
                    Some(last) if place.frames.start <= last.frames.end => last.frames.end = place.frames.end,
                    _ => pieces.push(place),
                }
            }
        }
        if pieces.is_empty() {
            let words = msg!("listen-no-frame-has-code", n = frames.len(), code = *code, layer = *layer);
            return Err(JobError::Input(words));
        }
        let (found, kept) = (pieces.len(), pieces.len().min((*most).max(1)));
        Ok((0..kept).filter_map(|nth| pieces.get(nth * found / kept).cloned()).collect())
    }

    /// The frames of the whole corpus that have the code, in order.
    fn used(&self, dataset: &Dataset, task: &Task<'_>) -> Result<Vec<usize>, JobError> {
        let Self { rvq, search, layer, code, .. } = self;
        let have = rvq.num_layers();
        let codebook =
            &rvq.layers().get(*layer).ok_or(RvqError::NoSuchLayer { asked: *layer, have })?.codebook;
        let num_codes = codebook.num_codes();
        if *code as usize >= num_codes {
            return Err(RvqError::NoSuchCode { layer: *layer, code: *code, num_codes }.into());
        }
        let mut used = Vec::new();
        // Several paths decide by all layers; a single one needs none behind this.
        let end = if search.width() > 1 { None } else { Some(layer + 1) };
        encode::<RvqError>(rvq, dataset, LayerSpan { start: 0, end }, *search, task, |first, codes| {
            let frames = codes.row(*layer).into_iter().enumerate().filter(|(_, found)| *found == code);
            used.extend(frames.map(|(nth, _)| first + nth));
            Ok(())
        })?;
        Ok(used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(lens: &[usize]) -> FeatureSet {
        let part = |(i, &len): (usize, &usize)| (format!("clip {i}"), ndarray::Array2::zeros((len, 2)));
        FeatureSet::join(&lens.iter().enumerate().map(part).collect::<Vec<_>>(), Some(10.0)).unwrap()
    }

    #[test]
    fn a_stretch_is_taken_apart_at_the_ends_of_clips() {
        let set = set(&[4, 3, 5]);
        let pieces = by_clip(&set, &(2..9));
        let expected = [(0, 2..4), (1, 0..3), (2, 0..2)];
        assert_eq!(pieces, expected.map(|(clip_idx, frames)| Piece { clip_idx, frames }));
        assert_eq!(pieces[2].widened(3, &set), Piece { clip_idx: 2, frames: 0..5 });
        assert_eq!(pieces[2].in_corpus(&set), 7..9);
        assert_eq!(by_clip(&set, &(4..4)), []);
    }
}
