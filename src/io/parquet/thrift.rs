//! Thrift's compact protocol, as far as Parquet's headers need it, and what a footer must keep to before it is believed.

use crate::io::Problem;
use crate::text::{Message, msg};

/// Entries of one list: columns, groups of rows, notes.
const MAX_ENTRIES: u64 = 1 << 16;

/// Structs and lists inside one another.
const MAX_DEPTH: u32 = 32;

/// What the paths of all columns may take: so many times the footer, and so much on top. The name of a group stands once in front of them, and is in
/// the path of each.
const PATH_TIMES: usize = 16;
const PATH_SLACK: usize = 4 << 20;

/// What a part of a path takes beside its characters.
const PART_COST: usize = 48;

/// Types of fields.
pub(super) const TRUE: u8 = 1;
pub(super) const FALSE: u8 = 2;
pub(super) const BYTE: u8 = 3;
pub(super) const I16: u8 = 4;
pub(super) const I32: u8 = 5;
pub(super) const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
pub(super) const STRUCT: u8 = 12;
const UUID: u8 = 13;

/// Bytes that are read from the front.
#[derive(Debug, Clone)]
pub(super) struct Compact<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Compact<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn byte(&mut self) -> Result<u8, Problem> {
        let byte =
            self.bytes.get(self.at).copied().ok_or_else(|| damaged(msg!("table-parquet-header-ends")))?;
        self.at += 1;
        Ok(byte)
    }

    /// Passes over bytes that have their number in front of them, and tells it.
    fn binary(&mut self) -> Result<usize, Problem> {
        let len = self.varint()?;
        self.skip_bytes(len)?;
        Ok(len as usize)
    }

    fn skip_bytes(&mut self, len: u64) -> Result<(), Problem> {
        let end = usize::try_from(len).ok().and_then(|len| self.at.checked_add(len));
        let end = end
            .filter(|&end| end <= self.bytes.len())
            .ok_or_else(|| damaged(msg!("table-parquet-header-ends")))?;
        self.at = end;
        Ok(())
    }

    fn varint(&mut self) -> Result<u64, Problem> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(damaged(msg!("table-parquet-header-endless-number")))
    }

    /// A number of any of the whole types but a byte.
    pub(super) fn number(&mut self) -> Result<i64, Problem> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// The next field of a struct, its id and type; `None` at its end. `last` is the id of the field before.
    pub(super) fn field(&mut self, last: &mut i16) -> Result<Option<(i16, u8)>, Problem> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        let id = match head >> 4 {
            0 => i16::try_from(self.number()?).ok(),
            step => last.checked_add(i16::from(step)),
        };
        *last = id.ok_or_else(|| damaged(msg!("table-parquet-header-endless-fields")))?;
        Ok(Some((*last, head & 0x0f)))
    }

    /// The length of a list and the type of its entries.
    fn list(&mut self) -> Result<(u64, u8), Problem> {
        let head = self.byte()?;
        let len = match head >> 4 {
            15 => self.varint()?,
            len => u64::from(len),
        };
        if len > MAX_ENTRIES {
            return Err(damaged(msg!("table-parquet-header-long-list")));
        }
        Ok((len, head & 0x0f))
    }

    /// Passes over a value.
    pub(super) fn skip(&mut self, kind: u8) -> Result<(), Problem> {
        self.skip_at(kind, 0)
    }

    fn skip_at(&mut self, kind: u8, depth: u32) -> Result<(), Problem> {
        if depth > MAX_DEPTH {
            return Err(damaged(msg!("table-parquet-header-too-deep")));
        }
        match kind {
            TRUE | FALSE => Ok(()),
            BYTE => self.skip_bytes(1),
            I16 | I32 | I64 => self.varint().map(drop),
            DOUBLE => self.skip_bytes(8),
            UUID => self.skip_bytes(16),
            BINARY => self.binary().map(drop),
            LIST | SET => {
                let (len, kind) = self.list()?;
                (0..len).try_for_each(|_| self.skip_entry(kind, depth + 1))
            }
            MAP => {
                let len = self.varint()?;
                if len == 0 {
                    return Ok(());
                }
                if len > MAX_ENTRIES {
                    return Err(damaged(msg!("table-parquet-header-long-list")));
                }
                let kinds = self.byte()?;
                (0..len).try_for_each(|_| {
                    self.skip_entry(kinds >> 4, depth + 1)?;
                    self.skip_entry(kinds & 0x0f, depth + 1)
                })
            }
            STRUCT => {
                let mut last = 0;
                while let Some((_, kind)) = self.field(&mut last)? {
                    self.skip_at(kind, depth + 1)?;
                }
                Ok(())
            }
            _ => Err(damaged(msg!("table-parquet-header-unknown-type"))),
        }
    }

    /// Passes over an entry of a list, in which truths take a byte each.
    fn skip_entry(&mut self, kind: u8, depth: u32) -> Result<(), Problem> {
        match kind {
            TRUE | FALSE => self.skip_bytes(1),
            kind => self.skip_at(kind, depth),
        }
    }
}

fn damaged(why: Message) -> Problem {
    Problem::malformed(msg!("table-parquet-header-damaged", why = why))
}

