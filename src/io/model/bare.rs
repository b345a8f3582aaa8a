//! Codebooks without a class around them: one array `[n_q, K, D]`, or arrays `[K, D]` that are numbered, and nothing else in the file.

use std::collections::BTreeMap;

use ndarray::{Array2, Axis, Ix3};

use super::faiss::INDEX_KEY;
use super::notes::{FAMILY_KEY, noted_metric};
use super::read::{Gathered, Loaded, Reading, matrix, wrong_axes};
use super::write::{Named, cannot_hold, one_chain};
use super::{Family, Parts};
use crate::io::tensors::{NewTensor, TensorInfo};
use crate::io::{Dtype, Problem};
use crate::rvq::{Codebook, Metric, Rvq};
use crate::text::{msg, phrase};

/// The layout without any names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bare;

/// Behind the place of arrays that are named by their number. In front of it stands the first number, unless that is a plain 0.
const NUMBERED: &str = "*";

/// What the one array is called where it has no name yet.
const NAME: &str = "codebooks";

impl Family for Bare {
    fn id(&self) -> &'static str {
        "bare"
    }

    fn places(&self, reading: Reading<'_>) -> Vec<String> {
        let tensors = reading.tensors;
        if tensors.metadata().contains_key(INDEX_KEY) {
            return Vec::new();
        }
        let mut infos = tensors.infos().iter();
        match (infos.next(), infos.next()) {
            (Some((name, info)), None) if info.dtype.is_float() => {
                // What has two axes, or a leading 1, could as well be features.
                let is_said = reading.is_model
                    || tensors.metadata().get(FAMILY_KEY).is_some_and(|family| family == self.id())
                    || name == NAME;
                let is_own = match *info.shape {
                    [layers, _, _] => layers > 1 || is_said,
                    [_, _] => is_said,
                    _ => false,
                };
                is_own.then(|| name.clone()).into_iter().collect()
            }
            _ => numbered(tensors.infos()).map(|(place, _)| place).into_iter().collect(),
        }
    }

    fn load(&self, reading: Reading<'_>, place: &str) -> Result<Parts, Problem> {
        let Reading { tensors, task, .. } = reading;
        let mut gathered = Gathered::default();
        let mut layers = Vec::new();
        let mut said = None;
        let mut push = |name: &str, rows: Array2<f32>, layers: &mut Vec<_>| {
            let info = reading.info("\0", name, rows.dim());
            let layer = Codebook::from_rows(rows)?.into();
            layers.push(gathered.take(Loaded {
                layer,
                info,
                has_sizes: false,
                has_sums: false,
                findings: Vec::new(),
            }));
            Ok::<_, Problem>(())
        };
        if let Some((_, names)) = numbered(tensors.infos()) {
            for name in names {
                task.check()?;
                push(name, matrix(name, reading.needed(name)?)?, &mut layers)?;
            }
        } else {
            let mut values = reading.needed(place)?;
            if let [codes, dim] = *values.shape() {
                said = Some(msg!("layout-one-array", codes = codes, dim = dim));
                values.insert_axis_inplace(Axis(0));
            }
            let shape = values.shape().to_vec();
            let values = values.into_dimensionality::<Ix3>().map_err(|_| wrong_axes(place, 3, &shape))?;
            for rows in values.axis_iter(Axis(0)) {
                task.check()?;
                push(place, rows.to_owned(), &mut layers)?;
            }
        }
        gathered.findings.extend(said);
        gathered.findings.push(msg!("layout-no-state"));
        let metric = noted_metric(tensors)?.or(reading.options.metric).unwrap_or_default();
        Ok(gathered.into_parts(Rvq::with_metric(layers, metric)?))
    }

    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        one_chain(self.id(), rvq)?;
        if rvq.metric() == Metric::CosineRaw {
            return Err(cannot_hold(self.id(), phrase!("layout-what-angle")));
        }
        let first = rvq.layers().first().map_or((0, 0), |layer| layer.codebook.embed().dim());
        if rvq
            .layers()
            .iter()
            .any(|layer| layer.projection.is_some() || layer.codebook.embed().dim() != first)
        {
            return Err(Problem::Unsupported(msg!("layout-bare-alike")));
        }
        let mut named = Named::new(dtype);
        if let Some(start) = place.strip_suffix(NUMBERED) {
            let (stem, first) = start.split_at(stem_len(start));
            let (width, first) = (first.len(), first.parse().unwrap_or(0usize));
            for (number, layer) in (first..).zip(rvq.layers()) {
                named.array(format!("{stem}{number:0width$}"), &[], &layer.codebook.embed(), &[]);
            }
        } else {
            let values = rvq.layers().iter().flat_map(|layer| layer.codebook.embed().to_owned().into_iter());
            let name = if place.is_empty() { NAME } else { place };
            named.push(name.to_owned(), vec![rvq.num_layers(), first.0, first.1], values);
        }
        Ok(named.tensors)
    }
}

/// The length of what stands in front of a name's number.
fn stem_len(name: &str) -> usize {
    name.trim_end_matches(|c: char| c.is_ascii_digit()).len()
}

/// The place of a file's arrays, and their names in the order of their numbers, if they are codebooks of one shape and nothing else is there: the
/// `0`, `1`, ... of a list, the `codebook_0`, ... or `codebook_01`, ... of somebody's archive.
fn numbered(infos: &BTreeMap<String, TensorInfo>) -> Option<(String, Vec<&String>)> {
    const MAX_DIGITS: usize = 9;
    let parts = |name: &String| -> Option<(usize, u32)> {
        let stem = stem_len(name);
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
    let (_, first_name) = names.first()?;
    let start = if first_name.get(stem.len()..) == Some("0") { stem } else { first_name };
    Some((format!("{start}{NUMBERED}"), names.into_iter().map(|(_, name)| name).collect()))
}
