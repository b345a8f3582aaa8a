//! HiFi-Codec: residual layers over groups of columns, all groups of one layer before the next layer.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, Array2};

use super::read::{Gathered, Reading, StoredLayer, indexed_places};
use super::write::{Named, cannot_hold};
use super::{Family, Parts};
use crate::io::tensors::{NewTensor, Tensors};
use crate::io::{Dtype, Problem};
use crate::rvq::{Layer, Metric, Projection, Rvq};

/// `{place}quantizer_modules{n}.{g}.embedding.weight`; the first layer has the number 1 or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Groups;

const STEM: &str = "quantizer_modules";
const TAIL: &str = ".embedding.weight";

/// Layers beyond these are no HiFi-Codec's.
const MAX_LAYERS: usize = 64;

/// What stands in front of the groups' numbers, the first layer first, and how many groups there are in each.
fn stems(tensors: &dyn Tensors, place: &str) -> Vec<(String, usize)> {
    let count = |stem: &str| {
        let found: BTreeMap<String, Vec<usize>> = indexed_places(tensors, stem, TAIL);
        found.get(place).map_or(0, Vec::len)
    };
    let named = |number: usize| format!("{STEM}{number}.");
    let plain = format!("{STEM}.");
    let first = if count(&plain) > 0 { plain } else { named(1) };
    let stems = std::iter::once(first).chain((2..MAX_LAYERS).map(named));
    stems.map(|stem| (stem.clone(), count(&stem))).take_while(|(_, count)| *count > 0).collect()
}

impl Family for Groups {
    fn id(&self) -> &'static str {
        "hificodec"
    }

    fn places(&self, reading: Reading<'_>) -> Vec<String> {
        let firsts = [format!("{STEM}."), format!("{STEM}1.")];
        let found = firsts.iter().flat_map(|stem| indexed_places(reading.tensors, stem, TAIL).into_keys());
        found.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn load(&self, reading: Reading<'_>, place: &str) -> Result<Parts, Problem> {
        let stems = stems(reading.tensors, place);
        let groups = stems.first().map_or(0, |(_, count)| *count);
        if let Some((stem, count)) = stems.iter().find(|(_, count)| *count != groups) {
            return Err(Problem::malformed(format!(
                "{place}{stem} has {count} groups, but the first layer {groups}"
            )));
        }
        let mut gathered = Gathered::default();
        let mut layers: Vec<Layer> = Vec::new();
        for (stem, _) in &stems {
            for group in 0..groups {
                let stored =
                    StoredLayer { rows: format!("{place}{stem}{group}{TAIL}"), ..StoredLayer::default() };
                let mut loaded = reading.stored_layer(&stored)?;
                let width = loaded.layer.dim();
                loaded.layer.projection = (groups > 1).then(|| columns(width, groups, group));
                layers.push(gathered.take(loaded));
            }
        }
        gathered.findings.push(format!(
            "each layer quantizes {groups} groups of columns: codes stand layer by layer, and group by group within a layer"
        ));
        gathered
            .findings
            .push("only rows are stored: there is no EMA state to continue a training from".to_owned());
        Ok(gathered.into_parts(Rvq::with_metric(layers, Metric::Euclidean)?))
    }

    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        let refuse = || cannot_hold(self.id(), "anything but layers over equal groups of columns");
        let width = rvq.layers().first().map_or(1, |layer| layer.codebook.dim());
        let groups = rvq.dim() / width;
        let is_plain = rvq.is_one_chain() && rvq.metric() == Metric::Euclidean && rvq.common_stride() == 1;
        if !is_plain || width * groups != rvq.dim() || !rvq.num_layers().is_multiple_of(groups) {
            return Err(refuse());
        }
        let mut named = Named::new(dtype);
        for (nth, layer) in rvq.layers().iter().enumerate() {
            let (number, group) = (nth / groups + 1, nth % groups);
            let wanted = (groups > 1).then(|| columns(width, groups, group));
            if layer.projection != wanted || layer.codebook.dim() != width {
                return Err(refuse());
            }
            let number = if number == 1 { String::new() } else { number.to_string() };
            let name = format!("{place}{STEM}{number}.{group}{TAIL}");
            named.array(name, &[], &layer.codebook.embed(), &[]);
        }
        Ok(named.tensors)
    }
}

/// The map onto the columns of one group, and back to them: the residual of the others is left as it is.
fn columns(width: usize, groups: usize, group: usize) -> Projection {
    let dim = width * groups;
    let mut in_weight = Array2::zeros((width, dim));
    for column in 0..width {
        if let Some(one) = in_weight.get_mut((column, group * width + column)) {
            *one = 1.0;
        }
    }
    let out_weight = in_weight.t().as_standard_layout().into_owned();
    Projection { in_weight, in_bias: Array1::zeros(width), out_weight, out_bias: Array1::zeros(dim) }
}
