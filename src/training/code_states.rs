//! In what state each code of a layer is: every code is in exactly one, so that what is counted adds up to K.

use crate::metrics::{buffers, is_small_sample, usage};
use crate::text::{Message, msg, t};

use super::{Run, SplitKind, ThresholdStanding};

/// The state of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodeState {
    /// In use, and far from the threshold.
    Alive,
    /// In use, but below twice the threshold.
    Rare,
    /// Trained, with an EMA size above the threshold, but chosen by none of the frames that are looked at.
    NotChosen,
    /// Below the threshold: dead for the update rule.
    BelowThreshold,
    /// Chosen by no frame of the whole corpus.
    UnusedInCorpus,
    /// Given a new place in one of the last steps.
    Replaced,
    /// Neither frames nor EMA sizes tell.
    Unknown,
}

/// The codes of one layer and what is known of each.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerCodes {
    /// The frames that were counted; 0 where none were.
    pub frames: u64,
    /// How many they are of which, in words.
    pub frames_words: Message,
    /// The cluster size below which a code counts as dead; NaN where there is no EMA state.
    pub threshold: f64,
    /// Whether the threshold is only assumed and no lower than what evenly used codes have, so that to be below it says nothing.
    pub threshold_says_nothing: bool,
    /// How many frames chose each code; empty before they were counted.
    pub counts: Vec<u64>,
    /// The EMA cluster size of each; NaN, like the threshold, where there is no EMA state.
    pub sizes: Vec<f64>,
    /// The step in which each was last replaced, 0 for never; empty for a loaded model.
    pub replaced_at: Vec<u64>,
    /// The state of each.
    pub states: Vec<CodeState>,
    /// How many of the last steps count as a short while ago.
    pub recent_steps: u64,
    totals: [usize; CodeState::ALL.len()],
}

/// What decides the state of one code.
#[derive(Debug, Clone, Copy)]
struct Facts {
    is_replaced: bool,
    /// Whether a frame of those that are looked at chose it; `None` where none were counted.
    in_window: Option<bool>,
    /// Whether a frame of the corpus chose it; `None` where not all were counted, or they are too few to blame it for.
    in_corpus: Option<bool>,
    /// NaN where it is not known.
    size: f64,
    threshold: f64,
}

impl CodeState {
    /// Every state, in the order in which a legend lists them.
    pub const ALL: [Self; 7] = [
        Self::Alive,
        Self::Rare,
        Self::NotChosen,
        Self::BelowThreshold,
        Self::UnusedInCorpus,
        Self::Replaced,
        Self::Unknown,
    ];

    /// What it is called.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Alive => t!("training-state-alive"),
            Self::Rare => t!("training-state-rare"),
            Self::NotChosen => t!("training-state-not-chosen"),
            Self::BelowThreshold => t!("training-state-below-threshold"),
            Self::UnusedInCorpus => t!("training-state-unused"),
            Self::Replaced => t!("training-state-replaced"),
            Self::Unknown => t!("training-state-unknown"),
        }
    }

    /// The key in files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Rare => "rare",
            Self::NotChosen => "not_chosen",
            Self::BelowThreshold => "below_threshold",
            Self::UnusedInCorpus => "unused_in_corpus",
            Self::Replaced => "replaced",
            Self::Unknown => "unknown",
        }
    }

    /// What it means, in a sentence or two.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Alive => t!("training-state-alive.help"),
            Self::Rare => t!("training-state-rare.help"),
            Self::NotChosen => t!("training-state-not-chosen.help"),
            Self::BelowThreshold => t!("training-state-below-threshold.help"),
            Self::UnusedInCorpus => t!("training-state-unused.help"),
            Self::Replaced => t!("training-state-replaced.help"),
            Self::Unknown => t!("training-state-unknown.help"),
        }
    }

    fn place(self) -> usize {
        Self::ALL.iter().position(|&state| state == self).unwrap_or(0)
    }

    /// The first state that applies, from the most telling to the least.
    fn of(facts: Facts) -> Self {
        let Facts { is_replaced, in_window, in_corpus, size, threshold } = facts;
        // Comparisons with NaN are false: without an EMA state nothing is below the threshold.
        match () {
            () if is_replaced => Self::Replaced,
            () if in_corpus == Some(false) => Self::UnusedInCorpus,
            () if size < threshold => Self::BelowThreshold,
            () if in_window == Some(false) => Self::NotChosen,
            () if size < 2.0 * threshold => Self::Rare,
            () if in_window.is_none() && size.is_nan() => Self::Unknown,
            () => Self::Alive,
        }
    }
}

