//! The `.safetensors` container: a JSON header of names, types, shapes and offsets, then the numbers.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use safetensors::tensor::{Dtype as FileDtype, Metadata};

use super::recognise;
use super::stored::StoredFile;
use super::tensors::{Stored, TensorInfo, Tensors};
use super::{Dtype, Opened, Problem, Reader, Source};
use crate::task::Task;
use crate::text::{msg, phrase};

/// Reads `.safetensors`: quantizers, or a single tensor of features or codes.
#[derive(Debug, Clone, Copy)]
pub struct SafetensorsReader;

/// Bytes of the header's length, which is what the file begins with.
const LEN_SIZE: u64 = 8;

/// Room for some 8000 tensors. A parsed header takes many times its length in memory, the more so the shorter its parts are.
pub(super) const MAX_HEADER_LEN: u64 = 1 << 20;

/// Against headers of very many very short parts.
const MAX_HEADER_COMMAS: usize = 1 << 16;

/// PyTorch's limit is 64 as well.
const MAX_AXES: usize = 64;

impl Reader for SafetensorsReader {
    fn id(&self) -> &'static str {
        "safetensors"
    }

    fn label(&self) -> &'static str {
        "safetensors"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["safetensors"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        // A length, of which no sane file fills the upper half, and a JSON object.
        matches!(head, [_, _, _, _, upper @ .., b'{'] if upper.len() == 4)
            || matches!(head, [_, _, _, _, a, b, c, d, b'{', b'"' | b'}' | b' ' | b'\n', ..]
                if ![a, b, c, d].iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()))
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        recognise::interpret(&open(source)?, &source.wanted, task)
    }

    fn tensors<'a>(
        &self,
        source: &'a Source<'_>,
        _task: &Task<'_>,
    ) -> Option<Result<Box<dyn Tensors + 'a>, Problem>> {
        Some(open(source).map(|file| Box::new(file) as Box<dyn Tensors>))
    }
}

/// The tensors of a file of which only the header is read.
fn open<'a>(source: &'a Source<'_>) -> Result<StoredFile<'a>, Problem> {
    let (header, data_offset) = read_header(source)?;
    let data_len = source.len - data_offset;
    let expected = header.data_len() as u64;
    if expected > data_len {
        return Err(Problem::Truncated { what: phrase!("file-part-tensors"), expected, found: data_len });
    }
    if expected < data_len {
        let extra = data_len - expected;
        return Err(Problem::malformed(msg!("tensor-extra-bytes", extra = extra.to_string())));
    }
    let mut stored = BTreeMap::new();
    for (name, info) in header.tensors() {
        if info.shape.len() > MAX_AXES {
            return Err(Problem::malformed(msg!("tensor-axes", name = name, axes = info.shape.len())));
        }
        let info_out = TensorInfo { dtype: number_type(info.dtype), shape: info.shape.clone() };
        let offset = data_offset + info.data_offsets.0 as u64;
        stored.insert(name, Stored { info: info_out, big_endian: false, fortran: false, offset });
    }
    let metadata = header.metadata().clone().unwrap_or_default().into_iter().collect();
    Ok(StoredFile::new(source, stored, metadata))
}

/// The header and where the numbers begin. The header's own checks see to it that tensors neither overlap nor leave gaps.
fn read_header(source: &Source<'_>) -> Result<(Metadata, u64), Problem> {
    let mut file = &source.file;
    let mut len_bytes = [0u8; LEN_SIZE as usize];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut len_bytes)?;
    let len = u64::from_le_bytes(len_bytes);
    let found = source.len - LEN_SIZE.min(source.len);
    if len > found {
        return Err(Problem::Truncated { what: phrase!("file-part-header"), expected: len, found });
    }
    if len > MAX_HEADER_LEN {
        return Err(Problem::malformed(msg!(
            "tensor-header-long",
            len = len.to_string(),
            most = MAX_HEADER_LEN.to_string()
        )));
    }
    let mut text = Vec::new();
    file.take(len).read_to_end(&mut text)?;
    if text.iter().filter(|&&byte| byte == b',').count() > MAX_HEADER_COMMAS {
        return Err(Problem::malformed(msg!("tensor-header-entries")));
    }
    let header = serde_json::from_slice::<Metadata>(&text)
        .map_err(|err| Problem::malformed(msg!("tensor-header-invalid", why = err.to_string())))?;
    Ok((header, LEN_SIZE + len))
}

fn number_type(dtype: FileDtype) -> Dtype {
    match dtype {
        FileDtype::F16 => Dtype::F16,
        FileDtype::BF16 => Dtype::Bf16,
        FileDtype::F32 => Dtype::F32,
        FileDtype::F64 => Dtype::F64,
        FileDtype::I8 => Dtype::Int(1),
        FileDtype::I16 => Dtype::Int(2),
        FileDtype::I32 => Dtype::Int(4),
        FileDtype::I64 => Dtype::Int(8),
        FileDtype::U8 => Dtype::Uint(1),
        FileDtype::U16 => Dtype::Uint(2),
        FileDtype::U32 => Dtype::Uint(4),
        FileDtype::U64 => Dtype::Uint(8),
        FileDtype::BOOL => Dtype::Other("bool"),
        FileDtype::C64 => Dtype::Other("complex"),
        _ => Dtype::Other("8-bit float"), // not a text
    }
}
