//! In what state each code of a layer is.

use egui::Color32;

use crate::app::Palette;
use crate::metrics::usage;
use crate::training::{Run, SplitKind};

/// The state of a code, as the map shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeState {
    /// Used, and far from the threshold.
    Alive,
    /// Below twice the threshold.
    Rare,
    /// (b) Below the threshold.
    Threshold,
    /// (a) Chosen by no frame of the window.
    Window,
    /// (c) Chosen by no frame of the corpus.
    Corpus,
    /// Replaced in one of the last steps.
    Replaced,
}

/// The codes of one layer and what is known of each.
pub struct LayerCodes {
    /// The frames that were counted.
    pub frames: u64,
    /// The cluster size below which a code counts as dead.
    pub threshold: f64,
    /// How many frames chose each code; empty before they were counted.
    pub counts: Vec<u64>,
    /// The EMA cluster size of each; NaN, like the threshold, where there is no codebook.
    pub sizes: Vec<f64>,
    /// The step in which each was last replaced, 0 for never; empty for a loaded model.
    pub replaced_at: Vec<u64>,
    /// The state of each.
    pub states: Vec<CodeState>,
    /// How many of the last steps count as a short while ago.
    pub recent_steps: u64,
    totals: [usize; CodeState::ALL.len()],
}

impl CodeState {
    /// Every state, as the legend lists them.
    pub const ALL: [Self; 6] =
        [Self::Alive, Self::Rare, Self::Window, Self::Threshold, Self::Corpus, Self::Replaced];

    /// What the legend calls it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Rare => "rare",
            Self::Threshold => "(b) below threshold",
            Self::Window => "(a) unused in this window",
            Self::Corpus => "(c) unused in the corpus",
            Self::Replaced => "replaced lately",
        }
    }

    /// What it means.
    #[must_use]
    pub fn help(self) -> String {
        match self {
            Self::Alive => {
                "Chosen by a frame of this window, and c_k is at least twice the threshold".to_owned()
            }
            Self::Rare => "c_k is below twice the dead-code threshold: the next to die".to_owned(),
            Self::Threshold => {
                format!("{} This is what the update rule looks at", usage::DEAD_THRESHOLD.text)
            }
            Self::Window => {
                format!("{} Few frames leave many codes unused by chance", usage::DEAD_WINDOW.text)
            }
            Self::Corpus => usage::DEAD_CORPUS.text.to_owned(),
            Self::Replaced => {
                "Given a new place by the update rule a short while ago, because it counted as dead"
                    .to_owned()
            }
        }
    }

    /// Its colour on the map.
    #[must_use]
    pub fn color(self, palette: &Palette) -> Color32 {
        match self {
            Self::Alive => palette.good,
            Self::Rare => palette.rare,
            Self::Threshold => palette.warning,
            Self::Window => palette.bad,
            Self::Corpus => palette.dead,
            Self::Replaced => palette.reborn,
        }
    }

    fn place(self) -> usize {
        Self::ALL.iter().position(|&state| state == self).unwrap_or(0)
    }
}

impl LayerCodes {
    /// The codes of layer `layer` over the frames of `split`.
    #[must_use]
    pub fn new(run: &Run, layer: usize, split: SplitKind, recent_steps: u64) -> Self {
        let sizes: Vec<f64> =
            run.rvq.layers().get(layer).map_or_else(Vec::new, |l| l.codebook.cluster_size().to_vec());
        let counts_of = |split| {
            let tally = run.evaluation(split).and_then(|evaluation| evaluation.layers.get(layer));
            tally.map_or(&[][..], |tally| tally.counts.as_slice())
        };
        let counts = counts_of(split).to_vec();
        let both = [counts_of(SplitKind::Train), counts_of(SplitKind::HeldOut)];
        let replaced_at = run.states.get(layer).map_or_else(Vec::new, |state| state.replaced_at.clone());
        let threshold = run.threshold_frames(layer);
        let counted = !counts.is_empty();
        let mut totals = [0; CodeState::ALL.len()];
        let mut states = Vec::with_capacity(sizes.len());
        for (code, &size) in sizes.iter().enumerate() {
            let unused = |counts: &[u64]| counts.get(code).is_none_or(|&count| count == 0);
            let at = replaced_at.get(code).copied().unwrap_or(0);
            let applies = [
                (CodeState::Replaced, at > 0 && at.saturating_add(recent_steps) > run.steps),
                (CodeState::Corpus, counted && both.iter().all(|counts| unused(counts))),
                (CodeState::Window, counted && unused(&counts)),
                (CodeState::Threshold, size < threshold),
                (CodeState::Rare, size >= threshold && size < 2.0 * threshold),
            ];
            for (state, _) in applies.iter().filter(|(_, applies)| *applies) {
                totals[state.place()] += 1;
            }
            let first = applies.iter().find(|(_, applies)| *applies);
            let state = first.map_or(CodeState::Alive, |(state, _)| *state);
            totals[CodeState::Alive.place()] += usize::from(state == CodeState::Alive);
            states.push(state);
        }
        let frames = counts.iter().sum();
        Self { frames, threshold, counts, sizes, replaced_at, states, recent_steps, totals }
    }

