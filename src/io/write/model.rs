//! A quantizer as a file: which tensors, in which container, and what of it the file cannot hold.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::tensors::NewTensor;
use super::{NewFile, Writer, check_writer, largest, rounded, write_tensors};
use crate::io::model::METRIC_KEY;
use crate::io::{Dtype, FileError, ModelInfo, Problem, model};
use crate::rvq::ema_state::{Expiry, RowFormula, Settling, StoredAs, ema_state_for};
use crate::rvq::{Metric, Rvq};
use crate::text::{Message, msg};

/// The family of quantizers that were not read from a file.
const OWN_FAMILY: &str = "encodec";

/// The family that a container without names can hold.
const NAMELESS_FAMILY: &str = "bare";

/// Keys under which checkpoints nest the tensors of a model. In front of a name they become dictionaries again where the container has such.
const ROOTS: &[&str] = &["weight", "state_dict", "model", "generator", "best_state"];

/// What a file is to be like, where that is not left to the quantizer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelTarget {
    /// The family by whose names the tensors go; `None` for that of the quantizer.
    pub family: Option<String>,
    /// The type of the numbers; `None` for that of the quantizer.
    pub dtype: Option<Dtype>,
}

/// What a trainer that goes on from a file does with its EMA state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EmaParams {
    /// `d`.
    pub decay: f64,
    /// `eps`.
    pub epsilon: f64,
    /// The size below which a code is replaced, in the trainer's own unit; `None` for the trainer's own default.
    pub threshold: Option<f64>,
}

impl Default for EmaParams {
    fn default() -> Self {
        Self { decay: 0.99, epsilon: 1e-5, threshold: None }
    }
}

/// Writes `rvq`, of which `info` tells where it comes from, and gives what is worth knowing about the file, a sentence each.
///
/// `notes` go into the file where it can hold any. The EMA state is written as it is where the target's trainer reads it as the quantizer's
/// did; otherwise it is made anew by [`ema_state_for`], so that the rows are the same.
///
/// # Errors
/// The family or the container cannot hold the quantizer, a number is beyond the range of its type, or the file cannot be written.
pub fn write_model_as(
    path: &Path,
    rvq: &Rvq,
    info: Option<&ModelInfo>,
    notes: &BTreeMap<String, String>,
    target: &ModelTarget,
) -> Result<Vec<Message>, FileError> {
    let (file, findings) = prepared(path, rvq, info, notes, target).map_err(|problem| problem.at(path))?;
    let (tensors, notes, nested) = &file;
    write_tensors(path, &NewFile { tensors, notes, nested: nested.as_deref() })?;
    Ok(findings)
}

/// Writes `rvq` under EnCodec's names as f32, as [`write_model_as`] does.
///
/// # Errors
/// As for [`write_model_as`].
pub fn write_model(path: &Path, rvq: &Rvq, notes: &BTreeMap<String, String>) -> Result<(), FileError> {
    write_model_as(path, rvq, None, notes, &ModelTarget::default()).map(drop)
}

type Prepared = (Vec<NewTensor>, BTreeMap<String, String>, Option<String>);

