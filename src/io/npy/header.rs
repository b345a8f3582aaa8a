//! The header of a `.npy` file: a Python dictionary literal behind a magic number, a version and a length.

use std::io::Read;

use crate::io::{Dtype, Problem};
use crate::text::{msg, phrase};

/// The first bytes of every `.npy` file.
pub(in crate::io) const MAGIC: &[u8] = b"\x93NUMPY";

/// NumPy itself refuses headers above 10 000 characters.
const MAX_HEADER_LEN: u64 = 1 << 20;

/// NumPy's own limit is 64.
const MAX_AXES: usize = 64;

/// What a header says; enough to map the numbers into memory instead of reading them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpyHeader {
    /// The type of the numbers.
    pub dtype: Dtype,
    /// Whether their highest byte comes first.
    pub big_endian: bool,
    /// Column by column instead of row by row.
    pub fortran: bool,
    /// The axes.
    pub shape: Vec<usize>,
    /// Where the numbers begin.
    pub data_offset: u64,
    /// Whether it says, in the way of `codes_header_bytes`, that these are codes `[layers, frames]`.
    pub states_codes: bool,
}

impl NpyHeader {
    /// Reads the header of a file of `file_len` bytes.
    ///
    /// # Errors
    /// It is cut short, breaks the format, or tells of numbers that are not read.
    pub fn read(src: &mut dyn Read, file_len: u64) -> Result<Self, Problem> {
        let (literal, data_offset) = dictionary(src, file_len)?;
        let (dtype, big_endian) = number_type(&literal.descr)?;
        let Dictionary { fortran_order: fortran, shape, is_shape_first, .. } = literal;
        let states_codes = is_shape_first && dtype == Dtype::Int(4) && shape.len() == 2;
        Ok(Self { dtype, big_endian, fortran, shape, data_offset, states_codes })
    }

    /// Where the pickle of an array of objects begins; `None` for an array of anything else.
    pub(in crate::io) fn pickle_offset(src: &mut dyn Read, file_len: u64) -> Option<u64> {
        let (literal, data_offset) = dictionary(src, file_len).ok()?;
        literal.descr.ends_with('O').then_some(data_offset)
    }

    /// Checks that a file of `file_len` bytes holds exactly the array.
    ///
    /// # Errors
    /// It is shorter, longer, or no file could hold it.
    pub fn check_size(&self, file_len: u64) -> Result<(), Problem> {
        let count = self.shape.iter().try_fold(1u64, |n, &len| n.checked_mul(len as u64));
        let Some(expected) = count.and_then(|n| n.checked_mul(self.dtype.size() as u64)) else {
            return Err(Problem::Malformed(msg!(
                "file-shape-beyond-counting",
                shape = format!("{:?}", self.shape)
            )));
        };
        let found = file_len.saturating_sub(self.data_offset);
        if found < expected {
            return Err(Problem::Truncated { what: phrase!("file-part-values"), expected, found });
        }
        if found > expected {
            let extra = found - expected;
            let (extra, shape) = (extra.to_string(), format!("{:?}", self.shape));
            return Err(Problem::Malformed(msg!("file-bytes-behind-array", n = extra, shape = shape)));
        }
        Ok(())
    }
}

/// The entries of a header, and where the numbers begin.
fn dictionary(src: &mut dyn Read, file_len: u64) -> Result<(Dictionary, u64), Problem> {
    let short = || Problem::Malformed(msg!("file-array-header-short"));
    let mut start = [0u8; 8];
    src.read_exact(&mut start).map_err(|_| short())?;
    let [.., major, _minor] = start;
    if !start.starts_with(MAGIC) || !(1..=3).contains(&major) {
        return Err(Problem::Unsupported(msg!("file-numpy-version", version = major)));
    }
    let mut len_bytes = [0u8; 4];
    let len_size = if major == 1 { 2 } else { 4 };
    src.read_exact(len_bytes.split_at_mut(len_size).0).map_err(|_| short())?;
    let len = u64::from(u32::from_le_bytes(len_bytes));
    let data_offset = (start.len() + len_size) as u64 + len;
    if data_offset > file_len {
        return Err(short());
    }
    if len > MAX_HEADER_LEN {
        return Err(Problem::Malformed(msg!("file-array-header-long", n = len.to_string())));
    }
    let mut text = Vec::new();
    src.take(len).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    Ok((Literal { rest: &text }.dictionary()?, data_offset))
}

/// A version 1 header for an array that is stored row by row, padded so that the numbers are aligned.
pub(in crate::io) fn header_bytes(descr: &str, shape: &[usize]) -> Vec<u8> {
    let axes = axes(shape);
    padded(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {axes}, }}")) // not a text
}

/// The same for codes, int32 `[layers, frames]`.
///
/// That this is so is written into the order of the three entries: every reader has to take them in any order, and NumPy's own writer, from which
/// arrays of unknown axes come, puts them in that of the alphabet.
pub(in crate::io) fn codes_header_bytes(shape: [usize; 2]) -> Vec<u8> {
    let axes = axes(&shape);
    padded(&format!("{{'shape': {axes}, 'fortran_order': False, 'descr': '<i4', }}")) // not a text
}

