//! The tensors that families write have parts in common, and limits.

use ndarray::ArrayBase;

use crate::io::tensors::NewTensor;
use crate::io::{Dtype, Problem};
use crate::rvq::{Codebook, Projection, Rvq};
use crate::text::{Phrase, msg, phrase};

/// Tensors under their names, in the order in which they are written.
pub(super) struct Named {
    dtype: Dtype,
    pub(super) tensors: Vec<NewTensor>,
}

impl Named {
    pub(super) fn new(dtype: Dtype) -> Self {
        Self { dtype, tensors: Vec::new() }
    }

    pub(super) fn push(&mut self, name: String, shape: Vec<usize>, values: impl IntoIterator<Item = f32>) {
        let (dtype, values) = (self.dtype, values.into_iter().collect());
        self.tensors.push(NewTensor { name, dtype, shape, values });
    }

    /// An array with axes of length 1 in front and behind.
    pub(super) fn array<D: ndarray::Dimension>(
        &mut self,
        name: String,
        front: &[usize],
        values: &ArrayBase<impl ndarray::Data<Elem = f32>, D>,
        behind: &[usize],
    ) {
        let shape = [front, values.shape(), behind].concat();
        self.push(name, shape, values.iter().copied());
    }
}

/// The rows and their EMA state, as f32.
pub(super) fn ema_buffers(named: &mut Named, start: &str, front: &[usize], codebook: &Codebook) {
    let sizes = codebook.cluster_size().mapv(|v| v as f32);
    let sums = codebook.embed_avg().mapv(|v| v as f32);
    named.array(format!("{start}cluster_size"), front, &sizes, &[]);
    named.array(format!("{start}embed"), front, &codebook.embed(), &[]);
    named.array(format!("{start}embed_avg"), front, &sums, &[]);
}

/// The maps `{start}{sides}` of a projection, if there is one.
pub(super) fn projection(
    named: &mut Named,
    start: &str,
    sides: [&str; 2],
    projection: Option<&Projection>,
    is_linear: bool,
) {
    let Some(p) = projection else { return };
    let behind: &[usize] = if is_linear { &[] } else { &[1] };
    let maps = [(&p.in_weight, &p.in_bias), (&p.out_weight, &p.out_bias)];
    for (side, (weight, bias)) in sides.into_iter().zip(maps) {
        named.array(format!("{start}{side}.weight"), &[], weight, behind);
        named.array(format!("{start}{side}.bias"), &[], bias, &[]);
    }
}

/// A family that keeps one chain of layers over the frames as they are.
pub(super) fn one_chain(family: &str, rvq: &Rvq) -> Result<(), Problem> {
    if rvq.common_stride() > 1 {
        return Err(cannot_hold(family, phrase!("layout-what-strides")));
    }
    one_strided_chain(family, rvq)
}

/// A family that keeps one chain of layers, each with a stride of its own, over the frames as they are.
pub(super) fn one_strided_chain(family: &str, rvq: &Rvq) -> Result<(), Problem> {
    match rvq.chains() {
        [chain] if chain.projection().is_none() => Ok(()),
        [_] => Err(cannot_hold(family, phrase!("layout-what-whole-projection"))),
        _ => Err(cannot_hold(family, phrase!("layout-what-chains"))),
    }
}

/// That a family has no place for something.
pub(super) fn cannot_hold(family: &str, what: Phrase) -> Problem {
    Problem::Unsupported(msg!("layout-cannot-hold", family = family, what = what))
}
