//! DAC and its relatives: codebooks of few dimensions, each behind its own projection, searched by angle and used at full length.

use std::collections::BTreeSet;

use super::notes::noted_strides;
use super::read::{Gathered, Loaded, Reading, StoredLayer, indexed_places, num_layers};
use super::weights::{self, Weights, form_of};
use super::write::{Named, cannot_hold, one_strided_chain};
use super::{Family, Parts};
use crate::io::tensors::{NewTensor, Tensors};
use crate::io::{Dtype, Problem};
use crate::rvq::{Layer, Metric, Rvq};
use crate::text::{Message, msg, phrase};

mod strides;

use strides::{Evidence, assumed_strides, evidence, has_noise_block, usual_strides};

/// `{place}{stem}{i}.{book}weight` between two maps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dac {
    id: &'static str,
    kind: Kind,
    /// What stands in front of the layers' numbers, stem behind stem where one chain lies under several; empty where there is one layer without a
    /// number.
    stems: &'static [&'static str],
    book: &'static str,
    sides: [&'static str; 2],
    /// The form in which maps are written; they are read in any.
    form: Weights,
    /// Whether the maps are linear layers and no convolutions.
    is_linear: bool,
}

/// What is special about a relative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Descript,
    Transformers,
    Snac,
    Alone,
    Modded,
    Amphion,
    BiCodec,
    BigCodec,
}

const DAC_LIKE: Dac = Dac {
    id: "dac",
    kind: Kind::Descript,
    stems: &["quantizer.quantizers."],
    book: "codebook.",
    sides: ["in_proj", "out_proj"],
    form: Weights::Normed,
    is_linear: false,
};

/// As descript's own class names it.
pub(super) static DAC: Dac = DAC_LIKE;

/// As transformers names it, and MLX.
pub(super) static HF_DAC: Dac =
    Dac { id: "hf-dac", kind: Kind::Transformers, form: Weights::Plain, ..DAC_LIKE };

/// SNAC.
pub(super) static SNAC: Dac = Dac { id: "snac", kind: Kind::Snac, form: Weights::Parametrized, ..DAC_LIKE };

/// Only the quantizer of a DAC.
pub(super) static DAC_ALONE: Dac =
    Dac { id: "dac-quantizer", kind: Kind::Alone, stems: &["quantizers."], ..DAC_LIKE };

/// Fish-speech's S1: one semantic layer in front of the others.
pub(super) static MODDED_DAC: Dac = Dac {
    id: "fish-s1",
    kind: Kind::Modded,
    stems: &["semantic_quantizer.quantizers.", "quantizer.quantizers."],
    ..DAC_LIKE
};

/// Amphion's codecs: MaskGCT, IndexTTS2.
pub(super) static AMPHION: Dac = Dac {
    id: "amphion",
    kind: Kind::Amphion,
    stems: &["quantizers."],
    sides: ["in_project", "out_project"],
    ..DAC_LIKE
};

/// Spark-TTS.
pub(super) static BICODEC: Dac = Dac {
    id: "bicodec",
    kind: Kind::BiCodec,
    stems: &[],
    sides: ["in_project", "out_project"],
    form: Weights::Parametrized,
    ..DAC_LIKE
};

/// BigCodec, and the groups of FACodec.
pub(super) static BIGCODEC: Dac = Dac {
    id: "bigcodec",
    kind: Kind::BigCodec,
    stems: &["layers."],
    book: "_codebook.",
    is_linear: true,
    ..DAC_LIKE
};

/// How often a code was used, as BiCodec counts it.
const USAGE: &str = "cluster_size";

/// What stands around the quantizer of fish-speech's S1, inside the same module.
const AROUND_MODDED: [&str; 5] =
    ["downsample.", "upsample.", "pre_module.", "post_module.", "semantic_predictor_module."];

impl Dac {
    fn tail(&self) -> String {
        format!(".{}weight", self.book)
    }

    /// What stands in front of the parts of each layer, the first layer first.
    fn starts(&self, tensors: &dyn Tensors, place: &str) -> Result<Vec<String>, Problem> {
        if self.stems.is_empty() {
            return Ok(vec![place.to_owned()]);
        }
        let mut starts = Vec::new();
        for stem in self.stems {
            let count = num_layers(tensors, place, stem, &self.tail())?;
            starts.extend((0..count).map(|layer_idx| format!("{place}{stem}{layer_idx}.")));
        }
        Ok(starts)
    }

    /// Every place at which layers of such names lie, whoever's they are.
    fn all_places(&self, tensors: &dyn Tensors) -> BTreeSet<String> {
        match self.stems {
            [] => {
                let name = format!("{}weight", self.book);
                let places = tensors.infos().keys().filter_map(|key| key.strip_suffix(&name));
                places.filter(|place| place.is_empty() || place.ends_with('.')).map(str::to_owned).collect()
            }
            [.., last] => indexed_places(tensors, last, &self.tail()).into_keys().collect(),
        }
    }

