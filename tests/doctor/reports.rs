//! What people report of trainers, each rebuilt as a small case: the doctor names its cause.
//!
//! The numbers P1 to P15 are those of the project's list of known faults of trainers.

use ndarray::{Array2, Axis, concatenate};
use rvqscope::doctor::{Finding, Severity};
use rvqscope::rvq::{Assignment, InitMethod, RvqParams};

use super::{BATCH, Case, K, books, edited, evaluated, groups, model, of_books, params, smooth, trained};

/// What was found, which must name `cause` as a warning at least, before anything that is less severe.
fn caused(report: &str, case: &Case, cause: &str) -> Finding {
    let findings = case.findings();
    let told: Vec<&str> = findings.iter().map(|finding| finding.id).collect();
    let found = findings.iter().find(|finding| finding.id == cause);
    let found = found.unwrap_or_else(|| panic!("{report}: {cause} is not among {told:?}"));
    assert!(found.severity > Severity::Note, "{report}: {found:?}");
    assert!(found.remedy.is_some(), "{report}: nothing is said of what to change");
    assert!(!found.measured.is_empty(), "{report}: nothing was measured");
    println!("{report}: {}", found.text);
    found.clone()
}

/// As [`caused`], and nothing is worse.
fn caused_first(report: &str, case: &Case, cause: &str) -> Finding {
    let found = caused(report, case, cause);
    assert_eq!(case.findings()[0].severity, found.severity, "{report}: {:?}", case.findings()[0]);
    found
}

#[test]
fn p1_codes_stay_dead_under_encodec() {
    let params = RvqParams { threshold_ema_dead_code: 8.0, steps: 200, ..params("encodec", 1) };
    let case = trained(groups(1, 4000, 9), params);
    let found = caused_first(
        "P1, most codes never come back although the threshold is set",
        &case,
        "replacement-overwritten",
    );
    assert!(found.codes.len() > K / 2, "{found:?}");
    assert_eq!(found.changes[0].key, "rule");
}

#[test]
fn p2_replaced_codes_snap_back_under_gpt_sovits() {
    let params = RvqParams { threshold_ema_dead_code: 8.0, steps: 200, ..params("gpt-sovits", 1) };
    caused_first(
        "P2, codes jump at every step",
        &trained(groups(2, 4000, 9), params),
        "replacement-snaps-back",
    );
}

#[test]
fn p4_the_snr_falls_at_the_first_step() {
    let before = edited(4, |rows, _, sums| sums.assign(&rows.mapv(f64::from)));
    caused_first("P4, a checkpoint of the start", &before, "start-sums-are-means");
    let params = RvqParams { steps: 4, decay: 0.99, ..params("encodec", 4) };
    let found =
        caused("P4, the loss jumps up after k-means", &trained(smooth(4, 4000), params), "start-shrunk");
    assert_eq!(found.layers, [0, 1]);
}

#[test]
fn p5_four_codes_are_used_without_kmeans() {
    let params = RvqParams {
        init: InitMethod::Uniform,
        threshold_ema_dead_code: 0.0,
        steps: 40,
        ..params("encodec", 5)
    };
    let case = trained(smooth(5, 4000) + 3.0, params);
    caused_first("P5, a handful of codes for hundreds of steps", &case, "cold-start");
}

#[test]
fn p6_every_layer_was_started_on_one_small_batch() {
    let params = RvqParams { codebook_size: 64, batch_size: 56, steps: 60, ..params("lucidrains", 6) };
    let with = trained(smooth(6, 4000), params);
    let found = caused("P6, deep layers serve the first batch alone", &with, "start-by-heart");
    assert_eq!(found.changes[0].key, "batch_size");
    // As the report has it: fewer frames than codes, and a part of them held out.
    let params = RvqParams { codebook_size: 128, num_layers: 4, batch_size: 900, steps: 40, ..params };
    caused("P6, on all there is", &trained(smooth(6, 140), params), "start-by-heart");
}

