//! One line a layer: whether it is healthy, why, what to change, and whether it has settled.

use crate::metrics::{buffers, is_small_sample, threshold, usage};
use crate::rvq::InitMethod;

use super::{History, Motion, Run, SplitKind};

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
    /// By what it is judged.
    pub why: String,
    /// What to change; `None` to keep it as it is.
    pub action: Option<String>,
    /// Whether its codebook has settled; `None` where it was not trained here.
    pub motion: Option<Motion>,
}

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

/// Fewer used codes than this share of K are a collapse.
const HALF: f64 = 0.5;

/// More dead codes than this share of K stand out.
const MANY_DEAD: f64 = 0.1;

/// A perplexity below this share of the used codes means that few codes take most of the frames.
const UNEVEN: f64 = 0.1;

/// What held-out frames may lose against those trained on, in dB.
pub(crate) const SNR_GAP_DB: f64 = 2.0;

/// A layer that adds less than this, in dB, is hardly worth its bits.
const SMALL_GAIN_DB: f64 = 0.1;

impl Health {
    /// What it is called.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Watch => "worth a look",
            Self::Unhealthy => "not healthy",
            Self::Unknown => "cannot be judged",
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
        let mut line =
            format!("Layer {}: {}, {}. {}", self.layer + 1, self.health.label(), self.why, self.advice());
        if let Some(motion) = self.motion {
            line.push_str(". ");
            line.push_str(&capitalised(&motion.words()));
        }
        line
    }

    /// What to do: the action, or to keep the layer.
    #[must_use]
    pub fn advice(&self) -> &str {
        match (&self.action, self.health) {
            (Some(action), _) => action,
            (None, Health::Unknown) => "Open frames",
            (None, _) => "Keep",
        }
    }
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
    pub fn action(&self) -> Option<String> {
        let Self { frames, is_known, uniform, .. } = *self;
        let advised = self.advised_words();
        match () {
            () if !is_known || uniform <= 0.0 => None,
            () if frames <= 0.0 => Some(format!("Turn replacement on, with a threshold of {advised}")),
            () if self.is_too_high => Some(format!("Lower the threshold to {advised}")),
            () => None,
        }
    }

    /// Where it stands, in words.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { frames, is_known, uniform, .. } = *self;
        let origin = if is_known { "the threshold" } else { "the usual threshold" };
        match () {
            () if frames <= 0.0 => "replacement is off".to_owned(),
            () if uniform <= 0.0 => format!("{origin} is {} frames a batch", short(frames)),
            () if self.is_too_high && is_known => format!(
                "{origin} of {} frames is not below N/K = {}: even evenly used codes count as dead",
                short(frames),
                short(uniform)
            ),
            () if self.is_too_high => format!(
                "{origin} of {} frames is not below C/K = {}, so it says nothing here",
                short(frames),
                short(uniform)
            ),
            () => format!("{origin} of {} frames is below N/K = {}", short(frames), short(uniform)),
        }
    }

    fn advised_words(&self) -> String {
        format!("0.1 N/K = {} frames", short(self.advised))
    }

    /// The size below which a code is given up here: a threshold that is only assumed, and makes no sense, is not gone by.
    fn judged_by(&self) -> f64 {
        if self.is_too_high && !self.is_known { self.advised } else { self.frames }
    }
}

/// The verdict on every layer of `run`, whose steps are in `history`.
#[must_use]
pub fn verdicts(run: &Run, history: &History) -> Vec<LayerVerdict> {
    let judge = |layer: usize| {
        let judged = Judged::of(run, layer);
        let (health, why, action) = judged.verdict();
        LayerVerdict { layer, health, why, action, motion: Motion::of(history, layer, run.params.decay) }
    };
    (0..run.rvq.num_layers()).map(judge).collect()
}

/// What a layer is judged by.
struct Judged<'a> {
    run: &'a Run,
    layer: usize,
    num_codes: usize,
    threshold: ThresholdStanding,
    /// Codes in use, what says so, and their perplexity.
    used: Option<(usize, String, f64)>,
    /// Codes below the threshold that is gone by.
    dead: Option<usize>,
}

type Finding = (Health, String, Option<String>);

