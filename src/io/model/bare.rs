//! Codebooks without a class around them: one array `[n_q, K, D]`, or arrays `[K, D]` that are numbered, and nothing else in the file.

use std::collections::BTreeMap;

use ndarray::{Array2, Axis, Ix3};

use super::read::{Gathered, Loaded, Reading, matrix, wrong_axes};
use super::write::{Named, cannot_hold, one_chain};
use super::{Family, Parts};
use crate::io::tensors::{NewTensor, TensorInfo, Tensors};
use crate::io::{Dtype, Problem};
use crate::rvq::{Codebook, Metric, Rvq};
use crate::task::Task;

/// The layout without any names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bare;

/// Behind the place of arrays that are named by their number.
const NUMBERED: &str = "*";

/// What the one array is called where it has no name yet.
const NAME: &str = "codebooks";

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
            _ => numbered(tensors.infos()).map(|(stem, _)| format!("{stem}{NUMBERED}")).into_iter().collect(),
        }
    }

    fn load(&self, tensors: &dyn Tensors, place: &str, task: &Task<'_>) -> Result<Parts, Problem> {
        let reading = Reading { tensors, task };
        let mut gathered = Gathered::default();
        let mut layers = Vec::new();
        let mut push = |name: &str, rows: Array2<f32>, layers: &mut Vec<_>| {
            let info = reading.info("\0", name, rows.dim());
            let layer = Codebook::from_rows(rows)?.into();
            layers.push(gathered.take(Loaded { layer, info, has_sizes: false, findings: Vec::new() }));
            Ok::<_, Problem>(())
        };
        if let Some((_, names)) = numbered(tensors.infos()) {
            for name in names {
                task.check()?;
                push(name, matrix(name, reading.needed(name)?)?, &mut layers)?;
            }
        } else {
            let values = reading.needed(place)?;
            let shape = values.shape().to_vec();
            let values = values.into_dimensionality::<Ix3>().map_err(|_| wrong_axes(place, 3, &shape))?;
            for rows in values.axis_iter(Axis(0)) {
                task.check()?;
                push(place, rows.to_owned(), &mut layers)?;
            }
        }
        gathered
            .findings
            .push("only rows are stored: there is no EMA state to continue a training from".to_owned());
        Ok(gathered.into_parts(Rvq::new(layers)?))
    }

    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        one_chain(self.id(), rvq)?;
        if rvq.metric() == Metric::CosineRaw {
            return Err(cannot_hold(self.id(), "a search by angle"));
        }
        let first = rvq.layers().first().map_or((0, 0), |layer| layer.codebook.embed().dim());
        if rvq
            .layers()
            .iter()
            .any(|layer| layer.projection.is_some() || layer.codebook.embed().dim() != first)
        {
            return Err(Problem::Unsupported(
                "a bare array holds layers of one size, without projections".to_owned(),
            ));
        }
        let mut named = Named::new(dtype);
        if let Some(stem) = place.strip_suffix(NUMBERED) {
            for (layer_idx, layer) in rvq.layers().iter().enumerate() {
                named.array(format!("{stem}{layer_idx}"), &[], &layer.codebook.embed(), &[]);
            }
        } else {
            let values = rvq.layers().iter().flat_map(|layer| layer.codebook.embed().to_owned().into_iter());
            let name = if place.is_empty() { NAME } else { place };
            named.push(name.to_owned(), vec![rvq.num_layers(), first.0, first.1], values);
        }
        Ok(named.tensors)
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