#[test]
fn p7_the_threshold_declares_everything_dead() {
    let params = RvqParams { threshold_ema_dead_code: 2.0, batch_size: 2 * K, ..params("lucidrains", 7) };
    let found = caused_first(
        "P7, a threshold of 2 at N/K = 2",
        &trained(smooth(7, 4000), params),
        "threshold-above-even",
    );
    let advised = &found.changes[0];
    assert_eq!(advised.key, "threshold_ema_dead_code");
    assert_eq!(serde_json::to_value(&advised.value).unwrap(), serde_json::json!(0.2));
}

#[test]
fn p8_sizes_grow_with_the_number_of_gpus() {
    let mut books = books(8);
    for book in &mut books {
        let (_, sizes, sums) = book.parts_mut();
        *sizes *= 8.0;
        *sums *= 8.0;
    }
    let found =
        caused_first("P8, eight processes", &model(books, Some(params("lucidrains", 8))), "summed-workers");
    assert!((found.measured[0].value - 8.0).abs() < 0.05, "{found:?}");
}

#[test]
fn p10_codes_differ_from_the_nearest_far_from_zero() {
    let frames = smooth(10, 4000) + 3000.0;
    let case = trained(frames.clone(), params("rvqscope", 10));
    caused_first("P10, other codes in PyTorch", &case, "cancellation");
    let params = RvqParams { assignment: Assignment::Upstream, steps: 30, ..params("lucidrains", 10) };
    caused("P10, a training that assigns so", &trained(frames, params), "misassigned");
}

#[test]
fn p15_an_empty_cluster_is_born_dead() {
    let case = edited(15, |_, sizes, sums| {
        for code in [3, 9, 11, 20, 30] {
            sizes[code] = 0.0;
            sums.row_mut(code).fill(0.0);
        }
    });
    let found = caused_first("P15, codes that never got a frame", &case, "born-dead");
    assert_eq!(found.codes, [3, 9, 11, 20, 30]);
}

#[test]
fn all_mass_on_one_code_is_told_from_sizes_that_are_small_by_nature() {
    let collapsed = edited(20, |_, sizes, sums| {
        sizes.fill(1e-3);
        *sums *= 1e-4;
        sizes[5] = BATCH as f64;
    });
    caused_first("one code has everything", &collapsed, "collapse");
    // The same number of codes below 2, used evenly: no alarm at all.
    let even = edited(20, |_, sizes, sums| {
        let scale = 1.6 * K as f64 / sizes.sum();
        *sizes *= scale;
        *sums *= scale;
    });
    assert!(
        even.findings().iter().all(|finding| finding.severity == Severity::Note),
        "{:?}",
        even.findings()
    );
    assert!(even.has("below-usual-threshold"));
    // Even usage of rows that are all the same.
    let equal = edited(20, |rows, sizes, sums| {
        let row = rows.row(0).to_owned();
        rows.rows_mut().into_iter().for_each(|mut other| other.assign(&row));
        sizes.fill(BATCH as f64 / K as f64);
        let size = sizes[0];
        sums.assign(&rows.mapv(|v| f64::from(v) * size));
    });
    let found = caused_first("1024 equal rows with even usage", &equal, "equal-rows");
    assert!(found.text.english().contains("all 32 rows are the same"), "{}", found.text);
}

#[test]
fn eighty_decibels_of_mean_are_no_quality() {
    let case = trained(smooth(21, 4000) + 1e4, params("rvqscope", 21));
    let found = caused("an SNR of 80 dB", &case, "offset");
    assert!(found.measured[0].value > 70.0, "{found:?}");
}

#[test]
fn silence_and_wrong_features_are_told_apart_from_a_bad_model() {
    let rvq = of_books(books(22));
    let wrong = evaluated(&rvq, smooth(23, 2000) * 100.0);
    caused("features of another scale", &wrong, "scaled-frames");
    caused("features about another mean", &evaluated(&rvq, smooth(23, 2000) + 4.0), "shifted-frames");
    let silence = Array2::from_elem((1500, super::DIM), -0.7f32);
    let frames = concatenate(Axis(0), &[smooth(24, 2500).view(), silence.view()]).unwrap();
    let order: Vec<usize> = (0..4000).map(|n| (n * 1777) % 4000).collect();
    let case = trained(frames.select(Axis(0), &order), params("rvqscope", 24));
    assert!(case.has("silent-code"), "{:?}", case.findings());
}
