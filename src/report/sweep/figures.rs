//! The figures by which the runs of a sweep are compared, and their mean and spread over seeds.

use serde_json::Value;

use crate::metrics::usage;
use crate::text::{Phrase, phrase};

use super::{Sweep, SweepRun};

/// A figure of a run as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Its name in `sweep.csv`.
    pub key: &'static str,
    /// Its name in tables.
    pub label: Phrase,
    /// Its unit, empty for a plain number.
    pub unit: Phrase,
    /// What it is.
    pub text: Phrase,
    /// Digits behind the point in tables.
    pub decimals: usize,
    /// Its value, where it is known.
    pub of: fn(&SweepRun) -> Option<f64>,
}

/// Every figure, the first two being what [`rate_distortion`](super::rate_distortion) draws.
pub static FIGURES: [Figure; 7] = [
    Figure {
        key: "snr_db",
        label: phrase!("sweep-snr_db"),
        unit: phrase!("unit-db"),
        text: phrase!("sweep-snr_db.text"),
        decimals: 2,
        of: |run| total(run, "snr_db"),
    },
    Figure {
        key: "bits_per_frame",
        label: phrase!("sweep-bits_per_frame"),
        unit: phrase!("unit-bits-a-frame"),
        text: phrase!("sweep-bits_per_frame.text"),
        decimals: 2,
        of: bits_per_frame,
    },
    Figure {
        key: "utilization",
        label: phrase!("sweep-utilization"),
        unit: phrase!("unit-percent"),
        text: phrase!("sweep-utilization.text"),
        decimals: 1,
        of: |run| {
            let used: f64 = each_layer(run, "used")?.iter().sum();
            let codes = run.layers.as_array()?.iter().map(|layer| layer.get("codes")?.as_f64());
            let codes: f64 = codes.sum::<Option<f64>>()?;
            (codes > 0.0).then(|| 100.0 * used / codes)
        },
    },
    Figure {
        key: "perplexity",
        label: phrase!("sweep-perplexity"),
        unit: Phrase::NONE,
        text: phrase!("sweep-perplexity.text"),
        decimals: 1,
        of: |run| {
            let values = each_layer(run, "perplexity")?;
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        },
    },
    Figure {
        key: "bit_efficiency",
        label: phrase!("sweep-bit_efficiency"),
        unit: phrase!("unit-percent"),
        text: phrase!("sweep-bit_efficiency.text"),
        decimals: 1,
        of: |run| total(run, "bit_efficiency").map(|share| 100.0 * share),
    },
    Figure {
        key: "explained_variance",
        label: phrase!("sweep-explained_variance"),
        unit: phrase!("unit-percent"),
        text: phrase!("sweep-explained_variance.text"),
        decimals: 1,
        of: |run| total(run, "explained_variance").map(|share| 100.0 * share),
    },
    Figure {
        key: "dead_threshold",
        label: phrase!("sweep-dead_threshold"),
        unit: Phrase::NONE,
        text: phrase!("sweep-dead_threshold.text"),
        decimals: 0,
        of: |run| Some(each_layer(run, "dead_threshold")?.iter().sum()),
    },
];

/// The frames that a run is judged by: held out, where some are.
pub(in crate::report) fn split_key(run: &SweepRun) -> &'static str {
    if run.totals.get("held_out").is_some_and(|totals| !totals.is_null()) { "held_out" } else { "train" }
}

fn total(run: &SweepRun, key: &str) -> Option<f64> {
    run.totals.get(split_key(run))?.get(key)?.as_f64()
}

/// A figure of every layer; `None` where that of one is not known.
fn each_layer(run: &SweepRun, key: &str) -> Option<Vec<f64>> {
    let split = split_key(run);
    let of = |layer: &Value| layer.get(split)?.get(key)?.as_f64();
    run.layers.as_array()?.iter().map(of).collect()
}

fn bits_per_frame(run: &SweepRun) -> Option<f64> {
    let entropies = each_layer(run, "entropy_nats")?;
    // Bits a frame are kilobits a second at a thousand frames a second.
    (!entropies.is_empty()).then(|| usage::effective_kbps(&entropies, 1000.0))
}

/// The runs that differ in nothing but their seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Group<'a> {
    /// Their value on each axis.
    pub values: &'a [String],
    /// The runs.
    pub runs: Vec<&'a SweepRun>,
}

/// The groups of a sweep, in the order of their runs.
#[must_use]
pub fn groups(sweep: &Sweep) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for run in &sweep.runs {
        // The runs of a group stand beside each other.
        match groups.last_mut() {
            Some(group) if group.values == run.values => group.runs.push(run),
            _ => groups.push(Group { values: &run.values, runs: vec![run] }),
        }
    }
    groups
}

/// A figure over several seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Runs in which it is known.
    pub n: usize,
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation over the seeds, with n - 1 below the sum; `None` for a single run.
    pub deviation: Option<f64>,
}

