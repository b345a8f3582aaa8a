//! Layouts that differ in names alone: rows stored as they are used, maybe with an EMA state, searched layer by layer. They are the rows of `table`.

use ndarray::Array2;

use super::notes::setting;
use super::read::{Gathered, Loaded, Reading, RowsLie, StoredLayer, indexed_places, num_layers};
use super::write::{Named, cannot_hold, one_chain};
use super::{Family, Parts};
use crate::io::tensors::NewTensor;
use crate::io::{Dtype, Problem};
use crate::rvq::ema_state::RowFormula;
use crate::rvq::{ChainParts, Codebook, Layer, Metric, Rvq, normalize_rows};
use crate::text::{Message, Phrase, msg, phrase};

mod table;

pub(super) use table::*;

/// `{place}{stem}{i}.{rows}`, or `{place}{rows}` where there is one layer without a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain {
    id: &'static str,
    /// In front of the layers' numbers; `None` for one layer.
    stem: Option<&'static str>,
    rows: &'static str,
    sizes: Option<&'static str>,
    sums: Option<&'static str>,
    /// What tells whether the rows were ever set.
    flag: Option<&'static str>,
    lie: RowsLie,
    /// What must be there for the file to be of this family, whose names alone would be anybody's.
    proof: Proof,
    /// Whether the same names are used for more than one distance.
    is_open: bool,
}

/// What proves a family.
#[derive(Debug, Clone, Copy)]
enum Proof {
    /// Its names.
    Names,
    /// Another tensor of the layer.
    Beside(&'static str),
    /// That the module is called one of these.
    Module(&'static [&'static str]),
    /// A padding row: EMA sizes beside it, or a number of rows that is a power of two and one.
    Padding,
    /// That rows lie as columns, which the sizes beside them tell.
    Columns,
    /// A setting of the file.
    Setting(&'static str, &'static str),
}

const PLAIN: Plain = Plain {
    id: "",
    stem: None,
    rows: "",
    sizes: None,
    sums: None,
    flag: None,
    lie: RowsLie::AsRows,
    proof: Proof::Names,
    is_open: false,
};

/// In front of the groups of a quantizer that works on parts of the columns.
const GROUPS: &str = "rvqs.";

/// The map that SimVQ puts behind the rows.
const SIM_VQ: &str = "out_proj.0.weight";

/// LlamaGen counts what it uses, and its released models normalize rows and frames.
const LLAMAGEN_USAGE: &str = "codebook_used";

impl Plain {
    /// The names of the tensors of one layer.
    fn stored(&self, start: &str) -> StoredLayer {
        let name = |part: &str| format!("{start}{part}");
        StoredLayer {
            rows: name(self.rows),
            sizes: self.sizes.map(name),
            sums: self.sums.map(name),
            flags: self.flag.map(name).into_iter().collect(),
            lie: self.lie,
        }
    }

    fn is_proved(&self, reading: Reading<'_>, place: &str) -> bool {
        let start = self.stem.map_or(place.to_owned(), |stem| format!("{place}{stem}0."));
        let shape =
            |name: &str| reading.tensors.infos().get(&format!("{start}{name}")).map(|i| i.shape.as_slice());
        let module = module_of(place);
        let columns = || match (shape(self.rows), self.sizes.and_then(shape)) {
            (Some(&[_, codes]), Some(&[sizes])) => codes == sizes,
            _ => false,
        };
        let has_axes = shape(self.rows).is_some_and(|shape| shape.len() == 2);
        has_axes
            && match self.proof {
                Proof::Names => self.stem.is_some() || !is_numbered(module),
                Proof::Beside(other) => reading.has(&format!("{start}{other}")),
                Proof::Module(names) => {
                    names.contains(&module) && (self.lie != RowsLie::AsColumns || columns())
                }
                Proof::Padding => {
                    let rows = shape(self.rows).and_then(|shape| shape.first()).copied().unwrap_or(0);
                    self.sizes.is_some_and(|sizes| shape(sizes).is_some())
                        || rows > 2 && (rows - 1).is_power_of_two()
                }
                Proof::Columns => columns(),
                Proof::Setting(key, value) => setting(reading.tensors, key) == Some(value),
            }
    }

