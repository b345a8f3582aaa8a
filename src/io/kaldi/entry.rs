//! One matrix or vector of an archive: its header, and its numbers, packed or not.

use std::fs::File;
use std::io::{BufRead, Read, Seek, SeekFrom};

use crate::io::dtype::{self, Run};
use crate::io::{Dtype, Problem};
use crate::task::Task;
use crate::text::{msg, phrase};

/// How numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// float32 or float64, row by row.
    Matrix(Dtype),
    /// A single row.
    Vector(Dtype),
    /// A byte a number, column by column behind four points of each column's distribution.
    Packed,
    /// 16 bits a number, row by row.
    Packed16,
    /// 8 bits a number, row by row.
    Packed8,
    /// int32, each behind its size.
    Ints,
    /// In memory already.
    Text,
}

/// Where one entry lies, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Of its first number; in bytes, or in numbers where they are in memory.
    pub(super) start: u64,
    /// The least number of a packed matrix, and from there to the largest.
    pub(super) range: (f32, f32),
}

/// What Kaldi writes in front of a 32-bit number, and numbers themselves.
const INT_SIZE: u8 = 4;

impl Kind {
    pub(super) fn dtype(self) -> Dtype {
        match self {
            Self::Ints => Dtype::Int(4),
            Self::Matrix(dtype) | Self::Vector(dtype) => dtype,
            _ => Dtype::F32,
        }
    }
}

impl Entry {
    /// Reads the header of an entry that begins at byte `at` of a file of `len` bytes.
    ///
    /// # Errors
    /// It is none of the kinds that are read, or longer than the file.
    pub(super) fn read(src: &mut impl Read, at: u64, len: u64) -> Result<Self, Problem> {
        let mut mark = [0; 2];
        read_exact(src, &mut mark)?;
        if mark != *b"\0B" {
            return Err(Problem::malformed(msg!("table-kaldi-no-entry-at", byte = at)));
        }
        let mut first = [0; 1];
        read_exact(src, &mut first)?;
        let mut start = at + 3;
        let entry = if first == [INT_SIZE] {
            let count = i32::from_le_bytes(bytes(src)?);
            start += 4;
            Self { kind: Kind::Ints, rows: 1, columns: count_of(count)?, start, range: (0.0, 0.0) }
        } else {
            let mut token = vec![first[0]];
            while token.last() != Some(&b' ') && token.len() < 8 {
                let mut next = [0; 1];
                read_exact(src, &mut next)?;
                token.extend(next);
                start += 1;
            }
            let (kind, is_packed) = match token.as_slice() {
                b"FM " => (Kind::Matrix(Dtype::F32), false),
                b"DM " => (Kind::Matrix(Dtype::F64), false),
                b"FV " => (Kind::Vector(Dtype::F32), false),
                b"DV " => (Kind::Vector(Dtype::F64), false),
                b"CM " => (Kind::Packed, true),
                b"CM2 " => (Kind::Packed16, true),
                b"CM3 " => (Kind::Packed8, true),
                other => {
                    let token = String::from_utf8_lossy(other).trim().to_owned();
                    return Err(Problem::Unsupported(msg!(
                        "table-kaldi-unknown-kind",
                        kind = format!("{token:?}")
                    )));
                }
            };
            let (rows, columns, range, size) = match (is_packed, kind) {
                (true, _) => {
                    let range = (f32::from_le_bytes(bytes(src)?), f32::from_le_bytes(bytes(src)?));
                    (i32::from_le_bytes(bytes(src)?), i32::from_le_bytes(bytes(src)?), range, 16)
                }
                (false, Kind::Vector(_)) => (1, sized(src)?, (0.0, 0.0), 5),
                (false, _) => (sized(src)?, sized(src)?, (0.0, 0.0), 10),
            };
            start += size;
            Self { kind, rows: count_of(rows)?, columns: count_of(columns)?, start, range }
        };
        match entry.end() {
            Ok(end) if end <= len => Ok(entry),
            Ok(end) => {
                Err(Problem::Truncated { what: phrase!("file-part-archive"), expected: end, found: len })
            }
            Err(problem) => Err(problem),
        }
    }

