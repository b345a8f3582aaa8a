//! EnCodec and what follows its class names: audiocraft, SpeechTokenizer, GPT-SoVITS, and the files of this program.

use ndarray::Array1;

use super::{Family, LayerInfo, Parts, contiguous, dtype_of, indexed_places, matrix, optional, vector};
use crate::io::Problem;
use crate::io::tensors::Tensors;
use crate::io::write::METRIC_KEY;
use crate::rvq::{Codebook, Layer, Metric, Projection, Rvq};
use crate::task::Task;

const STEM: &str = "quantizer.vq.layers.";
const TAIL: &str = "._codebook.embed";

/// `{place}quantizer.vq.layers.{i}._codebook.embed` and its buffers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Encodec;

/// What came of one layer.
struct Loaded {
    layer: Layer,
    info: LayerInfo,
    has_sizes: bool,
    findings: Vec<String>,
}

impl Family for Encodec {
    fn id(&self) -> &'static str {
        "encodec"
    }

    fn places(&self, tensors: &dyn Tensors) -> Vec<String> {
        indexed_places(tensors.infos().keys(), STEM, TAIL).into_keys().collect()
    }

    fn load(&self, tensors: &dyn Tensors, place: &str, task: &Task<'_>) -> Result<Parts, Problem> {
        let indices = indexed_places(tensors.infos().keys(), STEM, TAIL).remove(place).unwrap_or_default();
        let (mut layers, mut infos, mut has_sizes, mut findings) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for layer_idx in 0..contiguous(&indices)? {
            let loaded = load_layer(tensors, &format!("{place}{STEM}{layer_idx}."), task)?;
            layers.push(loaded.layer);
            infos.push(loaded.info);
            has_sizes.push(loaded.has_sizes);
            findings
                .extend(loaded.findings.into_iter().map(|finding| format!("layer {layer_idx}: {finding}")));
        }
        let metric = match tensors.metadata().get(METRIC_KEY).map(String::as_str) {
            None | Some("euclidean") => Metric::Euclidean,
            Some("cosine") => Metric::Cosine,
            Some(other) => {
                let words = format!("the file names the distance {other:?}, which is not known");
                return Err(Problem::Unsupported(words));
            }
        };
        Ok(Parts { rvq: Rvq::with_metric(layers, metric)?, layers: infos, has_sizes, findings })
    }
}

/// The layer whose tensor names begin with `start`.
fn load_layer(tensors: &dyn Tensors, start: &str, task: &Task<'_>) -> Result<Loaded, Problem> {
    let name = |part: &str| format!("{start}_codebook.{part}");
    let read = |part: &str| optional(tensors, &name(part), task);
    let embed = read("embed")?.ok_or_else(|| Problem::malformed(format!("{} is missing", name("embed"))))?;
    let embed = matrix(&name("embed"), embed)?;
    let sizes = read("cluster_size")?.map(|values| vector(&name("cluster_size"), values)).transpose()?;
    let sums = read("embed_avg")?.map(|values| matrix(&name("embed_avg"), values)).transpose()?;
    let mut findings = Vec::new();
    // A blank flag means that the rows are still what the class was built with.
    if read("inited")?.is_some_and(|flag| flag.iter().all(|&v| v == 0.0)) {
        findings.push("the codebook was never initialised (inited is 0)".to_owned());
    }
    let missing: Vec<&str> = [("cluster_size", sizes.is_none()), ("embed_avg", sums.is_none())]
        .into_iter()
        .filter_map(|(part, missing)| missing.then_some(part))
        .collect();
    if !missing.is_empty() {
        findings.push(format!(
            "the EMA state is missing ({}): a training that continues from here starts it anew",
            missing.join(", ")
        ));
    }
    let has_sizes = sizes.is_some();
    let (codes, dim) = embed.dim();
    // Sums belong to their sizes: where one of them is missing the other cannot be used either.
    let codebook = match (sizes, sums) {
        (Some(sizes), Some(sums)) => Codebook::new(embed, sizes.mapv(f64::from), sums.mapv(f64::from))?,
        (Some(sizes), None) => {
            let sizes = sizes.mapv(f64::from);
            let sums = scaled_rows(&embed, &sizes)?;
            Codebook::new(embed, sizes, sums)?
        }
        (None, _) => Codebook::from_rows(embed)?,
    };
    let dtype = dtype_of(tensors, &name("embed"));
    let layer = Layer { codebook, projection: projection(tensors, start, task)? };
    Ok(Loaded {
        layer,
        info: LayerInfo { codes, dim, dtype, buffers: buffers(tensors, start) },
        has_sizes,
        findings,
    })
}

/// `rows * sizes`, the sums of which an EMA step would make the same rows again.
fn scaled_rows(rows: &ndarray::Array2<f32>, sizes: &Array1<f64>) -> Result<ndarray::Array2<f64>, Problem> {
    if rows.nrows() != sizes.len() {
        return Err(Problem::malformed(format!("{} codes have {} cluster sizes", rows.nrows(), sizes.len())));
    }
    Ok(rows.mapv(f64::from) * sizes.view().insert_axis(ndarray::Axis(1)))
}

/// The linear maps around the layer, where it has them. A map without a bias adds nothing.
fn projection(tensors: &dyn Tensors, start: &str, task: &Task<'_>) -> Result<Option<Projection>, Problem> {
    let map = |side: &str| {
        let weight_name = format!("{start}{side}.weight");
        let Some(weight) = optional(tensors, &weight_name, task)? else { return Ok(None) };
        let weight = matrix(&weight_name, weight)?;
        let bias_name = format!("{start}{side}.bias");
        let bias = match optional(tensors, &bias_name, task)? {
            Some(bias) => vector(&bias_name, bias)?,
            None => Array1::zeros(weight.nrows()),
        };
        Ok::<_, Problem>(Some((weight, bias)))
    };
    match (map("project_in")?, map("project_out")?) {
        (None, None) => Ok(None),
        (Some((in_weight, in_bias)), Some((out_weight, out_bias))) => {
            Ok(Some(Projection { in_weight, in_bias, out_weight, out_bias }))
        }
        _ => Err(Problem::malformed(format!("{start}project_in and {start}project_out must come together"))),
    }
}

/// The names of what is stored beside the rows.
fn buffers(tensors: &dyn Tensors, start: &str) -> Vec<String> {
    let names = tensors.infos().keys().filter_map(|name| name.strip_prefix(start));
    names
        .map(|name| name.strip_prefix("_codebook.").unwrap_or(name))
        .filter(|&name| name != "embed")
        .map(str::to_owned)
        .collect()
}
