//! The bytes of a pickle, taken from the front.

use super::{Stop, broken};
use crate::text::msg;

/// What is left of a pickle. Its length is never taken at its word: every method says so when the bytes end first.
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn array<const LEN: usize>(&mut self) -> Result<[u8; LEN], Stop> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Stop::Ended)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Stop> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Stop::Ended)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A length of one byte.
    pub(super) fn len1(&mut self) -> Result<usize, Stop> {
        Ok(usize::from(self.array::<1>()?[0]))
    }

    /// A length of four bytes.
    pub(super) fn len4(&mut self) -> Result<usize, Stop> {
        usize::try_from(u32::from_le_bytes(self.array()?)).map_err(|_| Stop::Ended)
    }

    /// What stands before the next line break.
    pub(super) fn line(&mut self) -> Result<&'a [u8], Stop> {
        let end = self.0.iter().position(|&byte| byte == b'\n').ok_or(Stop::Ended)?;
        let line = self.take(end)?;
        self.array::<1>()?;
        Ok(line)
    }

    /// What `parse` makes of that line.
    pub(super) fn line_of<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> Result<T, Stop> {
        let line = self.line()?;
        let text = std::str::from_utf8(line).ok().map(str::trim);
        text.and_then(parse).ok_or_else(|| broken(msg!("tensor-pickle-number")))
    }
}
