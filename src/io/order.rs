//! Names in the order in which a person counts: `clip2` before `clip10`.

use std::cmp::Ordering;

/// Compares names with runs of digits taken as numbers.
pub(super) fn natural_order(a: &str, b: &str) -> Ordering {
    let whole = a.cmp(b);
    let (mut a, mut b) = (a, b);
    loop {
        let ((a_text, a_rest), (b_text, b_rest)) = (split_run(a), split_run(b));
        if a_text.is_empty() || b_text.is_empty() {
            // Names that differ in upper and lower case alone are told apart at the very end.
            return a_text.len().cmp(&b_text.len()).then(whole);
        }
        let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let order = if is_number(a_text) && is_number(b_text) {
            // Without leading zeros the longer number is the larger one, however long.
            let (x, y) = (a_text.trim_start_matches('0'), b_text.trim_start_matches('0'));
            x.len().cmp(&y.len()).then_with(|| x.cmp(y)).then_with(|| a_text.len().cmp(&b_text.len()))
        } else {
            a_text.to_lowercase().cmp(&b_text.to_lowercase())
        };
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (a_rest, b_rest);
    }
}

/// The leading run of digits, or of anything else, and what follows it.
fn split_run(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::natural_order;

    #[test]
    fn names_are_sorted_as_a_person_counts() {
        let mut names = ["clip10.wav", "clip2.wav", "Clip1.wav", "clip2b.wav", "clip02.wav", "a", "clip"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(names, ["a", "clip", "Clip1.wav", "clip2.wav", "clip2b.wav", "clip02.wav", "clip10.wav"]);
    }
}
