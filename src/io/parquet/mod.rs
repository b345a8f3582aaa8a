//! Parquet, the columns that data sets are shared in: those that hold numbers in lists, and the one that names the clips.

mod column;
mod pages;
mod thrift;

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use ::parquet::basic::CompressionCodec;
use ::parquet::column::reader::{ColumnReader, get_column_reader};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};
use bytes::Bytes;

use super::held::NAME_FIELDS;
use super::table::{Budget, Codec, Lists, MOST_DEPTH, Table};
use super::{Opened, Problem, Reader, Source, guard};
use crate::task::Task;
use crate::text::msg;
use column::{Kind, Leaf};

/// Reads `.parquet`.
#[derive(Debug, Clone, Copy)]
pub struct ParquetReader;

const MAGIC: &[u8] = b"PAR1";

/// Longest footer that is read.
const MAX_FOOTER: u64 = 16 << 20;

/// What writes a file that is written in an unusual way as one that is read.
const ANOTHER_WAY: &str =
    "python -c \"import pandas; pandas.read_parquet('FILE').to_parquet('x.parquet', compression='snappy')\""; // not a text

impl Reader for ParquetReader {
    fn id(&self) -> &'static str {
        "parquet"
    }

    fn label(&self) -> &'static str {
        "Parquet" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["parquet"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        head.starts_with(MAGIC) || head.starts_with(b"PARE")
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        let budget = Budget::new(source.len);
        guard::guarded(|| table(source, &budget, task))?.open(source, &budget, task)
    }
}

fn table(source: &Source<'_>, budget: &Budget, task: &Task<'_>) -> Result<Table, Problem> {
    let metadata = footer(source)?;
    let leaves = column::leaves(metadata.file_metadata().schema_descr().root_schema());
    let count = |rows: i64| {
        usize::try_from(rows).map_err(|_| Problem::malformed(msg!("table-parquet-negative-rows")))
    };
    let mut rows = 0usize;
    for group in metadata.row_groups() {
        rows = rows.saturating_add(count(group.num_rows())?);
        if group.num_columns() != leaves.len() {
            return Err(Problem::malformed(msg!("table-parquet-group-of-other-columns")));
        }
    }
    // A number a row is looked at only where there are no lists; each row has a place in the lists of every column that is read.
    let is_number = |leaf: &Leaf| !matches!(leaf.kind, Kind::Text | Kind::Other);
    let has_lists = leaves.iter().any(|leaf| is_number(leaf) && !leaf.lists.is_empty());
    let mut table = Table::new(rows);
    for (nth, leaf) in leaves.iter().enumerate() {
        let field = leaf.name.rsplit('.').next().unwrap_or(&leaf.name);
        match (leaf.kind, leaf.lists.len()) {
            (Kind::Text, 0) if NAME_FIELDS.contains(&field) => {
                let mut texts = Vec::new();
                for reader in chunks(source, &metadata, nth, budget, task) {
                    let Some(reader) = usable(reader, &mut table, leaf)? else { break };
                    texts.extend(column::read_texts(reader, leaf, budget, task)?);
                }
                table.put_texts(leaf.name.clone(), texts);
            }
            (Kind::Text | Kind::Other, _) => {}
            (_, 0) if has_lists => {}
            (_, depth) if depth > MOST_DEPTH => {
                table.leave_out(&leaf.name, msg!("table-column-nested-too-deeply"));
            }
            (_, depth) => {
                let mut lists = Lists::new(depth);
                let groups = metadata.row_groups().iter().map(|group| group.num_rows() as usize);
                for (rows, reader) in groups.zip(chunks(source, &metadata, nth, budget, task)) {
                    column::read_numbers(reader?, leaf, rows, &mut lists, task)?;
                }
                table.put_numbers(leaf.name.clone(), lists);
            }
        }
    }
    Ok(table)
}

/// The reader of a column that the table can do without, if it has one.
fn usable(
    reader: Result<ColumnReader, Problem>,
    table: &mut Table,
    leaf: &Leaf,
) -> Result<Option<ColumnReader>, Problem> {
    match reader {
        Err(Problem::Unsupported(why)) => {
            table.leave_out(&leaf.name, why);
            Ok(None)
        }
        reader => reader.map(Some),
    }
}

