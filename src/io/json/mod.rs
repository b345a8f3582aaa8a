//! JSON and JSON lines with codes or features in them: `{clip: [[..], ..]}`, lists of records, a record a line.

use std::collections::BTreeSet;
use std::io::{BufReader, Seek};
use std::path::Path;

use super::held::{HeldArrays, NAME_FIELDS};
use super::{Opened, Problem, Reader, Source, arrays};
use crate::task::Task;
use crate::text::msg;

mod node;

use node::Node;

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
        "JSON of codes" // not a text
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
        let mut json = JsonArrays { held: HeldArrays::new(source.len), mixed: Vec::new() };
        json.collect(root, String::new())?;
        let mut found = if source.wanted.wants_model() {
            None
        } else {
            arrays::of_tensors(&json.held, &source.wanted, task)?
        };
        if let (Some(Opened::Codes(codes)), Some(first)) = (&mut found, json.mixed.first()) {
            codes.notices.push(match json.mixed.len() {
                len if len > 1 => msg!("array-json-mixed-more", first = first, n = len - 1),
                _ => msg!("array-json-mixed", first = first),
            });
        }
        found.ok_or_else(|| Problem::Unsupported(msg!("array-json-no-corpus")))
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

/// The arrays of a file, and what is no array in it.
struct JsonArrays {
    held: HeldArrays,
    /// Lists that hold numbers and other things.
    mixed: Vec<String>,
}

/// Characters of a name that are told.
const NAME_CHARS: usize = 60;

impl JsonArrays {
    /// Takes in the arrays below `node`, which is called `name`.
    ///
    /// # Errors
    /// Their names take far more room than the file.
    fn collect(&mut self, node: Node, name: String) -> Result<(), Problem> {
        self.held.charge(&name)?;
        let joined = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
        match node {
            Node::Row(values) => self.held.put(name, vec![values.len()], values),
            Node::Matrix { columns, values } => {
                self.held.put(name, vec![values.len() / columns.max(1), columns], values);
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
}
