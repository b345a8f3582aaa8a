//! Codebooks without a class around them: one array `[n_q, K, D]`, or arrays `[K, D]` numbered from 0, and nothing else in the file.

use ndarray::{Array2, Axis, Ix3};

use super::read::{Gathered, Loaded, Reading, matrix, wrong_axes};
use super::write::{Named, cannot_hold, one_chain};
use super::{Family, Parts};
use crate::io::tensors::{NewTensor, Tensors};
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
            (Some(_), Some(_)) => numbered(tensors).into_iter().collect(),
            _ => Vec::new(),
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
        if tensors.infos().contains_key(place) && tensors.infos().len() == 1 {
            let values = reading.needed(place)?;
            let shape = values.shape().to_vec();
            let values = values.into_dimensionality::<Ix3>().map_err(|_| wrong_axes(place, 3, &shape))?;
            for rows in values.axis_iter(Axis(0)) {
                task.check()?;
                push(place, rows.to_owned(), &mut layers)?;
            }
        } else {
            let stem = place.strip_suffix(NUMBERED).unwrap_or(place);
            for layer_idx in 0..tensors.infos().len() {
                let name = format!("{stem}{layer_idx}");
                push(&name, matrix(&name, reading.needed(&name)?)?, &mut layers)?;
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

/// What stands in front of the numbers, where every tensor of the file is `[K, D]` and is named by its number.
fn numbered(tensors: &dyn Tensors) -> Option<String> {
    let infos = tensors.infos();
    let (name, first) = infos.iter().next()?;
    let place = name.strip_suffix('0')?;
    let is_layer = |layer_idx: usize| {
        infos.get(&format!("{place}{layer_idx}")).is_some_and(|info| {
            info.dtype.is_float() && info.shape == first.shape && matches!(*info.shape, [_, _])
        })
    };
    (0..infos.len()).all(is_layer).then(|| format!("{place}{NUMBERED}"))
}
