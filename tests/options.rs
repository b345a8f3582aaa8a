//! Choices that stand beside a rule: codebooks behind a projection, assignment as upstream computes it, beam search when a run is looked at.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Recorded, bits, clustered, dataset, small_params, spec, train, train_with};
use ndarray::{Array2, s};
use rvqscope::doctor::{Patient, diagnose};
use rvqscope::jobs::{self, JobCtx, LookSpec, TrainSpec};
use rvqscope::rvq::rules::RULES;
use rvqscope::rvq::search::Search;
use rvqscope::rvq::{Assignment, InitMethod, LayerSpan, Projection, RvqParams};
use rvqscope::task::Cancel;
use rvqscope::training::{Run, SplitKind};

/// Clusters in 3 of 8 dimensions, tilted into all of them, with a little noise.
fn flat_clusters(frames: usize) -> Array2<f32> {
    let inner = clustered(11, frames, 3, 20);
    let tilt = clustered(12, 3, 8, 3);
    inner.dot(&tilt) + clustered(13, frames, 8, 1) * 0.01
}

fn snr_db(run: &Run) -> f64 {
    run.total_metrics(SplitKind::HeldOut).unwrap().snr_db.unwrap()
}

fn trained(values: &Array2<f32>, params: RvqParams) -> Recorded {
    train(spec(&dataset(values.clone()), params))
}

#[test]
fn codebooks_of_fewer_dimensions_lose_little_where_the_frames_lie_in_few() {
    let values = flat_clusters(600);
    for rule in RULES {
        let params = RvqParams { steps: 30, init: InitMethod::KMeans, ..small_params(rule.id()) };
        let of = |codebook_dim| trained(&values, RvqParams { codebook_dim, ..params }).run;
        let (full, three, one) = (of(0), of(3), of(1));
        let inner = |run: &Run| run.rvq.layers().iter().map(|l| l.codebook.dim()).collect::<Vec<_>>();
        assert_eq!((inner(&full), inner(&three)), (vec![8; 3], vec![3; 3]), "{}", rule.id());
        assert!(full.rvq.layers().iter().all(|layer| layer.projection.is_none()));
        // The upstream faults of the others are no matter of projection.
        if rule.id() == "rvqscope" {
            assert!((snr_db(&full) - snr_db(&three)).abs() < 1.0, "{} {}", snr_db(&full), snr_db(&three));
            assert!(snr_db(&one) < snr_db(&three) - 1.0, "one axis holds less: {}", snr_db(&one));
        }
        assert_eq!(
            bits(&of(8).rvq),
            bits(&full.rvq),
            "as many dimensions as the frames have are no projection"
        );
    }
}

#[test]
fn the_first_projection_is_the_principal_axes_of_the_first_batch_and_stays() {
    let values = flat_clusters(300);
    let params = RvqParams {
        codebook_dim: 2,
        order: rvqscope::rvq::BatchOrder::Sequential,
        ..small_params("encodec")
    };
    let of = |steps| {
        train(TrainSpec {
            holdout: jobs::Holdout(0.0),
            ..spec(&dataset(values.clone()), RvqParams { steps, ..params })
        })
    };
    let (early, late) = (of(1).run, of(9).run);
    let wanted = Projection::principal(values.slice(s![..64, ..]), 2);
    assert_eq!(early.rvq.layers()[0].projection, Some(wanted));
    for (a, b) in early.rvq.layers().iter().zip(late.rvq.layers()) {
        assert_eq!(a.projection, b.projection, "projections are fixed");
        assert_ne!(a.codebook, b.codebook);
    }
    // Its later layers see other residuals, and so have other axes.
    assert_ne!(early.rvq.layers()[0].projection, early.rvq.layers()[1].projection);
}

#[test]
fn a_projected_training_in_other_units_gives_the_same_codes() {
    let values = flat_clusters(400).mapv(|v| v * 30.0 + 500.0);
    let data = dataset(values.clone());
    let params = RvqParams { codebook_dim: 3, steps: 15, ..small_params("rvqscope") };
    let standardizer = rvqscope::features::Standardizer::fit(values.view(), &[0..360]);
    let z = standardizer.apply(&data.set.matrix).unwrap();
    let inside = train(spec(&dataset(z.view().to_owned()), params)).run;
    let outside = train(TrainSpec { standardize: true, ..spec(&data, params) }).run;
    let codes = inside.rvq.encode(z.view(), LayerSpan::ALL).unwrap();
    let same = outside.rvq.encode(values.view(), LayerSpan::ALL).unwrap();
    let equal = codes.iter().zip(&same).filter(|(a, b)| a == b).count();
    assert!(equal * 1000 >= codes.len() * 995, "{equal} of {} codes", codes.len());
    let mut restored = inside.rvq.decode(codes.view(), 0).unwrap();
    standardizer.restore_rows(0, &mut restored);
    let direct = outside.rvq.decode(codes.view(), 0).unwrap();
    assert!((&restored - &direct).iter().all(|err| err.abs() < 0.05));
}

