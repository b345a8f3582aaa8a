//! JSON and JSON lines with codes or features in them: `{clip: [[..], ..]}`, lists of records, a record a line.

use std::collections::BTreeMap;
use std::io::{BufReader, Seek};
use std::path::Path;

use ndarray::ArrayD;

use super::tensors::{TensorInfo, Tensors};
use super::{Dtype, Opened, Problem, Reader, Source, arrays};
use crate::task::Task;

mod node;

use node::{Node, Values};

/// Reads JSON.
#[derive(Debug, Clone, Copy)]
pub struct JsonReader;

/// Numbers in a row that an array of data has; settings of a model have fewer.
const LEAST_NUMBERS: usize = 8;

impl Reader for JsonReader {
    fn id(&self) -> &'static str {
        "json"
    }

    fn label(&self) -> &'static str {
        "JSON of codes"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json", "jsonl"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        let head = head.trim_ascii_start();
        (head.starts_with(b"{") || head.starts_with(b"[")) && has_numbers(head)
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        let mut file = &source.file;
        file.rewind()?;
        let root = node::read(BufReader::new(file), source.len, task)?;
        let json = JsonArrays::new(root);
        let found =
            if source.wanted.wants_model() { None } else { arrays::of_tensors(&json, &source.wanted, task)? };
        found.ok_or_else(|| {
            let words = "no arrays of this JSON file make one corpus of codes or features; give {\"codes\": [[..], ..]} for each clip";
            Problem::Unsupported(words.to_owned())
        })
    }
}

/// Whether the beginning of a text holds a row of numbers as long as one of data: in brackets, or in quotes.
fn has_numbers(head: &[u8]) -> bool {
    let (mut numbers, mut in_number) = (0, false);
    for &byte in head {
        match byte {
            b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E' => {
                numbers += usize::from(!in_number && byte != b'e' && byte != b'E');
                in_number = true;
            }
            b',' | b' ' | b'\n' | b'\r' | b'\t' | b'[' | b']' => in_number = false,
            _ => (numbers, in_number) = (0, false),
        }
        if numbers >= LEAST_NUMBERS {
            return true;
        }
    }
    false
}

/// The arrays of a file by their names.
struct JsonArrays {
    arrays: BTreeMap<String, (Vec<usize>, Values)>,
    infos: BTreeMap<String, TensorInfo>,
    metadata: BTreeMap<String, String>,
}

/// Names of fields that name the clip that a record is of.
const NAME_FIELDS: [&str; 7] = ["id", "utt", "utt_id", "name", "key", "audio", "path"];

impl JsonArrays {
    fn new(root: Node) -> Self {
        let mut arrays = BTreeMap::new();
        collect(root, String::new(), &mut arrays);
        let info = |(shape, values): &(Vec<usize>, Values)| TensorInfo {
            dtype: match values {
                Values::Whole(_) => Dtype::Int(4),
                Values::Real(_) => Dtype::F32,
            },
            shape: shape.clone(),
        };
        let infos = arrays.iter().map(|(name, array)| (name.clone(), info(array))).collect();
        Self { arrays, infos, metadata: BTreeMap::new() }
    }

    fn array(&self, name: &str) -> Result<&(Vec<usize>, Values), Problem> {
        self.arrays.get(name).ok_or_else(|| Problem::malformed(format!("there is no array {name:?}")))
    }
}

/// Names the arrays below `node`.
fn collect(node: Node, name: String, arrays: &mut BTreeMap<String, (Vec<usize>, Values)>) {
    let joined = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match node {
        Node::Row(values) => {
            arrays.insert(name, (vec![values.len()], values));
        }
        Node::Matrix { columns, values } => {
            arrays.insert(name, (vec![values.len() / columns.max(1), columns], values));
        }
        Node::List(nodes) => {
            for (nth, node) in nodes.into_iter().enumerate() {
                let own = node
                    .text_of(&NAME_FIELDS)
                    .map(joined)
                    .filter(|own| !arrays.keys().any(|key| is_below(key, own)));
                let number = joined(&nth.to_string());
                collect(node, own.unwrap_or(number), arrays);
            }
        }
        Node::Object(fields) => {
            for (key, node) in fields {
                collect(node, joined(&key), arrays);
            }
        }
        Node::Text(_) | Node::Number(_) | Node::Other => {}
    }
}

/// Whether an array of this name lies below `stem`.
fn is_below(name: &str, stem: &str) -> bool {
    name.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Tensors for JsonArrays {
    fn infos(&self) -> &BTreeMap<String, TensorInfo> {
        &self.infos
    }

    fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    fn floats(&self, name: &str, _task: &Task<'_>) -> Result<ArrayD<f32>, Problem> {
        let (shape, values) = self.array(name)?;
        let values = match values {
            Values::Whole(values) => values.iter().map(|&v| v as f32).collect(),
            Values::Real(values) => values.clone(),
        };
        shaped(shape, values)
    }

    fn codes(&self, name: &str, _task: &Task<'_>) -> Result<ArrayD<i32>, Problem> {
        match self.array(name)? {
            (shape, Values::Whole(values)) => shaped(shape, values.clone()),
            _ => Err(Problem::Unsupported(format!("{name} holds real numbers, which are no codes"))),
        }
    }
}

fn shaped<T>(shape: &[usize], values: Vec<T>) -> Result<ArrayD<T>, Problem> {
    ArrayD::from_shape_vec(shape, values).map_err(|_| Problem::malformed("rows of an array differ in length"))
}
