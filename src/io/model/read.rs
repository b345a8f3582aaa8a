//! Reading the parts that families have in common: tensors of a known number of axes, codebooks with their EMA state, projections.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, Array2, ArrayD, ArrayView2, Axis, Ix1, Ix2};

use super::findings::in_layer;
use super::notes::noted_metric;
use super::options::ModelOptions;
use super::{LayerInfo, Parts, metric_name};
use crate::io::Problem;
use crate::io::tensors::Tensors;
use crate::rvq::{Codebook, Layer, Metric, Projection, Rvq};
use crate::task::Task;
use crate::text::{Message, msg};

/// Named tensors that are looked through for a quantizer, and what is said of it.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    pub(super) tensors: &'a dyn Tensors,
    pub(super) task: &'a Task<'a>,
    /// What the user says.
    pub(super) options: &'a ModelOptions,
    /// Whether a model is asked for, so that a single array can be nothing else.
    pub(super) is_model: bool,
    /// The tensors that a family took in.
    pub(super) taken: &'a RefCell<BTreeSet<String>>,
}

impl std::fmt::Debug for Reading<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("options", &self.options).finish_non_exhaustive() // not a text
    }
}

/// The tensors of one layer that keeps its rows as they are used, by their full names.
#[derive(Debug, Default)]
pub(super) struct StoredLayer {
    pub(super) rows: String,
    /// Of the EMA cluster sizes, and of the sums; `None` where the family has none.
    pub(super) sizes: Option<String>,
    pub(super) sums: Option<String>,
    /// Of what tells whether the rows were ever set.
    pub(super) flags: Vec<String>,
    pub(super) lie: RowsLie,
}

/// How the rows of a codebook lie in their tensor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum RowsLie {
    /// `[K, D]`
    #[default]
    AsRows,
    /// `[D, K]`
    AsColumns,
    /// `[K + 1, D]`: the last row stands for padding and is no code.
    BeforePadding,
}

/// What came of one layer.
pub(super) struct Loaded {
    pub(super) layer: Layer,
    pub(super) info: LayerInfo,
    pub(super) has_sizes: bool,
    pub(super) has_sums: bool,
    pub(super) findings: Vec<Message>,
}

/// What came of the layers so far.
#[derive(Default)]
pub(super) struct Gathered {
    infos: Vec<LayerInfo>,
    has_sizes: Vec<bool>,
    has_sums: Vec<bool>,
    /// What the family noticed.
    pub(super) findings: Vec<Message>,
}

impl Gathered {
    /// Takes in what is told of a layer, and gives the layer.
    pub(super) fn take(&mut self, loaded: Loaded) -> Layer {
        let layer_idx = self.infos.len();
        let named = |finding| in_layer(layer_idx, finding);
        self.findings.extend(loaded.findings.into_iter().map(named));
        self.infos.push(loaded.info);
        self.has_sizes.push(loaded.has_sizes);
        self.has_sums.push(loaded.has_sums);
        loaded.layer
    }

    /// All of it, with the quantizer that was made of the layers.
    pub(super) fn into_parts(self, rvq: Rvq) -> Parts {
        let Self { infos: layers, has_sizes, has_sums, findings } = self;
        Parts { rvq, layers, has_sizes, has_sums, findings }
    }
}

