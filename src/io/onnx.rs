//! ONNX: the initializers of a graph, found in the file's protocol buffers without building the graph.

use std::collections::BTreeMap;
use std::path::Path;

use super::stored::StoredFile;
use super::tensors::{Stored, TensorInfo, Tensors};
use super::{Dtype, Opened, Problem, Reader, Source, recognise};
use crate::task::Task;
use crate::text::msg;

/// Reads the initializers of `.onnx`.
#[derive(Debug, Clone, Copy)]
pub struct OnnxReader;

/// Field numbers of the messages that lead to a tensor.
const GRAPH: u64 = 7;
const INITIALIZER: u64 = 5;

/// Fields of a tensor.
const DIMS: u64 = 1;
const DATA_TYPE: u64 = 2;
const FLOATS: u64 = 4;
const NAME: u64 = 8;
const RAW: u64 = 9;
const LOCATION: u64 = 14;

const MAX_TENSORS: usize = 1 << 16;
const MAX_NAME: u64 = 1 << 12;
const MAX_AXES: usize = 32;

/// How many fields of a message are looked at between two looks at the task.
const FIELDS_A_LOOK: u32 = 1 << 10;

impl Reader for OnnxReader {
    fn id(&self) -> &'static str {
        "onnx"
    }

    fn label(&self) -> &'static str {
        "ONNX" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["onnx"]
    }

    fn sniff(&self, head: &[u8], path: &Path) -> bool {
        // A model begins with its version, 1 to 31, and nothing else in the file says what it is: the name must.
        let is_named = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"));
        matches!(head, [0x08, 1..=31, ..])
            && (is_named || head.windows(4).take(64).any(|four| four == b"onnx" || four == b"torc"))
            || is_named && matches!(head, [0x3a, ..])
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

/// Bytes of the file that are one message.
#[derive(Clone, Copy)]
struct Span {
    at: u64,
    end: u64,
}

/// One field of a message.
enum Field {
    Number(u64),
    Bytes(Span),
    Fixed,
}

/// Reads fields from the front of messages.
struct Walk<'a> {
    source: &'a Source<'a>,
    block: Vec<u8>,
    /// Where `block` begins.
    start: u64,
}

const BLOCK: u64 = 1 << 12;

impl Walk<'_> {
    fn byte(&mut self, at: u64) -> Result<u8, Problem> {
        use std::io::{Read, Seek, SeekFrom};
        let inside = at >= self.start && at - self.start < self.block.len() as u64;
        if !inside {
            let mut file = &self.source.file;
            file.seek(SeekFrom::Start(at))?;
            self.block.clear();
            file.take(BLOCK).read_to_end(&mut self.block)?;
            self.start = at;
        }
        let place = usize::try_from(at - self.start).unwrap_or(usize::MAX);
        self.block.get(place).copied().ok_or_else(broken)
    }

    fn varint(&mut self, span: &mut Span) -> Result<u64, Problem> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            if span.at >= span.end {
                return Err(broken());
            }
            let byte = self.byte(span.at)?;
            span.at += 1;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(broken())
    }

    /// The next field and its number.
    fn field(&mut self, span: &mut Span) -> Result<Option<(u64, Field)>, Problem> {
        if span.at >= span.end {
            return Ok(None);
        }
        let tag = self.varint(span)?;
        let pass = |len: u64, span: &mut Span| {
            let start = span.at;
            span.at = start.checked_add(len).filter(|end| *end <= span.end).ok_or_else(broken)?;
            Ok::<_, Problem>(Span { at: start, end: span.at })
        };
        let field = match tag & 7 {
            0 => Field::Number(self.varint(span)?),
            1 => pass(8, span).map(|_| Field::Fixed)?,
            2 => {
                let len = self.varint(span)?;
                Field::Bytes(pass(len, span)?)
            }
            5 => pass(4, span).map(|_| Field::Fixed)?,
            _ => return Err(broken()),
        };
        Ok(Some((tag >> 3, field)))
    }

    fn text(&mut self, span: Span) -> Result<String, Problem> {
        if span.end - span.at > MAX_NAME {
            return Err(broken());
        }
        let bytes = (span.at..span.end).map(|at| self.byte(at)).collect::<Result<Vec<u8>, _>>()?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn open<'a>(source: &'a Source<'_>, task: &Task<'_>) -> Result<StoredFile<'a>, Problem> {
    let mut walk = Walk { source, block: Vec::new(), start: 0 };
    let mut stored = BTreeMap::new();
    let (mut file, mut looks, mut external) = (Span { at: 0, end: source.len }, 0u32, 0usize);
    while let Some((number, field)) = walk.field(&mut file)? {
        let (GRAPH, Field::Bytes(mut graph)) = (number, field) else { continue };
        while let Some((number, field)) = walk.field(&mut graph)? {
            looks += 1;
            if looks.is_multiple_of(FIELDS_A_LOOK) {
                task.check()?;
            }
            let (INITIALIZER, Field::Bytes(tensor)) = (number, field) else { continue };
            match initializer(&mut walk, tensor)? {
                Some((name, tensor)) if stored.len() < MAX_TENSORS => drop(stored.insert(name, tensor)),
                Some(_) => return Err(Problem::malformed(msg!("tensor-onnx-many"))),
                None => external += 1,
            }
        }
    }
    if stored.is_empty() && external > 0 {
        return Err(Problem::Unsupported(msg!("tensor-onnx-external", n = external)));
    }
    Ok(StoredFile::new(source, stored, BTreeMap::new()))
}

