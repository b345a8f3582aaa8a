//! Views into storages: which of their axes lie how, and their numbers in the order of the axes.

use ndarray::{ArrayD, ArrayView, IxDyn, ShapeBuilder};

use super::super::Problem;
use super::tree::TensorView;
use crate::text::msg;

/// How the numbers of a view lie.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// In one piece without gaps, its axes in this order, the outermost first.
    Dense(Vec<usize>),
    /// With gaps, or over each other.
    Strided,
}

impl TensorView {
    /// How many numbers it has.
    pub(super) fn count(&self) -> u64 {
        // That this fits was checked when the file was opened.
        self.shape.iter().fold(1u64, |count, &len| count.saturating_mul(len as u64))
    }

    /// How many numbers lie from its first to its last; `None` if they are beyond counting.
    pub(super) fn span(&self) -> Option<u64> {
        if self.shape.contains(&0) {
            return Some(0);
        }
        let axes = self.shape.iter().zip(&self.strides);
        axes.filter(|axis| *axis.0 > 1).try_fold(1u64, |span, (&len, &stride)| {
            (len as u64 - 1).checked_mul(stride as u64)?.checked_add(span)
        })
    }

    /// How its numbers lie.
    pub(super) fn layout(&self) -> Layout {
        let mut order: Vec<usize> = (0..self.shape.len()).collect();
        let axis = |axis: usize| (self.shape.get(axis).copied(), self.strides.get(axis).copied());
        // Axes of length 1 may have any stride; they stay where they are among equals.
        order.sort_by_key(|&at| match axis(at) {
            (Some(1), _) => std::cmp::Reverse(usize::MAX),
            (_, stride) => std::cmp::Reverse(stride.unwrap_or(0)),
        });
        let mut step = 1usize;
        for &at in order.iter().rev() {
            let (Some(len), Some(stride)) = axis(at) else { return Layout::Strided };
            if len != 1 && stride != step {
                return Layout::Strided;
            }
            step = step.saturating_mul(len);
        }
        Layout::Dense(order)
    }

    /// The array that `values` make, which were read from its first number on.
    ///
    /// # Errors
    /// There are too few.
    pub(super) fn array<T: Clone>(&self, layout: &Layout, values: Vec<T>) -> Result<ArrayD<T>, Problem> {
        let misfit = |_| Problem::malformed(msg!("tensor-shape-misfit", shape = format!("{:?}", self.shape)));
        match layout {
            Layout::Dense(order) => {
                let shape: Vec<usize> =
                    order.iter().filter_map(|&axis| self.shape.get(axis).copied()).collect();
                let lying = ArrayD::from_shape_vec(IxDyn(&shape), values).map_err(misfit)?;
                let mut places = vec![0; order.len()];
                for (place, &axis) in order.iter().enumerate() {
                    if let Some(slot) = places.get_mut(axis) {
                        *slot = place;
                    }
                }
                Ok(lying.permuted_axes(IxDyn(&places)))
            }
            Layout::Strided => {
                let shape = IxDyn(&self.shape).strides(IxDyn(&self.strides));
                let view = ArrayView::from_shape(shape, &values).map_err(misfit)?;
                Ok(view.as_standard_layout().into_owned())
            }
        }
    }
}