    fn is_own(&self, reading: Reading<'_>, place: &str) -> bool {
        let [inward, _] = self.sides;
        let form = |stem: &str| form_of(reading, &format!("{place}{stem}0.{inward}"));
        let first = |place: &str, stem: &str| reading.has(&format!("{place}{stem}0{}", self.tail()));
        let (whole, semantic) = (DAC_LIKE.stems[0], MODDED_DAC.stems[0]);
        let is_part_of_modded = place
            .strip_suffix("semantic_quantizer.")
            .or_else(|| place.strip_suffix("quantizer."))
            .is_some_and(|front| first(front, semantic) && first(front, whole));
        match self.kind {
            Kind::Descript | Kind::Transformers | Kind::Snac if first(place, semantic) => false,
            Kind::Descript => match form(whole) {
                Some(Weights::Parametrized) => evidence(reading.tensors) == Some(Evidence::Dac),
                form => form == Some(Weights::Normed),
            },
            Kind::Transformers => form(whole) == Some(Weights::Plain) && !has_noise_block(reading.tensors),
            Kind::Snac => match form(whole) {
                Some(Weights::Parametrized) => evidence(reading.tensors) != Some(Evidence::Dac),
                Some(Weights::Plain) => has_noise_block(reading.tensors),
                _ => false,
            },
            Kind::Alone => {
                let is_whole = place == "quantizer." || place.ends_with(".quantizer.");
                form("quantizers.").is_some() && !is_whole && !is_part_of_modded
            }
            Kind::Modded => first(place, semantic),
            Kind::Amphion => {
                form("quantizers.").is_some()
                    || form_of(reading, &format!("{place}quantizers.0.in_proj")).is_none()
            }
            Kind::BiCodec => form_of(reading, &format!("{place}{inward}")).is_some() && !is_numbered(place),
            // Without maps it would be anybody's: others search the same names by distance.
            Kind::BigCodec => form("layers.").is_some(),
        }
    }

    /// Whether the family has a place for strides.
    fn has_strides(&self) -> bool {
        matches!(self.kind, Kind::Descript | Kind::Transformers | Kind::Snac | Kind::Alone)
    }

    /// Whether the layers at `place` could be those of a DAC or a SNAC, and nothing tells which.
    fn is_ambiguous(&self, reading: Reading<'_>, place: &str) -> bool {
        let parametrized = |stem: &str| {
            form_of(reading, &format!("{place}{stem}0.{}", self.sides[0])) == Some(Weights::Parametrized)
        };
        evidence(reading.tensors).is_none()
            && match self.kind {
                Kind::Snac => true,
                Kind::Alone => parametrized("quantizers."),
                _ => false,
            }
    }

    fn layer(&self, reading: Reading<'_>, start: &str) -> Result<Loaded, Problem> {
        let rows = format!("{start}{}weight", self.book);
        let sizes = (self.kind == Kind::BiCodec).then(|| format!("{start}{USAGE}"));
        let has_sizes = sizes.as_deref().is_some_and(|name| reading.has(name));
        let sizes = sizes.filter(|_| has_sizes);
        let buffers: Vec<String> = sizes.iter().map(|_| USAGE.to_owned()).collect();
        let mut loaded =
            reading.stored_layer(&StoredLayer { rows: rows.clone(), sizes, ..StoredLayer::default() })?;
        loaded.layer.projection = weights::around(reading, start, self.sides)?;
        loaded.info.buffers = match self.kind {
            Kind::BiCodec => buffers,
            _ => reading.info(start, &rows, (0, 0)).buffers,
        };
        Ok(loaded)
    }

    /// The stride of each layer. They are in the model's configuration, which lies beside many files and not in them.
    fn strides(
        &self,
        reading: Reading<'_>,
        place: &str,
        count: usize,
        findings: &mut Vec<Message>,
    ) -> Result<Vec<usize>, Problem> {
        if !self.has_strides() {
            return Ok(vec![1; count]);
        }
        let check = |strides: Vec<usize>, from: &str| {
            if strides.len() == count && strides.iter().all(|&stride| stride > 0) {
                return Ok(strides);
            }
            Err(Problem::Malformed(msg!(
                "layout-strides-count",
                from = from,
                strides = format!("{strides:?}"),
                layers = count
            )))
        };
        if let Some(strides) = noted_strides(reading.tensors) {
            return check(strides, super::notes::STRIDES_KEY);
        }
        let is_ambiguous = self.is_ambiguous(reading, place);
        match (self.kind, reading.options.strides_of(count)) {
            (Kind::Snac | Kind::Transformers, Some(strides)) => check(strides, "--strides"),
            (_, Some(strides)) if is_ambiguous => check(strides, "--strides"),
            (_, None) if is_ambiguous => {
                let mut choices = vec![vec![1; count]];
                choices.extend(usual_strides(count).map(<[usize]>::to_vec));
                Err(Problem::UnknownStrides { layers: count, choices })
            }
            (Kind::Snac, None) => Ok(assumed_strides(count, findings)),
            (Kind::Transformers, None) => {
                let weight = format!("{place}{}0.{}.weight", DAC_LIKE.stems[0], self.sides[0]);
                let shape = reading.tensors.infos().get(&weight).map(|info| info.shape.as_slice());
                if let Some([_, 1, inward]) = shape
                    && *inward > 1
                {
                    findings.push(msg!("layout-strides-mlx"));
                }
                Ok(vec![1; count])
            }
            _ => Ok(vec![1; count]),
        }
    }

