//! The container of a stored run on its way out: `.safetensors` with numbers of every type that a run has, closed by a checksum.
//!
//! The readers and writers of `io` know quantizers, whose numbers become f32. Here every number comes back as it was, so each keeps its type.
//! The last four bytes are the CRC-32 of all bytes before them, so that a bit that turned over on the disk is damage and not another run.

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};

use ndarray::{ArrayView1, ArrayView2};
use safetensors::tensor::Dtype;
use serde_json::{Map, Value, json};

use super::error::{Fault, VERSION};
use crate::text::msg;

/// The key in the header's notes that tells a stored run from other files, and its format.
pub(super) const VERSION_KEY: &str = "rvqscope.store";

/// The tensor that closes the file.
const CHECKSUM: &str = "checksum";

/// Bytes of the checksum.
pub(super) const CHECKSUM_LEN: u64 = 4;

/// Bytes of the header's length, which is what the file begins with.
pub(super) const LEN_SIZE: u64 = 8;

/// Room for some 20 000 tensors. A parsed header takes several times its length in memory.
pub(super) const MAX_HEADER_LEN: u64 = 2 << 20;

/// Numbers that are turned into bytes, or read from them, at once.
pub(super) const BLOCK: usize = 1 << 14;

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

    pub(super) fn put_u64_owned(&mut self, name: String, values: Vec<u64>) {
        self.put(name, vec![values.len()], Pieces::U64(vec![values.into()]));
    }

    /// A table of u32, row by row.
    pub(super) fn put_u32_rows(
        &mut self,
        name: String,
        shape: [usize; 2],
        rows: impl Iterator<Item = &'a [u32]>,
    ) {
        self.put(name, shape.to_vec(), Pieces::U32(rows.map(Cow::Borrowed).collect()));
    }

    /// A table of f32, row by row.
    pub(super) fn put_f32_rows(
        &mut self,
        name: String,
        shape: [usize; 2],
        rows: impl Iterator<Item = &'a [f32]>,
    ) {
        self.put(name, shape.to_vec(), Pieces::F32(rows.map(Cow::Borrowed).collect()));
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
            return Err(Fault::Unfit(msg!("err-too-many-parts", n = self.0.len())));
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
