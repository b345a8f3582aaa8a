//! Dictionaries of dictionaries as tensors under dotted names, and the small facts beside them as notes.

use std::collections::BTreeMap;

use super::super::Problem;
use super::arrays::{self, Inline};
use super::value::{ArrayRef, Element, Heap, Node, TensorRef, Value};
use crate::task::Stage;

/// What a pickle holds, by dotted names.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) tensors: BTreeMap<String, TensorView>,
    /// Texts and numbers, as text.
    pub(super) notes: BTreeMap<String, String>,
    /// The names at the first level, the first few.
    pub(super) keys: Vec<String>,
    /// The numbers of arrays that lie in the pickle, by the keys under which tensors name them as storages.
    pub(super) inline: BTreeMap<String, Vec<u8>>,
}

/// A tensor as a view into a storage, on its own feet.
#[derive(Debug, Clone)]
pub(super) struct TensorView {
    /// The storage's key.
    pub(super) storage: String,
    pub(super) element: Element,
    /// Of the first number, in elements.
    pub(super) offset: u64,
    pub(super) shape: Vec<usize>,
    /// In elements.
    pub(super) strides: Vec<usize>,
}

/// A value on the way, with its name and what it lies in.
struct Visit<'a> {
    value: Value<'a>,
    name: String,
    parent: Option<usize>,
    depth: usize,
    /// Whether it is the state of an object: PyTorch's modules keep their parts in dictionaries of set names there.
    is_state: bool,
}

/// Deeper than any checkpoint; what lies below is passed over.
const MAX_DEPTH: usize = 64;
/// What a tensor takes in the tables of the open file, its name not counted.
const TENSOR_COST: u64 = 512;
const MAX_NOTES: usize = 256;
const MAX_NOTE_CHARS: usize = 400;
const MAX_KEYS: usize = 8;
/// What the file is called whose root is a tensor.
const ROOT_NAME: &str = "tensor";
/// The dictionaries in which a module keeps its parts, which give no part of a name.
const MODULE_PARTS: [&[u8]; 3] = [b"_modules", b"_parameters", b"_buffers"];

/// Values between two looks at the task.
const VALUES_A_LOOK: usize = 1 << 12;

/// Names everything below `root`.
///
/// Level by level, so that the notes kept are the outermost ones. What holds itself is followed once.
///
/// # Errors
/// It names more than the heap allows, or the task was cancelled.
pub(super) fn flatten<'a>(heap: &mut Heap<'a>, root: Value<'a>, stage: Stage<'_>) -> Result<Tree, Problem> {
    let mut tree = Tree::default();
    let mut visits =
        vec![Visit { value: root, name: String::new(), parent: None, depth: 0, is_state: false }];
    let mut at = 0;
    while let Some(visit) = visits.get_mut(at) {
        let (name, value) = (std::mem::take(&mut visit.name), visit.value);
        if at.is_multiple_of(VALUES_A_LOOK) {
            stage.reach(at as u64, visits.len() as u64)?;
        }
        pay_for_looking(heap, value, &name)?;
        if matches!(heap.node(value), Some(Node::Array(_))) {
            heap.charge(TENSOR_COST + 3 * name.len() as u64)?;
            tree.array(arrays::inline(heap, value)?, &name);
        }
        let children = tree.enter(heap, &visits, at, &name);
        if at == 0 {
            tree.keys = children.iter().take(MAX_KEYS).map(|child| child.name.clone()).collect();
        }
        if matches!(visits.get(at).and_then(|visit| heap.node(visit.value)), Some(Node::Tensor(_))) {
            heap.charge(TENSOR_COST + 3 * name.len() as u64)?;
        }
        for child in children {
            heap.charge(2 * size_of::<Visit<'_>>() as u64)?;
            visits.push(child);
        }
        at += 1;
    }
    Ok(tree)
}

/// Takes off the budget what it costs to look at what lies in `value` and to name it, before any of that is done.
///
/// One value may lie in very many places, and is looked at in each; one name may stand before very many others, or be theirs.
fn pay_for_looking<'a>(heap: &mut Heap<'a>, value: Value<'a>, name: &str) -> Result<(), Problem> {
    /// A byte that is no text becomes a character of three.
    const WIDEST: usize = 3;
    /// Digits of an index.
    const INDEX_LEN: usize = 20;
    let (pairs, values) = held(heap, value);
    heap.charge((pairs.len() + values.len()) as u64)?;
    let (pairs, values) = held(heap, value);
    let key_len = |&(key, _): &(Value<'a>, Value<'a>)| match key {
        Value::Text(key) => key.len().saturating_mul(WIDEST),
        _ => INDEX_LEN,
    };
    let keys = pairs.iter().map(key_len).fold(0usize, usize::saturating_add);
    // A list of facts alone becomes one note.
    let is_list = heap.sequence(value).is_some();
    let is_facts = is_list && values.iter().all(|value| heap.node(*value).is_none());
    let numbered = if is_facts { 0 } else { values.len() };
    let prefixes = (pairs.len() + numbered).saturating_mul(name.len() + 1);
    heap.charge(keys.saturating_add(numbered * INDEX_LEN).saturating_add(prefixes) as u64)
}

