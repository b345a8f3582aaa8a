//! Rules side by side: the same data, first centroids and batches, and the upstream faults as curves that part.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::sync::Arc;

use common::{Recorded, bits, clustered, compare_with, dataset, history_bits, small_params};
use rvqscope::jobs::{
    self, Builtin, CompareSpec, DataSpec, Dataset, Holdout, JobCtx, OpenSpec, PITFALLS, Source, entries_of,
};
use rvqscope::rvq::search::Search;
use rvqscope::rvq::{InitMethod, RvqParams};
use rvqscope::task::{Cancel, Task};
use rvqscope::training::{Series, SharedStart, Trainer};

fn compare(dataset: &Arc<Dataset>, entries: &str, base: RvqParams, threads: usize) -> Vec<Recorded> {
    let spec = CompareSpec {
        name: String::new(),
        dataset: dataset.clone(),
        entries: entries_of(entries, &base).unwrap(),
        holdout: Holdout(0.1),
        standardize: false,
        search: Search::Greedy,
    };
    compare_with(spec, threads).unwrap()
}

const ALL: &str = "encodec,gpt-sovits,lucidrains:threshold=2,moshi,rvqscope";

#[test]
fn all_start_from_the_same_centroids_and_each_trains_as_it_would_alone() {
    let data = dataset(clustered(41, 400, 5, 20));
    for init in [InitMethod::KMeans, InitMethod::Sample, InitMethod::Uniform] {
        let base = RvqParams { init, steps: 9, ..small_params("rvqscope") };
        let compared = compare(&data, ALL, base, 1);
        let cancel = Cancel::default();
        let task = Task::silent(&cancel);
        let entries = entries_of(ALL, &base).unwrap();
        let start = SharedStart::find(&entries[0].params, &data.set, vec![0..360], &task).unwrap();
        let start = Arc::new(start);
        for (entry, trained) in entries.iter().zip(&compared) {
            let trainer = Trainer::new(entry.params, data.set.clone(), vec![0..360], None).unwrap();
            let mut trainer = trainer.starting_from(start.clone());
            for _ in 0..9 {
                trainer.step(&task).unwrap();
            }
            assert_eq!(bits(trainer.rvq()), bits(&trained.run.rvq), "{}, {init:?}", entry.label);
        }
        // The first step assigns with the first rows, so that all that is counted before the update agrees.
        let first = |series| compared.iter().map(move |t| t.history.series(0, series)[0]);
        for series in [Series::Loss, Series::Perplexity, Series::Used] {
            let values: Vec<f64> = first(series).collect();
            let spread = values.iter().fold(0f64, |most, v| most.max((v - values[0]).abs()));
            assert!(spread <= 1e-5 * values[0].abs(), "{series:?}, {init:?}: {values:?}");
        }
    }
}

#[test]
fn a_comparison_is_the_same_for_any_number_of_threads_and_watched_or_not() {
    let data = dataset(clustered(42, 700, 6, 30));
    let base = RvqParams { codebook_dim: 4, ..small_params("rvqscope") };
    let (one, three) = (compare(&data, ALL, base, 1), compare(&data, ALL, base, 3));
    for (a, b) in one.iter().zip(&three) {
        assert_eq!(bits(&a.run.rvq), bits(&b.run.rvq), "{}", a.run.name);
        assert_eq!(history_bits(&a.history), history_bits(&b.history));
        assert_eq!(a.run.held_out, b.run.held_out);
    }
    let names: Vec<&str> = one.iter().map(|t| t.run.name.as_str()).collect();
    assert_eq!(names, ["encodec", "gpt-sovits", "lucidrains, threshold 2", "moshi", "rvqscope"]);
}

fn demo() -> Arc<Dataset> {
    let cancel = Cancel::default();
    let ctx = JobCtx { cancel: &cancel, emit: &|_| {}, control: None, threads: 0, live: false };
    let spec = OpenSpec { source: Source::Builtin(Builtin::Demo), data: DataSpec::default() };
    jobs::open(&spec, &ctx).unwrap().dataset.unwrap()
}

