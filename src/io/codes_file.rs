//! Writing codes: int32 `[layers, frames]` as `.npy`, which states its axes, or as `.safetensors`, which states everything.

use std::io::SeekFrom;
use std::path::Path;

use ndarray::ArrayView2;
use serde_json::{Map, Value, json};

use super::arrays::{AXES_KEY, CLIPS_KEY, CODES_AXES, FIRST_LAYER_KEY, FRAME_RATE_KEY, SIZES_KEY};
use super::npy::codes_header_bytes;
use super::replace::WriteSeek;
use super::safetensors::MAX_HEADER_LEN;
use super::{FileError, NO_CODE, Problem, replace_file};
use crate::text::msg;

/// What is known of codes that are written. A `.npy` has room for their axes alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CodesHeader {
    /// `K` of each layer.
    pub codebook_sizes: Vec<usize>,
    /// The layer that the first row belongs to.
    pub first_layer: usize,
    /// Frames a second, where known.
    pub frame_rate_hz: Option<f64>,
    /// The clips that the frames are of, each with its name and number of frames.
    pub clips: Vec<(String, usize)>,
}

/// How files of codes end, the usual one first.
pub const CODES_ENDINGS: &[&str] = &["npy", "safetensors"];

/// What the tensor is called.
const NAME: &str = "codes";

/// An int32 file `[layers, frames]` that is filled block of frames by block of frames.
pub struct CodesFile<'a> {
    out: &'a mut dyn WriteSeek,
    data_offset: u64,
    num_frames: usize,
    bytes: Vec<u8>,
}

impl CodesFile<'_> {
    /// Writes the codes of a block of frames, `(num_layers, frames of the block)`, that begins at `first_frame`.
    ///
    /// # Errors
    /// The system refuses.
    pub fn put(&mut self, first_frame: usize, codes: ArrayView2<'_, u32>) -> std::io::Result<()> {
        for (layer, row) in codes.rows().into_iter().enumerate() {
            self.bytes.clear();
            // NO_CODE becomes -1.
            self.bytes.extend(row.iter().flat_map(|code| code.to_le_bytes()));
            let place = (layer * self.num_frames + first_frame) as u64 * 4;
            self.out.seek(SeekFrom::Start(self.data_offset + place))?;
            self.out.write_all(&self.bytes)?;
        }
        Ok(())
    }
}

/// Writes codes, `(num_layers, num_frames)`, as the ending of `path` says: `.safetensors`, or else `.npy`.
///
/// # Errors
/// A code is above `i32::MAX`, or the file cannot be written.
pub fn write_codes(path: &Path, codes: ArrayView2<'_, u32>, header: &CodesHeader) -> Result<(), FileError> {
    if let Some(code) = codes.iter().find(|&&code| code != NO_CODE && i32::try_from(code).is_err()) {
        return Err(Problem::Value(msg!("file-code-too-large", code = code.to_string())).at(path));
    }
    write_codes_blocks(path, codes.dim(), header, |file| file.put(0, codes))
}

/// Writes codes that `fill` hands over block by block, so that they need not be held at once.
///
/// # Errors
/// `fill` fails, or the file cannot be written; what was there stays.
pub fn write_codes_blocks(
    path: &Path,
    (num_layers, num_frames): (usize, usize),
    header: &CodesHeader,
    fill: impl FnOnce(&mut CodesFile<'_>) -> std::io::Result<()>,
) -> Result<(), FileError> {
    let is_safetensors = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"));
    let shape = [num_layers, num_frames];
    let start = if is_safetensors { safetensors_header(shape, header) } else { codes_header_bytes(shape) };
    replace_file(path, |out| {
        out.write_all(&start)?;
        fill(&mut CodesFile { out, data_offset: start.len() as u64, num_frames, bytes: Vec::new() })
    })
}

/// The length and the JSON that a `.safetensors` file of codes begins with. Names of very many clips are left out.
fn safetensors_header(shape: [usize; 2], header: &CodesHeader) -> Vec<u8> {
    const ALIGNMENT: usize = 8;
    let CodesHeader { codebook_sizes, first_layer, frame_rate_hz, clips } = header;
    let mut notes = Map::new();
    let mut note = |key: &str, text: String| notes.insert(key.to_owned(), Value::String(text));
    note(AXES_KEY, CODES_AXES.to_owned());
    note(FIRST_LAYER_KEY, first_layer.to_string());
    if !codebook_sizes.is_empty() {
        let sizes: Vec<String> = codebook_sizes.iter().map(usize::to_string).collect();
        note(SIZES_KEY, sizes.join(","));
    }
    if let Some(rate) = frame_rate_hz {
        note(FRAME_RATE_KEY, rate.to_string());
    }
    let clips = json!(clips).to_string();
    // The reader's limits are on bytes and on commas, of which there are two a clip and those of the names.
    let is_short = clips.len() as u64 <= MAX_HEADER_LEN / 4 && clips.matches(',').count() < 1 << 15;
    if is_short && !header.clips.is_empty() {
        note(CLIPS_KEY, clips);
    }
    let bytes = shape.iter().product::<usize>() * 4;
    let mut text = json!({
        "__metadata__": notes,
        NAME: {"dtype": "I32", "shape": shape, "data_offsets": [0, bytes]},
    })
    .to_string();
    text.push_str(&" ".repeat(text.len().next_multiple_of(ALIGNMENT) - text.len()));
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}
