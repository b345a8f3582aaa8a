//! Named arrays of a file that had to be taken apart to find them: they are held in memory, four bytes a number.

use std::collections::BTreeMap;

use ndarray::ArrayD;

use super::tensors::{TensorInfo, Tensors};
use super::{Dtype, Problem};
use crate::task::Task;
use crate::text::msg;

/// What names may take: so many times the file's size, and so much on top. One key may stand in front of very many names.
const NAME_TIMES: u64 = 16;
const NAME_SLACK: u64 = 4 << 20;

/// Names of fields that name the clip that a record is of.
pub(super) const NAME_FIELDS: [&str; 7] = ["id", "utt", "utt_id", "name", "key", "audio", "path"];

/// One number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Whole(i32),
    Real(f32),
}

/// Numbers of one kind.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    Whole(Vec<i32>),
    Real(Vec<f32>),
}

/// Arrays by their names.
pub(super) struct HeldArrays {
    arrays: BTreeMap<String, (Vec<usize>, Values)>,
    infos: BTreeMap<String, TensorInfo>,
    metadata: BTreeMap<String, String>,
    /// Bytes that names may still take.
    room: u64,
}

impl Number {
    /// A whole number as what it can be: codes are of 32 bits, and what is beyond them (times in milliseconds and the like) is no code.
    pub(super) fn whole(number: i64) -> Self {
        i32::try_from(number).map_or(Self::Real(number as f32), Self::Whole)
    }
}

impl Values {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Whole(values) => values.len(),
            Self::Real(values) => values.len(),
        }
    }

    /// Adds a number; the first real one makes all of them real.
    pub(super) fn push(&mut self, number: Number) {
        match (&mut *self, number) {
            (Self::Whole(values), Number::Whole(number)) => grow(values, number),
            (Self::Real(values), Number::Whole(number)) => grow(values, number as f32),
            (Self::Real(values), Number::Real(number)) => grow(values, number),
            (Self::Whole(values), Number::Real(number)) => {
                let mut real: Vec<f32> = values.iter().map(|&v| v as f32).collect();
                grow(&mut real, number);
                *self = Self::Real(real);
            }
        }
    }

    pub(super) fn extend(&mut self, other: &Self) {
        match other {
            Self::Whole(numbers) => numbers.iter().for_each(|&number| self.push(Number::Whole(number))),
            Self::Real(numbers) => numbers.iter().for_each(|&number| self.push(Number::Real(number))),
        }
    }

    /// Those from `start` on, `len` of them.
    pub(super) fn part(&self, start: usize, len: usize) -> Self {
        let range = start..start + len;
        match self {
            Self::Whole(values) => Self::Whole(values.get(range).unwrap_or_default().to_vec()),
            Self::Real(values) => Self::Real(values.get(range).unwrap_or_default().to_vec()),
        }
    }
}

/// Adds a number; room grows by a quarter, so that it stays in proportion to the file.
fn grow<T>(values: &mut Vec<T>, value: T) {
    const LEAST: usize = 16;
    if values.len() == values.capacity() {
        values.reserve_exact((values.len() / 4).max(LEAST));
    }
    values.push(value);
}

impl HeldArrays {
    /// None yet, of a file of so many bytes.
    pub(super) fn new(file_len: u64) -> Self {
        Self {
            arrays: BTreeMap::new(),
            infos: BTreeMap::new(),
            metadata: BTreeMap::new(),
            room: file_len.saturating_mul(NAME_TIMES).saturating_add(NAME_SLACK),
        }
    }

    /// Counts a name against what names may take.
    ///
    /// # Errors
    /// They take far more room than the file.
    pub(super) fn charge(&mut self, name: &str) -> Result<(), Problem> {
        let room = self.room.checked_sub(name.len() as u64);
        self.room = room.ok_or_else(|| Problem::Malformed(msg!("file-names-too-long")))?;
        Ok(())
    }

    /// Takes in an array, in the place of one of the same name.
    pub(super) fn put(&mut self, name: String, shape: Vec<usize>, values: Values) {
        let dtype = match values {
            Values::Whole(_) => Dtype::Int(4),
            Values::Real(_) => Dtype::F32,
        };
        self.infos.insert(name.clone(), TensorInfo { dtype, shape: shape.clone() });
        self.arrays.insert(name, (shape, values));
    }

    fn array(&self, name: &str) -> Result<&(Vec<usize>, Values), Problem> {
        self.arrays
            .get(name)
            .ok_or_else(|| Problem::Malformed(msg!("file-no-array", name = format!("{name:?}"))))
    }
}

impl Tensors for HeldArrays {
    fn infos(&self) -> &BTreeMap<String, TensorInfo> {
        &self.infos
    }

    fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    fn floats(&self, name: &str, _task: &Task<'_>) -> Result<ArrayD<f32>, Problem> {
        let (shape, values) = self.array(name)?;
        let values = match values {
            Values::Whole(values) => values.iter().map(|&v| v as f32).collect(),
            Values::Real(values) => values.clone(),
        };
        shaped(shape, values)
    }

    fn codes(&self, name: &str, _task: &Task<'_>) -> Result<ArrayD<i32>, Problem> {
        match self.array(name)? {
            (shape, Values::Whole(values)) => shaped(shape, values.clone()),
            _ => Err(Problem::Unsupported(msg!("file-array-not-codes", name = name))),
        }
    }
}

fn shaped<T>(shape: &[usize], values: Vec<T>) -> Result<ArrayD<T>, Problem> {
    ArrayD::from_shape_vec(shape, values).map_err(|_| Problem::Malformed(msg!("file-rows-differ")))
}
