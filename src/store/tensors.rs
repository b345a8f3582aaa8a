//! The container of a stored run: `.safetensors` with numbers of every type that a run has, closed by a checksum.
//!
//! The readers and writers of `io` know quantizers, whose numbers become f32. Here every number comes back as it was, so each keeps its type.
//! The last four bytes are the CRC-32 of all bytes before them, so that a bit that turned over on the disk is damage and not another run.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use safetensors::tensor::{Dtype, Metadata};
use serde_json::{Map, Value, json};

use super::error::{Fault, VERSION};
use crate::io::{Problem, Source};

/// The key in the header's notes that tells a stored run from other files, and its format.
const VERSION_KEY: &str = "rvqscope.store";

/// The tensor that closes the file.
const CHECKSUM: &str = "checksum";

/// Bytes of the checksum.
const CHECKSUM_LEN: u64 = 4;

/// Bytes of the header's length, which is what the file begins with.
const LEN_SIZE: u64 = 8;

/// Room for some 40 000 tensors. A parsed header takes several times its length in memory.
const MAX_HEADER_LEN: u64 = 4 << 20;

/// Numbers that are turned into bytes, or read from them, at once.
const BLOCK: usize = 1 << 14;

/// A type of number that the container has.
pub(super) trait Number: bytemuck::Pod {
    /// Its name in the header.
    const DTYPE: Dtype;
    /// Its bytes, the lowest first.
    fn put(self, out: &mut Vec<u8>);
    /// The number that these bytes are.
    fn take(bytes: &[u8]) -> Self;
}

