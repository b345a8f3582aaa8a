//! A table of figures, and the forms in which it is printed, saved and pasted.

use std::fmt::Write as _;

use super::{csv_field, latex, markdown};

/// A table: what it is of, its columns, and its rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// What it shows, and of what.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each with a cell for every column.
    pub rows: Vec<Vec<Cell>>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in CSV.
    pub key: String,
    /// Its head where people read it.
    pub label: String,
    /// The unit of its figures, empty for plain numbers.
    pub unit: &'static str,
}

/// What stands in a row under a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A figure: its value, and how people read it, without its unit.
    Figure {
        /// Every digit of it.
        value: f64,
        /// The digits that are shown.
        shown: String,
    },
    /// Nothing defines it.
    Undefined,
}

/// A form of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Aligned columns, for a terminal.
    #[default]
    Text,
    /// Comma-separated values with every digit.
    Csv,
    /// A table of Markdown, as GitHub and Pandoc read it.
    Markdown,
    /// A table of LaTeX with the rules of the package booktabs.
    Latex,
}

impl Format {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::Text, Self::Csv, Self::Markdown, Self::Latex];

    /// Its name on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Text => "table",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Latex => "latex",
        }
    }

    /// The form of this name.
    #[must_use]
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.id() == id)
    }
}

impl Column {
    /// A column of plain numbers or words.
    #[must_use]
    pub fn plain(key: impl Into<String>, label: impl Into<String>) -> Self {
        Self::of(key, label, "")
    }

    /// A column of figures in a unit.
    #[must_use]
    pub fn of(key: impl Into<String>, label: impl Into<String>, unit: &'static str) -> Self {
        Self { key: key.into(), label: label.into(), unit }
    }

    /// Its head in a document: "SNR (dB)".
    fn head(&self) -> String {
        let mut chars = self.label.chars();
        let label: String = chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect();
        if self.unit.is_empty() { label } else { format!("{label} ({})", self.unit) }
    }
}

impl Cell {
    /// A whole number.
    #[must_use]
    pub fn count(value: usize) -> Self {
        Self::Figure { value: value as f64, shown: value.to_string() }
    }

    /// A figure as `show` writes it; what is not finite is not defined.
    #[must_use]
    pub fn figure(value: Option<f64>, show: impl FnOnce(f64) -> String) -> Self {
        match value.filter(|value| value.is_finite()) {
            Some(value) => Self::Figure { value, shown: show(value) },
            None => Self::Undefined,
        }
    }

    fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(caption: impl Into<String>, columns: Vec<Column>) -> Self {
        Self { caption: caption.into(), columns, rows: Vec::new() }
    }

    /// The table in a form, ending with a line break.
    #[must_use]
    pub fn to(&self, format: Format) -> String {
        match format {
            Format::Text => self.text(),
            Format::Csv => self.csv(),
            Format::Markdown => self.markdown(),
            Format::Latex => self.latex(),
        }
    }

    /// Columns aligned to the right, for a terminal; what is not defined is "none".
    #[must_use]
    pub fn text(&self) -> String {
        let head = |column: &Column| format!("{} {}", column.label, column.unit).trim_end().to_owned();
        let mut rows = vec![self.columns.iter().map(head).collect::<Vec<_>>()];
        let shown = |cell: &Cell| match cell {
            Cell::Text(text) | Cell::Figure { shown: text, .. } => text.clone(),
            Cell::Undefined => "none".to_owned(),
        };
        rows.extend(self.rows.iter().map(|row| row.iter().map(shown).collect()));
        aligned(&rows)
    }

