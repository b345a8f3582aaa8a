//! Numbers as text: `.csv` and `.tsv` of features, a line a frame, and GPT-SoVITS's `6-name2semantic.tsv` of codes, a line a clip.
//!
//! Read field by field, so that a line may be as long as the file.

use std::io::{BufReader, Seek};
use std::path::Path;

use ndarray::Array2;

use super::arrays::{Codes, RawFeatures};
use super::{Opened, Problem, Reader, Source};
use crate::task::Task;

mod kind;
mod scan;

use kind::{Kind, NUMBER_HEADERS};
use scan::{End, Scan};

/// Reads text.
#[derive(Debug, Clone, Copy)]
pub struct TextReader;

/// Numbers between two looks at the cancel switch.
const BLOCK: usize = 1 << 15;

impl Reader for TextReader {
    fn id(&self) -> &'static str {
        "text"
    }

    fn label(&self) -> &'static str {
        "CSV or TSV of numbers"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv", "tsv", "txt"]
    }

    fn sniff(&self, head: &[u8], path: &Path) -> bool {
        Kind::of(head, path).is_some()
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        let head = source.head()?;
        let kind = Kind::of(&head, source.path)
            .ok_or_else(|| Problem::malformed("the first lines of this text are no numbers"))?;
        let mut file = &source.file;
        file.rewind()?;
        let mut text = Text {
            scan: Scan::new(BufReader::new(file)),
            field: Vec::new(),
            stage: format!("reading {}", source.name()),
            len: source.len,
            task,
        };
        match kind {
            Kind::Numbers { delimiters, has_header } => {
                let (values, columns) = text.numbers(delimiters, has_header)?;
                let rows = values.len() / columns.max(1);
                let values = Array2::from_shape_vec((rows, columns), values)
                    .map_err(|_| Problem::malformed("the lines of this text are of different lengths"))?;
                Ok(Opened::Features(RawFeatures::new(values.into_dyn(), None)?))
            }
            Kind::Semantic { has_header } => Ok(Opened::Codes(text.semantic(has_header)?)),
        }
    }
}

/// A text that is being read.
struct Text<'a, R> {
    scan: Scan<R>,
    field: Vec<u8>,
    stage: String,
    len: u64,
    task: &'a Task<'a>,
}

impl<R: std::io::BufRead> Text<'_, R> {
    /// Every number, and how many make a line.
    fn numbers(&mut self, delimiters: &'static [u8], has_header: bool) -> Result<(Vec<f32>, usize), Problem> {
        let (mut values, mut columns) = (Vec::new(), 0);
        let mut before_header = has_header;
        let (mut in_line, mut first_line) = (0, 0);
        loop {
            let line = self.scan.line();
            let end = self.scan.field(&mut self.field, delimiters)?;
            let text = self.field.trim_ascii();
            let is_comment = in_line == 0 && text.starts_with(NUMBER_HEADERS);
            let is_header = before_header && !text.is_empty() && !is_comment;
            before_header &= !is_header;
            if (is_comment || is_header) && end == End::Delimiter {
                self.scan.skip_line()?;
                continue;
            }
            // Blanks may repeat, and any delimiter may close a line.
            let is_blank = text.is_empty() && (delimiters.contains(&b' ') || end != End::Delimiter);
            if !is_blank && !is_comment && !is_header {
                let value = number(text, delimiters).ok_or_else(|| not_a(text, "number", line))?;
                if value.is_infinite() && text.iter().any(u8::is_ascii_digit) {
                    return Err(Problem::Value(format!(
                        "line {line}: {} is beyond the range of 32-bit floats; scale the data before saving it",
                        shown(text)
                    )));
                }
                self.push(&mut values, value)?;
                in_line += 1;
            }
            if end != End::Delimiter && in_line > 0 {
                if columns == 0 {
                    (columns, first_line) = (in_line, line);
                }
                if in_line != columns {
                    return Err(Problem::malformed(format!(
                        "line {line} has {in_line} numbers, but line {first_line} has {columns}; every line must be one frame"
                    )));
                }
                in_line = 0;
            }
            if end == End::File {
                return Ok((values, columns));
            }
        }
    }

    /// Codes of one layer, clip after clip.
    fn semantic(&mut self, has_header: bool) -> Result<Codes, Problem> {
        /// Lines are long: a file of very many very short ones is none of codes, and takes many times its length in memory.
        const MAX_CLIPS: u64 = 100_000;
        const MIN_LINE: u64 = 64;
        let most = MAX_CLIPS + self.len / MIN_LINE;
        let (mut values, mut clips) = (Vec::new(), Vec::new());
        if has_header {
            self.scan.skip_line()?;
        }
        loop {
            let line = self.scan.line();
            let end = self.scan.field(&mut self.field, b"\t")?;
            let name = String::from_utf8_lossy(self.field.trim_ascii()).into_owned();
            match end {
                End::Delimiter => {}
                End::Line if name.is_empty() => continue,
                End::File if name.is_empty() => break,
                _ => {
                    return Err(Problem::malformed(format!(
                        "line {line} has no tab between a clip's name and its codes"
                    )));
                }
            }
            let start = values.len();
            let end = loop {
                let end = self.scan.field(&mut self.field, b" ")?;
                let text = self.field.trim_ascii();
                if !text.is_empty() {
                    let code = std::str::from_utf8(text).ok().and_then(|text| text.parse::<u32>().ok());
                    let code = code.filter(|&code| i32::try_from(code).is_ok());
                    let code = code.ok_or_else(|| not_a(text, "code", line))?;
                    self.push(&mut values, code)?;
                }
                if end != End::Delimiter {
                    break end;
                }
            };
            if values.len() == start {
                return Err(Problem::malformed(format!("line {line} names a clip without any codes")));
            }
            if clips.len() as u64 >= most {
                return Err(Problem::Unsupported(format!(
                    "line {line}: there are over {most} clips; split the file"
                )));
            }
            clips.push((name, values.len() - start));
            if end == End::File {
                break;
            }
        }
        Codes::of_clips(values, clips)
    }

    /// Adds a number; room grows by a quarter, so that it stays in proportion to the file.
    fn push<T>(&mut self, values: &mut Vec<T>, value: T) -> Result<(), Problem> {
        if values.len() == values.capacity() {
            values.reserve_exact((values.len() / 4).max(BLOCK));
        }
        if values.len().is_multiple_of(BLOCK) {
            self.task.check()?;
            let [done, total] =
                [self.scan.bytes(), self.len].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
            self.task.progress(self.stage.as_str(), done, total);
        }
        values.push(value);
        Ok(())
    }
}

/// A field as a number. Where semicolons part the fields, a comma may stand for the point.
fn number(text: &[u8], delimiters: &[u8]) -> Option<f32> {
    let text = std::str::from_utf8(text).ok()?;
    let parsed = text.parse().ok();
    parsed.or_else(|| delimiters.contains(&b';').then(|| text.replacen(',', ".", 1).parse().ok())?)
}

fn not_a(text: &[u8], what: &str, line: usize) -> Problem {
    Problem::malformed(format!("line {line}: {} is not a {what}", shown(text)))
}

/// A field as a sentence quotes it.
fn shown(text: &[u8]) -> String {
    const MAX_CHARS: usize = 40;
    let text: String = String::from_utf8_lossy(text).chars().take(MAX_CHARS).collect();
    format!("{text:?}")
}
