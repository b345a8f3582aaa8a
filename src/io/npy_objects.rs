//! NumPy files of objects: a pickle behind the header, of which nothing is executed. Ragged clips, a dictionary, a descript-audio-codec file.

use std::path::Path;

use super::npy::{MAGIC, NpyHeader};
use super::pytorch::read_pickle;
use super::{Opened, Problem, Reader, Source};
use crate::task::Task;
use crate::text::msg;

/// Reads NumPy arrays of objects.
#[derive(Debug)]
pub struct NpyObjectsReader;

impl Reader for NpyObjectsReader {
    fn id(&self) -> &'static str {
        "npy-objects"
    }

    fn label(&self) -> &'static str {
        "NumPy array of objects" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["npy", "dac"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        // The header is short and lies within what is sniffed; where it does not, the plain reader says what is wrong with it.
        head.starts_with(MAGIC) && NpyHeader::pickle_offset(&mut &*head, head.len() as u64).is_some()
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        match NpyHeader::pickle_offset(&mut &source.file, source.len) {
            Some(offset) => read_pickle(source, offset, task),
            None => Err(Problem::Unsupported(msg!("file-changed"))),
        }
    }
}
