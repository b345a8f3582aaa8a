//! Bare codebooks: an array `[n_q, K, D]` that is the only tensor of its file, or a file of nothing but numbered arrays `[K, D]`.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayD, Axis, Ix3};

use super::{Family, LayerInfo, Parts, dtype_of, matrix, optional, wrong_axes};
use crate::io::Problem;
use crate::io::tensors::{TensorInfo, Tensors};
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
            _ => numbered(tensors.infos()).map(|(stem, _)| stem.to_owned()).into_iter().collect(),
        }
    }

    fn load(&self, tensors: &dyn Tensors, place: &str, task: &Task<'_>) -> Result<Parts, Problem> {
        let books: Vec<(&str, Array2<f32>)> = match numbered(tensors.infos()) {
            Some((_, names)) => {
                let mut books = Vec::with_capacity(names.len());
                for name in names {
                    books.push((name.as_str(), matrix(name, floats(tensors, name, task)?)?));
                }
                books
            }
            None => {
                let values = floats(tensors, place, task)?;
                let shape = values.shape().to_vec();
                let values = values.into_dimensionality::<Ix3>().map_err(|_| wrong_axes(place, 3, &shape))?;
                values.axis_iter(Axis(0)).map(|rows| (place, rows.to_owned())).collect()
            }
        };
        let mut layers = Vec::new();
        let mut infos = Vec::new();
        for (name, rows) in books {
            task.check()?;
            let (codes, dim) = rows.dim();
            layers.push(Layer::from(Codebook::from_rows(rows)?));
            infos.push(LayerInfo { codes, dim, dtype: dtype_of(tensors, name), buffers: Vec::new() });
        }
        let has_sizes = vec![false; layers.len()];
        let findings =
            vec!["only rows are stored: there is no EMA state to continue a training from".to_owned()];
        Ok(Parts { rvq: Rvq::new(layers)?, layers: infos, has_sizes, findings })
    }
}

/// What stands in front of the numbers of a file's arrays, and their names in the order of those numbers, if they are codebooks of one shape and
/// nothing else is there: the `0`, `1`, ... of a list, the `codebook_0`, ... of somebody's archive.
fn numbered(infos: &BTreeMap<String, TensorInfo>) -> Option<(&str, Vec<&String>)> {
    const MAX_DIGITS: usize = 9;
    let parts = |name: &String| -> Option<(usize, u32)> {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let digits = name.get(stem..).filter(|digits| digits.len() <= MAX_DIGITS)?;
        Some((stem, digits.parse().ok()?))
    };
    let (first_name, first) = infos.first_key_value().filter(|_| infos.len() > 1)?;
    let stem = first_name.get(..parts(first_name)?.0)?;
    let mut names = Vec::with_capacity(infos.len());
    for (name, info) in infos {
        let (stem_len, number) = parts(name)?;
        let alike = name.get(..stem_len) == Some(stem) && info.shape == first.shape && info.dtype.is_float();
        if !alike || info.shape.len() != 2 {
            return None;
        }
        names.push((number, name));
    }
    names.sort_unstable();
    Some((stem, names.into_iter().map(|(_, name)| name).collect()))
}

fn floats(tensors: &dyn Tensors, name: &str, task: &Task<'_>) -> Result<ArrayD<f32>, Problem> {
    optional(tensors, name, task)?.ok_or_else(|| Problem::malformed(format!("there is no tensor {name:?}")))
}
