//! The folder of a workspace: one window at a time, nothing half-written, and nothing thrown away that could not be read.

use std::fs;
use std::path::{Path, PathBuf};

use rvqscope::store::{Folder, StoreError};
use serde_json::json;

use crate::samples::{assert_same, trained};

/// Every file below `root` with its length, but for the lock.
pub fn tree(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "lock") {
                let bytes = fs::read(&path).unwrap();
                found.push((path.strip_prefix(root).unwrap().to_owned(), bytes));
            }
        }
    }
    found.sort();
    found
}

fn names(root: &Path) -> Vec<String> {
    tree(root).into_iter().map(|(path, _)| path.to_string_lossy().replace('\\', "/")).collect()
}

#[test]
fn a_folder_is_made_locked_written_and_read_again() {
    let above = tempfile::tempdir().unwrap();
    let root = above.path().join("not there/yet");
    let folder = Folder::open(&root).unwrap();
    assert_eq!(folder.root(), root);
    let err = Folder::open(&root).unwrap_err();
    assert!(matches!(err, StoreError::InUse(_)) && !err.is_content(), "{err}");
    assert!(err.to_string().contains("another window"), "{err}");

    assert_eq!((folder.read_state().unwrap(), folder.run_ids().unwrap()), (None, vec![]));
    let (run, _) = trained("encodec", 2);
    for id in [3, 0, u64::MAX, 12] {
        assert!(!folder.has_run(id));
        folder.write_run(id, &run).unwrap();
        assert!(folder.has_run(id));
    }
    folder.write_state(&json!({"runs": [0, 3]})).unwrap();
    folder.remove_run(12).unwrap();
    folder.remove_run(12).unwrap();
    drop(folder);

    let folder = Folder::open(&root).unwrap();
    assert_eq!(folder.run_ids().unwrap(), [0, 3, u64::MAX]);
    assert_eq!(folder.read_state().unwrap(), Some(json!({"runs": [0, 3]})));
    assert_same(&folder.read_run(3).unwrap(), &run);
    assert!(matches!(folder.read_run(12), Err(StoreError::File(_))));
    folder.retain(&[0, 3, 99]).unwrap();
    assert_eq!(folder.run_ids().unwrap(), [0, 3]);
}

#[test]
fn what_interrupted_writes_left_is_swept_and_other_files_are_not_touched() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("runs")).unwrap();
    fs::create_dir_all(root.path().join(".rvqscope-xyz/runs")).unwrap();
    for name in [
        ".rvqscope-abc.part",
        "runs/.rvqscope-def.part",
        ".rvqscope-xyz/runs/1.safetensors",
        "notes.txt",
        "runs/007.safetensors",
        "runs/+7.safetensors",
        "runs/7.safetensors.bak",
        "runs/other.safetensors",
    ] {
        fs::write(root.path().join(name), name).unwrap();
    }
    let folder = Folder::open(root.path()).unwrap();
    assert_eq!(folder.run_ids().unwrap(), [] as [u64; 0]);
    folder.retain(&[]).unwrap();
    let kept = [
        "notes.txt",
        "runs/+7.safetensors",
        "runs/007.safetensors",
        "runs/7.safetensors.bak",
        "runs/other.safetensors",
    ];
    assert_eq!(names(root.path()), kept);
    assert!(!root.path().join(".rvqscope-xyz").exists());
}

#[test]
fn a_state_that_cannot_be_read_is_kept_aside_with_its_runs() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::open(root.path()).unwrap();
    let (run, _) = trained("encodec", 2);
    for n in 1..=3u64 {
        folder.write_run(n, &run).unwrap();
        fs::write(root.path().join("state.json"), format!("broken {n}")).unwrap();
        assert!(folder.read_state().unwrap_err().is_content());
        let aside = folder.keep_aside().unwrap();
        assert_eq!(aside, root.path().join(format!("kept-aside-{n}")));
        assert_eq!(names(&aside), [format!("runs/{n}.safetensors"), "state.json".to_owned()]);
        assert_eq!(fs::read_to_string(aside.join("state.json")).unwrap(), format!("broken {n}"));
        // The window starts without it.
        assert_eq!((folder.read_state().unwrap(), folder.run_ids().unwrap()), (None, vec![]));
        folder.write_run(7, &run).unwrap();
        folder.write_state(&json!(n)).unwrap();
        folder.remove_run(7).unwrap();
    }
}

#[test]
fn keeping_aside_that_was_interrupted_is_taken_up_again() {
    let root = tempfile::tempdir().unwrap();
    let (run, _) = trained("encodec", 2);
    let folder = Folder::open(root.path()).unwrap();
    folder.write_run(4, &run).unwrap();
    fs::write(root.path().join("state.json"), "broken").unwrap();
    drop(folder);
    // Killed behind its first step: the runs are aside, the state is not.
    fs::create_dir(root.path().join("kept-aside-1")).unwrap();
    fs::rename(root.path().join("runs"), root.path().join("kept-aside-1/runs")).unwrap();
    let folder = Folder::open(root.path()).unwrap();
    assert!(folder.read_state().unwrap_err().is_content());
    let aside = folder.keep_aside().unwrap();
    assert_eq!(names(&aside), ["runs/4.safetensors", "state.json"]);
    assert_eq!(aside, root.path().join("kept-aside-1"));
}

#[test]
fn a_folder_that_cannot_be_is_told() {
    let above = tempfile::tempdir().unwrap();
    let file = above.path().join("a file");
    fs::write(&file, "x").unwrap();
    for root in [file.clone(), file.join("inside")] {
        let err = Folder::open(&root).unwrap_err();
        assert!(matches!(err, StoreError::File(_)) && err.to_string().contains("a file"), "{err}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"x");
}
