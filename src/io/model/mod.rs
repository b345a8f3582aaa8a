//! Quantizers in containers of named tensors. A family is one file and one row of [`FAMILIES`].

use std::cell::RefCell;

use super::tensors::{NewTensor, Tensors};
use super::{Dtype, Problem, QuantizerPlace, error};
use crate::rvq::ema_state::RowFormula;
use crate::rvq::{Metric, Rvq};
use crate::task::Task;
use crate::text::{Message, Phrase, msg};

mod account;
mod bare;
mod dac;
mod encodec;
mod facts;
mod faiss;
mod findings;
mod groups;
mod info;
mod mimi;
mod named;
mod notes;
mod options;
mod plain;
mod read;
mod stacked;
mod vqp;
mod weights;
mod write;

pub(super) use dac::strides_without_note;
pub use facts::Fact;
pub(crate) use facts::shape_of;
pub(super) use faiss::{BEAM_KEY, INDEX_KEY, codebook_name};
pub use info::{ChainInfo, LayerInfo, ModelInfo};
pub(super) use named::candidates;
pub use notes::METRIC_KEY;
pub(super) use notes::{FAMILY_KEY, STRIDES_KEY};
pub use options::{CodebookNames, LAYER_SLOT, ModelOptions, metric_name, metric_named};
pub use read::Reading;

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
    fn places(&self, reading: Reading<'_>) -> Vec<String>;

    /// Loads the one at `place`.
    ///
    /// # Errors
    /// Its tensors do not fit together, or cannot be read.
    fn load(&self, reading: Reading<'_>, place: &str) -> Result<Parts, Problem>;

    /// The tensors under which this family keeps `rvq` at `place` (what stands in front of the names, `""` for nothing), in `dtype`.
    ///
    /// The EMA state is written as it is; nothing is made anew here.
    ///
    /// # Errors
    /// The family cannot hold it; the sentence says what.
    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem>;

    /// How its trainers make rows of the EMA state in its files; `None` where they keep none.
    fn row_formula(&self) -> Option<RowFormula> {
        None
    }

    /// The last part of the names of the sums that rows are made of; empty where there are none.
    fn sums(&self) -> &'static str {
        ""
    }

    /// What its tensors are known by besides their names, so that a new file cannot hold it; `None` where the names are enough.
    fn container(&self) -> Option<Phrase> {
        None
    }
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
    /// For each layer, whether the sums that its rows are made of come from the file.
    pub has_sums: Vec<bool>,
    /// What the family itself noticed.
    pub findings: Vec<Message>,
}

/// The id of the family that has nothing but shapes.
pub(super) const BARE: &str = "bare";

/// The layouts that are known.
pub static FAMILIES: &[&dyn Family] = &[
    &encodec::ENCODEC,
    &encodec::HF_ENCODEC,
    &encodec::HF_XCODEC,
    &encodec::CORE_VQ,
    &plain::CORE_VQ_SINGLE,
    &plain::HF_WAVTOKENIZER,
    &mimi::MOSHI,
    &mimi::HF_MIMI,
    &dac::DAC,
    &dac::HF_DAC,
    &dac::SNAC,
    &dac::DAC_ALONE,
    &dac::MODDED_DAC,
    &dac::AMPHION,
    &dac::BICODEC,
    &dac::BIGCODEC,
    &vqp::Vqp,
    &vqp::SingleVqp,
    &plain::VQ_LAYERS,
    &plain::RECOMMENDER,
    &plain::RQ_TRANSFORMER,
    &plain::MOMASK,
    &plain::T2M,
    &plain::AUDIODEC,
    &plain::VQ_VAE_2,
    &plain::NEMO,
    &plain::VQGAN,
    &plain::GLM_VOICE,
    &plain::KMEANS,
    &plain::GGUF_WAVTOKENIZER,
    &groups::Groups,
    &stacked::Stacked,
    &faiss::Faiss,
    &named::ByName,
    &bare::Bare,
];

/// The family with this id.
#[must_use]
pub fn family(id: &str) -> Option<&'static dyn Family> {
    FAMILIES.iter().copied().find(|family| family.id() == id)
}

/// What is asked of a file that may hold a model.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked<'a> {
    /// The place of the quantizer that is meant.
    pub(super) quantizer: Option<&'a str>,
    /// What is said of it, where a model and nothing else is asked for.
    pub(super) model: Option<&'a ModelOptions>,
}