impl LayerCodes {
    /// The codes of layer `layer_idx` of `run`, as the frames of `split` use them where there are such.
    ///
    /// Codes that were replaced in the last `recent_steps` steps are said to be so.
    #[must_use]
    pub fn new(run: &Run, layer_idx: usize, split: SplitKind, recent_steps: u64) -> Self {
        let codebook = run.rvq.layers().get(layer_idx).map(|layer| &layer.codebook);
        let num_codes = codebook.map_or(0, crate::rvq::Codebook::num_codes);
        let (sizes, threshold) = match codebook.filter(|codebook| buffers::has_ema(codebook)) {
            Some(codebook) => (codebook.cluster_size().to_vec(), run.threshold_frames(layer_idx)),
            None => (vec![f64::NAN; num_codes], f64::NAN),
        };
        let counts_of = |split| {
            let tally = run.evaluation(split).and_then(|evaluation| evaluation.layers.get(layer_idx));
            tally.map_or(&[][..], |tally| tally.counts.as_slice())
        };
        let counts = counts_of(split);
        let both = [counts_of(SplitKind::Train), counts_of(SplitKind::HeldOut)];
        let counted: u64 = both.iter().map(|counts| usage::frames(counts)).sum();
        // While a training runs, or an evaluation is under way, a part of the frames is counted, which says nothing of the whole corpus.
        let is_whole = counted > 0 && counted >= run.source.frames as u64;
        // A model that was not trained on a few frames need not use all of its codes for them.
        let is_foreign = run.source.train_frames == 0 && is_small_sample(counted, num_codes);
        let replaced_at = run.states.get(layer_idx).map_or_else(Vec::new, |state| state.replaced_at.clone());
        let chosen = |counts: &[u64], code: usize| counts.get(code).is_some_and(|&count| count > 0);
        let facts = |(code, &size): (usize, &f64)| {
            let at = replaced_at.get(code).copied().unwrap_or(0);
            Facts {
                is_replaced: at > 0 && at.saturating_add(recent_steps) > run.steps,
                in_window: (!counts.is_empty()).then(|| chosen(counts, code)),
                in_corpus: (is_whole && !(is_foreign && size >= threshold))
                    .then(|| both.iter().any(|counts| chosen(counts, code))),
                size,
                threshold,
            }
        };
        let states: Vec<CodeState> = sizes.iter().enumerate().map(facts).map(CodeState::of).collect();
        let standing = ThresholdStanding::of(run, layer_idx);
        Self {
            frames: usage::frames(counts),
            frames_words: run.frames_words(split, usage::frames(counts)),
            threshold,
            threshold_says_nothing: standing.is_too_high && !standing.is_known,
            counts: counts.to_vec(),
            replaced_at,
            recent_steps,
            totals: totals(&states),
            states,
            sizes,
        }
    }

    /// The codes of a layer without its codebook: all that is known is how many frames chose each.
    #[must_use]
    pub fn of_counts(counts: &[u64]) -> Self {
        let state = |&count: &u64| if count == 0 { CodeState::UnusedInCorpus } else { CodeState::Alive };
        let states: Vec<CodeState> = counts.iter().map(state).collect();
        Self {
            frames: usage::frames(counts),
            frames_words: msg!("training-frames", frames = usage::frames(counts)),
            threshold: f64::NAN,
            threshold_says_nothing: false,
            counts: counts.to_vec(),
            sizes: vec![f64::NAN; counts.len()],
            replaced_at: Vec::new(),
            recent_steps: 0,
            totals: totals(&states),
            states,
        }
    }

    /// How many codes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether there is no code.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// How many codes are in this state. All states together are K.
    #[must_use]
    pub fn counted(&self, state: CodeState) -> usize {
        self.totals[state.place()]
    }

    /// Each state with the number of codes in it, those without a code left out.
    pub fn present(&self) -> impl Iterator<Item = (CodeState, usize)> {
        CodeState::ALL.into_iter().zip(self.totals).filter(|&(_, count)| count > 0)
    }

    /// Whether something is wrong with a code in this state: it is dead for the rule, or unused everywhere.
    #[must_use]
    pub fn is_alarm(&self, state: CodeState) -> bool {
        match state {
            CodeState::BelowThreshold => !self.threshold_says_nothing,
            state => state == CodeState::UnusedInCorpus,
        }
    }

