//! Tables: columns of numbers in lists, a row a clip or a frame. What Parquet and Arrow files come to before it is known whether they are features
//! or codes.

mod lists;
mod unpack;

pub(super) use lists::Lists;
pub(super) use unpack::{Budget, Codec, unpack};

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use lists::Piece;

use super::arrays::TimeAxis;
use super::held::{HeldArrays, NAME_FIELDS, Values};
use super::{Opened, Problem, Source, Wanted, arrays};
use crate::task::Task;
use crate::text::{Message, msg};

/// Lists inside one another that are followed: `[clips, layers, frames]` in a row.
pub(super) const MOST_DEPTH: usize = 3;

/// What an array costs beside its numbers: a name, a shape, a place in a map.
const ARRAY_COST: u64 = 300;

/// A row of so many whole numbers can be the codes of one frame, a layer each.
const MOST_LAYERS: usize = 64;

/// Names of columns that hold sound, whose rows are no frames.
const SOUND: [&str; 6] = ["array", "audio", "wav", "waveform", "samples", "input_values"];

/// The columns of a file.
#[derive(Default)]
pub(super) struct Table {
    rows: usize,
    /// Columns of numbers, in the file's order.
    numbers: Vec<(String, Lists)>,
    /// Columns of text that may name the rows.
    texts: Vec<(String, Vec<Option<String>>)>,
    /// What the columns of numbers are called.
    names: HashSet<String>,
    /// For each path that columns share, the number that the next of them has.
    next_number: HashMap<String, usize>,
    /// Columns that could not be read, and why.
    left_out: Vec<Message>,
}

/// A table as arrays.
struct Arrays {
    held: HeldArrays,
    /// Why a row is a frame; `None` where a row is a clip.
    frame_rows: Option<Message>,
    notices: Vec<Message>,
}

impl Table {
    /// So many rows of nothing.
    pub(super) fn new(rows: usize) -> Self {
        Self { rows, ..Self::default() }
    }

    /// Takes in a column of numbers, under the last part of its path where that is free.
    pub(super) fn put_numbers(&mut self, path: String, lists: Lists) {
        let last = path.rsplit('.').next().unwrap_or(&path).to_owned();
        let mut name = if self.names.contains(&last) { path.clone() } else { last };
        if self.names.contains(&name) {
            let next = self.next_number.entry(path.clone()).or_insert(2);
            while self.names.contains(&name) {
                name = format!("{path}_{next}");
                *next += 1;
            }
        }
        self.names.insert(name.clone());
        self.numbers.push((name, lists));
    }

    /// Takes in a column of text.
    pub(super) fn put_texts(&mut self, name: String, texts: Vec<Option<String>>) {
        self.texts.push((name, texts));
    }

    /// Tells of a column that is not read.
    pub(super) fn leave_out(&mut self, name: &str, why: Message) {
        self.left_out.push(left_out(name, why));
    }

    /// The features or codes that it holds.
    ///
    /// # Errors
    /// It holds neither, or they cannot be told apart from other columns.
    pub(super) fn open(
        self,
        source: &Source<'_>,
        budget: &Budget,
        task: &Task<'_>,
    ) -> Result<Opened, Problem> {
        if source.wanted.wants_model() {
            return Err(Problem::Unsupported(msg!("table-no-quantizer")));
        }
        let found = self.columns();
        let arrays = self.arrays(source, budget)?;
        let wanted = match &arrays.frame_rows {
            Some(_) => {
                Wanted { time_axis: source.wanted.time_axis.or(Some(TimeAxis::Rows)), ..source.wanted }
            }
            None => source.wanted,
        };
        let mut opened = arrays::of_tensors(&arrays.held, &wanted, task)?
            .ok_or_else(|| Problem::Unsupported(msg!("table-no-corpus", found = found)))?;
        let reason = arrays.frame_rows.filter(|_| source.wanted.time_axis.is_none());
        match &mut opened {
            Opened::Features(features) => {
                features.notices.extend(arrays.notices);
                if let Some(reason) = reason {
                    features.guess_reason = reason;
                }
            }
            Opened::Codes(codes) => {
                codes.notices.extend(arrays.notices);
                if let Some(reason) = reason {
                    codes.guess_reason = reason;
                }
            }
            Opened::Audio(_) | Opened::Model(_) => {}
        }
        Ok(opened)
    }

