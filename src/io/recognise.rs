//! What a set of named tensors amounts to: a quantizer, features, codes, or a sentence on what it is instead.

use super::model::{self, Asked};
use super::tensors::Tensors;
use super::{ModelOptions, Need, Opened, Problem, ReadAs, Wanted, arrays};
use crate::task::Task;
use crate::text::{Message, Phrase, msg, phrase};

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
                model.info.findings.push(BARE_OR_CLIPS.into());
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
            let (name, dtype) = (format!("{name:?}"), info.dtype.name());
            Err(Problem::Unsupported(msg!("array-only-tensor", name = name, dtype = dtype)))
        }
        _ if is_data || matches!(wanted.need, Need::Frames | Need::Codes) => {
            let found = summary(tensors);
            Err(Problem::Unsupported(match wanted.wants_codes() {
                true => msg!("array-codes-not-in-file", found = found),
                false => msg!("array-features-not-in-file", found = found),
            }))
        }
        _ => Err(Problem::NoQuantizer { found: summary(tensors), candidates: model::candidates(tensors) }),
    }
}

/// What is told of arrays whose shapes leave it open what they are.
const BARE_OR_CLIPS: Phrase = phrase!("array-codebooks-or-clips");

impl<'a> Wanted<'a> {
    /// What is asked of a file that may hold a model.
    pub(super) fn asked(&self) -> Asked<'a> {
        static NOTHING_SAID: ModelOptions = ModelOptions { strides: None, metric: None, codebook: None };
        let model = self.model.or_else(|| self.wants_model().then_some(&NOTHING_SAID));
        Asked { quantizer: self.quantizer, model }
    }
}

/// What a file without a quantizer holds, for a sentence: what it is known to be, or a few tensor names.
fn summary(tensors: &dyn Tensors) -> Message {
    const SHOWN: usize = 4;
    /// A name can be as long as the file.
    const NAME_CHARS: usize = 80;
    /// What stands in the names of the weights of a low-rank adapter.
    const LORA: [&str; 2] = [".lora_A.", ".lora_B."]; // not a text
    let infos = tensors.infos();
    if infos.is_empty()
        && let Some(model) = tensors.metadata().get("pretrained")
    {
        let model: String = model.chars().take(NAME_CHARS).collect();
        return msg!("array-holds-name-of-model", model = model);
    }
    if infos.keys().any(|name| LORA.iter().any(|part| name.contains(part))) {
        return msg!("array-holds-lora");
    }
    if is_without_codebook(tensors) {
        return msg!("array-holds-fsq");
    }
    if infos.is_empty() {
        return msg!("array-holds-nothing");
    }
    let names = infos.keys().take(SHOWN).map(|name| name.chars().take(NAME_CHARS).collect::<String>());
    let names = names.collect::<Vec<_>>().join(", ");
    match infos.len() {
        1 => msg!("array-holds-one", names = names),
        count if count <= SHOWN => msg!("array-holds-few", n = count, names = names),
        count => msg!("array-holds-many", n = count, names = names),
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
