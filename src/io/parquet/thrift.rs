//! Thrift's compact protocol, as far as Parquet's headers need it, and what a footer must keep to before it is believed.

use crate::io::Problem;

/// Entries of one list: columns, groups of rows, notes.
const MAX_ENTRIES: u64 = 1 << 16;

/// Structs and lists inside one another.
const MAX_DEPTH: u32 = 32;

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
        let byte = self.bytes.get(self.at).copied().ok_or_else(|| damaged("it ends in the middle"))?;
        self.at += 1;
        Ok(byte)
    }

    fn skip_bytes(&mut self, len: u64) -> Result<(), Problem> {
        let end = usize::try_from(len).ok().and_then(|len| self.at.checked_add(len));
        let end =
            end.filter(|&end| end <= self.bytes.len()).ok_or_else(|| damaged("it ends in the middle"))?;
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
        Err(damaged("a number in it does not end"))
    }

    /// A number of any of the whole types but a byte.
    pub(super) fn number(&mut self) -> Result<i64, Problem> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// The next field of a struct, its id and type; `None` at its end. `last` is the id of the field before.
    pub(super) fn field(&mut self, last: &mut i64) -> Result<Option<(i64, u8)>, Problem> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        *last = match head >> 4 {
            0 => self.number()?,
            step => last.checked_add(i64::from(step)).ok_or_else(|| damaged("it has endless fields"))?,
        };
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
            return Err(damaged("a list in it is longer than that of any sound file"));
        }
        Ok((len, head & 0x0f))
    }

    /// Passes over a value.
    pub(super) fn skip(&mut self, kind: u8) -> Result<(), Problem> {
        self.skip_at(kind, 0)
    }

    fn skip_at(&mut self, kind: u8, depth: u32) -> Result<(), Problem> {
        if depth > MAX_DEPTH {
            return Err(damaged("it is nested too deeply"));
        }
        match kind {
            TRUE | FALSE => Ok(()),
            BYTE => self.skip_bytes(1),
            I16 | I32 | I64 => self.varint().map(drop),
            DOUBLE => self.skip_bytes(8),
            UUID => self.skip_bytes(16),
            BINARY => {
                let len = self.varint()?;
                self.skip_bytes(len)
            }
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
                    return Err(damaged("a list in it is longer than that of any sound file"));
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
            _ => Err(damaged("it has a value of unknown type")),
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

fn damaged(why: &str) -> Problem {
    Problem::malformed(format!("a header of this Parquet file is damaged: {why}"))
}

/// Looks a footer over: that its lists have as many entries as they say, and that its columns make a tree of bearable depth. The library believes
/// both before it looks.
///
/// # Errors
/// One of them is not so.
pub(super) fn check_footer(footer: &[u8]) -> Result<(), Problem> {
    const SCHEMA: i64 = 2;
    let mut compact = Compact::new(footer);
    let mut last = 0;
    while let Some((id, kind)) = compact.field(&mut last)? {
        match (id, kind) {
            (SCHEMA, LIST) => check_schema(&mut compact)?,
            _ => compact.skip(kind)?,
        }
    }
    Ok(())
}

fn check_schema(compact: &mut Compact<'_>) -> Result<(), Problem> {
    const CHILDREN: i64 = 5;
    let (len, kind) = compact.list()?;
    if kind != STRUCT {
        return Err(damaged("its columns are none"));
    }
    // Of the groups that are open, how many children are still to come.
    let mut open: Vec<i64> = Vec::new();
    for nth in 0..len {
        let (mut children, mut last) = (0, 0);
        while let Some((id, kind)) = compact.field(&mut last)? {
            match (id, kind) {
                (CHILDREN, I32) => children = compact.number()?,
                _ => compact.skip(kind)?,
            }
        }
        if !(0..=MAX_ENTRIES as i64).contains(&children) {
            return Err(damaged("a column has more parts than any sound file has"));
        }
        match open.last_mut() {
            Some(left) => *left -= 1,
            None if nth > 0 => return Err(damaged("its columns have more than one root")),
            None => {}
        }
        open.push(children);
        while open.last() == Some(&0) && open.len() > 1 {
            open.pop();
        }
        if open.len() > MAX_DEPTH as usize {
            return Err(damaged("its columns are nested too deeply"));
        }
    }
    match &*open {
        [0] => Ok(()),
        _ => Err(damaged("its columns do not add up")),
    }
}