    /// The byte behind it.
    ///
    /// # Errors
    /// There is no such byte.
    pub(super) fn end(&self) -> Result<u64, Problem> {
        let (rows, columns) = (self.rows as u64, self.columns as u64);
        let count = rows.checked_mul(columns);
        let bytes = count.and_then(|count| match self.kind {
            Kind::Matrix(dtype) | Kind::Vector(dtype) => count.checked_mul(dtype.size() as u64),
            Kind::Packed => columns.checked_mul(8)?.checked_add(count),
            Kind::Packed16 => count.checked_mul(2),
            Kind::Packed8 => Some(count),
            Kind::Ints => count.checked_mul(5),
            Kind::Text => Some(0),
        });
        bytes
            .and_then(|bytes| bytes.checked_add(self.start))
            .ok_or_else(|| Problem::malformed(msg!("table-kaldi-entry-too-large")))
    }

    /// Its axes.
    pub(super) fn shape(&self) -> Vec<usize> {
        match self.kind {
            Kind::Vector(_) | Kind::Ints => vec![self.columns],
            _ => vec![self.rows, self.columns],
        }
    }

    /// Its numbers, row by row.
    ///
    /// # Errors
    /// They are no real numbers, or cannot be read.
    pub(super) fn floats(&self, file: &File, task: &Task<'_>) -> Result<Vec<f32>, Problem> {
        let count = self.rows * self.columns;
        let mut file = file;
        file.seek(SeekFrom::Start(self.start))?;
        let stage = msg!("stage-reading-archive");
        let run =
            |dtype: Dtype, count: usize| Run { dtype, big_endian: false, count, sure: count, stage: &stage };
        let (least, range) = self.range;
        let scaled =
            |values: Vec<f32>, most: f32| values.into_iter().map(|v| least + range * v / most).collect();
        let whole = |file: &mut &File, bytes: u8, count: usize| -> Result<Vec<f32>, Problem> {
            let values = dtype::read_codes(file, run(Dtype::Uint(bytes), count), task)?;
            Ok(values.into_iter().map(|v| v as f32).collect())
        };
        match self.kind {
            Kind::Matrix(dtype) | Kind::Vector(dtype) => {
                dtype::read_floats(&mut file, run(dtype, count), task)
            }
            Kind::Packed16 => Ok(scaled(whole(&mut file, 2, count)?, 65_535.0)),
            Kind::Packed8 => Ok(scaled(whole(&mut file, 1, count)?, 255.0)),
            Kind::Packed => {
                let points: Vec<f32> = scaled(whole(&mut file, 2, 4 * self.columns)?, 65_535.0);
                let bytes = whole(&mut file, 1, count)?;
                Ok(self.unpacked(&points, &bytes))
            }
            Kind::Ints | Kind::Text => Err(Problem::Unsupported(msg!("table-kaldi-whole-numbers"))),
        }
    }

    /// Numbers that a byte each tells of, between the least, the quartiles and the largest of their column.
    fn unpacked(&self, points: &[f32], bytes: &[f32]) -> Vec<f32> {
        let mut values = vec![0.0; bytes.len()];
        for (column, points) in points.chunks_exact(4).enumerate() {
            let &[least, lower, upper, most] = points else { continue };
            for row in 0..self.rows {
                let byte = bytes.get(column * self.rows + row).copied().unwrap_or(0.0);
                let value = match byte {
                    byte if byte <= 64.0 => least + (lower - least) * byte / 64.0,
                    byte if byte <= 192.0 => lower + (upper - lower) * (byte - 64.0) / 128.0,
                    byte => upper + (most - upper) * (byte - 192.0) / 63.0,
                };
                if let Some(place) = values.get_mut(row * self.columns + column) {
                    *place = value;
                }
            }
        }
        values
    }