#[test]
fn more_dimensions_than_the_frames_have_are_refused_in_words() {
    let data = dataset(clustered(1, 100, 4, 3));
    let err = train_with(spec(&data, RvqParams { codebook_dim: 5, ..small_params("encodec") }), 1, false)
        .unwrap_err();
    assert!(err.to_string().contains("5 dimensions") && err.to_string().contains("have 4"), "{err}");
}

#[test]
fn a_projected_model_goes_on_training_behind_its_projection() {
    let values = flat_clusters(300);
    let params = RvqParams { codebook_dim: 3, ..small_params("rvqscope") };
    let first = trained(&values, params).run;
    let start = Some(first.rvq.clone());
    let again =
        train(TrainSpec { start, ..spec(&dataset(values), RvqParams { codebook_dim: 0, ..params }) }).run;
    assert_eq!(again.params.codebook_dim, 3);
    assert_eq!(again.rvq.layers()[1].projection, first.rvq.layers()[1].projection);
}

/// Share of the last batch of layer 0 that did not get its nearest code.
fn misassigned(run: &Run) -> f64 {
    let state = &run.states[0];
    f64::from(state.misassigned.unwrap()) / f64::from(state.batch_counts.iter().sum::<u32>())
}

#[test]
fn upstream_distances_lose_the_nearest_code_far_from_zero_and_the_run_says_so() {
    // Pitfall P10: 64 dimensions of spread 0.4 at an offset of 0, 30 and 300.
    let base = clustered(21, 1200, 64, 1200).mapv(|v| v * 0.2);
    let base = &base - &base.mean_axis(ndarray::Axis(0)).unwrap();
    let of = |offset: f32, assignment| {
        let params = RvqParams {
            num_layers: 1,
            codebook_size: 256,
            batch_size: 1000,
            steps: 3,
            init: InitMethod::Sample,
            assignment,
            ..small_params("encodec")
        };
        trained(&base.mapv(|v| v + offset), params).run
    };
    let is_misassigned = |run: &Run| diagnose(&Patient::of(run)).iter().any(|f| f.id == "misassigned");
    let upstream = [0.0, 30.0, 300.0].map(|offset| of(offset, Assignment::Upstream));
    let [near, far, farthest] = upstream.each_ref().map(|run| misassigned(run));
    println!("misassigned as upstream at offsets 0, 30, 300: {near:.4} {far:.4} {farthest:.4}");
    assert_eq!(near, 0.0);
    assert!(farthest > 0.01 && farthest > far, "{far} {farthest}");
    assert!(is_misassigned(&upstream[2]));
    let exact = of(300.0, Assignment::Exact);
    assert_eq!(exact.states[0].misassigned, None);
    assert!(!is_misassigned(&exact));
    let ours = rvqscope::rvq::rules::find("rvqscope").unwrap();
    assert!(ours.params().iter().all(|spec| spec.key != "assignment"), "ours is always exact");
}

#[test]
fn at_home_about_zero_both_assignments_train_the_same_codebooks() {
    let values = clustered(22, 500, 6, 30);
    let values = &values - &values.mean_axis(ndarray::Axis(0)).unwrap();
    for rule in ["encodec", "gpt-sovits", "lucidrains", "moshi"] {
        let of = |assignment| trained(&values, RvqParams { assignment, ..small_params(rule) });
        let (exact, upstream) = (of(Assignment::Exact), of(Assignment::Upstream));
        assert_eq!(bits(&exact.run.rvq), bits(&upstream.run.rvq), "{rule}");
    }
}

#[test]
fn a_beam_is_judged_beside_the_greedy_search_and_never_loses() {
    let values = clustered(31, 900, 6, 300);
    let data = dataset(values);
    let params = RvqParams { num_layers: 4, steps: 20, ..small_params("rvqscope") };
    let greedy = train(spec(&data, params)).run;
    let beam = train(TrainSpec { search: Search::Beam(5), ..spec(&data, params) }).run;
    assert_eq!(
        bits(&greedy.rvq),
        bits(&beam.rvq),
        "training steps do not follow the search that the run is looked at with"
    );
    let totals = |run: &Run| run.total_metrics(SplitKind::HeldOut).unwrap();
    let (plain, wide) = (totals(&greedy), totals(&beam));
    assert_eq!(plain.beam_gain_db, None);
    let gain = wide.beam_gain_db.unwrap();
    assert!(gain > 0.1, "four layers of twelve codes leave room: {gain}");
    assert!((wide.snr_db.unwrap() - plain.snr_db.unwrap() - gain).abs() < 1e-9);

    // Looked at again, a run has the figures that it would have had.
    let cancel = Cancel::default();
    let ctx = JobCtx { cancel: &cancel, emit: &|_| {}, control: None, threads: 1, live: false };
    let look = |run: &std::sync::Arc<Run>, search| {
        jobs::look_again(&LookSpec { run: run.clone(), dataset: data.clone(), search }, &ctx)
    };
    assert_eq!(*look(&greedy, Search::Beam(5)).unwrap(), *beam);
    assert_eq!(*look(&beam, Search::Greedy).unwrap(), *greedy);
    let other = dataset(clustered(32, 800, 6, 30));
    let spec = LookSpec { run: greedy.clone(), dataset: other, search: Search::Greedy };
    assert!(jobs::look_again(&spec, &ctx).unwrap_err().to_string().contains("other data"));
}