    /// The codes of a layer without its codebook: all that is known is how many frames chose each.
    #[must_use]
    pub fn of_counts(counts: &[u64]) -> Self {
        let mut totals = [0; CodeState::ALL.len()];
        let state = |&count: &u64| if count == 0 { CodeState::Corpus } else { CodeState::Alive };
        let states: Vec<CodeState> = counts.iter().map(state).collect();
        states.iter().for_each(|state| totals[state.place()] += 1);
        Self {
            frames: counts.iter().sum(),
            threshold: f64::NAN,
            counts: counts.to_vec(),
            sizes: vec![f64::NAN; counts.len()],
            replaced_at: Vec::new(),
            states,
            recent_steps: 0,
            totals,
        }
    }

    /// How many codes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    /// How many codes a state applies to, whatever the map shows of them.
    #[must_use]
    pub fn counted(&self, state: CodeState) -> usize {
        self.totals[state.place()]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::{Array1, Array2};

    use super::*;
    use crate::metrics::{Evaluation, LayerTally};
    use crate::rvq::{Codebook, Rvq, RvqParams};
    use crate::training::{LayerState, SourceInfo};

    fn evaluation(counts: &[u64]) -> Option<Arc<Evaluation>> {
        let layer = LayerTally {
            counts: counts.to_vec(),
            code_sq_error: vec![0.0; counts.len()],
            residual_energy: 0.0,
        };
        let frames = counts.iter().sum();
        let layers = vec![layer];
        Some(Arc::new(Evaluation { frames, dim: 1, layers, ..Evaluation::default() }))
    }

    #[test]
    fn each_kind_is_counted_in_full_and_the_map_shows_the_first() {
        let sizes = Array1::from(vec![9.0, 3.0, 1.0, 0.5, 9.0, 9.0]);
        let embed = Array2::zeros((6, 1));
        let codebook = Codebook::new(embed, sizes, Array2::zeros((6, 1))).unwrap();
        let run = Run {
            name: String::new(),
            source: SourceInfo::default(),
            params: RvqParams::default(),
            params_known: true,
            live_edits: Vec::new(),
            steps: 100,
            rvq: Arc::new(Rvq::new(vec![codebook.into()]).unwrap()),
            states: vec![LayerState {
                init_step: Some(1),
                batch_counts: vec![0; 6],
                code_drift: vec![0.0; 6],
                replaced_at: vec![0, 0, 0, 0, 0, 95],
                threshold_frames: 2.0,
                ..LayerState::default()
            }],
            train: evaluation(&[4, 4, 4, 0, 4, 4]),
            held_out: evaluation(&[2, 2, 2, 0, 0, 2]),
            evaluated_at: 100,
        };
        let codes = LayerCodes::new(&run, 0, SplitKind::HeldOut, 10);
        use CodeState::*;
        assert_eq!(codes.states, [Alive, Rare, Threshold, Corpus, Window, Replaced]);
        assert_eq!([Window, Threshold, Corpus].map(|s| codes.counted(s)), [2, 2, 1]);
        let older = LayerCodes::new(&run, 0, SplitKind::Train, 5);
        assert_eq!(older.states[5], Alive, "five steps ago is not in the last five");
        assert_eq!(older.counted(Window), 1);
    }
}
