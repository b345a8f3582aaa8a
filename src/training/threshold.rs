//! The dead-code threshold of a layer, beside what an even code gets.

use crate::metrics::{buffers, threshold};
use crate::text::{Message, msg};

use super::Run;

/// The dead-code threshold of a layer beside what it should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThresholdStanding {
    /// In frames a batch; 0 where replacement is off.
    pub frames: f64,
    /// Whether it is what the codebook was trained under, and not just what trainers of the lineage usually set.
    pub is_known: bool,
    /// `N/K`; 0 where nothing tells the batch.
    pub uniform: f64,
    /// `0.1 N/K`.
    pub advised: f64,
    /// Whether even evenly used codes count as dead.
    pub is_too_high: bool,
}

impl ThresholdStanding {
    /// That of layer `layer_idx`. Where the batch is not known, the sum of the EMA cluster sizes stands for it.
    #[must_use]
    pub fn of(run: &Run, layer_idx: usize) -> Self {
        let codebook = run.rvq.layers().get(layer_idx).map(|layer| &layer.codebook);
        let num_codes = codebook.map_or(1, crate::rvq::Codebook::num_codes);
        let batch_len = if run.params_known {
            match run.source.train_frames {
                0 => run.params.batch_size as f64,
                frames => run.params.batch_size.min(frames) as f64,
            }
        } else {
            let book = codebook.filter(|codebook| buffers::has_ema(codebook));
            book.map_or(0.0, |book| book.cluster_size().iter().map(|size| size.max(0.0)).sum())
        };
        let frames = run.threshold_frames(layer_idx);
        let uniform = threshold::uniform_size(batch_len, num_codes);
        Self {
            frames,
            is_known: run.params_known,
            uniform,
            advised: threshold::threshold_advice(batch_len, num_codes),
            is_too_high: threshold::is_too_high(frames, uniform),
        }
    }

    /// What to do about it, if there is something: "Lower the threshold to 0.1 N/K = 0.8 frames".
    #[must_use]
    pub fn action(&self) -> Option<Message> {
        let Self { frames, is_known, uniform, .. } = *self;
        let advised = self.advised_words();
        match () {
            () if !is_known || uniform <= 0.0 => None,
            () if frames <= 0.0 => Some(msg!("training-threshold-turn-on", threshold = advised)),
            () if self.is_too_high => Some(msg!("training-threshold-lower", threshold = advised)),
            () => None,
        }
    }

    /// Where it stands, in words.
    #[must_use]
    pub fn words(&self) -> Message {
        let (is_off, is_of_unknown_batch) = (self.frames <= 0.0, self.uniform <= 0.0);
        let (frames, even) = (short(self.frames), short(self.uniform));
        match (self.is_known, self.is_too_high) {
            _ if is_off => msg!("training-threshold-off"),
            (true, _) if is_of_unknown_batch => msg!("training-threshold", frames = frames),
            (true, true) => msg!("training-threshold-too-high", frames = frames, even = even),
            (true, false) => msg!("training-threshold-below", frames = frames, even = even),
            (false, _) if is_of_unknown_batch => msg!("training-usual-threshold", frames = frames),
            (false, true) => msg!("training-usual-threshold-too-high", frames = frames, even = even),
            (false, false) => msg!("training-usual-threshold-below", frames = frames, even = even),
        }
    }

    /// The advised threshold: "0.1 N/K = 0.8 frames".
    #[must_use]
    pub fn advised_words(&self) -> Message {
        msg!("training-threshold-advised", frames = short(self.advised))
    }

    /// The size below which a code is given up here: a threshold that is only assumed, and makes no sense, is not gone by.
    #[must_use]
    pub fn judged_by(&self) -> f64 {
        if self.is_too_high && !self.is_known { self.advised } else { self.frames }
    }
}

/// A number with three digits that count.
pub(crate) fn short(value: f64) -> String {
    let digits = if value > 0.0 { (2.0 - value.log10().floor()).clamp(0.0, 6.0) as usize } else { 0 };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