    /// Comma-separated values under the keys of the columns: every digit, and nothing where nothing is defined.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = String::new();
        let mut line = |fields: &mut dyn Iterator<Item = String>| {
            let fields: Vec<String> = fields.map(|field| csv_field(&field).into_owned()).collect();
            let _ = writeln!(text, "{}", fields.join(","));
        };
        line(&mut self.columns.iter().map(|column| column.key.clone()));
        for row in &self.rows {
            line(&mut row.iter().map(|cell| match cell {
                Cell::Text(text) => text.clone(),
                Cell::Figure { value, .. } => value.to_string(),
                Cell::Undefined => String::new(),
            }));
        }
        text
    }

    /// A table of Markdown; what is not defined is a dash, and a column of which nothing is defined is left out.
    #[must_use]
    pub fn markdown(&self) -> String {
        self.known().all_markdown()
    }

    /// A table of LaTeX with the rules of booktabs and its caption; what is not defined is a dash, and a column of which nothing is defined is left
    /// out.
    #[must_use]
    pub fn latex(&self) -> String {
        self.known().all_latex()
    }

    /// The table without the columns of which nothing is defined.
    fn known(&self) -> Self {
        let is_known = |column: usize| {
            self.rows.is_empty()
                || self.rows.iter().any(|row| row.get(column).is_some_and(|c| *c != Cell::Undefined))
        };
        let known: Vec<usize> = (0..self.columns.len()).filter(|&column| is_known(column)).collect();
        let of = |row: &Vec<Cell>| known.iter().filter_map(|&column| row.get(column).cloned()).collect();
        Self {
            caption: self.caption.clone(),
            columns: known.iter().filter_map(|&column| self.columns.get(column).cloned()).collect(),
            rows: self.rows.iter().map(of).collect(),
        }
    }

    fn all_markdown(&self) -> String {
        let mut rows = vec![self.columns.iter().map(|column| markdown(&column.head())).collect::<Vec<_>>()];
        rows.extend(self.rows.iter().map(|row| {
            let cell = |cell: &Cell| match cell {
                Cell::Text(text) => markdown(text),
                Cell::Figure { shown, .. } => shown.clone(),
                Cell::Undefined => "\u{2013}".to_owned(),
            };
            row.iter().map(cell).collect()
        }));
        let widths = widths(&rows);
        let mut text = String::new();
        for (place, row) in rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).enumerate();
            let cells = cells.map(|(column, (cell, &width))| match self.is_of_text(column) {
                true => format!("{cell:<width$}"),
                false => format!("{cell:>width$}"),
            });
            let _ = writeln!(text, "| {} |", cells.collect::<Vec<_>>().join(" | "));
            if place == 0 {
                let rules = widths.iter().enumerate().map(|(column, &width)| {
                    let (line, end) =
                        ("-".repeat(width + 1), if self.is_of_text(column) { "-" } else { ":" });
                    format!("{line}{end}")
                });
                let _ = writeln!(text, "|{}|", rules.collect::<Vec<_>>().join("|"));
            }
        }
        text
    }

    fn all_latex(&self) -> String {
        let row = |cells: Vec<String>| format!("    {} \\\\\n", cells.join(" & "));
        let columns = 0..self.columns.len();
        let columns: String = columns.map(|c| if self.is_of_text(c) { 'l' } else { 'r' }).collect();
        let caption = latex(&self.caption);
        let mut text = format!(
            "% \\usepackage{{booktabs}}\n\\begin{{table}}\n  \\centering\n  \\caption{{{caption}}}\n  \\begin{{tabular}}{{{columns}}}\n    \\toprule\n"
        );
        text.push_str(&row(self.columns.iter().map(|column| latex(&column.head())).collect()));
        text.push_str("    \\midrule\n");
        for cells in &self.rows {
            let cell = |cell: &Cell| match cell {
                Cell::Text(text) => latex(text),
                Cell::Figure { shown, .. } => latex_number(shown),
                Cell::Undefined => "--".to_owned(),
            };
            text.push_str(&row(cells.iter().map(cell).collect()));
        }
        text.push_str("    \\bottomrule\n  \\end{tabular}\n\\end{table}\n");
        text
    }

    /// Whether words stand in a column, which then begin at its left.
    fn is_of_text(&self, column: usize) -> bool {
        self.rows.iter().any(|row| row.get(column).is_some_and(Cell::is_text))
    }
}

/// Rows with their columns aligned to the right.
#[must_use]
pub fn aligned(rows: &[Vec<String>]) -> String {
    let widths = widths(rows);
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:>width$}"));
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}

/// How wide the widest cell of each column is.
fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
    (0..columns).map(|column| width(column).unwrap_or(0)).collect()
}