impl Reading<'_> {
    /// Says that a tensor is accounted for, though it is not read.
    pub(super) fn account_for(&self, name: &str) {
        if self.has(name) {
            self.taken.borrow_mut().insert(name.to_owned());
        }
    }

    /// The distance of a family whose tensors could mean several: what the user says, what the file notes, what rows of length 1 tell, or `usual`;
    /// with a sentence where that was not said.
    pub(super) fn open_metric(
        &self,
        layers: &[&Layer],
        unit_rows: Metric,
        usual: Metric,
        findings: &mut Vec<Message>,
    ) -> Result<Metric, Problem> {
        if let Some(metric) = noted_metric(self.tensors)?.or(self.options.metric) {
            return Ok(metric);
        }
        if layers.iter().all(|layer| has_unit_rows(&layer.codebook)) {
            findings.push(msg!("layout-unit-rows"));
            return Ok(unit_rows);
        }
        findings.push(msg!("layout-usual-metric", metric = metric_name(usual)));
        Ok(usual)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.tensors.infos().contains_key(name)
    }

    /// A tensor that may be missing.
    pub(super) fn optional(&self, name: &str) -> Result<Option<ArrayD<f32>>, Problem> {
        if !self.has(name) {
            return Ok(None);
        }
        self.account_for(name);
        let values = self.tensors.floats(name, self.task).map_err(|problem| match problem {
            Problem::Unsupported(words) | Problem::Value(words) => {
                Problem::Value(msg!("layout-of-tensor", name = name, problem = words))
            }
            other => other,
        })?;
        // Beside an axis of length 0 another may have any length, and what is made of so many rows takes room without end.
        if values.is_empty() {
            return Err(Problem::Malformed(msg!(
                "layout-no-values",
                name = name,
                shape = format!("{:?}", values.shape())
            )));
        }
        if values.iter().any(|v| !v.is_finite()) {
            return Err(Problem::Value(msg!("layout-not-finite", name = name)));
        }
        Ok(Some(values))
    }

    /// A tensor that must be there.
    pub(super) fn needed(&self, name: &str) -> Result<ArrayD<f32>, Problem> {
        self.optional(name)?.ok_or_else(|| Problem::Malformed(msg!("layout-missing", name = name)))
    }

    /// A tensor of two axes. Axes of length 1 in front (the heads of vector-quantize-pytorch) or behind (convolutions over one frame) are dropped.
    pub(super) fn matrix(&self, name: &str) -> Result<Array2<f32>, Problem> {
        matrix(name, self.needed(name)?)
    }

    /// A tensor of one axis, if it is there.
    pub(super) fn vector(&self, name: &str) -> Result<Option<Array1<f32>>, Problem> {
        self.optional(name)?.map(|values| vector(name, values)).transpose()
    }

    /// The linear maps `{start}{sides}.weight`, with their biases where they have any, if they are there.
    pub(super) fn projection(&self, start: &str, sides: [&str; 2]) -> Result<Option<Projection>, Problem> {
        let map = |side: &str| {
            let name = format!("{start}{side}.weight");
            if !self.has(&name) {
                return Ok(None);
            }
            let weight = self.matrix(&name)?;
            let bias = self.bias(&format!("{start}{side}.bias"), weight.nrows())?;
            Ok::<_, Problem>(Some((weight, bias)))
        };
        let [inward, outward] = sides;
        match (map(inward)?, map(outward)?) {
            (None, None) => Ok(None),
            (Some((in_weight, in_bias)), Some((out_weight, out_bias))) => {
                Ok(Some(Projection { in_weight, in_bias, out_weight, out_bias }))
            }
            _ => Err(maps_apart(start, sides)),
        }
    }

    /// A bias; a map without one adds nothing.
    pub(super) fn bias(&self, name: &str, len: usize) -> Result<Array1<f32>, Problem> {
        Ok(self.vector(name)?.unwrap_or_else(|| Array1::zeros(len)))
    }

    /// A layer of rows `embed` with the EMA state beside them, under `{start}{book}`.
    pub(super) fn ema_layer(&self, start: &str, book: &str) -> Result<Loaded, Problem> {
        let name = |part: &str| format!("{start}{book}{part}");
        let stored = StoredLayer {
            rows: name("embed"),
            sizes: Some(name("cluster_size")),
            sums: Some(name("embed_avg")),
            flags: vec![name("inited"), name("initted")],
            lie: RowsLie::AsRows,
        };
        let mut loaded = self.stored_layer(&stored)?;
        loaded.info.buffers = self.info(start, &stored.rows, (0, 0)).buffers;
        Ok(loaded)
    }

    /// A layer whose rows are stored as they are used.
    pub(super) fn stored_layer(&self, stored: &StoredLayer) -> Result<Loaded, Problem> {
        let embed = stored.lie.rows(self.matrix(&stored.rows)?);
        let sizes = stored.sizes.as_deref().map(|name| self.vector(name)).transpose()?.flatten();
        let has_sums = stored.sums.as_deref().filter(|name| self.has(name));
        let sums = has_sums.map(|name| self.matrix(name)).transpose()?.map(|sums| match stored.lie {
            RowsLie::AsColumns => sums.reversed_axes(),
            _ => sums,
        });
        let mut findings = Vec::new();
        // A blank flag means that the rows are still what the class was built with.
        for flag in &stored.flags {
            self.account_for(flag);
            let is_float = self.tensors.infos().get(flag).is_some_and(|info| info.dtype.is_float());
            if is_float && self.needed(flag)?.iter().all(|&v| v == 0.0) {
                findings.push(msg!("layout-never-initialised", flag = last_part(flag)));
            }
        }
        let parts = [(&stored.sizes, sizes.is_none()), (&stored.sums, sums.is_none())];
        let missing: Vec<&str> =
            parts.iter().filter(|(_, missing)| *missing).filter_map(|(name, _)| name.as_deref()).collect();
        if !missing.is_empty() {
            let names = missing.iter().map(|name| last_part(name)).collect::<Vec<_>>().join(", ");
            findings.push(msg!("layout-state-missing", names = names));
        }
        let (has_sizes, has_sums) = (sizes.is_some(), sums.is_some());
        let names =
            stored.sizes.iter().chain(&stored.sums).chain(&stored.flags).filter(|name| self.has(name));
        let info = LayerInfo {
            codes: embed.nrows(),
            dim: embed.ncols(),
            dtype: self.dtype(&stored.rows),
            buffers: names.map(|name| last_part(name).to_owned()).collect(),
            stride: None,
        };
        // Sums belong to their sizes: where one of them is missing the other cannot be used either.
        let codebook = match (sizes, sums) {
            (Some(sizes), Some(sums)) => Codebook::new(embed, sizes.mapv(f64::from), sums.mapv(f64::from))?,
            (Some(sizes), None) => sized(embed, &sizes.mapv(f64::from))?,
            (None, _) => Codebook::from_rows(embed)?,
        };
        Ok(Loaded { layer: codebook.into(), info, has_sizes, has_sums, findings })
    }

    fn dtype(&self, name: &str) -> String {
        self.tensors.infos().get(name).map_or("", |info| info.dtype.name()).to_owned()
    }

    /// What is told of a layer whose tensor names begin with `start`.
    pub(super) fn info(&self, start: &str, rows: &str, (codes, dim): (usize, usize)) -> LayerInfo {
        let dtype = self.dtype(rows);
        let names = self.tensors.infos().keys().filter(|name| name.as_str() != rows);
        let buffers = names.filter_map(|name| name.strip_prefix(start)).map(|name| {
            ["_codebook.", "codebook."].iter().find_map(|book| name.strip_prefix(book)).unwrap_or(name)
        });
        LayerInfo { codes, dim, dtype, buffers: buffers.map(str::to_owned).collect(), stride: None }
    }
}

