//! The window and the command line give the same figures: one training through a session, the same one through the binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ndarray::Array2;
use rvqscope::param::ParamValue;
use rvqscope::random::{self, Purpose};
use rvqscope::report::Report;
use rvqscope::session::{DataCommand, ParamsCommand, Session, TrainCommand};
use rvqscope::training::{History, Run};

/// Frames around twelve centres, written to a file.
fn write_features(path: &Path) {
    let mut rng = random::stream(5, Purpose::Data, 0);
    let centres = Array2::from_shape_simple_fn((12, 6), || random::unit(&mut rng) * 8.0);
    let frames = Array2::from_shape_fn((900, 6), |(frame, dim)| {
        (centres[[frame * 7 % 12, dim]] + random::unit(&mut rng)) as f32
    });
    ndarray_npy::write_npy(path, &frames).unwrap();
}

fn poll_until(session: &mut Session, done: impl Fn(&Session) -> bool) {
    let start = Instant::now();
    while !done(session) {
        assert!(start.elapsed() < Duration::from_secs(30), "timed out");
        session.poll();
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn through_the_session(features: &Path) -> (Arc<Run>, Arc<History>) {
    let mut session = Session::new(Arc::new(|| {}));
    let int = |key, value| ParamsCommand::Set { key, value: ParamValue::Int(value) };
    for (key, value) in [
        ("num_layers", 3),
        ("codebook_size", 16),
        ("kmeans_iters", 4),
        ("batch_size", 128),
        ("steps", 40),
        ("seed", 9),
    ] {
        session.apply(int(key, value));
    }
    session.apply(DataCommand::Open(vec![features.to_owned()]));
    poll_until(&mut session, |session| session.dataset().is_some());
    session.apply(TrainCommand::Start);
    poll_until(&mut session, |session| !session.is_busy() && session.runs().len() == 1);
    let view = session.view().unwrap();
    (view.run.clone(), view.history.clone())
}

#[test]
fn a_session_and_the_command_line_agree_on_every_figure() {
    let folder = tempfile::tempdir().unwrap();
    let (features, out) = (folder.path().join("features.npy"), folder.path().join("report"));
    write_features(&features);
    let log = folder.path().join("steps.jsonl");
    let flags = "--layers 3 --codes 16 --kmeans-iters 4 --batch 128 --steps 40 --seed 9 --threads 3";
    let run = Command::new(env!("CARGO_BIN_EXE_rvqscope"))
        .arg("report")
        .arg(&features)
        .args(flags.split(' '))
        .arg("--metrics")
        .arg(&log)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));

    let (run, history) = through_the_session(&features);
    let ours = Report::new(&run, &history, Vec::new());
    let theirs = std::fs::read_to_string(out.join("metrics.json")).unwrap();
    assert_eq!(ours.metrics_json(), theirs, "every figure of the report");

    let lines: Vec<serde_json::Value> = std::fs::read_to_string(&log)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 40);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(line["step"], history.steps()[at]);
        for layer in 0..3 {
            for (key, series) in [
                ("loss", rvqscope::training::Series::Loss),
                ("mse", rvqscope::training::Series::Mse),
                ("perplexity", rvqscope::training::Series::Perplexity),
                ("drift", rvqscope::training::Series::Drift),
            ] {
                assert_eq!(
                    line["layers"][layer][key],
                    history.series(layer, series)[at],
                    "{key} of step {at}"
                );
            }
        }
    }
}
