//! A workspace as one file: packed and unpacked it is the same, and nothing is replaced before everything was read.

use std::fs;
use std::path::Path;

use rvqscope::store::{Folder, StoreError, pack, unpack};
use serde_json::json;
use tempfile::TempDir;

use crate::folders::tree;
use crate::samples::{Dice, assert_same, bytes, trained};

/// A workspace of two runs.
fn workspace(state: &str) -> (TempDir, Folder) {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::open(root.path()).unwrap();
    folder.write_run(1, &trained("encodec", 2).0).unwrap();
    folder.write_run(5, &trained("moshi", 3).0).unwrap();
    folder.write_state(&json!({"name": state, "runs": [1, 5]})).unwrap();
    (root, folder)
}

#[test]
fn packed_and_unpacked_it_is_the_same_and_what_was_there_is_kept() {
    let (source, from) = workspace("first");
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("a workspace.rvqscope");
    pack(&from, &file).unwrap();
    pack(&from, &file).unwrap();
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1, "nothing lies about");

    let root = tempfile::tempdir().unwrap();
    let folder = Folder::open(root.path()).unwrap();
    assert_eq!(unpack(&file, &folder).unwrap(), None, "an empty folder has nothing to keep");
    assert_eq!(tree(root.path()), tree(source.path()));
    assert_same(&folder.read_run(5).unwrap(), &from.read_run(5).unwrap());

    let other = trained("rvqscope", 4).0;
    folder.write_run(9, &other).unwrap();
    folder.write_state(&json!("second")).unwrap();
    let aside = unpack(&file, &folder).unwrap().expect("the second workspace");
    assert_eq!(aside, root.path().join("kept-aside-1"));
    assert_eq!(fs::read(aside.join("runs/9.safetensors")).unwrap(), bytes(&other));
    assert!(aside.join("runs/1.safetensors").is_file() && aside.join("state.json").is_file());
    assert_eq!(folder.run_ids().unwrap(), [1, 5]);
    assert_eq!(folder.read_state().unwrap(), from.read_state().unwrap());
    drop(folder);
    assert_eq!(Folder::open(root.path()).unwrap().run_ids().unwrap(), [1, 5]);
}

#[test]
fn there_is_nothing_to_pack_before_there_is_a_state() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::open(root.path()).unwrap();
    let file = root.path().join("x.rvqscope");
    assert!(matches!(pack(&folder, &file), Err(StoreError::Unfit(_))));
    folder.write_state(&json!(1)).unwrap();
    let nowhere = root.path().join("state.json/x.rvqscope");
    let err = pack(&folder, &nowhere).unwrap_err();
    assert!(err.to_string().contains("x.rvqscope"), "{err}");
    assert!(!file.exists());
}

/// Archives of these files, each beside its name, stored as they are.
fn archive(path: &Path, files: &[(&str, &[u8])]) {
    // Packed by hand: what the library packs has no such names.
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let offset = out.len() as u32;
        let mut facts = Vec::new();
        facts.extend([20u16, 1 << 11, 0, 0, 0x21].iter().flat_map(|v| v.to_le_bytes()));
        let len = bytes.len() as u32;
        facts.extend([crc32fast::hash(bytes), len, len].iter().flat_map(|v| v.to_le_bytes()));
        facts.extend((name.len() as u16).to_le_bytes());
        facts.extend([0; 2]);
        out.extend(b"PK\x03\x04");
        out.extend(&facts);
        out.extend(name.bytes().chain(bytes.iter().copied()));
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(facts);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.bytes());
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([files.len() as u16; 2].iter().flat_map(|v| v.to_le_bytes()));
    out.extend([directory.len() as u32, start].iter().flat_map(|v| v.to_le_bytes()));
    out.extend([0; 2]);
    fs::write(path, out).unwrap();
}