impl RowsLie {
    /// The rows of the tensor `stored`.
    pub(super) fn rows(self, mut stored: Array2<f32>) -> Array2<f32> {
        match self {
            Self::AsRows => stored,
            Self::AsColumns => stored.reversed_axes(),
            Self::BeforePadding => {
                let codes = stored.nrows().saturating_sub(1);
                stored.slice_collapse(ndarray::s![..codes, ..]);
                stored
            }
        }
    }

    /// The tensor that holds `rows`.
    pub(super) fn stored(self, rows: ArrayView2<'_, f32>) -> Array2<f32> {
        match self {
            Self::AsRows => rows.to_owned(),
            Self::AsColumns => rows.reversed_axes().to_owned(),
            Self::BeforePadding => {
                let mut padded = Array2::zeros((rows.nrows() + 1, rows.ncols()));
                padded.slice_mut(ndarray::s![..rows.nrows(), ..]).assign(&rows);
                padded
            }
        }
    }
}

/// How far from 1 the length of a row may be that was normalized, and went through f16 maybe.
const UNIT: f64 = 2e-3;

/// Whether every row has length 1.
pub(super) fn has_unit_rows(codebook: &Codebook) -> bool {
    codebook.embed().rows().into_iter().all(|row| {
        let norm = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        (norm - 1.0).abs() < UNIT
    })
}

