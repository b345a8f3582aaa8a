//! Codebooks under names that the user gives, and tensors that look like codebooks in files of an unknown layout.

use std::collections::BTreeMap;

use super::options::{CodebookNames, LAYER_SLOT};
use super::read::{Gathered, Reading, RowsLie, StoredLayer};
use super::write::{Named, cannot_hold, one_chain};
use super::{Family, Parts};
use crate::io::tensors::{NewTensor, TensorInfo, Tensors};
use crate::io::{Candidate, Dtype, Problem};
use crate::rvq::{Layer, Rvq};
use crate::text::{Phrase, msg, phrase};

/// A layout that is said: the place is the name of the rows, with `{i}` for the layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByName;

/// Behind the place of rows that are stored as columns.
const TRANSPOSED: &str = " (transposed)"; // not a text

/// More layers than anybody has.
const MAX_LAYERS: usize = 4096;

/// The tensors of one layer, by the names that were given.
struct NamedLayer {
    rows: String,
    sizes: Option<String>,
}

impl CodebookNames {
    /// The tensors of each layer that is there, in a file that has the tensors `has`; those of one layer where the pattern has no slot.
    ///
    /// # Errors
    /// There is none of the first layer.
    fn layers(&self, has: impl Fn(&str) -> bool) -> Result<Vec<NamedLayer>, Problem> {
        let layer = |number: usize| {
            let named = |pattern: &String| pattern.replace(LAYER_SLOT, &number.to_string());
            NamedLayer { rows: named(&self.rows), sizes: self.sizes.as_ref().map(named) }
        };
        if !self.rows.contains(LAYER_SLOT) {
            return Ok(vec![layer(0)]);
        }
        // Some count layers from 1.
        let Some(first) = (0..=1).find(|&number| has(&layer(number).rows)) else {
            return Err(Problem::Unsupported(msg!("layout-no-first-tensor", name = layer(0).rows)));
        };
        Ok((first..MAX_LAYERS).map(layer).take_while(|layer| has(&layer.rows)).collect())
    }

    /// The tensors under which a file that has the tensors `has` keeps `rvq` in `dtype`: rows, and sizes where they were named.
    ///
    /// # Errors
    /// There are no such tensors, or layers have projections, for which no names were given.
    pub(in crate::io) fn tensors(
        &self,
        has: impl Fn(&str) -> bool,
        rvq: &Rvq,
        dtype: Dtype,
    ) -> Result<Vec<NewTensor>, Problem> {
        one_chain(ByName.id(), rvq)?;
        if rvq.layers().iter().any(|layer| layer.projection.is_some()) {
            return Err(cannot_hold(ByName.id(), phrase!("layout-what-projections")));
        }
        let names = self.layers(has)?;
        if names.len() < rvq.num_layers() {
            return Err(cannot_hold(ByName.id(), phrase!("layout-what-unnamed-layers")));
        }
        let mut named = Named::new(dtype);
        for (NamedLayer { rows, sizes }, layer) in names.into_iter().zip(rvq.layers()) {
            named.array(rows, &[], &self.lie().stored(layer.codebook.embed()), &[]);
            if let Some(sizes) = sizes {
                let values = layer.codebook.cluster_size();
                named.push(sizes, vec![values.len()], values.iter().map(|&size| size as f32));
            }
        }
        Ok(named.tensors)
    }

    fn lie(&self) -> RowsLie {
        if self.transposed { RowsLie::AsColumns } else { RowsLie::AsRows }
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
            return Err(Problem::Malformed(msg!("layout-none-named")));
        };
        let mut gathered = Gathered::default();
        let mut layers: Vec<Layer> = Vec::new();
        for NamedLayer { rows, sizes } in names.layers(|name| reading.has(name))? {
            if let Some(missing) = sizes.as_ref().filter(|name| !reading.has(name)) {
                return Err(Problem::Unsupported(msg!("layout-no-such-tensor", name = missing)));
            }
            let stored = StoredLayer { rows, sizes, lie: names.lie(), ..StoredLayer::default() };
            layers.push(gathered.take(reading.stored_layer(&stored)?));
        }
        let metric = reading.options.metric.unwrap_or_default();
        gathered.findings.push(msg!("layout-as-named"));
        Ok(gathered.into_parts(Rvq::with_metric(layers, metric)?))
    }

    /// A place tells of the rows alone, of layers that count from 0; a file's own names are those of [`CodebookNames::tensors`].
    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        let (rows, transposed) = match place.strip_suffix(TRANSPOSED) {
            Some(rows) => (rows, true),
            None => (place, false),
        };
        if rows.is_empty() {
            return Err(cannot_hold(self.id(), phrase!("layout-what-unnamed")));
        }
        let names = CodebookNames { rows: rows.to_owned(), transposed, sizes: None };
        names.tensors(|_| true, rvq, dtype)
    }

    fn container(&self) -> Option<Phrase> {
        Some(phrase!("layout-container-named"))
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

fn guess(tensors: &dyn Tensors, pattern: &str, shape: &[usize], layers: usize) -> Phrase {
    let parent = pattern.rsplit_once('.').map_or("", |(parent, _)| parent).replace(LAYER_SLOT, "0");
    let beside =
        |part: &str| tensors.infos().get(&format!("{parent}.{part}")).map(|info| info.shape.as_slice());
    let sizes = beside("cluster_size").and_then(|shape| shape.first().copied());
    match (shape, layers) {
        (&[rows, columns], _) if rows != columns && sizes == Some(columns) => phrase!("layout-guess-columns"),
        (&[rows, columns], _) if columns > 4 * rows => phrase!("layout-guess-wide"),
        (_, 1) => phrase!("layout-guess-one"),
        _ => phrase!("layout-guess-each"),
    }
}
