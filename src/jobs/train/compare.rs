//! The same data, seed, first centroids and batches through several rules at once.

use std::sync::Arc;

use crate::param::ParamError;
use crate::rvq::rules::{self, RULES};
use crate::rvq::search::Search;
use crate::rvq::{InitMethod, PARAMS, RvqParams, ValidRvqParams};
use crate::text::{Phrase, msg, phrase, t};
use crate::training::{Series, SharedStart, Trainer};

use super::{
    Dataset, Holdout, JobCtx, JobError, StepLoop, TrainSpec, Trained, TrainingData, TrainingRun,
    check_standardizing,
};

/// One of the trainings that are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What it is called: the rule, and in what it differs from the others.
    pub label: String,
    /// How it trains.
    pub params: ValidRvqParams,
}

/// Trainings to be run side by side.
#[derive(Debug)]
pub struct CompareSpec {
    /// What the comparison is called.
    pub name: String,
    /// The data.
    pub dataset: Arc<Dataset>,
    /// The trainings. They differ in the rule and in what is comparable alone (see [`Scope`](crate::param::Scope)).
    pub entries: Vec<Entry>,
    /// What is held out.
    pub holdout: Holdout,
    /// Whether to train on centred data of unit variance.
    pub standardize: bool,
    /// How codes are searched when a run is looked at.
    pub search: Search,
}

/// What a comparison gives: one training for each entry, in their order.
#[derive(Debug)]
pub struct Compared {
    /// The trainings.
    pub trained: Vec<Trained>,
}

/// What can be wrong with an entry as it is written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EntryError {
    /// There is no such rule.
    #[error("{}", t!("no-such-rule", rule = format!("{:?}", .word), known = .known))]
    UnknownRule {
        /// What was written.
        word: String,
        /// The rules that there are.
        known: String,
    },
    /// A setting is not of the form `name=value`.
    #[error("{}", t!("entry-malformed", setting = format!("{:?}", .word)))]
    NoSetting {
        /// What was written.
        word: String,
    },
    /// The rule does not read the setting, or entries may not differ in it.
    #[error("{}", t!("entry-not-comparable", name = format!("{:?}", .name), rule = *.rule, known = .known))]
    NotComparable {
        /// The setting.
        name: String,
        /// The rule.
        rule: &'static str,
        /// What can be set.
        known: String,
    },
    /// A value is outside of its range.
    #[error(transparent)]
    Value(#[from] ParamError),
    /// One entry alone is no comparison.
    #[error("{}", t!("entry-too-few"))]
    TooFew,
}

/// A known fault of the upstreams, as a comparison on the demo that shows it.
#[derive(Debug)]
pub struct Pitfall {
    /// Its number in the literature of this program: `P1`.
    pub id: &'static str,
    /// What it is.
    pub title: Phrase,
    /// What is seen, and why.
    pub text: Phrase,
    /// The curves that part.
    pub series: Series,
    /// The entries, as [`entries_of`] reads them.
    pub entries: &'static str,
    /// What is changed of the parameters that the demo is trained with.
    change: fn(&mut RvqParams),
}

/// The faults that show as curves.
pub static PITFALLS: &[Pitfall] = &[
    Pitfall {
        id: "P1",
        title: phrase!("pitfall-P1"),
        text: phrase!("pitfall-P1.text"),
        series: Series::Used,
        entries: "encodec:threshold=2,lucidrains:threshold=2,rvqscope",
        change: |params| {
            (params.num_layers, params.init, params.steps) = (1, InitMethod::Uniform, 400);
        },
    },
    Pitfall {
        id: "P2",
        title: phrase!("pitfall-P2"),
        text: phrase!("pitfall-P2.text"),
        series: Series::DriftAll,
        entries: "gpt-sovits:threshold=2,lucidrains:threshold=2,rvqscope",
        change: |params| {
            (params.num_layers, params.init, params.steps) = (1, InitMethod::Uniform, 400);
            params.batch_size = 4 * params.codebook_size;
        },
    },
    Pitfall {
        id: "P4",
        title: phrase!("pitfall-P4"),
        text: phrase!("pitfall-P4.text"),
        series: Series::Mse,
        entries: "encodec,gpt-sovits,lucidrains,rvqscope",
        change: |params| {
            (params.num_layers, params.init, params.steps) = (1, InitMethod::KMeans, 400);
        },
    },
    Pitfall {
        id: "P7",
        title: phrase!("pitfall-P7"),
        text: phrase!("pitfall-P7.text"),
        series: Series::BelowThreshold,
        entries: "encodec:threshold=2,gpt-sovits:threshold=2,rvqscope",
        change: |params| {
            (params.num_layers, params.init, params.steps) = (1, InitMethod::Sample, 400);
            params.batch_size = params.codebook_size;
        },
    },
];

