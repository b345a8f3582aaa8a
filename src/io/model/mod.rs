//! Quantizers in containers of named tensors. A family is one file and one row of [`FAMILIES`].

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, ArrayD, Axis, Ix1, Ix2};

use super::Problem;
use super::tensors::{TensorInfo, Tensors};
use crate::rvq::{Metric, Rvq};
use crate::task::Task;

mod bare;
mod encodec;
mod findings;

/// A quantizer and what its file tells of it.
#[derive(Debug, Clone)]
pub struct LoadedModel {
    /// The quantizer.
    pub rvq: Rvq,
    /// Where it comes from and what is odd about it.
    pub info: ModelInfo,
}

/// What a model file tells of its quantizer, as `inspect` shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ModelInfo {
    /// The family whose tensor names it has.
    pub family: String,
    /// What stands in front of its tensor names.
    #[serde(skip)]
    pub place: String,
    /// `euclidean` or `cosine`.
    pub metric: String,
    /// Its layers, the first first.
    pub layers: Vec<LayerInfo>,
    /// What is worth knowing before it is used, a sentence each.
    pub findings: Vec<String>,
    /// The file's free-form notes.
    #[serde(skip)]
    pub metadata: BTreeMap<String, String>,
}

/// One layer as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LayerInfo {
    /// `K`.
    pub codes: usize,
    /// The dimension of the rows.
    pub dim: usize,
    /// The type of the stored rows.
    pub dtype: String,
    /// The tensors stored beside the rows.
    pub buffers: Vec<String>,
}

/// One layout of a quantizer in a set of named tensors.
pub trait Family: Sync {
    /// Its name in [`ModelInfo::family`].
    fn id(&self) -> &'static str;

    /// The places at which a quantizer of this layout lies: what stands in front of its tensor names.
    fn places(&self, tensors: &dyn Tensors) -> Vec<String>;

    /// Loads the one at `place`.
    ///
    /// # Errors
    /// Its tensors do not fit together, or cannot be read.
    fn load(&self, tensors: &dyn Tensors, place: &str, task: &Task<'_>) -> Result<Parts, Problem>;
}

/// What a family makes of its tensors.
#[derive(Debug)]
pub struct Parts {
    /// The quantizer.
    pub rvq: Rvq,
    /// How each layer is stored.
    pub layers: Vec<LayerInfo>,
    /// For each layer, whether its cluster sizes come from the file.
    pub has_sizes: Vec<bool>,
    /// What the family itself noticed.
    pub findings: Vec<String>,
}

/// The layouts that are known.
pub static FAMILIES: &[&dyn Family] = &[&encodec::Encodec, &bare::Bare];

/// The quantizer among `tensors`, if there is one.
///
/// # Errors
/// There are several, or it is broken.
pub(super) fn find(tensors: &dyn Tensors, task: &Task<'_>) -> Result<Option<LoadedModel>, Problem> {
    let mut found = Vec::new();
    for family in FAMILIES {
        found.extend(family.places(tensors).into_iter().map(|place| (*family, place)));
    }
    let (family, place) = match found.as_slice() {
        [] => return Ok(None),
        [only] => only,
        several => {
            let name = |(family, place): &(&dyn Family, String)| format!("{} at \"{place}\"", family.id());
            let places = several.iter().take(4).map(name).collect::<Vec<_>>().join(", ");
            return Err(Problem::SeveralQuantizers { count: several.len(), places });
        }
    };
    let Parts { rvq, layers, has_sizes, mut findings } = family.load(tensors, place, task)?;
    findings.extend(findings::findings(&rvq, &has_sizes));
    let metric = if rvq.metric() == Metric::Cosine { "cosine" } else { "euclidean" };
    let info = ModelInfo {
        family: family.id().to_owned(),
        place: place.clone(),
        metric: metric.to_owned(),
        layers,
        findings,
        metadata: tensors.metadata().clone(),
    };
    Ok(Some(LoadedModel { rvq, info }))
}

/// The places in front of `{place}{stem}{layer}{tail}`, each with its layers' indices in order.
fn indexed_places<'a>(
    names: impl Iterator<Item = &'a String>,
    stem: &str,
    tail: &str,
) -> BTreeMap<String, Vec<usize>> {
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for name in names {
        let Some((place, index)) = name.strip_suffix(tail).and_then(|start| start.rsplit_once(stem)) else {
            continue;
        };
        let Ok(layer_idx) = index.parse::<usize>() else { continue };
        // `module.quantizer` but not `myquantizer`; `3` but not `03` or `+3`.
        if (place.is_empty() || place.ends_with('.')) && layer_idx.to_string() == index {
            places.entry(place.to_owned()).or_default().push(layer_idx);
        }
    }
    for indices in places.values_mut() {
        indices.sort_unstable();
    }
    places
}

/// Checks that `indices` run from 0 without a gap, and gives their number.
fn contiguous(indices: &[usize]) -> Result<usize, Problem> {
    match indices.iter().enumerate().find(|(wanted, index)| wanted != *index) {
        Some((missing, &next)) => Err(Problem::malformed(format!(
            "layer {missing} of the quantizer is missing, though layer {next} is there"
        ))),
        None => Ok(indices.len()),
    }
}

/// A tensor that may be missing.
fn optional(tensors: &dyn Tensors, name: &str, task: &Task<'_>) -> Result<Option<ArrayD<f32>>, Problem> {
    if !tensors.infos().contains_key(name) {
        return Ok(None);
    }
    let values = tensors.floats(name, task).map_err(|problem| match problem {
        Problem::Unsupported(words) | Problem::Value(words) => Problem::Value(format!("{name}: {words}")),
        other => other,
    })?;
    if values.iter().any(|v| !v.is_finite()) {
        return Err(Problem::Value(format!("{name} holds a value that is not finite, so it cannot be used")));
    }
    Ok(Some(values))
}

/// A tensor of two axes.
fn matrix(name: &str, values: ArrayD<f32>) -> Result<Array2<f32>, Problem> {
    let shape = values.shape().to_vec();
    values.into_dimensionality::<Ix2>().map_err(|_| wrong_axes(name, 2, &shape))
}

/// A tensor of one axis, or of two of which the first is 1 long.
fn vector(name: &str, values: ArrayD<f32>) -> Result<Array1<f32>, Problem> {
    let shape = values.shape().to_vec();
    let values = if matches!(*shape, [1, _]) { values.index_axis_move(Axis(0), 0) } else { values };
    values.into_dimensionality::<Ix1>().map_err(|_| wrong_axes(name, 1, &shape))
}

fn wrong_axes(name: &str, wanted: usize, shape: &[usize]) -> Problem {
    Problem::malformed(format!("{name} has the shape {shape:?}, but should have {wanted} axes"))
}

/// The type of a stored tensor.
fn dtype_of(tensors: &dyn Tensors, name: &str) -> String {
    tensors.infos().get(name).map_or("", |info: &TensorInfo| info.dtype.name()).to_owned()
}
