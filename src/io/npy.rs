//! NumPy's `.npy`: one array of features, codes, or codebooks.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

use ndarray::{ArrayD, ArrayView2};

use super::arrays::{AsStored, RawFeatures};
use super::dtype::Dtype;
use super::recognise;
use super::tensors::{Placed, Stored, TensorInfo, Tensors};
use super::{FileError, Opened, Problem, Reader, Source, arrays, replace_file};
use crate::mapped::MappedRows;
use crate::task::Task;
use crate::text::Message;

mod header;
mod lengths;

pub use header::NpyHeader;
pub(super) use header::{MAGIC, codes_header_bytes, header_bytes};

/// Reads `.npy`.
#[derive(Debug, Clone, Copy)]
pub struct NpyReader;

impl Reader for NpyReader {
    fn id(&self) -> &'static str {
        "npy"
    }

    fn label(&self) -> &'static str {
        "NumPy array" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["npy"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        head.starts_with(header::MAGIC)
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        let mut file = &source.file;
        file.rewind()?;
        let header = NpyHeader::read(&mut file, source.len)?;
        header.check_size(source.len)?;
        let wanted = &source.wanted;
        let may_map = !wanted.wants_codes() && !wanted.wants_model() && wanted.model.is_none();
        let mut opened = match map(source, &header).filter(|_| may_map) {
            Some(mut features) => {
                features.notices.extend(arrays::notice_of_whole(&features, false, wanted));
                Opened::Features(features)
            }
            None => recognise::interpret(&NpyTensor::new(source, header), wanted, task)?,
        };
        if let Opened::Features(features) = &mut opened {
            lengths::put_clips(source, features)?;
        }
        Ok(opened)
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
    let mut features = RawFeatures::mapped(mapped, header.shape.len());
    features.as_stored = AsStored { dtype: Some(header.dtype), shape: Some(header.shape.clone()) };
    Some(features)
}

/// A container of one tensor without a name.
struct NpyTensor<'a> {
    file: &'a File,
    stage: Message,
    stored: Stored,
    infos: BTreeMap<String, TensorInfo>,
    metadata: BTreeMap<String, String>,
}

impl<'a> NpyTensor<'a> {
    fn new(source: &'a Source<'_>, header: NpyHeader) -> Self {
        let axes = (arrays::AXES_KEY.to_owned(), arrays::CODES_AXES.to_owned());
        let metadata = header.states_codes.then_some(axes).into_iter().collect();
        let info = TensorInfo { dtype: header.dtype, shape: header.shape };
        let infos = BTreeMap::from([(String::new(), info.clone())]);
        let stored = Stored {
            info,
            big_endian: header.big_endian,
            fortran: header.fortran,
            offset: header.data_offset,
        };
        let stage = source.stage();
        Self { file: &source.file, stage, stored, infos, metadata }
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

    fn codes(&self, _name: &str, task: &Task<'_>) -> Result<ArrayD<i32>, Problem> {
        self.stored.codes(self.file, &self.stage, task)
    }

    fn placed(&self, _name: &str) -> Option<Placed> {
        Some(self.stored.placed())
    }
}

/// Writes real numbers, row by row, as float32.
///
/// # Errors
/// The file cannot be written.
pub fn write_f32_npy(path: &Path, values: ArrayView2<'_, f32>) -> Result<(), FileError> {
    replace_file(path, |out| {
        let mut out = std::io::BufWriter::new(out);
        out.write_all(&header_bytes("<f4", values.shape()))?;
        for &value in values {
            out.write_all(&value.to_le_bytes())?;
        }
        out.flush()
    })
}
