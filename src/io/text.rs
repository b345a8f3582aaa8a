//! Numbers as text: `.csv` and `.tsv` of features, a line a frame; and codes, which are whole numbers alone: a line a clip as in fairseq's `.km`,
//! behind a name as in `utt|12 5 7` and GPT-SoVITS's `6-name2semantic.tsv`, or a table.
//!
//! Read field by field, so that a line may be as long as the file.

use std::path::Path;

use ndarray::Array2;

use super::arrays::{RawFeatures, finished, notice_of_whole};
use super::{Opened, Problem, ReadAs, Reader, Source, Wanted};
use crate::task::Task;
use crate::text::msg;

mod fields;
mod kind;
mod number;
mod scan;
mod whole;

use fields::{COMMENT, Text};
use kind::Kind;
use number::{not_a_number, number, push, shown};
use scan::End;

/// Reads text.
#[derive(Debug, Clone, Copy)]
pub struct TextReader;

impl Reader for TextReader {
    fn id(&self) -> &'static str {
        "text"
    }

    fn label(&self) -> &'static str {
        "text of numbers or codes" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv", "tsv", "txt", "km", "unit"]
    }

    fn sniff(&self, head: &[u8], path: &Path) -> bool {
        Kind::of(head, path).is_some()
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        let head = source.head()?;
        let kind = Kind::of(&head, source.path)
            .ok_or_else(|| Problem::Malformed(msg!("file-text-of-no-numbers")))?;
        let stage = source.stage();
        let stage = task.stage(&stage);
        match kind {
            Kind::Numbers { delimiters, has_header } => {
                // Whole numbers alone are codes, unless the user says otherwise or columns have names.
                let may_be_codes = !has_header && source.wanted.read_as != Some(ReadAs::Features);
                if may_be_codes
                    && let Some(codes) = Text::new(source, stage)?.whole(delimiters, &source.wanted)?
                {
                    return Ok(Opened::Codes(finished(codes, &source.wanted)?));
                }
                Text::new(source, stage)?.features(delimiters, has_header, &source.wanted)
            }
            Kind::Named { delimiter, has_header } => {
                let codes = Text::new(source, stage)?.named(delimiter, has_header)?;
                Ok(Opened::Codes(finished(codes, &source.wanted)?))
            }
        }
    }
}

impl<R: std::io::BufRead> Text<'_, R> {
    /// The numbers as features, a line a frame.
    fn features(
        mut self,
        delimiters: &'static [u8],
        has_header: bool,
        wanted: &Wanted<'_>,
    ) -> Result<Opened, Problem> {
        let (values, columns) = self.numbers(delimiters, has_header)?;
        let rows = values.len() / columns.max(1);
        let values = Array2::from_shape_vec((rows, columns), values)
            .map_err(|_| Problem::Malformed(msg!("file-lines-differ")))?;
        let mut features = RawFeatures::new(values.into_dyn(), wanted.time_axis, None)?;
        features.notices.extend(notice_of_whole(&features, false, wanted));
        Ok(Opened::Features(features))
    }

    /// Every number, and how many make a line.
    fn numbers(&mut self, delimiters: &'static [u8], has_header: bool) -> Result<(Vec<f32>, usize), Problem> {
        let (mut values, mut columns) = (Vec::new(), 0);
        let mut before_header = has_header;
        let (mut in_line, mut first_line) = (0, 0);
        loop {
            let line = self.scan.line();
            let end = self.next(delimiters)?;
            let text = self.field.trim_ascii();
            let is_comment = in_line == 0 && text.starts_with(COMMENT);
            let is_header = before_header && !text.is_empty() && !is_comment;
            before_header &= !is_header;
            if (is_comment || is_header) && end == End::Delimiter {
                self.skip_line()?;
                continue;
            }
            // Blanks may repeat, and any delimiter may close a line.
            let is_blank = text.is_empty() && (delimiters.contains(&b' ') || end != End::Delimiter);
            if !is_blank && !is_comment && !is_header {
                let value = number(text, delimiters).ok_or_else(|| not_a_number(text, line))?;
                if value.is_infinite() && text.iter().any(u8::is_ascii_digit) {
                    let words = msg!("file-text-beyond-float", line = line, text = shown(text));
                    return Err(Problem::Value(words));
                }
                push(&mut values, value);
                in_line += 1;
            }
            if end != End::Delimiter && in_line > 0 {
                if columns == 0 {
                    (columns, first_line) = (in_line, line);
                }
                if in_line != columns {
                    return Err(Problem::Malformed(msg!(
                        "file-line-of-other-length",
                        line = line,
                        n = in_line,
                        first = first_line,
                        columns = columns
                    )));
                }
                in_line = 0;
            }
            if end == End::File {
                return Ok((values, columns));
            }
        }
    }
}
