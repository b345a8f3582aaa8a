//! vector-quantize-pytorch: rows with an axis for heads in front, by angle or distance, whole or in groups of columns.

use std::collections::BTreeSet;

use ndarray::{Array2, Axis};

use super::notes::noted_metric;
use super::read::{Gathered, Loaded, Reading, has_unit_rows, indexed_places, num_layers, sized};
use super::write::{Named, cannot_hold, ema_buffers, one_chain, projection};
use super::{Family, Parts};
use crate::io::tensors::NewTensor;
use crate::io::{Dtype, Problem};
use crate::rvq::ema_state::RowFormula;
use crate::rvq::{ChainParts, Layer, Metric, Rvq, normalize_rows};
use crate::text::{Message, msg, phrase};

/// `{place}[rvqs.{g}.]layers.{i}._codebook.embed`, `[1, K, D]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vqp;

const STEM: &str = "layers.";
const TAIL: &str = "._codebook.embed";
const GROUPS: &str = "rvqs.";
const SIDES: [&str; 2] = ["project_in", "project_out"];

/// Variances below this count as this: the class's own clamp.
const SMALLEST_VARIANCE: f32 = 1e-5;

impl Family for Vqp {
    fn id(&self) -> &'static str {
        "vector-quantize-pytorch"
    }

    fn row_formula(&self) -> Option<RowFormula> {
        Some(RowFormula::Smoothed)
    }

    fn sums(&self) -> &'static str {
        "embed_avg"
    }

    fn places(&self, reading: Reading<'_>) -> Vec<String> {
        let tensors = reading.tensors;
        let has_heads = |place: &String| {
            let info = tensors.infos().get(&format!("{place}{STEM}0{TAIL}"));
            info.is_some_and(|info| matches!(*info.shape, [_, _, _]))
        };
        let found = indexed_places(tensors, STEM, TAIL).into_keys().filter(has_heads);
        let whole = found.map(|place| group_of(&place).map_or(place.clone(), |(whole, _)| whole.to_owned()));
        whole.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn load(&self, reading: Reading<'_>, place: &str) -> Result<Parts, Problem> {
        let tensors = reading.tensors;
        let mlps = format!("{place}mlps.");
        if tensors
            .infos()
            .keys()
            .any(|name| name.starts_with(&mlps) || name.starts_with(place) && name.contains(".mlps."))
        {
            return Err(Problem::Unsupported(msg!("layout-implicit")));
        }
        let mut gathered = Gathered::default();
        let mut groups = Vec::new();
        if num_layers(tensors, place, STEM, TAIL)? > 0 {
            groups.push(self.chain(reading, place, &mut gathered)?);
        } else {
            for group in 0.. {
                let start = format!("{place}{GROUPS}{group}.");
                if num_layers(tensors, &start, STEM, TAIL)? == 0 {
                    break;
                }
                groups.push(self.chain(reading, &start, &mut gathered)?);
            }
        }
        // Groups see the columns in equal parts, one behind the other.
        let mut dim = 0;
        for group in &mut groups {
            let inner = group.layers.first().map_or(0, Layer::dim);
            let width = group.projection.as_ref().map_or(inner, |p| p.in_weight.ncols());
            group.columns = Some(dim..dim + width);
            dim += width;
        }
        let layers: Vec<&Layer> = groups.iter().flat_map(|group| &group.layers).collect();
        let metric = metric_of(reading, &layers, &mut gathered.findings)?;
        if let [first, others @ ..] = layers.as_slice()
            && !others.is_empty()
            && others.iter().all(|layer| layer.codebook == first.codebook)
        {
            gathered.findings.push(msg!("layout-shared-codebook"));
        }
        Ok(gathered.into_parts(Rvq::of_chains(dim.max(1), groups, metric)?))
    }

    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        if rvq.metric() == Metric::CosineRaw || rvq.common_stride() > 1 {
            return Err(cannot_hold(self.id(), phrase!("layout-what-raw-angle-or-strides")));
        }
        let mut next = 0;
        for chain in rvq.chains() {
            if chain.columns().start != next || chain.columns().len() * rvq.chains().len() != rvq.dim() {
                return Err(cannot_hold(self.id(), phrase!("layout-what-unequal-chains")));
            }
            next = chain.columns().end;
        }
        let mut named = Named::new(dtype);
        for (group, chain) in rvq.chains().iter().enumerate() {
            let start =
                if rvq.chains().len() > 1 { format!("{place}{GROUPS}{group}.") } else { place.to_owned() };
            projection(&mut named, &start, SIDES, chain.projection(), true);
            for (nth, layer) in
                rvq.layers().iter().take(chain.layers().end).skip(chain.layers().start).enumerate()
            {
                if layer.projection.is_some() {
                    return Err(cannot_hold(self.id(), phrase!("layout-what-layer-projections")));
                }
                let book = format!("{start}{STEM}{nth}._codebook.");
                let mut codebook = layer.codebook.clone();
                if rvq.metric() == Metric::Cosine {
                    normalize_rows(codebook.parts_mut().0);
                }
                named.push(format!("{book}initted"), Vec::new(), [1.0]);
                ema_buffers(&mut named, &book, &[1], &codebook);
            }
        }
        Ok(named.tensors)
    }
}

