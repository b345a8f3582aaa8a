//! A JSON text as rows and tables of numbers, built while it is read: a number takes four bytes, and what is no number is not kept for long.

use std::cell::Cell;
use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::io::Problem;
use crate::io::held::{Number, Values};
use crate::task::Task;
use crate::text::msg;

/// A value.
#[derive(Debug)]
pub(super) enum Node {
    /// Numbers.
    Row(Values),
    /// Rows of one length.
    Matrix {
        columns: usize,
        values: Values,
    },
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
    Text(String),
    Number(Number),
    /// Numbers and other things in one list.
    Mixed,
    /// True, false, null.
    Other,
}

/// Texts that are kept, to name clips by; longer ones are nothing but texts.
const MAX_TEXT: usize = 400;

/// What a value costs beside its numbers.
const NODE_COST: usize = 96;

/// What one of several values costs more, as an array of its own with a name and a shape.
const ARRAY_COST: usize = 300;

/// Values between two looks at the task.
const VALUES_A_LOOK: usize = 1 << 14;

impl Node {
    /// The text of the first of `fields` that an object has as one.
    pub(super) fn text_of(&self, fields: &[&str]) -> Option<&str> {
        let Self::Object(own) = self else { return None };
        fields.iter().find_map(|field| {
            own.iter().find_map(|(key, node)| match node {
                Self::Text(text) if key == field && !text.is_empty() => Some(text.as_str()),
                _ => None,
            })
        })
    }
}

/// Reads one value, or several one after the other as a list of them.
///
/// # Errors
/// It is no JSON, makes far more parts of its bytes than data do, or the task was cancelled.
pub(super) fn read(src: impl Read, len: u64, task: &Task<'_>) -> Result<Node, Problem> {
    const SLACK: usize = 4 << 20;
    let budget = usize::try_from(len).unwrap_or(usize::MAX).saturating_mul(2).saturating_add(SLACK);
    let build =
        Build { task, budget: &Cell::new(budget), is_spent: &Cell::new(false), values: &Cell::new(0) };
    let mut values = serde_json::Deserializer::from_reader(src);
    let mut nodes = Vec::new();
    loop {
        match values.end() {
            Ok(()) => break,
            // Another value follows.
            Err(_) => nodes.push(build.deserialize(&mut values).map_err(|err| stopped(&err, build))?),
        }
        if nodes.len() > 1 {
            build.charge(ARRAY_COST).map_err(|err| stopped(&err, build))?;
        }
    }
    Ok(if nodes.len() == 1 { nodes.pop().unwrap_or(Node::Other) } else { Node::List(nodes) })
}

fn stopped(err: &serde_json::Error, build: Build<'_>) -> Problem {
    if let Err(cancelled) = build.task.check() {
        return cancelled.into();
    }
    Problem::malformed(match (build.is_spent.get(), err.line()) {
        // Between two values there is no place to tell.
        (true, 0) => msg!("array-json-small-parts"),
        (true, line) => msg!("array-json-small-parts-at", line = line, column = err.column()),
        (false, _) => msg!("array-json-unreadable", problem = err.to_string()),
    })
}

/// What builds values, with the memory that may be spent on them.
#[derive(Clone, Copy)]
struct Build<'a> {
    task: &'a Task<'a>,
    budget: &'a Cell<usize>,
    /// Whether it was stopped since more would have to be spent.
    is_spent: &'a Cell<bool>,
    values: &'a Cell<usize>,
}

impl Build<'_> {
    fn charge<E: Error>(&self, cost: usize) -> Result<(), E> {
        let left = self.budget.get().checked_sub(cost);
        self.is_spent.set(left.is_none());
        self.budget.set(left.ok_or_else(|| E::custom("spent"))?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Build<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        self.values.set(self.values.get() + 1);
        if self.values.get().is_multiple_of(VALUES_A_LOOK) && self.task.check().is_err() {
            return Err(D::Error::custom("cancelled"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Build<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value") // not a text
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(Number::whole(number)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(i32::try_from(number).map_or(Number::Real(number as f32), Number::Whole)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Number(Number::Real(number as f32)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        let mut ids = text.split_ascii_whitespace();
        if text.len() > 1 && ids.clone().count() > 1 && ids.clone().all(|id| id.parse::<i32>().is_ok()) {
            let mut values = Values::Whole(Vec::new());
            ids.by_ref().filter_map(|id| id.parse().ok()).for_each(|id| values.push(Number::Whole(id)));
            self.charge(NODE_COST + values.len() * size_of::<i32>())?;
            return Ok(Node::Row(values));
        }
        self.charge(NODE_COST)?;
        Ok(if text.len() > MAX_TEXT { Node::Other } else { Node::Text(text.to_owned()) })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        self.charge(NODE_COST)?;
        let mut list = List::Empty;
        while let Some(node) = seq.next_element_seed(self)? {
            list = list.with(node);
            if matches!(list, List::Mixed) {
                // A list of numbers and other things is no data.
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Node::Mixed);
            }
        }
        if let List::Nodes(nodes) = &list {
            self.charge(ARRAY_COST * nodes.len())?;
        }
        Ok(list.finish())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        self.charge(NODE_COST)?;
        let mut fields = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            self.charge(NODE_COST + key.len())?;
            let node = map.next_value_seed(self)?;
            fields.push((key, node));
        }
        Ok(Node::Object(fields))
    }
}

/// Rows of `columns` numbers each.
fn rows_of(values: Values, columns: usize) -> Vec<Node> {
    match values {
        Values::Whole(values) => {
            values.chunks(columns.max(1)).map(|row| Node::Row(Values::Whole(row.to_vec()))).collect()
        }
        Values::Real(values) => {
            values.chunks(columns.max(1)).map(|row| Node::Row(Values::Real(row.to_vec()))).collect()
        }
    }
}

/// A list while it is read.
enum List {
    Empty,
    Numbers(Values),
    Rows { columns: usize, values: Values },
    Nodes(Vec<Node>),
    Mixed,
}

impl List {
    fn with(self, node: Node) -> Self {
        match (self, node) {
            (Self::Empty, Node::Number(number)) => {
                let mut values = Values::Whole(Vec::new());
                values.push(number);
                Self::Numbers(values)
            }
            (Self::Numbers(mut values), Node::Number(number)) => {
                values.push(number);
                Self::Numbers(values)
            }
            (Self::Numbers(_), _) | (_, Node::Number(_)) | (Self::Rows { .. }, Node::Other | Node::Mixed) => {
                Self::Mixed
            }
            (Self::Empty, Node::Row(row)) => Self::Rows { columns: row.len(), values: row },
            (Self::Rows { columns, mut values }, Node::Row(row)) if row.len() == columns => {
                values.extend(&row);
                Self::Rows { columns, values }
            }
            (Self::Rows { columns, values }, node) => {
                let mut nodes = rows_of(values, columns);
                nodes.push(node);
                Self::Nodes(nodes)
            }
            (Self::Empty, node) => Self::Nodes(vec![node]),
            (Self::Nodes(mut nodes), node) => {
                nodes.push(node);
                Self::Nodes(nodes)
            }
            (Self::Mixed, _) => Self::Mixed,
        }
    }

    fn finish(self) -> Node {
        match self {
            Self::Empty => Node::Other,
            Self::Mixed => Node::Mixed,
            Self::Numbers(values) => Node::Row(values),
            Self::Rows { columns, values } => Node::Matrix { columns, values },
            Self::Nodes(nodes) => Node::List(nodes),
        }
    }
}
