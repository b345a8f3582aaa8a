//! `doctor` and `repair` on the command line.

use std::path::Path;
use std::process::{Command, Output};

use rvqscope::io;
use rvqscope::jobs::SaveSpec;
use tempfile::TempDir;

use super::*;

fn rvqscope(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rvqscope")).current_dir(folder).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A healthy model, one with dead rows, and frames, in a folder.
fn files() -> TempDir {
    let folder = TempDir::new().unwrap();
    let ctx = JobCtx { cancel: &Cancel::default(), emit: &|_| {}, control: None, threads: 1, live: false };
    let save = |case: &Case, name: &str| {
        let spec = SaveSpec { run: case.run.clone(), path: folder.path().join(name) };
        jobs::save_model(&spec, &ctx).unwrap();
    };
    save(&healthy(5), "healthy.safetensors");
    let mut books = books(5);
    let (rows, sizes, sums) = books[0].parts_mut();
    for code in 0..20 {
        rows.row_mut(code).fill(70.0 + code as f32);
        sizes[code] = 1e-4;
        sums.row_mut(code).assign(&(rows.row(code).mapv(f64::from) * 1e-4));
    }
    save(&model(books, None), "dead.safetensors");
    io::write_f32_npy(&folder.path().join("frames.npy"), smooth(5, 4000).view()).unwrap();
    folder
}

#[test]
fn the_doctor_names_and_counts_and_ends_with_3_where_that_is_asked_for() {
    let folder = files();
    let run = |args: &[&str]| rvqscope(folder.path(), args);
    let healthy = run(&["doctor", "healthy.safetensors", "frames.npy", "--strict"]);
    assert_eq!((healthy.status.code(), text(&healthy.stdout).as_str()), (Some(0), "nothing stands out\n"));
    let ill = run(&["doctor", "dead.safetensors", "frames.npy"]);
    let said = text(&ill.stdout);
    assert_eq!(ill.status.code(), Some(0), "{said}");
    for words in [
        "severe [unused-codes] Layer 1: 12 of 32 codes",
        "[dead-not-replaced]",
        "    change    ",
        "    codes     0, 1, 2",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let strict = run(&["doctor", "dead.safetensors", "frames.npy", "--strict", "--json"]);
    assert_eq!(strict.status.code(), Some(3), "{}", text(&strict.stderr));
    let json: serde_json::Value = serde_json::from_slice(&strict.stdout).unwrap();
    assert_eq!((json["schema"].as_i64(), json["frames"].as_i64()), (Some(1), Some(4000)));
    let found = json["findings"].as_array().unwrap();
    let dead = found.iter().find(|finding| finding["id"] == "dead-not-replaced").unwrap();
    assert_eq!(
        (dead["severity"].as_str(), dead["codes"].as_array().map(Vec::len)),
        (Some("severe"), Some(20))
    );
    assert!(
        dead["why"].as_str().unwrap().len() > 20
            && (dead["measured"][0]["bound"].as_f64().unwrap() - 3.2).abs() < 1e-9
    );
    // Without frames the buffers alone speak.
    let alone = text(&run(&["doctor", "dead.safetensors"]).stdout);
    assert!(alone.contains("[dead-not-replaced]") && !alone.contains("[unused-codes]"), "{alone}");
    assert_eq!(run(&["doctor", "dead.safetensors", "--holdout", "0.5"]).status.code(), Some(2));
}

#[test]
fn a_repair_is_written_where_it_does_good_and_nowhere_else() {
    let folder = files();
    let run = |args: &[&str]| rvqscope(folder.path(), args);
    let mended = run(&["repair", "dead.safetensors", "frames.npy", "--out", "mended.safetensors"]);
    let said = text(&mended.stdout);
    assert!(
        mended.status.success() && said.contains("replace-dead") && said.contains("kept"),
        "{said} {}",
        text(&mended.stderr)
    );
    assert!(text(&mended.stderr).contains("write-back mended.safetensors --into dead.safetensors"));
    let again = run(&["doctor", "mended.safetensors", "frames.npy", "--strict"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stdout));
    let healthy = run(&["repair", "healthy.safetensors", "frames.npy", "--out", "none.safetensors"]);
    assert_eq!(healthy.status.code(), Some(1));
    assert!(text(&healthy.stderr).contains("nothing stands out that can be mended"));
    assert!(!folder.path().join("none.safetensors").exists());
    let unknown = run(&[
        "repair",
        "healthy.safetensors",
        "frames.npy",
        "--fix",
        "wishful",
        "--out",
        "none.safetensors",
    ]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("there are fold-offset"), "{}", text(&unknown.stderr));
    let json = run(&[
        "repair",
        "dead.safetensors",
        "frames.npy",
        "--fix",
        "unused-codes",
        "--json",
        "--out",
        "other.safetensors",
    ]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        (json["written"].as_str(), json["tried"].as_array().map(Vec::len)),
        (Some("other.safetensors"), Some(1))
    );
}
