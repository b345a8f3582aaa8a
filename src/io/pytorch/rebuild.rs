//! What the few functions that checkpoints name would build: tensors, parameters and dictionaries. None is called; anything else is opaque.

use super::super::Problem;
use super::arrays;
use super::value::{ArrayRef, Element, Heap, Node, Object, StorageRef, TensorRef, Value};
use crate::text::msg;

/// The value that a pickle means by calling `function` with `args`.
pub(super) fn call<'a>(
    heap: &mut Heap<'a>,
    mut function: Value<'a>,
    mut args: Value<'a>,
) -> Result<Value<'a>, Problem> {
    /// A tensor with attributes names its function once more.
    const MAX_WRAPPERS: usize = 4;
    for _ in 0..MAX_WRAPPERS {
        let Some(&Node::Global(module, name)) = heap.node(function) else { break };
        let given = heap.sequence(args).unwrap_or_default();
        let node = match (module, name, given) {
            (b"torch._tensor", b"_rebuild_from_type_v2", &[inner, _, inner_args, ..]) => {
                (function, args) = (inner, inner_args);
                continue;
            }
            (b"torch._utils", b"_rebuild_parameter" | b"_rebuild_parameter_with_state", &[data, ..])
            | (b"torch", b"Size", &[data]) => return Ok(data),
            (
                b"torch._utils",
                b"_rebuild_tensor" | b"_rebuild_tensor_v2",
                &[storage, offset, shape, strides, ..],
            ) => tensor(heap, storage, offset, shape, strides, None)?,
            (b"torch._utils", b"_rebuild_tensor_v3", &[storage, offset, shape, strides, _, _, dtype, ..]) => {
                tensor(heap, storage, offset, shape, strides, Some(dtype))?
            }
            (b"_codecs", b"encode", &[Value::Text(text), ..]) => Node::Latin(text),
            _ if arrays::is_numpy(module) => match arrays::call(heap, name, args) {
                Some(node) => node,
                None => break,
            },
            (b"collections", b"OrderedDict", &[]) | (b"builtins" | b"__builtin__", b"dict", &[]) => {
                Node::Dict(Vec::new())
            }
            (b"collections", b"OrderedDict", &[pairs, ..]) => {
                // Looked at whether or not they turn out to be pairs.
                let looks = heap.sequence(pairs).unwrap_or_default().len();
                heap.charge(looks as u64)?;
                Node::Dict(pairs_of(heap, pairs))
            }
            _ => break,
        };
        return heap.put(node);
    }
    heap.put(Node::Object(Box::default()))
}

/// An instance of `class` that was made without calling it.
pub(super) fn instance<'a>(heap: &mut Heap<'a>, class: Value<'a>) -> Result<Value<'a>, Problem> {
    if matches!(heap.node(class), Some(Node::Global(b"joblib.numpy_pickle", b"NumpyArrayWrapper"))) {
        return heap.put(Node::Array(Box::new(ArrayRef { is_behind: true, ..ArrayRef::default() })));
    }
    let is_dict = matches!(heap.node(class), Some(Node::Global(b"collections", b"OrderedDict")));
    heap.put(if is_dict { Node::Dict(Vec::new()) } else { Node::Object(Box::<Object<'a>>::default()) })
}

/// Keys of storages are numbers. They are compared and copied once for every tensor, so that a long one would cost far more than its length.
const MAX_KEY_BYTES: usize = 128;

/// The storage that a persistent id names: `("storage", class, key, device, count[, view])`.
pub(super) fn persistent<'a>(heap: &mut Heap<'a>, id: Value<'a>) -> Result<Value<'a>, Problem> {
    let storage = match *heap.sequence(id).unwrap_or_default() {
        [Value::Text(b"storage"), class, Value::Text(key), _, Value::Int(count), ref rest @ ..] => {
            let element = match heap.node(class) {
                Some(&Node::Global(_, name)) => Element::named(name),
                _ => None,
            };
            let element = element.ok_or_else(|| {
                let name = format!("{:?}", String::from_utf8_lossy(key));
                Problem::Unsupported(msg!("tensor-storage-type", name = name))
            })?;
            if key.len() > MAX_KEY_BYTES {
                return Err(not_a_tensor());
            }
            let view = rest.first().and_then(|view| heap.sequence(*view));
            let start = match view {
                Some([_, Value::Int(start), ..]) => u64::try_from(*start).map_err(|_| not_a_tensor())?,
                _ => 0,
            };
            let count = u64::try_from(count).map_err(|_| not_a_tensor())?;
            StorageRef { key, element, count, start }
        }
        _ => return heap.put(Node::Opaque),
    };
    heap.storages.entry(storage.key).or_insert(storage);
    heap.charge(size_of::<StorageRef<'a>>() as u64 * 2)?;
    heap.put(Node::Storage(storage))
}

fn tensor<'a>(
    heap: &Heap<'a>,
    storage: Value<'a>,
    offset: Value<'a>,
    shape: Value<'a>,
    strides: Value<'a>,
    dtype: Option<Value<'a>>,
) -> Result<Node<'a>, Problem> {
    let Some(&Node::Storage(StorageRef { key, element, start, .. })) = heap.node(storage) else {
        // On no device, or in a form of its own.
        return Ok(Node::Opaque);
    };
    let element = match dtype.and_then(|dtype| heap.node(dtype)) {
        Some(&Node::Global(_, name)) => Element::named(name).unwrap_or(element),
        _ => element,
    };
    let offset = match offset {
        Value::Int(offset) => u64::try_from(offset).ok().and_then(|offset| offset.checked_add(start)),
        _ => None,
    };
    match (offset, heap.axes(shape), heap.axes(strides)) {
        (Some(offset), Some(shape), Some(strides)) if shape.len() == strides.len() => {
            Ok(Node::Tensor(Box::new(TensorRef { storage: key, element, offset, shape, strides })))
        }
        _ => Err(not_a_tensor()),
    }
}

fn pairs_of<'a>(heap: &Heap<'a>, pairs: Value<'a>) -> Vec<(Value<'a>, Value<'a>)> {
    let pair = |pair: &Value<'a>| match *heap.sequence(*pair)? {
        [key, value] => Some((key, value)),
        _ => None,
    };
    heap.sequence(pairs).unwrap_or_default().iter().filter_map(pair).collect()
}

fn not_a_tensor() -> Problem {
    Problem::malformed(msg!("tensor-impossible"))
}
