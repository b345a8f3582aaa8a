//! The few words of Python's pickle language, protocol 2, that a dictionary of tensors takes.

use super::super::tensors::NewTensor;
use super::Dtype;

/// A pickle that is being written.
pub(super) struct Pickle {
    bytes: Vec<u8>,
    /// Tensors so far; each has a storage of its own, named by its number.
    num_storages: usize,
}

impl Pickle {
    /// A pickle of nothing.
    pub(super) fn new() -> Self {
        Self { bytes: vec![0x80, 2], num_storages: 0 }
    }

    /// A plain dictionary of what `items` puts into it, keys and values in turn.
    pub(super) fn dict(&mut self, items: impl FnOnce(&mut Self)) {
        self.bytes.push(b'}');
        self.items(items);
    }

    /// A `collections.OrderedDict`, which a `state_dict` is.
    pub(super) fn ordered_dict(&mut self, items: impl FnOnce(&mut Self)) {
        self.empty_ordered_dict();
        self.items(items);
    }

    /// A text.
    pub(super) fn text(&mut self, text: &str) {
        self.bytes.push(b'X');
        self.bytes.extend((text.len() as u32).to_le_bytes());
        self.bytes.extend(text.bytes());
    }

    /// `torch._utils._rebuild_tensor_v2` on the next storage, row by row.
    pub(super) fn tensor(&mut self, tensor: &NewTensor) {
        self.global("torch._utils", "_rebuild_tensor_v2");
        self.bytes.push(b'(');
        self.storage(tensor);
        self.int(0);
        self.ints(&tensor.shape);
        self.ints(&row_major(&tensor.shape));
        // Needs no gradient, has no hooks.
        self.bytes.push(0x89);
        self.empty_ordered_dict();
        self.bytes.extend(*b"tR");
    }

    /// The finished pickle.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(b'.');
        self.bytes
    }

    fn items(&mut self, items: impl FnOnce(&mut Self)) {
        self.bytes.push(b'(');
        items(self);
        self.bytes.push(b'u');
    }

    fn empty_ordered_dict(&mut self) {
        self.global("collections", "OrderedDict"); // not a text
        self.bytes.extend(*b")R");
    }

    /// A persistent id: `('storage', class, name, 'cpu', numbers)`.
    fn storage(&mut self, tensor: &NewTensor) {
        let name = self.num_storages.to_string();
        self.num_storages += 1;
        self.bytes.push(b'(');
        self.text("storage");
        self.global("torch", storage_class(tensor.dtype));
        self.text(&name);
        self.text("cpu");
        self.int(tensor.values.len());
        self.bytes.extend(*b"tQ");
    }

    fn global(&mut self, module: &str, name: &str) {
        self.bytes.extend(format!("c{module}\n{name}\n").bytes());
    }

    fn ints(&mut self, numbers: &[usize]) {
        self.bytes.push(b'(');
        for &number in numbers {
            self.int(number);
        }
        self.bytes.push(b't');
    }

    fn int(&mut self, number: usize) {
        match (u8::try_from(number), u16::try_from(number), i32::try_from(number)) {
            (Ok(byte), _, _) => self.bytes.extend([b'K', byte]),
            (_, Ok(short), _) => {
                self.bytes.push(b'M');
                self.bytes.extend(short.to_le_bytes());
            }
            (_, _, Ok(int)) => {
                self.bytes.push(b'J');
                self.bytes.extend(int.to_le_bytes());
            }
            _ => {
                // A ninth byte keeps the sign bit clear.
                self.bytes.extend([0x8a, 9]);
                self.bytes.extend((number as u64).to_le_bytes());
                self.bytes.push(0);
            }
        }
    }
}

/// The steps, in elements, from one index of each axis to the next.
fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis].max(1);
    }
    strides
}

fn storage_class(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::F16 => "HalfStorage",      // not a text
        Dtype::Bf16 => "BFloat16Storage", // not a text
        Dtype::F64 => "DoubleStorage",    // not a text
        _ => "FloatStorage",              // not a text
    }
}
