//! Which step of its training a checkpoint is of: what the file says, or else the number in its name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where the step of a checkpoint comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepFrom {
    /// A counter in the file.
    File,
    /// The number in its name.
    Name,
    /// Neither: the order in which such files were written.
    Order,
}

/// The names of counters, the surest first. What counts epochs is taken where nothing counts steps, and after the number in the name.
const COUNTERS: [&str; 12] = [
    "global_step",
    "global_steps",
    "num_updates",
    "total_steps",
    "train_steps",
    "num_steps",
    "steps",
    "step",
    "n_iter",
    "iterations",
    "iteration",
    "iter",
];
const EPOCHS: [&str; 3] = ["epoch", "epochs", "cur_epoch"];

/// What stands in these was planned, or counts something else.
const NOT_COUNTERS: [&str; 8] =
    ["config", "cfg", "xp", "args", "hparams", "hyper_parameters", "optimizer", "scheduler"];

/// What a file's own notes say of how far it was trained: by a counter of steps, or else by one of epochs.
pub(super) fn counted(notes: &BTreeMap<String, String>) -> Option<u64> {
    counter(notes, &COUNTERS)
}

/// As [`counted`], of epochs.
pub(super) fn epochs(notes: &BTreeMap<String, String>) -> Option<u64> {
    counter(notes, &EPOCHS)
}

/// The outermost note of the first of these names that is a number.
fn counter(notes: &BTreeMap<String, String>, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| {
        let is_it = |key: &str| {
            let front = key.strip_suffix(name)?;
            let is_free = front.is_empty() || front.ends_with('.');
            let first = key.split('.').next().unwrap_or(key);
            let is_other = NOT_COUNTERS.iter().any(|other| first.starts_with(other));
            (is_free && !is_other).then(|| front.matches('.').count())
        };
        let found = notes.iter().filter_map(|(key, text)| Some((is_it(key)?, whole(text)?)));
        found.min_by_key(|&(depth, _)| depth).map(|(_, number)| number)
    })
}

/// A number that some trainers keep as a real one.
fn whole(text: &str) -> Option<u64> {
    const MOST: f64 = 1e15;
    let text = text.trim();
    let real = || text.parse::<f64>().ok().filter(|v| (0.0..MOST).contains(v) && v.fract() == 0.0);
    text.parse().ok().or_else(|| real().map(|value| value as u64))
}

/// The number in the name of a file, given with the folders below the watched one: the one behind `step`, else the last one; where the file's own name
/// has none, that of the folder that it lies in.
pub(super) fn in_name(name: &str) -> Option<u64> {
    let mut parts = name.rsplit('/');
    let own = parts.next()?;
    let own = own.rsplit_once('.').map_or(own, |(stem, _)| stem);
    std::iter::once(own).chain(parts).find_map(in_stem)
}

fn in_stem(stem: &str) -> Option<u64> {
    let lower = stem.to_lowercase();
    let behind = |word: &str| {
        let rest = lower.split_once(word)?.1.trim_start_matches(['s', '=', '_', '-', ' ']);
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end)?.parse().ok()
    };
    let last = || lower.split(|c: char| !c.is_ascii_digit()).rfind(|run| !run.is_empty())?.parse().ok();
    behind("step").or_else(|| behind("iter")).or_else(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_trainers_write_them() {
        for (name, number) in [
            ("G_1200.pth", Some(1200)),
            ("epoch=3-step=45000.ckpt", Some(45_000)),
            ("epoch=3-step=45000-v1.ckpt", Some(45_000)),
            ("model_step_700_of_9.safetensors", Some(700)),
            ("checkpoint-500/model.safetensors", Some(500)),
            ("checkpoint.th", None),
            ("latest.pth", None),
            ("ckpt.00070000.pt", Some(70_000)),
            ("a99999999999999999999999.pth", None),
            ("steps_12k/iter-8.pt", Some(8)),
        ] {
            assert_eq!(in_name(name), number, "{name}");
        }
    }

    #[test]
    fn counters_are_those_of_steps_and_the_outermost() {
        let notes = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|&(key, text)| (key.to_owned(), text.to_owned())).collect()
        };
        let lightning = notes(&[
            ("epoch", "3"),
            ("global_step", "4500"),
            ("loops.fit_loop.epoch_progress.total.ready", "4"),
            ("optimizer_states.0.step", "9"),
            ("hyper_parameters.steps", "100000"),
        ]);
        assert_eq!((counted(&lightning), epochs(&lightning)), (Some(4500), Some(3)));
        assert_eq!(counted(&notes(&[("args.steps", "7"), ("config.train.step", "8")])), None);
        assert_eq!(counted(&notes(&[("a.b.step", "1"), ("a.step", "2"), ("misstep", "3")])), Some(2));
        assert_eq!(counted(&notes(&[("step", "12.0")])), Some(12));
        assert_eq!(counted(&notes(&[("step", "12.5")])), None);
        assert_eq!(counted(&notes(&[("rvqscope.steps", "40")])), Some(40));
        assert_eq!(counted(&notes(&[("iteration", "-1")])), None);
    }
}
