//! A text field by field.

use std::fs::File;
use std::io::{BufReader, Seek};

use super::scan::{End, Scan};
use crate::io::{Problem, Source};
use crate::task::Stage;

/// What a line of no numbers begins with, as NumPy writes it.
pub(super) const COMMENT: &[u8] = b"#";

/// Fields between two looks at the task.
const FIELDS_A_LOOK: u64 = 1 << 14;

/// A text that is being read.
pub(super) struct Text<'a, R> {
    pub(super) scan: Scan<R>,
    /// The field that was read last.
    pub(super) field: Vec<u8>,
    /// How many were.
    fields: u64,
    stage: Stage<'a>,
    pub(super) len: u64,
}

impl<'a> Text<'a, BufReader<&'a File>> {
    /// The text of `source`, from its beginning.
    pub(super) fn new(source: &'a Source<'_>, stage: Stage<'a>) -> Result<Self, Problem> {
        let mut file = &source.file;
        file.rewind()?;
        Ok(Self {
            scan: Scan::new(BufReader::new(file)),
            field: Vec::new(),
            fields: 0,
            stage,
            len: source.len,
        })
    }
}

impl<R: std::io::BufRead> Text<'_, R> {
    /// Reads the next field, and gives what ended it.
    pub(super) fn next(&mut self, delimiters: &[u8]) -> Result<End, Problem> {
        if self.fields.is_multiple_of(FIELDS_A_LOOK) {
            self.stage.reach(self.scan.bytes(), self.len)?;
        }
        self.fields += 1;
        self.scan.field(&mut self.field, delimiters)
    }

    pub(super) fn skip_line(&mut self) -> Result<(), Problem> {
        while !self.scan.skip_block()? {
            self.stage.reach(self.scan.bytes(), self.len)?;
        }
        Ok(())
    }
}
