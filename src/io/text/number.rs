//! A field of a text as a number, and what is said of one that is none.

use crate::io::Problem;
use crate::text::msg;

/// Numbers for which room is made at least.
const BLOCK: usize = 1 << 15;

/// Adds a number; room grows by a quarter, so that it stays in proportion to the file.
pub(super) fn push<T>(values: &mut Vec<T>, value: T) {
    if values.len() == values.capacity() {
        values.reserve_exact((values.len() / 4).max(BLOCK));
    }
    values.push(value);
}

/// A field as a number. Where semicolons part the fields, a comma may stand for the point.
pub(super) fn number(text: &[u8], delimiters: &[u8]) -> Option<f32> {
    let text = std::str::from_utf8(text).ok()?;
    let parsed = text.parse().ok();
    parsed.or_else(|| delimiters.contains(&b';').then(|| text.replacen(',', ".", 1).parse().ok())?)
}

pub(super) fn not_a_number(text: &[u8], line: usize) -> Problem {
    Problem::Malformed(msg!("file-not-a-number", line = line, text = shown(text)))
}

pub(super) fn not_a_code(text: &[u8], line: usize) -> Problem {
    Problem::Malformed(msg!("file-not-a-code", line = line, text = shown(text)))
}

/// A field as a sentence quotes it.
pub(super) fn shown(text: &[u8]) -> String {
    const MAX_CHARS: usize = 40;
    let text: String = String::from_utf8_lossy(text).chars().take(MAX_CHARS).collect();
    format!("{text:?}")
}
