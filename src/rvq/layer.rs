//! One layer: a codebook, and what stands around it.

use ndarray::{Array2, ArrayView2, CowArray, Ix2};

use super::codebook::normalize_rows;
use super::{Codebook, Metric, Projection, RvqError};
use crate::text::msg;

/// One layer: its codebook, and its projection where the codebook has another dimension than the frames.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// The codebook.
    pub codebook: Codebook,
    /// The maps around it.
    pub projection: Option<Projection>,
    /// How many frames in a row share one code, that of their mean; 1 but in SNAC. Codes are given for every frame all the same.
    pub stride: usize,
}

impl From<Codebook> for Layer {
    fn from(codebook: Codebook) -> Self {
        Self { codebook, projection: None, stride: 1 }
    }
}

impl Layer {
    /// The dimension of the frames that go in and come out.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.projection.as_ref().map_or(self.codebook.dim(), |p| p.in_weight.ncols())
    }

    /// Checks that layer `layer_idx` fits together and works in `dim` dimensions.
    pub(super) fn check(&self, layer_idx: usize, dim: usize) -> Result<(), RvqError> {
        if self.dim() != dim {
            let own = self.dim();
            return Err(RvqError::Shape(msg!(
                "err-layer-dimension",
                layer = layer_idx,
                own = own,
                dim = dim
            )));
        }
        let inner = self.codebook.dim();
        match &self.projection {
            Some(p) if !p.fits(dim, inner) => {
                Err(RvqError::Shape(msg!("err-layer-projection", layer = layer_idx, dim = inner)))
            }
            _ if self.stride == 0 => Err(RvqError::Shape(msg!("err-layer-stride", layer = layer_idx))),
            _ => Ok(()),
        }
    }

    /// What the search sees of `residual`, `(num_frames, dim)`: projected, and of unit length where angles decide; `None` where it sees the
    /// residual as it is.
    pub(crate) fn search_input(&self, metric: Metric, residual: ArrayView2<'_, f32>) -> Option<Array2<f32>> {
        let projected = self.projection.as_ref().map(|p| p.project_in(residual));
        if !metric.is_cosine() {
            return projected;
        }
        let mut input = projected.unwrap_or_else(|| residual.to_owned());
        normalize_rows(&mut input);
        Some(input)
    }

    /// The rows that the search compares its input with, `(num_codes, codebook dim)`: of unit length where angles decide.
    pub(crate) fn searched_rows(&self, metric: Metric) -> CowArray<'_, f32, Ix2> {
        if !metric.is_cosine() {
            return self.codebook.embed().into();
        }
        let mut rows = self.codebook.embed().to_owned();
        normalize_rows(&mut rows);
        rows.into()
    }
}