    /// What columns of numbers it has.
    fn columns(&self) -> Message {
        const SHOWN: usize = 8;
        let told = |(name, lists): &(String, Lists)| match lists.lens.len() {
            0 => msg!("table-column-of-numbers", name = short(name)),
            1 => msg!("table-column-of-lists", name = short(name)),
            _ => msg!("table-column-of-lists-of-lists", name = short(name)),
        };
        let more = self.numbers.len().saturating_sub(SHOWN);
        let more = (more > 0).then(|| msg!("table-more-columns", n = more));
        let shown = self.numbers.iter().take(SHOWN).map(told).chain(more);
        let columns = shown.reduce(|before, next| msg!("table-columns", before = before, next = next));
        match columns {
            None => msg!("table-has-no-numbers"),
            Some(columns) => msg!("table-has", columns = columns),
        }
    }

    fn arrays(self, source: &Source<'_>, budget: &Budget) -> Result<Arrays, Problem> {
        let mut out = Arrays { held: HeldArrays::new(source.len), frame_rows: None, notices: Vec::new() };
        // How many rows there are is sure only where a column of them was read.
        let names = if self.numbers.iter().any(|(_, lists)| !lists.lens.is_empty()) {
            self.row_names()
        } else {
            Vec::new()
        };
        let (rows, mut others) = (self.rows, self.left_out);
        let (with_nulls, numbers): (Vec<_>, Vec<_>) =
            self.numbers.into_iter().partition(|(_, lists)| lists.nulls > 0);
        others.extend(
            with_nulls
                .iter()
                .map(|(name, lists)| left_out(name, msg!("table-column-missing", n = lists.nulls))),
        );
        let deepest = numbers.iter().map(|(_, lists)| lists.lens.len()).max().unwrap_or(0);
        let mut empty = BTreeSet::new();
        for (name, lists) in &numbers {
            let is_frames = |lists: &Lists| frame_len(rows, name, lists, source.wanted.num_layers);
            match (lists.lens.len(), deepest) {
                (0, 0) => {}
                // What is told of clips beside their numbers.
                (0, _) => {}
                (1, 2..) => others.push(left_out(name, msg!("table-column-beside"))),
                (1, _) if is_frames(lists).is_some() => {
                    let dims = is_frames(lists).unwrap_or(1);
                    out.held.charge(name)?;
                    out.held.put(name.clone(), vec![rows, dims], lists.values.clone());
                    out.frame_rows = Some(msg!("axis-row-is-frame"));
                    out.notices.push(msg!(
                        "table-row-is-frame",
                        rows = rows,
                        column = short(name),
                        dims = dims
                    ));
                }
                _ => {
                    for (nth, piece) in lists.rows(budget).enumerate() {
                        let piece = piece?;
                        let row = names.get(nth).map_or("", String::as_str);
                        if matches!(&piece, Piece::Array { len: 0, .. }) {
                            empty.insert(nth);
                            continue;
                        }
                        out.put(&format!("{row}.{name}"), &piece, &lists.values, budget)?;
                    }
                }
            }
        }
        if deepest == 0 {
            out.put_wide(&numbers, rows)?;
        }
        if !empty.is_empty() {
            out.notices.push(msg!("table-empty-rows", empty = empty.len(), rows = rows));
        }
        out.notices.extend(match &*others {
            [] => None,
            [column] => Some(msg!("table-left-out", column = column)),
            [column, more @ ..] => Some(msg!("table-left-out-more", column = column, more = more.len())),
        });
        Ok(out)
    }