impl Vqp {
    fn chain(
        &self,
        reading: Reading<'_>,
        start: &str,
        gathered: &mut Gathered,
    ) -> Result<ChainParts, Problem> {
        let mut layers = Vec::new();
        for layer_idx in 0..num_layers(reading.tensors, start, STEM, TAIL)? {
            let loaded = layer(reading, &format!("{start}{STEM}{layer_idx}."))?;
            layers.push(gathered.take(loaded));
        }
        Ok(ChainParts { layers, columns: None, projection: reading.projection(start, SIDES)? })
    }
}

/// By angle where every row has length 1, unless it is said otherwise.
fn metric_of(
    reading: Reading<'_>,
    layers: &[&Layer],
    findings: &mut Vec<Message>,
) -> Result<Metric, Problem> {
    if let Some(metric) = noted_metric(reading.tensors)?.or(reading.options.metric) {
        return Ok(metric);
    }
    if layers.iter().all(|layer| has_unit_rows(&layer.codebook)) {
        findings.push(msg!("layout-unit-rows"));
        return Ok(Metric::Cosine);
    }
    Ok(Metric::Euclidean)
}

fn layer(reading: Reading<'_>, start: &str) -> Result<Loaded, Problem> {
    let name = |part: &str| format!("{start}_codebook.{part}");
    if let Some(info) = reading.tensors.infos().get(&name("embed"))
        && let [heads, _, _] = *info.shape
        && heads != 1
    {
        return Err(Problem::Unsupported(msg!("layout-heads", name = name("embed"), heads = heads)));
    }
    let mut loaded = reading.ema_layer(start, "_codebook.")?;
    loaded.layer.projection = reading.projection(start, SIDES)?;
    if reading.has(&name("codebook_mean")) && reading.has(&name("batch_mean")) {
        let rows = affine_rows(reading, &name, loaded.layer.codebook.embed().to_owned())?;
        let sizes = loaded.layer.codebook.cluster_size().clone();
        loaded.layer.codebook = sized(rows, &sizes)?;
        loaded.findings.push(msg!("layout-affine-rows"));
    }
    Ok(loaded)
}