fn axes(shape: &[usize]) -> String {
    let axes = shape.iter().map(|len| format!("{len}, ")).collect::<String>();
    format!("({})", axes.trim_end())
}

fn padded(dictionary: &str) -> Vec<u8> {
    const ALIGNMENT: usize = 64;
    let mut text = dictionary.to_owned();
    let start = MAGIC.len() + 4;
    let padded = (start + text.len() + 1).next_multiple_of(ALIGNMENT) - start;
    text.push_str(&" ".repeat(padded - text.len() - 1));
    text.push('\n');
    // Two axes make some 120 characters, far below what version 1 can tell.
    let len = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [MAGIC, &[1, 0], &len.to_le_bytes(), text.as_bytes()].concat()
}

fn number_type(descr: &str) -> Result<(Dtype, bool), Problem> {
    let mut chars = descr.chars();
    let order = chars.next().unwrap_or(' ');
    let big_endian = match order {
        '<' | '|' => false,
        '>' => true,
        '=' => cfg!(target_endian = "big"),
        _ => return Err(Problem::Unsupported(msg!("file-array-type-unknown", descr = descr))),
    };
    let dtype = match chars.as_str() {
        "f2" => Dtype::F16,
        "f4" => Dtype::F32,
        "f8" => Dtype::F64,
        "i1" => Dtype::Int(1),
        "i2" => Dtype::Int(2),
        "i4" => Dtype::Int(4),
        "i8" => Dtype::Int(8),
        "u1" => Dtype::Uint(1),
        "u2" => Dtype::Uint(2),
        "u4" => Dtype::Uint(4),
        "u8" => Dtype::Uint(8),
        "O" => {
            return Err(Problem::Unsupported(msg!("file-array-of-objects", descr = descr)));
        }
        _ => return Err(Problem::Unsupported(msg!("file-array-of-no-numbers", descr = descr))),
    };
    Ok((dtype, big_endian))
}

/// The three entries of the dictionary.
struct Dictionary {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
    /// Whether the shape is the first of them.
    is_shape_first: bool,
}

/// A reader of the few Python literals that the format uses. Each method takes what it reads off `rest`.
struct Literal<'a> {
    rest: &'a str,
}

impl<'a> Literal<'a> {
    fn dictionary(mut self) -> Result<Dictionary, Problem> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        let mut is_shape_first = false;
        self.expect('{')?;
        while !self.take('}') {
            let key = self.string()?;
            self.expect(':')?;
            match key {
                "descr" => descr = Some(self.descr()?.to_owned()),
                "fortran_order" => fortran_order = Some(self.boolean()?),
                "shape" => {
                    is_shape_first = descr.is_none() && fortran_order.is_none();
                    shape = Some(self.tuple()?);
                }
                _ => return Err(malformed()),
            }
            if !self.take(',') {
                self.expect('}')?;
                break;
            }
        }
        match (descr, fortran_order, shape) {
            (Some(descr), Some(fortran_order), Some(shape)) if self.rest.trim().is_empty() => {
                Ok(Dictionary { descr, fortran_order, shape, is_shape_first })
            }
            _ => Err(malformed()),
        }
    }

    fn descr(&mut self) -> Result<&'a str, Problem> {
        if self.rest.trim_start().starts_with('[') {
            return Err(Problem::Unsupported(msg!("file-array-of-records")));
        }
        self.string()
    }

    fn take(&mut self, wanted: char) -> bool {
        let rest = self.rest.trim_start().strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, wanted: char) -> Result<(), Problem> {
        if self.take(wanted) { Ok(()) } else { Err(malformed()) }
    }

    fn string(&mut self) -> Result<&'a str, Problem> {
        let quote = if self.take('\'') { '\'' } else { '"' };
        if quote == '"' {
            self.expect('"')?;
        }
        let (text, rest) = self.rest.split_once(quote).ok_or_else(malformed)?;
        self.rest = rest;
        Ok(text)
    }

    fn boolean(&mut self) -> Result<bool, Problem> {
        const WORDS: [(&str, bool); 2] = [("True", true), ("False", false)]; // not a text
        let text = self.rest.trim_start();
        for (word, value) in WORDS {
            if let Some(rest) = text.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(malformed())
    }

    fn tuple(&mut self) -> Result<Vec<usize>, Problem> {
        let mut shape = Vec::new();
        self.expect('(')?;
        while !self.take(')') {
            let text = self.rest.trim_start();
            let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            let (number, rest) = text.split_at(digits);
            // Python 2 wrote long integers as `3L`.
            self.rest = rest.strip_prefix('L').unwrap_or(rest);
            shape.push(number.parse().map_err(|_| malformed())?);
            if shape.len() > MAX_AXES {
                return Err(malformed());
            }
            if !self.take(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }
}

fn malformed() -> Problem {
    Problem::Malformed(msg!("file-array-header-odd"))
}
