//! What a user says of a model file where the file itself does not.

use serde::{Deserialize, Serialize};

use crate::rvq::Metric;

/// What is said of a model that is to be read; everything may be left to the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelOptions {
    /// How many frames in a row share one code, by layer; a single number counts for all.
    pub strides: Option<Vec<usize>>,
    /// How distances are measured, where the file's tensors could mean either.
    #[serde(with = "by_name")]
    pub metric: Option<Metric>,
    /// Under which names codebooks lie that no family knows.
    pub codebook: Option<CodebookNames>,
}

/// Where codebooks lie in a file of an unknown layout.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodebookNames {
    /// The name of the rows of one layer; `{i}` stands for the number of the layer, from 0.
    pub rows: String,
    /// Whether the rows are stored as columns, `[D, K]`.
    pub transposed: bool,
    /// The name of the EMA cluster sizes in the same form, where there are any.
    pub sizes: Option<String>,
}

/// What stands for the number of the layer in a name.
pub const LAYER_SLOT: &str = "{i}";

impl ModelOptions {
    /// The strides of `count` layers, if they are said.
    #[must_use]
    pub fn strides_of(&self, count: usize) -> Option<Vec<usize>> {
        match self.strides.as_deref()? {
            [one] => Some(vec![*one; count]),
            each => Some(each.to_vec()),
        }
    }
}

/// The words by which a metric is asked for and told of.
pub(super) const METRICS: [(&str, Metric); 3] =
    [("euclidean", Metric::Euclidean), ("cosine", Metric::Cosine), ("cosine-raw", Metric::CosineRaw)];

/// A metric in files, by its name.
mod by_name {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Metric, metric_name, metric_named};

    #[allow(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(metric: &Option<Metric>, to: S) -> Result<S::Ok, S::Error> {
        metric.map(metric_name).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Metric>, D::Error> {
        let name = Option::<String>::deserialize(from)?;
        Ok(name.and_then(|name| metric_named(&name)))
    }
}

/// What a metric is called.
#[must_use]
pub fn metric_name(metric: Metric) -> &'static str {
    METRICS.iter().find(|(_, known)| *known == metric).map_or("", |(name, _)| name)
}

/// The metric of this name.
#[must_use]
pub fn metric_named(name: &str) -> Option<Metric> {
    METRICS.iter().find(|(known, _)| *known == name).map(|(_, metric)| *metric)
}