fn prepared(
    path: &Path,
    rvq: &Rvq,
    info: Option<&ModelInfo>,
    notes: &BTreeMap<String, String>,
    target: &ModelTarget,
) -> Result<(Prepared, Vec<Message>), Problem> {
    let writer = check_writer(path)?;
    let mut findings = Vec::new();
    let own_family = info.map_or(OWN_FAMILY, |info| info.family.as_str());
    let family = match &target.family {
        Some(family) => family.as_str(),
        None if writer.is_nameless() => NAMELESS_FAMILY,
        None => own_family,
    };
    let place = info.filter(|info| info.family == family).map_or("", |info| info.place.as_str());
    let own_dtype = info.and_then(|info| Dtype::named(&info.layers.first()?.dtype)).unwrap_or(Dtype::F32);
    let dtype = match target.dtype {
        Some(dtype) => dtype,
        None if writer.holds(own_dtype) => own_dtype,
        None => {
            let name = own_dtype.name();
            findings.push(msg!("tensor-type-f32", container = writer.label(), dtype = name));
            Dtype::F32
        }
    };
    let had = info.map_or(Some(RowFormula::Smoothed), |info| info.row_formula);
    let known = known(family)?;
    if let Some(container) = known.container() {
        return Err(Problem::Unsupported(msg!(
            "tensor-container",
            container = container,
            family = family,
            own = OWN_FAMILY,
            nameless = NAMELESS_FAMILY
        )));
    }
    let as_it_is = known.tensors(rvq, place, dtype)?;
    let wanted = known.row_formula();
    let tensors = match wanted {
        Some(formula) if had != Some(formula) => {
            let params = EmaParams::default();
            let settled = settled(rvq, Some(|_| settling(formula, &params, None, dtype)), dtype)?;
            findings.push(match had {
                None => msg!("tensor-ema-made"),
                Some(_) => msg!("tensor-ema-anew"),
            });
            family_tensors(family, &settled, place, dtype)?
        }
        _ => as_it_is,
    };
    if wanted.is_none() && had.is_some() {
        findings.push(msg!("tensor-ema-out", family = family));
    }
    let notes = noted(writer, family, rvq, notes, &mut findings)?;
    let root = place.split('.').next().filter(|root| ROOTS.contains(root)).map(str::to_owned);
    Ok(((tensors, notes, root), findings))
}

/// The notes of a file of `family`: those that are given, and what of the quantizer no tensor tells.
fn noted(
    writer: &dyn Writer,
    family: &str,
    rvq: &Rvq,
    notes: &BTreeMap<String, String>,
    findings: &mut Vec<Message>,
) -> Result<BTreeMap<String, String>, Problem> {
    check_metric(writer, family, rvq.metric())?;
    let mut notes = notes.clone();
    notes.remove(METRIC_KEY);
    if notes.keys().any(|key| key.starts_with("rvqscope.")) && !writer.keeps_notes() {
        findings.push(msg!("tensor-made-out", container = writer.label()));
    }
    if rvq.metric() == Metric::Cosine {
        notes.insert(METRIC_KEY.to_owned(), "cosine".to_owned());
    } else if is_usually_by_angle(family) && rvq.metric() == Metric::Euclidean {
        notes.insert(METRIC_KEY.to_owned(), "euclidean".to_owned());
    }
    if let Some(strides) = strides_to_note(writer, family, rvq, findings)? {
        notes.insert(model::STRIDES_KEY.to_owned(), strides);
    }
    // One array could be anything; a container with notes says what it is.
    if family == NAMELESS_FAMILY && writer.keeps_notes() {
        notes.insert(model::FAMILY_KEY.to_owned(), family.to_owned());
    }
    Ok(notes)
}

/// Whether a quantizer that was not read from a file can be written to `path` if it has this metric.
///
/// # Errors
/// No container has the ending, or the one that has it cannot tell the metric.
pub fn check_model(path: &Path, metric: Metric) -> Result<(), FileError> {
    let check = |writer: &dyn Writer| {
        let family = if writer.is_nameless() { NAMELESS_FAMILY } else { OWN_FAMILY };
        check_metric(writer, family, metric)
    };
    check_writer(path).and_then(check).map_err(|problem| problem.at(path))
}

/// Files of these families are read as Euclidean unless a note in them says otherwise.
fn check_metric(writer: &dyn Writer, family: &str, metric: Metric) -> Result<(), Problem> {
    if metric == Metric::Euclidean && is_usually_by_angle(family) && !writer.keeps_notes() {
        return Err(Problem::Unsupported(msg!(
            "tensor-untold-euclidean",
            container = writer.label(),
            family = family
        )));
    }
    let needs_note = metric == Metric::Cosine && [OWN_FAMILY, NAMELESS_FAMILY].contains(&family);
    if needs_note && (family == NAMELESS_FAMILY || !writer.keeps_notes()) {
        return Err(Problem::Unsupported(msg!(
            "tensor-untold-cosine",
            container = writer.label(),
            family = family,
            own = OWN_FAMILY
        )));
    }
    Ok(())
}

