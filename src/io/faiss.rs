//! FAISS indexes: the codebooks of residual, product and local search quantizers, and the vectors of flat indexes.
//!
//! An index begins with four letters that say what it is, then the fields of its class in their order.

use std::collections::BTreeMap;
use std::path::Path;

use super::model::{BEAM_KEY, INDEX_KEY, codebook_name};
use super::stored::{Header, StoredFile};
use super::tensors::{Stored, TensorInfo, Tensors};
use super::{Dtype, Opened, Problem, Reader, Source, recognise};
use crate::task::Task;
use crate::text::msg;

/// Reads the quantizer of a FAISS index.
#[derive(Debug, Clone, Copy)]
pub struct FaissReader;

/// Indexes whose quantizer is read.
const KINDS: [(&[u8; 4], &str); 5] = [
    (b"IxRq", "residual"),
    (b"IxLS", "local-search"),
    (b"IxPq", "product"),
    (b"IxF2", "flat"),
    (b"IxFl", "flat"),
];

/// More codebooks than any index has.
const MAX_BOOKS: u64 = 4096;

/// Bits of the code of one codebook.
const MAX_BITS: u64 = 24;

/// Euclidean distance, among FAISS's metrics.
const L2: u64 = 1;

impl Reader for FaissReader {
    fn id(&self) -> &'static str {
        "faiss"
    }

    fn label(&self) -> &'static str {
        "FAISS index" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["faiss", "index"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        // Letters, and a number of dimensions that is no text.
        matches!(head, [b'I', b'x' | b'w' | b'B', a, b, _, _, _, 0, ..] if a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric())
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        recognise::interpret(&open(source)?, &source.wanted, task)
    }

    fn tensors<'a>(
        &self,
        source: &'a Source<'_>,
        _task: &Task<'_>,
    ) -> Option<Result<Box<dyn Tensors + 'a>, Problem>> {
        Some(open(source).map(|file| Box::new(file) as Box<dyn Tensors>))
    }
}

/// Codebooks one behind the other in the file.
struct Books {
    /// Of the first number.
    offset: u64,
    /// Rows of each.
    rows: Vec<u64>,
    dim: u64,
    beam: Option<u64>,
}

fn open<'a>(source: &'a Source<'_>) -> Result<StoredFile<'a>, Problem> {
    let mut header = Header::new(source)?;
    let letters = header.bytes(4, 4)?;
    let Some((_, kind)) = KINDS.iter().find(|(known, _)| known.as_slice() == letters) else {
        return Err(Problem::Unsupported(msg!(
            "tensor-faiss-kind",
            kind = format!("{:?}", String::from_utf8_lossy(&letters))
        )));
    };
    let dim = header.number(4)?;
    header.skip(8 + 8 + 8)?;
    let is_trained = header.number(1)?;
    let metric = header.number(4)?;
    if metric != L2 {
        return Err(Problem::Unsupported(msg!("tensor-faiss-metric")));
    }
    if is_trained == 0 {
        return Err(Problem::Unsupported(msg!("tensor-faiss-untrained")));
    }
    let books = match *kind {
        "flat" => {
            let count = header.number(8)?;
            Books { offset: header.at, rows: vec![count / dim.max(1)], dim, beam: None }
        }
        "product" => product(&mut header, dim)?,
        _ => additive(&mut header, dim, *kind == "residual")?,
    };
    let mut stored = BTreeMap::new();
    let mut offset = books.offset;
    for (nth, &rows) in books.rows.iter().enumerate() {
        let bytes = rows.checked_mul(books.dim).and_then(|count| count.checked_mul(4));
        let end = bytes.and_then(|bytes| offset.checked_add(bytes)).filter(|end| *end <= source.len);
        let (Some(end), Ok(rows), Ok(dim)) = (end, usize::try_from(rows), usize::try_from(books.dim)) else {
            return Err(Problem::malformed(msg!("tensor-faiss-beyond")));
        };
        let info = TensorInfo { dtype: Dtype::F32, shape: vec![rows, dim] };
        stored.insert(codebook_name(nth), Stored { info, big_endian: false, fortran: false, offset });
        offset = end;
    }
    let mut notes = BTreeMap::from([(INDEX_KEY.to_owned(), (*kind).to_owned())]);
    notes.extend(books.beam.map(|beam| (BEAM_KEY.to_owned(), beam.to_string())));
    Ok(StoredFile::new(source, stored, notes))
}

/// `d`, `M`, `nbits`, and the centroids `[M, 2^nbits, d / M]`.
fn product(header: &mut Header<'_>, dim: u64) -> Result<Books, Problem> {
    let (same_dim, count, bits) = (header.number(8)?, header.number(8)?, header.number(8)?);
    let values = header.number(8)?;
    let width = dim / count.max(1);
    let is_sound =
        same_dim == dim && (1..=MAX_BOOKS).contains(&count) && bits <= MAX_BITS && width * count == dim;
    if !is_sound || values != (count << bits) * width {
        return Err(misfit());
    }
    Ok(Books {
        offset: header.at,
        rows: vec![1 << bits; usize::try_from(count).unwrap_or(0)],
        dim: width,
        beam: None,
    })
}

/// `d`, `M`, the bits of each codebook, and the codebooks one behind the other.
fn additive(header: &mut Header<'_>, dim: u64, is_residual: bool) -> Result<Books, Problem> {
    let (same_dim, count) = (header.number(8)?, header.number(8)?);
    if same_dim != dim || !(1..=MAX_BOOKS).contains(&count) || header.number(8)? != count {
        return Err(misfit());
    }
    let mut rows = Vec::new();
    for _ in 0..count {
        let bits = header.number(8)?;
        if bits > MAX_BITS {
            return Err(misfit());
        }
        rows.push(1u64 << bits);
    }
    let is_trained = header.number(1)?;
    let values = header.number(8)?;
    if is_trained == 0 || Some(values) != rows.iter().sum::<u64>().checked_mul(dim) {
        return Err(misfit());
    }
    let offset = header.at;
    let mut beam = None;
    if is_residual {
        header.skip(values.saturating_mul(4))?;
        // How norms are kept decides what follows; where they are quantized the beam lies behind tables of any length.
        let search = header.number(4)?;
        header.skip(4 + 4)?;
        const TABLES_FROM: u64 = 6;
        if search < TABLES_FROM {
            header.skip(4)?;
            beam = Some(header.number(4)?);
        }
    }
    Ok(Books { offset, rows, dim, beam })
}

fn misfit() -> Problem {
    Problem::malformed(msg!("tensor-faiss-misfit"))
}
