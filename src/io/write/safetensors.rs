//! `.safetensors`: a JSON header, then the numbers.
//!
//! The crate's own writer keeps notes in a hash map, whose order changes from run to run, so the header is put together here.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::super::replace::WriteSeek;
use super::super::safetensors::MAX_HEADER_LEN;
use super::super::tensors::NewTensor;
use super::{Dtype, NewFile, Problem, Writer};
use crate::text::msg;

/// Writes `.safetensors`, with notes sorted by key; `format: pt`, which PyTorch's loaders ask for, is added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Safetensors;

impl Writer for Safetensors {
    fn id(&self) -> &'static str {
        "safetensors"
    }

    fn label(&self) -> &'static str {
        "safetensors"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["safetensors"]
    }

    fn holds(&self, dtype: Dtype) -> bool {
        type_name(dtype).is_some()
    }

    fn keeps_notes(&self) -> bool {
        true
    }

    fn check(&self, file: &NewFile<'_>) -> Result<(), Problem> {
        let len = header(file, &in_order(file.tensors)).len();
        if len as u64 > MAX_HEADER_LEN {
            return Err(Problem::Value(msg!("tensor-notes-long", len = len.to_string())));
        }
        Ok(())
    }

    fn write(&self, file: &NewFile<'_>, out: &mut dyn WriteSeek) -> io::Result<()> {
        let tensors = in_order(file.tensors);
        let header = header(file, &tensors);
        let mut out = io::BufWriter::new(out);
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(header.as_bytes())?;
        for tensor in tensors {
            out.write_all(&tensor.bytes())?;
        }
        out.flush()
    }
}

/// Wide numbers first: so every tensor lies at a multiple of the size of its numbers.
fn in_order(tensors: &[NewTensor]) -> Vec<&NewTensor> {
    let mut tensors: Vec<&NewTensor> = tensors.iter().collect();
    tensors.sort_by_key(|tensor| std::cmp::Reverse(tensor.dtype.size()));
    tensors
}

/// The JSON header, padded with spaces so that the numbers are aligned.
fn header(file: &NewFile<'_>, tensors: &[&NewTensor]) -> String {
    const ALIGNMENT: usize = 8;
    let mut notes = file.notes.clone();
    notes.entry("format".to_owned()).or_insert_with(|| "pt".to_owned());
    let mut entries = Map::new();
    entries.insert("__metadata__".to_owned(), json!(notes));
    let mut start = 0;
    for NewTensor { name, dtype, shape, values } in tensors.iter().copied() {
        let end = start + values.len() * dtype.size();
        let entry = json!({"dtype": type_name(*dtype), "shape": shape, "data_offsets": [start, end]});
        entries.insert(name.clone(), entry);
        start = end;
    }
    let mut text = Value::Object(entries).to_string();
    let padding = text.len().next_multiple_of(ALIGNMENT) - text.len();
    text.push_str(&" ".repeat(padding));
    text
}

fn type_name(dtype: Dtype) -> Option<&'static str> {
    match dtype {
        Dtype::F16 => Some("F16"),
        Dtype::Bf16 => Some("BF16"), // not a text
        Dtype::F32 => Some("F32"),
        Dtype::F64 => Some("F64"),
        _ => None,
    }
}