/// What lies in a value: under keys, and in a row.
fn held<'h, 'a>(heap: &'h Heap<'a>, value: Value<'a>) -> (&'h [(Value<'a>, Value<'a>)], &'h [Value<'a>]) {
    match heap.node(value) {
        Some(Node::Dict(pairs)) => (pairs, &[]),
        Some(Node::Tuple(values) | Node::List(values)) => (&[], values),
        Some(Node::Object(object)) => (&object.items, &object.elements),
        Some(Node::Array(array)) => (&[], objects(heap, array)),
        _ => (&[], &[]),
    }
}

/// What lies in an array of objects; nothing in one of numbers.
fn objects<'h, 'a>(heap: &'h Heap<'a>, array: &ArrayRef<'a>) -> &'h [Value<'a>] {
    let objects = array.data.filter(|_| array.element.is_none()).and_then(|data| heap.sequence(data));
    objects.unwrap_or_default()
}

impl Tree {
    /// Takes in one value and gives what lies in it.
    fn enter<'a>(&mut self, heap: &Heap<'a>, visits: &[Visit<'a>], at: usize, name: &str) -> Vec<Visit<'a>> {
        let Some(visit) = visits.get(at) else { return Vec::new() };
        let node = match heap.node(visit.value) {
            None => {
                self.note(name, scalar(visit.value));
                return Vec::new();
            }
            Some(node) => node,
        };
        if visit.depth > MAX_DEPTH || is_inside_itself(visits, at) {
            return Vec::new();
        }
        let child = |value: Value<'a>, name: String, is_state: bool| Visit {
            value,
            name,
            parent: Some(at),
            depth: visit.depth + 1,
            is_state,
        };
        let named = |pairs: &[(Value<'a>, Value<'a>)]| -> Vec<Visit<'a>> {
            let pairs = pairs.iter().filter_map(|&(key, value)| match key {
                Value::Text(key) if visit.is_state && MODULE_PARTS.contains(&key) => {
                    Some(child(value, name.to_owned(), false))
                }
                Value::Text(key) => Some(child(value, joined(name, &String::from_utf8_lossy(key)), false)),
                Value::Int(key) => Some(child(value, joined(name, &key.to_string()), false)),
                _ => None,
            });
            pairs.collect()
        };
        let numbered = |values: &[Value<'a>]| -> Vec<Visit<'a>> {
            let values = values.iter().enumerate();
            values.map(|(index, &value)| child(value, joined(name, &index.to_string()), false)).collect()
        };
        match node {
            Node::Tensor(tensor) => {
                let name = if name.is_empty() { ROOT_NAME } else { name };
                self.tensors.insert(name.to_owned(), TensorView::of(tensor));
                Vec::new()
            }
            Node::Dict(pairs) => named(pairs),
            // The state of an object with slots: a dictionary for each of its two kinds of attributes.
            Node::Tuple(values) if visit.is_state => {
                values.iter().map(|&value| child(value, name.to_owned(), true)).collect()
            }
            Node::Tuple(values) | Node::List(values) => match list(values) {
                Some(text) => {
                    self.note(name, Some(text));
                    Vec::new()
                }
                None => numbered(values),
            },
            Node::Object(object) => {
                let mut children = named(&object.items);
                children.extend(numbered(&object.elements));
                children.extend(object.state.map(|state| child(state, name.to_owned(), true)));
                children
            }
            Node::Global(..) | Node::Storage(_) | Node::Latin(_) | Node::NumberType(..) => Vec::new(),
            // NumPy saves a dictionary as an array without axes that holds it.
            Node::Array(array) => match objects(heap, array) {
                [only] if array.shape.is_empty() => vec![child(*only, name.to_owned(), false)],
                objects => numbered(objects),
            },
            Node::Opaque => Vec::new(),
        }
    }

    /// Takes in an array whose numbers lie in the pickle.
    fn array(&mut self, array: Option<Inline>, name: &str) {
        let Some(Inline { element, shape, strides, bytes }) = array else { return };
        let storage = format!("array {}", self.inline.len());
        let name = if name.is_empty() { ROOT_NAME } else { name };
        let view = TensorView { storage: storage.clone(), element, offset: 0, shape, strides };
        self.tensors.insert(name.to_owned(), view);
        self.inline.insert(storage, bytes);
    }

    fn note(&mut self, name: &str, text: Option<String>) {
        if let Some(text) = text
            && !name.is_empty()
            && name.len() <= MAX_NOTE_CHARS
            && self.notes.len() < MAX_NOTES
        {
            self.notes.insert(name.to_owned(), text);
        }
    }
}

impl TensorView {
    fn of(tensor: &TensorRef<'_>) -> Self {
        let TensorRef { storage, element, offset, shape, strides } = tensor;
        Self {
            storage: String::from_utf8_lossy(storage).into_owned(),
            element: *element,
            offset: *offset,
            shape: shape.clone(),
            strides: strides.clone(),
        }
    }
}

/// Whether the value of a visit is one of those that it lies in.
fn is_inside_itself(visits: &[Visit<'_>], at: usize) -> bool {
    let Some(Visit { value, parent, .. }) = visits.get(at) else { return false };
    let outer =
        std::iter::successors(parent.and_then(|at| visits.get(at)), |visit| visits.get(visit.parent?));
    outer.into_iter().any(|outer| outer.value == *value)
}

fn joined(name: &str, key: &str) -> String {
    if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") }
}

/// A single fact as text.
fn scalar(value: Value<'_>) -> Option<String> {
    match value {
        Value::Bool(true) => Some("true".to_owned()),
        Value::Bool(false) => Some("false".to_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Text(text) => {
            // At most four bytes a character.
            let start = text.get(..MAX_NOTE_CHARS * 4).unwrap_or(text);
            Some(String::from_utf8_lossy(start).chars().take(MAX_NOTE_CHARS).collect())
        }
        Value::None | Value::Bytes(_) | Value::Node(_) => None,
    }
}

/// A list of facts as text; `None` if it holds anything else, or nothing.
fn list(values: &[Value<'_>]) -> Option<String> {
    const MAX_SHOWN: usize = 32;
    let is_fact = |value: &Value<'_>| !matches!(value, Value::Node(_));
    if values.is_empty() || !values.iter().all(is_fact) {
        return None;
    }
    let shown =
        values.iter().take(MAX_SHOWN).map(|value| scalar(*value).unwrap_or_else(|| "none".to_owned()));
    let text = shown.collect::<Vec<_>>().join(", ");
    let more = if values.len() > MAX_SHOWN { ", ..." } else { "" };
    Some(text.chars().take(MAX_NOTE_CHARS).chain(more.chars()).collect())
}