    /// What of the layer is not its stored rows and EMA state.
    fn finish(&self, reading: Reading<'_>, start: &str, loaded: &mut Loaded) -> Result<(), Problem> {
        let map = format!("{start}{SIM_VQ}");
        if self.id != RECOMMENDER.id || !reading.has(&map) {
            return Ok(());
        }
        let map = reading.matrix(&map)?;
        let rows = loaded.layer.codebook.embed();
        if map.ncols() != rows.ncols() {
            return Err(Problem::Malformed(msg!(
                "layout-map-misfit",
                map = format!("{start}{SIM_VQ}"),
                dim = rows.ncols()
            )));
        }
        loaded.layer.codebook = Codebook::from_rows(rows.dot(&map.t()))?;
        loaded.findings.push(msg!("layout-sim-vq"));
        Ok(())
    }

    fn chain(
        &self,
        reading: Reading<'_>,
        start: &str,
        gathered: &mut Gathered,
    ) -> Result<Vec<Layer>, Problem> {
        let starts: Vec<String> = match self.stem {
            None => vec![start.to_owned()],
            Some(stem) => {
                let count = num_layers(reading.tensors, start, stem, &format!(".{}", self.rows))?;
                (0..count).map(|layer_idx| format!("{start}{stem}{layer_idx}.")).collect()
            }
        };
        let mut layers = Vec::with_capacity(starts.len());
        for start in starts {
            let mut loaded = reading.stored_layer(&self.stored(&start))?;
            self.finish(reading, &start, &mut loaded)?;
            loaded.layer.projection = reading.projection(&start, ["project_in", "project_out"])?;
            layers.push(gathered.take(loaded));
        }
        Ok(layers)
    }

    /// What is assumed of the distance, or of the rows, where the file does not tell.
    fn settle_metric(
        &self,
        reading: Reading<'_>,
        place: &str,
        layers: &mut [Layer],
        findings: &mut Vec<Message>,
    ) -> Result<Metric, Problem> {
        if self.id == RECOMMENDER.id {
            normalize_first(reading, layers, findings)?;
        }
        if !self.is_open {
            return Ok(if self.id == KMEANS.id {
                reading.options.metric.unwrap_or_default()
            } else {
                Metric::Euclidean
            });
        }
        let usage = format!("{place}{LLAMAGEN_USAGE}");
        let usual = if reading.has(&usage) { Metric::Cosine } else { Metric::Euclidean };
        reading.account_for(&usage);
        let all: Vec<&Layer> = layers.iter().collect();
        reading.open_metric(&all, Metric::Cosine, usual, findings)
    }
}

/// A recommender may use the first layer's rows at length 1, which only its configuration tells.
fn normalize_first(
    reading: Reading<'_>,
    layers: &mut [Layer],
    findings: &mut Vec<Message>,
) -> Result<(), Problem> {
    let keys = ["vae_codebook_normalize", "codebook_normalize"];
    let said = keys.iter().find_map(|key| setting(reading.tensors, key));
    let Some(first) = layers.first_mut() else { return Ok(()) };
    if said == Some("true") {
        let mut rows: Array2<f32> = first.codebook.embed().to_owned();
        normalize_rows(&mut rows);
        first.codebook = Codebook::from_rows(rows)?;
        findings.push(super::findings::in_layer(0, msg!("layout-first-normalized")));
    } else if said.is_none() && !super::read::has_unit_rows(&first.codebook) {
        findings.push(msg!("layout-maybe-normalized"));
    }
    Ok(())
}

