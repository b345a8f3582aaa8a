//! `.npy`: one array and no name.

use std::io;

use super::super::npy::header_bytes;
use super::super::replace::WriteSeek;
use super::{Dtype, NewFile, Problem, Writer};
use crate::text::msg;

/// Writes the one tensor of a bare quantizer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Npy;

impl Writer for Npy {
    fn id(&self) -> &'static str {
        "npy"
    }

    fn label(&self) -> &'static str {
        "NumPy array" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["npy"]
    }

    fn holds(&self, dtype: Dtype) -> bool {
        descr(dtype).is_some()
    }

    fn keeps_notes(&self) -> bool {
        false
    }

    fn is_nameless(&self) -> bool {
        true
    }

    fn check(&self, file: &NewFile<'_>) -> Result<(), Problem> {
        match file.tensors {
            [_] => Ok(()),
            several => Err(Problem::Unsupported(msg!("tensor-npy-one", n = several.len()))),
        }
    }

    fn write(&self, file: &NewFile<'_>, out: &mut dyn WriteSeek) -> io::Result<()> {
        for tensor in file.tensors {
            out.write_all(&header_bytes(descr(tensor.dtype).unwrap_or_default(), &tensor.shape))?;
            out.write_all(&tensor.bytes())?;
        }
        Ok(())
    }
}

/// NumPy's name of the type; it has no bfloat16.
pub(super) fn descr(dtype: Dtype) -> Option<&'static str> {
    match dtype {
        Dtype::F16 => Some("<f2"),
        Dtype::F32 => Some("<f4"),
        Dtype::F64 => Some("<f8"),
        _ => None,
    }
}
