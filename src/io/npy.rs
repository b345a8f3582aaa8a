//! NumPy's `.npy`: one array of features, codes, or codebooks.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{SeekFrom, Write};
use std::path::Path;

use ndarray::{ArrayD, ArrayView2};

use super::arrays::RawFeatures;
use super::dtype::Dtype;
use super::recognise;
use super::replace::WriteSeek;
use super::tensors::{Placed, Stored, TensorInfo, Tensors};
use super::{FileError, Opened, Problem, Reader, Source, replace_file};
use crate::mapped::MappedRows;
use crate::task::Task;

mod header;

pub use header::NpyHeader;
pub(super) use header::header_bytes;

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
        // A model that is asked for can be an array like those of features.
        if source.wanted.model.is_none()
            && let Some(features) = map(source, &header)
        {
            return Ok(Opened::Features(features));
        }
        recognise::interpret(&NpyTensor::new(source, header), &source.wanted, task)
    }

    fn tensors<'a>(
        &self,
        source: &'a Source<'_>,
        _task: &Task<'_>,
    ) -> Option<Result<Box<dyn Tensors + 'a>, Problem>> {
        let open = || {
            let header = NpyHeader::read(&mut &source.file, source.len)?;
            header.check_size(source.len)?;
            Ok(Box::new(NpyTensor::new(source, header)) as Box<dyn Tensors>)
        };
        Some(open())
    }
}

/// Values that are copied into memory all the same, in bytes: mapping a small file saves nothing.
const COPIED_BYTES: u64 = 1 << 20;

/// A large matrix of f32, row by row in this machine's byte order, as it lies in its file; `None` for anything else.
fn map(source: &Source<'_>, header: &NpyHeader) -> Option<RawFeatures> {
    let leading = header.shape.iter().take(header.shape.len().saturating_sub(2)).all(|&len| len == 1);
    let [.., rows, columns] = *header.shape.as_slice() else { return None };
    let as_is =
        header.dtype == Dtype::F32 && header.big_endian == cfg!(target_endian = "big") && !header.fortran;
    if !leading || !as_is || source.len < COPIED_BYTES {
        return None;
    }
    let mapped = MappedRows::open(&source.file, header.data_offset, rows, columns).ok()?;
    Some(RawFeatures::mapped(mapped, header.shape.len()))
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

    fn placed(&self, _name: &str) -> Option<Placed> {
        Some(self.stored.placed())
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

/// An int32 file `[n_q, T]` that is filled block of frames by block of frames.
pub struct CodesFile<'a> {
    out: &'a mut dyn WriteSeek,
    data_offset: u64,
    num_frames: usize,
    bytes: Vec<u8>,
}

impl CodesFile<'_> {
    /// Writes the codes of a block of frames, `(num_layers, frames of the block)`, that begins at `first_frame`.
    ///
    /// # Errors
    /// The system refuses.
    pub fn put(&mut self, first_frame: usize, codes: ArrayView2<'_, u32>) -> std::io::Result<()> {
        for (layer, row) in codes.rows().into_iter().enumerate() {
            self.bytes.clear();
            self.bytes.extend(row.iter().flat_map(|code| code.to_le_bytes()));
            let place = (layer * self.num_frames + first_frame) as u64 * 4;
            self.out.seek(SeekFrom::Start(self.data_offset + place))?;
            self.out.write_all(&self.bytes)?;
        }
        Ok(())
    }
}

/// Writes codes as int32 `[n_q, T]` that `fill` hands over block by block, so that they need not be held at once.
///
/// # Errors
/// `fill` fails, or the file cannot be written; what was there stays.
pub fn write_codes_blocks(
    path: &Path,
    (num_layers, num_frames): (usize, usize),
    fill: impl FnOnce(&mut CodesFile<'_>) -> std::io::Result<()>,
) -> Result<(), FileError> {
    replace_file(path, |out| {
        let header = header_bytes("<i4", &[num_layers, num_frames]);
        out.write_all(&header)?;
        fill(&mut CodesFile { out, data_offset: header.len() as u64, num_frames, bytes: Vec::new() })
    })
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
        out.write_all(&header_bytes(descr, values.shape()))?;
        for &value in values {
            out.write_all(&bytes(value))?;
        }
        out.flush()
    })
}
