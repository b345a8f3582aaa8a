//! What a set of named tensors amounts to: a quantizer, features, codes, or a sentence on what it is instead.

use super::model::{self, Asked};
use super::tensors::Tensors;
use super::{ModelOptions, Need, Opened, Problem, ReadAs, Wanted, arrays};
use crate::task::Task;

/// What a container holds: a quantizer, the one at `wanted.quantizer` where there are several, or features or codes.
///
/// # Errors
/// Neither, or what it is cannot be read.
pub(super) fn interpret(
    tensors: &dyn Tensors,
    wanted: &Wanted<'_>,
    task: &Task<'_>,
) -> Result<Opened, Problem> {
    let is_data = matches!(wanted.read_as, Some(ReadAs::Features | ReadAs::Codes));
    let model = if is_data { None } else { model::find(tensors, wanted.asked(), task)? };
    if let Some(mut model) = model {
        // Codebooks that nothing but their shapes tells from clips of features are those where a quantizer can be used.
        let is_bare = model.info.family == model::BARE;
        if !is_bare || wanted.may_be_bare_model() {
            if is_bare && !wanted.wants_model() {
                model.info.findings.push(BARE_OR_CLIPS.to_owned());
            }
            return Ok(Opened::Model(model));
        }
    }
    let data = if wanted.wants_model() { None } else { arrays::of_tensors(tensors, wanted, task)? };
    if let Some(data) = data {
        return Ok(data);
    }
    let mut infos = tensors.infos().iter();
    match (infos.next(), infos.next()) {
        (Some((name, info)), None) if !(info.dtype.is_float() || info.dtype.is_int()) => {
            Err(Problem::Unsupported(
                format!(
                    "the only tensor, {name:?}, is of type {}, which is neither features nor codes",
                    info.dtype.name()
                )
                .into(),
            ))
        }
        _ if is_data || matches!(wanted.need, Need::Frames | Need::Codes) => Err(Problem::Unsupported(
            format!("there are no {} in this file; it holds {}", wanted.what(), summary(tensors)).into(),
        )),
        _ => Err(Problem::NoQuantizer { found: summary(tensors), candidates: model::candidates(tensors) }),
    }
}

/// What is told of arrays whose shapes leave it open what they are.
const BARE_OR_CLIPS: &str = "These arrays have the shapes of codebooks and of clips of features alike, and were taken for codebooks; \
                             --as features reads them as clips";

impl<'a> Wanted<'a> {
    /// What is asked of a file that may hold a model.
    pub(super) fn asked(&self) -> Asked<'a> {
        static NOTHING_SAID: ModelOptions = ModelOptions { strides: None, metric: None, codebook: None };
        let model = self.model.or_else(|| self.wants_model().then_some(&NOTHING_SAID));
        Asked { quantizer: self.quantizer, model }
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