impl Family for Plain {
    fn id(&self) -> &'static str {
        self.id
    }

    fn container(&self) -> Option<Phrase> {
        matches!(self.proof, Proof::Setting(..)).then_some(phrase!("layout-container-llama"))
    }

    fn row_formula(&self) -> Option<RowFormula> {
        self.sums.map(|_| RowFormula::Smoothed)
    }

    fn sums(&self) -> &'static str {
        self.sums.map_or("", super::read::last_part)
    }

    fn places(&self, reading: Reading<'_>) -> Vec<String> {
        let Some(stem) = self.stem else {
            let infos = reading.tensors.infos();
            let places = infos.keys().filter_map(|name| name.strip_suffix(self.rows));
            let own = places.filter(|place| place.is_empty() || place.ends_with('.'));
            return own.filter(|place| self.is_proved(reading, place)).map(str::to_owned).collect();
        };
        let mut places = Vec::new();
        for place in indexed_places(reading.tensors, stem, &format!(".{}", self.rows)).into_keys() {
            if !self.is_proved(reading, &place) {
                continue;
            }
            let whole = group_of(&place).map_or(place.as_str(), |(whole, _)| whole).to_owned();
            if !places.contains(&whole) {
                places.push(whole);
            }
        }
        places
    }

    fn load(&self, reading: Reading<'_>, place: &str) -> Result<Parts, Problem> {
        let mut gathered = Gathered::default();
        let mut layers = self.chain(reading, place, &mut gathered)?;
        if layers.is_empty() {
            return self.load_groups(reading, place, gathered);
        }
        let metric = self.settle_metric(reading, place, &mut layers, &mut gathered.findings)?;
        if self.sums.is_none() {
            gathered.findings.push(msg!("layout-no-state"));
        }
        Ok(gathered.into_parts(Rvq::with_metric(layers, metric)?))
    }

    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        let is_cosine = rvq.metric() == Metric::Cosine && self.is_open;
        if rvq.metric() != Metric::Euclidean && !is_cosine {
            return Err(cannot_hold(self.id, phrase!("layout-what-angle")));
        }
        let mut named = Named::new(dtype);
        if rvq.chains().len() == 1 {
            one_chain(self.id, rvq)?;
            let module = match self.proof {
                Proof::Module(names) if !names.contains(&module_of(place)) => names.first().copied(),
                _ => None,
            };
            let start = module.map_or(place.to_owned(), |module| format!("{place}{module}."));
            // Nothing but rows of length 1 tells that distances are cosine.
            let mut layers = rvq.layers().to_vec();
            if is_cosine {
                layers.iter_mut().for_each(|layer| normalize_rows(layer.codebook.parts_mut().0));
            }
            self.write_chain(&mut named, &start, &layers)?;
            return Ok(named.tensors);
        }
        let width = rvq.dim() / rvq.chains().len().max(1);
        for (group, chain) in rvq.chains().iter().enumerate() {
            let is_group =
                chain.columns() == (group * width..(group + 1) * width) && chain.projection().is_none();
            if self.id != NEMO.id || !is_group || rvq.common_stride() > 1 {
                return Err(cannot_hold(self.id, phrase!("layout-what-chains-or-strides")));
            }
            let layers = rvq.layers().get(chain.layers()).unwrap_or_default();
            self.write_chain(&mut named, &format!("{place}{GROUPS}{group}."), layers)?;
        }
        Ok(named.tensors)
    }
}

impl Plain {
    /// Groups see the columns in equal parts, one behind the other.
    fn load_groups(
        &self,
        reading: Reading<'_>,
        place: &str,
        mut gathered: Gathered,
    ) -> Result<Parts, Problem> {
        let (mut chains, mut dim) = (Vec::new(), 0);
        for group in 0.. {
            let layers = self.chain(reading, &format!("{place}{GROUPS}{group}."), &mut gathered)?;
            let Some(first) = layers.first() else { break };
            let columns = Some(dim..dim + first.dim());
            dim += first.dim();
            chains.push(ChainParts { layers, columns, projection: None });
        }
        Ok(gathered.into_parts(Rvq::of_chains(dim.max(1), chains, Metric::Euclidean)?))
    }

    fn write_chain(&self, named: &mut Named, start: &str, layers: &[Layer]) -> Result<(), Problem> {
        if self.stem.is_none() && layers.len() != 1 {
            return Err(cannot_hold(self.id, phrase!("layout-what-layers")));
        }
        for (layer_idx, layer) in layers.iter().enumerate() {
            if layer.projection.is_some() {
                return Err(cannot_hold(self.id, phrase!("layout-what-layer-projections")));
            }
            let start = self.stem.map_or(start.to_owned(), |stem| format!("{start}{stem}{layer_idx}."));
            let StoredLayer { rows, sizes, sums, flags, lie } = self.stored(&start);
            named.array(rows, &[], &lie.stored(layer.codebook.embed()), &[]);
            for flag in flags {
                named.push(flag, vec![1], [1.0]);
            }
            if let Some(name) = sizes {
                named.array(name, &[], &layer.codebook.cluster_size().mapv(|v| v as f32), &[]);
            }
            if let Some(name) = sums {
                let sums = layer.codebook.embed_avg().mapv(|v| v as f32);
                let sums = if lie == RowsLie::AsColumns { sums.reversed_axes() } else { sums };
                named.array(name, &[], &sums, &[]);
            }
        }
        Ok(())
    }
}

/// `{whole}rvqs.{g}.` as `whole` and `g`.
fn group_of(place: &str) -> Option<(&str, usize)> {
    let (whole, group) = place.strip_suffix('.')?.rsplit_once(GROUPS)?;
    (whole.is_empty() || whole.ends_with('.')).then_some(())?;
    Some((whole, group.parse().ok()?))
}

/// The last part of a place.
fn module_of(place: &str) -> &str {
    place.trim_end_matches('.').rsplit('.').next().unwrap_or_default()
}

fn is_numbered(module: &str) -> bool {
    !module.is_empty() && module.bytes().all(|byte| byte.is_ascii_digit())
}
