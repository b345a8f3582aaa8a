//! What an event can hold: a scalar, a histogram, a text, a set of parameters, and which curves to draw over one another.

use serde_json::{Map, Value};

use super::message::Message;

/// The buckets of a histogram widen by this factor.
const BUCKET_RATIO: f64 = 1.2;
/// Where they begin; what is smaller counts as 0.
const SMALLEST: f64 = 1e-6;

/// The kinds of data that a plugin is told of.
const TENSORS: u64 = 2;
/// The type numbers of tensors.
const FLOATS: u64 = 1;
const STRINGS: u64 = 7;

/// A named value of a summary.
pub(super) fn scalar(tag: &str, value: f64) -> Message {
    named(tag).float(2, value as f32)
}

/// How values that are not negative are spread.
pub(super) fn histogram(tag: &str, values: impl Iterator<Item = f64>) -> Message {
    named(tag).message(5, &buckets(values))
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

/// Counts of values in buckets that widen, the first for 0: sizes and counts of codes are spread over decades.
fn buckets(values: impl Iterator<Item = f64>) -> Message {
    let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    let (mut least, mut most, mut sum, mut squares) = (f64::INFINITY, 0.0f64, 0.0, 0.0);
    let mut counts = vec![0.0];
    for &value in &values {
        (least, most) = (least.min(value), most.max(value));
        (sum, squares) = (sum + value, squares + value * value);
        let bucket = bucket_of(value);
        counts.resize(counts.len().max(bucket + 1), 0.0);
        counts[bucket] += 1.0;
    }
    let limits: Vec<f64> = (0..counts.len()).map(limit_of).collect();
    // What lies before the smallest value says nothing.
    let first = counts.iter().position(|&count| count > 0.0).unwrap_or(0);
    Message::default()
        .double(1, if values.is_empty() { 0.0 } else { least })
        .double(2, most)
        .double(3, values.len() as f64)
        .double(4, sum)
        .double(5, squares)
        .doubles(6, limits.get(first..).unwrap_or_default())
        .doubles(7, counts.get(first..).unwrap_or_default())
}

/// The bucket of a value: the first whose limit is not below it.
fn bucket_of(value: f64) -> usize {
    if value <= SMALLEST {
        return 0;
    }
    // A limit itself may be rounded to either side, which puts a value at it into the bucket beside.
    // The logarithms are taken apart, since the quotient of the largest numbers would be infinite, and the bucket with it.
    ((value.ln() - SMALLEST.ln()) / BUCKET_RATIO.ln()).ceil() as usize
}

/// The upper limit of a bucket.
fn limit_of(bucket: usize) -> f64 {
    SMALLEST * BUCKET_RATIO.powi(i32::try_from(bucket).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_below_the_limit_of_its_bucket_and_above_that_of_the_one_before() {
        for value in [1e-5, 0.1, 1.0, 3.0, 1024.0, 1e9, f64::from(f32::MAX)] {
            let bucket = bucket_of(value);
            assert!(value <= limit_of(bucket) * (1.0 + 1e-9), "{value}");
            assert!(value >= limit_of(bucket - 1) * (1.0 - 1e-9), "{value}");
        }
        assert_eq!([bucket_of(0.0), bucket_of(-1.0), bucket_of(SMALLEST)], [0; 3]);
        assert!(bucket_of(f64::MAX) < 5000);
    }

    #[test]
    fn a_histogram_begins_at_the_smallest_value_and_forgets_none() {
        let of = |values: &[f64]| buckets(values.iter().copied()).as_bytes().to_vec();
        let empty = of(&[]);
        assert_eq!(empty, of(&[f64::NAN, f64::INFINITY]));
        // Five doubles with their keys, then two lists of one number each.
        assert_eq!(empty.len(), 5 * 9 + 2 * 10);
        assert_eq!(of(&[7.0, 7.0]).len(), empty.len());
        assert_eq!(of(&[7.0, 7.0])[19..27], 2.0f64.to_le_bytes());
    }
}
