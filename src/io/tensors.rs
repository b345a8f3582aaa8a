//! Named tensors, whatever container they lie in, and what such a set of tensors amounts to.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom};

use ndarray::{ArrayD, IxDyn, ShapeBuilder};

use super::dtype::{self, Run};
use super::{Dtype, Need, Opened, Problem, ReadAs, Wanted, arrays, model};
use crate::task::Task;

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

/// What a container holds: a quantizer, the one at `wanted.quantizer` where there are several, or features or codes.
///
/// # Errors
/// Neither, or what it is cannot be read.
pub(super) fn interpret(
    tensors: &dyn Tensors,
    wanted: &Wanted<'_>,
    task: &Task<'_>,
) -> Result<Opened, Problem> {
    let is_data = matches!(wanted.read_as, Some(ReadAs::Features | ReadAs::Codes));
    let model = if is_data { None } else { model::find(tensors, wanted.quantizer, task)? };
    if let Some(mut model) = model {
        // Codebooks that nothing but their shapes tells from clips of features are those where a quantizer can be used.
        let is_bare = model.info.family == model::BARE;
        if !(is_bare && !wanted.may_be_bare_model()) {
            if is_bare && !wanted.wants_model() {
                model.info.findings.push(
                    "These arrays have the shapes of codebooks and of clips of features alike, and were taken for codebooks; --as features reads them as clips"
                        .to_owned(),
                );
            }
            return Ok(Opened::Model(model));
        }
    }
    let data = if wanted.wants_model() { None } else { arrays::of_tensors(tensors, wanted, task)? };
    if let Some(data) = data {
        return Ok(data);
    }
    let mut infos = tensors.infos().iter();
    match (infos.next(), infos.next()) {
        (Some((name, info)), None) if !(info.dtype.is_float() || info.dtype.is_int()) => {
            Err(Problem::Unsupported(format!(
                "the only tensor, {name:?}, is of type {}, which is neither features nor codes",
                info.dtype.name()
            )))
        }
        _ if is_data || matches!(wanted.need, Need::Frames | Need::Codes) => Err(Problem::Unsupported(
            format!("there are no {} in this file; it holds {}", wanted.what(), summary(tensors)),
        )),
        _ => Err(Problem::NoQuantizer { found: summary(tensors) }),
    }
}

impl Stored {
    /// Reads it as real numbers. That the file is long enough was checked when its header was read.
    pub(super) fn floats(&self, file: &File, stage: &str, task: &Task<'_>) -> Result<ArrayD<f32>, Problem> {
        self.array(dtype::read_floats(&mut self.seek(file)?, self.run(stage), task)?)
    }

    /// Reads it as token ids.
    pub(super) fn codes(&self, file: &File, stage: &str, task: &Task<'_>) -> Result<ArrayD<i32>, Problem> {
        self.array(dtype::read_codes(&mut self.seek(file)?, self.run(stage), task)?)
    }

    /// Where it lies.
    pub(super) fn placed(&self) -> Placed {
        let shape = self.info.shape.clone();
        let mut strides = vec![1; shape.len()];
        let mut step = 1;
        let axes: Vec<usize> =
            if self.fortran { (0..shape.len()).collect() } else { (0..shape.len()).rev().collect() };
        for axis in axes {
            strides[axis] = step;
            step *= shape[axis];
        }
        let (dtype, big_endian, offset) = (self.info.dtype, self.big_endian, self.offset);
        Placed { dtype, big_endian, shape, strides, offset, entry: None }
    }

    /// What there is to be decoded.
    pub(super) fn run<'a>(&self, stage: &'a str) -> Run<'a> {
        let count = self.info.shape.iter().product();
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
            Problem::malformed(format!("the shape {:?} does not fit its values", self.info.shape))
        })
    }
}

/// What a file without a quantizer holds, for a sentence: what it is known to be, or a few tensor names.
fn summary(tensors: &dyn Tensors) -> String {
    const SHOWN: usize = 4;
    /// A name can be as long as the file.
    const NAME_CHARS: usize = 80;
    let infos = tensors.infos();
    if infos.is_empty()
        && let Some(model) = tensors.metadata().get("pretrained")
    {
        let model: String = model.chars().take(NAME_CHARS).collect();
        return format!(
            "no tensor at all, only the name of the model it stands for, {model}; open that one's own file"
        );
    }
    if infos.keys().any(|name| name.contains(".lora_A.") || name.contains(".lora_B.")) {
        return "LoRA weights, which change a base model that is another file; the quantizer is in that one"
            .to_owned();
    }
    if infos.is_empty() {
        return "no tensor at all".to_owned();
    }
    let names = infos.keys().take(SHOWN).map(|name| name.chars().take(NAME_CHARS).collect::<String>());
    let names = names.collect::<Vec<_>>().join(", ");
    match infos.len() {
        1 => format!("one tensor, {names}"),
        count if count <= SHOWN => format!("{count} tensors, {names}"),
        count => format!("{count} tensors, such as {names}"),
    }
}
