//! HiFi-Codec: residual layers over groups of columns, all groups of one layer before the next layer.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, Array2};

use super::read::{Gathered, Reading, StoredLayer, indexed_places};
use super::write::{Named, cannot_hold};
use super::{Family, Parts};
use crate::io::tensors::{NewTensor, Tensors};
use crate::io::{Dtype, Problem};
use crate::rvq::{Layer, Metric, Projection, Rvq};
use crate::text::{msg, phrase};

/// `{place}quantizer_modules{n}.{g}.embedding.weight`; the first layer has the number 1 or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Groups;

const STEM: &str = "quantizer_modules";
const TAIL: &str = ".embedding.weight";

/// Layers beyond these are no HiFi-Codec's.
const MAX_LAYERS: usize = 64;

/// What the maps onto the columns of the groups may take: so many times the rows, and any quantizer this much. Nothing of them is in the file, and
/// they grow with the square of the columns: without a bound, a few wide groups of one row each are a small file and maps without end.
const MAPS_TIMES: u64 = 4;
const MAPS_SLACK: u64 = 8 << 20;

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
            return Err(Problem::Malformed(msg!(
                "layout-groups-differ",
                name = format!("{place}{stem}"),
                count = *count,
                groups = groups
            )));
        }
        let mut gathered = Gathered::default();
        let mut layers: Vec<Layer> = Vec::new();
        let (mut in_rows, mut in_maps) = (0, 0u64);
        for (stem, _) in &stems {
            for group in 0..groups {
                let stored =
                    StoredLayer { rows: format!("{place}{stem}{group}{TAIL}"), ..StoredLayer::default() };
                let mut loaded = reading.stored_layer(&stored)?;
                let width = loaded.layer.dim();
                in_rows += bytes(loaded.layer.codebook.num_codes(), width, 1);
                // A row more than it has, for what is added behind it.
                in_maps = in_maps.saturating_add(bytes(width + 1, width, 2 * groups));
                if groups > 1 && in_maps > MAPS_SLACK.max(MAPS_TIMES * in_rows) {
                    return Err(Problem::Unsupported(msg!(
                        "layout-too-many-groups",
                        groups = groups,
                        width = width
                    )));
                }
                loaded.layer.projection = (groups > 1).then(|| columns(width, groups, group));
                layers.push(gathered.take(loaded));
            }
        }
        gathered.findings.push(msg!("layout-group-order", groups = groups));
        gathered.findings.push(msg!("layout-no-state"));
        Ok(gathered.into_parts(Rvq::with_metric(layers, Metric::Euclidean)?))
    }

    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        let refuse = || cannot_hold(self.id(), phrase!("layout-what-not-groups"));
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

/// What `rows` times `columns` numbers take, `times` over.
fn bytes(rows: usize, columns: usize, times: usize) -> u64 {
    [columns, times, size_of::<f32>()].iter().fold(rows as u64, |count, &by| count.saturating_mul(by as u64))
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
