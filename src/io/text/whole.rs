//! Whole numbers alone, which are codes: lines that are clips, clips with their names, and tables.

use ndarray::Array2;

use super::fields::{COMMENT, Text};
use super::number::{not_a_code, push};
use super::scan::End;

use crate::io::arrays::RawCodes;
use crate::io::{Problem, Wanted};
use crate::text::{Message, msg};

/// Lines are long: a file of very many very short ones is none of codes, and takes many times its length in memory.
const MAX_CLIPS: u64 = 100_000;
const MIN_LINE: u64 = 64;

impl<R: std::io::BufRead> Text<'_, R> {
    /// The numbers as codes; `None` if one of them is not whole, or lines of a table differ in length.
    ///
    /// # Errors
    /// There are too many lines, or the system refuses.
    pub(super) fn whole(
        mut self,
        delimiters: &'static [u8],
        wanted: &Wanted<'_>,
    ) -> Result<Option<RawCodes>, Problem> {
        let (mut values, mut lens, mut in_line, mut line) = (Vec::new(), Vec::new(), 0, self.scan.line());
        let most = self.most_clips();
        loop {
            let end = self.next(delimiters)?;
            let text = self.field.trim_ascii();
            if in_line == 0 && text.starts_with(COMMENT) {
                if end == End::Delimiter {
                    self.skip_line()?;
                }
            } else if !text.is_empty() {
                let Some(id) = whole_number(text) else { return Ok(None) };
                push(&mut values, id);
                in_line += 1;
            } else if end == End::Delimiter && !delimiters.contains(&b' ') {
                // A field of a table with nothing in it.
                return Ok(None);
            }
            if end != End::Delimiter && in_line > 0 {
                if lens.len() as u64 >= most {
                    // Two counts a line, say, are frames as likely.
                    let words = msg!("file-too-many-lines", line = line, most = most.to_string());
                    return Err(Problem::Unsupported(words));
                }
                lens.push(in_line);
                in_line = 0;
            }
            if end == End::File {
                break;
            }
            line = self.scan.line();
        }
        let is_table = lens.iter().all(|len| Some(len) == lens.first());
        let columns = lens.first().copied().unwrap_or(0);
        let by_blanks = delimiters.contains(&b' ');
        // One number a line is anything.
        if (!by_blanks && !is_table) || values.len() == lens.len() && lens.len() > 1 {
            return Ok(None);
        }
        let is_asked = wanted.time_axis.is_some();
        let fits =
            wanted.num_layers.is_some_and(|layers| layers > 1 && (layers == lens.len() || layers == columns));
        if is_table && (!by_blanks || is_asked || fits) {
            let values = Array2::from_shape_vec((lens.len(), columns), values)
                .map_err(|_| Problem::Malformed(msg!("file-lines-differ")))?;
            return RawCodes::new(values.into_dyn(), wanted, false).map(Some);
        }
        let several = lens.len() > 1;
        let clips = (1..).zip(lens).map(|(line, len)| (format!("line {line}"), len));
        let clips = if several { clips.collect() } else { Vec::new() };
        let mut codes = RawCodes::of_lines(values, clips, msg!("axis-lines-are-clips"))?;
        if several && is_table {
            codes.notices.push(msg!("file-lines-as-clips"));
        }
        Ok(Some(codes))
    }

    /// Codes of one layer, clip after clip, each behind its name.
    ///
    /// # Errors
    /// A line is none of that kind, or the system refuses.
    pub(super) fn named(mut self, delimiter: u8, has_header: bool) -> Result<RawCodes, Problem> {
        let most = self.most_clips();
        let (mut values, mut clips) = (Vec::new(), Vec::new());
        if has_header {
            self.skip_line()?;
        }
        loop {
            let line = self.scan.line();
            let end = self.next(&[delimiter])?;
            let name = String::from_utf8_lossy(self.field.trim_ascii()).into_owned();
            match end {
                End::Delimiter => {}
                End::Line if name.is_empty() => continue,
                End::File if name.is_empty() => break,
                _ => {
                    let mark = match char::from(delimiter) {
                        '\t' => msg!("file-tab"),
                        mark => Message::verbatim(format!("{mark:?}")),
                    };
                    return Err(Problem::Malformed(msg!("file-no-mark", line = line, mark = mark)));
                }
            }
            let start = values.len();
            let end = loop {
                let end = self.next(b" ")?;
                let text = self.field.trim_ascii();
                if !text.is_empty() {
                    push(&mut values, whole_number(text).ok_or_else(|| not_a_code(text, line))?);
                }
                if end != End::Delimiter {
                    break end;
                }
            };
            if values.len() == start {
                return Err(Problem::Malformed(msg!("file-clip-without-codes", line = line)));
            }
            if clips.len() as u64 >= most {
                let words = msg!("file-too-many-clips", line = line, most = most.to_string());
                return Err(Problem::Unsupported(words));
            }
            clips.push((name, values.len() - start));
            if end == End::File {
                break;
            }
        }
        RawCodes::of_lines(values, clips, msg!("axis-lines-are-clips"))
    }

    fn most_clips(&self) -> u64 {
        MAX_CLIPS + self.len / MIN_LINE
    }
}

/// A field as an id.
fn whole_number(text: &[u8]) -> Option<i32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