impl Spread {
    /// Of `values`; `None` without any.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        Some(Self { n, mean, deviation: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()) })
    }

    /// `12.34 ± 0.05`.
    #[must_use]
    pub fn words(&self, decimals: usize) -> String {
        match self.deviation {
            Some(deviation) => format!("{:.decimals$} ± {deviation:.decimals$}", self.mean),
            None => format!("{:.decimals$}", self.mean),
        }
    }
}

impl Group<'_> {
    /// A figure over the runs of the group.
    #[must_use]
    pub fn spread(&self, figure: &Figure) -> Option<Spread> {
        let values: Vec<f64> = self.runs.iter().filter_map(|run| (figure.of)(run)).collect();
        Spread::of(&values)
    }

    /// Mean bits a frame and mean SNR.
    pub(super) fn point(&self) -> Option<(Spread, Spread)> {
        Some((self.spread(&FIGURES[1])?, self.spread(&FIGURES[0])?))
    }
}

/// The groups that no other one beats in both SNR and bits, by their places in `groups`, from few bits to many.
#[must_use]
pub fn front(groups: &[Group<'_>]) -> Vec<usize> {
    let mut places: Vec<(usize, f64, f64)> = Vec::new();
    for (place, group) in groups.iter().enumerate() {
        if let Some((bits, snr)) = group.point() {
            places.push((place, bits.mean, snr.mean));
        }
    }
    // Of equally many bits the better one comes first and hides the others.
    places.sort_by(|a, b| a.1.total_cmp(&b.1).then(b.2.total_cmp(&a.2)));
    let mut best = f64::NEG_INFINITY;
    places.retain(|&(_, _, snr)| {
        let is_better = snr > best;
        best = best.max(snr);
        is_better
    });
    places.into_iter().map(|(place, _, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::report::sweep::SweepState;

    fn run(values: &[&str], seed: u64, snr_db: f64, entropies: [f64; 2]) -> SweepRun {
        let layer =
            |h: f64| json!({"codes": 8, "held_out": {"entropy_nats": h, "used": 6, "perplexity": h.exp()}});
        SweepRun {
            label: format!("{}, seed {seed}", values.join(", ")),
            values: values.iter().map(|&value| value.to_owned()).collect(),
            seed,
            params: Map::new(),
            steps: 1,
            state: SweepState::Done,
            error: None,
            model: None,
            totals: json!({"train": {"snr_db": 99.0}, "held_out": {"snr_db": snr_db}}),
            layers: json!([layer(entropies[0]), layer(entropies[1])]),
        }
    }

    fn sweep(runs: Vec<SweepRun>) -> Sweep {
        Sweep { rvqscope: "", schema: 1, source: Value::Null, settings: Map::new(), axes: Vec::new(), runs }
    }

    #[test]
    fn figures_are_of_the_held_out_frames_and_bits_are_entropies_over_ln_2() {
        let ln2 = 2f64.ln();
        let run = run(&["a"], 0, 7.5, [3.0 * ln2, 2.0 * ln2]);
        let of = |key: &str| (FIGURES.iter().find(|f| f.key == key).unwrap().of)(&run);
        assert_eq!(of("snr_db"), Some(7.5));
        assert!((of("bits_per_frame").unwrap() - 5.0).abs() < 1e-12);
        assert_eq!(of("utilization"), Some(75.0));
        assert!((of("perplexity").unwrap() - 6.0).abs() < 1e-12);
        assert_eq!(of("dead_threshold"), None);
        let planned = SweepRun { totals: Value::Null, layers: Value::Null, ..run };
        assert!(FIGURES.iter().all(|figure| (figure.of)(&planned).is_none()));
    }

    #[test]
    fn seeds_are_averaged_and_their_spread_is_that_of_a_sample() {
        let spread = Spread::of(&[1.0, 2.0, 4.0, 5.0]).unwrap();
        assert_eq!((spread.n, spread.mean), (4, 3.0));
        assert!((spread.deviation.unwrap() - (10f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(Spread::of(&[2.0]), Some(Spread { n: 1, mean: 2.0, deviation: None }));
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(
            (spread.words(1).as_str(), Spread::of(&[2.0]).unwrap().words(2).as_str()),
            ("3.0 ± 1.8", "2.00")
        );
    }

    #[test]
    fn the_front_holds_what_nothing_beats() {
        // Bits 1, 2, 2, 3 and SNR 5, 4 (beaten by the first), 8, 7 (beaten by the third).
        let sweep = sweep(vec![
            run(&["a"], 0, 5.0, [0.5, 0.5]),
            run(&["b"], 0, 4.0, [1.0, 1.0]),
            run(&["c"], 0, 7.0, [1.0, 1.0]),
            run(&["c"], 1, 9.0, [1.0, 1.0]),
            run(&["d"], 0, 7.0, [1.5, 1.5]),
        ]);
        let groups = groups(&sweep);
        assert_eq!(groups.iter().map(|group| group.runs.len()).collect::<Vec<_>>(), [1, 1, 2, 1]);
        assert_eq!(front(&groups), [0, 2]);
    }
}