/// A tensor whose numbers lie in one piece; `None` for others.
fn initializer(walk: &mut Walk<'_>, mut span: Span) -> Result<Option<(String, Stored)>, Problem> {
    let (mut shape, mut kind, mut name) = (Vec::new(), 0, String::new());
    let (mut numbers, mut is_external) = (None, false);
    while let Some((number, field)) = walk.field(&mut span)? {
        match (number, field) {
            (DIMS, Field::Number(len)) => shape.push(len),
            (DIMS, Field::Bytes(mut packed)) => {
                while packed.at < packed.end {
                    shape.push(walk.varint(&mut packed)?);
                    if shape.len() > MAX_AXES {
                        return Err(broken());
                    }
                }
            }
            (DATA_TYPE, Field::Number(number)) => kind = number,
            (NAME, Field::Bytes(text)) => name = walk.text(text)?,
            (RAW | FLOATS, Field::Bytes(bytes)) if bytes.end > bytes.at => numbers = Some(bytes),
            (LOCATION, Field::Number(number)) => is_external = number == 1,
            _ => {}
        }
        if shape.len() > MAX_AXES {
            return Err(broken());
        }
    }
    let dtype = number_type(kind);
    let (Some(bytes), false) = (numbers, is_external) else { return Ok(None) };
    let count = shape.iter().try_fold(dtype.size() as u64, |bytes, &len| bytes.checked_mul(len));
    if dtype.size() > 0 && count != Some(bytes.end - bytes.at) {
        return Err(Problem::malformed(msg!(
            "tensor-bytes-shape",
            name = name,
            bytes = (bytes.end - bytes.at).to_string(),
            shape = format!("{shape:?}")
        )));
    }
    let shape =
        shape.into_iter().map(usize::try_from).collect::<Result<Vec<usize>, _>>().map_err(|_| broken())?;
    let info = TensorInfo { dtype, shape };
    Ok(Some((name, Stored { info, big_endian: false, fortran: false, offset: bytes.at })))
}

fn number_type(kind: u64) -> Dtype {
    match kind {
        1 => Dtype::F32,
        2 => Dtype::Uint(1),
        3 => Dtype::Int(1),
        4 => Dtype::Uint(2),
        5 => Dtype::Int(2),
        6 => Dtype::Int(4),
        7 => Dtype::Int(8),
        10 => Dtype::F16,
        11 => Dtype::F64,
        12 => Dtype::Uint(4),
        13 => Dtype::Uint(8),
        16 => Dtype::Bf16,
        _ => Dtype::Other("no numbers"), // not a text
    }
}

fn broken() -> Problem {
    Problem::malformed(msg!("tensor-onnx-broken"))
}
