//! What kind of numbers a text holds, by its first lines.

use std::path::Path;

use super::number::number;

/// A kind of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Real numbers, parted by any of `delimiters`.
    Numbers { delimiters: &'static [u8], has_header: bool },
    /// A clip's name, a delimiter, and its codes.
    Named { delimiter: u8, has_header: bool },
}

/// What may stand between a clip's name and its codes.
const NAME_ENDS: [u8; 3] = [b'\t', b'|', b' '];

/// What GPT-SoVITS itself puts on the first line, in some versions.
const SEMANTIC_HEADER: &str = "item_name\tsemantic_audio";

impl Kind {
    /// The kind of a text that begins with `head`; `None` if it is none of numbers.
    ///
    /// The name only counts where the first line is a heading that is longer than what was looked at.
    pub(super) fn of(head: &[u8], path: &Path) -> Option<Self> {
        let text = text(head)?;
        let mut lines = text.split('\n').map(|line| line.trim_end_matches('\r'));
        let mut lines =
            lines.by_ref().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).peekable();
        let first = lines.next()?;
        if first == SEMANTIC_HEADER {
            let is_last = |next: &&str| lines_end(text, next);
            return lines
                .next()
                .is_some_and(|next| is_named(next, b'\t', is_last(&next)))
                .then_some(Self::Named { delimiter: b'\t', has_header: true });
        }
        if let Some(delimiter) =
            NAME_ENDS.into_iter().find(|&end| is_named(first, end, lines_end(text, first)))
        {
            // A name and numbers with blanks between them may be any text, so the second line has to be one more.
            let next = lines.peek();
            let is_so = next.is_none_or(|next| is_named(next, delimiter, lines_end(text, next)));
            if delimiter != b' ' || is_so {
                return Some(Self::Named { delimiter, has_header: false });
            }
        }
        let delimiters = delimiters(first);
        if is_numbers(first, delimiters, lines_end(text, first)) {
            return Some(Self::Numbers { delimiters, has_header: false });
        }
        match lines.next() {
            Some(second) => {
                // A heading may be parted in another way than the numbers.
                let delimiters = self::delimiters(second);
                is_numbers(second, delimiters, lines_end(text, second))
                    .then_some(Self::Numbers { delimiters, has_header: true })
            }
            None => {
                let named = path.extension().is_some_and(|ending| ending == "csv" || ending == "tsv");
                let is_cut = lines_end(text, first) && text.len() >= LONG_HEAD;
                (named && is_cut).then_some(Self::Numbers { delimiters, has_header: true })
            }
        }
    }
}

/// A head of this length was cut, most likely.
const LONG_HEAD: usize = 2048;

/// The head as text, less what a cut at its end left of a character; `None` if it is none.
fn text(head: &[u8]) -> Option<&str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(err) if err.error_len().is_none() => std::str::from_utf8(head.get(..err.valid_up_to())?).ok()?,
        Err(_) => return None,
    };
    let is_text = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    text.chars().all(is_text).then_some(text)
}

/// Whether a line reaches to the end of the head, so that its last field may be cut.
fn lines_end(text: &str, line: &str) -> bool {
    text.len() >= LONG_HEAD && text.ends_with(line)
}

fn delimiters(line: &str) -> &'static [u8] {
    if line.contains('\t') {
        b"\t"
    } else if line.contains(';') {
        b";"
    } else if line.contains(',') {
        b","
    } else {
        b" "
    }
}

/// Whether a line is of at least two numbers and nothing else. Of one that may be cut the last is not looked at.
fn is_numbers(line: &str, delimiters: &[u8], is_cut: bool) -> bool {
    let fields = line.split(|c: char| c.is_ascii() && delimiters.contains(&(c as u8)));
    let fields: Vec<&str> = fields.map(str::trim).filter(|field| !field.is_empty()).collect();
    let whole = fields.len() - usize::from(is_cut && !fields.is_empty());
    let is_number = |field: &&str| number(field.as_bytes(), delimiters).is_some();
    fields.len() > 1 && whole > 0 && fields.iter().take(whole).all(is_number)
}

/// Whether a line is a name, `delimiter`, and codes.
fn is_named(line: &str, delimiter: u8, is_cut: bool) -> bool {
    let mark = char::from(delimiter);
    let Some((name, codes)) = line.split_once(mark) else { return false };
    let codes: Vec<&str> = codes.split_ascii_whitespace().collect();
    let whole = codes.len() - usize::from(is_cut && !codes.is_empty());
    let is_code = |code: &&str| code.bytes().all(|byte| byte.is_ascii_digit());
    // Two numbers with a tab between them are features, and so are many with blanks; a single number behind a word may be anything.
    let is_number = name.trim().parse::<f32>().is_ok();
    let is_name =
        if delimiter == b' ' { !is_number && codes.len() > 1 } else { codes.len() > 1 || !is_number };
    let is_single = delimiter == b' ' || line.matches(mark).count() == 1;
    is_name && whole > 0 && is_single && codes.iter().take(whole).all(is_code)
}