impl Pitfall {
    /// The parameters that its entries share, made of those that the demo is trained with.
    #[must_use]
    pub fn params(&self, mut demo: RvqParams) -> RvqParams {
        (self.change)(&mut demo);
        demo
    }
}

/// Reads one entry: `RULE`, or `RULE:name=value:name=value`, with the names of the flags or of the parameters.
///
/// What it does not name is as in `base`, but for the threshold, whose unit and default are the rule's own.
///
/// # Errors
/// There is no such rule or setting, or a value is outside of its range.
pub fn entry_of(text: &str, base: &RvqParams) -> Result<Entry, EntryError> {
    let mut words = text.trim().split(':');
    let word = words.next().unwrap_or_default().trim();
    let rule = rules::find(word).ok_or_else(|| EntryError::UnknownRule {
        word: word.to_owned(),
        known: RULES.iter().map(|rule| rule.id()).collect::<Vec<_>>().join(", "),
    })?;
    let mut params = base.with_rule(rule);
    let mut label = rule.id().to_owned();
    let specs: Vec<_> = rule.params().into_iter().filter(|spec| spec.scope.is_comparable).collect();
    for setting in words {
        let (name, value) = setting
            .split_once('=')
            .map(|(name, value)| (name.trim(), value.trim()))
            .ok_or_else(|| EntryError::NoSetting { word: setting.to_owned() })?;
        let spec = specs.iter().find(|spec| spec.flag == name || spec.key == name).ok_or_else(|| {
            EntryError::NotComparable {
                name: name.to_owned(),
                rule: rule.id(),
                known: specs.iter().map(|spec| spec.flag).collect::<Vec<_>>().join(", "),
            }
        })?;
        (spec.write)(&mut params, spec.parse(value)?);
        label = format!("{label}, {} {value}", spec.flag);
    }
    Ok(Entry { label, params: params.validate()? })
}

/// Reads entries that stand between commas.
///
/// # Errors
/// As for [`entry_of`]; or there are fewer than two.
pub fn entries_of(text: &str, base: &RvqParams) -> Result<Vec<Entry>, EntryError> {
    let mut entries: Vec<Entry> = Vec::new();
    for word in text.split(',').filter(|word| !word.trim().is_empty()) {
        let mut entry = entry_of(word, base)?;
        let same = entries.iter().filter(|other| other.params == entry.params).count();
        if same > 0 {
            entry.label = format!("{} ({})", entry.label, same + 1);
        }
        entries.push(entry);
    }
    if entries.len() < 2 { Err(EntryError::TooFew) } else { Ok(entries) }
}

