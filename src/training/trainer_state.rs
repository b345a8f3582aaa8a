//! A training taken apart between two steps, and put together again to the same bytes.

use std::ops::Range;
use std::sync::Arc;

use crate::features::{FeatureSet, Split};
use crate::rvq::{Rvq, RvqError, RvqParams, ValidRvqParams};
use crate::text::{Message, msg};

use super::batches::block_len;
use super::joint;
use super::{Batches, LayerState, Tracer, Trainer};

/// A training between two steps, without its frames and working memory: what has to be kept to resume it to the same bytes.
///
/// Random draws need no state: each has a stream of its own, which seed, step and layer decide.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainerState {
    /// The parameters of the next step.
    pub params: RvqParams,
    /// Steps taken.
    pub step: u64,
    /// The quantizer with its EMA state.
    pub rvq: Rvq,
    /// What each layer remembers besides its codebook.
    pub layers: Vec<LayerState>,
    /// The history of its codes. Where there is none it begins anew, and nothing else is another for it.
    pub tracer: Option<Tracer>,
    /// Finished epochs.
    pub epoch: u64,
    /// Frames of the present epoch that were taken.
    pub next: usize,
}

/// More steps than any training takes: half of what a counter holds, so that no count of steps overflows.
const MAX_STEP: u64 = u64::MAX / 2;

impl Trainer {
    /// The training as it stands; `None` in the middle of a step or before every layer has started.
    ///
    /// A layer that has not started waits for frames that were drawn for all layers at once, which are not kept.
    #[must_use]
    pub fn state(&self) -> Option<TrainerState> {
        if !self.is_between_steps() || !self.has_started() {
            return None;
        }
        let (epoch, next) = self.batches.position();
        Some(TrainerState {
            params: *self.params,
            step: self.step,
            rvq: self.rvq.clone(),
            layers: self.states.clone(),
            tracer: self.tracer.clone(),
            epoch,
            next,
        })
    }

    /// The training that `state` was taken of, on the frames of `train`: its next steps are those that would have followed.
    ///
    /// The frames must be those it was trained on, and lie in memory or on disk as they did then: the order of frames depends on it where they
    /// are many.
    ///
    /// # Errors
    /// The state does not fit together, or not to the frames.
    pub fn from_state(
        state: &TrainerState,
        set: Arc<FeatureSet>,
        train: Vec<Range<usize>>,
    ) -> Result<Self, RvqError> {
        let block_len = block_len(&set);
        Self::in_blocks(state, set, train, block_len)
    }

    fn in_blocks(
        state: &TrainerState,
        set: Arc<FeatureSet>,
        train: Vec<Range<usize>>,
        block_len: usize,
    ) -> Result<Self, RvqError> {
        let num_frames = set.matrix.num_frames();
        Self::on_frames(state, set, num_frames, train, block_len)
    }

    /// The training of `state` on `train` of `num_frames` frames, of which `set` has all or those of one rank.
    pub(super) fn on_frames(
        state: &TrainerState,
        set: Arc<FeatureSet>,
        num_frames: usize,
        train: Vec<Range<usize>>,
        block_len: usize,
    ) -> Result<Self, RvqError> {
        let params = state.check()?;
        state.check_frames((num_frames, set.matrix.dim()), &train)?;
        let batches = Batches::in_blocks(train, params.order, params.seed, block_len);
        let num_frames = batches.num_frames();
        let batches = batches.starting_at(state.epoch, state.next).ok_or_else(|| {
            unfit(msg!("err-state-epoch", taken = state.next.to_string(), frames = num_frames))
        })?;
        let mut trainer =
            Self::standing_at(state.step, params, set, batches, state.rvq.clone(), state.layers.clone());
        if let Some(tracer) = &state.tracer {
            trainer.tracer = Some(tracer.clone());
        }
        Ok(trainer)
    }
}