fn footer(source: &Source<'_>) -> Result<ParquetMetaData, Problem> {
    const TAIL: u64 = 8;
    let mut file = &source.file;
    let mut tail = [0; TAIL as usize];
    let cut = || Problem::malformed(msg!("table-parquet-no-end"));
    let start = source.len.checked_sub(TAIL).filter(|&start| start >= MAGIC.len() as u64).ok_or_else(cut)?;
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut tail)?;
    let [a, b, c, d, magic @ ..] = tail;
    match &magic {
        b"PAR1" => {}
        b"PARE" => {
            return Err(Problem::Unsupported(msg!("table-parquet-encrypted")));
        }
        _ => return Err(cut()),
    }
    let len = u64::from(u32::from_le_bytes([a, b, c, d]));
    let start = start.checked_sub(len).filter(|&start| start >= MAGIC.len() as u64 && len <= MAX_FOOTER);
    let start = start.ok_or_else(|| Problem::malformed(msg!("table-parquet-footer-too-long")))?;
    file.seek(SeekFrom::Start(start))?;
    let mut footer = Vec::new();
    file.take(len).read_to_end(&mut footer)?;
    thrift::check_footer(&footer)?;
    ParquetMetaDataReader::decode_metadata(&footer).map_err(problem)
}

/// Readers of a column, one for each group of rows.
fn chunks<'a>(
    source: &'a Source<'_>,
    metadata: &'a ParquetMetaData,
    column: usize,
    budget: &'a Budget,
    task: &'a Task<'_>,
) -> impl Iterator<Item = Result<ColumnReader, Problem>> + 'a {
    let groups = metadata.row_groups();
    groups.iter().enumerate().map(move |(nth, group)| {
        task.check()?;
        task.progress(source.stage(), nth, groups.len());
        let chunk =
            group.columns().get(column).ok_or_else(|| Problem::malformed(msg!("table-parquet-no-column")))?;
        let bytes = bytes(source, chunk)?;
        let pages = pages::Pages::new(bytes, codec(chunk)?, chunk.column_type(), budget.clone());
        Ok(get_column_reader(chunk.column_descr_ptr(), Box::new(pages)))
    })
}

fn bytes(source: &Source<'_>, chunk: &ColumnChunkMetaData) -> Result<Bytes, Problem> {
    if chunk.file_path().is_some() {
        return Err(Problem::Unsupported(msg!("table-parquet-other-files")));
    }
    let start = chunk.dictionary_page_offset().filter(|&start| start > 0).unwrap_or(chunk.data_page_offset());
    let start = start.min(chunk.data_page_offset());
    let place = u64::try_from(start).ok().zip(u64::try_from(chunk.compressed_size()).ok());
    let place = place.filter(|(start, len)| start.checked_add(*len).is_some_and(|end| end <= source.len));
    let (start, len) = place.ok_or_else(|| Problem::malformed(msg!("table-parquet-column-beyond-end")))?;
    let mut file = &source.file;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(len).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

fn codec(chunk: &ColumnChunkMetaData) -> Result<Codec, Problem> {
    Ok(match chunk.compression_codec() {
        CompressionCodec::UNCOMPRESSED => Codec::None,
        CompressionCodec::SNAPPY => Codec::Snappy,
        CompressionCodec::GZIP => Codec::Gzip,
        CompressionCodec::ZSTD => Codec::Zstd,
        CompressionCodec::LZ4_RAW => Codec::Lz4Block,
        other => {
            let codec = format!("{other:?}");
            return Err(Problem::Unsupported(msg!(
                "table-parquet-compressed",
                codec = codec,
                command = ANOTHER_WAY
            )));
        }
    })
}

/// What the library says of a file, or what our pages said through it.
fn problem(err: ParquetError) -> Problem {
    match err {
        ParquetError::External(inner) => match inner.downcast::<Problem>() {
            Ok(problem) => *problem,
            Err(inner) => damaged(&inner.to_string()),
        },
        err => damaged(&err.to_string()),
    }
}

fn damaged(words: &str) -> Problem {
    const CHARS: usize = 200;
    let words: String = words.chars().take(CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    Problem::malformed(msg!("table-parquet-cannot-be-read", why = words))
}
