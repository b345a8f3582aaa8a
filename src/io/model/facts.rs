//! A model in a few short lines, which window and command line both show.

use std::collections::BTreeMap;

use super::{LayerInfo, ModelInfo};

/// One line about a model.
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
    pub fn shape_words(&self) -> String {
        shape_words(&self.layers)
    }

    /// Everything that is told of the quantizer but what its file tells of its training; `dim` is that of its frames.
    #[must_use]
    pub fn facts(&self, dim: usize) -> Vec<Fact> {
        let mut facts = Vec::new();
        let mut tell = |label, text| facts.push(Fact { label, text });
        let place = match self.place.as_str() {
            "" => String::new(),
            place => format!(" at {place}"),
        };
        tell("Layout", format!("{}{place}", self.family));
        tell("Codebooks", self.shape_words());
        tell("Frames", format!("dimension {dim}"));
        tell("Stored as", distinct(self.layers.iter().map(|layer| layer.dtype.as_str())));
        let metric = match self.metric.as_str() {
            "cosine-raw" => "cosine, rows at full length",
            metric => metric,
        };
        tell("Distance", metric.to_owned());
        if let Some(text) = self.chain_words() {
            tell("Chains", text);
        }
        if let Some(text) = self.projection_words() {
            tell("Projections", text);
        }
        let strides: Vec<String> =
            self.layers.iter().map(|layer| layer.stride.unwrap_or(1).to_string()).collect();
        if strides.iter().any(|stride| stride != "1") {
            tell("Strides", format!("{} frames a code", strides.join(", ")));
        }
        tell("EMA buffers", self.buffer_words());
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

    fn chain_words(&self) -> Option<String> {
        let [first, _, ..] = self.chains.as_slice() else { return None };
        let layers: Vec<String> = self.chains.iter().map(|chain| chain.layers.to_string()).collect();
        let layers = layers.join(" + ");
        if self.chains.iter().all(|chain| chain.columns == first.columns) {
            return Some(format!("{layers} layers, each chain on the same frames; their outputs are added"));
        }
        let columns = self
            .chains
            .iter()
            .map(|chain| format!("{} to {}", chain.columns[0], chain.columns[1].saturating_sub(1)));
        Some(format!(
            "{layers} layers, each chain on its own dimensions: {}",
            columns.collect::<Vec<_>>().join(", ")
        ))
    }

    fn projection_words(&self) -> Option<String> {
        let chains = self.chains.iter().filter(|chain| chain.projected);
        let inner = distinct(chains.map(|chain| chain.inner_dim.to_string()));
        if !inner.is_empty() {
            let around = if self.chains.len() > 1 { "each chain" } else { "all layers" };
            return Some(format!("around {around}, to {inner} dimensions"));
        }
        let dims = distinct(
            self.layers.iter().filter(|layer| layer.is_projected()).map(|layer| layer.dim.to_string()),
        );
        (!dims.is_empty()).then(|| format!("around each layer, to {dims} dimensions"))
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
            count => format!("{name} (in {count} of {all} layers)"),
        });
        let words: Vec<String> = words.collect();
        if words.is_empty() { "none".to_owned() } else { words.join(", ") }
    }
}

impl LayerInfo {
    fn is_projected(&self) -> bool {
        self.buffers.iter().any(|name| is_projection(name))
    }
}

/// As [`ModelInfo::shape_words`].
pub(super) fn shape_words(layers: &[LayerInfo]) -> String {
    let range = |of: fn(&LayerInfo) -> usize| {
        let (least, most) = (layers.iter().map(of).min(), layers.iter().map(of).max());
        match (least.unwrap_or(0), most.unwrap_or(0)) {
            (least, most) if least == most => most.to_string(),
            (least, most) => format!("{least} to {most}"),
        }
    };
    let plural = if layers.len() == 1 { "" } else { "s" };
    format!("{} layer{plural}, K = {}, D = {}", layers.len(), range(|l| l.codes), range(|l| l.dim))
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
