//! What a pickle builds: values, and the heap of those that hold others. Texts stay in the pickle's bytes.

use std::collections::BTreeMap;

use super::super::{Dtype, Problem};
use crate::text::msg;

/// A value; small ones by themselves, others by their place on the heap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a [u8]),
    Bytes(&'a [u8]),
    Node(usize),
}

/// A value on the heap.
#[derive(Debug)]
pub(super) enum Node<'a> {
    Tuple(Vec<Value<'a>>),
    List(Vec<Value<'a>>),
    Dict(Vec<(Value<'a>, Value<'a>)>),
    /// A class or function, by name only: none is ever looked up or called.
    Global(&'a [u8], &'a [u8]),
    Storage(StorageRef<'a>),
    Tensor(Box<TensorRef<'a>>),
    /// An instance of a class that is not known.
    Object(Box<Object<'a>>),
    /// Bytes as a text of as many characters, in UTF-8.
    Latin(&'a [u8]),
    /// A type of NumPy's, and whether the highest byte of its numbers comes first.
    NumberType(&'a [u8], bool),
    /// An array of NumPy's whose numbers lie in the pickle.
    Array(Box<ArrayRef<'a>>),
    /// Anything else: sets, numbers of any length.
    Opaque,
}

/// An instance of a class that is not known.
#[derive(Debug, Default)]
pub(super) struct Object<'a> {
    /// What was put into it as into a dictionary.
    pub(super) items: Vec<(Value<'a>, Value<'a>)>,
    /// What was put into it as into a list.
    pub(super) elements: Vec<Value<'a>>,
    /// Its attributes, where they were set.
    pub(super) state: Option<Value<'a>>,
}

/// An array of NumPy's, as far as the pickle has told of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ArrayRef<'a> {
    pub(super) shape: Vec<usize>,
    /// What one number is, and whether its highest byte comes first; `None` for what is no number.
    pub(super) element: Option<(Element, bool)>,
    /// Column by column.
    pub(super) fortran: bool,
    /// Its numbers; `None` before they were told.
    pub(super) data: Option<Value<'a>>,
    /// Whether joblib writes the numbers behind the pickled array, and not into it.
    pub(super) is_behind: bool,
}

/// A storage that a pickle names, and that lies outside of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct StorageRef<'a> {
    pub(super) key: &'a [u8],
    pub(super) element: Element,
    /// How many numbers it holds, as the pickle says.
    pub(super) count: u64,
    /// Where a view into another storage begins, in elements; old files only.
    pub(super) start: u64,
}

/// A tensor as a view into a storage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TensorRef<'a> {
    pub(super) storage: &'a [u8],
    pub(super) element: Element,
    /// Of its first number, in elements.
    pub(super) offset: u64,
    pub(super) shape: Vec<usize>,
    /// In elements.
    pub(super) strides: Vec<usize>,
}

/// What one number of a storage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) dtype: Dtype,
    /// In bytes, also for types that are not read.
    pub(super) size: u8,
}

/// The heap of a pickle, with the memory that may be spent on it.
#[derive(Debug)]
pub(super) struct Heap<'a> {
    nodes: Vec<Node<'a>>,
    /// Every storage that was named, by its key.
    pub(super) storages: BTreeMap<&'a [u8], StorageRef<'a>>,
    budget: u64,
}

/// What a value costs where it is held.
pub(super) const VALUE_COST: u64 = size_of::<Value<'static>>() as u64;
/// What a node costs, room to grow included.
const NODE_COST: u64 = 2 * size_of::<Node<'static>>() as u64;
/// PyTorch's own limit.
const MAX_AXES: usize = 64;

impl Element {
    /// The type of `torch.{name}`, which names a storage class or a dtype.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let (dtype, size) = match name {
            b"FloatStorage" | b"float32" => (Dtype::F32, 4),
            b"DoubleStorage" | b"float64" => (Dtype::F64, 8),
            b"HalfStorage" | b"float16" => (Dtype::F16, 2),
            b"BFloat16Storage" | b"bfloat16" => (Dtype::Bf16, 2),
            b"CharStorage" | b"int8" => (Dtype::Int(1), 1),
            b"ShortStorage" | b"int16" => (Dtype::Int(2), 2),
            b"IntStorage" | b"int32" => (Dtype::Int(4), 4),
            b"LongStorage" | b"int64" => (Dtype::Int(8), 8),
            b"ByteStorage" | b"uint8" => (Dtype::Uint(1), 1),
            b"uint16" => (Dtype::Uint(2), 2),
            b"uint32" => (Dtype::Uint(4), 4),
            b"uint64" => (Dtype::Uint(8), 8),
            b"BoolStorage" | b"bool" => (Dtype::Other("bool"), 1),
            b"ComplexFloatStorage" | b"complex64" => (Dtype::Other("complex"), 8),
            b"ComplexDoubleStorage" | b"complex128" => (Dtype::Other("complex"), 16),
            b"QInt8Storage" | b"QUInt8Storage" | b"qint8" | b"quint8" => (Dtype::Other("quantized"), 1),
            b"QInt32Storage" | b"qint32" => (Dtype::Other("quantized"), 4),
            b"UntypedStorage" => (Dtype::Other("untyped"), 1),
            b"float8_e4m3fn" | b"float8_e5m2" | b"float8_e4m3fnuz" | b"float8_e5m2fnuz" => {
                (Dtype::Other("8-bit float"), 1) // not a text
            }
            _ => return None,
        };
        Some(Self { dtype, size })
    }
}