/// The quantizer among `tensors`, if there is one.
///
/// # Errors
/// There are several and none or another is wanted, it is broken, or it is not what the user says it is.
pub(super) fn find(
    tensors: &dyn Tensors,
    asked: Asked<'_>,
    task: &Task<'_>,
) -> Result<Option<LoadedModel>, Problem> {
    let (taken, nothing_said) = (RefCell::default(), ModelOptions::default());
    let options = asked.model.unwrap_or(&nothing_said);
    let reading = Reading { tensors, task, options, is_model: asked.model.is_some(), taken: &taken };
    let mut found = Vec::new();
    for family in FAMILIES {
        if options.codebook.is_none() || family.id() == named::ByName.id() {
            found.extend(family.places(reading).into_iter().map(|place| (*family, place)));
        }
    }
    // An array that could be anything is one of the family that its name speaks for.
    if found.len() > 1 {
        found.retain(|(family, _)| family.id() != bare::Bare.id());
    }
    let wanted = asked.quantizer.filter(|_| options.codebook.is_none());
    let is_meant = |(family, place): &&(&'static dyn Family, String)| {
        wanted.is_none_or(|wanted| is_named(wanted, family.id(), place))
    };
    let chosen: Vec<_> = found.iter().filter(is_meant).collect();
    let (family, place) = match (chosen.as_slice(), found.is_empty()) {
        (_, true) => return Ok(None),
        ([only], _) => only,
        _ => {
            let places = places(reading, &found)?;
            return Err(Problem::SeveralQuantizers { wanted: wanted.map(str::to_owned), places });
        }
    };
    taken.borrow_mut().clear();
    let Parts { rvq, layers, has_sizes, has_sums, mut findings } = family.load(reading, place)?;
    let has_state = has_sizes.iter().chain(&has_sums).all(|&has| has);
    check_wishes(&rvq, options)?;
    findings.extend(findings::findings(&rvq, &has_sizes));
    let others: Vec<String> =
        found.iter().filter(|(_, other)| other != place).map(|(_, other)| other.clone()).collect();
    if options.codebook.is_none()
        && let Some(words) = account::left_out(tensors, &taken.borrow(), &others)
    {
        findings.insert(0, words);
    }
    let mut info = ModelInfo::new(family.id(), place, &rvq, layers, findings, tensors.metadata());
    info.row_formula = family.row_formula().filter(|_| has_state);
    Ok(Some(LoadedModel { rvq, info }))
}

/// Whether a tensor of this name holds the sums of `family`.
pub(super) fn is_sum(family: &dyn Family, name: &str) -> bool {
    read::last_part(name) == family.sums()
}

/// Refuses what was said of a model where the file says otherwise.
fn check_wishes(rvq: &Rvq, options: &ModelOptions) -> Result<(), Problem> {
    let has: Vec<usize> = rvq.layers().iter().map(|layer| layer.stride).collect();
    if let Some(said) = options.strides_of(has.len()).filter(|said| *said != has) {
        return Err(Problem::Unsupported(msg!(
            "layout-other-strides",
            said = format!("{said:?}"),
            has = format!("{has:?}")
        )));
    }
    let said = options.metric.filter(|said| match (said, rvq.metric()) {
        (Metric::Cosine, Metric::CosineRaw) => false,
        (said, has) => *said != has,
    });
    said.map_or(Ok(()), |said| {
        Err(Problem::Unsupported(msg!(
            "layout-other-metric",
            said = metric_name(said),
            has = metric_name(rvq.metric())
        )))
    })
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
    reading: Reading<'_>,
    found: &[(&'static dyn Family, String)],
) -> Result<Vec<QuantizerPlace>, Problem> {
    let look = |(nth, (family, place)): (usize, &(&'static dyn Family, String))| {
        let about = match (nth < MAX_LOOKED_AT).then(|| family.load(reading, place)) {
            None => Ok(Phrase::NONE.into()),
            Some(Ok(parts)) => Ok(facts::shape_words(&parts.layers)),
            Some(Err(Problem::Cancelled(cancelled))) => return Err(cancelled.into()),
            Some(Err(problem)) => Err(problem.message()),
        };
        Ok(QuantizerPlace { family: family.id().to_owned(), place: place.clone(), about })
    };
    found.iter().enumerate().map(look).collect()
}
