//! One line a layer: whether it is healthy, why, what to change, and whether it has settled. The worst finding of a layer is its verdict.

use super::{Finding, Severity};
use crate::metrics::{buffers, is_small_sample, usage};
use crate::text::{Message, msg, t};
use crate::training::{History, Motion, Run, ThresholdStanding, short};

/// How a layer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Nothing to change.
    Healthy,
    /// It works, but something stands out.
    Watch,
    /// It does not do what it is there for.
    Unhealthy,
    /// There is too little to go by.
    Unknown,
}

/// What is to be said of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerVerdict {
    /// The layer, from 0.
    pub layer: usize,
    /// How it stands.
    pub health: Health,
    /// The id of the finding that says so; `None` where nothing stands out.
    pub finding: Option<&'static str>,
    /// By what it is judged.
    pub why: Message,
    /// What to change; `None` to keep it as it is.
    pub action: Option<Message>,
    /// Whether its codebook has settled; `None` where it was not trained here.
    pub motion: Option<Motion>,
}

impl Health {
    /// What it is called.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Healthy => t!("verdict-healthy"),
            Self::Watch => t!("verdict-worth-a-look"),
            Self::Unhealthy => t!("verdict-not-healthy"),
            Self::Unknown => t!("verdict-cannot-be-judged"),
        }
    }

    /// The key in files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Watch => "watch",
            Self::Unhealthy => "unhealthy",
            Self::Unknown => "unknown",
        }
    }
}

impl LayerVerdict {
    /// The whole line: "Layer 1: healthy, 250 of 256 codes used by 2702 held-out frames. Keep. Settled since step 420".
    #[must_use]
    pub fn line(&self) -> String {
        let (layer, health, why, advice) = (self.layer + 1, self.health.label(), &self.why, self.advice());
        match self.motion.map(Motion::words) {
            Some(motion) => t!(
                "verdict-line-motion",
                layer = layer,
                health = health,
                why = why,
                advice = advice,
                motion = motion
            ),
            None => t!("verdict-line", layer = layer, health = health, why = why, advice = advice),
        }
    }

    /// What to do: the action, or to keep the layer.
    #[must_use]
    pub fn advice(&self) -> Message {
        match (&self.action, self.health) {
            (Some(action), _) => action.clone(),
            (None, Health::Unknown) => msg!("verdict-open-frames"),
            (None, Health::Healthy) => msg!("verdict-keep"),
            (None, _) => msg!("verdict-look"),
        }
    }
}

/// The verdict on every layer of `run`, whose steps are in `history`, by what was found, the worst first.
///
/// Findings that are worth knowing and no more do not make a layer ill.
#[must_use]
pub fn verdicts(run: &Run, history: &History, findings: &[Finding]) -> Vec<LayerVerdict> {
    let judge = |layer: usize| {
        let is_of = |finding: &&Finding| finding.severity > Severity::Note && finding.layers.contains(&layer);
        let (health, finding, why, action) = match findings.iter().find(is_of) {
            Some(worst) => {
                let health =
                    if worst.severity == Severity::Severe { Health::Unhealthy } else { Health::Watch };
                (health, Some(worst.id), worst.text_of(layer).clone(), worst.remedy.clone())
            }
            None => {
                let (health, why, action) = standing(run, layer);
                (health, None, why, action)
            }
        };
        let motion = Motion::of(history, layer, run.params.decay);
        LayerVerdict { layer, health, finding, why, action, motion }
    };
    (0..run.rvq.num_layers()).map(judge).collect()
}

/// How a layer stands on which nothing was found.
fn standing(run: &Run, layer: usize) -> (Health, Message, Option<Message>) {
    let codebook = run.rvq.layers().get(layer).map(|layer| &layer.codebook);
    let num_codes = codebook.map_or(0, crate::rvq::Codebook::num_codes);
    let sizes = codebook.filter(|book| buffers::has_ema(book)).map(|book| book.cluster_size().to_vec());
    let of_sizes = sizes.as_ref().and_then(|sizes| {
        let used = buffers::ema_used(sizes, run.params.decay);
        Some((used, None, buffers::ema_perplexity(sizes)?))
    });
    let of_frames = run.best_evaluation().and_then(|(split, evaluation)| {
        let counts = &evaluation.layers.get(layer)?.counts;
        let frames = run.frames_words(split, evaluation.frames);
        let is_few = is_small_sample(evaluation.frames, num_codes);
        Some((is_few, (usage::used(counts), Some(frames), usage::perplexity(counts)?)))
    });
    // Few frames leave codes unused by chance; the averages have seen many batches.
    let (used, frames, perplexity) = match (of_frames, of_sizes) {
        (Some((false, used)), _) | (Some((true, _)) | None, Some(used)) => used,
        (Some((true, (used, Some(frames), _))), None) => {
            let why = msg!("verdict-few-frames", used = used, codes = num_codes, frames = frames);
            return (Health::Unknown, why, Some(msg!("verdict-open-more-frames")));
        }
        _ => return (Health::Unknown, msg!("verdict-nothing-known"), None),
    };
    let perplexity = short(perplexity);
    let why = match frames {
        Some(frames) => {
            msg!("verdict-used", used = used, codes = num_codes, frames = frames, perplexity = perplexity)
        }
        None => msg!("verdict-used-ema", used = used, codes = num_codes, perplexity = perplexity),
    };
    let threshold = ThresholdStanding::of(run, layer);
    if sizes.is_some() && threshold.is_too_high {
        let why = msg!("verdict-used-and-threshold", used = why, threshold = threshold.words());
        return (Health::Healthy, why, None);
    }
    (Health::Healthy, why, None)
}
