//! Quantizers in containers of named tensors. A family is one file and one row of [`FAMILIES`].

use super::tensors::{NewTensor, Tensors};
use super::{Dtype, Problem, QuantizerPlace, error};
use crate::rvq::Rvq;
use crate::task::Task;

mod bare;
mod dac;
mod encodec;
mod facts;
mod findings;
mod info;
mod mimi;
mod read;
mod vqp;
mod write;

pub(super) use dac::{STRIDES_KEY, strides_without_note};
pub use facts::Fact;
pub use info::{ChainInfo, LayerInfo, ModelInfo};

/// A quantizer and what its file tells of it.
#[derive(Debug, Clone)]
pub struct LoadedModel {
    /// The quantizer.
    pub rvq: Rvq,
    /// Where it comes from and what is odd about it.
    pub info: ModelInfo,
}

/// One layout of a quantizer in a set of named tensors.
pub trait Family: Sync {
    /// Its name in [`ModelInfo::family`].
    fn id(&self) -> &'static str;

    /// The places at which a quantizer of this layout lies: what stands in front of its tensor names.
    fn places(&self, tensors: &dyn Tensors) -> Vec<String>;

    /// Loads the one at `place`.
    ///
    /// # Errors
    /// Its tensors do not fit together, or cannot be read.
    fn load(&self, tensors: &dyn Tensors, place: &str, task: &Task<'_>) -> Result<Parts, Problem>;

    /// The tensors under which this family keeps `rvq` at `place` (what stands in front of the names, `""` for nothing), in `dtype`.
    ///
    /// The EMA state is written as it is; nothing is made anew here.
    ///
    /// # Errors
    /// The family cannot hold it; the sentence says what.
    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem>;
}

/// What a family makes of its tensors.
#[derive(Debug)]
pub struct Parts {
    /// The quantizer.
    pub rvq: Rvq,
    /// How each layer is stored.
    pub layers: Vec<LayerInfo>,
    /// For each layer, whether its cluster sizes come from the file.
    pub has_sizes: Vec<bool>,
    /// What the family itself noticed.
    pub findings: Vec<String>,
}

/// The id of the family that has nothing but shapes.
pub(super) const BARE: &str = "bare";

/// The layouts that are known.
pub static FAMILIES: &[&dyn Family] = &[
    &encodec::ENCODEC,
    &encodec::HF_ENCODEC,
    &encodec::CORE_VQ,
    &mimi::MOSHI,
    &mimi::HF_MIMI,
    &dac::DAC,
    &dac::HF_DAC,
    &dac::SNAC,
    &vqp::Vqp,
    &bare::Bare,
];

/// The family with this id.
#[must_use]
pub fn family(id: &str) -> Option<&'static dyn Family> {
    FAMILIES.iter().copied().find(|family| family.id() == id)
}

/// The quantizer among `tensors`, if there is one; `wanted` names its place where there are several.
///
/// # Errors
/// There are several and none or another is wanted, or it is broken.
pub(super) fn find(
    tensors: &dyn Tensors,
    wanted: Option<&str>,
    task: &Task<'_>,
) -> Result<Option<LoadedModel>, Problem> {
    let mut found = Vec::new();
    for family in FAMILIES {
        found.extend(family.places(tensors).into_iter().map(|place| (*family, place)));
    }
    let chosen: Vec<_> = found
        .iter()
        .filter(|(family, place)| wanted.is_none_or(|wanted| is_named(wanted, family.id(), place)))
        .collect();
    let (family, place) = match (chosen.as_slice(), found.is_empty()) {
        (_, true) => return Ok(None),
        ([only], _) => only,
        _ => {
            let places = places(tensors, &found, task)?;
            return Err(Problem::SeveralQuantizers { wanted: wanted.map(str::to_owned), places });
        }
    };
    let Parts { rvq, layers, has_sizes, mut findings } = family.load(tensors, place, task)?;
    findings.extend(findings::findings(&rvq, &has_sizes));
    let info = ModelInfo::new(family.id(), place, &rvq, layers, findings, tensors.metadata());
    Ok(Some(LoadedModel { rvq, info }))
}

/// Whether `wanted` names the quantizer of this family at this place: by the place, or by all of [`QuantizerPlace::name`].
fn is_named(wanted: &str, family: &str, place: &str) -> bool {
    wanted.trim_end_matches('.') == place.trim_end_matches('.') || wanted == error::name_of(family, place)
}

/// Quantizers beyond these are named without a look at what they are.
const MAX_LOOKED_AT: usize = 16;

/// What there is to choose from.
///
/// # Errors
/// It was cancelled.
fn places(
    tensors: &dyn Tensors,
    found: &[(&'static dyn Family, String)],
    task: &Task<'_>,
) -> Result<Vec<QuantizerPlace>, Problem> {
    let look = |(nth, (family, place)): (usize, &(&'static dyn Family, String))| {
        let about = match (nth < MAX_LOOKED_AT).then(|| family.load(tensors, place, task)) {
            None => Ok(String::new()),
            Some(Ok(parts)) => Ok(facts::shape_words(&parts.layers)),
            Some(Err(Problem::Cancelled(cancelled))) => return Err(cancelled.into()),
            Some(Err(problem)) => Err(problem.to_string()),
        };
        Ok(QuantizerPlace { family: family.id().to_owned(), place: place.clone(), about })
    };
    found.iter().enumerate().map(look).collect()
}