    /// What a state means here, in a sentence or two.
    #[must_use]
    pub fn help(&self, state: CodeState) -> String {
        let is_assumed = state == CodeState::BelowThreshold && self.threshold_says_nothing;
        let said = if is_assumed { t!("training-state-below-threshold.help-assumed") } else { state.help() };
        said.to_owned()
    }

    /// What a state is called here, with the frames and steps that it goes by.
    #[must_use]
    pub fn words(&self, state: CodeState) -> String {
        match state {
            CodeState::NotChosen => t!("training-state-not-chosen.words", frames = &self.frames_words),
            CodeState::Replaced => t!("training-state-replaced.words", steps = self.recent_steps),
            state => state.label().to_owned(),
        }
    }
}

fn totals(states: &[CodeState]) -> [usize; CodeState::ALL.len()] {
    let mut totals = [0; CodeState::ALL.len()];
    states.iter().for_each(|state| totals[state.place()] += 1);
    totals
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::{Array1, Array2};
    use proptest::prelude::*;

    use super::CodeState::*;
    use super::*;
    use crate::metrics::{Evaluation, LayerTally};
    use crate::rvq::{Codebook, Rvq, RvqParams};
    use crate::training::{LayerState, RunFigures, SourceInfo};

    fn evaluation(counts: &[u64]) -> Option<Arc<Evaluation>> {
        let tally = LayerTally {
            counts: counts.to_vec(),
            code_sq_error: vec![0.0; counts.len()],
            ..LayerTally::default()
        };
        let frames = counts.iter().sum();
        (frames > 0)
            .then(|| Arc::new(Evaluation { frames, dim: 1, layers: vec![tally], ..Evaluation::default() }))
    }

    /// A run of one layer; without `replaced_at` it is a loaded model, without sizes its file holds rows alone.
    fn run(sizes: Option<&[f64]>, replaced_at: Option<&[u64]>, train: &[u64], held_out: &[u64]) -> Run {
        let num_codes = sizes.map_or(train.len(), <[f64]>::len);
        let rows = Array2::from_elem((num_codes, 1), 1.0);
        let codebook = match sizes {
            Some(sizes) => {
                Codebook::new(rows, Array1::from(sizes.to_vec()), Array2::zeros((num_codes, 1))).unwrap()
            }
            None => Codebook::from_rows(rows).unwrap(),
        };
        let frames = |counts: &[u64]| counts.iter().sum::<u64>() as usize;
        let state = |replaced_at: &[u64]| LayerState {
            init_step: Some(1),
            replaced_at: replaced_at.to_vec(),
            threshold_frames: 2.0,
            ..LayerState::default()
        };
        Run {
            source: SourceInfo {
                frames: frames(train) + frames(held_out),
                train_frames: frames(train),
                held_out_frames: frames(held_out),
                ..SourceInfo::default()
            },
            steps: 100,
            states: replaced_at.map(state).into_iter().collect(),
            train: evaluation(train),
            held_out: evaluation(held_out),
            evaluated_at: 100,
            figures: RunFigures::default(),
            ..Run::of_model(
                String::new(),
                Arc::new(Rvq::new(vec![codebook.into()]).unwrap()),
                Some(RvqParams::lineage("gpt-sovits")),
                100,
            )
        }
    }

    #[test]
    fn each_code_of_a_training_is_in_the_state_that_tells_most() {
        let sizes = [9.0, 3.0, 1.0, 0.5, 9.0, 9.0, 3.0];
        let run =
            run(Some(&sizes), Some(&[0, 0, 0, 0, 0, 95, 0]), &[4, 4, 4, 0, 4, 4, 4], &[2, 2, 2, 0, 0, 2, 0]);
        let codes = LayerCodes::new(&run, 0, SplitKind::HeldOut, 10);
        assert_eq!(
            codes.states,
            [Alive, Rare, BelowThreshold, UnusedInCorpus, NotChosen, Replaced, NotChosen]
        );
        assert_eq!(codes.words(NotChosen), "not chosen by these 8 held-out frames");
        assert_eq!(codes.words(Replaced), "replaced in the last 10 steps");
        assert_eq!(codes.counted(NotChosen), 2);
        let older = LayerCodes::new(&run, 0, SplitKind::Train, 5);
        assert_eq!(older.states[5], Alive, "five steps ago is not in the last five");
        assert_eq!(older.states[4], Alive, "chosen by a frame that is trained on");
    }

    #[test]
    fn a_part_of_the_corpus_says_nothing_of_the_whole() {
        let mut part = run(Some(&[9.0, 9.0, 1.0]), Some(&[0; 3]), &[40, 0, 0], &[2, 0, 0]);
        assert_eq!(
            LayerCodes::new(&part, 0, SplitKind::HeldOut, 1).states,
            [Alive, UnusedInCorpus, UnusedInCorpus]
        );
        part.source.frames = 1000;
        assert_eq!(
            LayerCodes::new(&part, 0, SplitKind::HeldOut, 1).states,
            [Alive, NotChosen, BelowThreshold]
        );
    }

    #[test]
    fn a_checkpoint_alone_goes_by_its_sizes() {
        let model = run(Some(&[9.0, 3.0, 1.0]), None, &[], &[]);
        let codes = LayerCodes::new(&model, 0, SplitKind::HeldOut, 50);
        assert_eq!(codes.states, [Alive, Rare, BelowThreshold]);
        assert_eq!((codes.frames, codes.threshold), (0, 2.0));
    }

    #[test]
    fn without_sizes_and_frames_nothing_is_known() {
        let mut model = run(None, None, &[3, 0], &[]);
        model.train = None;
        let codes = LayerCodes::new(&model, 0, SplitKind::HeldOut, 50);
        assert_eq!(codes.states, [Unknown, Unknown]);
        assert!(codes.threshold.is_nan());
    }

    #[test]
    fn a_model_need_not_use_all_codes_for_a_few_frames_of_others() {
        let few = run(Some(&[9.0, 9.0, 1.0]), None, &[], &[5, 0, 0]);
        let codes = LayerCodes::new(&few, 0, SplitKind::HeldOut, 50);
        assert_eq!(codes.states, [Alive, NotChosen, UnusedInCorpus]);
        assert_eq!(codes.words(NotChosen), "not chosen by these 5 frames");
        let many = run(Some(&[9.0, 9.0, 1.0]), None, &[], &[50, 0, 0]);
        assert_eq!(LayerCodes::new(&many, 0, SplitKind::HeldOut, 50).states[1], UnusedInCorpus);
        let mut rows = run(None, None, &[3, 0], &[]);
        (rows.held_out, rows.train, rows.source.train_frames) = (rows.train.take(), None, 0);
        assert_eq!(LayerCodes::new(&rows, 0, SplitKind::HeldOut, 50).states, [Alive, UnusedInCorpus]);
    }

    #[test]
    fn codes_alone_are_used_or_not() {
        let codes = LayerCodes::of_counts(&[3, 0, 1]);
        assert_eq!(codes.states, [Alive, UnusedInCorpus, Alive]);
        assert_eq!(codes.present().collect::<Vec<_>>(), [(Alive, 2), (UnusedInCorpus, 1)]);
    }

    proptest! {
        #[test]
        fn states_partition_the_codes(
            codes in prop::collection::vec((0.0f64..6.0, 0u64..120, 0u64..3, 0u64..3), 1..40),
            is_model: bool, has_sizes: bool, missing in 0usize..3, recent in 0u64..120, train: bool,
        ) {
            let sizes: Vec<f64> = codes.iter().map(|code| code.0).collect();
            let replaced: Vec<u64> = codes.iter().map(|code| code.1).collect();
            let counts: Vec<u64> = codes.iter().map(|code| code.2).collect();
            let held_out: Vec<u64> = codes.iter().map(|code| code.3).collect();
            let mut run = run(
                has_sizes.then_some(sizes.as_slice()),
                (!is_model).then_some(replaced.as_slice()),
                &counts,
                &held_out,
            );
            run.source.frames += missing;
            let split = if train { SplitKind::Train } else { SplitKind::HeldOut };
            let found = LayerCodes::new(&run, 0, split, recent);
            prop_assert_eq!(found.states.len(), codes.len());
            let sum: usize = CodeState::ALL.iter().map(|&state| found.counted(state)).sum();
            prop_assert_eq!(sum, codes.len());
            prop_assert_eq!(found.present().map(|(_, count)| count).sum::<usize>(), codes.len());
            for state in CodeState::ALL {
                let seen = found.states.iter().filter(|&&s| s == state).count();
                prop_assert_eq!(seen, found.counted(state));
            }
        }
    }
}