/// Looks a footer over: that its lists have as many entries as they say, that its columns make a tree of bearable depth, and that their paths stay in
/// proportion to it. The library believes all of it before it looks.
///
/// The library does not look at the type that is told of a field it knows, either: it takes the one that it expects. So up to the end of the columns
/// there must be no other, or it would read something else than what is looked over here. Behind them it looks at no columns again.
///
/// # Errors
/// One of them is not so.
pub(super) fn check_footer(footer: &[u8]) -> Result<(), Problem> {
    const VERSION: i16 = 1;
    const SCHEMA: i16 = 2;
    let mut compact = Compact::new(footer);
    let (mut last, mut has_schema) = (0, false);
    while let Some((id, kind)) = compact.field(&mut last)? {
        match (id, kind) {
            (SCHEMA, LIST) if !has_schema => {
                check_schema(&mut compact, footer.len())?;
                has_schema = true;
            }
            (VERSION, I32) => compact.skip(kind)?,
            _ if has_schema => compact.skip(kind)?,
            _ => return Err(damaged(msg!("table-parquet-columns-not-first"))),
        }
    }
    Ok(())
}

fn check_schema(compact: &mut Compact<'_>, footer_len: usize) -> Result<(), Problem> {
    let (len, kind) = compact.list()?;
    if kind != STRUCT {
        return Err(damaged(msg!("table-parquet-columns-none")));
    }
    // Of the groups that are open, how many children are still to come, and what the path of each takes.
    let mut open: Vec<(i64, usize)> = Vec::new();
    let mut room = footer_len.saturating_mul(PATH_TIMES).saturating_add(PATH_SLACK);
    for nth in 0..len {
        let (children, name) = check_column(compact)?;
        if !(0..=MAX_ENTRIES as i64).contains(&children) {
            return Err(damaged(msg!("table-parquet-columns-many-parts")));
        }
        let above = match open.last_mut() {
            Some((left, path)) => {
                *left -= 1;
                *path
            }
            None if nth > 0 => return Err(damaged(msg!("table-parquet-columns-many-roots"))),
            None => 0,
        };
        let path = above.saturating_add(name).saturating_add(PART_COST);
        room = room.checked_sub(path).ok_or_else(|| damaged(msg!("table-parquet-columns-long-paths")))?;
        open.push((children, path));
        while open.len() > 1 && open.last().is_some_and(|&(left, _)| left == 0) {
            open.pop();
        }
        if open.len() > MAX_DEPTH as usize {
            return Err(damaged(msg!("table-parquet-columns-too-deep")));
        }
    }
    match &*open {
        [(0, _)] => Ok(()),
        _ => Err(damaged(msg!("table-parquet-columns-do-not-add-up"))),
    }
}

/// How many children a column has, and how long its name is.
fn check_column(compact: &mut Compact<'_>) -> Result<(i64, usize), Problem> {
    const NAME: i16 = 4;
    const CHILDREN: i16 = 5;
    const LOGICAL: i16 = 10;
    let (mut children, mut name, mut last) = (0, 0, 0);
    while let Some((id, kind)) = compact.field(&mut last)? {
        match (id, kind) {
            (NAME, BINARY) => name = compact.binary()?,
            (CHILDREN, I32) => children = compact.number()?,
            (LOGICAL, STRUCT) => check_logical(compact)?,
            (1..=9, I32) if id != NAME => compact.skip(kind)?,
            (1..=LOGICAL, _) => return Err(other_type()),
            _ => skip_plain(compact, kind)?,
        }
    }
    Ok((children, name))
}

/// What the numbers of a column stand for: one of several structs.
fn check_logical(compact: &mut Compact<'_>) -> Result<(), Problem> {
    /// Those with fields of their own.
    const DECIMAL: i16 = 5;
    const TIME: i16 = 7;
    const TIMESTAMP: i16 = 8;
    const INTEGER: i16 = 10;
    const VARIANT: i16 = 16;
    const GEOMETRY: i16 = 17;
    const GEOGRAPHY: i16 = 18;
    let mut last = 0;
    while let Some((of, kind)) = compact.field(&mut last)? {
        if kind != STRUCT {
            return Err(other_type());
        }
        let mut last = 0;
        while let Some((id, kind)) = compact.field(&mut last)? {
            let expected = match (of, id) {
                (DECIMAL, 1 | 2) | (GEOGRAPHY, 2) => I32,
                (INTEGER | VARIANT, 1) => BYTE,
                (GEOMETRY | GEOGRAPHY, 1) => BINARY,
                (TIME | TIMESTAMP, 2) => STRUCT,
                _ => {
                    skip_plain(compact, kind)?;
                    continue;
                }
            };
            match kind {
                kind if kind != expected => return Err(other_type()),
                // The unit of a time: an empty struct.
                STRUCT => {
                    let mut last = 0;
                    while let Some((_, kind)) = compact.field(&mut last)? {
                        if kind != STRUCT {
                            return Err(other_type());
                        }
                        compact.skip(kind)?;
                    }
                }
                kind => compact.skip(kind)?,
            }
        }
    }
    Ok(())
}

/// Passes over what is not known: nothing that holds other values, of which the library takes some for others.
fn skip_plain(compact: &mut Compact<'_>, kind: u8) -> Result<(), Problem> {
    if kind > BINARY {
        return Err(damaged(msg!("table-parquet-column-unknown")));
    }
    compact.skip(kind)
}

fn other_type() -> Problem {
    damaged(msg!("table-parquet-column-other-types"))
}
