//! Numbers on their way out: cast to the type of the file, or refused where that would make infinities of them.

use half::{bf16, f16};

use super::super::tensors::NewTensor;
use super::{Dtype, Problem};
use crate::text::msg;

impl NewTensor {
    /// Whether its numbers fit its shape and their type.
    ///
    /// # Errors
    /// They do not; the sentence names the tensor and the first number that is out of range.
    pub fn check(&self) -> Result<(), Problem> {
        let Self { name, dtype, shape, values } = self;
        if shape.iter().product::<usize>() != values.len() {
            let len = values.len();
            let shape = format!("{shape:?}");
            return Err(Problem::Value(msg!("tensor-new-misfit", name = name, len = len, shape = shape)));
        }
        let Some(largest) = largest(*dtype) else {
            return Err(Problem::Unsupported(msg!("tensor-new-type", name = name, dtype = dtype.name())));
        };
        let Some(value) = values.iter().find(|value| !rounded(**value, *dtype).is_finite()) else {
            return Ok(());
        };
        if !value.is_finite() {
            return Err(Problem::Value(msg!("tensor-new-infinite", name = name)));
        }
        Err(Problem::Value(msg!(
            "tensor-new-overflow",
            name = name,
            dtype = dtype.name(),
            value = format!("{value:e}"),
            largest = format!("{largest:e}")
        )))
    }

    /// Its numbers as they lie in a file, the lowest byte first.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        bytes(&self.values, self.dtype)
    }
}

/// `values` as numbers of type `dtype`, the lowest byte first; nothing for a type that is not written.
pub(in crate::io) fn bytes(values: &[f32], dtype: Dtype) -> Vec<u8> {
    let each = values.iter();
    match dtype {
        Dtype::F16 => each.flat_map(|&v| f16::from_f32(v).to_le_bytes()).collect(),
        Dtype::Bf16 => each.flat_map(|&v| bf16::from_f32(v).to_le_bytes()).collect(),
        Dtype::F32 => each.flat_map(|v| v.to_le_bytes()).collect(),
        Dtype::F64 => each.flat_map(|&v| f64::from(v).to_le_bytes()).collect(),
        _ => Vec::new(),
    }
}

/// `value` as a reader of numbers of type `dtype` gets it back.
#[must_use]
pub fn rounded(value: f32, dtype: Dtype) -> f32 {
    match dtype {
        Dtype::F16 => f16::from_f32(value).to_f32(),
        Dtype::Bf16 => bf16::from_f32(value).to_f32(),
        _ => value,
    }
}

/// The largest finite number of a type that is written, as far as it is one of f32.
#[must_use]
pub fn largest(dtype: Dtype) -> Option<f64> {
    match dtype {
        Dtype::F16 => Some(f16::MAX.to_f64()),
        Dtype::Bf16 => Some(bf16::MAX.to_f64()),
        Dtype::F32 | Dtype::F64 => Some(f64::from(f32::MAX)),
        _ => None,
    }
}
