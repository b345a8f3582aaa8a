//! NumPy's `.npz`: a zip archive of arrays, stored or deflated.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use ndarray::ArrayD;

use super::dtype::{self, Run};
use super::npy::NpyHeader;
use super::recognise;
use super::tensors::{Placed, Stored, TensorInfo, Tensors};
use super::zip::{self, Archive, Entry};
use super::{Dtype, Opened, Problem, Reader, Source};
use crate::task::Task;
use crate::text::{Message, msg};

/// Reads `.npz`: quantizers, or a single array of features or codes.
#[derive(Debug, Clone, Copy)]
pub struct NpzReader;

/// What the entries of arrays are called behind their names.
const ENDING: &str = ".npy";

impl Reader for NpzReader {
    fn id(&self) -> &'static str {
        "npz"
    }

    fn label(&self) -> &'static str {
        "NumPy archive" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["npz"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        zip::sniff(head) && zip::first_name(head).ends_with(ENDING.as_bytes())
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        recognise::interpret(&NpzFile::open(source, task)?, &source.wanted, task)
    }

    fn tensors<'a>(
        &self,
        source: &'a Source<'_>,
        task: &Task<'_>,
    ) -> Option<Result<Box<dyn Tensors + 'a>, Problem>> {
        Some(NpzFile::open(source, task).map(|file| Box::new(file) as Box<dyn Tensors>))
    }
}

/// An open archive of which only the headers of the arrays have been read.
pub(super) struct NpzFile<'a> {
    file: &'a File,
    stage: Message,
    arrays: BTreeMap<String, Array>,
    infos: BTreeMap<String, TensorInfo>,
    metadata: BTreeMap<String, String>,
}

/// One array.
struct Array {
    entry: Entry,
    header: NpyHeader,
}

impl<'a> NpzFile<'a> {
    fn open(source: &'a Source<'_>, task: &Task<'_>) -> Result<Self, Problem> {
        Self::new(source, &Archive::read(source, task)?, task)
    }

    /// Reads the headers of the arrays in `archive`. What else is in it is passed over, as NumPy does.
    ///
    /// # Errors
    /// There is no array, one is broken, or the task was cancelled.
    pub(super) fn new(source: &'a Source<'_>, archive: &Archive, task: &Task<'_>) -> Result<Self, Problem> {
        let (mut arrays, mut infos) = (BTreeMap::new(), BTreeMap::new());
        for entry in archive.entries() {
            let Some(name) = entry.name.strip_suffix(ENDING) else { continue };
            task.check()?;
            let header = NpyHeader::read(&mut entry.reader(&source.file)?, entry.len);
            let header = match header.and_then(|header| header.check_size(entry.len).map(|()| header)) {
                Ok(header) => header,
                // An array of objects or texts beside those of numbers is nothing to fail for.
                Err(Problem::Unsupported(_)) => {
                    let dtype = Dtype::Other("no numbers"); // not a text
                    let info = TensorInfo { dtype, shape: Vec::new() };
                    infos.insert(name.to_owned(), info);
                    continue;
                }
                Err(Problem::Malformed(words)) => {
                    return Err(Problem::Malformed(msg!("file-of-array", name = name, words = words)));
                }
                Err(problem) => return Err(problem),
            };
            infos.insert(name.to_owned(), TensorInfo { dtype: header.dtype, shape: header.shape.clone() });
            arrays.insert(name.to_owned(), Array { entry: entry.clone(), header });
        }
        if infos.is_empty() {
            return Err(no_array(archive));
        }
        let stage = source.stage();
        Ok(Self { file: &source.file, stage, arrays, infos, metadata: BTreeMap::new() })
    }

    fn read<T>(
        &self,
        name: &str,
        decode: impl Fn(&mut dyn Read, Run<'_>) -> Result<Vec<T>, Problem>,
    ) -> Result<ArrayD<T>, Problem> {
        let missing = || Problem::Malformed(msg!("file-no-array-of-numbers", name = format!("{name:?}")));
        let Array { entry, header } = self.arrays.get(name).ok_or_else(missing)?;
        let mut reader = entry.reader(self.file)?;
        io::copy(&mut reader.by_ref().take(header.data_offset), &mut io::sink())?;
        let stored = stored(header, 0);
        let run = stored.run(&self.stage);
        let sure = usize::try_from(entry.packed_len()).unwrap_or(usize::MAX) / run.dtype.size().max(1);
        let values = decode(&mut reader, Run { sure, ..run })?;
        reader.finish(name)?;
        stored.array(values)
    }
}

impl Tensors for NpzFile<'_> {
    fn infos(&self) -> &BTreeMap<String, TensorInfo> {
        &self.infos
    }

    fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    fn floats(&self, name: &str, task: &Task<'_>) -> Result<ArrayD<f32>, Problem> {
        self.read(name, |reader, run| dtype::read_floats(reader, run, task))
    }

    fn codes(&self, name: &str, task: &Task<'_>) -> Result<ArrayD<i32>, Problem> {
        self.read(name, |reader, run| dtype::read_codes(reader, run, task))
    }

    fn placed(&self, name: &str) -> Option<Placed> {
        let Array { entry, header } = self.arrays.get(name)?;
        let entry = entry.stored()?;
        let offset = entry.data_offset + header.data_offset;
        Some(Placed { entry: Some(entry), ..stored(header, offset).placed() })
    }
}

/// An array whose numbers begin at `offset`.
fn stored(header: &NpyHeader, offset: u64) -> Stored {
    let &NpyHeader { dtype, big_endian, fortran, .. } = header;
    let info = TensorInfo { dtype, shape: header.shape.clone() };
    Stored { info, big_endian, fortran, offset }
}

fn no_array(archive: &Archive) -> Problem {
    const SHOWN: usize = 4;
    const NAME_CHARS: usize = 60;
    let names = archive.entries().iter().take(SHOWN);
    let names =
        names.map(|entry| entry.name.chars().take(NAME_CHARS).collect::<String>()).collect::<Vec<_>>();
    Problem::Unsupported(match names.as_slice() {
        [] => msg!("file-other-zip.empty"),
        names => msg!("file-other-zip", names = names.join(", ")),
    })
}
