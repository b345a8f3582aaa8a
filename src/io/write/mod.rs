//! Writing quantizers: containers of named tensors, one file and one row of [`WRITERS`] each. The same tensors give the same bytes.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::replace::WriteSeek;
use super::tensors::NewTensor;
use super::{Dtype, FileError, Problem, replace_file};
use crate::text::msg;

mod model;
mod npy;
mod npz;
mod pickle;
mod pth;
mod safetensors;
mod values;
mod zip;

pub use model::{EmaParams, ModelTarget, check_model, write_model, write_model_as};
pub(super) use model::{family_tensors, settled, settling};
pub(super) use values::bytes;
pub use values::{largest, rounded};
pub(super) use zip::ZipFile;

/// What goes into a file.
#[derive(Debug, Clone, Copy)]
pub struct NewFile<'a> {
    /// The tensors, in the order in which they are kept where the container has one.
    pub tensors: &'a [NewTensor],
    /// Free-form notes; only for a writer that keeps them.
    pub notes: &'a BTreeMap<String, String>,
    /// The key under which a dictionary of dictionaries keeps the tensors whose names begin with it and a dot.
    pub nested: Option<&'a str>,
}

/// One container that can be written.
pub trait Writer: Sync {
    /// A short name for logs and tests.
    fn id(&self) -> &'static str;

    /// What a person calls the format.
    fn label(&self) -> &'static str;

    /// File name endings without the dot, the usual one first.
    fn extensions(&self) -> &'static [&'static str];

    /// Whether it has numbers of this type.
    fn holds(&self, dtype: Dtype) -> bool;

    /// Whether it has a place for notes.
    fn keeps_notes(&self) -> bool;

    /// Whether it has no place for names, so that it holds a single array.
    fn is_nameless(&self) -> bool {
        false
    }

    /// Looks for what it cannot hold, before anything is written.
    ///
    /// # Errors
    /// There is such a thing.
    fn check(&self, _file: &NewFile<'_>) -> Result<(), Problem> {
        Ok(())
    }

    /// Writes a file of which everything has been checked.
    ///
    /// # Errors
    /// The system refuses.
    fn write(&self, file: &NewFile<'_>, out: &mut dyn WriteSeek) -> io::Result<()>;
}

/// The containers; the first is the usual one.
pub static WRITERS: &[&dyn Writer] = &[&safetensors::Safetensors, &npz::Npz, &pth::Pth, &npy::Npy];

/// Every ending of every writer.
pub fn model_endings() -> impl Iterator<Item = &'static str> {
    WRITERS.iter().flat_map(|writer| writer.extensions()).copied()
}

/// The writer that the ending of `path` names; the usual one where there is no ending.
#[must_use]
pub fn writer_for(path: &Path) -> Option<&'static dyn Writer> {
    let Some(ending) = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()) else {
        return WRITERS.first().copied();
    };
    WRITERS.iter().find(|writer| writer.extensions().contains(&ending.as_str())).copied()
}

/// Writes tensors in the container that the ending of `path` names.
///
/// # Errors
/// There is no such container, it cannot hold what it should, a number is beyond the range of its type, or the file cannot be written.
pub fn write_tensors(path: &Path, file: &NewFile<'_>) -> Result<(), FileError> {
    let writer = check_tensors(path, file).map_err(|problem| problem.at(path))?;
    replace_file(path, |out| writer.write(file, out))
}

/// The writer that the ending of `path` names.
fn check_writer(path: &Path) -> Result<&'static dyn Writer, Problem> {
    writer_for(path).ok_or_else(|| {
        let known = model_endings().map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(", ");
        Problem::Unsupported(msg!("tensor-endings", known = known))
    })
}

fn check_tensors(path: &Path, file: &NewFile<'_>) -> Result<&'static dyn Writer, Problem> {
    let writer = check_writer(path)?;
    for tensor in file.tensors {
        tensor.check()?;
        if !writer.holds(tensor.dtype) {
            return Err(Problem::Unsupported(msg!(
                "tensor-type-of",
                container = writer.label(),
                dtype = tensor.dtype.name(),
                name = &tensor.name
            )));
        }
    }
    writer.check(file)?;
    Ok(writer)
}