impl<'a> Judged<'a> {
    fn of(run: &'a Run, layer: usize) -> Self {
        let codebook = run.rvq.layers().get(layer).map(|layer| &layer.codebook);
        let num_codes = codebook.map_or(0, crate::rvq::Codebook::num_codes);
        let threshold = ThresholdStanding::of(run, layer);
        let sizes =
            codebook.filter(|codebook| buffers::has_ema(codebook)).map(|book| book.cluster_size().to_vec());
        let of_frames = run.best_evaluation().and_then(|(split, evaluation)| {
            let counts = &evaluation.layers.get(layer)?.counts;
            let by = format!("by {}", run.frames_words(split, evaluation.frames));
            let few = is_small_sample(evaluation.frames, num_codes);
            Some((few, (usage::used(counts), by, usage::perplexity(counts)?)))
        });
        let of_sizes = sizes.as_ref().and_then(|sizes| {
            let used = buffers::ema_used(sizes, run.params.decay);
            Some((used, "in the EMA view".to_owned(), buffers::ema_perplexity(sizes)?))
        });
        // Few frames leave codes unused by chance; the averages have seen many batches.
        let used = match of_frames {
            Some((false, used)) => Some(used),
            few => of_sizes.or(few.map(|(_, used)| used)),
        };
        let dead = sizes.map(|sizes| usage::dead_threshold(&sizes, threshold.judged_by()));
        Self { run, layer, num_codes, threshold, used, dead }
    }

    /// The first thing that is wrong, from the worst on.
    fn verdict(&self) -> Finding {
        let found = [
            Self::of_threshold,
            Self::of_usage,
            Self::of_dead,
            Self::of_evenness,
            Self::of_gap,
            Self::of_gain,
        ];
        found.iter().find_map(|look| look(self)).unwrap_or_else(|| self.healthy())
    }

    fn healthy(&self) -> Finding {
        let Some((used, by, perplexity)) = &self.used else {
            let why = "the model came without EMA sizes, and no frame was counted".to_owned();
            return (Health::Unknown, why, None);
        };
        let few = self.run.best_evaluation().is_some_and(|(_, e)| is_small_sample(e.frames, self.num_codes));
        if few && self.dead.is_none() {
            return (
                Health::Unknown,
                format!("{used} of {} codes used {by}, which are fewer than 10 a code", self.num_codes),
                Some("Open more frames".to_owned()),
            );
        }
        let mut why =
            format!("{used} of {} codes used {by}, perplexity {}", self.num_codes, short(*perplexity));
        if self.threshold.is_too_high {
            why.push_str("; ");
            why.push_str(&self.threshold.words());
        }
        (Health::Healthy, why, None)
    }

    fn of_threshold(&self) -> Option<Finding> {
        let standing = &self.threshold;
        (standing.is_known && standing.is_too_high)
            .then(|| (Health::Unhealthy, standing.words(), standing.action()))
    }

    fn of_usage(&self) -> Option<Finding> {
        let (used, by, _) = self.used.as_ref()?;
        let few = self.run.best_evaluation().is_some_and(|(_, e)| is_small_sample(e.frames, self.num_codes));
        let is_judged = !few || self.dead.is_some();
        (is_judged && (*used as f64) < HALF * self.num_codes as f64).then(|| {
            let why = format!("{used} of {} codes used {by}", self.num_codes);
            (Health::Unhealthy, why, Some(self.remedy(*used)))
        })
    }

    fn of_dead(&self) -> Option<Finding> {
        let dead = self.dead?;
        let share = dead as f64 / self.num_codes.max(1) as f64;
        (share > MANY_DEAD).then(|| {
            let why = format!(
                "{dead} of {} codes below {} frames a batch",
                self.num_codes,
                short(self.threshold.judged_by())
            );
            let health = if share > HALF { Health::Unhealthy } else { Health::Watch };
            (health, why, Some(self.remedy(self.num_codes - dead)))
        })
    }

    fn of_evenness(&self) -> Option<Finding> {
        let (used, by, perplexity) = self.used.as_ref()?;
        (*perplexity < UNEVEN * *used as f64).then(|| {
            let why = format!(
                "few codes take most of the frames: perplexity {} of {used} codes used {by}",
                short(*perplexity)
            );
            (Health::Watch, why, Some(self.remedy(*used)))
        })
    }

    fn of_gap(&self) -> Option<Finding> {
        let snr = |split| {
            let energies = self.run.evaluation(split)?;
            let left = energies.layers.get(self.layer)?.residual_energy;
            crate::metrics::distortion::snr_db(energies.signal_energy, left)
        };
        let (train, held_out) = (snr(SplitKind::Train)?, snr(SplitKind::HeldOut)?);
        (train - held_out >= SNR_GAP_DB).then(|| {
            let why =
                format!("{train:.1} dB on the frames trained on, but {held_out:.1} dB on held-out ones");
            (Health::Watch, why, Some("Train on more frames, or with fewer codes or layers".to_owned()))
        })
    }

