//! The container of a stored run on its way in: nothing in its header is believed before it was held against the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use ndarray::{Array1, Array2};
use safetensors::tensor::{Dtype, Metadata};

use super::error::{Fault, VERSION};
use super::tensors::{BLOCK, CHECKSUM_LEN, LEN_SIZE, MAX_HEADER_LEN, Number, VERSION_KEY};
use crate::io::{Problem, Source};
use crate::text::{msg, phrase};

/// Where a tensor lies in a file.
#[derive(Debug)]
struct Place {
    dtype: Dtype,
    shape: Vec<usize>,
    offset: u64,
}

/// An open file of which the header has been read and the checksum has been found right.
#[derive(Debug)]
pub(super) struct StoredTensors {
    file: File,
    places: BTreeMap<String, Place>,
}

/// Whether the header of the file at `path` says that it was written here; what cannot be read is not.
pub(super) fn is_stored(path: &Path) -> bool {
    let header = Source::open(path).map_err(Fault::from).and_then(|source| read_header(&source));
    header.is_ok_and(|(header, _)| {
        header.metadata().as_ref().is_some_and(|notes| notes.contains_key(VERSION_KEY))
    })
}

impl StoredTensors {
    /// Opens a file that [`TensorsFile::write`](super::tensors::TensorsFile::write) wrote.
    ///
    /// # Errors
    /// It is no such file, of a newer format, or damaged.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        let source = Source::open(path)?;
        let (header, offset) = read_header(&source)?;
        let notes = header.metadata().as_ref();
        let version = notes.and_then(|notes| notes.get(VERSION_KEY)?.parse::<u64>().ok());
        match version {
            None | Some(0) => return Err(Fault::Broken(msg!("err-not-run"))),
            Some(newer) if newer > VERSION => return Err(Fault::Newer(newer)),
            Some(_) => {}
        }
        let expected = header.data_len() as u64;
        let found = source.len - offset;
        if expected > found {
            return Err(Problem::Truncated { what: phrase!("file-part-numbers"), expected, found }.into());
        }
        check_sum(&source)?;
        let places = header.tensors().into_iter().map(|(name, info)| {
            let at = offset + info.data_offsets.0 as u64;
            (name, Place { dtype: info.dtype, shape: info.shape.clone(), offset: at })
        });
        Ok(Self { places: places.collect(), file: source.file })
    }

    /// The tensor `name` as text.
    pub(super) fn text(&self, name: &str) -> Result<String, Fault> {
        String::from_utf8(self.list(name)?).map_err(|_| Fault::Broken(msg!("err-not-words", name = name)))
    }

    /// The numbers of a tensor with one axis.
    pub(super) fn list<T: Number>(&self, name: &str) -> Result<Vec<T>, Fault> {
        match *self.shape(name)? {
            [len] => self.numbers(name, len),
            _ => Err(misshapen(name)),
        }
    }

    /// The f64 of a tensor with one axis.
    pub(super) fn list_f64(&self, name: &str) -> Result<Vec<f64>, Fault> {
        match *self.shape(name)? {
            [len] => self.numbers_f64(name, len),
            _ => Err(misshapen(name)),
        }
    }

    /// The f32 of a tensor with one axis, as an array.
    pub(super) fn row(&self, name: &str) -> Result<Array1<f32>, Fault> {
        Ok(self.list(name)?.into())
    }

    /// The f32 of a tensor with two axes.
    pub(super) fn table(&self, name: &str) -> Result<Array2<f32>, Fault> {
        let (rows, columns) = self.rows_and_columns(name)?;
        let numbers = self.numbers(name, rows.saturating_mul(columns))?;
        Array2::from_shape_vec((rows, columns), numbers).map_err(|_| misshapen(name))
    }

    /// The f64 of a tensor with two axes.
    pub(super) fn table_f64(&self, name: &str) -> Result<Array2<f64>, Fault> {
        let (rows, columns) = self.rows_and_columns(name)?;
        let numbers = self.numbers_f64(name, rows.saturating_mul(columns))?;
        Array2::from_shape_vec((rows, columns), numbers).map_err(|_| misshapen(name))
    }

    /// The numbers of a tensor of these two axes, row by row.
    pub(super) fn rows<T: Number>(&self, name: &str, [rows, columns]: [usize; 2]) -> Result<Vec<T>, Fault> {
        if self.rows_and_columns(name)? != (rows, columns) {
            return Err(misshapen(name));
        }
        self.numbers(name, rows.saturating_mul(columns))
    }

    fn rows_and_columns(&self, name: &str) -> Result<(usize, usize), Fault> {
        match *self.shape(name)? {
            [rows, columns] => Ok((rows, columns)),
            _ => Err(misshapen(name)),
        }
    }

    fn shape(&self, name: &str) -> Result<&[usize], Fault> {
        Ok(&self.place(name)?.shape)
    }

    fn place(&self, name: &str) -> Result<&Place, Fault> {
        self.places.get(name).ok_or_else(|| Fault::damaged(msg!("err-part-missing", name = name)))
    }

    fn numbers_f64(&self, name: &str, len: usize) -> Result<Vec<f64>, Fault> {
        if self.place(name)?.dtype == Dtype::F32 {
            return Ok(self.numbers::<f32>(name, len)?.into_iter().map(f64::from).collect());
        }
        self.numbers(name, len)
    }

    /// All `len` numbers of a tensor. The header was held against the file's length, so this much is there.
    fn numbers<T: Number>(&self, name: &str, len: usize) -> Result<Vec<T>, Fault> {
        let place = self.place(name)?;
        if place.dtype != T::DTYPE {
            return Err(Fault::damaged(msg!("err-part-type", name = name)));
        }
        let mut file = &self.file;
        file.seek(SeekFrom::Start(place.offset))?;
        let mut numbers = Vec::with_capacity(len);
        let mut bytes = vec![0u8; len.min(BLOCK) * size_of::<T>()];
        while numbers.len() < len {
            let block = (len - numbers.len()).min(BLOCK) * size_of::<T>();
            let block = bytes.split_at_mut(block).0;
            file.read_exact(block)?;
            numbers.extend(block.chunks_exact(size_of::<T>()).map(T::take));
        }
        Ok(numbers)
    }
}

