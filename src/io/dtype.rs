//! Number types as files hold them, and turning their bytes into the program's own.

use std::io::Read;

use half::{bf16, f16};

use super::Problem;
use crate::task::Task;
use crate::text::{Message, msg};

/// The type of a stored number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtype {
    /// Half precision.
    F16,
    /// bfloat16.
    Bf16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// A signed whole number of this many bytes: 1, 2, 4 or 8.
    Int(u8),
    /// An unsigned whole number of this many bytes: 1, 2, 4 or 8.
    Uint(u8),
    /// A type that is not read, by its name.
    Other(&'static str),
}

/// Bytes that are decoded at a time: progress and cancelling happen between blocks.
const BLOCK_BYTES: usize = 1 << 18;

/// Where a run of numbers lies and how it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) dtype: Dtype,
    pub(super) big_endian: bool,
    /// How many numbers.
    pub(super) count: usize,
    /// How many of them the file is known to hold: all, unless they are packed.
    pub(super) sure: usize,
    /// What progress calls it.
    pub(super) stage: &'a Message,
}

impl Dtype {
    /// Bytes of one number; 0 for a type that is not read.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Int(bytes) | Self::Uint(bytes) => usize::from(bytes),
            Self::Other(_) => 0,
        }
    }

    /// Its usual name: `f32`, `i64`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Int(1) => "i8",
            Self::Int(2) => "i16",
            Self::Int(4) => "i32",
            Self::Int(_) => "i64",
            Self::Uint(1) => "u8",
            Self::Uint(2) => "u16",
            Self::Uint(4) => "u32",
            Self::Uint(_) => "u64",
            Self::Other(name) => name,
        }
    }

    /// The type of real numbers that [`Dtype::name`] calls so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::F16, Self::Bf16, Self::F32, Self::F64].into_iter().find(|dtype| dtype.name() == name)
    }

    /// Whether it holds real numbers.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::Bf16 | Self::F32 | Self::F64)
    }

    /// Whether it holds whole numbers.
    #[must_use]
    pub fn is_int(self) -> bool {
        matches!(self, Self::Int(_) | Self::Uint(_))
    }
}

/// Real numbers as f32. NaN and infinities are kept; finite numbers beyond the range of f32 are refused.
pub(super) fn read_floats(src: &mut dyn Read, run: Run<'_>, task: &Task<'_>) -> Result<Vec<f32>, Problem> {
    match run.dtype {
        Dtype::F16 => decode(src, run, task, |b: [u8; 2], _| Ok(f16::from_le_bytes(b).to_f32())),
        Dtype::Bf16 => decode(src, run, task, |b: [u8; 2], _| Ok(bf16::from_le_bytes(b).to_f32())),
        Dtype::F32 => decode(src, run, task, |b: [u8; 4], _| Ok(f32::from_le_bytes(b))),
        Dtype::F64 => decode(src, run, task, |b: [u8; 8], at| narrow(f64::from_le_bytes(b), at)),
        other => Err(Problem::Unsupported(msg!("file-not-real", dtype = other.name()))),
    }
}

/// Whole numbers as token ids; those beyond 32 bits are refused.
pub(super) fn read_codes(src: &mut dyn Read, run: Run<'_>, task: &Task<'_>) -> Result<Vec<i32>, Problem> {
    match run.dtype {
        Dtype::Int(1) => decode(src, run, task, |b: [u8; 1], at| code(i8::from_le_bytes(b), at)),
        Dtype::Int(2) => decode(src, run, task, |b: [u8; 2], at| code(i16::from_le_bytes(b), at)),
        Dtype::Int(4) => decode(src, run, task, |b: [u8; 4], at| code(i32::from_le_bytes(b), at)),
        Dtype::Int(_) => decode(src, run, task, |b: [u8; 8], at| code(i64::from_le_bytes(b), at)),
        Dtype::Uint(1) => decode(src, run, task, |b: [u8; 1], at| code(b[0], at)),
        Dtype::Uint(2) => decode(src, run, task, |b: [u8; 2], at| code(u16::from_le_bytes(b), at)),
        Dtype::Uint(4) => decode(src, run, task, |b: [u8; 4], at| code(u32::from_le_bytes(b), at)),
        Dtype::Uint(_) => decode(src, run, task, |b: [u8; 8], at| code(u64::from_le_bytes(b), at)),
        other => Err(Problem::Unsupported(msg!("file-not-codes", dtype = other.name()))),
    }
}

fn decode<const SIZE: usize, T>(
    src: &mut dyn Read,
    run: Run<'_>,
    task: &Task<'_>,
    convert: impl Fn([u8; SIZE], usize) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    let mut values = Vec::with_capacity(run.count.min(run.sure));
    let mut block = vec![0u8; BLOCK_BYTES.min(run.count.saturating_mul(SIZE))];
    while values.len() < run.count {
        task.check()?;
        task.progress(run.stage.clone(), values.len(), run.count);
        let wanted = ((run.count - values.len()) * SIZE).min(block.len());
        let bytes = block.split_at_mut(wanted).0;
        src.read_exact(bytes)?;
        for number in bytes.as_chunks_mut::<SIZE>().0 {
            if run.big_endian {
                number.reverse();
            }
            values.push(convert(*number, values.len())?);
        }
    }
    task.progress(run.stage.clone(), run.count, run.count);
    Ok(values)
}

fn narrow(value: f64, at: usize) -> Result<f32, Problem> {
    let narrowed = value as f32;
    if value.is_finite() && narrowed.is_infinite() {
        let value = format!("{value:e}");
        return Err(Problem::Value(msg!("file-value-beyond-float", at = at, value = value)));
    }
    Ok(narrowed)
}

fn code<T: TryInto<i32> + Copy + std::fmt::Display>(value: T, at: usize) -> Result<i32, Problem> {
    value.try_into().map_err(|_| {
        let (value, most) = (value.to_string(), i32::MAX);
        Problem::Value(msg!("file-value-no-code", at = at, value = value, most = most))
    })
}
