//! A text field by field, without ever holding a line of it.

use std::io::BufRead;

use super::super::Problem;
use crate::text::msg;

/// What ended a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Delimiter,
    Line,
    File,
}

/// A place in a text.
pub(super) struct Scan<R> {
    src: R,
    line: usize,
    bytes: u64,
}

/// No number and no name is longer.
const MAX_FIELD_BYTES: usize = 4096;

impl<R: BufRead> Scan<R> {
    /// The beginning of `src`.
    pub(super) fn new(src: R) -> Self {
        Self { src, line: 1, bytes: 0 }
    }

    /// The line that the next field is on, counted from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// How much was read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads what stands before the next of `delimiters`, or before the end of the line, into `field`.
    ///
    /// # Errors
    /// It is longer than any number or name, or the system refuses.
    pub(super) fn field(&mut self, field: &mut Vec<u8>, delimiters: &[u8]) -> Result<End, Problem> {
        field.clear();
        loop {
            let block = self.src.fill_buf()?;
            if block.is_empty() {
                return Ok(End::File);
            }
            let end = block.iter().position(|byte| *byte == b'\n' || delimiters.contains(byte));
            let text = block.get(..end.unwrap_or(block.len())).unwrap_or_default();
            if field.len() + text.len() > MAX_FIELD_BYTES {
                let words = msg!("file-field-too-long", line = self.line, most = MAX_FIELD_BYTES);
                return Err(Problem::Malformed(words));
            }
            // A mark of the encoding at the very beginning is no part of the first field.
            let mark: &[u8] = if self.bytes == 0 { b"\xef\xbb\xbf" } else { b"" };
            field.extend_from_slice(text.strip_prefix(mark).unwrap_or(text));
            let is_line = end.and_then(|end| block.get(end)) == Some(&b'\n');
            let len = text.len() + usize::from(end.is_some());
            self.src.consume(len);
            self.bytes += len as u64;
            if is_line {
                self.line += 1;
                return Ok(End::Line);
            }
            if end.is_some() {
                return Ok(End::Delimiter);
            }
        }
    }

    /// Passes over what is in memory of the line; whether that was the rest of it.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn skip_block(&mut self) -> Result<bool, Problem> {
        let block = self.src.fill_buf()?;
        let end = block.iter().position(|byte| *byte == b'\n');
        let len = end.map_or(block.len(), |end| end + 1);
        self.src.consume(len);
        self.bytes += len as u64;
        self.line += usize::from(end.is_some());
        Ok(end.is_some() || len == 0)
    }
}
