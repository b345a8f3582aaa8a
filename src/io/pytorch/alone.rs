//! Pickles that lie in a file by themselves, as `pickle` and joblib write them.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::super::tensors::Tensors;
use super::super::{Opened, Problem, Reader, Source, recognise};
use super::{Contents, MAX_PICKLE_BYTES, PytorchFile, budget, legacy, pickle, tree, value};
use crate::task::Task;
use crate::text::msg;

/// Reads pickles that lie in a file by themselves, as `pickle` and joblib write them.
#[derive(Debug, Clone, Copy)]
pub struct PickleReader;

impl Reader for PickleReader {
    fn id(&self) -> &'static str {
        "pickle"
    }

    fn label(&self) -> &'static str {
        "Python pickle" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pkl", "joblib"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        matches!(head, [0x80, 2..=5, next, ..] if *next == 0x95 || next.is_ascii_graphic() || *next == 0x8c)
            && !head.starts_with(legacy::MAGIC)
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        read_pickle(source, 0, task)
    }

    fn tensors<'a>(
        &self,
        source: &'a Source<'_>,
        task: &Task<'_>,
    ) -> Option<Result<Box<dyn Tensors + 'a>, Problem>> {
        Some(open_pickle(source, 0, task).map(|file| Box::new(file) as Box<dyn Tensors>))
    }
}

/// Reads what a pickle holds that begins at byte `start`, such as that of an array of objects.
///
/// # Errors
/// As for any other file of arrays.
pub(in crate::io) fn read_pickle(
    source: &Source<'_>,
    start: u64,
    task: &Task<'_>,
) -> Result<Opened, Problem> {
    recognise::interpret(&open_pickle(source, start, task)?, &source.wanted, task)
}

fn open_pickle<'a>(source: &'a Source<'_>, start: u64, task: &Task<'_>) -> Result<PytorchFile<'a>, Problem> {
    let stage = source.stage();
    let stage = task.stage(&stage);
    if source.len > MAX_PICKLE_BYTES {
        return Err(Problem::Unsupported(msg!(
            "tensor-pickle-long",
            len = source.len.to_string(),
            most = MAX_PICKLE_BYTES.to_string()
        )));
    }
    let mut bytes = Vec::new();
    let mut file = &source.file;
    file.seek(SeekFrom::Start(start))?;
    file.read_to_end(&mut bytes)?;
    let mut heap = value::Heap::new(budget(source));
    let (value, _) = pickle::read(&bytes, &mut heap, stage).map_err(|stop| match stop {
        pickle::Stop::Problem(problem) => problem,
        pickle::Stop::Ended => Problem::malformed(msg!("tensor-pickle-cut")),
    })?;
    let tree = tree::flatten(&mut heap, value, stage)?;
    drop(heap);
    PytorchFile::new(source, Contents { tree, storages: BTreeMap::new(), big_endian: false })
}