macro_rules! number {
    ($($type:ty: $dtype:ident),*) => {$(
        impl Number for $type {
            const DTYPE: Dtype = Dtype::$dtype;

            fn put(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn take(bytes: &[u8]) -> Self {
                bytes.try_into().map_or(<$type>::default(), <$type>::from_le_bytes)
            }
        }
    )*};
}

number!(u8: U8, u32: U32, u64: U64, f32: F32, f64: F64);

/// Numbers that lie one behind the other in a file but not in memory.
#[derive(Debug)]
enum Pieces<'a> {
    Bytes(Vec<Cow<'a, [u8]>>),
    U32(Vec<Cow<'a, [u32]>>),
    U64(Vec<Cow<'a, [u64]>>),
    F32(Vec<Cow<'a, [f32]>>),
    F64(Vec<Cow<'a, [f64]>>),
    /// Of which each is an f32 as well, and stored as such: what was read from a checkpoint takes half the room.
    Narrow(Vec<Cow<'a, [f64]>>),
}

/// One tensor on its way out.
#[derive(Debug)]
struct Tensor<'a> {
    name: String,
    shape: Vec<usize>,
    pieces: Pieces<'a>,
}

/// Tensors on their way out; they borrow what they can.
#[derive(Debug, Default)]
pub(super) struct Tensors<'a>(Vec<Tensor<'a>>);

impl<'a> Tensors<'a> {
    pub(super) fn put_u32(&mut self, name: String, values: &'a [u32]) {
        self.put(name, vec![values.len()], Pieces::U32(vec![values.into()]));
    }

    pub(super) fn put_u64(&mut self, name: String, values: &'a [u64]) {
        self.put(name, vec![values.len()], Pieces::U64(vec![values.into()]));
    }

    pub(super) fn put_f32(&mut self, name: String, values: &'a [f32]) {
        self.put(name, vec![values.len()], Pieces::F32(vec![values.into()]));
    }

    pub(super) fn put_f32_row(&mut self, name: String, row: ArrayView1<'a, f32>) {
        let values = row.to_slice().map_or_else(|| row.iter().copied().collect(), Cow::Borrowed);
        self.put(name, vec![row.len()], Pieces::F32(vec![values]));
    }

    /// A table of f32, `(rows, columns)`.
    pub(super) fn put_f32_table(&mut self, name: String, table: ArrayView2<'a, f32>) {
        self.put(name, table.shape().to_vec(), Pieces::F32(vec![flat(table)]));
    }

    pub(super) fn put_f64(&mut self, name: String, values: Cow<'a, [f64]>) {
        let shape = vec![values.len()];
        self.put_f64_pieces(name, shape, vec![values]);
    }

    /// A table of f64, `(rows, columns)`.
    pub(super) fn put_f64_table(&mut self, name: String, table: ArrayView2<'a, f64>) {
        self.put_f64_pieces(name, table.shape().to_vec(), vec![flat(table)]);
    }

    /// Several runs of f64, one behind the other.
    pub(super) fn put_f64_pieces(&mut self, name: String, shape: Vec<usize>, pieces: Vec<Cow<'a, [f64]>>) {
        let fits = |&v: &f64| f64::from(v as f32).to_bits() == v.to_bits();
        let narrow = pieces.iter().all(|piece| piece.iter().all(fits));
        self.put(name, shape, if narrow { Pieces::Narrow(pieces) } else { Pieces::F64(pieces) });
    }

    fn put(&mut self, name: String, shape: Vec<usize>, pieces: Pieces<'a>) {
        self.0.push(Tensor { name, shape, pieces });
    }

    /// Adds those of `other`.
    pub(super) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Whether both hold the same numbers to the bit, under whatever names.
    pub(super) fn has_same_bits(&self, other: &Self) -> bool {
        let alike =
            |(a, b): (&Tensor<'_>, &Tensor<'_>)| a.shape == b.shape && a.pieces.has_same_bits(&b.pieces);
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(alike)
    }

    /// The file of these tensors and of `text`, which is the tensor called `text_name`.
    ///
    /// # Errors
    /// There are more tensors than are read back.
    pub(super) fn into_file(mut self, text_name: &str, text: String) -> Result<TensorsFile<'a>, Fault> {
        let text = text.into_bytes();
        self.put(text_name.to_owned(), vec![text.len()], Pieces::Bytes(vec![text.into()]));
        // Wide numbers first, so that every tensor lies at a multiple of the size of its numbers.
        self.0.sort_by_key(|tensor| std::cmp::Reverse(tensor.pieces.dtype().bitsize()));
        let header = self.header();
        if header.len() as u64 > MAX_HEADER_LEN {
            return Err(Fault::Unfit(format!("a run of so many parts ({}) cannot be stored", self.0.len())));
        }
        Ok(TensorsFile { header, tensors: self.0 })
    }

    fn header(&self) -> String {
        const ALIGNMENT: usize = 8;
        let mut entries = Map::new();
        entries.insert("__metadata__".to_owned(), json!({ (VERSION_KEY): VERSION.to_string() }));
        let mut start = 0;
        let mut add = |name: &str, dtype: Dtype, shape: &[usize]| {
            let end = start + shape.iter().product::<usize>() * dtype.bitsize() / 8;
            entries.insert(
                name.to_owned(),
                json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]}),
            );
            start = end;
        };
        for tensor in &self.0 {
            add(&tensor.name, tensor.pieces.dtype(), &tensor.shape);
        }
        add(CHECKSUM, Dtype::U8, &[CHECKSUM_LEN as usize]);
        let mut text = Value::Object(entries).to_string();
        text.push_str(&" ".repeat(text.len().next_multiple_of(ALIGNMENT) - text.len()));
        text
    }
}

/// A table row by row.
fn flat<T: Copy>(table: ArrayView2<'_, T>) -> Cow<'_, [T]> {
    table.to_slice().map_or_else(|| table.iter().copied().collect(), Cow::Borrowed)
}

impl Pieces<'_> {
    fn dtype(&self) -> Dtype {
        match self {
            Self::Bytes(_) => Dtype::U8,
            Self::U32(_) => Dtype::U32,
            Self::U64(_) => Dtype::U64,
            Self::F32(_) | Self::Narrow(_) => Dtype::F32,
            Self::F64(_) => Dtype::F64,
        }
    }

    fn has_same_bits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bytes(a), Self::Bytes(b)) => same_bits(a, b),
            (Self::U32(a), Self::U32(b)) => same_bits(a, b),
            (Self::U64(a), Self::U64(b)) => same_bits(a, b),
            (Self::F32(a), Self::F32(b)) => same_bits(a, b),
            (Self::F64(a), Self::F64(b)) | (Self::Narrow(a), Self::Narrow(b)) => same_bits(a, b),
            _ => false,
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Bytes(pieces) => pieces.iter().try_for_each(|piece| out.write_all(piece)),
            Self::U32(pieces) => write_pieces(pieces, out, u32::put),
            Self::U64(pieces) => write_pieces(pieces, out, u64::put),
            Self::F32(pieces) => write_pieces(pieces, out, f32::put),
            Self::F64(pieces) => write_pieces(pieces, out, f64::put),
            Self::Narrow(pieces) => write_pieces(pieces, out, |v, bytes| (v as f32).put(bytes)),
        }
    }
}

