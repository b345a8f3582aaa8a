//! Chains: residual layers one behind the other, over all or some columns of the frames.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, s};

use super::rows::Rows;
use super::{Layer, Projection, RvqError};
use crate::text::msg;

/// Residual layers one behind the other, as they are put together to a quantizer by [`Rvq::of_chains`](super::Rvq::of_chains).
#[derive(Debug, Clone, PartialEq)]
pub struct ChainParts {
    /// Its layers, in the space behind `projection`.
    pub layers: Vec<Layer>,
    /// The columns of the frames that it sees and adds to; `None` for all. Grouped quantizers have several chains side by side.
    pub columns: Option<Range<usize>>,
    /// The maps around all of its layers together.
    pub projection: Option<Projection>,
}

/// Where a chain of a quantizer lies, and the maps around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    layers: Range<usize>,
    columns: Range<usize>,
    projection: Option<Projection>,
}

impl From<Vec<Layer>> for ChainParts {
    fn from(layers: Vec<Layer>) -> Self {
        Self { layers, columns: None, projection: None }
    }
}

impl Chain {
    /// A chain over frames of `dim` dimensions whose layers are numbered from `start`; gives its layers too.
    ///
    /// # Errors
    /// It has no layer, or its parts do not fit together.
    pub(super) fn checked(
        parts: ChainParts,
        dim: usize,
        start: usize,
    ) -> Result<(Self, Vec<Layer>), RvqError> {
        let ChainParts { layers, columns, projection } = parts;
        let columns = columns.unwrap_or(0..dim);
        if columns.is_empty() || columns.end > dim {
            let (start, end) = (columns.start.to_string(), columns.end.to_string());
            return Err(RvqError::Shape(msg!("err-columns", start = start, end = end, dim = dim)));
        }
        let outer = columns.len();
        let inner = projection.as_ref().map_or(outer, |p| p.in_weight.nrows());
        if let Some(p) = &projection
            && !p.fits(outer, inner)
        {
            return Err(RvqError::Shape(msg!("err-chain-projection", dim = outer)));
        }
        if layers.is_empty() {
            return Err(RvqError::Shape(msg!("err-no-layer")));
        }
        for (layer_idx, layer) in (start..).zip(&layers) {
            layer.check(layer_idx, inner)?;
        }
        Ok((Self { layers: start..start + layers.len(), columns, projection }, layers))
    }

    /// The numbers of its layers among all of the quantizer.
    #[must_use]
    pub fn layers(&self) -> Range<usize> {
        self.layers.clone()
    }

    /// The columns of the frames that it sees and adds to.
    #[must_use]
    pub fn columns(&self) -> Range<usize> {
        self.columns.clone()
    }

    /// The maps around all of its layers together.
    #[must_use]
    pub fn projection(&self) -> Option<&Projection> {
        self.projection.as_ref()
    }

    /// The dimension that its layers work in.
    #[must_use]
    pub fn inner_dim(&self) -> usize {
        self.projection.as_ref().map_or(self.columns.len(), |p| p.in_weight.nrows())
    }

    /// Whether its layers work on the frames as they are.
    pub(super) fn is_direct(&self, dim: usize) -> bool {
        self.projection.is_none() && self.columns == (0..dim)
    }

    /// What its first layer sees of `frames`, `(num_frames, dim)`: `(num_frames, inner_dim)`.
    pub(super) fn input<'f>(&self, frames: ArrayView2<'f, f32>) -> Rows<'f> {
        let seen = frames.slice_move(s![.., self.columns.clone()]);
        match &self.projection {
            Some(p) => p.project_in(seen).into(),
            None => Rows::of(seen),
        }
    }

    /// What `inner`, `(num_rows, inner_dim)`, adds to its columns: `(num_rows, columns)`. The bias behind the chain is added once in all, with
    /// the first layer.
    pub(super) fn output(&self, inner: Array2<f32>, with_bias: bool) -> Array2<f32> {
        match &self.projection {
            None => inner,
            Some(p) if with_bias => p.project_out(inner.view()),
            Some(p) => inner.dot(&p.out_weight.t()).as_standard_layout().into_owned(),
        }
    }
}