/// Trains every entry to the last step, in turns, or until told to stop.
///
/// All start from the same centroids, found once, of which each rule makes its own EMA state, and see the same batches: a training alone from
/// that start gives the same bits.
///
/// # Errors
/// It was cancelled before its first step, or the entries differ in what they must share.
pub fn compare(spec: CompareSpec, ctx: &JobCtx<'_>) -> Result<Compared, JobError> {
    let first = check_shared(&spec.entries)?;
    for entry in &spec.entries {
        check_standardizing(&entry.params, spec.standardize)?;
    }
    ctx.compute(|task| {
        let CompareSpec { name, dataset, entries, holdout, standardize, search } = spec;
        let data = TrainingData::new(&dataset, holdout, standardize)?;
        let start = Arc::new(SharedStart::find(&first, &data.seen, data.split.train.clone(), task)?);
        let mut runs = Vec::with_capacity(entries.len());
        for Entry { label, params } in entries {
            let trainer = Trainer::new(params, data.seen.clone(), data.split.train.clone(), None)?;
            let spec = TrainSpec {
                name: if name.is_empty() { label } else { format!("{name}: {label}") },
                dataset: dataset.clone(),
                params,
                holdout,
                standardize,
                search,
                start: None,
                resume: None,
                paused: false,
            };
            runs.push(TrainingRun::of(spec, data.begin(trainer.starting_from(start.clone()))));
        }
        Ok(Compared { trained: StepLoop::new(ctx, runs, search, false).run(task)? })
    })?
}

/// The parameters of the first entry, if the others share with it what they must.
fn check_shared(entries: &[Entry]) -> Result<ValidRvqParams, JobError> {
    let Some(first) = entries.first() else {
        return Err(JobError::Input(msg!("job-nothing-to-compare")));
    };
    for entry in entries {
        let differs = PARAMS.iter().find(|spec| {
            !spec.scope.is_comparable && (spec.read)(&entry.params) != (spec.read)(&first.params)
        });
        if let Some(spec) = differs {
            let (one, other) = (first.label.as_str(), entry.label.as_str());
            return Err(JobError::Input(msg!(
                "job-entries-differ",
                one = one,
                other = other,
                flag = spec.flag
            )));
        }
    }
    Ok(first.params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_rules_with_settings_of_their_own() {
        let base = RvqParams { decay: 0.9, num_layers: 3, ..RvqParams::default() };
        let entries =
            entries_of("encodec, gpt-sovits:threshold=1.5:decay=0.95,rvqscope,rvqscope", &base).unwrap();
        let labels: Vec<&str> = entries.iter().map(|entry| entry.label.as_str()).collect();
        assert_eq!(labels, ["encodec", "gpt-sovits, threshold 1.5, decay 0.95", "rvqscope", "rvqscope (2)"]);
        let thresholds = entries.iter().map(|entry| entry.params.threshold_ema_dead_code);
        assert_eq!(thresholds.collect::<Vec<_>>(), [2.0, 1.5, 0.1, 0.1]);
        assert_eq!(entries.iter().map(|e| e.params.decay).collect::<Vec<_>>(), [0.9, 0.95, 0.9, 0.9]);
        assert!(entries.iter().all(|entry| entry.params.num_layers == 3));
        assert!(check_shared(&entries).is_ok());
    }

    #[test]
    fn what_is_wrong_with_an_entry_is_said() {
        let fails = |text: &str| entries_of(text, &RvqParams::default()).unwrap_err().to_string();
        assert!(fails("encodec,faiss").contains("no rule \"faiss\"") && fails("faiss").contains("moshi"));
        assert!(fails("encodec:threshold,moshi").contains("encodec:threshold=2"));
        assert!(fails("encodec:layers=3,moshi").contains("cannot be set for encodec alone"));
        assert!(fails("rvqscope:assignment=upstream,moshi").contains("cannot be set for rvqscope alone"));
        assert!(fails("encodec:decay=2,moshi").contains("decay"));
        assert_eq!(entries_of("encodec", &RvqParams::default()), Err(EntryError::TooFew));
    }

    #[test]
    fn entries_with_batches_of_their_own_are_refused() {
        let mut entries = entries_of("encodec,moshi", &RvqParams::default()).unwrap();
        entries[1].params = RvqParams { batch_size: 7, ..*entries[1].params }.validate().unwrap();
        let err = check_shared(&entries).unwrap_err().to_string();
        assert!(err.contains("moshi differ in batch"), "{err}");
    }

    #[test]
    fn every_pitfall_reads() {
        for pitfall in PITFALLS {
            let params = pitfall.params(RvqParams::default());
            assert!(entries_of(pitfall.entries, &params).unwrap().len() >= 2, "{}", pitfall.id);
        }
    }
}
