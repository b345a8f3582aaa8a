//! A training that several ranks do together, each with its share of the frames.

use std::ops::Range;
use std::sync::Arc;

use crate::features::FeatureSet;
use crate::rvq::{Rvq, RvqError, ValidRvqParams};

use super::batches::block_len_of;
use super::{Share, Trainer, TrainerState};

impl Trainer {
    /// The training of the frames of `train`, counted over all ranks, of which `set` holds this one's: every rank takes the same steps.
    ///
    /// Each step draws the batch that one process alone would, and each rank takes its own frames of it through the layers. Of each layer the counts,
    /// sums and errors of all ranks are added up once, as integers, so that nothing depends on how many ranks there are or who has which frames.
    /// Codebooks are the same on all of them. They are not those of a [`Trainer::new`] to the last bit, whose sums are rounded in the order of the
    /// frames. Where there are more than 1 GiB of frames, their order keeps neighbours together as it does for frames on disk.
    ///
    /// A step that ends with an error cannot be taken up again: the other ranks are elsewhere.
    ///
    /// What comes behind its steps is done by the same functions as in one process, given [frames that are spread over ranks](super::Judges::of_share)
    /// and a task [among](crate::task::Task::among) these: [`Course::after`](super::course::Course::after) looks at held-out frames on the way, and
    /// [`row_scales`](super::row_scales::row_scales()) calibrates. Every rank comes to the same.
    ///
    /// # Errors
    /// As for [`Trainer::new`].
    pub fn shared(
        params: ValidRvqParams,
        set: Arc<FeatureSet>,
        train: Vec<Range<usize>>,
        start: Option<&Rvq>,
        share: Share,
    ) -> Result<Self, RvqError> {
        let block_len = block_len_of(share.total(), set.matrix.dim());
        let mut trainer = Self::in_blocks_of(block_len, params, set, train, start)?;
        trainer.share = Some(share);
        Ok(trainer)
    }

    /// The shared training that `state` was taken of, by as many ranks or by others.
    ///
    /// # Errors
    /// As for [`Trainer::from_state`].
    pub fn shared_from_state(
        state: &TrainerState,
        set: Arc<FeatureSet>,
        train: Vec<Range<usize>>,
        share: Share,
    ) -> Result<Self, RvqError> {
        let block_len = block_len_of(share.total(), set.matrix.dim());
        let mut trainer = Self::on_frames(state, set, share.total(), train, block_len)?;
        trainer.share = Some(share);
        Ok(trainer)
    }
}
