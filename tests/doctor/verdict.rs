//! A layer's verdict is its worst finding.

use std::sync::Arc;

use ndarray::{Array1, Array2};
use rvqscope::doctor::{Health, LayerVerdict, Patient, diagnose, verdicts};
use rvqscope::metrics::{Evaluation, LayerTally};
use rvqscope::rvq::{Codebook, Rvq, RvqParams, rules};
use rvqscope::training::{History, Run, SourceInfo};

/// A model of one layer with these sizes, and no frame.
fn model(sizes: &[f64], params: Option<RvqParams>) -> Run {
    let rows = Array2::from_shape_fn((sizes.len(), 2), |(k, d)| (k * 2 + d) as f32);
    let sums = Array2::from_shape_fn((sizes.len(), 2), |(k, d)| sizes[k] * (k * 2 + d) as f64);
    let codebook = Codebook::new(rows, Array1::from(sizes.to_vec()), sums).unwrap();
    Run::of_model("m".to_owned(), Arc::new(Rvq::new(vec![codebook.into()]).unwrap()), params, 100)
}

/// The same, trained on frames of which `counts` chose each code, with these energies in and out.
fn trained(sizes: &[f64], params: RvqParams, counts: &[u64], train: (f64, f64), held_out: (f64, f64)) -> Run {
    let evaluation = |(signal_energy, residual_energy): (f64, f64)| {
        let tally = LayerTally { counts: counts.to_vec(), residual_energy, ..LayerTally::default() };
        let frames = counts.iter().sum();
        let centred_energy = signal_energy;
        let layers = vec![tally];
        let whole =
            Evaluation { frames, dim: 2, signal_energy, centred_energy, layers, ..Evaluation::default() };
        Some(Arc::new(whole))
    };
    let source =
        SourceInfo { frames: 10_000, train_frames: 9000, held_out_frames: 1000, ..SourceInfo::default() };
    Run { source, train: evaluation(train), held_out: evaluation(held_out), ..model(sizes, Some(params)) }
}

fn verdict(run: &Run) -> LayerVerdict {
    let findings = diagnose(&Patient::of(run));
    let verdict = verdicts(run, &History::default(), &findings).remove(0);
    // What it says is what the doctor says.
    if let Some(id) = verdict.finding {
        assert!(
            findings
                .iter()
                .any(|finding| finding.id == id && finding.text.english().contains(&verdict.why.english()))
        );
    }
    verdict
}

fn check(run: &Run, health: Health, line: &str) {
    let found = verdict(run);
    assert_eq!((found.line().as_str(), found.health), (line, health));
}

fn of(rule: &'static str, batch_size: usize) -> RvqParams {
    RvqParams { batch_size, ..rules::rule(rule).defaults() }
}

#[test]
fn an_even_layer_is_kept() {
    let run = trained(&[8.0; 4], of("rvqscope", 32), &[250; 4], (100.0, 10.0), (100.0, 11.0));
    check(
        &run,
        Health::Healthy,
        "Layer 1: healthy, 4 of 4 codes used by 1000 held-out frames, perplexity 4. Keep",
    );
}

#[test]
fn a_threshold_at_the_even_size_is_lowered() {
    let run = trained(&[1.6; 5], of("lucidrains", 8), &[200; 5], (100.0, 10.0), (100.0, 11.0));
    let with = Run { params: RvqParams { threshold_ema_dead_code: 2.0, ..run.params }, ..run };
    let found = verdict(&with);
    assert_eq!((found.health, found.finding), (Health::Unhealthy, Some("threshold-above-even")));
    assert_eq!(
        found.why.english(),
        "The dead-code threshold of 2 frames is not below N/K = 1.6: even evenly used codes count as dead"
    );
    assert!(found.advice().english().starts_with("Lower it to 0.1 N/K = 0.160 frames"), "{}", found.advice());
    assert!(found.advice().english().contains("expires after"), "{}", found.advice());
}