    fn of_gain(&self) -> Option<Finding> {
        let (split, evaluation) = self.run.best_evaluation()?;
        let after = evaluation.layers.get(self.layer)?.residual_energy;
        let before = match self.layer.checked_sub(1) {
            Some(before) => evaluation.layers.get(before)?.residual_energy,
            None => evaluation.signal_energy,
        };
        let gain = crate::metrics::distortion::snr_gain_db(before, after)?;
        (gain < SMALL_GAIN_DB).then(|| {
            let why = format!("it adds {gain:.2} dB on {}", self.run.frames_words(split, evaluation.frames));
            (Health::Watch, why, Some("Leave this layer out, or train it on".to_owned()))
        })
    }

    /// What helps against codes that are not used, of which `used` are.
    fn remedy(&self, used: usize) -> String {
        let params = &self.run.params;
        let frames = self.run.source.train_frames;
        match () {
            () if !self.run.params_known => match self.threshold.advised > 0.0 {
                true => {
                    format!("Train it on with replacement of codes below {}", self.threshold.advised_words())
                }
                false => "Train it on with replacement of dead codes".to_owned(),
            },
            () if params.rule == "encodec" => {
                "Use another rule: what this one replaces is written over in the same step".to_owned()
            }
            () if params.rule == "gpt-sovits" => {
                "Use another rule: what this one replaces is pulled back at the next step".to_owned()
            }
            () if frames > 0 && self.num_codes > frames => {
                format!("Use fewer codes: there are {frames} frames to train on")
            }
            () if self.threshold.frames <= 0.0 => {
                self.threshold.action().unwrap_or_else(|| "Turn replacement on".to_owned())
            }
            () if params.init == InitMethod::Uniform => "Start from k-means".to_owned(),
            () if self.threshold.frames < HALF * self.threshold.advised => {
                format!("Raise the threshold to {}", self.threshold.advised_words())
            }
            () => {
                format!("Use fewer codes: {} would do", used.max(1).next_power_of_two().min(self.num_codes))
            }
        }
    }
}

