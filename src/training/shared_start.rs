//! First rows for several trainings at once: the same centroids for every rule, which then makes its own state of them.

use std::ops::Range;

use crate::features::{FeatureSet, Split};
use crate::random::{self, Purpose};
use crate::rvq::init::{self, EmptyCluster};
use crate::rvq::rules::{StartRows, stage};
use crate::rvq::{Codebook, InitMethod, Layer, Metric, Projection, Rows, RvqError, ValidRvqParams};
use crate::task::Task;
use crate::text::msg;

use super::batches::block_len;
use super::{Batches, layer_start};

/// The first rows of every layer, and the projections around them.
///
/// They are found on the first batch: by k-means from random frames of it (an empty cluster keeps its place), by drawing frames, or at random,
/// as the parameters say. What a layer's rows leave over of the batch is what the next one starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedStart {
    layers: Vec<(StartRows, Option<Projection>)>,
}

impl SharedStart {
    /// The start of a training of the frames of `train` with `params`.
    ///
    /// # Errors
    /// There is no frame to train on, codebooks are to have more dimensions than frames, or the task is cancelled.
    pub fn find(
        params: &ValidRvqParams,
        set: &FeatureSet,
        train: Vec<Range<usize>>,
        task: &Task<'_>,
    ) -> Result<Self, RvqError> {
        if Split::count(&train) == 0 {
            return Err(RvqError::Shape(msg!("err-no-frame")));
        }
        let mut batches = Batches::in_blocks(train, params.order, params.seed, block_len(set));
        let mut residual = Rows::default();
        residual.gather(set.matrix.view(), batches.advance(params.batch_size));
        let blank = layer_start::blank(params, set.matrix.dim())?;
        let mut layers = Vec::with_capacity(params.num_layers);
        for layer_idx in 0..params.num_layers {
            let projection = blank
                .projection
                .as_ref()
                .map(|_| Projection::principal(residual.view(), blank.codebook.dim()));
            let own = projection.as_ref().map(|p| Rows::from(p.project_in(residual.view())));
            let seen = own.as_ref().unwrap_or(&residual).view();
            let mut rng = random::stream(params.seed, Purpose::Init, layer_idx as u64);
            let num_codes = params.codebook_size;
            let start = match params.init {
                InitMethod::Sample => StartRows::sampled(seen, num_codes, &mut rng),
                InitMethod::Uniform => StartRows::uniform(num_codes, seen.ncols(), &mut rng),
                InitMethod::KMeans => {
                    let means = init::draw(seen, num_codes, &mut rng);
                    let stage = stage(layer_idx);
                    let iters = params.kmeans_iters;
                    let found = init::lloyd(seen, means, iters, EmptyCluster::Keep, &stage, task)?;
                    StartRows::of_kmeans(found, seen.nrows())
                }
            };
            let codebook = Codebook::from_rows(start.rows.clone())?;
            let layer = Layer { codebook, projection, stride: 1 };
            layer.subtract_from(Metric::Euclidean, &mut residual, task, |_, _| {})?;
            layers.push((start, layer.projection));
        }
        Ok(Self { layers })
    }

    /// The rows of layer `layer_idx`, and the projection around them.
    pub(super) fn layer(&self, layer_idx: usize) -> Option<&(StartRows, Option<Projection>)> {
        self.layers.get(layer_idx)
    }
}