impl TrainerState {
    /// Checks that its parts fit each other.
    fn check(&self) -> Result<ValidRvqParams, RvqError> {
        let Self { params, step, rvq, layers, tracer, epoch, next: _ } = self;
        let valid = params.validate().map_err(|err| unfit(err.message()))?;
        rvq.check_trainable()?;
        joint::check(params, rvq)?;
        let num_codes = rvq.layers().first().map_or(0, |layer| layer.codebook.num_codes());
        if (params.num_layers, params.codebook_size, params.metric)
            != (rvq.num_layers(), num_codes, rvq.metric())
        {
            return Err(unfit(msg!(
                "err-state-shape",
                layers = params.num_layers,
                size = params.codebook_size,
                own_layers = rvq.num_layers(),
                own_size = num_codes,
            )));
        }
        // A step begins at most one epoch.
        if *step > MAX_STEP || epoch > step {
            return Err(unfit(msg!(
                "err-state-epochs",
                epochs = epoch.to_string(),
                steps = step.to_string()
            )));
        }
        if layers.len() != rvq.num_layers() {
            return Err(unfit(msg!("err-state-layers", states = layers.len(), layers = rvq.num_layers())));
        }
        for (layer_idx, (state, layer)) in layers.iter().zip(rvq.layers()).enumerate() {
            if !state.fits(layer.codebook.num_codes(), *step) {
                return Err(unfit(msg!("err-state-layer", layer = layer_idx)));
            }
        }
        if tracer.as_ref().is_some_and(|tracer| !tracer.trace().fits(rvq, *step)) {
            return Err(unfit(msg!("err-trace-codes")));
        }
        Ok(valid)
    }

    fn check_frames(
        &self,
        (num_frames, dim): (usize, usize),
        train: &[Range<usize>],
    ) -> Result<(), RvqError> {
        if self.rvq.dim() != dim {
            return Err(unfit(msg!("err-state-dimension", own = self.rvq.dim(), dim = dim)));
        }
        if train.iter().any(|range| range.end > num_frames) || Split::count(train) == 0 {
            return Err(unfit(msg!("err-state-frames", frames = num_frames)));
        }
        Ok(())
    }
}

impl LayerState {
    /// Whether this is of a started layer of `num_codes` codes after `step` steps.
    fn fits(&self, num_codes: usize, step: u64) -> bool {
        let Self { init_step, batch_counts, code_drift, replaced_at, threshold_frames: _, misassigned: _ } =
            self;
        init_step.is_some_and(|init_step| init_step <= step)
            && [batch_counts.len(), code_drift.len(), replaced_at.len()] == [num_codes; 3]
            && replaced_at.iter().all(|&replaced| replaced <= step)
    }
}