/// `(embed - codebook_mean) * sqrt(batch_variance / codebook_variance) + batch_mean`, column by column.
fn affine_rows(
    reading: Reading<'_>,
    name: &dyn Fn(&str) -> String,
    mut rows: Array2<f32>,
) -> Result<Array2<f32>, Problem> {
    let read = |part: &str| {
        let values = reading.needed(&name(part))?;
        if values.len() != rows.ncols() {
            let (found, dim) = (values.len(), rows.ncols());
            return Err(Problem::Malformed(msg!(
                "layout-affine-lengths",
                name = name(part),
                found = found,
                dim = dim
            )));
        }
        Ok(values.iter().copied().collect::<Vec<f32>>())
    };
    let (codebook_mean, codebook_variance) = (read("codebook_mean")?, read("codebook_variance")?);
    let (batch_mean, batch_variance) = (read("batch_mean")?, read("batch_variance")?);
    for (d, mut column) in rows.axis_iter_mut(Axis(1)).enumerate() {
        let deviation = |variances: &[f32]| variances.get(d).map_or(1.0, |v| v.max(SMALLEST_VARIANCE).sqrt());
        let scale = deviation(&batch_variance) / deviation(&codebook_variance);
        let (from, to) = (codebook_mean.get(d).copied(), batch_mean.get(d).copied());
        column.mapv_inplace(|v| (v - from.unwrap_or(0.0)) * scale + to.unwrap_or(0.0));
    }
    Ok(rows)
}

/// One layer by itself: `{place}_codebook.embed`, `[1, K, D]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct SingleVqp;

const SINGLE: &str = "_codebook.embed";

impl Family for SingleVqp {
    fn id(&self) -> &'static str {
        "vector-quantize-pytorch-single"
    }

    fn row_formula(&self) -> Option<RowFormula> {
        Some(RowFormula::Smoothed)
    }

    fn sums(&self) -> &'static str {
        "embed_avg"
    }

    fn places(&self, reading: Reading<'_>) -> Vec<String> {
        let infos = reading.tensors.infos();
        let is_own = |place: &&str| {
            let parent = place.trim_end_matches('.');
            let layers = parent.trim_end_matches(|c: char| c.is_ascii_digit());
            (place.is_empty() || place.ends_with('.'))
                && (layers == parent || !layers.ends_with(STEM))
                && infos.get(&format!("{place}{SINGLE}")).is_some_and(|info| info.shape.len() == 3)
        };
        infos.keys().filter_map(|name| name.strip_suffix(SINGLE)).filter(is_own).map(str::to_owned).collect()
    }

    fn load(&self, reading: Reading<'_>, place: &str) -> Result<Parts, Problem> {
        let mut gathered = Gathered::default();
        let mut loaded = layer(reading, place)?;
        if place.is_empty() {
            // Nothing stands in front of its names by which others could be told from them.
            loaded.info.buffers.retain(|name| !name.contains('.') || name.starts_with("project_"));
        }
        let layer = gathered.take(loaded);
        let metric = metric_of(reading, &[&layer], &mut gathered.findings)?;
        Ok(gathered.into_parts(Rvq::with_metric(vec![layer], metric)?))
    }

    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        one_chain(self.id(), rvq)?;
        let ([layer], false) = (rvq.layers(), rvq.metric() == Metric::CosineRaw) else {
            return Err(cannot_hold(self.id(), phrase!("layout-what-layers-or-raw-angle")));
        };
        let mut named = Named::new(dtype);
        projection(&mut named, place, SIDES, layer.projection.as_ref(), true);
        let mut codebook = layer.codebook.clone();
        if rvq.metric() == Metric::Cosine {
            normalize_rows(codebook.parts_mut().0);
        }
        named.push(format!("{place}_codebook.initted"), Vec::new(), [1.0]);
        ema_buffers(&mut named, &format!("{place}_codebook."), &[1], &codebook);
        Ok(named.tensors)
    }
}

/// `{whole}rvqs.{g}.` as `whole` and `g`.
fn group_of(place: &str) -> Option<(&str, usize)> {
    let (whole, group) = place.strip_suffix('.')?.rsplit_once(GROUPS)?;
    (whole.is_empty() || whole.ends_with('.')).then_some(())?;
    Some((whole, group.parse().ok()?))
}
