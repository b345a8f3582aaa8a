//! Codebooks under names that the user gives, and tensors that look like codebooks in files of an unknown layout.

use std::collections::BTreeMap;

use super::options::{CodebookNames, LAYER_SLOT};
use super::read::{Gathered, Reading, RowsLie, StoredLayer};
use super::write::{Named, cannot_hold, one_chain};
use super::{Family, Parts};
use crate::io::tensors::{NewTensor, TensorInfo, Tensors};
use crate::io::{Candidate, Dtype, Problem};
use crate::rvq::{Layer, Metric, Rvq};

/// A layout that is said: the place is the name of the rows, with `{i}` for the layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByName;

/// Behind the place of rows that are stored as columns.
const TRANSPOSED: &str = " (transposed)";

/// More layers than anybody has.
const MAX_LAYERS: usize = 4096;

impl CodebookNames {
    /// The names of the tensor `pattern` for each layer that is there; one name where the pattern has no slot.
    fn layers(&self, reading: Reading<'_>) -> Result<Vec<String>, Problem> {
        if !self.rows.contains(LAYER_SLOT) {
            return Ok(vec![self.rows.clone()]);
        }
        let name = |layer_idx: usize| self.rows.replace(LAYER_SLOT, &layer_idx.to_string());
        let first = (0..=1).find(|&number| reading.has(&name(number)));
        let Some(first) = first else {
            return Err(Problem::Unsupported(format!(
                "there is no tensor {}, nor one with another first number",
                name(0)
            )));
        };
        Ok((first..MAX_LAYERS).map(name).take_while(|name| reading.has(name)).collect())
    }

    fn place(&self) -> String {
        format!("{}{}", self.rows, if self.transposed { TRANSPOSED } else { "" })
    }
}

impl Family for ByName {
    fn id(&self) -> &'static str {
        "by-name"
    }

    fn places(&self, reading: Reading<'_>) -> Vec<String> {
        reading.options.codebook.iter().map(CodebookNames::place).collect()
    }

    fn load(&self, reading: Reading<'_>, _place: &str) -> Result<Parts, Problem> {
        let Some(names) = &reading.options.codebook else {
            return Err(Problem::malformed("no codebook is named"));
        };
        let lie = if names.transposed { RowsLie::AsColumns } else { RowsLie::AsRows };
        let mut gathered = Gathered::default();
        let mut layers: Vec<Layer> = Vec::new();
        for (layer_idx, rows) in names.layers(reading)?.into_iter().enumerate() {
            let sizes = names.sizes.as_ref().map(|name| name.replace(LAYER_SLOT, &layer_idx.to_string()));
            if let Some(missing) = sizes.as_ref().filter(|name| !reading.has(name)) {
                return Err(Problem::Unsupported(format!("there is no tensor {missing}")));
            }
            let stored = StoredLayer { rows, sizes, lie, ..StoredLayer::default() };
            layers.push(gathered.take(reading.stored_layer(&stored)?));
        }
        let metric = reading.options.metric.unwrap_or_default();
        gathered.findings.push(
            "the codebooks are taken as they were named; nothing in the file says how they are searched"
                .to_owned(),
        );
        Ok(gathered.into_parts(Rvq::with_metric(layers, metric)?))
    }

    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        one_chain(self.id(), rvq)?;
        let (pattern, lie) = match place.strip_suffix(TRANSPOSED) {
            Some(pattern) => (pattern, RowsLie::AsColumns),
            None => (place, RowsLie::AsRows),
        };
        let is_plain = rvq.layers().iter().all(|layer| layer.projection.is_none());
        if !is_plain
            || rvq.metric() == Metric::CosineRaw
            || !pattern.contains(LAYER_SLOT) && rvq.num_layers() > 1
        {
            return Err(cannot_hold(self.id(), "projections, or more layers than it has names for"));
        }
        if pattern.is_empty() {
            return Err(cannot_hold(self.id(), "a quantizer whose names are not known"));
        }
        let mut named = Named::new(dtype);
        for (layer_idx, layer) in rvq.layers().iter().enumerate() {
            let name = pattern.replace(LAYER_SLOT, &layer_idx.to_string());
            named.array(name, &[], &lie.stored(layer.codebook.embed()), &[]);
        }
        Ok(named.tensors)
    }

    fn container(&self) -> Option<&'static str> {
        Some("the file whose tensors were named")
    }
}

