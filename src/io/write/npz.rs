//! `.npz`: a zip archive of `.npy` files, one a tensor, not compressed.

use std::io;

use super::super::npy::header_bytes;
use super::super::replace::WriteSeek;
use super::npy::descr;
use super::zip::ZipFile;
use super::{Dtype, NewFile, Problem, Writer};

/// Writes `.npz`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Npz;

impl Writer for Npz {
    fn id(&self) -> &'static str {
        "npz"
    }

    fn label(&self) -> &'static str {
        "NumPy archive" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["npz"]
    }

    fn holds(&self, dtype: Dtype) -> bool {
        descr(dtype).is_some()
    }

    fn keeps_notes(&self) -> bool {
        false
    }

    fn check(&self, file: &NewFile<'_>) -> Result<(), Problem> {
        super::zip::check(file.tensors)
    }

    fn write(&self, file: &NewFile<'_>, out: &mut dyn WriteSeek) -> io::Result<()> {
        let mut zip = ZipFile::new(io::BufWriter::new(out));
        for tensor in file.tensors {
            let mut bytes = header_bytes(descr(tensor.dtype).unwrap_or_default(), &tensor.shape);
            bytes.extend(tensor.bytes());
            zip.put(&format!("{}.npy", tensor.name), &bytes, 1)?;
        }
        zip.finish()
    }
}
