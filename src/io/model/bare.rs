//! A bare array of codebooks, `[n_q, K, D]`: the only tensor of its file.

use ndarray::{Axis, Ix3};

use super::{Family, LayerInfo, Parts, dtype_of, optional, wrong_axes};
use crate::io::Problem;
use crate::io::tensors::Tensors;
use crate::rvq::{Codebook, Layer, Rvq};
use crate::task::Task;

/// The layout without any names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bare;

impl Family for Bare {
    fn id(&self) -> &'static str {
        "bare"
    }

    fn places(&self, tensors: &dyn Tensors) -> Vec<String> {
        let mut infos = tensors.infos().iter();
        match (infos.next(), infos.next()) {
            // A leading 1 is a batch of features.
            (Some((name, info)), None)
                if info.dtype.is_float() && matches!(*info.shape, [layers, _, _] if layers > 1) =>
            {
                vec![name.clone()]
            }
            _ => Vec::new(),
        }
    }

    fn load(&self, tensors: &dyn Tensors, place: &str, task: &Task<'_>) -> Result<Parts, Problem> {
        let values = optional(tensors, place, task)?
            .ok_or_else(|| Problem::malformed(format!("there is no tensor {place:?}")))?;
        let shape = values.shape().to_vec();
        let values = values.into_dimensionality::<Ix3>().map_err(|_| wrong_axes(place, 3, &shape))?;
        let mut layers = Vec::new();
        let mut infos = Vec::new();
        for rows in values.axis_iter(Axis(0)) {
            task.check()?;
            layers.push(Layer::from(Codebook::from_rows(rows.to_owned())?));
            let (codes, dim) = rows.dim();
            infos.push(LayerInfo { codes, dim, dtype: dtype_of(tensors, place), buffers: Vec::new() });
        }
        let has_sizes = vec![false; layers.len()];
        let findings =
            vec!["only rows are stored: there is no EMA state to continue a training from".to_owned()];
        Ok(Parts { rvq: Rvq::new(layers)?, layers: infos, has_sizes, findings })
    }
}
