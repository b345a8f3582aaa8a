//! A column of a Parquet file: its numbers, and out of the levels beside them the lists that they are in.

use ::parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{ByteArray, DataType, FixedLenByteArray};
use ::parquet::schema::types::Type;
use half::f16;

use super::{Problem, problem};
use crate::io::held::Number;
use crate::io::table::{Budget, Lists};
use crate::task::Task;
use crate::text::msg;

/// Rows between two looks at the task.
const ROWS: usize = 1024;

/// Characters of a text that can name a clip.
const MAX_TEXT: usize = 400;

/// A column before it is read.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// Its path, without what lists put into it.
    pub(super) name: String,
    /// At each list that it lies in, from which definition level on there is an element.
    pub(super) lists: Vec<i16>,
    /// From which definition level on there is a number.
    defined: i16,
    pub(super) kind: Kind,
}

/// What its values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Whole {
        signed: bool,
    },
    Real,
    /// Half precision.
    Half,
    Text,
    Other,
}

/// The columns of a schema, in the order of the file.
pub(super) fn leaves(root: &Type) -> Vec<Leaf> {
    let mut found = Vec::new();
    for field in root.get_fields() {
        walk(field, &mut Vec::new(), &mut Vec::new(), 0, &mut found);
    }
    found
}

fn walk(node: &Type, path: &mut Vec<String>, lists: &mut Vec<i16>, level: i16, found: &mut Vec<Leaf>) {
    /// What lists call their parts.
    const NOISE: [&str; 6] = ["list", "element", "item", "array", "bag", "array_element"];
    let info = node.get_basic_info();
    let repetition = if info.has_repetition() { info.repetition() } else { Repetition::REQUIRED };
    let level = level + i16::from(repetition != Repetition::REQUIRED);
    let is_list = repetition == Repetition::REPEATED;
    let is_noise = !path.is_empty() && NOISE.contains(&node.name());
    if is_list {
        lists.push(level);
    }
    if !is_noise {
        path.push(node.name().to_owned());
    }
    if node.is_group() {
        node.get_fields().iter().for_each(|field| walk(field, path, lists, level, found));
    } else {
        found.push(Leaf { name: path.join("."), lists: lists.clone(), defined: level, kind: kind_of(node) });
    }
    if !is_noise {
        path.pop();
    }
    if is_list {
        lists.pop();
    }
}

fn kind_of(node: &Type) -> Kind {
    let info = node.get_basic_info();
    let physical = node.get_physical_type();
    match (info.logical_type_ref(), info.converted_type(), physical) {
        (Some(LogicalType::Float16), _, Physical::FIXED_LEN_BYTE_ARRAY) => Kind::Half,
        (Some(LogicalType::String | LogicalType::Enum), _, Physical::BYTE_ARRAY)
        | (None, ConvertedType::UTF8 | ConvertedType::ENUM, Physical::BYTE_ARRAY) => Kind::Text,
        (None, ConvertedType::NONE, Physical::FLOAT | Physical::DOUBLE) => Kind::Real,
        (None, ConvertedType::NONE, Physical::INT32 | Physical::INT64) => Kind::Whole { signed: true },
        (Some(LogicalType::Integer(of)), _, Physical::INT32 | Physical::INT64) => {
            Kind::Whole { signed: of.is_signed }
        }
        (None, of, Physical::INT32 | Physical::INT64) => match of {
            ConvertedType::INT_8 | ConvertedType::INT_16 | ConvertedType::INT_32 | ConvertedType::INT_64 => {
                Kind::Whole { signed: true }
            }
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => Kind::Whole { signed: false },
            _ => Kind::Other,
        },
        _ => Kind::Other,
    }
}

/// Adds the rows of a column chunk to `lists`.
///
/// # Errors
/// It is damaged, has another number of rows, or the task was cancelled.
pub(super) fn read_numbers(
    reader: ColumnReader,
    leaf: &Leaf,
    rows: usize,
    lists: &mut Lists,
    task: &Task<'_>,
) -> Result<(), Problem> {
    let signed = matches!(leaf.kind, Kind::Whole { signed: true });
    let i32_number = |v: &i32| Number::whole(if signed { i64::from(*v) } else { i64::from(*v as u32) });
    let i64_number = |v: &i64| {
        if signed {
            Number::whole(*v)
        } else {
            i64::try_from(*v as u64).map_or(Number::Real(*v as u64 as f32), Number::whole)
        }
    };
    let half_number = |v: &FixedLenByteArray| {
        let bytes: [u8; 2] = v.data().try_into().unwrap_or_default();
        Number::Real(f16::from_le_bytes(bytes).to_f32())
    };
    let rest = (leaf, rows, lists, task);
    match reader {
        ColumnReader::Int32ColumnReader(reader) => read(reader, rest, i32_number),
        ColumnReader::Int64ColumnReader(reader) => read(reader, rest, i64_number),
        ColumnReader::FloatColumnReader(reader) => read(reader, rest, |v| Number::Real(*v)),
        ColumnReader::DoubleColumnReader(reader) => read(reader, rest, |v| Number::Real(*v as f32)),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => read(reader, rest, half_number),
        _ => Err(Problem::malformed(msg!("table-parquet-other-type"))),
    }
}

