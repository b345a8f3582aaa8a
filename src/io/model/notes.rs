//! What the notes of a file tell of its quantizer: those that this program writes, and settings of configurations.

use crate::io::Problem;
use crate::io::tensors::Tensors;
use crate::rvq::Metric;
use crate::text::msg;

/// The metadata key under which a distance other than the Euclidean is noted.
pub const METRIC_KEY: &str = "rvqscope.metric";

/// The metadata key under which a file says that its one array is a quantizer and no features.
pub(in crate::io) const FAMILY_KEY: &str = "rvqscope.family";

/// The note that tells of strides, as SNAC's own configuration calls them.
pub(in crate::io) const STRIDES_KEY: &str = "vq_strides";

/// The distance that the file's notes name, if they do.
pub(super) fn noted_metric(tensors: &dyn Tensors) -> Result<Option<Metric>, Problem> {
    match tensors.metadata().get(METRIC_KEY).map(String::as_str) {
        None => Ok(None),
        Some("euclidean") => Ok(Some(Metric::Euclidean)),
        Some("cosine") => Ok(Some(Metric::Cosine)),
        Some(other) => {
            Err(Problem::Unsupported(msg!("layout-unknown-distance", name = format!("{other:?}"))))
        }
    }
}

/// The text of the setting `wanted`, in whichever configuration of the file it stands.
pub(super) fn setting<'a>(tensors: &'a dyn Tensors, wanted: &str) -> Option<&'a str> {
    let is_it =
        |key: &str| key == wanted || key.strip_suffix(wanted).is_some_and(|front| front.ends_with('.'));
    tensors.metadata().iter().find(|(key, _)| is_it(key)).map(|(_, text)| text.as_str())
}

/// The strides that the file's notes tell of, whichever configuration they stand in: in one note, or one each.
pub(super) fn noted_strides(tensors: &dyn Tensors) -> Option<Vec<usize>> {
    if let Some(text) = setting(tensors, STRIDES_KEY) {
        let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
        return Some(numbers.map(|word| word.parse().unwrap_or(0)).collect());
    }
    let nth = |layer_idx: usize| {
        setting(tensors, &format!("{STRIDES_KEY}.{layer_idx}"))?.trim().parse::<usize>().ok()
    };
    let strides: Vec<usize> = (0..).map_while(nth).collect();
    (!strides.is_empty()).then_some(strides)
}
