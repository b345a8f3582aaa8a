//! Arrow IPC, streams and files (Feather 2): the columns that hold numbers in lists, and the one that names the clips. What Hugging Face's `datasets`
//! keep on disk.
//!
//! The Arrow crates would cost more to build than the rest of the readers together, and make room by what a header says.

mod batch;
mod flat;
mod schema;

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::table::{Budget, Lists, MOST_DEPTH, Table};
use super::{Opened, Problem, Reader, Source};
use crate::task::Task;
use crate::text::msg;
use batch::{Batch, Sink};
use flat::Flat;
use schema::{Field, Leaf, damaged};

/// Reads Arrow streams and files.
#[derive(Debug, Clone, Copy)]
pub struct ArrowReader;

/// What a file begins and ends with; a stream has neither.
const MAGIC: &[u8] = b"ARROW1";

/// What stands in front of each message.
const MARK: [u8; 4] = [0xff; 4];

/// Longest header of a message.
const MAX_HEADER: u64 = 16 << 20;

/// Kinds of messages.
const SCHEMA: u8 = 1;
const DICTIONARY: u8 = 2;
const BATCH: u8 = 3;

impl Reader for ArrowReader {
    fn id(&self) -> &'static str {
        "arrow"
    }

    fn label(&self) -> &'static str {
        "Arrow" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["arrow", "feather"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        head.starts_with(MAGIC) || begins_a_stream(head)
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        let budget = Budget::new(source.len);
        table(source, &budget, task)?.open(source, &budget, task)
    }
}

/// Whether a message with a schema comes first.
fn begins_a_stream(head: &[u8]) -> bool {
    let Some((mark, rest)) = head.split_first_chunk::<4>() else { return false };
    let Some((_, message)) = rest.split_first_chunk::<4>() else { return false };
    *mark == MARK
        && Flat::root(message).is_some_and(|message| message.u8(1) == SCHEMA && message.table(2).is_some())
}

/// The messages of a file.
struct Messages<'a> {
    source: &'a Source<'a>,
    /// In a file, what stands behind the messages: the columns, and where each batch is.
    footer: Option<Vec<u8>>,
    /// How many batches were read of a file.
    nth: usize,
    /// Behind the message that was read last.
    at: u64,
    /// Where the messages end.
    end: u64,
}

/// A message: its header, and where its body lies.
struct Message {
    header: Vec<u8>,
    body: u64,
    body_len: u64,
}