fn misshapen(name: &str) -> Fault {
    Fault::damaged(msg!("err-part-shape", name = name))
}

/// The header and where the numbers begin. The header's own checks see to it that tensors neither overlap nor leave gaps.
fn read_header(source: &Source<'_>) -> Result<(Metadata, u64), Fault> {
    let mut file = &source.file;
    let rest = source.len.saturating_sub(LEN_SIZE + CHECKSUM_LEN);
    let mut len_bytes = [0u8; LEN_SIZE as usize];
    if rest == 0 {
        return Err(Fault::Broken(msg!("err-no-header")));
    }
    file.read_exact(&mut len_bytes)?;
    let len = u64::from_le_bytes(len_bytes);
    if len > MAX_HEADER_LEN {
        return Err(Fault::Broken(msg!("err-not-run")));
    }
    if len > rest {
        return Err(
            Problem::Truncated { what: phrase!("file-part-its-header"), expected: len, found: rest }.into()
        );
    }
    let mut text = Vec::new();
    file.take(len).read_to_end(&mut text)?;
    let header = serde_json::from_slice::<Metadata>(&text)
        .map_err(|err| Fault::damaged(msg!("err-header", why = err.to_string())))?;
    Ok((header, LEN_SIZE + len))
}

/// Holds the file's last bytes against all that stand before them.
fn check_sum(source: &Source<'_>) -> Result<(), Fault> {
    let mut file = &source.file;
    file.rewind()?;
    let mut hasher = crc32fast::Hasher::new();
    let mut block = vec![0u8; BLOCK * size_of::<f64>()];
    let mut body = file.take(source.len - CHECKSUM_LEN);
    loop {
        match body.read(&mut block)? {
            0 => break,
            len => hasher.update(block.split_at(len).0),
        }
    }
    let mut wanted = [0u8; CHECKSUM_LEN as usize];
    file.read_exact(&mut wanted)?;
    if hasher.finalize() == u32::from_le_bytes(wanted) {
        Ok(())
    } else {
        Err(Fault::damaged(msg!("err-checksum")))
    }
}