fn read<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    (leaf, rows, lists, task): (&Leaf, usize, &mut Lists, &Task<'_>),
    number: impl Fn(&T::T) -> Number,
) -> Result<(), Problem> {
    let (mut defs, mut reps, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let mut done = 0;
    loop {
        task.check()?;
        defs.clear();
        reps.clear();
        values.clear();
        let (records, _, levels) =
            reader.read_records(ROWS, Some(&mut defs), Some(&mut reps), &mut values).map_err(problem)?;
        if records == 0 && levels == 0 {
            break;
        }
        done += records;
        let mut numbers = values.iter().map(&number);
        for nth in 0..levels {
            // Where nothing can be missing, or nothing repeats, there are no levels.
            let def = defs.get(nth).copied().unwrap_or(leaf.defined);
            let rep = reps.get(nth).copied().unwrap_or(0);
            leaf.begin(def, rep, lists)?;
            if def >= leaf.defined {
                lists.push(
                    numbers
                        .next()
                        .ok_or_else(|| Problem::malformed(msg!("table-parquet-numbers-missing")))?,
                );
            } else if leaf.lists.last().is_none_or(|&level| def >= level) {
                lists.nulls += 1;
            }
        }
    }
    if done != rows {
        return Err(Problem::malformed(msg!(
            "table-parquet-other-rows",
            column = &leaf.name,
            found = done,
            expected = rows
        )));
    }
    Ok(())
}

impl Leaf {
    /// Begins the lists that a value is the first of, as Dremel's levels tell.
    fn begin(&self, def: i16, rep: i16, lists: &mut Lists) -> Result<(), Problem> {
        let wrong = || Problem::malformed(msg!("table-parquet-lists-do-not-add-up"));
        let rep = usize::try_from(rep).map_err(|_| wrong())?;
        if rep > self.lists.len() {
            return Err(wrong());
        }
        if let Some(list) = rep.checked_sub(1) {
            // One more in a list that is there.
            let len = lists.lens.get_mut(list).and_then(|lens| lens.last_mut()).filter(|len| **len > 0);
            *len.ok_or_else(wrong)? += 1;
        }
        for (list, &level) in self.lists.iter().enumerate().skip(rep) {
            let has = def >= level;
            lists.lens.get_mut(list).ok_or_else(wrong)?.push(u32::from(has));
            if !has {
                break;
            }
        }
        Ok(())
    }
}

/// The texts of a column chunk, `None` where there is none.
///
/// # Errors
/// As for [`read_numbers`]; or the texts amount to more than is allowed.
pub(super) fn read_texts(
    reader: ColumnReader,
    leaf: &Leaf,
    budget: &Budget,
    task: &Task<'_>,
) -> Result<Vec<Option<String>>, Problem> {
    let ColumnReader::ByteArrayColumnReader(mut reader) = reader else {
        return Err(Problem::malformed(msg!("table-parquet-other-type")));
    };
    let mut texts = Vec::new();
    let (mut defs, mut values): (Vec<i16>, Vec<ByteArray>) = (Vec::new(), Vec::new());
    loop {
        task.check()?;
        defs.clear();
        values.clear();
        let (records, _, levels) =
            reader.read_records(ROWS, Some(&mut defs), None, &mut values).map_err(problem)?;
        if records == 0 && levels == 0 {
            return Ok(texts);
        }
        let mut found = values.iter();
        for nth in 0..levels {
            let is_there = defs.get(nth).is_none_or(|&def| def >= leaf.defined);
            let text = if is_there { found.next() } else { None };
            let text = text.map(ByteArray::data).filter(|text| text.len() <= MAX_TEXT);
            budget.take(text.map_or(0, <[u8]>::len) as u64)?;
            texts.push(text.map(|text| String::from_utf8_lossy(text).into_owned()));
        }
    }
}