    /// Its whole numbers.
    ///
    /// # Errors
    /// They are real, or cannot be read.
    pub(super) fn ints(&self, file: &File, task: &Task<'_>) -> Result<Vec<i32>, Problem> {
        if self.kind != Kind::Ints {
            return Err(Problem::Unsupported(msg!("table-kaldi-real-numbers")));
        }
        task.check()?;
        let mut file = file;
        file.seek(SeekFrom::Start(self.start))?;
        let mut bytes = vec![0; self.columns * 5];
        file.read_exact(&mut bytes)?;
        let number = |five: &[u8]| match *five {
            [INT_SIZE, a, b, c, d] => Ok(i32::from_le_bytes([a, b, c, d])),
            _ => Err(Problem::malformed(msg!("table-kaldi-number-without-size"))),
        };
        bytes.chunks_exact(5).map(number).collect()
    }
}

fn read_exact(src: &mut impl Read, bytes: &mut [u8]) -> Result<(), Problem> {
    src.read_exact(bytes).map_err(|_| Problem::malformed(msg!("table-kaldi-ends-in-entry")))
}

fn bytes(src: &mut impl Read) -> Result<[u8; 4], Problem> {
    let mut bytes = [0; 4];
    read_exact(src, &mut bytes)?;
    Ok(bytes)
}

/// A number behind its size.
fn sized(src: &mut impl Read) -> Result<i32, Problem> {
    let mut size = [0; 1];
    read_exact(src, &mut size)?;
    if size != [INT_SIZE] {
        return Err(Problem::malformed(msg!("table-kaldi-entry-without-size")));
    }
    Ok(i32::from_le_bytes(bytes(src)?))
}

fn count_of(count: i32) -> Result<usize, Problem> {
    usize::try_from(count).map_err(|_| Problem::malformed(msg!("table-kaldi-negative-count", count = count)))
}

/// The entries of a text archive: name, where its numbers begin and end in `values`, and how many make a row.
pub(super) type TextEntry = (String, usize, usize, usize);

/// Reads `name [ numbers, a line a row ]` again and again; the numbers go behind each other into `values`.
///
/// # Errors
/// It is none of that, or the task was cancelled.
pub(super) fn text(
    mut src: impl BufRead,
    len: u64,
    values: &mut Vec<f32>,
    task: &Task<'_>,
) -> Result<Vec<TextEntry>, Problem> {
    const MAX_LINE: u64 = 1 << 22;
    let mut entries: Vec<TextEntry> = Vec::new();
    let mut open: Option<(String, usize, usize)> = None;
    let mut line = String::new();
    for number in 1u64.. {
        task.check()?;
        line.clear();
        let taken = (&mut src).take(MAX_LINE).read_line(&mut line)?;
        if taken == 0 {
            break;
        }
        if taken as u64 == MAX_LINE {
            return Err(Problem::malformed(msg!("table-kaldi-line-too-long", line = number)));
        }
        let mut fields = line.split_ascii_whitespace().peekable();
        if fields.peek().is_none() {
            continue;
        }
        let (key, start, mut columns) = match open.take() {
            Some(open) => open,
            None => {
                let key = fields.next().unwrap_or_default().to_owned();
                if fields.next() != Some("[") {
                    return Err(Problem::malformed(msg!("table-kaldi-line-names-nothing", line = number)));
                }
                (key, values.len(), 0)
            }
        };
        let before = values.len();
        let no_number = || Problem::malformed(msg!("table-kaldi-line-no-number", line = number));
        let mut is_closed = false;
        for field in fields {
            match field {
                "]" => is_closed = true,
                field => values.push(field.parse().map_err(|_| no_number())?),
            }
        }
        let in_line = values.len() - before;
        if in_line > 0 {
            if columns != 0 && in_line != columns {
                return Err(Problem::malformed(msg!(
                    "table-kaldi-line-other-columns",
                    line = number,
                    found = in_line,
                    before = columns
                )));
            }
            columns = in_line;
        }
        if is_closed {
            let most = 20_000 + len / 64;
            if entries.len() as u64 >= most {
                return Err(Problem::malformed(msg!("table-kaldi-line-too-many-entries", line = number)));
            }
            entries.push((key, start, columns, values.len()));
        } else {
            open = Some((key, start, columns));
        }
    }
    if open.is_some() {
        return Err(Problem::malformed(msg!("table-kaldi-ends-in-entry")));
    }
    Ok(entries)
}
