//! Rust source as this test reads it: its literals, and the texts of the catalogue that it asks for.

use std::collections::BTreeSet;

/// A text between quotes.
#[derive(Debug, Clone, PartialEq)]
pub struct Literal {
    /// Where its first quote stands, or what stands before it.
    pub start: usize,
    /// Behind its last quote.
    pub end: usize,
    /// What stands between, as it is written.
    pub text: String,
}

/// A place where a text of the catalogue is asked for.
#[derive(Debug, PartialEq)]
pub struct Use {
    /// The line, from 1.
    pub line: usize,
    /// The key.
    pub key: String,
    /// The names that are given values.
    pub given: BTreeSet<String>,
}

/// `source` up to the tests in it; a line that names a file of tests ends nothing.
pub fn without_tests(source: &str) -> &str {
    const TESTS: &str = "#[cfg(test)]\nmod ";
    let is_here =
        |at: &usize| source[at + TESTS.len()..].lines().next().is_some_and(|line| line.ends_with('{'));
    let end = source.match_indices(TESTS).map(|(at, _)| at).find(is_here);
    &source[..end.unwrap_or(source.len())]
}

/// The literals of `source`, and the same source with comments and literals blanked out, byte for byte as long.
pub fn literals(source: &str) -> (Vec<Literal>, String) {
    let bytes = source.as_bytes();
    let (mut found, mut blank) = (Vec::new(), bytes.to_vec());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &source[at..];
        let (len, inside) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (rest.find("*/").map_or(rest.len(), |end| end + 2), None)
        } else if let Some((open, len)) = raw(source, at) {
            (len, Some((open, len - open + 1)))
        } else if rest.starts_with('"') {
            let len = quoted(rest, '"');
            (len, Some((1, len - 1)))
        } else if let Some(len) = character(rest) {
            (len, None)
        } else {
            let mut next = at + 1;
            while !source.is_char_boundary(next) {
                next += 1;
            }
            at = next;
            continue;
        };
        if let Some((from, to)) = inside {
            found.push(Literal {
                start: at,
                end: at + len,
                text: source[at + from..at + to.max(from)].to_owned(),
            });
        }
        blank[at..at + len].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at += len;
    }
    (found, String::from_utf8(blank).unwrap())
}

/// The lengths of `r#"` and of the whole raw text that begins at `at`.
fn raw(source: &str, at: usize) -> Option<(usize, usize)> {
    let before = source[..at].chars().next_back();
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let rest = source[at..].strip_prefix('r')?;
    let hashes = rest.chars().take_while(|&c| c == '#').count();
    let body = rest[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&close)?;
    Some((hashes + 2, hashes + 2 + end + close.len()))
}

/// The length of what stands between `quote` at the beginning of `text` and the next that is not escaped.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character between quotes, which a lifetime is not.
fn character(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('\'')?;
    if inside.starts_with('\\') {
        return Some(quoted(text, '\''));
    }
    let c = inside.chars().next()?;
    inside[c.len_utf8()..].starts_with('\'').then_some(c.len_utf8() + 2)
}

/// What `source` asks of the catalogue.
pub fn uses(source: &str) -> Vec<Use> {
    let (literals, blank) = literals(source);
    let asks = |literal: &&Literal| {
        let before = blank[..literal.start].trim_end();
        ["t!(", "msg!(", "phrase!("].iter().any(|name| {
            before
                .strip_suffix(name)
                .is_some_and(|front| !front.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    let of = |literal: &Literal| Use {
        line: line(source, literal.start),
        key: literal.text.clone(),
        given: given(&blank[literal.end..]),
    };
    literals.iter().filter(asks).map(of).collect()
}

/// The names that stand before `=` in the rest of a macro's arguments.
fn given(rest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut depth = 0;
    for (at, c) in rest.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => break,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                let next = rest[at + 1..].trim_start();
                let end = next.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(0);
                let behind = next[end..].trim_start();
                if end > 0 && behind.starts_with('=') && !behind.starts_with("==") {
                    names.insert(next[..end].to_owned());
                }
            }
            _ => {}
        }
    }
    names
}

/// The line that the byte `at` stands on, from 1.
pub fn line(source: &str, at: usize) -> usize {
    source[..at].matches('\n').count() + 1
}
