//! What tells runs apart: the parameters in which they differ, in a few words.

use serde_json::Value;

use crate::rvq::{RvqParams, rules};
use crate::session::{RunEntry, Session, View};
use crate::text::{Message, msg};
use crate::training::differing;

/// A parameter of the words for a difference at the most; the others are counted.
const MOST: usize = 3;

/// What `params` has otherwise than `base`: `codebook_size 1024, decay 0.9`; nothing where they are the same.
#[must_use]
pub fn differences(base: &RvqParams, params: &RvqParams) -> Vec<String> {
    let mut found = Vec::new();
    if base.rule != params.rule {
        found.push(params.rule.to_owned());
    }
    for spec in rules::rule(params.rule).params() {
        let (ours, theirs) = ((spec.read)(params).to_json(), (spec.read)(base).to_json());
        if ours != theirs {
            found.push(format!("{} {}", spec.key, plain(&ours)));
        }
    }
    found
}

/// The parameters that the rule of `params` reads, by key.
fn values(params: &RvqParams) -> Vec<(&'static str, Value)> {
    let specs = rules::rule(params.rule).params().into_iter();
    specs.map(|spec| (spec.key, (spec.read)(params).to_json())).collect()
}

/// A value without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Such differences in a few words.
#[must_use]
pub fn in_words(differences: &[String]) -> String {
    words_of(differences).text()
}

fn words_of(differences: &[String]) -> Message {
    let words = differences.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    match differences.len().checked_sub(MOST) {
        Some(more) if more > 0 => msg!("window-differences-more", words = words, n = more),
        _ => Message::verbatim(words),
    }
}

/// What `entry` has otherwise than the shown run.
#[must_use]
pub fn from_shown(session: &Session, entry: &RunEntry) -> Vec<String> {
    let shown = session.shown().filter(|shown| shown.id != entry.id);
    match (shown.and_then(RunEntry::params), entry.params()) {
        (Some(base), Some(params)) => differences(base, params),
        _ => Vec::new(),
    }
}

/// What runs that are drawn over one another are called in a legend: their names, and in which parameters they are not all the same.
#[must_use]
pub fn legend_names(views: &[View<'_>]) -> Vec<String> {
    legend_messages(views).iter().map(Message::text).collect()
}

/// The same, to be said in whatever language: files have it in English.
#[must_use]
pub fn legend_messages(views: &[View<'_>]) -> Vec<Message> {
    // Charts ask for this in every frame: each run is read once.
    let read = |view: &View<'_>| view.entry.params().map(values);
    let values: Vec<Option<Vec<(&'static str, Value)>>> = views.iter().map(read).collect();
    let keys = differing(&values);
    let name = |(view, values): (&View<'_>, &Option<Vec<(&'static str, Value)>>)| {
        let name = short_name(view.entry.name());
        let told = values.iter().flatten().filter(|(key, _)| keys.contains(key));
        let words: Vec<String> = told.map(|(key, value)| format!("{key} {}", plain(value))).collect();
        match words.is_empty() {
            true => Message::verbatim(name),
            false => msg!("window-run-differs", run = name, differences = words_of(&words)),
        }
    };
    views.iter().zip(&values).map(name).collect()
}

/// A run's name without the comparison that it belongs to.
#[must_use]
pub fn short_name(name: &str) -> &str {
    name.split_once(": ").map_or(name, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_said() {
        let base = RvqParams::default();
        assert!(differences(&base, &base).is_empty());
        let other = RvqParams { codebook_size: base.codebook_size * 2, decay: 0.5, ..base };
        let found = differences(&base, &other);
        assert_eq!(found, [format!("codebook_size {}", base.codebook_size * 2), "decay 0.5".to_owned()]);
        assert_eq!(in_words(&["a", "b", "c", "d", "e"].map(str::to_owned)), "a, b, c and 2 more");
        assert_eq!([short_name("Comparison 1: moshi"), short_name("run 3")], ["moshi", "run 3"]);
    }
}
