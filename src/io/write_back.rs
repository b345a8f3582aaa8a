//! A changed quantizer in a copy of the checkpoint that it came from: same keys, same types, every other byte the same.

use std::path::Path;

use super::patch::{Patch, patched_copy};
use super::tensors::{NewTensor, Placed, Tensors};
use super::write::{EmaParams, family_tensors, settled, settling};
use super::{CodebookNames, Dtype, FileError, LoadedModel, ModelOptions, Problem, model};
use crate::rvq::ema_state::RowFormula;
use crate::rvq::{Layer, Metric, Rvq};
use crate::task::Task;
use crate::text::{Message, Phrase, msg, phrase};

/// What was written back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenBack {
    /// The layers whose rows differ from the checkpoint's.
    pub layers: Vec<usize>,
    /// The tensors that were overwritten.
    pub tensors: Vec<String>,
    /// What is worth knowing about the copy, a sentence each.
    pub findings: Vec<Message>,
}

/// How far projections may lie from the checkpoint's, as a share of their largest number: they went through f32.
const SAME: f32 = 1e-5;

/// Writes `target` as the checkpoint `original` with the codebooks of `rvq` in it; the two may be one file. Of several quantizers in the checkpoint
/// the one at `quantizer` is meant: what stands in front of its tensor names.
///
/// Layers whose rows are the checkpoint's stay as they are. For the others rows are written, and where the checkpoint has an EMA state, sizes
/// and sums that agree with them (see [`ema_state_for`](crate::rvq::ema_state::ema_state_for)), with the checkpoint's own sum of sizes.
///
/// # Errors
/// The checkpoint holds no quantizer, none at that place, or one of another shape, or keeps it in a way that cannot be overwritten; nothing has
/// changed; or a file cannot be read or written, and what was there stays.
pub fn write_back(
    original: &Path,
    target: &Path,
    quantizer: Option<&str>,
    rvq: &Rvq,
    params: &EmaParams,
    task: &Task<'_>,
) -> Result<WrittenBack, FileError> {
    write_back_as(original, target, (quantizer, &ModelOptions::default()), rvq, params, task)
}

/// As [`write_back`], with what the user says of the checkpoint.
///
/// # Errors
/// As for [`write_back`].
pub fn write_back_as(
    original: &Path,
    target: &Path,
    (quantizer, options): (Option<&str>, &ModelOptions),
    rvq: &Rvq,
    params: &EmaParams,
    task: &Task<'_>,
) -> Result<WrittenBack, FileError> {
    let mut said = options.clone();
    if said.codebook.is_some() {
        // Named tensors tell of no distance, and none is written.
        said.metric = said.metric.or(Some(rvq.metric()));
    }
    let (source, plan) = super::with_tensors(original, task, |tensors| {
        let asked = model::Asked { quantizer, model: Some(&said) };
        let old = model::find(tensors, asked, task)?
            .ok_or_else(|| Problem::Unsupported(msg!("tensor-back-none")))?;
        plan(tensors, old, options.codebook.as_ref(), rvq, params, task)
    })?;
    let Plan { patches, others, report } = plan;
    patched_copy(&source, target, &patches, &others, task)?;
    Ok(report)
}

/// What is to be overwritten, and what must not be.
struct Plan {
    patches: Vec<Patch>,
    others: Vec<(String, Placed)>,
    report: WrittenBack,
}

fn plan(
    tensors: &dyn Tensors,
    LoadedModel { rvq: old, info }: LoadedModel,
    names: Option<&CodebookNames>,
    rvq: &Rvq,
    params: &EmaParams,
    task: &Task<'_>,
) -> Result<Plan, Problem> {
    check_same_shape(rvq, &old, names)?;
    let has = |name: &str| tensors.infos().contains_key(name);
    let named = |rvq: &Rvq| match names {
        Some(names) => names.tensors(has, rvq, Dtype::F32),
        None => family_tensors(&info.family, rvq, &info.place, Dtype::F32),
    };
    let before = named(&old)?;
    let formula = match names {
        // Of a state without sums there are sizes alone, which do not depend on how rows are made of both.
        Some(names) => names.sizes.is_some().then_some(RowFormula::Smoothed),
        None => model::family(&info.family).and_then(|family| {
            let in_file = |name: &str| model::is_sum(family, name) && has(name);
            family.row_formula().filter(|_| before.iter().any(|tensor| in_file(&tensor.name)))
        }),
    };
    let dtype = info.layers.first().and_then(|layer| Dtype::named(&layer.dtype)).unwrap_or(Dtype::F32);

    let (mut new, mut layers) = (old.clone(), Vec::new());
    let fresh = settled(
        rvq,
        formula.map(|formula| {
            let old = &old;
            move |layer_idx: usize| {
                let total = old.layers().get(layer_idx).map(|layer| layer.codebook.cluster_size().sum());
                settling(formula, params, total, dtype)
            }
        }),
        dtype,
    )?;
    for (layer_idx, layer) in fresh.layers().iter().enumerate() {
        if let Some(place) = new.layer_mut(layer_idx)
            && place.codebook.embed() != layer.codebook.embed()
        {
            place.codebook = layer.codebook.clone();
            layers.push(layer_idx);
        }
    }

    let (mut patches, mut findings) = (Vec::new(), Vec::new());
    for (before, after) in before.into_iter().zip(named(&new)?) {
        if before.values == after.values {
            continue;
        }
        match tensors.infos().get(&after.name) {
            Some(_) => patches.push(patch(tensors, &before, after, task)?),
            None => findings.push(msg!("tensor-back-lacks", name = after.name)),
        }
    }
    if patches.is_empty() && !layers.is_empty() {
        return Err(Problem::Unsupported(msg!("tensor-back-read-only", family = info.family)));
    }
    if !layers.is_empty() && names.is_some() {
        findings.push(msg!("tensor-back-named"));
    }
    if layers.is_empty() {
        findings.push(msg!("tensor-back-same"));
    }
    let is_other = |name: &&String| patches.iter().all(|patch| patch.name != **name);
    let others = tensors.infos().keys().filter(is_other);
    let others = others.filter_map(|name| Some((name.clone(), tensors.placed(name)?))).collect();
    let report =
        WrittenBack { layers, tensors: patches.iter().map(|patch| patch.name.clone()).collect(), findings };
    Ok(Plan { patches, others, report })
}