#[test]
fn what_is_no_workspace_replaces_nothing() {
    let (root, folder) = workspace("mine");
    let before = tree(root.path());
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("theirs.rvqscope");
    let state = fs::read(root.path().join("state.json")).unwrap();
    let newer =
        String::from_utf8(state.clone()).unwrap().replace("workspace\": 1", "workspace\": 9").into_bytes();
    let run = bytes(&trained("encodec", 2).0);
    let sound: &[(&str, &[u8])] = &[("state.json", &state), ("runs/2.safetensors", &run)];
    let hostile: &[&[(&str, &[u8])]] = &[
        &[],
        &[("runs/2.safetensors", &run)],
        &[("state.json", b"{}")],
        &[("state.json", &newer)],
        &[("state.json", &state), ("runs/2.safetensors", &run[..run.len() - 1])],
        &[("state.json", &state), ("../2.safetensors", &run)],
        &[("state.json", &state), ("runs/../../2.safetensors", &run)],
        &[("state.json", &state), ("/runs/2.safetensors", &run)],
        &[("state.json", &state), ("runs//2.safetensors", &run)],
        &[("state.json", &state), ("runs/2.safetensors/", &run)],
        &[("state.json", &state), ("runs\\2.safetensors", &run)],
        &[("state.json", &state), ("runs/02.safetensors", &run)],
        &[("state.json", &state), ("lock", b"")],
        &[("state.json", &state), ("state.json", &state)],
    ];
    for files in hostile {
        archive(&file, files);
        let err = unpack(&file, &folder).expect_err("hostile");
        assert!(err.is_content() && err.to_string().contains("theirs.rvqscope"), "{err}");
        assert_eq!(tree(root.path()), before);
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1, "nothing was unpacked elsewhere");
    archive(&file, sound);
    let whole = fs::read(&file).unwrap();

    let mut dice = Dice::new(4);
    for _ in 0..150 {
        let mut bytes = whole.clone();
        if dice.heads() {
            bytes.truncate(dice.below(whole.len()));
        } else {
            let at = dice.below(whole.len());
            bytes[at] ^= 1 << dice.below(8);
        }
        fs::write(&file, bytes).unwrap();
        if let Err(err) = unpack(&file, &folder) {
            assert!(err.to_string().contains("theirs.rvqscope"), "{err}");
            assert_eq!(tree(root.path()), before, "{err}");
        } else {
            // A bit that says nothing, such as that of a date: start again.
            fs::remove_dir_all(root.path().join("runs")).unwrap();
            let aside = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().path());
            let aside = aside.filter(|path| path.to_string_lossy().contains("kept-aside")).last().unwrap();
            fs::rename(aside.join("runs"), root.path().join("runs")).unwrap();
            fs::rename(aside.join("state.json"), root.path().join("state.json")).unwrap();
            fs::remove_dir(aside).unwrap();
            assert_eq!(tree(root.path()), before);
        }
    }
    assert!(matches!(unpack(&outside.path().join("none"), &folder), Err(StoreError::File(_))));
    archive(&file, sound);
    unpack(&file, &folder).unwrap();
    assert_eq!(folder.run_ids().unwrap(), [2]);
}

#[test]
fn killed_at_any_step_it_is_the_old_workspace_or_the_new_one() {
    let (source, new) = workspace("new");
    let run = trained("rvqscope", 2).0;
    // The steps of replacing, one after the other, each a rename; what is killed in between is opened again.
    type Step = fn(&Path);
    let steps: [Step; 6] = [
        |root| fs::rename(root.join(".rvqscope-new"), root.join("incoming")).unwrap(),
        |root| {
            fs::create_dir_all(root.join("kept-aside-1")).unwrap();
            fs::rename(root.join("runs"), root.join("kept-aside-1/runs")).unwrap();
        },
        |root| fs::rename(root.join("state.json"), root.join("kept-aside-1/state.json")).unwrap(),
        |root| fs::rename(root.join("incoming/runs"), root.join("runs")).unwrap(),
        |root| fs::rename(root.join("incoming/state.json"), root.join("state.json")).unwrap(),
        |root| fs::remove_dir(root.join("incoming")).unwrap(),
    ];
    for killed in 0..=steps.len() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        folder.write_run(1, &run).unwrap();
        folder.write_state(&json!({"name": "old", "runs": [1]})).unwrap();
        drop(folder);
        let old = tree(root.path());
        let scratch = root.path().join(".rvqscope-new");
        for (name, bytes) in tree(source.path()) {
            let path = scratch.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        steps[..killed].iter().for_each(|step| step(root.path()));
        let folder = Folder::open(root.path()).unwrap();
        if killed == 0 {
            assert_eq!(tree(root.path()), old, "swept away");
            continue;
        }
        assert_eq!(folder.read_state().unwrap(), new.read_state().unwrap(), "killed behind step {killed}");
        assert_eq!(folder.run_ids().unwrap(), [1, 5]);
        assert_eq!(
            fs::read(root.path().join("runs/1.safetensors")).unwrap(),
            fs::read(source.path().join("runs/1.safetensors")).unwrap()
        );
        assert_eq!(tree(&root.path().join("kept-aside-1")), old, "killed behind step {killed}");
        assert!(!root.path().join("incoming").exists() && !root.path().join("kept-aside-2").exists());
    }
}
