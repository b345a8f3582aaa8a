//! GGUF, the format of llama.cpp: notes, names and offsets of tensors, then the numbers.

use std::collections::BTreeMap;
use std::path::Path;

use super::stored::{Header, StoredFile};
use super::tensors::{Stored, TensorInfo, Tensors};
use super::{Dtype, Opened, Problem, Reader, Source, recognise};
use crate::task::Task;
use crate::text::msg;

/// Reads `.gguf`.
#[derive(Debug, Clone, Copy)]
pub struct GgufReader;

const MAGIC: &[u8] = b"GGUF";
const MAX_TENSORS: u64 = 1 << 16;
const MAX_NOTES: u64 = 1 << 16;
const MAX_NAME: u64 = 1 << 12;
/// Texts of notes longer than this are passed over, and so are lists.
const MAX_TEXT: u64 = 1 << 10;
const MAX_AXES: u64 = 8;
/// Lists of lists, one inside the other.
const MAX_DEPTH: u32 = 4;

impl Reader for GgufReader {
    fn id(&self) -> &'static str {
        "gguf"
    }

    fn label(&self) -> &'static str {
        "GGUF" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["gguf"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        head.starts_with(MAGIC)
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        recognise::interpret(&open(source, task)?, &source.wanted, task)
    }

    fn tensors<'a>(
        &self,
        source: &'a Source<'_>,
        task: &Task<'_>,
    ) -> Option<Result<Box<dyn Tensors + 'a>, Problem>> {
        Some(open(source, task).map(|file| Box::new(file) as Box<dyn Tensors>))
    }
}

fn open<'a>(source: &'a Source<'_>, task: &Task<'_>) -> Result<StoredFile<'a>, Problem> {
    let mut header = Header::new(source)?;
    header.skip(MAGIC.len() as u64)?;
    let version = header.number(4)?;
    if !(2..=3).contains(&version) {
        return Err(Problem::Unsupported(msg!("tensor-gguf-version", version = version.to_string())));
    }
    let (tensors, notes) = (header.number(8)?, header.number(8)?);
    if tensors > MAX_TENSORS || notes > MAX_NOTES {
        return Err(Problem::malformed(msg!("tensor-header-entries")));
    }
    let mut metadata = BTreeMap::new();
    for _ in 0..notes {
        task.check()?;
        let key = text(&mut header, MAX_NAME)?;
        let kind = header.number(4)?;
        if let Some(value) = value(&mut header, kind, 0)? {
            metadata.insert(key, value);
        }
    }
    let mut found = Vec::new();
    for _ in 0..tensors {
        task.check()?;
        let name = text(&mut header, MAX_NAME)?;
        let axes = header.number(4)?;
        if axes > MAX_AXES {
            return Err(Problem::malformed(msg!("tensor-axes", name = name, axes = axes.to_string())));
        }
        let mut shape = Vec::new();
        for _ in 0..axes {
            shape.push(usize::try_from(header.number(8)?).map_err(|_| beyond(&name))?);
        }
        // The fastest axis comes first here.
        shape.reverse();
        let dtype = number_type(header.number(4)?);
        found.push((name, shape, dtype, header.number(8)?));
    }
    let align = metadata.get("general.alignment").and_then(|text| text.parse::<u64>().ok());
    let align = align.filter(|align| (1..=1 << 20).contains(align)).unwrap_or(32);
    let start = header.at.next_multiple_of(align);
    let (mut stored, mut in_all) = (BTreeMap::new(), 0u64);
    for (name, shape, dtype, offset) in found {
        let count = shape.iter().try_fold(1u64, |count, &len| count.checked_mul(len as u64));
        let bytes = count.and_then(|count| count.checked_mul(dtype.size().max(1) as u64));
        let offset = start.checked_add(offset).ok_or_else(|| beyond(&name))?;
        let end = bytes.and_then(|bytes| offset.checked_add(bytes));
        // What is quantized is named but not read; its length goes by rules of its own.
        if dtype.size() > 0 {
            if end.is_none_or(|end| end > source.len) {
                return Err(beyond(&name));
            }
            // Each is read into memory of its own: over each other they would be small in the file and without end in memory.
            in_all = in_all.saturating_add(bytes.unwrap_or(0));
            if in_all > source.len {
                return Err(Problem::malformed(msg!("tensor-gguf-overlap")));
            }
        }
        let info = TensorInfo { dtype, shape };
        stored.insert(name, Stored { info, big_endian: false, fortran: false, offset });
    }
    Ok(StoredFile::new(source, stored, metadata))
}

fn beyond(name: &str) -> Problem {
    Problem::malformed(msg!("tensor-beyond-file", name = name))
}

fn text(header: &mut Header<'_>, most: u64) -> Result<String, Problem> {
    let len = header.number(8)?;
    Ok(String::from_utf8_lossy(&header.bytes(len, most)?).into_owned())
}

/// A value as text; `None` for what is passed over.
fn value(header: &mut Header<'_>, kind: u64, depth: u32) -> Result<Option<String>, Problem> {
    const TEXT: u64 = 8;
    const LIST: u64 = 9;
    let size = match kind {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        4..=6 => 4,
        10..=12 => 8,
        TEXT => {
            let len = header.number(8)?;
            if len > MAX_TEXT {
                header.skip(len)?;
                return Ok(None);
            }
            return Ok(Some(String::from_utf8_lossy(&header.bytes(len, MAX_TEXT)?).into_owned()));
        }
        LIST if depth < MAX_DEPTH => {
            let (of, count) = (header.number(4)?, header.number(8)?);
            match of {
                TEXT | LIST => {
                    // Each takes eight bytes at least, so that the file's end comes soon.
                    for _ in 0..count {
                        value(header, of, depth + 1)?;
                    }
                }
                of => {
                    let size = match of {
                        0 | 1 | 7 => 1,
                        2 | 3 => 2,
                        4..=6 => 4,
                        10..=12 => 8,
                        _ => return Err(unknown(of)),
                    };
                    header.skip(count.saturating_mul(size))?;
                }
            }
            return Ok(None);
        }
        _ => return Err(unknown(kind)),
    };
    let number = header.number(size)?;
    let text = match kind {
        6 => f32::from_bits(number as u32).to_string(),
        12 => f64::from_bits(number).to_string(),
        7 => (number != 0).to_string(),
        _ => number.to_string(),
    };
    Ok(Some(text))
}

fn unknown(kind: u64) -> Problem {
    Problem::malformed(msg!("tensor-gguf-kind", kind = kind.to_string()))
}

fn number_type(kind: u64) -> Dtype {
    match kind {
        0 => Dtype::F32,
        1 => Dtype::F16,
        24 => Dtype::Int(1),
        25 => Dtype::Int(2),
        26 => Dtype::Int(4),
        27 => Dtype::Int(8),
        28 => Dtype::F64,
        30 => Dtype::Bf16,
        _ => Dtype::Other("quantized"),
    }
}