/// Whether two runs of pieces, cut alike, hold the same bits.
fn same_bits<T: Number>(a: &[Cow<'_, [T]>], b: &[Cow<'_, [T]>]) -> bool {
    let alike = |(a, b): (&Cow<'_, [T]>, &Cow<'_, [T]>)| {
        bytemuck::cast_slice::<T, u8>(a) == bytemuck::cast_slice::<T, u8>(b)
    };
    a.len() == b.len() && a.iter().zip(b).all(alike)
}

fn write_pieces<T: Number>(
    pieces: &[Cow<'_, [T]>],
    out: &mut dyn Write,
    put: impl Fn(T, &mut Vec<u8>),
) -> io::Result<()> {
    let mut bytes = Vec::new();
    for block in pieces.iter().flat_map(|piece| piece.chunks(BLOCK)) {
        bytes.clear();
        block.iter().for_each(|&value| put(value, &mut bytes));
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// A file that is ready to be written.
#[derive(Debug)]
pub(super) struct TensorsFile<'a> {
    header: String,
    tensors: Vec<Tensor<'a>>,
}

impl TensorsFile<'_> {
    /// Writes all of it.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut out = Summed { out: BufWriter::new(out), hasher: crc32fast::Hasher::new() };
        out.write_all(&(self.header.len() as u64).to_le_bytes())?;
        out.write_all(self.header.as_bytes())?;
        self.tensors.iter().try_for_each(|tensor| tensor.pieces.write(&mut out))?;
        let crc = out.hasher.clone().finalize();
        out.write_all(&crc.to_le_bytes())?;
        out.flush()
    }
}

/// Bytes on their way out, summed as they pass.
struct Summed<W> {
    out: W,
    hasher: crc32fast::Hasher,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.out.write(bytes)?;
        self.hasher.update(bytes.split_at(len).0);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

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

impl StoredTensors {
    /// Opens a file that [`TensorsFile::write`] wrote.
    ///
    /// # Errors
    /// It is no such file, of a newer format, or damaged.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        let source = Source::open(path)?;
        let (header, offset) = read_header(&source)?;
        let notes = header.metadata().as_ref();
        let version = notes.and_then(|notes| notes.get(VERSION_KEY)?.parse::<u64>().ok());
        match version {
            None | Some(0) => return Err(Fault::broken("this is not a run that rvqscope has stored")),
            Some(newer) if newer > VERSION => return Err(Fault::Newer(newer)),
            Some(_) => {}
        }
        let expected = header.data_len() as u64;
        let found = source.len - offset;
        if expected > found {
            return Err(Problem::Truncated { what: "numbers", expected, found }.into());
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
        String::from_utf8(self.list(name)?).map_err(|_| Fault::broken(format!("{name} is not text")))
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
        self.places.get(name).ok_or_else(|| Fault::broken(format!("the file is damaged: it has no {name}")))
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
            return Err(Fault::broken(format!("the file is damaged: {name} is of another type")));
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
    Fault::broken(format!("the file is damaged: {name} is of another shape"))
}

/// The header and where the numbers begin. The header's own checks see to it that tensors neither overlap nor leave gaps.
fn read_header(source: &Source<'_>) -> Result<(Metadata, u64), Fault> {
    let mut file = &source.file;
    let rest = source.len.saturating_sub(LEN_SIZE + CHECKSUM_LEN);
    let mut len_bytes = [0u8; LEN_SIZE as usize];
    if rest == 0 {
        return Err(Fault::broken("the file is cut short: it has no header"));
    }
    file.read_exact(&mut len_bytes)?;
    let len = u64::from_le_bytes(len_bytes);
    if len > MAX_HEADER_LEN {
        return Err(Fault::broken("this is not a run that rvqscope has stored"));
    }
    if len > rest {
        return Err(Problem::Truncated { what: "its header", expected: len, found: rest }.into());
    }
    let mut text = Vec::new();
    file.take(len).read_to_end(&mut text)?;
    let header = serde_json::from_slice::<Metadata>(&text)
        .map_err(|err| Fault::broken(format!("the file is damaged: its header cannot be read ({err})")))?;
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
        Err(Fault::broken("the file is damaged: it does not match its checksum"))
    }
}
