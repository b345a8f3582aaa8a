//! `watch` on the command line.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use rvqscope::rvq::Rvq;
use serde_json::Value;
use tempfile::TempDir;

use super::*;

fn command(folder: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rvqscope"));
    command.current_dir(folder.path()).args(args).env("RVQSCOPE_CACHE", folder.path().join("cache.json"));
    command
}

fn run(folder: &TempDir, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A quantizer most of whose codes no frame ever chooses.
fn ill(step: u64) -> Rvq {
    let mut books: Vec<Codebook> =
        quantizer(step).layers().iter().map(|layer| layer.codebook.clone()).collect();
    let (rows, sizes, sums) = books[0].parts_mut();
    for code in 0..13 {
        rows.row_mut(code).fill(90.0 + code as f32);
        sizes[code] = 1e-4;
        sums.row_mut(code).assign(&(rows.row(code).mapv(f64::from) * 1e-4));
    }
    Rvq::new(books.into_iter().map(Into::into).collect()).unwrap()
}

/// Checkpoints in `run/` and frames beside them.
fn files() -> TempDir {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    std::fs::create_dir(&run).unwrap();
    old_checkpoints(&run, [100, 200, 300]);
    io::write_f32_npy(&folder.path().join("frames.npy"), noise(9, 2000, DIM).view()).unwrap();
    folder
}

#[test]
fn what_it_tells_goes_into_event_files_as_well() {
    let folder = files();
    let done = run(&folder, &["watch", "run", "--probe", "frames.npy", "--once", "--log-dir", "tb"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let written: Vec<_> = std::fs::read_dir(folder.path().join("tb")).unwrap().flatten().collect();
    assert_eq!(written.len(), 1);
    let events = std::fs::read(written[0].path()).unwrap();
    let times = |tag: &str| events.windows(tag.len()).filter(|bytes| *bytes == tag.as_bytes()).count();
    assert_eq!(times("layer_01/used"), 3, "one a checkpoint");
    assert_eq!(times("layer_01/token_stability"), 2, "the first has none before it");
    assert_eq!(times("snr_db"), 3);
    for histogram in ["layer_01/ema_cluster_size", "layer_02/counts"] {
        assert_eq!(times(histogram), 3, "{histogram}: one a checkpoint");
    }
}

#[test]
fn once_prints_a_line_a_checkpoint_and_ends() {
    let folder = files();
    let done = run(&folder, &["watch", "run", "--probe", "frames.npy", "--once"]);
    let said = text(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    for (line, start) in
        lines.iter().zip(["step 100  G_100.pth", "step 200  G_200.pth", "step 300  G_300.pth"])
    {
        assert!(line.starts_with(start) && line.contains("SNR") && line.contains("  used 16/"), "{line}");
    }
    assert!(
        lines[1].contains("  stable ") && lines[1].contains("  drift ") && !lines[0].contains("stable"),
        "{said}"
    );
    let json = run(&folder, &["watch", "run", "--probe", "frames.npy", "--once", "--json"]);
    let values: Vec<Value> =
        text(&json.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let steps: Vec<u64> = values.iter().map(|value| value["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [100, 200, 300]);
    let last = &values[2];
    assert_eq!(
        (last["schema"].as_i64(), last["event"].as_str(), last["step_from"].as_str()),
        (Some(1), Some("checkpoint"), Some("name"))
    );
    assert_eq!((last["frames"].as_u64(), last["before"]["step"].as_u64()), (Some(2000), Some(200)));
    let layer = &last["layers"][1];
    for key in [
        "layer",
        "codes",
        "used",
        "dead_window",
        "dead_threshold",
        "perplexity",
        "snr_gain_db",
        "ema_total",
        "births",
        "deaths",
    ] {
        assert!(layer[key].is_number(), "{key}: {layer}");
    }
    assert!(layer["token_stability"].as_f64().is_some_and(|share| (0.0..=1.0).contains(&share)));
    assert!(values[0]["layers"][0]["checkpoint_drift"].is_null());
}

#[test]
fn a_severe_finding_of_the_newest_ends_with_3_where_that_is_asked_for() {
    let folder = files();
    let args = ["watch", "run", "--probe", "frames.npy", "--once", "--strict", "--json"];
    // An early one is ill, as before a start: that says nothing of where the training stands.
    let path = folder.path().join("run/G_50.pth");
    write(&path, &ill(50), 50);
    age(&path, 2_000_000);
    let healthy = run(&folder, &args);
    assert_eq!(healthy.status.code(), Some(0), "{}", text(&healthy.stdout));
    let path = folder.path().join("run/G_400.pth");
    write(&path, &ill(400), 400);
    age(&path, 100);
    let done = run(&folder, &args);
    assert_eq!(done.status.code(), Some(3), "{}", text(&done.stderr));
    let said = text(&done.stdout);
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    let new = last["new_findings"].as_array().unwrap();
    assert!(new.iter().any(|finding| finding["severity"] == "severe"), "{last}");
    assert!(last["layers"][0]["deaths"].as_u64().unwrap() > 5, "{last}");
    assert_eq!(run(&folder, &args[..5]).status.code(), Some(0));
    // Without --once it ends as soon as it has looked at what is there.
    let watching = run(&folder, &["watch", "run", "--probe", "frames.npy", "--strict"]);
    assert_eq!(watching.status.code(), Some(3));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = files();
    let code = |args: &[&str]| run(&folder, args).status.code();
    assert_eq!(code(&["watch"]), Some(2));
    assert_eq!(code(&["watch", "run", "--probe-frames", "5", "--once"]), Some(2));
    assert_eq!(code(&["watch", "missing", "--once"]), Some(1));
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    assert_eq!(code(&["watch", "empty", "--once"]), Some(1));
    assert_eq!(code(&["watch", "run", "--once"]), Some(0));
}

/// A process that ends with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_checkpoint_that_comes_in_is_a_line_at_once() {
    let folder = files();
    let child = command(&folder, &["watch", "run", "--probe", "frames.npy", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(
        [next(), next(), next()].map(|value| value["step"].as_u64()),
        [Some(300), Some(200), Some(100)]
    );
    write(&folder.path().join("run/G_400.pth"), &quantizer(400), 400);
    let new = next();
    assert_eq!((new["step"].as_u64(), new["before"]["step"].as_u64()), (Some(400), Some(300)));
    assert!(new["layers"][0]["token_stability"].is_number());
}
