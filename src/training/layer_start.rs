//! What stands in a layer's place before its first codebook, and the projection that it starts with.

use ndarray::ArrayView2;

use crate::rvq::{Codebook, Layer, Projection, Rvq, RvqError, RvqParams, ValidRvqParams};
use crate::text::msg;

use super::LayerState;

/// A layer of frames of `dim` dimensions that was not started yet: until then it adds nothing.
///
/// # Errors
/// The codebooks are to have more dimensions than the frames.
pub(super) fn blank(params: &RvqParams, dim: usize) -> Result<Layer, RvqError> {
    let codebook_dim = if params.codebook_dim == 0 { dim } else { params.codebook_dim };
    if codebook_dim > dim {
        return Err(RvqError::Shape(msg!("err-codebook-too-wide", codebook = codebook_dim, dim = dim)));
    }
    let projection = (codebook_dim < dim).then(|| Projection::blank(dim, codebook_dim));
    let codebook = Codebook::blank(params.codebook_size, codebook_dim);
    Ok(Layer { projection, ..codebook.into() })
}

/// Gives layer `layer_idx`, where it has a projection and is about to start, the principal axes of `residual`, `(num_frames, dim)`.
///
/// A layer whose predecessor has not started sees that one's input, whose axes are not its own, and waits.
pub(super) fn fit_projection(
    rvq: &mut Rvq,
    states: &[LayerState],
    layer_idx: usize,
    residual: ArrayView2<'_, f32>,
) {
    let has_started = |nth: usize| states.get(nth).is_some_and(|state| state.init_step.is_some());
    if has_started(layer_idx) || layer_idx.checked_sub(1).is_some_and(|before| !has_started(before)) {
        return;
    }
    let layer = &mut rvq.layers_mut()[layer_idx];
    if layer.projection.is_some() {
        layer.projection = Some(Projection::principal(residual, layer.codebook.dim()));
    }
}

/// `params` in the shape that `rvq` has: its numbers of layers and codes, its codebooks' dimension, its metric.
///
/// # Errors
/// It is larger than parameters can be, or no rule can train it.
pub(super) fn in_shape_of(rvq: &Rvq, params: ValidRvqParams) -> Result<ValidRvqParams, RvqError> {
    rvq.check_trainable()?;
    let first = rvq.layers().first();
    let codebook_size = first.map_or(1, |layer| layer.codebook.num_codes());
    let codebook_dim =
        first.filter(|layer| layer.projection.is_some()).map_or(0, |layer| layer.codebook.dim());
    let (num_layers, metric) = (rvq.num_layers(), rvq.metric());
    RvqParams { num_layers, codebook_size, codebook_dim, metric, ..*params }
        .validate()
        .map_err(|err| RvqError::Shape(msg!("err-start-model", why = err.message())))
}
