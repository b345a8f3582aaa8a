//! A file as the decoders read it: from where its audio begins, until the work is cancelled.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use symphonia::core::io::MediaSource;

use crate::task::Task;

/// The bytes of a file from `start` on.
pub(super) struct Feed<'a> {
    file: &'a File,
    start: u64,
    len: u64,
    at: u64,
    furthest: Arc<AtomicU64>,
    task: &'a Task<'a>,
}

/// How far into the file its reader has come.
#[derive(Debug, Clone)]
pub(super) struct Position(Arc<AtomicU64>);

impl Position {
    /// Bytes from the file's beginning.
    pub(super) fn at(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl<'a> Feed<'a> {
    /// The file, `file_len` bytes long, from `start` on.
    pub(super) fn new(file: &'a File, start: u64, file_len: u64, task: &'a Task<'a>) -> (Self, Position) {
        let furthest = Arc::new(AtomicU64::new(start));
        let position = Position(furthest.clone());
        (Self { file, start, len: file_len.saturating_sub(start), at: 0, furthest, task }, position)
    }
}

impl Read for Feed<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.task.check().map_err(io::Error::other)?;
        // Others look into the same file meanwhile.
        self.file.seek(SeekFrom::Start(self.start + self.at))?;
        let read = self.file.read(buf)?;
        self.at += read as u64;
        self.furthest.fetch_max(self.start + self.at, Ordering::Relaxed);
        Ok(read)
    }
}

impl Seek for Feed<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        // `start` is added to it at every read.
        let target = target.filter(|at| at.checked_add(self.start).is_some());
        self.at = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

impl MediaSource for Feed<'_> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}