/// Behind the last dot.
pub(super) fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A codebook of rows whose sums are what an EMA step would make the same rows of again.
pub(super) fn sized(rows: Array2<f32>, sizes: &Array1<f64>) -> Result<Codebook, Problem> {
    if rows.nrows() != sizes.len() {
        return Err(Problem::Malformed(msg!("layout-sizes", codes = rows.nrows(), sizes = sizes.len())));
    }
    let sums = rows.mapv(f64::from) * sizes.view().insert_axis(Axis(1));
    Ok(Codebook::new(rows, sizes.clone(), sums)?)
}

/// A tensor of two axes, but for axes of length 1 around them or between them.
pub(super) fn matrix(name: &str, mut values: ArrayD<f32>) -> Result<Array2<f32>, Problem> {
    let shape = values.shape().to_vec();
    match *shape {
        [1, _, _] => values = values.index_axis_move(Axis(0), 0),
        [_, _, 1] => values = values.index_axis_move(Axis(2), 0),
        // MLX keeps the axis over time of a convolution in the middle.
        [_, 1, _] => values = values.index_axis_move(Axis(1), 0),
        _ => {}
    }
    values.into_dimensionality::<Ix2>().map_err(|_| wrong_axes(name, 2, &shape))
}

/// A tensor of one axis, or of two of which the first is 1 long.
fn vector(name: &str, values: ArrayD<f32>) -> Result<Array1<f32>, Problem> {
    let shape = values.shape().to_vec();
    let values = if matches!(*shape, [1, _]) { values.index_axis_move(Axis(0), 0) } else { values };
    values.into_dimensionality::<Ix1>().map_err(|_| wrong_axes(name, 1, &shape))
}

/// One of the maps around a layer without the other.
pub(super) fn maps_apart(start: &str, [inward, outward]: [&str; 2]) -> Problem {
    Problem::Malformed(msg!(
        "layout-maps-together",
        inward = format!("{start}{inward}"),
        outward = format!("{start}{outward}")
    ))
}

pub(super) fn wrong_axes(name: &str, wanted: usize, shape: &[usize]) -> Problem {
    Problem::Malformed(msg!("layout-wrong-axes", name = name, shape = format!("{shape:?}"), wanted = wanted))
}

/// The places in front of `{place}{stem}{layer}{tail}`, each with its layers' indices in order.
pub(super) fn indexed_places(tensors: &dyn Tensors, stem: &str, tail: &str) -> BTreeMap<String, Vec<usize>> {
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for name in tensors.infos().keys() {
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

/// How many layers there are at `place`; they must run from 0 without a gap.
pub(super) fn num_layers(
    tensors: &dyn Tensors,
    place: &str,
    stem: &str,
    tail: &str,
) -> Result<usize, Problem> {
    let indices = indexed_places(tensors, stem, tail).remove(place).unwrap_or_default();
    match indices.iter().enumerate().find(|(wanted, index)| wanted != *index) {
        Some((missing, &next)) => {
            Err(Problem::Malformed(msg!("layout-missing-layer", missing = missing, next = next)))
        }
        None => Ok(indices.len()),
    }
}
