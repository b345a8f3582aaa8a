//! What an event can hold: a scalar, a histogram, a text, a set of parameters, and which curves to draw over one another.

use serde_json::{Map, Value};

use super::message::Message;
use crate::metrics::Histogram;

/// The kinds of data that a plugin is told of.
const TENSORS: u64 = 2;
/// The type numbers of tensors.
const FLOATS: u64 = 1;
const STRINGS: u64 = 7;

/// A named value of a summary.
pub(super) fn scalar(tag: &str, value: f64) -> Message {
    named(tag).float(2, value as f32)
}

/// How values are histogram.
pub(super) fn histogram(tag: &str, histogram: &Histogram) -> Message {
    named(tag).message(5, &buckets(histogram))
}

/// A text in Markdown.
pub(super) fn text(tag: &str, text: &str) -> Message {
    let tensor = Message::default().integer(1, STRINGS).message(2, &Message::default());
    named(tag)
        .message(9, &of_plugin("text", &Message::default()))
        .message(8, &tensor.bytes(8, text.as_bytes()))
}

/// The parameters of a run that begins, for the table of all runs.
pub(super) fn begins(name: &str, params: &Map<String, Value>, at: f64) -> Message {
    let mut start = Message::default();
    for (key, value) in params {
        let value = match value {
            Value::Bool(value) => Message::default().integer(4, u64::from(*value)),
            Value::Number(number) => Message::default().double(2, number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Message::default().bytes(3, text.as_bytes()),
            other => Message::default().bytes(3, other.to_string().as_bytes()),
        };
        start = start.message(1, &Message::default().bytes(1, key.as_bytes()).message(2, &value));
    }
    start = start.bytes(4, name.as_bytes()).double(5, at);
    parameters("_hparams_/session_start_info", &Message::default().message(3, &start))
}

/// That the run has come to its end.
pub(super) fn ends(at: f64) -> Message {
    const SUCCESS: u64 = 1;
    let end = Message::default().integer(1, SUCCESS).double(2, at);
    parameters("_hparams_/session_end_info", &Message::default().message(4, &end))
}

/// Charts that have the curves of several tags each: a title, and a pattern that the tags match.
pub(super) fn charts<'a>(title: &str, charts: impl Iterator<Item = (&'a str, String)>) -> Message {
    let mut category = Message::default().bytes(1, title.as_bytes());
    for (title, pattern) in charts {
        let lines = Message::default().bytes(1, pattern.as_bytes());
        category = category.message(2, &Message::default().bytes(1, title.as_bytes()).message(2, &lines));
    }
    let layout = Message::default().message(2, &category);
    let tensor = Message::default().integer(1, STRINGS).message(2, &Message::default());
    named("custom_scalars__config__")
        .message(9, &of_plugin("custom_scalars", &Message::default()))
        .message(8, &tensor.bytes(8, layout.as_bytes()))
}

fn named(tag: &str) -> Message {
    Message::default().bytes(1, tag.as_bytes())
}

fn of_plugin(name: &str, content: &Message) -> Message {
    let plugin = Message::default().bytes(1, name.as_bytes()).message(2, content);
    Message::default().message(1, &plugin).integer(4, TENSORS)
}

/// The table of parameters reads what a value says of itself, and no tensor; but every value has one.
fn parameters(tag: &str, content: &Message) -> Message {
    let nothing =
        Message::default().integer(1, FLOATS).message(2, &Message::default().message(2, &Message::default()));
    named(tag).message(9, &of_plugin("hparams", content)).message(8, &nothing)
}

fn buckets(histogram: &Histogram) -> Message {
    let (limits, counts) = histogram.bars();
    Message::default()
        .double(1, histogram.least)
        .double(2, histogram.most)
        .double(3, histogram.len as f64)
        .double(4, histogram.sum)
        .double(5, histogram.squares)
        .doubles(6, &limits)
        .doubles(7, &counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_begins_at_the_smallest_value_and_forgets_none() {
        let of = |values: &[f64]| buckets(&Histogram::of(values.iter().copied())).as_bytes().to_vec();
        let empty = of(&[]);
        assert_eq!(empty, of(&[f64::NAN, f64::INFINITY]));
        // Five doubles with their keys, then two lists of one number each.
        assert_eq!(empty.len(), 5 * 9 + 2 * 10);
        assert_eq!(of(&[7.0, 7.0]).len(), empty.len());
        assert_eq!(of(&[7.0, 7.0])[19..27], 2.0f64.to_le_bytes());
    }
}
