//! What a set of named tensors amounts to: a quantizer, features, codes, or a sentence on what it is instead.

use super::model::{self, Asked};
use super::tensors::Tensors;
use super::{Codes, Opened, Problem, RawFeatures, Wanted};
use crate::task::Task;

/// What a container holds: a quantizer, the one at `wanted.quantizer` where there are several, or a single array of features or codes.
///
/// # Errors
/// Neither, or what it is cannot be read.
pub(super) fn interpret(
    tensors: &dyn Tensors,
    wanted: &Wanted<'_>,
    task: &Task<'_>,
) -> Result<Opened, Problem> {
    if let Some(model) = model::find(tensors, wanted.asked(), task)? {
        return Ok(Opened::Model(model));
    }
    let mut infos = tensors.infos().iter();
    match (infos.next(), infos.next()) {
        (Some((name, info)), None) if info.dtype.is_float() => {
            let rate = tensors.metadata().get("frame_rate_hz").and_then(|text| text.parse::<f64>().ok());
            let rate = rate.filter(|rate| rate.is_finite() && *rate > 0.0);
            Ok(Opened::Features(RawFeatures::new(tensors.floats(name, task)?, rate)?))
        }
        (Some((name, info)), None) if info.dtype.is_int() => {
            Ok(Opened::Codes(Codes::new(tensors.codes(name, task)?)?))
        }
        (Some((name, info)), None) => Err(Problem::Unsupported(format!(
            "the only tensor, {name:?}, is of type {}, which is neither features nor codes",
            info.dtype.name()
        ))),
        _ => Err(Problem::NoQuantizer { found: summary(tensors), candidates: model::candidates(tensors) }),
    }
}

impl<'a> Wanted<'a> {
    /// What is asked of a file that may hold a model.
    pub(super) fn asked(&self) -> Asked<'a> {
        Asked { quantizer: self.quantizer, model: self.model }
    }
}

/// What a file without a quantizer holds, for a sentence: what it is known to be, or a few tensor names.
fn summary(tensors: &dyn Tensors) -> String {
    const SHOWN: usize = 4;
    /// A name can be as long as the file.
    const NAME_CHARS: usize = 80;
    let infos = tensors.infos();
    if infos.is_empty()
        && let Some(model) = tensors.metadata().get("pretrained")
    {
        let model: String = model.chars().take(NAME_CHARS).collect();
        return format!(
            "no tensor at all, only the name of the model it stands for, {model}; open that one's own file"
        );
    }
    if infos.keys().any(|name| name.contains(".lora_A.") || name.contains(".lora_B.")) {
        return "LoRA weights, which change a base model that is another file; the quantizer is in that one"
            .to_owned();
    }
    if is_without_codebook(tensors) {
        return "a finite scalar or lookup-free quantizer (FSQ, LFQ), which has no codebook: its codes are rounded numbers; open the codes by \
                themselves"
            .to_owned();
    }
    if infos.is_empty() {
        return "no tensor at all".to_owned();
    }
    let names = infos.keys().take(SHOWN).map(|name| name.chars().take(NAME_CHARS).collect::<String>());
    let names = names.collect::<Vec<_>>().join(", ");
    match infos.len() {
        1 => format!("one tensor, {names}"),
        count if count <= SHOWN => format!("{count} tensors, {names}"),
        count => format!("{count} tensors, such as {names}"),
    }
}

/// Whether there is a quantizer that rounds: maps around it, or tables of its levels, and no rows beside them.
fn is_without_codebook(tensors: &dyn Tensors) -> bool {
    /// No such quantizer has more dimensions than this.
    const MAX_DIM: usize = 64;
    let names = || tensors.infos().keys();
    let is_named = |name: &String| {
        name.to_lowercase().split(['.', '_']).any(|part| part.starts_with("fsq") || part == "lfq")
    };
    let is_narrow = |name: &String| {
        let front = name.strip_suffix("project_in.weight");
        let shape = tensors.infos().get(name).map(|info| info.shape.as_slice());
        let is_around = front.is_some_and(|front| {
            let stem = front.to_owned();
            names().any(|other| *other == format!("{stem}project_out.weight"))
                && !names().any(|other| other.starts_with(&stem) && other.contains("codebook"))
        });
        is_around && matches!(shape, Some([inner, outer, ..]) if inner < outer && *inner <= MAX_DIM)
    };
    names().any(is_named) || names().any(is_narrow)
}
