//! NumPy's `.npy`: one array of features, codes, or codebooks.

#![allow(clippy::needless_pass_by_value, reason = "views are passed like slices")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use ndarray::{ArrayD, ArrayView2};

use super::tensors::{self, Stored, TensorInfo, Tensors};
use super::{FileError, Opened, Problem, Reader, Source, replace_file};
use crate::task::Task;

mod header;

pub use header::NpyHeader;

/// Reads `.npy`.
#[derive(Debug, Clone, Copy)]
pub struct NpyReader;

impl Reader for NpyReader {
    fn id(&self) -> &'static str {
        "npy"
    }

    fn label(&self) -> &'static str {
        "NumPy array"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["npy"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        head.starts_with(header::MAGIC)
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        let header = NpyHeader::read(&mut &source.file, source.len)?;
        header.check_size(source.len)?;
        tensors::interpret(&NpyTensor::new(source, header), task)
    }
}

/// A container of one tensor without a name.
struct NpyTensor<'a> {
    file: &'a File,
    stage: String,
    stored: Stored,
    infos: BTreeMap<String, TensorInfo>,
    metadata: BTreeMap<String, String>,
}

impl<'a> NpyTensor<'a> {
    fn new(source: &'a Source<'_>, header: NpyHeader) -> Self {
        let info = TensorInfo { dtype: header.dtype, shape: header.shape };
        let infos = BTreeMap::from([(String::new(), info.clone())]);
        let stored = Stored {
            info,
            big_endian: header.big_endian,
            fortran: header.fortran,
            offset: header.data_offset,
        };
        let stage = format!("reading {}", source.name());
        Self { file: &source.file, stage, stored, infos, metadata: BTreeMap::new() }
    }
}

impl Tensors for NpyTensor<'_> {
    fn infos(&self) -> &BTreeMap<String, TensorInfo> {
        &self.infos
    }

    fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    fn floats(&self, _name: &str, task: &Task<'_>) -> Result<ArrayD<f32>, Problem> {
        self.stored.floats(self.file, &self.stage, task)
    }

    fn codes(&self, _name: &str, task: &Task<'_>) -> Result<ArrayD<u32>, Problem> {
        self.stored.codes(self.file, &self.stage, task)
    }
}

/// Writes codes, `(num_layers, num_frames)`, as int32 `[n_q, T]`.
///
/// # Errors
/// A code is above `i32::MAX`, or the file cannot be written.
pub fn write_codes_npy(path: &Path, codes: ArrayView2<'_, u32>) -> Result<(), FileError> {
    if let Some(code) = codes.iter().find(|&&code| i32::try_from(code).is_err()) {
        let words = format!("the code {code} does not fit a 32-bit signed number");
        return Err(Problem::Value(words).at(path));
    }
    write_array(path, "<i4", codes, u32::to_le_bytes)
}

/// Writes real numbers, row by row, as float32.
///
/// # Errors
/// The file cannot be written.
pub fn write_f32_npy(path: &Path, values: ArrayView2<'_, f32>) -> Result<(), FileError> {
    write_array(path, "<f4", values, f32::to_le_bytes)
}

fn write_array<T: Copy>(
    path: &Path,
    descr: &str,
    values: ArrayView2<'_, T>,
    bytes: impl Fn(T) -> [u8; 4],
) -> Result<(), FileError> {
    replace_file(path, |out| {
        let mut out = std::io::BufWriter::new(out);
        out.write_all(&header::header_bytes(descr, values.shape()))?;
        for &value in values {
            out.write_all(&bytes(value))?;
        }
        out.flush()
    })
}