/// Whether a file of this family is read as searched by angle, though its class can do without.
fn is_usually_by_angle(family: &str) -> bool {
    family == "amphion"
}

/// The strides of the layers as a note, where a reader would take them to be others; no tensor tells of them.
fn strides_to_note(
    writer: &dyn Writer,
    family: &str,
    rvq: &Rvq,
    findings: &mut Vec<Message>,
) -> Result<Option<String>, Problem> {
    let strides: Vec<usize> = rvq.layers().iter().map(|layer| layer.stride).collect();
    match model::strides_without_note(family, strides.len()) {
        Some(assumed) if assumed.is_empty() && !writer.keeps_notes() => {
            findings.push(msg!(
                "tensor-strides-out",
                container = writer.label(),
                strides = format!("{strides:?}")
            ));
            Ok(None)
        }
        Some(assumed) if assumed != strides && !writer.keeps_notes() => Err(Problem::Unsupported(msg!(
            "tensor-untold-strides",
            container = writer.label(),
            family = family,
            strides = format!("{strides:?}"),
            assumed = format!("{assumed:?}")
        ))),
        Some(assumed) if assumed != strides => Ok(Some(format!("{strides:?}"))),
        _ => Ok(None),
    }
}

/// The tensors under which `family` keeps `rvq` at `place`.
pub(in crate::io) fn family_tensors(
    family: &str,
    rvq: &Rvq,
    place: &str,
    dtype: Dtype,
) -> Result<Vec<NewTensor>, Problem> {
    known(family)?.tensors(rvq, place, dtype)
}

fn known(family: &str) -> Result<&'static dyn model::Family, Problem> {
    model::family(family).ok_or_else(|| Problem::Unsupported(msg!("tensor-family-unknown", family = family)))
}

/// `rvq` with its rows rounded to `dtype` and, where `how` tells for each layer, with an EMA state that agrees with them.
///
/// # Errors
/// A sum would overflow; the sentence names the layer.
pub(in crate::io) fn settled(
    rvq: &Rvq,
    how: Option<impl Fn(usize) -> Settling>,
    dtype: Dtype,
) -> Result<Rvq, Problem> {
    let mut settled_rvq = rvq.clone();
    for layer_idx in 0..rvq.num_layers() {
        let Some(layer) = settled_rvq.layer_mut(layer_idx) else { continue };
        layer.codebook.parts_mut().0.mapv_inplace(|value| rounded(value, dtype));
        if let Some(how) = &how {
            layer.codebook = ema_state_for(&layer.codebook, &how(layer_idx)).map_err(|err| {
                Problem::Value(msg!("tensor-of-layer", layer = layer_idx, what = err.to_string()))
            })?;
        }
    }
    Ok(settled_rvq)
}

/// What [`ema_state_for`] is to do for a trainer with `formula`, its sizes summing to `total`, in a file of `dtype`.
pub(in crate::io) fn settling(
    formula: RowFormula,
    params: &EmaParams,
    total: Option<f64>,
    dtype: Dtype,
) -> Settling {
    let expiry = match formula {
        RowFormula::Smoothed => Expiry::Frames(params.threshold.unwrap_or(2.0)),
        RowFormula::Clamped => Expiry::ShareOfMean(params.threshold.unwrap_or(0.1)),
    };
    let stored = StoredAs {
        largest: largest(dtype).unwrap_or(f64::from(f32::MAX)),
        coarse: matches!(dtype, Dtype::F16 | Dtype::Bf16),
    };
    Settling { formula, decay: params.decay, epsilon: params.epsilon, expiry, total, stored }
}