/// A number as LaTeX sets it: a real minus, and a power of ten for an exponent.
fn latex_number(shown: &str) -> String {
    let signed = |text: &str| latex(&text.replace('-', "\u{2212}"));
    let plain: String = shown.chars().map(not_raised).collect();
    let power = plain.split_once('e').or(plain.split_once("\u{b7}10"));
    match power.filter(|(_, exponent)| exponent.parse::<i32>().is_ok()) {
        Some((mantissa, exponent)) => format!("{} $\\times 10^{{{exponent}}}$", signed(mantissa)),
        None => signed(shown),
    }
}

/// The digit or sign that a raised one stands for.
fn not_raised(c: char) -> char {
    const RAISED: [char; 11] = [
        '\u{2070}', '\u{b9}', '\u{b2}', '\u{b3}', '\u{2074}', '\u{2075}', '\u{2076}', '\u{2077}', '\u{2078}',
        '\u{2079}', '\u{207b}',
    ];
    let plain = RAISED.iter().zip("0123456789-".chars()).find(|(raised, _)| **raised == c);
    plain.map_or(c, |(_, plain)| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let columns = vec![
            Column::plain("run", "run"),
            Column::plain("mse", "MSE"),
            Column::of("snr_db", "SNR", "dB"),
            Column::of("utilization", "used", "%"),
        ];
        let mut table = Table::new("50 % of a_b", columns);
        table.rows.push(vec![
            "a|b_c, \"d\"".into(),
            Cell::Figure { value: 1.25e-7, shown: "1.25e-7".to_owned() },
            Cell::figure(Some(-3.456), |v| format!("{v:.2}")),
            Cell::Undefined,
        ]);
        table.rows.push(vec!["e".into(), Cell::count(2), Cell::Undefined, Cell::count(50)]);
        table
    }

    #[test]
    fn a_terminal_gets_aligned_columns() {
        assert_eq!(
            table().text(),
            "       run      MSE  SNR dB  used %\na|b_c, \"d\"  1.25e-7   -3.46    none\n         e        2    none      50\n"
        );
    }

    #[test]
    fn csv_has_keys_and_every_digit() {
        assert_eq!(
            table().csv(),
            "run,mse,snr_db,utilization\n\"a|b_c, \"\"d\"\"\",0.000000125,-3.456,\ne,2,,50\n"
        );
    }

    #[test]
    fn markdown_has_units_in_its_head_and_a_dash_for_nothing() {
        let text = table().markdown();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "| Run          |     MSE | SNR (dB) | Used (%) |");
        assert_eq!(lines[1], "|--------------|--------:|---------:|---------:|");
        assert_eq!(lines[2], "| a\\|b\\_c, \"d\" | 1.25e-7 |    -3.46 |        \u{2013} |");
    }

    #[test]
    fn documents_have_no_column_of_dashes() {
        let mut table = table();
        table.rows.iter_mut().for_each(|row| row[2] = Cell::Undefined);
        let (markdown, latex) = (table.markdown(), table.latex());
        assert!(
            !markdown.contains("SNR") && !latex.contains("SNR") && latex.contains("{lrr}"),
            "{markdown}{latex}"
        );
        assert!(table.csv().contains("snr_db") && table.text().contains("SNR"));
    }

    #[test]
    fn latex_has_booktabs_rules_and_nothing_breaks_out() {
        let text = table().latex();
        assert!(
            text.contains("\\caption{50 \\% of a\\_b}") && text.contains("\\begin{tabular}{lrrr}"),
            "{text}"
        );
        assert!(text.contains("    Run & MSE & SNR (dB) & Used (\\%) \\\\\n    \\midrule\n"), "{text}");
        let row = "    a\\textbar{}b\\_c, \"d\" & 1.25 $\\times 10^{-7}$ & $-$3.46 & -- \\\\\n";
        assert!(text.contains(row), "{text}");
    }

    #[test]
    fn powers_of_ten_are_set_as_such() {
        assert_eq!(latex_number("1.2\u{b7}10\u{207b}\u{2075}"), "1.2 $\\times 10^{-5}$");
        assert_eq!(latex_number("-3e4"), "$-$3 $\\times 10^{4}$");
        assert_eq!([latex_number("12"), latex_number("none")], ["12", "none"]);
    }

    #[test]
    fn forms_are_named_as_on_the_command_line() {
        for format in Format::ALL {
            assert_eq!(Format::named(format.id()), Some(format));
        }
        assert_eq!(Format::named("html"), None);
    }
}