/// The new numbers of one tensor, at its place.
fn patch(
    tensors: &dyn Tensors,
    before: &NewTensor,
    after: NewTensor,
    task: &Task<'_>,
) -> Result<Patch, Problem> {
    let name = &before.name;
    let placed =
        tensors.placed(name).ok_or_else(|| Problem::Unsupported(msg!("tensor-back-pieces", name = name)))?;
    let mut after = after;
    let stored = tensors.floats(name, task)?;
    let largest = stored.iter().fold(0.0f32, |most, v| most.max(v.abs()));
    let codes = codes_in(before, &stored);
    let same = stored.len() == before.values.len()
        && stored.iter().zip(&before.values).take(codes).all(|(a, b)| (a - b).abs() <= SAME * largest);
    if !same {
        // An affine codebook, say: what is searched is made of what is stored and of statistics beside it.
        return Err(Problem::Unsupported(msg!("tensor-back-derived", name = name)));
    }
    // Behind the codes stands what is no code, and stays.
    after.values.iter_mut().zip(&stored).skip(codes).for_each(|(new, old)| *new = *old);
    let new = NewTensor { dtype: placed.dtype, ..after };
    new.check()?;
    Ok(Patch { name: new.name, placed, values: new.values })
}

/// How many of the numbers are those of codes: all, but for a last row that is written as zeros because it stands for padding.
fn codes_in(before: &NewTensor, stored: &ndarray::ArrayD<f32>) -> usize {
    let row = if let [_, row] = *before.shape { row } else { 0 };
    let codes = before.values.len().saturating_sub(row);
    let is_padding = row > 0
        && before.values.iter().skip(codes).all(|&v| v == 0.0)
        && stored.iter().skip(codes).any(|&v| v != 0.0);
    if is_padding { codes } else { before.values.len() }
}

fn check_same_shape(new: &Rvq, old: &Rvq, names: Option<&CodebookNames>) -> Result<(), Problem> {
    let refuse = |what: Message| Err(Problem::Unsupported(msg!("tensor-back-refused", what = what)));
    if new.num_layers() != old.num_layers() {
        let (new, old) = (new.num_layers(), old.num_layers());
        return refuse(msg!("tensor-back-layers", new = new, old = old));
    }
    if new.metric() != old.metric() {
        let (new, old) = (metric_name(new.metric()), metric_name(old.metric()));
        return refuse(msg!("tensor-back-metric", new = new, old = old));
    }
    for (layer_idx, (new, old)) in new.layers().iter().zip(old.layers()).enumerate() {
        let shape = |layer: &Layer| (layer.codebook.num_codes(), layer.codebook.dim());
        if shape(new) != shape(old) {
            let ((k, d), (old_k, old_d)) = (shape(new), shape(old));
            let at = layer_idx;
            return match names.filter(|_| (k, d) == (old_d, old_k)) {
                Some(names) if names.transposed => Err(Problem::Unsupported(msg!(
                    "tensor-back-not-transposed",
                    layer = at,
                    k = k,
                    d = d,
                    old_k = old_k,
                    old_d = old_d
                ))),
                Some(_) => Err(Problem::Unsupported(msg!(
                    "tensor-back-transposed",
                    layer = at,
                    k = k,
                    d = d,
                    old_k = old_k,
                    old_d = old_d
                ))),
                None => {
                    refuse(msg!("tensor-back-shape", layer = at, k = k, d = d, old_k = old_k, old_d = old_d))
                }
            };
        }
        if !same_projection(new, old) {
            return refuse(msg!("tensor-back-projections", layer = layer_idx));
        }
    }
    Ok(())
}

fn metric_name(metric: Metric) -> Phrase {
    match metric {
        Metric::Euclidean => phrase!("tensor-metric-euclidean"),
        Metric::Cosine => phrase!("tensor-metric-cosine"),
        Metric::CosineRaw => phrase!("tensor-metric-cosine-raw"),
    }
}

fn same_projection(new: &Layer, old: &Layer) -> bool {
    let (new, old) = match (&new.projection, &old.projection) {
        (None, None) => return true,
        (Some(new), Some(old)) => (new, old),
        _ => return false,
    };
    let close = |new: ndarray::ArrayViewD<'_, f32>, old: ndarray::ArrayViewD<'_, f32>| {
        let largest = old.iter().fold(0.0f32, |most, v| most.max(v.abs()));
        new.shape() == old.shape() && new.iter().zip(&old).all(|(a, b)| (a - b).abs() <= SAME * largest)
    };
    close(new.in_weight.view().into_dyn(), old.in_weight.view().into_dyn())
        && close(new.in_bias.view().into_dyn(), old.in_bias.view().into_dyn())
        && close(new.out_weight.view().into_dyn(), old.out_weight.view().into_dyn())
        && close(new.out_bias.view().into_dyn(), old.out_bias.view().into_dyn())
}
