//! Tensors in safetensors files, and how near two of them are.

use std::path::Path;

use ndarray::{Array1, Array2, Array3, ArrayView1};
use safetensors::{Dtype, SafeTensors};

/// "Close to 1e-4": `max |a-b| / (1+|b|) <= 1e-4`.
const TOLERANCE: f64 = 1e-4;

/// A file's bytes, read.
pub(crate) struct Tensors(Vec<u8>);

impl Tensors {
    pub(crate) fn read(path: &Path) -> Self {
        Self(std::fs::read(path).unwrap_or_else(|err| panic!("{}: {err}", path.display())))
    }

    fn file(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.0).unwrap()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.file().tensor(name).is_ok()
    }

    /// The numbers of `name` and its shape without leading ones.
    fn floats(&self, name: &str) -> (Vec<usize>, Vec<f32>) {
        let file = self.file();
        let tensor = file.tensor(name).unwrap_or_else(|err| panic!("{name}: {err}"));
        assert_eq!(tensor.dtype(), Dtype::F32, "{name}");
        let values = tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        (tensor.shape().to_vec(), values.collect())
    }

    fn ints(&self, name: &str) -> (Vec<usize>, Vec<u32>) {
        let file = self.file();
        let tensor = file.tensor(name).unwrap_or_else(|err| panic!("{name}: {err}"));
        let values = match tensor.dtype() {
            Dtype::I16 => tensor
                .data()
                .chunks_exact(2)
                .map(|b| i16::from_le_bytes(b.try_into().unwrap()) as u32)
                .collect(),
            Dtype::I32 => tensor
                .data()
                .chunks_exact(4)
                .map(|b| i32::from_le_bytes(b.try_into().unwrap()) as u32)
                .collect(),
            Dtype::I64 => tensor
                .data()
                .chunks_exact(8)
                .map(|b| i64::from_le_bytes(b.try_into().unwrap()) as u32)
                .collect(),
            other => panic!("{name} is {other:?}"),
        };
        (tensor.shape().to_vec(), values)
    }

    pub(crate) fn vector(&self, name: &str) -> Array1<f32> {
        Array1::from(self.floats(name).1)
    }

    /// The last two axes; those before have length 1.
    pub(crate) fn matrix(&self, name: &str) -> Array2<f32> {
        let (shape, values) = self.floats(name);
        let [.., rows, cols] = shape[..] else { panic!("{name} is {shape:?}") };
        Array2::from_shape_vec((rows, cols), values).unwrap()
    }

    pub(crate) fn cube(&self, name: &str) -> Array3<f32> {
        let (shape, values) = self.floats(name);
        Array3::from_shape_vec((shape[0], shape[1], shape[2]), values).unwrap()
    }

    pub(crate) fn codes_vector(&self, name: &str) -> Vec<u32> {
        self.ints(name).1
    }

    pub(crate) fn codes(&self, name: &str) -> Array2<u32> {
        let (shape, values) = self.ints(name);
        Array2::from_shape_vec((shape[0], shape[1]), values).unwrap()
    }

    pub(crate) fn codes_cube(&self, name: &str) -> Array3<u32> {
        let (shape, values) = self.ints(name);
        Array3::from_shape_vec((shape[0], shape[1], shape[2]), values).unwrap()
    }
}

/// `ours` is close to `theirs`, number by number.
pub(crate) fn assert_close<'a>(
    ours: impl ExactSizeIterator<Item = &'a f32>,
    theirs: impl ExactSizeIterator<Item = &'a f32>,
    what: &str,
) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let mut worst = (0.0, 0.0, 0.0);
    for (&a, &b) in ours.zip(theirs) {
        let (a, b) = (f64::from(a), f64::from(b));
        let error = (a - b).abs() / (1.0 + b.abs());
        if error.is_nan() || error > worst.0 {
            worst = (error, a, b);
        }
    }
    let (error, a, b) = worst;
    assert!(error <= TOLERANCE, "{what}: {a} for {b}, which is {error:.1e} off");
}

/// How many codes differ.
pub(crate) fn disagreements(ours: &[u32], theirs: ArrayView1<'_, u32>) -> usize {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).filter(|(a, b)| a != b).count()
}
