//! Plots as plain data, and their CSV.

use std::fmt::Write as _;

use crate::markup::csv_field;

/// What a plot shows, before anybody decides where and how large.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// The name of its files, without ending.
    pub id: String,
    /// What it shows, in a few words.
    pub title: String,
    /// Of what: which frames and how many, which layers, at which step.
    pub of: String,
    /// What a reader needs to know to read it; empty for nothing.
    pub note: String,
    /// How much room it wants.
    pub size: Size,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    /// The values.
    pub content: Content,
}

/// How much room a plot wants on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Size {
    /// A third of its width: one of many alike.
    Small,
    /// Half of it.
    #[default]
    Medium,
    /// All of it.
    Wide,
}

/// One axis of a plot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// What it counts.
    pub label: String,
    /// Its unit, empty for a plain number.
    pub unit: String,
    /// How values are laid out along it.
    pub scale: Scale,
    /// Whether only whole numbers mean something on it.
    pub whole: bool,
}

/// How values are laid out along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Equal steps for equal differences.
    #[default]
    Linear,
    /// Equal steps for equal ratios; what is not above zero is left out.
    Log,
}

/// The values of a plot.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Points, lines and bars over common axes.
    Series(Vec<Series>),
    /// One coloured cell for each value.
    Grid(Grid),
}

/// Values that belong together and are drawn alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// How it is drawn.
    pub mark: Mark,
    /// Its colour.
    pub tone: Tone,
    /// `[x, y]`; a value that is not finite leaves a gap.
    pub points: Vec<[f64; 2]>,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A line through its points, which ascend in x.
    Line,
    /// A broken line: a reference.
    Dashed,
    /// A dot for each point.
    Dots,
    /// A bar from zero for each point; series of bars stand side by side.
    Bars,
    /// A stroke from each point of even index to the one behind it: a range, such as a spread.
    Spans,
}

/// What a colour stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tone {
    /// A place between the first (0) and the last (1) of a row of like things, such as layers.
    Ramp(f64),
    /// Frames that are held out.
    HeldOut,
    /// Frames that are trained on.
    Train,
    /// What is wrong.
    Warn,
    /// What is there to compare with.
    Muted,
}

/// Rows of cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Each row's name and values, the first on top; rows may differ in length.
    pub rows: Vec<(String, Vec<f64>)>,
    /// What a value is, with its unit.
    pub value_label: String,
    /// What a value of zero is called.
    pub zero_label: String,
    /// Where the shade of a cell changes, ascending; values of zero and below have a colour of their own.
    pub edges: Vec<f64>,
}

impl Axis {
    /// A linear axis of real numbers.
    #[must_use]
    pub fn linear(label: &str, unit: &str) -> Self {
        Self { label: label.to_owned(), unit: unit.to_owned(), scale: Scale::Linear, whole: false }
    }

    /// A linear axis of whole numbers.
    #[must_use]
    pub fn whole(label: &str) -> Self {
        Self { whole: true, ..Self::linear(label, "") }
    }

    /// The same axis, logarithmic.
    #[must_use]
    pub fn log(self) -> Self {
        Self { scale: Scale::Log, ..self }
    }

    /// Its label with its unit: "SNR, dB".
    #[must_use]
    pub fn full_label(&self) -> String {
        if self.unit.is_empty() { self.label.clone() } else { format!("{}, {}", self.label, self.unit) }
    }
}

impl Plot {
    /// The title and what it is of, in one line.
    #[must_use]
    pub fn full_title(&self) -> String {
        if self.of.is_empty() { self.title.clone() } else { format!("{}: {}", self.title, self.of) }
    }

    /// The values as CSV with a head line: every value, none left out for the picture's sake; empty where there is none.
    ///
    /// Series give `series,x,y` and a grid gives `row,column,value`, the columns of values named after the axes.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = String::new();
        match &self.content {
            Content::Series(series) => {
                push_line(&mut text, ["series", &self.x.full_label(), &self.y.full_label()]);
                for Series { name, points, .. } in series {
                    for [x, y] in points {
                        push_line(&mut text, [name.as_str(), &number(*x), &number(*y)]);
                    }
                }
            }
            Content::Grid(grid) => {
                push_line(&mut text, [self.y.full_label().as_str(), &self.x.full_label(), &grid.value_label]);
                for (name, values) in &grid.rows {
                    for (column, value) in values.iter().enumerate() {
                        push_line(&mut text, [name.as_str(), &column.to_string(), &number(*value)]);
                    }
                }
            }
        }
        text
    }

    /// Whether there is not a single finite value in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.content {
            Content::Series(series) => {
                !series.iter().flat_map(|s| &s.points).any(|p| p[0].is_finite() && p[1].is_finite())
            }
            Content::Grid(grid) => !grid.rows.iter().flat_map(|(_, v)| v).any(|v| v.is_finite()),
        }
    }
}

/// The smallest and the largest value of each of at most `buckets` stretches of `values`, with the range that each covers.
///
/// What is not finite is passed over; a stretch without a finite value is left out. With no more values than buckets, each value is its own.
#[must_use]
pub fn min_max(values: &[f64], buckets: usize) -> Vec<(std::ops::Range<usize>, f64, f64)> {
    let buckets = buckets.clamp(1, values.len().max(1));
    let mut found = Vec::with_capacity(buckets);
    for bucket in 0..buckets {
        let range = bucket * values.len() / buckets..(bucket + 1) * values.len() / buckets;
        let finite = values.get(range.clone()).unwrap_or(&[]).iter().copied().filter(|v| v.is_finite());
        let (least, most) =
            finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
        if least <= most {
            found.push((range, least, most));
        }
    }
    found
}

/// Adds a line of CSV.
pub(super) fn push_line<'a>(text: &mut String, fields: impl IntoIterator<Item = &'a str>) {
    for (nth, field) in fields.into_iter().enumerate() {
        let comma = if nth > 0 { "," } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{}", csv_field(field));
    }
    text.push('\n');
}

/// The shortest text that reads back as the same number.
fn number(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_keep_both_ends() {
        let mut values = vec![1.0; 1000];
        values[501] = 9.0;
        values[502] = f64::NAN;
        values[777] = -4.0;
        let found = min_max(&values, 10);
        assert_eq!(found.len(), 10);
        assert_eq!(found[5], (500..600, 1.0, 9.0));
        assert_eq!(found[7].1, -4.0);
        assert_eq!(min_max(&[2.0, f64::NAN], 9), [(0..1, 2.0, 2.0)]);
        assert!(min_max(&[], 9).is_empty());
    }

    #[test]
    fn csv_quotes_and_leaves_gaps() {
        let plot = Plot {
            id: "p".into(),
            title: String::new(),
            of: String::new(),
            note: String::new(),
            size: Size::Medium,
            x: Axis::linear("x", ""),
            y: Axis::linear("SNR", "dB"),
            content: Content::Series(vec![Series {
                name: "a \"b\", c".into(),
                mark: Mark::Line,
                tone: Tone::Train,
                points: vec![[1.0, 0.1], [2.0, f64::NAN]],
            }]),
        };
        assert_eq!(plot.csv(), "series,x,\"SNR, dB\"\n\"a \"\"b\"\", c\",1,0.1\n\"a \"\"b\"\", c\",2,\n");
        assert!(!plot.is_empty());
    }
}
