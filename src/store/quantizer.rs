//! A quantizer of any shape, as tensors and a description of how they belong together.

use std::ops::Range;

use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::stored::StoredTensors;
use super::tensors::Tensors;
use crate::rvq::{ChainParts, Codebook, Layer, Metric, Projection, Rvq};
use crate::text::msg;

/// What the tensors of a quantizer do not tell.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RvqDoc {
    dim: usize,
    #[serde(with = "MetricDoc")]
    metric: Metric,
    layers: Vec<LayerDoc>,
    chains: Vec<ChainDoc>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct LayerDoc {
    stride: usize,
    has_projection: bool,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct ChainDoc {
    /// How many layers it has.
    layers: usize,
    columns: Range<usize>,
    has_projection: bool,
}

/// The words for [`Metric`] in files.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Metric", rename_all = "snake_case")]
pub(super) enum MetricDoc {
    Euclidean,
    Cosine,
    CosineRaw,
}

/// Adds the tensors of `rvq` under names that begin with `at`, and gives the rest.
///
/// # Errors
/// A number is not finite, which no quantizer that is read back may have.
pub(super) fn put<'a>(rvq: &'a Rvq, at: &str, tensors: &mut Tensors<'a>) -> Result<RvqDoc, Fault> {
    let mut layers = Vec::with_capacity(rvq.num_layers());
    for (nth, layer) in rvq.layers().iter().enumerate() {
        let at = format!("{at}.layers.{nth}");
        let Layer { codebook, projection, stride } = layer;
        check_finite(codebook, nth)?;
        tensors.put_f32_table(format!("{at}.embed"), codebook.embed());
        let sizes = codebook.cluster_size();
        let sizes = sizes.as_slice().map_or_else(|| sizes.iter().copied().collect(), Into::into);
        tensors.put_f64(format!("{at}.cluster_size"), sizes);
        tensors.put_f64_table(format!("{at}.embed_avg"), codebook.embed_avg().view());
        put_projection(projection.as_ref(), &at, tensors)?;
        layers.push(LayerDoc { stride: *stride, has_projection: projection.is_some() });
    }
    let mut chains = Vec::with_capacity(rvq.chains().len());
    for (nth, chain) in rvq.chains().iter().enumerate() {
        put_projection(chain.projection(), &format!("{at}.chains.{nth}"), tensors)?;
        chains.push(ChainDoc {
            layers: chain.layers().len(),
            columns: chain.columns(),
            has_projection: chain.projection().is_some(),
        });
    }
    Ok(RvqDoc { dim: rvq.dim(), metric: rvq.metric(), layers, chains })
}

fn check_finite(codebook: &Codebook, layer_idx: usize) -> Result<(), Fault> {
    let finite = codebook.embed().iter().all(|v| v.is_finite())
        && codebook.cluster_size().iter().all(|v| v.is_finite())
        && codebook.embed_avg().iter().all(|v| v.is_finite());
    if finite { Ok(()) } else { Err(Fault::unfit(msg!("err-codebook-not-finite", layer = layer_idx))) }
}

fn put_projection<'a>(
    projection: Option<&'a Projection>,
    at: &str,
    tensors: &mut Tensors<'a>,
) -> Result<(), Fault> {
    let Some(projection) = projection else { return Ok(()) };
    if !is_finite(projection) {
        return Err(Fault::unfit(msg!("err-projection-not-finite")));
    }
    let Projection { in_weight, in_bias, out_weight, out_bias } = projection;
    tensors.put_f32_table(format!("{at}.in_weight"), in_weight.view());
    tensors.put_f32_row(format!("{at}.in_bias"), in_bias.view());
    tensors.put_f32_table(format!("{at}.out_weight"), out_weight.view());
    tensors.put_f32_row(format!("{at}.out_bias"), out_bias.view());
    Ok(())
}

fn is_finite(projection: &Projection) -> bool {
    let Projection { in_weight, in_bias, out_weight, out_bias } = projection;
    let all = in_weight.iter().chain(in_bias).chain(out_weight).chain(out_bias);
    all.into_iter().all(|v| v.is_finite())
}

/// The quantizer that [`put`] has taken apart.
///
/// # Errors
/// A tensor is missing, they do not fit together, or a number is not finite.
pub(super) fn take(doc: &RvqDoc, at: &str, tensors: &StoredTensors) -> Result<Rvq, Fault> {
    let mut layers = Vec::new();
    for (nth, layer) in doc.layers.iter().enumerate() {
        let at = format!("{at}.layers.{nth}");
        let codebook = Codebook::new(
            tensors.table(&format!("{at}.embed"))?,
            Array1::from(tensors.list_f64(&format!("{at}.cluster_size"))?),
            tensors.table_f64(&format!("{at}.embed_avg"))?,
        )?;
        let projection = take_projection(layer.has_projection, &at, tensors)?;
        layers.push(Layer { codebook, projection, stride: layer.stride });
    }
    let mut layers = layers.into_iter();
    let mut chains = Vec::new();
    for (nth, chain) in doc.chains.iter().enumerate() {
        chains.push(ChainParts {
            layers: layers.by_ref().take(chain.layers).collect(),
            columns: Some(chain.columns.clone()),
            projection: take_projection(chain.has_projection, &format!("{at}.chains.{nth}"), tensors)?,
        });
    }
    // Frames of more dimensions than any chain sees could be of any size at all, far beyond what the file holds.
    let seen = doc.chains.iter().map(|chain| chain.columns.end).max();
    let told = doc.chains.iter().fold(0usize, |sum, chain| sum.saturating_add(chain.layers));
    if seen != Some(doc.dim) || told != doc.layers.len() {
        return Err(Fault::damaged(msg!("err-not-a-quantizer")));
    }
    Ok(Rvq::of_chains(doc.dim, chains, doc.metric)?)
}

fn take_projection(is_there: bool, at: &str, tensors: &StoredTensors) -> Result<Option<Projection>, Fault> {
    if !is_there {
        return Ok(None);
    }
    let projection = Projection {
        in_weight: tensors.table(&format!("{at}.in_weight"))?,
        in_bias: tensors.row(&format!("{at}.in_bias"))?,
        out_weight: tensors.table(&format!("{at}.out_weight"))?,
        out_bias: tensors.row(&format!("{at}.out_bias"))?,
    };
    if is_finite(&projection) {
        Ok(Some(projection))
    } else {
        Err(Fault::damaged(msg!("err-projection-not-finite")))
    }
}
