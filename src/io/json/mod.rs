//! JSON and JSON lines with codes or features in them: `{clip: [[..], ..]}`, lists of records, a record a line.

use std::collections::{BTreeMap, BTreeSet};
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
        let mut json = JsonArrays {
            arrays: BTreeMap::new(),
            infos: BTreeMap::new(),
            metadata: BTreeMap::new(),
            mixed: Vec::new(),
            room: source.len.saturating_mul(NAME_TIMES).saturating_add(NAME_SLACK),
        };
        json.collect(root, String::new())?;
        let mut found =
            if source.wanted.wants_model() { None } else { arrays::of_tensors(&json, &source.wanted, task)? };
        if let (Some(Opened::Codes(codes)), Some(first)) = (&mut found, json.mixed.first()) {
            let more = if json.mixed.len() > 1 {
                format!(" and {} more", json.mixed.len() - 1)
            } else {
                String::new()
            };
            codes.notices.push(format!("Lists of numbers and other things were left out: {first}{more}"));
        }
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
    /// Lists that hold numbers and other things.
    mixed: Vec<String>,
    /// Bytes that names may still take.
    room: u64,
}

/// What names may take: so many times the file's size, and so much on top. One key may stand in front of very many names.
const NAME_TIMES: u64 = 16;
const NAME_SLACK: u64 = 4 << 20;

/// Characters of a name that are told.
const NAME_CHARS: usize = 60;

/// Names of fields that name the clip that a record is of.
const NAME_FIELDS: [&str; 7] = ["id", "utt", "utt_id", "name", "key", "audio", "path"];

impl JsonArrays {
    /// Takes in the arrays below `node`, which is called `name`.
    ///
    /// # Errors
    /// Their names take far more room than the file.
    fn collect(&mut self, node: Node, name: String) -> Result<(), Problem> {
        let room = self.room.checked_sub(name.len() as u64);
        self.room = room.ok_or_else(|| {
            Problem::malformed(
                "the keys of this JSON are so long, and so much lies below them, that the names of its arrays take far more room than the file",
            )
        })?;
        let joined = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
        match node {
            Node::Row(values) => self.put(name, vec![values.len()], values),
            Node::Matrix { columns, values } => {
                self.put(name, vec![values.len() / columns.max(1), columns], values);
            }
            Node::List(nodes) => {
                let mut taken = BTreeSet::new();
                for (nth, node) in nodes.into_iter().enumerate() {
                    // Two clips of one name are told apart by their numbers.
                    let own = node.text_of(&NAME_FIELDS).map(joined).filter(|own| taken.insert(own.clone()));
                    let number = joined(&nth.to_string());
                    self.collect(node, own.unwrap_or(number))?;
                }
            }
            Node::Object(fields) => {
                for (key, node) in fields {
                    self.collect(node, joined(&key))?;
                }
            }
            Node::Mixed => self.mixed.push(name.chars().take(NAME_CHARS).collect()),
            Node::Text(_) | Node::Number(_) | Node::Other => {}
        }
        Ok(())
    }

    fn put(&mut self, name: String, shape: Vec<usize>, values: Values) {
        let dtype = match values {
            Values::Whole(_) => Dtype::Int(4),
            Values::Real(_) => Dtype::F32,
        };
        self.infos.insert(name.clone(), TensorInfo { dtype, shape: shape.clone() });
        self.arrays.insert(name, (shape, values));
    }

    fn array(&self, name: &str) -> Result<&(Vec<usize>, Values), Problem> {
        self.arrays.get(name).ok_or_else(|| Problem::malformed(format!("there is no array {name:?}")))
    }
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
