//! Writing a quantizer as `.safetensors` in EnCodec's layout. The same quantizer gives the same bytes.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::safetensors::MAX_HEADER_LEN;
use super::{FileError, Problem, replace_file};
use crate::rvq::{Metric, Rvq};

/// The metadata key under which a distance other than the Euclidean is noted.
pub const METRIC_KEY: &str = "rvqscope.metric";

/// A tensor to be written: its name, its axes, and its numbers row by row.
struct Tensor {
    name: String,
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// Writes `rvq` with its EMA state as f32, and `metadata` as the file's notes.
///
/// The notes are sorted by key; `format: pt`, which PyTorch's loaders ask for, is added. The crate's own writer keeps notes in a
/// hash map, whose order changes from run to run, so the header is put together here.
///
/// # Errors
/// An EMA value is beyond the range of f32, the notes are too long to be read back, or the file cannot be written.
pub fn write_model(path: &Path, rvq: &Rvq, metadata: &BTreeMap<String, String>) -> Result<(), FileError> {
    let tensors = tensors(rvq);
    if let Some(tensor) = tensors.iter().find(|tensor| tensor.values.iter().any(|v| !v.is_finite())) {
        let words = format!("{} holds a value beyond the range of 32-bit floats", tensor.name);
        return Err(Problem::Value(words).at(path));
    }
    let mut notes = metadata.clone();
    notes.entry("format".to_owned()).or_insert_with(|| "pt".to_owned());
    notes.remove(METRIC_KEY);
    if rvq.metric() == Metric::Cosine {
        notes.insert(METRIC_KEY.to_owned(), "cosine".to_owned());
    }
    let header = header(&notes, &tensors);
    if header.len() as u64 > MAX_HEADER_LEN {
        let words = format!("the notes are too long: with them the header takes {} bytes", header.len());
        return Err(Problem::Value(words).at(path));
    }
    replace_file(path, |out| {
        let mut out = std::io::BufWriter::new(out);
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(header.as_bytes())?;
        for value in tensors.iter().flat_map(|tensor| &tensor.values) {
            out.write_all(&value.to_le_bytes())?;
        }
        out.flush()
    })
}

fn tensors(rvq: &Rvq) -> Vec<Tensor> {
    let mut tensors = Vec::new();
    for (layer_idx, layer) in rvq.layers().iter().enumerate() {
        let mut push = |name: &str, shape: &[usize], values: Vec<f32>| {
            let name = format!("quantizer.vq.layers.{layer_idx}.{name}");
            tensors.push(Tensor { name, shape: shape.to_vec(), values });
        };
        let codebook = &layer.codebook;
        let (num_codes, dim) = codebook.embed().dim();
        let narrow = |&v: &f64| v as f32;
        push("_codebook.inited", &[1], vec![1.0]);
        push("_codebook.cluster_size", &[num_codes], codebook.cluster_size().iter().map(narrow).collect());
        push("_codebook.embed", &[num_codes, dim], codebook.embed().iter().copied().collect());
        push("_codebook.embed_avg", &[num_codes, dim], codebook.embed_avg().iter().map(narrow).collect());
        if let Some(p) = &layer.projection {
            push("project_in.weight", p.in_weight.shape(), p.in_weight.iter().copied().collect());
            push("project_in.bias", p.in_bias.shape(), p.in_bias.to_vec());
            push("project_out.weight", p.out_weight.shape(), p.out_weight.iter().copied().collect());
            push("project_out.bias", p.out_bias.shape(), p.out_bias.to_vec());
        }
    }
    tensors
}

/// The JSON header, padded with spaces so that the numbers are aligned.
fn header(notes: &BTreeMap<String, String>, tensors: &[Tensor]) -> String {
    const ALIGNMENT: usize = 8;
    let mut entries = Map::new();
    entries.insert("__metadata__".to_owned(), json!(notes));
    let mut start = 0;
    for Tensor { name, shape, values } in tensors {
        let end = start + values.len() * size_of::<f32>();
        entries.insert(name.clone(), json!({"dtype": "F32", "shape": shape, "data_offsets": [start, end]}));
        start = end;
    }
    let mut text = Value::Object(entries).to_string();
    let padding = text.len().next_multiple_of(ALIGNMENT) - text.len();
    text.push_str(&" ".repeat(padding));
    text
}