impl Element {
    /// The type that NumPy calls `f4`, say.
    pub(super) fn of_numpy(name: &[u8]) -> Option<Self> {
        let dtype = match name {
            b"f2" => Dtype::F16,
            b"f4" => Dtype::F32,
            b"f8" => Dtype::F64,
            b"i1" => Dtype::Int(1),
            b"i2" => Dtype::Int(2),
            b"i4" => Dtype::Int(4),
            b"i8" => Dtype::Int(8),
            b"u1" => Dtype::Uint(1),
            b"u2" => Dtype::Uint(2),
            b"u4" => Dtype::Uint(4),
            b"u8" => Dtype::Uint(8),
            _ => return None,
        };
        Some(Self { dtype, size: u8::try_from(dtype.size()).unwrap_or(0) })
    }
}

impl<'a> Heap<'a> {
    /// An empty one that may take about `budget` bytes.
    pub(super) fn new(budget: u64) -> Self {
        Self { nodes: Vec::new(), storages: BTreeMap::new(), budget }
    }

    /// Takes `cost` bytes off what may be spent.
    ///
    /// # Errors
    /// Nothing is left: the pickle makes far more of its bytes than a checkpoint does.
    pub(super) fn charge(&mut self, cost: u64) -> Result<(), Problem> {
        self.budget =
            self.budget.checked_sub(cost).ok_or_else(|| Problem::malformed(msg!("tensor-pickle-builds")))?;
        Ok(())
    }

    /// Puts a node on the heap.
    pub(super) fn put(&mut self, node: Node<'a>) -> Result<Value<'a>, Problem> {
        let held = match &node {
            Node::Tuple(values) | Node::List(values) => values.len(),
            Node::Dict(pairs) => 2 * pairs.len(),
            Node::Tensor(tensor) => 5 + tensor.shape.len(),
            Node::Object(_) => 5,
            Node::Array(array) => 6 + array.shape.len(),
            Node::Latin(_) | Node::NumberType(..) | Node::Global(..) | Node::Storage(_) | Node::Opaque => 0,
        };
        self.charge(NODE_COST + VALUE_COST * held as u64)?;
        self.nodes.push(node);
        Ok(Value::Node(self.nodes.len() - 1))
    }

    /// What a value stands for, if it is on the heap.
    pub(super) fn node(&self, value: Value<'a>) -> Option<&Node<'a>> {
        match value {
            Value::Node(at) => self.nodes.get(at),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn node_mut(&mut self, value: Value<'a>) -> Option<&mut Node<'a>> {
        match value {
            Value::Node(at) => self.nodes.get_mut(at),
            _ => None,
        }
    }

    /// The items of a tuple or list.
    pub(super) fn sequence(&self, value: Value<'a>) -> Option<&[Value<'a>]> {
        match self.node(value)? {
            Node::Tuple(values) | Node::List(values) => Some(values),
            _ => None,
        }
    }

    /// A tuple of sizes or steps.
    pub(super) fn axes(&self, value: Value<'a>) -> Option<Vec<usize>> {
        let values = self.sequence(value)?;
        let axis = |value: &Value<'a>| match value {
            Value::Int(number) => usize::try_from(*number).ok(),
            _ => None,
        };
        if values.len() > MAX_AXES { None } else { values.iter().map(axis).collect() }
    }
}
