//! What tells runs apart: the parameters in which they differ, in a few words.

use crate::rvq::{RvqParams, rules};
use crate::session::{RunEntry, Session, View};

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
            let value = ours.as_str().map_or_else(|| ours.to_string(), str::to_owned);
            found.push(format!("{} {value}", spec.key));
        }
    }
    found
}

/// Such differences in a few words.
#[must_use]
pub fn in_words(differences: &[String]) -> String {
    let words = differences.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    match differences.len().checked_sub(MOST) {
        Some(more) if more > 0 => format!("{words} and {more} more"),
        _ => words,
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
    let params: Vec<Option<&RvqParams>> = views.iter().map(|view| view.entry.params()).collect();
    let known: Vec<&RvqParams> = params.iter().flatten().copied().collect();
    let all: Vec<_> = known.iter().flat_map(|params| rules::rule(params.rule).params()).collect();
    let differs = |key: &str| {
        let of = |params: &&RvqParams| {
            let specs = rules::rule(params.rule).params();
            specs.into_iter().find(|spec| spec.key == key).map(|spec| (spec.read)(params).to_json())
        };
        let mut values = known.iter().filter_map(of);
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let mut keys: Vec<&'static str> = Vec::new();
    for spec in &all {
        if !keys.contains(&spec.key) && differs(spec.key) {
            keys.push(spec.key);
        }
    }
    let name = |(view, params): (&View<'_>, &Option<&RvqParams>)| {
        let name = short_name(view.entry.name());
        let Some(params) = params else { return name.to_owned() };
        let specs = rules::rule(params.rule).params();
        let words = specs.iter().filter(|spec| keys.contains(&spec.key)).map(|spec| {
            let value = (spec.read)(params).to_json();
            format!("{} {}", spec.key, value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        });
        let words: Vec<String> = words.collect();
        if words.is_empty() { name.to_owned() } else { format!("{name}: {}", in_words(&words)) }
    };
    views.iter().zip(&params).map(name).collect()
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
