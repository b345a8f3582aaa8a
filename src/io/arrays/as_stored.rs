//! How a file holds the arrays that were read of it, for whoever tells of the file.

use crate::io::Dtype;
use crate::io::tensors::TensorInfo;

/// How a file holds its numbers, where it holds them as arrays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AsStored {
    /// Their type; `None` for text, and where arrays differ.
    pub dtype: Option<Dtype>,
    /// All axes of the one array; `None` for several, and for what is no array.
    pub shape: Option<Vec<usize>>,
}

impl AsStored {
    /// How the arrays of these headers are held.
    pub(in crate::io) fn of<'a>(infos: impl IntoIterator<Item = &'a TensorInfo>) -> Self {
        let mut infos = infos.into_iter();
        let Some(first) = infos.next() else { return Self::default() };
        let (mut is_alike, mut is_alone) = (true, true);
        for other in infos {
            (is_alike, is_alone) = (is_alike && other.dtype == first.dtype, false);
        }
        Self { dtype: is_alike.then_some(first.dtype), shape: is_alone.then(|| first.shape.clone()) }
    }
}
