//! Breaks text into lines for a terminal, in which Chinese letters are two columns wide and need no blanks between them to break at.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What no line begins with.
const CLOSING: &str = "，。；：、！？）》】”’…)]";
/// What no line ends with.
const OPENING: &str = "（《【“‘([";
/// How wide a word may be of brackets in which no line ends.
const MOST_IN_BRACKETS: usize = 30;

/// How many columns of a terminal `text` takes.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// Breaks each line of `text` that is wider than `width` columns, where that can be done.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    text.lines().map(|line| filled(line, width)).collect::<Vec<_>>().join("\n")
}

fn filled(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let (mut out, mut used) = (String::new(), 0);
    for (i, word) in text.split_whitespace().enumerate() {
        for (j, piece) in pieces(word).into_iter().enumerate() {
            let blank = usize::from(i > 0 && j == 0);
            if used > 0 && used + blank + columns(piece) > width {
                out.push('\n');
                used = 0;
            } else if blank > 0 {
                out.push(' ');
                used += 1;
            }
            out.push_str(piece);
            used += columns(piece);
        }
    }
    out
}

/// The parts of a word between which a line may end. What stands in brackets stays in one piece unless it is long.
fn pieces(word: &str) -> Vec<&str> {
    if (word.starts_with('[') || word.ends_with(']')) && columns(word) <= MOST_IN_BRACKETS {
        return vec![word];
    }
    let (mut pieces, mut start, mut before) = (Vec::new(), 0, None);
    for (at, letter) in word.char_indices() {
        if before.is_some_and(|before| may_break(before, letter)) {
            pieces.push(&word[start..at]);
            start = at;
        }
        before = Some(letter);
    }
    pieces.push(&word[start..]);
    pieces
}

fn may_break(before: char, after: char) -> bool {
    let is_wide = |letter: char| letter.width() == Some(2);
    (is_wide(before) || is_wide(after)) && !OPENING.contains(before) && !CLOSING.contains(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks() {
        assert_eq!(wrapped("one two  three\nfour", 8), "one two\nthree\nfour");
        assert_eq!(wrapped("  a   b", 8), "  a   b", "what fits stays as it is");
        assert_eq!(wrapped("a_word_that_is_too_long to fit", 8), "a_word_that_is_too_long\nto fit");
    }

    #[test]
    fn chinese_breaks_between_letters_and_keeps_its_marks() {
        assert_eq!(wrapped("每层的码字数量", 6), "每层的\n码字数\n量");
        // A comma stays with what stands before it, a parenthesis with what it opens.
        assert_eq!(wrapped("码字数，（层）", 6), "码字\n数，\n（层）");
        assert_eq!(wrapped("用 --beam 搜索", 9), "用 --beam\n搜索");
        assert_eq!(wrapped("留出的比例 [默认值：0.1]", 16), "留出的比例\n[默认值：0.1]");
        assert_eq!(wrapped("用“greedy”搜索", 8), "用\n“greedy”\n搜索");
    }
}