/// Words in names that speak for a codebook.
const WORDS: [&str; 7] = ["codebook", "quantiz", "embed", "codes", "centroid", "cluster_centers", "vq"];

/// Parts of names that speak against one: tables of words, positions and the like.
const OTHERS: [&str; 8] = ["position", "pos_emb", "tok", "speaker", "conv", "norm", "proj", "bias"];

/// Those tensors that look like codebooks, the likeliest first.
pub(in crate::io) fn candidates(tensors: &dyn Tensors) -> Vec<Candidate> {
    let mut patterns: BTreeMap<(String, Vec<usize>), usize> = BTreeMap::new();
    for (name, info) in tensors.infos() {
        if looks_like_rows(info) {
            *patterns.entry((pattern_of(name), info.shape.clone())).or_default() += 1;
        }
    }
    let mut found: Vec<(i32, Candidate)> = Vec::new();
    for ((pattern, shape), layers) in patterns {
        let lower = pattern.to_lowercase();
        let likes = WORDS.iter().filter(|word| lower.contains(**word)).count() as i32;
        let dislikes = OTHERS.iter().filter(|word| lower.contains(**word)).count() as i32;
        if likes == 0 || likes < dislikes {
            continue;
        }
        let guess = guess(tensors, &pattern, &shape, layers);
        let pattern = if layers > 1 { pattern } else { pattern.replace(LAYER_SLOT, "0") };
        let pattern = if tensors.infos().contains_key(&pattern) || layers > 1 {
            pattern
        } else {
            first_of(tensors, &pattern)
        };
        found.push((dislikes - likes, Candidate { pattern, layers, shape, guess }));
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// At least two rows, real numbers, and two axes but for those of length 1.
fn looks_like_rows(info: &TensorInfo) -> bool {
    let axes = info.shape.iter().filter(|&&len| len > 1).count();
    info.dtype.is_float() && axes == 2 && info.shape.len() <= 3 && info.shape.last() != Some(&1)
}

/// The name with `{i}` for its last number.
fn pattern_of(name: &str) -> String {
    let mut parts: Vec<&str> = name.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let at = parts.iter().rposition(is_number);
    if let Some(part) = at.and_then(|at| parts.get_mut(at)) {
        *part = LAYER_SLOT;
    }
    parts.join(".")
}

/// The one name of a pattern that only one tensor has.
fn first_of(tensors: &dyn Tensors, pattern: &str) -> String {
    let same = |name: &&String| pattern_of(name) == pattern_of(pattern);
    tensors.infos().keys().find(same).map_or_else(|| pattern.to_owned(), Clone::clone)
}

fn guess(tensors: &dyn Tensors, pattern: &str, shape: &[usize], layers: usize) -> &'static str {
    let parent = pattern.rsplit_once('.').map_or("", |(parent, _)| parent).replace(LAYER_SLOT, "0");
    let beside =
        |part: &str| tensors.infos().get(&format!("{parent}.{part}")).map(|info| info.shape.as_slice());
    let sizes = beside("cluster_size").and_then(|shape| shape.first().copied());
    match (shape, layers) {
        (&[rows, columns], _) if rows != columns && sizes == Some(columns) => "rows as columns: --transposed",
        (&[rows, columns], _) if columns > 4 * rows => "more columns than rows: maybe --transposed",
        (_, 1) => "one layer",
        _ => "one tensor a layer",
    }
}
