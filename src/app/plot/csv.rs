//! Tables of what is plotted, as text.

use std::fmt::Write as _;

use crate::markup::csv_field;

/// A table that is being written, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Csv {
    text: String,
}

/// What stands in one field.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A whole number.
    Int(u64),
    /// A real number; one that is not finite leaves the field empty.
    Real(f64),
    /// Text.
    Text(String),
}

impl From<u64> for Cell {
    fn from(value: u64) -> Self {
        Self::Int(value)
    }
}

impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        Self::Int(value as u64)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<Option<f64>> for Cell {
    fn from(value: Option<f64>) -> Self {
        Self::Real(value.unwrap_or(f64::NAN))
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl Csv {
    /// A table with these columns.
    #[must_use]
    pub fn new<S: AsRef<str>>(columns: impl IntoIterator<Item = S>) -> Self {
        let mut csv = Self { text: String::new() };
        csv.row(columns.into_iter().map(|c| Cell::Text(c.as_ref().to_owned())));
        csv
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        for (i, cell) in cells.into_iter().enumerate() {
            if i > 0 {
                self.text.push(',');
            }
            // Writing to a string does not fail.
            let _ = match cell {
                Cell::Int(value) => write!(self.text, "{value}"),
                Cell::Real(value) if value.is_finite() => write!(self.text, "{value}"),
                Cell::Real(_) => Ok(()),
                Cell::Text(text) => write!(self.text, "{}", csv_field(&text)),
            };
        }
        self.text.push('\n');
    }

    /// The file.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_only_where_they_must_be() {
        let mut csv = Csv::new(["step", "a, b"]);
        csv.row([Cell::from(3u64), Cell::from(0.25)]);
        csv.row([Cell::from("say \"x\""), Cell::from(f64::NAN)]);
        assert_eq!(csv.finish(), "step,\"a, b\"\n3,0.25\n\"say \"\"x\"\"\",\n");
    }
}
