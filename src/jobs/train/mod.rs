//! Training, with everything that happens around a step: control, publishing, held-out figures.

mod compare;
mod lane;
mod steps;

use std::sync::Arc;

use crate::features::{FeatureSet, Split, Standardizer};
use crate::rvq::search::Search;
use crate::rvq::{Rvq, RvqParams, ValidRvqParams};
use crate::training::{History, Run, Trainer};

pub use compare::{
    CompareSpec, Compared, Entry, EntryError, PITFALLS, Pitfall, compare, entries_of, entry_of,
};

use super::units::rescaled;
use super::{Dataset, JobCtx, JobError};
use lane::Lane;
use steps::Steps;

/// What share of the frames is held out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holdout(pub f64);

/// A training to be run.
#[derive(Debug)]
pub struct TrainSpec {
    /// What the run is called.
    pub name: String,
    /// The data.
    pub dataset: Arc<Dataset>,
    /// How.
    pub params: ValidRvqParams,
    /// What is held out.
    pub holdout: Holdout,
    /// Whether to train on centred data of unit variance; codebooks and errors are in input units all the same.
    pub standardize: bool,
    /// How codes are searched when the run is looked at; a training step is always greedy.
    pub search: Search,
    /// Codebooks to start from in place of the rule's own.
    pub start: Option<Arc<Rvq>>,
    /// A training to go on with; `holdout`, `standardize` and `start` are not looked at then.
    pub resume: Option<Box<Resume>>,
    /// Wait before the first step.
    pub paused: bool,
}

/// A training that ended and can go on as if it had not.
#[derive(Debug)]
pub struct Resume {
    trainer: Trainer,
    history: History,
    /// What was shown last.
    run: Option<Arc<Run>>,
    /// As they were: what was held out stays held out, and codebooks are brought back to input units in the same way.
    split: Split,
    standardizer: Option<Standardizer>,
}

/// What a training gives.
#[derive(Debug)]
pub struct Trained {
    /// The quantizer and its figures.
    pub run: Arc<Run>,
    /// Every step's scalars.
    pub history: History,
    /// To go on with.
    pub resume: Box<Resume>,
}

/// Values of a mapped file up to which a standardized copy is kept in memory.
const STANDARDIZED_VALUES: usize = 1 << 28;

/// Why these parameters cannot be trained on standardized data, if so it is meant.
#[must_use]
pub fn no_standardizing(params: &RvqParams, standardize: bool) -> Option<&'static str> {
    (standardize && params.is_by_angle()).then_some(
        "standardizing moves the centre of the data, and with it every angle that the cosine distance goes by: use one of the two",
    )
}

fn check_standardizing(params: &RvqParams, standardize: bool) -> Result<(), JobError> {
    no_standardizing(params, standardize).map_or(Ok(()), |why| Err(JobError::Input(why.to_owned())))
}

/// Trains to the last step, or until told to stop.
///
/// # Errors
/// It was cancelled before its first step, or data, parameters and start do not fit each other.
pub fn train(spec: TrainSpec, ctx: &JobCtx<'_>) -> Result<Trained, JobError> {
    ctx.compute(|task| {
        let TrainSpec { search, paused, .. } = spec;
        let lane = Lane::new(spec)?;
        let mut ended = Steps::new(ctx, vec![lane], search, paused).run(task)?;
        ended.pop().ok_or_else(|| JobError::Input("there is nothing to train".to_owned()))
    })?
}

/// Frames as a training sees them, and how they are divided.
struct Ground {
    /// In the units in which it trains.
    seen: Arc<FeatureSet>,
    split: Split,
    standardizer: Option<Standardizer>,
}

impl Ground {
    fn new(dataset: &Dataset, holdout: Holdout, standardize: bool) -> Result<Self, JobError> {
        let set = &dataset.set;
        if standardize && set.matrix.is_mapped() && set.matrix.view().len() > STANDARDIZED_VALUES {
            return Err(JobError::Input(format!(
                "these features are too large to keep a standardized copy of; train without standardizing, which finds the same codes: {}",
                dataset.source.title()
            )));
        }
        let split = Split::hold_out(set, holdout.0);
        let standardizer = standardize.then(|| Standardizer::fit(set.matrix.view(), &split.train));
        let seen = match &standardizer {
            None => set.clone(),
            Some(s) => {
                let matrix = s
                    .apply(&set.matrix)
                    .map_err(|problem| JobError::Features { problem, path: dataset.source.title() })?;
                Arc::new(FeatureSet { matrix, ..(**set).clone() })
            }
        };
        Ok(Self { seen, split, standardizer })
    }

    /// A training before its first step.
    fn begin(&self, trainer: Trainer) -> Resume {
        let Self { split, standardizer, .. } = self;
        Resume {
            trainer,
            history: History::default(),
            run: None,
            split: split.clone(),
            standardizer: standardizer.clone(),
        }
    }
}

/// A training before its first step.
fn beginning(spec: &TrainSpec) -> Result<Resume, JobError> {
    check_standardizing(&spec.params, spec.standardize)?;
    let ground = Ground::new(&spec.dataset, spec.holdout, spec.standardize)?;
    let start = match (&spec.start, &ground.standardizer) {
        (Some(rvq), Some(s)) => Some(Arc::new(rescaled(rvq, &s.inverse())?)),
        (start, _) => start.clone(),
    };
    let trainer =
        Trainer::new(spec.params, ground.seen.clone(), ground.split.train.clone(), start.as_deref())?;
    Ok(ground.begin(trainer))
}
