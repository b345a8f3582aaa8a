//! What NumPy and joblib write of arrays into pickles: types, shapes, and the numbers themselves. Nothing is called.

use super::super::Problem;
use super::value::{ArrayRef, Element, Heap, Node, Value};
use crate::text::msg;

/// An array as it is taken out of a pickle: its numbers with their lowest byte first.
#[derive(Debug)]
pub(super) struct Inline {
    pub(super) element: Element,
    pub(super) shape: Vec<usize>,
    /// In elements.
    pub(super) strides: Vec<usize>,
    pub(super) bytes: Vec<u8>,
}

/// Whether a module is one of NumPy's that arrays are rebuilt by.
pub(super) fn is_numpy(module: &[u8]) -> bool {
    module == b"numpy" || module.starts_with(b"numpy.core.") || module.starts_with(b"numpy._core.")
}

/// What the function `name` of NumPy's would build of `args`, if it is one that arrays are rebuilt by.
pub(super) fn call<'a>(heap: &Heap<'a>, name: &[u8], args: Value<'a>) -> Option<Node<'a>> {
    let args = heap.sequence(args)?;
    match (name, args) {
        (b"_reconstruct", _) => Some(Node::Array(Box::default())),
        (b"dtype", &[Value::Text(kind), ..]) => Some(Node::NumberType(kind, false)),
        (b"_frombuffer", &[data, kind, shape, Value::Text(order), ..]) => {
            let (shape, fortran) = (heap.axes(shape)?, order == b"F");
            let element = element(heap, kind);
            Some(Node::Array(Box::new(ArrayRef {
                shape,
                element,
                fortran,
                data: Some(data),
                is_behind: false,
            })))
        }
        _ => None,
    }
}

fn element<'a>(heap: &Heap<'a>, kind: Value<'a>) -> Option<(Element, bool)> {
    match heap.node(kind)? {
        Node::NumberType(kind, big_endian) => Some((Element::of_numpy(kind)?, *big_endian)),
        _ => None,
    }
}

/// Takes in the state of an array or a type of NumPy's; whether `target` is one.
pub(super) fn set_state<'a>(heap: &mut Heap<'a>, target: Value<'a>, state: Value<'a>) -> bool {
    match heap.node(target) {
        Some(&Node::NumberType(kind, _)) => {
            let is_big = matches!(heap.sequence(state), Some([_, Value::Text(b">"), ..]));
            if let Some(node) = heap.node_mut(target) {
                *node = Node::NumberType(kind, is_big);
            }
            true
        }
        Some(Node::Array(array)) => {
            let mut array = array.as_ref().clone();
            match state_of(heap, state) {
                Some(told) => {
                    (array.shape, array.element, array.fortran) = (told.shape, told.element, told.fortran);
                    array.data = told.data;
                }
                None => array.element = None,
            }
            if let Some(node) = heap.node_mut(target) {
                *node = Node::Array(Box::new(array));
            }
            true
        }
        _ => false,
    }
}

/// `(version, shape, type, is_fortran, numbers)`, or joblib's dictionary of the same.
fn state_of<'a>(heap: &Heap<'a>, state: Value<'a>) -> Option<ArrayRef<'a>> {
    if let Some(&[_, shape, kind, fortran, data]) = heap.sequence(state) {
        let fortran = matches!(fortran, Value::Bool(true) | Value::Int(1));
        let (shape, element) = (heap.axes(shape)?, element(heap, kind));
        return Some(ArrayRef { shape, element, fortran, data: Some(data), is_behind: false });
    }
    let Some(Node::Dict(pairs)) = heap.node(state) else { return None };
    /// joblib writes a handful.
    const MAX_PAIRS: usize = 16;
    let of = |key: &[u8]| {
        pairs.iter().take(MAX_PAIRS).find(|(name, _)| *name == Value::Text(key)).map(|(_, value)| *value)
    };
    let fortran = of(b"order") == Some(Value::Text(b"F"));
    let (shape, element) = (heap.axes(of(b"shape")?)?, element(heap, of(b"dtype")?));
    // What the numbers are lined up to stands where they would.
    Some(ArrayRef { shape, element, fortran, data: of(b"numpy_array_alignment_bytes"), is_behind: true })
}

/// How many bytes of numbers joblib wrote behind the array that was just told, and whether they are lined up; `None` where it wrote none.
///
/// # Errors
/// They are not numbers, so that what follows cannot be told from the pickle.
pub(super) fn bytes_behind<'a>(heap: &Heap<'a>, target: Value<'a>) -> Result<Option<(usize, bool)>, Problem> {
    let Some(Node::Array(array)) = heap.node(target) else { return Ok(None) };
    if !array.is_behind {
        return Ok(None);
    }
    let unknown = || Problem::Unsupported(msg!("tensor-joblib-objects"));
    let (element, _) = array.element.ok_or_else(unknown)?;
    let len = len(&array.shape, element).ok_or_else(unknown)?;
    let is_lined_up = matches!(array.data, Some(Value::Int(bytes)) if bytes > 0);
    Ok(Some((len, is_lined_up)))
}

/// Puts the numbers in place that joblib wrote behind an array.
pub(super) fn put_behind<'a>(heap: &mut Heap<'a>, target: Value<'a>, bytes: &'a [u8]) {
    if let Some(Node::Array(array)) = heap.node_mut(target) {
        array.data = Some(Value::Bytes(bytes));
    }
}

fn len(shape: &[usize], element: Element) -> Option<usize> {
    shape.iter().try_fold(usize::from(element.size), |len, &axis| len.checked_mul(axis))
}

/// The array with its numbers; `None` where they are not all there, or are no numbers.
pub(super) fn inline<'a>(heap: &mut Heap<'a>, value: Value<'a>) -> Result<Option<Inline>, Problem> {
    let Some(Node::Array(array)) = heap.node(value) else { return Ok(None) };
    let ArrayRef { shape, element: Some((element, big_endian)), fortran, data: Some(data), .. } =
        array.as_ref().clone()
    else {
        return Ok(None);
    };
    let Some(wanted) = len(&shape, element).filter(|&wanted| wanted > 0) else { return Ok(None) };
    let stored: &'a [u8] = match (data, heap.node(data)) {
        (Value::Bytes(bytes), _) => bytes,
        (_, Some(Node::Latin(text))) => text,
        _ => return Ok(None),
    };
    if stored.len() < wanted || stored.len() > wanted.saturating_mul(2) {
        return Ok(None);
    }
    heap.charge(wanted as u64)?;
    let mut bytes = match data {
        Value::Bytes(bytes) => bytes.to_vec(),
        _ => match std::str::from_utf8(stored) {
            Ok(text) => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(0)).collect(),
            Err(_) => return Ok(None),
        },
    };
    if bytes.len() != wanted {
        return Ok(None);
    }
    if big_endian {
        bytes.chunks_exact_mut(usize::from(element.size).max(1)).for_each(<[u8]>::reverse);
    }
    let mut strides = vec![1; shape.len()];
    let mut step = 1;
    for at in 0..shape.len() {
        let axis = if fortran { at } else { shape.len() - 1 - at };
        if let (Some(stride), Some(&len)) = (strides.get_mut(axis), shape.get(axis)) {
            *stride = step;
            step *= len;
        }
    }
    Ok(Some(Inline { element, shape, strides, bytes }))
}
