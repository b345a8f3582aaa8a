//! Reports of runs, healthy and broken: the page, the plots, and what no value may do to them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::Arc;

use ndarray::array;
use rvqscope::metrics::{DEFINITIONS, Evaluation, LayerTally};
use rvqscope::report::plot::{Axis, Content, Grid, Mark, Plot, Series, Size, Tone};
use rvqscope::report::svg::{Place, escape, svg};
use rvqscope::report::{Report, write};
use rvqscope::rvq::{Codebook, Rvq, RvqParams};
use rvqscope::training::{History, LayerState, LayerStep, LiveEdit, Run, SourceInfo, StepRecord};

const NASTY: &str = "a<script>alert('x')</script> \"b\" & \u{1}.wav";

fn evaluation(frames: u64, energy: f64) -> Evaluation {
    let layer = |counts: &[u64], residual_energy| LayerTally {
        counts: counts.to_vec(),
        code_sq_error: vec![0.0; counts.len()],
        residual_energy,
        gain: None,
    };
    Evaluation {
        frames,
        dim: 2,
        signal_energy: energy,
        centred_energy: energy / 2.0,
        layers: vec![
            layer(&[frames, 0], energy / 4.0),
            layer(&[frames - frames / 2, frames / 2], energy / 8.0),
        ],
        ..Evaluation::default()
    }
}

fn run() -> Run {
    let layer = || Codebook::from_rows(array![[0.0f32, 1.0], [1.0, 0.0]]).unwrap().into();
    let state = LayerState { init_step: Some(1), batch_counts: vec![3, 0], ..LayerState::default() };
    Run {
        name: NASTY.to_owned(),
        source: SourceInfo {
            paths: vec![NASTY.to_owned()],
            frames: 100,
            dim: 2,
            train_frames: 90,
            held_out_frames: 10,
            ..SourceInfo::default()
        },
        params: RvqParams::default(),
        params_known: true,
        live_edits: vec![LiveEdit { step: 7, key: "decay", from: 0.99.into(), to: 0.5.into() }],
        steps: 9,
        rvq: Arc::new(Rvq::new(vec![layer(), layer()]).unwrap()),
        states: vec![state.clone(), state],
        train: Some(Arc::new(evaluation(90, 8.0))),
        held_out: Some(Arc::new(evaluation(10, 4.0))),
        evaluated_at: 9,
    }
}

fn history(losses: &[f64]) -> History {
    let mut history = History::default();
    for (&loss, step) in losses.iter().zip(1..) {
        let layer =
            LayerStep { loss, mse: loss, perplexity: loss, used: 1, drift: loss, ..LayerStep::default() };
        history.push(&StepRecord { step, layers: vec![layer, layer] });
    }
    history
}

fn series_plot(mark: Mark, log: bool, points: Vec<[f64; 2]>) -> Plot {
    let axis = |label| if log { Axis::linear(label, "dB").log() } else { Axis::whole(label) };
    Plot {
        id: "p".to_owned(),
        title: NASTY.to_owned(),
        note: String::new(),
        size: Size::Medium,
        x: axis(NASTY),
        y: axis("y"),
        content: Content::Series(vec![
            Series { name: NASTY.to_owned(), mark, tone: Tone::Ramp(f64::NAN), points: points.clone() },
            Series { name: "b".to_owned(), mark, tone: Tone::Warn, points },
        ]),
    }
}

/// Checks that every tag is closed, in order, and that no number went wrong.
fn check_markup(text: &str) {
    let mut open = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name.to_owned()), "closed out of order");
        } else if !tag.ends_with('/') && !tag.starts_with('!') && !tag.starts_with("meta") && tag != "br" {
            open.push(tag.split_whitespace().next().unwrap().to_owned());
        }
        assert!(!tag.contains("NaN") && !tag.contains("inf"), "{tag}");
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

#[test]
fn no_value_breaks_a_plot() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let many: Vec<[f64; 2]> = (0..5000).map(|i| [f64::from(i), f64::from(i % 97)]).collect();
    let cases = [
        vec![],
        vec![[1.0, 2.0]],
        vec![[0.0, 0.0]],
        vec![[1.0, nan], [2.0, nan]],
        vec![[nan, 1.0], [inf, 1.0], [-inf, -inf]],
        vec![[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]],
        vec![[1.0, 1.0], [2.0, nan], [3.0, 3.0]],
        vec![[1.0, -1e300], [1.0, 1e300]],
        vec![[f64::MIN, f64::MAX], [f64::MAX, f64::MIN]],
        vec![[5e-324, 5e-324], [1.0, 1.0]],
        many,
    ];
    for points in cases {
        for mark in [Mark::Line, Mark::Dashed, Mark::Dots, Mark::Bars] {
            for log in [false, true] {
                let plot = series_plot(mark, log, points.clone());
                check_markup(&svg(&plot, Place::Alone));
                assert!(plot.csv().lines().count() > 2 * points.len());
                assert!(!svg(&plot, Place::Page).contains("<script"));
            }
        }
    }
    for rows in
        [vec![], vec![vec![]], vec![vec![nan, inf]], vec![vec![0.0; 4000], vec![1.0]], vec![vec![2.0]; 300]]
    {
        let rows = rows.into_iter().map(|values| (NASTY.to_owned(), values)).collect();
        for edges in [vec![], vec![0.1, 1.0]] {
            let grid =
                Grid { rows: Vec::clone(&rows), value_label: "v".into(), zero_label: NASTY.into(), edges };
            let plot = Plot { content: Content::Grid(grid), ..series_plot(Mark::Line, false, vec![]) };
            check_markup(&svg(&plot, Place::Alone));
        }
    }
}

