//! A model in a few short lines, which window and command line both show.

use std::collections::BTreeMap;

use super::{LayerInfo, ModelInfo, metric_named};
use crate::rvq::Metric;
use crate::text::{Message, Value, msg, t};

/// One line about a model, in the language of the thread that asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub label: &'static str,
    /// What there is to say.
    pub text: String,
}

/// Notes by these names, in whatever part of a file, tell how long it was trained.
const TRAINED: [&str; 9] =
    ["step", "steps", "global_step", "iteration", "iter", "epoch", "epochs", "info", "learning_rate"];

/// What notes of a configuration begin with.
const CONFIGS: [&str; 6] = ["config", "cfg", "xp", "args", "hparams", "hyper_parameters"];

/// The beginnings of the names of what lies around a layer and is no state of its codebook.
const PROJECTIONS: [&str; 5] = ["in_proj.", "out_proj.", "project_", "in_project.", "out_project."];

impl ModelInfo {
    /// How many layers there are, and the size of their codebooks: "8 layers, K = 1024, D = 128".
    #[must_use]
    pub fn shape_words(&self) -> Message {
        shape_words(&self.layers)
    }

    /// Everything that is told of the quantizer but what its file tells of its training; `dim` is that of its frames.
    #[must_use]
    pub fn facts(&self, dim: usize) -> Vec<Fact> {
        let mut facts = Vec::new();
        let mut tell = |label, text| facts.push(Fact { label, text });
        let layout = match self.place.as_str() {
            "" => self.family.clone(),
            place => t!("layout-fact.at", family = &self.family, place = place),
        };
        tell(t!("layout-fact"), layout);
        tell(t!("layout-fact-codebooks"), self.shape_words().text());
        tell(t!("layout-fact-frames"), t!("layout-fact-frames.dim", dim = dim));
        tell(t!("layout-fact-stored"), distinct(self.layers.iter().map(|layer| layer.dtype.as_str())));
        tell(t!("layout-fact-distance"), self.metric_words().to_owned());
        if let Some(text) = self.chain_words() {
            tell(t!("layout-fact-chains"), text);
        }
        if let Some(text) = self.projection_words() {
            tell(t!("layout-fact-projections"), text);
        }
        let strides: Vec<String> =
            self.layers.iter().map(|layer| layer.stride.unwrap_or(1).to_string()).collect();
        if strides.iter().any(|stride| stride != "1") {
            tell(t!("layout-fact-strides"), t!("layout-fact-strides.frames", strides = strides.join(", ")));
        }
        tell(t!("layout-fact-buffers"), self.buffer_words());
        facts
    }

    /// What the file tells of its training and its configuration, by how much it matters: how long it was trained, settings, the optimizer.
    #[must_use]
    pub fn training_notes(&self) -> Vec<(&str, &str)> {
        let rank = |key: &str| match key {
            key if is_about_length(key) => 0,
            key if key.starts_with("optimizer") => 2,
            _ => 1,
        };
        let mut notes: Vec<_> =
            self.training.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
        notes.sort_by_key(|(key, _)| rank(key));
        notes
    }

    /// How long the file says that it was trained: "iteration 8, learning_rate 0.0001".
    #[must_use]
    pub fn trained_words(&self) -> Option<String> {
        let told = |(key, text): (&str, &str)| {
            is_about_length(key).then(|| match last_part(key) {
                "info" => text.to_owned(),
                name => format!("{name} {text}"),
            })
        };
        let words: Vec<String> = self.training_notes().into_iter().filter_map(told).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    fn metric_words(&self) -> &str {
        match metric_named(&self.metric) {
            Some(Metric::Euclidean) => t!("layout-fact-distance.euclidean"),
            Some(Metric::Cosine) => t!("layout-fact-distance.cosine"),
            Some(Metric::CosineRaw) => t!("layout-fact-distance.raw"),
            None => &self.metric,
        }
    }

    fn chain_words(&self) -> Option<String> {
        let [first, _, ..] = self.chains.as_slice() else { return None };
        let layers: Vec<String> = self.chains.iter().map(|chain| chain.layers.to_string()).collect();
        let layers = layers.join(" + ");
        if self.chains.iter().all(|chain| chain.columns == first.columns) {
            return Some(t!("layout-fact-chains.same", layers = layers));
        }
        let columns = self.chains.iter().map(|chain| {
            let [from, to] = chain.columns;
            t!("layout-range", least = from, most = to.saturating_sub(1))
        });
        let columns = columns.collect::<Vec<_>>().join(", ");
        Some(t!("layout-fact-chains.own", layers = layers, columns = columns))
    }

    fn projection_words(&self) -> Option<String> {
        let chains = self.chains.iter().filter(|chain| chain.projected);
        let inner = distinct(chains.map(|chain| chain.inner_dim.to_string()));
        if !inner.is_empty() {
            return Some(match self.chains.len() {
                0 | 1 => t!("layout-fact-projections.all", dims = inner),
                _ => t!("layout-fact-projections.chains", dims = inner),
            });
        }
        let dims = distinct(
            self.layers.iter().filter(|layer| layer.is_projected()).map(|layer| layer.dim.to_string()),
        );
        (!dims.is_empty()).then(|| t!("layout-fact-projections.layers", dims = dims))
    }

    /// The tensors of the running averages and how many layers have them.
    fn buffer_words(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for name in self.layers.iter().flat_map(|layer| &layer.buffers).filter(|name| !is_projection(name)) {
            *counts.entry(name).or_default() += 1;
        }
        let all = self.layers.len();
        let words = counts.into_iter().map(|(name, count)| match count {
            count if count == all => name.to_owned(),
            count => t!("layout-fact-buffers.some", name = name, count = count, all = all),
        });
        let words: Vec<String> = words.collect();
        if words.is_empty() { t!("layout-fact-buffers.none").to_owned() } else { words.join(", ") }
    }
}

impl LayerInfo {
    fn is_projected(&self) -> bool {
        self.buffers.iter().any(|name| is_projection(name))
    }
}

/// As [`ModelInfo::shape_words`].
pub(super) fn shape_words(layers: &[LayerInfo]) -> Message {
    shape_of(layers.iter().map(|layer| [layer.codes, layer.dim]))
}

/// As [`ModelInfo::shape_words`], of layers of so many codes and dimensions.
pub(crate) fn shape_of(sizes: impl ExactSizeIterator<Item = [usize; 2]> + Clone) -> Message {
    let range = |of: fn([usize; 2]) -> usize| {
        let (least, most) = (sizes.clone().map(of).min(), sizes.clone().map(of).max());
        match (least.unwrap_or(0), most.unwrap_or(0)) {
            (least, most) if least == most => Value::from(most.to_string()),
            (least, most) => msg!("layout-range", least = least, most = most).into(),
        }
    };
    msg!("layout-shape", layers = sizes.len(), codes = range(|[codes, _]| codes), dim = range(|[_, dim]| dim))
}

fn is_projection(name: &str) -> bool {
    PROJECTIONS.iter().any(|start| name.starts_with(start))
}

/// What stands in a configuration was planned, which is not to say that it was reached.
fn is_about_length(key: &str) -> bool {
    let first = key.split('.').next().unwrap_or(key);
    TRAINED.contains(&last_part(key)) && !CONFIGS.contains(&first)
}

fn last_part(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// Each of them once, in the order in which they come.
fn distinct<S: AsRef<str>>(words: impl Iterator<Item = S>) -> String {
    let mut found: Vec<String> = Vec::new();
    for word in words {
        if !found.iter().any(|known| known == word.as_ref()) {
            found.push(word.as_ref().to_owned());
        }
    }
    found.join(", ")
}
