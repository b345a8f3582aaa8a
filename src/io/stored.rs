//! Containers whose tensors lie in the file as they are, each in one piece.

use std::collections::BTreeMap;
use std::fs::File;

use ndarray::ArrayD;

use super::tensors::{Placed, Stored, TensorInfo, Tensors};
use super::{Problem, Source};
use crate::task::Task;
use crate::text::{Message, msg, phrase};

/// An open file of which only it was read where each tensor lies.
pub(super) struct StoredFile<'a> {
    file: &'a File,
    stage: Message,
    stored: BTreeMap<String, Stored>,
    infos: BTreeMap<String, TensorInfo>,
    metadata: BTreeMap<String, String>,
}

impl<'a> StoredFile<'a> {
    /// The tensors of `source` under their names, and its notes.
    pub(super) fn new(
        source: &'a Source<'_>,
        stored: BTreeMap<String, Stored>,
        metadata: BTreeMap<String, String>,
    ) -> Self {
        let infos = stored.iter().map(|(name, stored)| (name.clone(), stored.info.clone())).collect();
        Self { file: &source.file, stage: source.stage(), stored, infos, metadata }
    }

    fn stored(&self, name: &str) -> Result<&Stored, Problem> {
        self.stored
            .get(name)
            .ok_or_else(|| Problem::Malformed(msg!("file-no-tensor", name = format!("{name:?}"))))
    }
}

impl Tensors for StoredFile<'_> {
    fn infos(&self) -> &BTreeMap<String, TensorInfo> {
        &self.infos
    }

    fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    fn floats(&self, name: &str, task: &Task<'_>) -> Result<ArrayD<f32>, Problem> {
        self.stored(name)?.floats(self.file, &self.stage, task)
    }

    fn codes(&self, name: &str, task: &Task<'_>) -> Result<ArrayD<i32>, Problem> {
        self.stored(name)?.codes(self.file, &self.stage, task)
    }

    fn placed(&self, name: &str) -> Option<Placed> {
        self.stored.get(name).map(Stored::placed)
    }
}

/// A header that is read from the front, and never beyond the file's own length.
pub(super) struct Header<'a> {
    file: &'a File,
    /// From the beginning of the file.
    pub(super) at: u64,
    len: u64,
}

impl<'a> Header<'a> {
    /// From the beginning of the file.
    pub(super) fn new(source: &'a Source<'_>) -> Result<Self, Problem> {
        let mut file = &source.file;
        std::io::Seek::rewind(&mut file)?;
        Ok(Self { file, at: 0, len: source.len })
    }

    /// The next bytes, at most `most` of them allowed.
    pub(super) fn bytes(&mut self, len: u64, most: u64) -> Result<Vec<u8>, Problem> {
        if len > self.len - self.at.min(self.len) || len > most {
            let (len, at) = (len.to_string(), self.at.to_string());
            return Err(Problem::Malformed(msg!("file-header-tells-of", n = len, at = at)));
        }
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::Read::take(&mut self.file, len), &mut bytes)?;
        self.at += len;
        Ok(bytes)
    }

    /// The next number of so many bytes, the lowest first.
    pub(super) fn number(&mut self, bytes: u64) -> Result<u64, Problem> {
        let bytes = self.bytes(bytes, 8)?;
        Ok(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// Passes over bytes.
    pub(super) fn skip(&mut self, len: u64) -> Result<(), Problem> {
        let to = self.at.checked_add(len).filter(|to| *to <= self.len);
        let Some(to) = to else {
            return Err(Problem::Truncated {
                what: phrase!("file-part-numbers"),
                expected: len,
                found: self.len - self.at,
            });
        };
        std::io::Seek::seek(&mut self.file, std::io::SeekFrom::Start(to))?;
        self.at = to;
        Ok(())
    }
}
