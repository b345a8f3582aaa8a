//! The runs of a sweep by combination of values: the mean and the spread over the seeds.

use crate::rvq::RvqParams;
use crate::session::{GroupId, Origin, RunEntry, RunId, RunState, Session};
use crate::text::{Message, msg};

/// Mean and standard deviation over seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation, of the sample; 0 for one value.
    pub sd: f64,
}

/// The runs of one combination.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its values: the name of its runs without sweep and seed.
    pub name: Message,
    /// One of its runs, the last that ended.
    pub run: RunId,
    /// Runs that ended, and all there are.
    pub done: (usize, usize),
    /// Bits that the codes of a frame carry.
    pub bits: Option<Spread>,
    /// SNR behind all layers, in dB.
    pub snr_db: Option<Spread>,
    /// Share of the codes that are used.
    pub used: Option<Spread>,
    /// Perplexity, the mean over the layers.
    pub perplexity: Option<Spread>,
}

impl Spread {
    /// Of some values; `None` of none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        if values.is_empty() {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Self { mean, sd: if values.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 } })
    }
}

/// The sweep to be shown: that of the shown run, or else the newest.
#[must_use]
pub fn sweep_of(session: &Session) -> Option<GroupId> {
    let group = |entry: &RunEntry| entry.group.filter(|_| matches!(entry.origin, Origin::Swept));
    session.shown().and_then(group).or_else(|| session.runs().iter().rev().find_map(group))
}

/// Its combinations, in the order in which they were planned.
#[must_use]
pub fn groups(session: &Session, sweep: GroupId) -> Vec<Group> {
    let mut members: Vec<(RvqParams, Vec<&RunEntry>)> = Vec::new();
    for entry in session.group(sweep) {
        let Some(params) = entry.recipe.as_ref().map(|recipe| RvqParams { seed: 0, ..recipe.params }) else {
            continue;
        };
        match members.iter_mut().find(|(known, _)| *known == params) {
            Some((_, runs)) => runs.push(entry),
            None => members.push((params, vec![entry])),
        }
    }
    members.iter().filter_map(|(_, runs)| group(runs)).collect()
}

fn group(runs: &[&RunEntry]) -> Option<Group> {
    let first = runs.first()?;
    let done: Vec<_> = runs.iter().filter(|entry| *entry.state() == RunState::Done).collect();
    let summaries: Vec<_> = done.iter().filter_map(|entry| entry.summary()).collect();
    let of = |figure: fn(&crate::training::RunSummary) -> Option<f64>| {
        Spread::of(&summaries.iter().filter_map(figure).collect::<Vec<_>>())
    };
    Some(Group {
        name: plain_name(first.name()),
        run: done.last().map_or(first.id, |entry| entry.id),
        done: (done.len(), runs.len()),
        bits: of(|summary| summary.entropy_bits),
        snr_db: of(|summary| summary.snr_db),
        used: of(|summary| (summary.codes > 0).then(|| summary.used as f64 / summary.codes as f64)),
        perplexity: of(|summary| summary.perplexity),
    })
}

/// `codes 256, layers 4` of `Sweep 1: codes 256, layers 4, seed 2`.
fn plain_name(name: &str) -> Message {
    let name = name.split_once(": ").map_or(name, |(_, name)| name);
    let values = name.rsplit_once(", seed "); // not a text
    match values {
        Some((values, _)) => Message::verbatim(values),
        None if name.starts_with("seed ") => msg!("sweep-all-seeds"), // not a text
        None => Message::verbatim(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_are_of_the_sample() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[3.0]), Some(Spread { mean: 3.0, sd: 0.0 }));
        let spread = Spread::of(&[1.0, 3.0]).unwrap();
        assert!(spread.mean == 2.0 && (spread.sd - 2f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn combinations_are_named_without_sweep_and_seed() {
        assert_eq!(plain_name("Sweep 1: codes 256, layers 4, seed 2").text(), "codes 256, layers 4");
        assert_eq!(plain_name("Sweep 12: codes 256").text(), "codes 256");
        assert_eq!(plain_name("Sweep 1: seed 0").text(), "all seeds");
    }
}