/// The curve of each entry of a pitfall on the demo, with the SNR that it ends at.
fn pitfall(demo: &Arc<Dataset>, id: &str, steps: u64) -> Vec<(String, Vec<f64>, f64)> {
    let pitfall = PITFALLS.iter().find(|pitfall| pitfall.id == id).unwrap();
    let base = RvqParams { steps, ..pitfall.params(Builtin::Demo.preset()) };
    let compared = compare(demo, pitfall.entries, base, 2);
    let of = |t: Recorded| {
        let snr = t.run.total_metrics(rvqscope::training::SplitKind::HeldOut).unwrap().snr_db.unwrap();
        (t.run.name.clone(), t.history.series(0, pitfall.series).to_vec(), snr)
    };
    compared.into_iter().map(of).collect()
}

/// The mean of the last tenth of a curve.
fn end(curve: &[f64]) -> f64 {
    let last = &curve[curve.len() - (curve.len() / 10).max(1)..];
    last.iter().sum::<f64>() / last.len() as f64
}

/// By half of what was measured with the upstream code, the curves of the faults part on the demo.
#[test]
fn the_pitfalls_show_on_the_demo_as_curves_that_part() {
    let demo = demo();
    let k = Builtin::Demo.preset().codebook_size as f64;

    // P1. Measured: 37 of 256 codes and 10.4 dB where replacement is overwritten, 256 and 13.1 dB where it works.
    let curves = pitfall(&demo, "P1", 60);
    println!("P1 {:?}", curves.iter().map(|(n, c, snr)| (n, end(c), snr)).collect::<Vec<_>>());
    let [(_, encodec, encodec_snr), working @ ..] = curves.as_slice() else { panic!() };
    for (name, curve, snr) in working {
        assert!(end(curve) - end(encodec) > 0.5 * (256.0 - 37.0) / 256.0 * k, "{name}");
        assert!(snr - encodec_snr > 0.5 * (13.1 - 10.4), "{name}");
    }

    // P2. Measured: the codebook moves by .68 of its length a step, and by .0003 where replaced codes stay.
    let curves = pitfall(&demo, "P2", 60);
    println!("P2 {:?}", curves.iter().map(|(n, c, _)| (n, end(c))).collect::<Vec<_>>());
    let [(_, gpt_sovits, _), working @ ..] = curves.as_slice() else { panic!() };
    for (name, curve, _) in working {
        assert!(end(gpt_sovits) - end(curve) > 0.5 * (0.68 - 0.0003), "{name}");
    }

    // P4. Measured: the first step after k-means takes SNR from 5.8 to 1.5 dB.
    let curves = pitfall(&demo, "P4", 30);
    println!("P4 {:?}", curves.iter().map(|(n, c, _)| (n, c[0], c[1], end(c))).collect::<Vec<_>>());
    let fallen = |curve: &[f64]| 10.0 * (curve[1] / curve[0]).log10();
    for (name, curve, _) in &curves {
        let is_faulty = ["encodec", "gpt-sovits"].contains(&name.as_str());
        // The error is that of the batch before the update: the first step's damage shows in the second. The first batch is the one that
        // k-means was made for, so that the error rises a little in any case.
        let by_itself = fallen(&curves[3].1);
        if is_faulty {
            assert!(fallen(curve) - by_itself > 0.5 * (5.8 - 1.5), "{name}: {} {by_itself}", fallen(curve));
            assert!(end(curve) > 1.1 * end(&curves[3].1), "{name} is still behind");
        } else {
            assert!((fallen(curve) - by_itself).abs() < 0.1, "{name}: {} {by_itself}", fallen(curve));
        }
    }

    // P7. With N/K at 1, a threshold of 2 frames declares all codes dead.
    let curves = pitfall(&demo, "P7", 60);
    println!("P7 {:?}", curves.iter().map(|(n, c, _)| (n, end(c))).collect::<Vec<_>>());
    for (name, curve, _) in &curves[..2] {
        assert!(end(curve) - end(&curves[2].1) > 0.5 * k, "{name}");
    }
}