#[test]
fn long_series_keep_their_extremes() {
    // The highest and the lowest pixel of a drawn line.
    let ends = |points: Vec<[f64; 2]>| {
        let drawn = svg(&series_plot(Mark::Line, false, points), Place::Page);
        let path = drawn.split("class=\"line\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        let ys = path.split(['M', 'L']).filter_map(|point| point.split(' ').nth(1)?.parse::<f64>().ok());
        (drawn.len(), ys.fold((f64::MAX, f64::MIN), |(lo, hi), y| (lo.min(y), hi.max(y))))
    };
    let mut points: Vec<[f64; 2]> = (0..20_000).map(|i| [f64::from(i), 500.0]).collect();
    (points[12_345][1], points[12_346][1]) = (1000.0, 0.0);
    let (len, long) = ends(points);
    assert!(len < 60_000, "{len} bytes");
    assert_eq!(long, ends(vec![[0.0, 0.0], [1.0, 1000.0]]).1);
}

#[test]
fn the_page_says_everything_and_runs_nothing() {
    let findings = vec![format!("Look at {NASTY}")];
    let report = Report::new(&run(), &history(&[3.0, f64::NAN, 1.0]), findings);
    let page = report.html();
    check_markup(page.strip_prefix("<!DOCTYPE html>").unwrap());
    assert!(
        !page.contains("<script") && !page.contains("http://")
            || page.matches("http").count() == page.matches("www.w3.org/2000/svg").count()
    );
    assert!(page.contains(&escape(NASTY)) && !page.contains("<script>"));
    for definition in DEFINITIONS {
        assert!(page.contains(&escape(definition.text)), "{}", definition.key);
    }
    for words in [
        "Decay from 0.99 to 0.5 at step 7",
        "prefers-color-scheme:dark",
        "fewer than 10",
        "class=\"grey\"",
        "@media print",
    ] {
        assert!(page.contains(words), "{words}");
    }
    for id in [
        "loss",
        "perplexity",
        "drift",
        "below_threshold",
        "mse",
        "snr_db",
        "snr_gain_db",
        "explained_variance",
        "rank_frequency",
        "usage_heatmap",
        "dead_codes",
        "usage_layer_2",
        "cluster_size_layer_2",
    ] {
        assert!(page.contains(&format!("<figure id=\"{id}\"")), "{id}");
    }
}

#[test]
fn a_model_without_a_past_says_so() {
    let bare =
        Run { params_known: false, states: Vec::new(), held_out: None, live_edits: Vec::new(), ..run() };
    let report = Report::new(&bare, &History::default(), Vec::new());
    let json: serde_json::Value = serde_json::from_str(&report.metrics_json()).unwrap();
    assert!(json["params"]["seed"].is_null() && json["params"]["rule"].is_null());
    assert!(json["layers"][0]["held_out"].is_null() && json["totals"]["held_out"].is_null());
    assert!(json["totals"]["train"]["effective_kbps"].is_null(), "no frame rate, no bit rate");
    assert!(json["params"]["num_layers"].is_number());
    let page = report.html();
    assert!(page.contains("not trained here") && page.contains("Nothing stands out"));
    let empty = Run { train: None, ..bare };
    check_markup(
        Report::new(&empty, &History::default(), Vec::new()).html().strip_prefix("<!DOCTYPE html>").unwrap(),
    );
}

#[test]
fn files_are_written_whole_into_a_new_folder() {
    let dir = tempfile::TempDir::new().unwrap();
    let target = dir.path().join("out");
    let report = Report::new(&run(), &history(&[1.0]), Vec::new());
    let written = write(&target, &report).unwrap();
    assert_eq!(written[0], target.join("report.html"));
    assert_eq!(written.len(), 2 + 2 * report.plots.len());
    assert_eq!(std::fs::read_dir(&target).unwrap().count(), written.len());
    assert!(write(&dir.path().join("no/such"), &report).unwrap_err().to_string().ends_with("no/such"));
}