fn capitalised(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A number with three digits that count.
fn short(value: f64) -> String {
    let digits = if value > 0.0 { (2.0 - value.log10().floor()).clamp(0.0, 6.0) as usize } else { 0 };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::{Array1, Array2};

    use super::*;
    use crate::metrics::{Evaluation, LayerTally};
    use crate::rvq::{Codebook, Rvq, RvqParams};
    use crate::training::SourceInfo;

    /// A model of one layer with these sizes, and no frame.
    fn model(sizes: &[f64], params: Option<RvqParams>) -> Run {
        let rows = Array2::from_shape_fn((sizes.len(), 2), |(k, d)| (k * 2 + d) as f32);
        let codebook =
            Codebook::new(rows, Array1::from(sizes.to_vec()), Array2::zeros((sizes.len(), 2))).unwrap();
        Run::of_model("m".to_owned(), Arc::new(Rvq::new(vec![codebook.into()]).unwrap()), params, 100)
    }

    /// The same, trained on frames of which `counts` chose each code, with these energies in and out.
    fn trained(
        sizes: &[f64],
        params: RvqParams,
        counts: &[u64],
        train: (f64, f64),
        held_out: (f64, f64),
    ) -> Run {
        let evaluation = |(signal_energy, residual_energy): (f64, f64)| {
            let tally = LayerTally {
                counts: counts.to_vec(),
                code_sq_error: Vec::new(),
                residual_energy,
                ..LayerTally::default()
            };
            let frames = counts.iter().sum();
            Some(Arc::new(Evaluation {
                frames,
                dim: 2,
                signal_energy,
                layers: vec![tally],
                ..Evaluation::default()
            }))
        };
        Run {
            source: SourceInfo {
                frames: 10_000,
                train_frames: 9000,
                held_out_frames: 1000,
                ..SourceInfo::default()
            },
            train: evaluation(train),
            held_out: evaluation(held_out),
            ..model(sizes, Some(params))
        }
    }

    fn check(run: &Run, health: Health, line: &str) {
        let found = verdicts(run, &History::default());
        assert_eq!(found[0].line(), line);
        assert_eq!(found[0].health, health);
    }

    fn of(rule: &'static str, batch_size: usize) -> RvqParams {
        RvqParams { batch_size, ..crate::rvq::rules::rule(rule).defaults() }
    }

    #[test]
    fn an_even_layer_is_kept() {
        let run = trained(&[8.0; 4], of("rvqscope", 32), &[250; 4], (100.0, 10.0), (100.0, 11.0));
        check(
            &run,
            Health::Healthy,
            "Layer 1: healthy, 4 of 4 codes used by 1000 held-out frames, perplexity 4. Keep",
        );
    }

    #[test]
    fn a_threshold_at_the_even_size_is_lowered() {
        let run = trained(&[1.6; 5], of("lucidrains", 8), &[200; 5], (100.0, 10.0), (100.0, 11.0));
        let with = Run { params: RvqParams { threshold_ema_dead_code: 2.0, ..run.params }, ..run };
        check(
            &with,
            Health::Unhealthy,
            "Layer 1: not healthy, the threshold of 2 frames is not below N/K = 1.6: even evenly used codes count as dead. \
             Lower the threshold to 0.1 N/K = 0.16 frames",
        );
    }

    #[test]
    fn a_checkpoint_alone_is_judged_by_its_sizes() {
        check(
            &model(&[8.0; 4], None),
            Health::Healthy,
            "Layer 1: healthy, 4 of 4 codes used in the EMA view, perplexity 4. Keep",
        );
        check(
            &model(&[1.6; 4], None),
            Health::Healthy,
            "Layer 1: healthy, 4 of 4 codes used in the EMA view, perplexity 4; the usual threshold of 2 frames is not below C/K = 1.6, \
             so it says nothing here. Keep",
        );
        let mut collapsed = vec![0.0; 40];
        collapsed[7] = 80.0;
        check(
            &model(&collapsed, None),
            Health::Unhealthy,
            "Layer 1: not healthy, 1 of 40 codes used in the EMA view. Train it on with replacement of codes below 0.1 N/K = 0.2 frames",
        );
        let mut dying = vec![8.0; 10];
        dying[..3].fill(1.0);
        check(
            &model(&dying, None),
            Health::Watch,
            "Layer 1: worth a look, 3 of 10 codes below 2 frames a batch. Train it on with replacement of codes below 0.1 N/K = 0.59 frames",
        );
    }

    #[test]
    fn rows_alone_cannot_be_judged() {
        let rvq = Rvq::new(vec![Codebook::from_rows(Array2::zeros((4, 2))).unwrap().into()]).unwrap();
        let run = Run::of_model("m".to_owned(), Arc::new(rvq), None, 0);
        check(
            &run,
            Health::Unknown,
            "Layer 1: cannot be judged, the model came without EMA sizes, and no frame was counted. Open frames",
        );
    }

    #[test]
    fn the_remedy_goes_by_the_cause() {
        let sizes = [[9.0; 4], [0.0; 4]].concat();
        let counts = [250, 250, 250, 0, 0, 0, 0, 0];
        let remedy = |params: RvqParams| {
            let run = trained(&sizes, params, &counts, (100.0, 10.0), (100.0, 11.0));
            let verdict = verdicts(&run, &History::default()).remove(0);
            assert_eq!(
                (verdict.health, verdict.why.as_str()),
                (Health::Unhealthy, "3 of 8 codes used by 750 held-out frames")
            );
            verdict.action.unwrap()
        };
        assert!(remedy(of("encodec", 4096)).contains("another rule"));
        assert_eq!(
            remedy(RvqParams { threshold_ema_dead_code: 0.0, ..of("lucidrains", 4096) }),
            "Turn replacement on, with a threshold of 0.1 N/K = 51.2 frames"
        );
        assert_eq!(remedy(of("rvqscope", 4096)), "Use fewer codes: 4 would do");
    }

    #[test]
    fn a_gap_between_the_splits_and_a_layer_that_adds_nothing_stand_out() {
        let run = trained(&[8.0; 4], of("rvqscope", 32), &[250; 4], (100.0, 1.0), (100.0, 3.0));
        let verdict = verdicts(&run, &History::default()).remove(0);
        assert_eq!(verdict.why, "20.0 dB on the frames trained on, but 15.2 dB on held-out ones");
        let run = trained(&[8.0; 4], of("rvqscope", 32), &[250; 4], (100.0, 99.0), (100.0, 99.5));
        let verdict = verdicts(&run, &History::default()).remove(0);
        assert_eq!(
            (verdict.health, verdict.why.as_str()),
            (Health::Watch, "it adds 0.02 dB on 1000 held-out frames")
        );
    }
}
