//! Texts and tables as others read them: XML, CSV, Markdown and LaTeX. No value breaks out of what stands around it.

mod table;

pub use table::{Cell, Column, Format, Table, aligned};

/// `text` as it may stand in HTML and XML, in attributes too; what XML has no way to say becomes U+FFFD.
#[must_use]
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// `text` as one field of CSV, in quotes where it must be.
#[must_use]
pub fn csv_field(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

/// `text` as it may stand in a line of LaTeX; what text mode has no way to say becomes its nearest sign.
#[must_use]
pub fn latex(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '{' | '}' | '$' | '&' | '#' | '%' | '_' => out.extend(['\\', c]),
            '\u{d7}' => out.push_str("$\\times$"),
            '\u{b1}' => out.push_str("$\\pm$"),
            '\u{b2}' => out.push_str("$^2$"),
            '\u{b7}' => out.push_str("$\\cdot$"),
            '\u{2212}' => out.push_str("$-$"),
            '\u{2013}' => out.push_str("--"),
            '\u{2009}' | '\u{202f}' => out.push_str("\\,"),
            '\u{a0}' => out.push('~'),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// `text` as it may stand in a cell of a Markdown table.
#[must_use]
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '~' | '$' | '&' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_out() {
        assert_eq!(xml("<a b='\"&\u{1}"), "&lt;a b=&#39;&quot;&amp;\u{fffd}");
        assert_eq!(csv_field("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(csv_field("plain"), "plain");
        assert_eq!(
            latex("50 % of a_b & \\c{d}\n^~#$"),
            "50 \\% of a\\_b \\& \\textbackslash{}c\\{d\\} \\textasciicircum{}\\textasciitilde{}\\#\\$"
        );
        assert_eq!(markdown("a|b_c\n<d>"), "a\\|b\\_c \\<d\\>");
    }
}
