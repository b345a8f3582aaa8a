//! Every figure of a layer as a value: what it is and how it is worked out, which tables, pages and files loop over.
//!
//! A new figure is its function beside its like and one row of [`LAYER_FIGURES`].

use super::{Definition, Evaluation, LayerTally, distortion, usage};
use crate::text::{Phrase, phrase};

/// What a figure of a layer may look at.
#[derive(Debug, Clone)]
pub struct LayerView<'a> {
    /// The frames that the layer is judged by.
    pub evaluation: &'a Evaluation,
    /// What they gave in this layer.
    pub tally: &'a LayerTally,
    /// `sum ||r_(l-1)||²`: the energy that goes into it.
    pub energy_before: f64,
    /// Codes below the dead-code threshold, where that is known.
    pub below_threshold: Option<usize>,
    /// What every split of the corpus gave, that of the evaluation among them.
    pub corpus: Vec<&'a [u64]>,
}

/// How a figure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Count,
    /// A share, in per cent where people read it.
    Share,
    /// A number of codes, with one decimal.
    Codes,
    /// Decibels, with two decimals.
    Decibels,
    /// Any other number, with a few digits that count.
    Number,
}

/// A figure of a layer.
#[derive(Debug, Clone, Copy)]
pub struct LayerFigure {
    /// What it is.
    pub definition: &'static Definition,
    /// What it comes to; `None` where nothing defines it.
    pub of: fn(&LayerView<'_>) -> Option<f64>,
    /// What a column of it is headed, which stands alone.
    pub heading: Phrase,
    /// How it is written.
    pub kind: Kind,
    /// Whether few frames make it come out too low or too high.
    pub is_biased: bool,
    /// Whether it has a key in `metrics.json`, whose keys are agreed on.
    pub in_json: bool,
}

/// Every figure of a layer, in the order of the keys of `metrics.json` and of the columns of tables.
pub static LAYER_FIGURES: &[LayerFigure] = &[
    row(&usage::USED, phrase!("heading-used"), Kind::Count, |v| Some(usage::used(v.counts()) as f64))
        .biased(),
    row(&usage::UTILIZATION, phrase!("heading-utilization"), Kind::Share, |v| usage::utilization(v.counts()))
        .biased(),
    row(&usage::UNIFORM_UTILIZATION, phrase!("heading-utilization-if-uniform"), Kind::Share, |v| {
        let frames = v.frames();
        (frames > 0).then(|| usage::uniform_utilization(frames, v.num_codes()))
    })
    .not_in_json(),
    row(&usage::PERPLEXITY, phrase!("heading-perplexity"), Kind::Codes, |v| usage::perplexity(v.counts()))
        .biased(),
    row(&usage::PERPLEXITY_MM, phrase!("heading-perplexity-miller-madow"), Kind::Codes, |v| {
        usage::perplexity_mm(v.counts())
    })
    .biased(),
    row(&usage::ENTROPY, phrase!("heading-entropy-nats"), Kind::Number, |v| usage::entropy_nats(v.counts()))
        .biased(),
    row(&usage::GINI, phrase!("heading-gini"), Kind::Number, |v| usage::gini(v.counts())).biased(),
    row(&usage::DEAD_WINDOW, phrase!("heading-dead-in-the-window"), Kind::Count, |v| {
        (v.frames() > 0).then(|| usage::dead_window(v.counts()) as f64)
    })
    .biased(),
    row(&usage::DEAD_THRESHOLD, phrase!("heading-dead-by-threshold"), Kind::Count, |v| {
        v.below_threshold.map(|n| n as f64)
    }),
    row(&usage::DEAD_CORPUS, phrase!("heading-dead-in-the-corpus"), Kind::Count, |v| {
        let splits = v.corpus.iter().copied();
        (v.frames() > 0).then(|| usage::dead_corpus(splits, v.num_codes()) as f64)
    })
    .biased(),
    row(&distortion::MSE, phrase!("heading-mse"), Kind::Number, |v| {
        distortion::mse(v.tally.residual_energy, v.frames(), v.evaluation.dim)
    }),
    row(&distortion::SNR, phrase!("heading-snr-db"), Kind::Decibels, |v| {
        distortion::snr_db(v.evaluation.signal_energy, v.tally.residual_energy)
    }),
    row(&distortion::SNR_GAIN, phrase!("heading-snr-gain-db"), Kind::Decibels, |v| {
        distortion::snr_gain_db(v.energy_before, v.tally.residual_energy)
    }),
    row(&distortion::EXPLAINED_VARIANCE, phrase!("heading-explained-variance"), Kind::Share, |v| {
        distortion::explained_variance(v.evaluation.centred_energy, v.tally.residual_energy)
    }),
    row(&distortion::SHANNON, phrase!("heading-shannon-reference-db"), Kind::Decibels, |v| {
        let bits = (v.num_codes().max(1) as f64).log2();
        v.tally.gain.as_ref().and_then(|sample| distortion::shannon_db(&sample.eigenvalues, bits))
    })
    .not_in_json(),
    row(&distortion::CENTRED_GAIN, phrase!("heading-gain-on-centred-frames-db"), Kind::Decibels, |v| {
        v.tally.gain.as_ref().and_then(distortion::centred_gain_db)
    })
    .not_in_json(),
    row(&distortion::SHANNON_SHARE, phrase!("heading-of-the-shannon-reference"), Kind::Share, |v| {
        v.tally.gain.as_ref().and_then(|sample| distortion::shannon_share(sample, v.num_codes()))
    })
    .not_in_json(),
];

const fn row(
    definition: &'static Definition,
    heading: Phrase,
    kind: Kind,
    of: fn(&LayerView<'_>) -> Option<f64>,
) -> LayerFigure {
    LayerFigure { definition, of, heading, kind, is_biased: false, in_json: true }
}

impl LayerFigure {
    const fn biased(self) -> Self {
        Self { is_biased: true, ..self }
    }

    const fn not_in_json(self) -> Self {
        Self { in_json: false, ..self }
    }
}

impl<'a> LayerView<'a> {
    /// Of layer `layer_idx` of `evaluation`, among all splits of the corpus.
    #[must_use]
    pub fn of(
        evaluation: &'a Evaluation,
        layer_idx: usize,
        below_threshold: Option<usize>,
        corpus: &[&'a Evaluation],
    ) -> Option<Self> {
        let tally = evaluation.layers.get(layer_idx)?;
        let before = layer_idx.checked_sub(1).and_then(|before| evaluation.layers.get(before));
        let splits = corpus.iter().filter_map(|e| e.layers.get(layer_idx)).map(|l| l.counts.as_slice());
        Some(Self {
            evaluation,
            tally,
            energy_before: before.map_or(evaluation.signal_energy, |before| before.residual_energy),
            below_threshold,
            corpus: splits.collect(),
        })
    }

    /// The frames that chose each code.
    #[must_use]
    pub fn counts(&self) -> &'a [u64] {
        &self.tally.counts
    }

    /// `n`.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.evaluation.frames
    }

    /// `K`.
    #[must_use]
    pub fn num_codes(&self) -> usize {
        self.tally.counts.len()
    }
}