impl<'a> Messages<'a> {
    fn new(source: &'a Source<'a>) -> Result<Self, Problem> {
        let stream = Self { source, footer: None, nth: 0, at: 0, end: source.len };
        if !source.head()?.starts_with(MAGIC) {
            return Ok(stream);
        }
        const START: u64 = 8;
        const TAIL: u64 = 10;
        let cut = || Problem::malformed(msg!("table-arrow-no-end"));
        let start = source.len.checked_sub(TAIL).filter(|&start| start >= START).ok_or_else(cut)?;
        let mut tail = [0; TAIL as usize];
        let mut file = &source.file;
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut tail)?;
        let [a, b, c, d, magic @ ..] = tail;
        let len = u64::from(u32::from_le_bytes([a, b, c, d]));
        let end = start.checked_sub(len).filter(|&end| end >= START && magic == *MAGIC).ok_or_else(cut)?;
        if len > MAX_HEADER {
            return Err(damaged());
        }
        file.seek(SeekFrom::Start(end))?;
        let mut footer = Vec::new();
        file.take(len).read_to_end(&mut footer)?;
        Ok(Self { footer: Some(footer), end, ..stream })
    }

    /// The columns.
    fn columns(&mut self) -> Result<(Vec<Field>, Vec<Leaf>), Problem> {
        if let Some(footer) = &self.footer {
            let footer = Flat::root(footer).ok_or_else(damaged)?;
            return schema::fields(footer.table(1).ok_or_else(damaged)?, footer.i16(0));
        }
        let first = self.next()?.ok_or_else(damaged)?;
        let message = Flat::root(&first.header).filter(|message| message.u8(1) == SCHEMA);
        let message = message.ok_or_else(damaged)?;
        schema::fields(message.table(2).ok_or_else(damaged)?, message.i16(0))
    }

    fn next(&mut self) -> Result<Option<Message>, Problem> {
        const BATCHES: usize = 3;
        /// An offset, the length of a header with room behind it, the length of a body.
        const BLOCK: usize = 3;
        if let Some(footer) = &self.footer {
            let blocks = Flat::root(footer).ok_or_else(damaged)?.list(BATCHES);
            let block = blocks.filter(|blocks| self.nth < blocks.len);
            let Some(block) = block else { return Ok(None) };
            let offset = block.i64(self.nth * BLOCK).and_then(|offset| u64::try_from(offset).ok());
            self.nth += 1;
            // Each batch lies behind the one before: no byte is read twice.
            let offset =
                offset.filter(|&offset| (self.at..self.end).contains(&offset)).ok_or_else(damaged)?;
            let message = self.message(offset)?.ok_or_else(damaged)?;
            self.at = message.body + message.body_len;
            return Ok(Some(message));
        }
        let Some(message) = self.message(self.at)? else { return Ok(None) };
        self.at = message.body + message.body_len;
        Ok(Some(message))
    }

    /// The message at a place; `None` at the end of a stream.
    fn message(&self, at: u64) -> Result<Option<Message>, Problem> {
        let mut file = &self.source.file;
        let left = self.end - at;
        if left < 8 {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0; 8];
        file.read_exact(&mut head)?;
        let [mark @ .., a, b, c, d] = head;
        if mark != MARK {
            return Err(Problem::Unsupported(msg!("table-arrow-old")));
        }
        let len = u64::from(u32::from_le_bytes([a, b, c, d]));
        if len == 0 {
            return Ok(None);
        }
        if len > MAX_HEADER || len > left - 8 {
            return Err(damaged());
        }
        let mut header = Vec::new();
        file.take(len).read_to_end(&mut header)?;
        let message = Flat::root(&header).ok_or_else(damaged)?;
        let body_len = u64::try_from(message.i64(3)).map_err(|_| damaged())?;
        let body = at + 8 + len;
        if body_len > self.end - body {
            return Err(Problem::malformed(msg!("table-arrow-ends-in-rows")));
        }
        Ok(Some(Message { header, body, body_len }))
    }

    fn body(&self, message: &Message) -> Result<Vec<u8>, Problem> {
        let mut file = &self.source.file;
        file.seek(SeekFrom::Start(message.body))?;
        let mut body = Vec::new();
        file.take(message.body_len).read_to_end(&mut body)?;
        Ok(body)
    }
}

fn table(source: &Source<'_>, budget: &Budget, task: &Task<'_>) -> Result<Table, Problem> {
    let mut messages = Messages::new(source)?;
    let (fields, leaves) = messages.columns()?;
    // A number a row is looked at only where there are no lists.
    let has_lists = leaves.iter().any(|leaf| leaf.is_number() && leaf.depth > 0);
    let sink = |leaf: &Leaf| match leaf.depth {
        0 if leaf.is_name() => Sink::Texts(Vec::new()),
        0 if has_lists => Sink::Nothing,
        0..=MOST_DEPTH if leaf.is_number() => Sink::Numbers(Lists::new(leaf.depth)),
        _ => Sink::Nothing,
    };
    let mut sinks: Vec<Sink> = leaves.iter().map(sink).collect();
    let mut rows = 0usize;
    while let Some(next) = messages.next()? {
        task.check()?;
        task.progress(source.stage(), to_usize(messages.at), to_usize(source.len));
        let message = Flat::root(&next.header).ok_or_else(damaged)?;
        match message.u8(1) {
            BATCH => {
                let record = message.table(2).ok_or_else(damaged)?;
                let len = usize::try_from(record.i64(0)).map_err(|_| damaged())?;
                let body = messages.body(&next)?;
                Batch::new(record, &body, budget)?.read(len, &fields, &mut sinks)?;
                rows = rows.saturating_add(len);
            }
            DICTIONARY => {}
            _ => return Err(damaged()),
        }
    }
    let mut table = Table::new(rows);
    for (leaf, sink) in leaves.into_iter().zip(sinks) {
        match sink {
            Sink::Numbers(lists) => table.put_numbers(leaf.name, lists),
            Sink::Texts(texts) => table.put_texts(leaf.name, texts),
            Sink::Nothing if leaf.is_number() && leaf.depth > MOST_DEPTH => {
                table.leave_out(&leaf.name, msg!("table-column-nested-too-deeply"));
            }
            Sink::Nothing => {}
        }
    }
    Ok(table)
}

fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
