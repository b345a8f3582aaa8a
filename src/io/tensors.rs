//! Named tensors, whatever container they lie in.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom};

use ndarray::{ArrayD, IxDyn, ShapeBuilder};

use super::dtype::{self, Run};
use super::{Dtype, Problem};
use crate::task::Task;
use crate::text::{Message, msg};

/// A tensor before its values are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// The type of its numbers.
    pub dtype: Dtype,
    /// Its axes.
    pub shape: Vec<usize>,
}

/// A container: tensors by name, each read when it is asked for.
pub trait Tensors {
    /// Every tensor, by name.
    fn infos(&self) -> &BTreeMap<String, TensorInfo>;

    /// Free-form notes of the file.
    fn metadata(&self) -> &BTreeMap<String, String>;

    /// The real numbers of one tensor.
    ///
    /// # Errors
    /// It is not there, holds no real numbers, or cannot be read.
    fn floats(&self, name: &str, task: &Task<'_>) -> Result<ArrayD<f32>, Problem>;

    /// The whole numbers of one tensor: token ids, and below 0 what stands for none.
    ///
    /// # Errors
    /// It is not there, holds no whole numbers, or cannot be read.
    fn codes(&self, name: &str, task: &Task<'_>) -> Result<ArrayD<i32>, Problem>;

    /// Where the numbers of one tensor lie; `None` where they cannot be overwritten in place (compressed, not in one piece of the file).
    fn placed(&self, _name: &str) -> Option<Placed> {
        None
    }
}

/// Where the numbers of one tensor lie in its file, for whoever puts others in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The type of its numbers.
    pub dtype: Dtype,
    /// Whether their highest byte comes first.
    pub big_endian: bool,
    /// Its axes.
    pub shape: Vec<usize>,
    /// From one index of each axis to the next, in elements.
    pub strides: Vec<usize>,
    /// Of element `[0, .., 0]` in the file, in bytes.
    pub offset: u64,
    /// The stored entry of a zip archive that it lies in, whose CRC must follow.
    pub entry: Option<ZipEntry>,
}

/// An entry of a zip archive that is stored as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZipEntry {
    /// Of its local header in the file.
    pub header_offset: u64,
    /// Of its record in the central directory.
    pub central_offset: u64,
    /// Of its first byte.
    pub data_offset: u64,
    /// Its length in bytes.
    pub len: u64,
}

/// A tensor to be written: values in f32, cast to `dtype` on the way out.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTensor {
    /// Its name.
    pub name: String,
    /// The type of its numbers in the file.
    pub dtype: Dtype,
    /// Its axes.
    pub shape: Vec<usize>,
    /// Its numbers, row by row.
    pub values: Vec<f32>,
}

/// Where the numbers of one tensor lie in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) info: TensorInfo,
    pub(super) big_endian: bool,
    /// Column by column.
    pub(super) fortran: bool,
    pub(super) offset: u64,
}

impl Stored {
    /// Reads it as real numbers. That the file is long enough was checked when its header was read.
    pub(super) fn floats(
        &self,
        file: &File,
        stage: &Message,
        task: &Task<'_>,
    ) -> Result<ArrayD<f32>, Problem> {
        self.array(dtype::read_floats(&mut self.seek(file)?, self.run(stage), task)?)
    }

    /// Reads it as token ids.
    pub(super) fn codes(
        &self,
        file: &File,
        stage: &Message,
        task: &Task<'_>,
    ) -> Result<ArrayD<i32>, Problem> {
        self.array(dtype::read_codes(&mut self.seek(file)?, self.run(stage), task)?)
    }

    /// Where it lies.
    pub(super) fn placed(&self) -> Placed {
        let shape = self.info.shape.clone();
        let mut strides = vec![1; shape.len()];
        let mut step = 1usize;
        let axes: Vec<usize> =
            if self.fortran { (0..shape.len()).collect() } else { (0..shape.len()).rev().collect() };
        for axis in axes {
            strides[axis] = step;
            // Beside an axis of length 0 the others may have any length.
            step = step.saturating_mul(shape[axis]);
        }
        let (dtype, big_endian, offset) = (self.info.dtype, self.big_endian, self.offset);
        Placed { dtype, big_endian, shape, strides, offset, entry: None }
    }

    /// What there is to be decoded.
    pub(super) fn run<'a>(&self, stage: &'a Message) -> Run<'a> {
        // What is of a type that is not read may tell of any shape.
        let count = self.info.shape.iter().fold(1usize, |count, &len| count.saturating_mul(len));
        Run { dtype: self.info.dtype, big_endian: self.big_endian, count, sure: count, stage }
    }

    fn seek<'a>(&self, mut file: &'a File) -> Result<&'a File, Problem> {
        file.seek(SeekFrom::Start(self.offset))?;
        Ok(file)
    }

    /// Its values, as they were decoded, in its shape.
    pub(super) fn array<T>(&self, values: Vec<T>) -> Result<ArrayD<T>, Problem> {
        let shape = IxDyn(&self.info.shape).set_f(self.fortran);
        ArrayD::from_shape_vec(shape, values).map_err(|_| {
            Problem::Malformed(msg!("file-shape-misfit", shape = format!("{:?}", self.info.shape)))
        })
    }
}