fn unfit(why: Message) -> RvqError {
    RvqError::Shape(msg!("err-state-unfit", why = why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::FeatureMatrix;
    use crate::rvq::{Codebook, Metric};
    use crate::task::{Cancel, Task};
    use ndarray::Array2;

    fn set(num_frames: usize, dim: usize) -> Arc<FeatureSet> {
        let values = Array2::from_shape_fn((num_frames, dim), |(n, d)| {
            ((n * 37 + d * 11) % 23) as f32 - 0.1 * n as f32
        });
        Arc::new(FeatureSet::single("x", FeatureMatrix::new(values).unwrap(), None))
    }

    fn params() -> RvqParams {
        RvqParams { num_layers: 2, codebook_size: 5, kmeans_iters: 2, batch_size: 16, ..RvqParams::default() }
    }

    fn started(set: &Arc<FeatureSet>) -> Trainer {
        let mut trainer =
            Trainer::new(params().validate().unwrap(), set.clone(), vec![0..100], None).unwrap();
        steps(&mut trainer, 9);
        trainer
    }

    fn steps(trainer: &mut Trainer, count: usize) -> Vec<super::super::StepRecord> {
        let cancel = Cancel::default();
        (0..count).map(|_| trainer.step(&Task::silent(&cancel)).unwrap()).collect()
    }

    #[test]
    fn the_order_of_a_corpus_on_disk_goes_on() {
        let set = set(100, 3);
        let mut whole = started(&set);
        whole.batches = Batches::in_blocks(vec![0..100], params().order, 0, 7).starting_at(1, 48).unwrap();
        for _ in 0..15 {
            let state = whole.state().unwrap();
            let mut resumed = Trainer::in_blocks(&state, set.clone(), vec![0..100], 7).unwrap();
            assert_eq!(resumed.state().unwrap(), state);
            assert_eq!(steps(&mut resumed, 1), steps(&mut whole, 1));
            assert_eq!(resumed.rvq(), whole.rvq());
        }
        let other = Trainer::in_blocks(&whole.state().unwrap(), set, vec![0..100], 8);
        assert_ne!(
            steps(&mut other.unwrap(), 1),
            steps(&mut whole, 1),
            "blocks of another length are another order"
        );
    }

    #[test]
    fn a_state_that_does_not_fit_is_refused() {
        let set = set(100, 3);
        let state = started(&set).state().unwrap();
        let refused_on = |state: &TrainerState, set: &Arc<FeatureSet>, train: Range<usize>, why: &str| {
            match Trainer::from_state(state, set.clone(), vec![train]) {
                Err(RvqError::Shape(words)) => assert!(words.english().contains(why), "{why}: {words}"),
                other => panic!("{why}: {other:?}"),
            }
        };
        let refused = |why: &str, change: fn(&mut TrainerState)| {
            let mut state = state.clone();
            change(&mut state);
            refused_on(&state, &set, 0..100, why);
        };
        refused_on(&state, &self::set(100, 4), 0..100, "3 dimensions, but the frames have 4");
        refused_on(&state, &set, 0..101, "one beyond the 100");
        refused_on(&state, &set, 40..usize::MAX, "one beyond the 100");
        refused_on(&state, &set, 7..7, "no frame to train on");
        // 9 steps of 16 in epochs of 6: the last was the third of the second epoch.
        assert_eq!((state.epoch, state.next), (1, 48));
        refused_on(&state, &set, 0..47, "48 frames of an epoch were taken, but it has 47");
        assert!(Trainer::from_state(&state, set.clone(), vec![0..48]).is_ok());
        refused("frames of an epoch were taken", |state| state.next = usize::MAX);
        refused("epochs in", |state| state.epoch = 10);
        refused("epochs in", |state| (state.step, state.epoch) = (u64::MAX, 1));
        refused("decay", |state| state.params.decay = 2.0);
        refused("batch", |state| state.params.batch_size = 0);
        refused("parameters are of 3 layers", |state| state.params.num_layers = 3);
        refused("parameters are of 2 layers by 6 codes", |state| state.params.codebook_size = 6);
        refused("another distance", |state| {
            let layers = state.rvq.layers().to_vec();
            state.rvq = Rvq::with_metric(layers, Metric::Cosine).unwrap();
        });
        refused("1 states of 2 layers", |state| state.layers.truncate(1));
        refused("what layer 1 remembers", |state| state.layers[1].init_step = None);
        refused("what layer 1 remembers", |state| state.layers[1].init_step = Some(10));
        refused("what layer 0 remembers", |state| state.layers[0].batch_counts.push(0));
        refused("what layer 0 remembers", |state| state.layers[0].code_drift.clear());
        refused("what layer 0 remembers", |state| state.layers[0].replaced_at.truncate(4));
        refused("what layer 0 remembers", |state| state.layers[0].replaced_at[2] = 10);
        refused("the history of its codes", |state| state.tracer = Tracer::begin(&state.rvq, 10));
        refused("the history of its codes", |state| {
            state.tracer = Tracer::begin(&Rvq::new(vec![Codebook::blank(10, 3).into()]).unwrap(), 0);
        });
        refused("what layer 1 remembers", |state| {
            let mut layers = state.rvq.layers().to_vec();
            layers[1].codebook = Codebook::blank(6, 3);
            state.rvq = Rvq::new(layers).unwrap();
        });
    }

    #[test]
    fn there_is_no_state_within_a_step_or_before_every_layer_has_started() {
        let set = set(100, 3);
        let moshi = RvqParams { rule: "moshi", ..params() }.validate().unwrap();
        let mut trainer = Trainer::new(moshi, set.clone(), vec![0..100], None).unwrap();
        assert_eq!(trainer.state(), None);
        steps(&mut trainer, 1);
        assert_eq!(trainer.state(), None, "the second layer starts in the second step");
        steps(&mut trainer, 1);
        assert_eq!(trainer.state().map(|state| state.step), Some(2));
        let cancel = Cancel::default();
        cancel.cancel();
        assert!(trainer.step(&Task::silent(&cancel)).is_err());
        assert_eq!(trainer.state(), None, "in the middle of a step");
        // From a model, every layer has started before the first step.
        let start = trainer.rvq().clone();
        let trainer = Trainer::new(params().validate().unwrap(), set, vec![0..100], Some(&start)).unwrap();
        assert_eq!(trainer.state().map(|state| (state.step, state.next)), Some((0, 0)));
    }
}