#[test]
fn a_checkpoint_alone_is_judged_by_its_sizes() {
    check(
        &model(&[8.0; 4], None),
        Health::Healthy,
        "Layer 1: healthy, 4 of 4 codes used in the EMA view, perplexity 4. Keep",
    );
    check(
        &model(&[1.6; 4], None),
        Health::Healthy,
        "Layer 1: healthy, 4 of 4 codes used in the EMA view, perplexity 4; the usual threshold of 2 frames is not below C/K = 1.6, so it says nothing \
         here. Keep",
    );
    let mut collapsed = vec![0.01; 40];
    collapsed[7] = 80.0;
    let found = verdict(&model(&collapsed, None));
    assert_eq!(found.health, Health::Unhealthy);
    assert!(found.advice().english().starts_with("Train"), "{}", found.line());
    let mut dying = vec![8.0; 10];
    dying[..3].fill(1.0);
    check(
        &model(&dying, None),
        Health::Watch,
        "Layer 1: worth a look, 3 of 10 codes lie below 2.000 frames a batch, where an even code has 5.900. \
         Train it on with replacement of codes below 0.1 N/K = 0.59 frames",
    );
}

#[test]
fn rows_alone_cannot_be_judged() {
    let rows = Array2::from_shape_fn((4, 2), |(k, d)| (k * 2 + d) as f32);
    let rvq = Rvq::new(vec![Codebook::from_rows(rows).unwrap().into()]).unwrap();
    let run = Run::of_model("m".to_owned(), Arc::new(rvq), None, 0);
    check(
        &run,
        Health::Unknown,
        "Layer 1: cannot be judged, the model came without EMA sizes, and no frame was counted. Open frames",
    );
}

#[test]
fn the_remedy_goes_by_the_cause() {
    let sizes = [[9.0; 4], [9.0; 4]].concat();
    let counts = [250, 250, 250, 0, 0, 0, 0, 0];
    let remedy = |params: RvqParams| {
        let run = trained(&sizes, params, &counts, (100.0, 10.0), (100.0, 11.0));
        let findings = diagnose(&Patient::of(&run));
        let unused = findings.into_iter().find(|finding| finding.id == "unused-codes").unwrap();
        assert_eq!(unused.text.english(), "Layer 1: 3 of 8 codes are used by the 1500 frames");
        (
            unused.remedy.unwrap().english(),
            unused.changes.into_iter().map(|change| change.key).collect::<Vec<_>>(),
        )
    };
    let (words, keys) = remedy(of("encodec", 4096));
    assert!(words.contains("another rule"), "{words}");
    assert_eq!(keys, ["rule"]);
    let off = RvqParams { threshold_ema_dead_code: 0.0, ..of("lucidrains", 4096) };
    let (words, keys) = remedy(off);
    assert_eq!(words, "Turn replacement on, with a threshold of 0.1 N/K = 51.2 frames");
    assert_eq!(keys, ["threshold_ema_dead_code"]);
    assert_eq!(remedy(of("rvqscope", 4096)).0, "Use fewer codes: 4 would do");
}

#[test]
fn a_gap_between_the_splits_and_a_layer_that_adds_nothing_stand_out() {
    let mut run = trained(&[8.0; 4], of("rvqscope", 32), &[250; 4], (100.0, 1.0), (100.0, 3.0));
    assert_eq!(verdict(&run).health, Health::Healthy, "9000 frames are not known by heart by four codes");
    run.source.train_frames = 70;
    let found = verdict(&run);
    assert_eq!((found.health, found.finding), (Health::Watch, Some("by-heart")));
    assert!(found.why.english().contains("15.2 beside 20.0 dB"), "{}", found.why);
    let found = verdict(&trained(&[8.0; 4], of("rvqscope", 32), &[250; 4], (100.0, 99.0), (100.0, 99.5)));
    assert_eq!((found.health, found.finding), (Health::Watch, Some("idle-layer")));
    assert_eq!(found.why.english(), "it adds 0.02 dB on 1000 held-out frames");
}

#[test]
fn notes_do_not_make_a_layer_ill() {
    // Sizes below 2 by nature: a note says so, and the layer is healthy.
    let run = model(&[1.1, 1.3, 1.2, 0.9, 1.6, 1.4], None);
    assert!(diagnose(&Patient::of(&run)).iter().any(|finding| finding.id == "below-usual-threshold"));
    assert_eq!(verdict(&run).health, Health::Healthy);
}