    /// What the rows are called: by the first column of text that names each of them differently, or by their numbers.
    fn row_names(&self) -> Vec<String> {
        let field = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
        let own = NAME_FIELDS.iter().find_map(|wanted| {
            let (_, texts) = self.texts.iter().find(|(name, _)| field(name) == **wanted)?;
            let names: Vec<String> =
                texts.iter().flatten().filter(|text| !text.is_empty()).cloned().collect();
            let differ = names.iter().collect::<BTreeSet<_>>().len() == self.rows;
            (names.len() == self.rows && differ).then_some(names)
        });
        own.unwrap_or_else(|| (0..self.rows).map(|nth| nth.to_string()).collect())
    }
}

impl Arrays {
    /// Takes in what a row holds.
    fn put(&mut self, name: &str, piece: &Piece, values: &Values, budget: &Budget) -> Result<(), Problem> {
        self.held.charge(name)?;
        match piece {
            Piece::Array { shape, start, len } => {
                budget.take(ARRAY_COST)?;
                self.held.put(name.to_owned(), shape.clone(), values.part(*start, *len));
            }
            Piece::Pieces(pieces) => {
                for (nth, piece) in pieces.iter().enumerate() {
                    self.put(&format!("{name}.{nth}"), piece, values, budget)?;
                }
            }
        }
        Ok(())
    }

    /// Takes in columns of one number a row that are numbered: a dimension or a layer each.
    fn put_wide(&mut self, numbers: &[(String, Lists)], rows: usize) -> Result<(), Problem> {
        let mut groups: BTreeMap<&str, BTreeMap<usize, &Values>> = BTreeMap::new();
        for (name, lists) in numbers {
            let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
            if let Some(Ok(number)) = name.strip_prefix(stem).map(str::parse)
                && lists.values.len() == rows
            {
                groups.entry(stem).or_default().insert(number, &lists.values);
            }
        }
        for (stem, columns) in groups {
            let is_counted = columns.keys().zip(0..).all(|(&number, nth)| number == nth)
                || columns.keys().zip(1..).all(|(&number, nth)| number == nth);
            let is_real = |values: &&&Values| matches!(values, Values::Real(_));
            let real = columns.values().filter(is_real).count();
            if columns.len() < 2 || !is_counted || (real != 0 && real != columns.len()) {
                continue;
            }
            let mut values = Values::Whole(Vec::new());
            for row in 0..rows {
                columns.values().for_each(|column| values.extend(&column.part(row, 1)));
            }
            let stem = stem.trim_end_matches(['_', '.', '-']);
            let name = if stem.is_empty() { "columns" } else { stem };
            self.held.put(name.to_owned(), vec![rows, columns.len()], values);
            self.frame_rows = Some(msg!("axis-row-is-frame"));
            self.notices.push(msg!(
                "table-columns-together",
                columns = columns.len(),
                stem = short(name),
                rows = rows
            ));
        }
        Ok(())
    }
}

/// How many numbers a row has where each is one frame; `None` where a row is a clip.
fn frame_len(rows: usize, name: &str, lists: &Lists, num_layers: Option<usize>) -> Option<usize> {
    let field = name.rsplit('.').next().unwrap_or(name);
    let len = lists.common_len().filter(|_| !SOUND.contains(&field))?;
    let is_frame = match lists.values {
        Values::Real(_) => len > 1 && rows > 1,
        // Clips of one layer that happen to be equally long are far longer than they are many.
        Values::Whole(_) => {
            num_layers.is_none_or(|layers| layers == len) && (2..=MOST_LAYERS).contains(&len) && rows > len
        }
    };
    is_frame.then_some(len)
}

/// A column that is left out, and why.
fn left_out(name: &str, why: Message) -> Message {
    const NAME_CHARS: usize = 160;
    msg!("table-left-out-column", name = name.chars().take(NAME_CHARS).collect::<String>(), why = why)
}

/// A name of bearable length.
fn short(name: &str) -> String {
    const NAME_CHARS: usize = 60;
    name.chars().take(NAME_CHARS).collect()
}