    /// What is worth saying of a relative.
    fn remarks(&self, reading: Reading<'_>, place: &str, findings: &mut Vec<Message>) {
        if self.kind == Kind::Modded {
            let around = |name: &&String| {
                name.strip_prefix(place)
                    .is_some_and(|rest| AROUND_MODDED.iter().any(|part| rest.starts_with(part)))
            };
            let names: Vec<String> = reading.tensors.infos().keys().filter(around).cloned().collect();
            names.iter().for_each(|name| reading.account_for(name));
            findings.push(msg!("layout-modded-frames"));
        }
        if self.kind == Kind::BigCodec && is_numbered(place) {
            findings.push(msg!("layout-facodec-group"));
        }
    }
}

impl Family for Dac {
    fn id(&self) -> &'static str {
        self.id
    }

    fn places(&self, reading: Reading<'_>) -> Vec<String> {
        let mut places: Vec<String> = self.all_places(reading.tensors).into_iter().collect();
        places.retain(|place| self.is_own(reading, place));
        places
    }

    fn load(&self, reading: Reading<'_>, place: &str) -> Result<Parts, Problem> {
        let mut gathered = Gathered::default();
        let starts = self.starts(reading.tensors, place)?;
        let strides = self.strides(reading, place, starts.len(), &mut gathered.findings)?;
        let mut layers = Vec::with_capacity(starts.len());
        for (start, stride) in starts.iter().zip(strides) {
            let loaded = self.layer(reading, start)?;
            layers.push(Layer { stride, ..gathered.take(loaded) });
        }
        self.remarks(reading, place, &mut gathered.findings);
        let metric = match self.kind {
            Kind::Amphion => {
                let all: Vec<&Layer> = layers.iter().collect();
                let usual = Metric::CosineRaw;
                match reading.open_metric(&all, usual, usual, &mut gathered.findings)? {
                    Metric::Cosine => usual,
                    metric => metric,
                }
            }
            _ => Metric::CosineRaw,
        };
        Ok(gathered.into_parts(Rvq::with_metric(layers, metric)?))
    }

    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        if rvq.metric() != Metric::CosineRaw
            && !(self.kind == Kind::Amphion && rvq.metric() == Metric::Euclidean)
        {
            return Err(cannot_hold(self.id, phrase!("layout-what-not-raw-angle")));
        }
        one_strided_chain(self.id, rvq)?;
        if !self.has_strides() && rvq.common_stride() > 1 {
            return Err(cannot_hold(self.id, phrase!("layout-what-strides")));
        }
        let may_be_plain = self.kind == Kind::Amphion;
        let mut named = Named::new(dtype);
        for (layer_idx, layer) in rvq.layers().iter().enumerate() {
            let start = match (self.stems, layer_idx) {
                ([], 0) => place.to_owned(),
                ([], _) => return Err(cannot_hold(self.id, phrase!("layout-what-layers"))),
                ([only], nth) => format!("{place}{only}{nth}."),
                ([first, ..], 0) => format!("{place}{first}0."),
                ([.., last], nth) => format!("{place}{last}{}.", nth - 1),
            };
            named.array(format!("{start}{}weight", self.book), &[], &layer.codebook.embed(), &[]);
            match &layer.projection {
                Some(p) => weights::write(&mut named, &start, self.sides, p, self.form, self.is_linear),
                None if may_be_plain => {}
                None => return Err(cannot_hold(self.id, phrase!("layout-what-no-projection"))),
            }
            if self.kind == Kind::BiCodec {
                let sizes = layer.codebook.cluster_size().mapv(|v| v as f32);
                named.array(format!("{start}{USAGE}"), &[], &sizes, &[]);
            }
        }
        if self.kind == Kind::Modded && rvq.num_layers() < 2 {
            return Err(cannot_hold(self.id, phrase!("layout-what-one-layer")));
        }
        Ok(named.tensors)
    }
}

/// Whether the last part of a place is a number.
fn is_numbered(place: &str) -> bool {
    let last = place.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())
}

/// The strides that a file of so many layers is taken to have where no note tells of them; `None` for a family whose layers have none.
pub(in crate::io) fn strides_without_note(family: &str, count: usize) -> Option<Vec<usize>> {
    // A SNAC without a note is asked for its strides, so that they must be noted whatever they are.
    let is_snac = family == SNAC.id;
    let others = [DAC.id, HF_DAC.id, DAC_ALONE.id];
    (is_snac || others.contains(&family)).then(|| if is_snac { Vec::new() } else { vec![1; count] })
}
