//! Rows of a file as memory: the system reads them when they are looked at and drops them when memory is short.
#![allow(unsafe_code, reason = "mapping a file cannot be had without; the argument stands at the one use")]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use memmap2::Mmap;
use ndarray::ArrayView2;

/// A file's `(num_rows, num_columns)` f32 values, row by row in the machine's own byte order, from a given offset on.
///
/// Cloning shares the map. The shape was checked against the map's length when it was made.
#[derive(Debug, Clone)]
pub struct MappedRows {
    map: Arc<Mmap>,
    offset: usize,
    rows: usize,
    columns: usize,
}

impl MappedRows {
    /// Maps `file`.
    ///
    /// # Errors
    /// The file is too short for the shape, the values are not aligned, or the system refuses.
    pub fn open(file: &File, offset: u64, rows: usize, columns: usize) -> io::Result<Self> {
        // SAFETY: the map is only ever read, as plain f32, of which every bit pattern is a value. Another program that writes to the file while
        // it is open changes those values and no more than those: nothing is decided from a value twice, lengths and shapes come from the header
        // that was read once, and codes are bounded by the codebook. A file that is cut short meanwhile would end the process at the next look;
        // only regular files are opened, and files of our own are replaced by a new one, never shortened.
        let map = Arc::new(unsafe { Mmap::map(file) }?);
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mapped = Self { map, offset, rows, columns };
        if mapped.values().is_none() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(mapped)
    }

    /// The rows of `range` alone; those that there are not are left out.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Self {
        let end = range.end.min(self.rows);
        let start = range.start.min(end);
        let offset = self.offset + start * self.columns * size_of::<f32>();
        Self { map: self.map.clone(), offset, rows: end - start, columns: self.columns }
    }

    /// The rows.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, f32> {
        // The shape was checked when the file was mapped, and the map's length does not change.
        let values = self.values().unwrap_or(&[]);
        ArrayView2::from_shape((self.rows, self.columns), values)
            .unwrap_or_else(|_| ndarray::aview2::<f32, 0>(&[]))
    }

    fn values(&self) -> Option<&[f32]> {
        let count = self.rows.checked_mul(self.columns)?;
        let end = self.offset.checked_add(count.checked_mul(size_of::<f32>())?)?;
        bytemuck::try_cast_slice(self.map.get(self.offset..end)?).ok()
    }
}

impl PartialEq for MappedRows {
    fn eq(&self, other: &Self) -> bool {
        self.view() == other.view()
    }
}
