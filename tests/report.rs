//! Reports of runs, healthy and broken: the page, the plots, and what no value may do to them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::Arc;

use ndarray::array;
use rvqscope::metrics::{DEFINITIONS, Evaluation, LayerTally};
use rvqscope::report::plot::{Axis, Content, Grid, Mark, Plot, Series, Size, Tone};
use rvqscope::report::svg::{Place, escape, svg};
use rvqscope::report::{Report, write};
use rvqscope::rvq::{Codebook, Rvq, RvqParams};
use rvqscope::training::{History, LayerState, LayerStep, LiveEdit, Run, RunFigures, SourceInfo, StepRecord};

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
        row_scales: Vec::new(),
        course: None,
        states: vec![state.clone(), state],
        trace: None,
        train: Some(Arc::new(evaluation(90, 8.0))),
        held_out: Some(Arc::new(evaluation(10, 4.0))),
        evaluated_at: 9,
        figures: RunFigures::default(),
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
        of: NASTY.to_owned(),
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
        assert!(page.contains(&escape(definition.text.english())), "{}", definition.key);
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
    assert!(
        page.contains("not trained here") && page.contains("Layers 1 and 2 have the same rows"),
        "{page}"
    );
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
    assert_eq!(written.len(), 6 + 2 * report.plots.len());
    assert_eq!(std::fs::read_dir(&target).unwrap().count(), written.len());
    assert!(write(&dir.path().join("no/such"), &report).unwrap_err().to_string().ends_with("no/such"));
}

#[test]
fn a_model_alone_tells_what_its_buffers_hold() {
    let rows = ndarray::Array2::from_shape_fn((6, 2), |(k, d)| (k * k + d) as f32);
    let sizes = array![8.0, 8.0, 8.0, 8.0, 1.0, 0.0];
    let sums = ndarray::Array2::from_shape_fn((6, 2), |(k, d)| f64::from(rows[[k, d]]) * sizes[k]);
    let with_ema = Codebook::new(rows.clone(), sizes, sums).unwrap();
    let without = Codebook::from_rows(rows).unwrap();
    let rvq = Rvq::new(vec![with_ema.into(), without.into()]).unwrap();
    let run = Run::of_model("m.pth".to_owned(), Arc::new(rvq), None, 0);
    let report = Report::new(&run, &History::default(), Vec::new());
    let json: serde_json::Value = serde_json::from_str(&report.metrics_json()).unwrap();
    assert!(json["layers"][0]["train"].is_null() && json["layers"][0]["held_out"].is_null());
    assert!(json["totals"]["train"].is_null() && json["source"]["frames"] == 0);
    let ema = &json["layers"][0]["ema"];
    let keys: Vec<&String> = ema.as_object().unwrap().keys().collect();
    let wanted =
        "used utilization perplexity entropy_nats gini dead_threshold near_duplicates effective_dimension";
    assert_eq!(keys, wanted.split(' ').collect::<Vec<_>>());
    assert_eq!(
        (&ema["used"], &ema["dead_threshold"], &ema["near_duplicates"]),
        (&5.into(), &2.into(), &0.into())
    );
    assert!((ema["effective_dimension"].as_f64().unwrap() - 1.0).abs() < 1e-6);
    let bare = &json["layers"][1]["ema"];
    assert!(bare["used"].is_null() && bare["dead_threshold"].is_null() && bare["near_duplicates"] == 0);
    let page = report.html();
    check_markup(page.strip_prefix("<!DOCTYPE html>").unwrap());
    for words in [
        "No frames were opened",
        "Codebooks, EMA view",
        "Layer 1: ",
        "2 of 6 codes lie below 2.000 frames a batch",
        "Layer 2: cannot be judged",
        "<figure id=\"ema_rank_frequency\"",
        "<figure id=\"rows_layer_2\"",
        "<figure id=\"code_states\"",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<figure id=\"snr_db\"") && !page.contains("Trained on"));
}

#[test]
fn states_add_up_to_the_codes_in_every_file() {
    let dir = tempfile::TempDir::new().unwrap();
    let report = Report::new(&run(), &history(&[1.0]), Vec::new());
    write(&dir.path().join("out"), &report).unwrap();
    let text = |name: &str| std::fs::read_to_string(dir.path().join("out").join(name)).unwrap();
    let codes = text("codes.csv");
    assert_eq!(codes.lines().count(), 1 + 2 + 2);
    assert!(codes.lines().nth(1).unwrap().starts_with("1,0,alive,10,1,"), "{codes}");
    assert!(codes.lines().nth(2).unwrap().starts_with("1,1,unused_in_corpus,0,0,"), "{codes}");
    let layers = text("layers.csv");
    let head: Vec<&str> = layers.lines().next().unwrap().split(',').collect();
    assert_eq!(layers.lines().count(), 1 + 2 * 2, "a row for each layer and split");
    for line in layers.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let states = head.iter().zip(&cells).filter(|(name, _)| name.starts_with("codes_"));
        assert_eq!(states.map(|(_, cell)| cell.parse::<usize>().unwrap()).sum::<usize>(), 2, "{line}");
    }
}

#[test]
fn a_model_on_frames_that_it_was_not_trained_on_is_judged_by_all_of_them() {
    let source =
        SourceInfo { frames: 10, train_frames: 0, held_out_frames: 10, dim: 2, ..SourceInfo::default() };
    let model = Run { source, train: None, states: Vec::new(), steps: 0, evaluated_at: 0, ..run() };
    let report = Report::new(&model, &History::default(), Vec::new());
    let page = report.html();
    assert!(page.contains("Of the 10 frames") && page.contains("<td class=\"split\">all frames</td>"));
    let divided = ["<td class=\"split\">held-out", "<dt>Held out", "<dt>Trained on", "held-out frames:"];
    assert!(divided.iter().all(|words| !page.contains(words)), "nothing was trained on these frames");
    assert!(report.plots.iter().any(|(_, plot)| plot.full_title() == "SNR by layer: 10 frames"));
}

#[test]
fn every_title_says_of_what() {
    let report = Report::new(&run(), &history(&[1.0]), Vec::new());
    for (_, plot) in &report.plots {
        assert!(!plot.of.is_empty(), "{}", plot.id);
    }
    let page = report.html();
    assert!(page.contains("Usage, layer 2 <small>10 held-out frames, step 9</small>"));
    assert!(page.contains("10 held-out frames and 90 train frames, step 9"));
}
