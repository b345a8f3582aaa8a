//! What a path can lead to besides a file.

use super::*;

#[test]
fn what_is_no_file_is_said_with_its_path_last() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("empty"), "").unwrap();
    std::fs::write(at("text"), "hello").unwrap();
    std::fs::write(at("lfs"), "version https://git-lfs.github.com/spec/v1\noid sha256:0\n").unwrap();
    let known: Vec<_> = io::READERS.iter().map(|reader| reader.label()).collect();
    let none = format!(
        "this is none of the formats that can be read ({}); bare float32 numbers are read where the dimensions of a frame are said (--dim)",
        known.join(", ")
    );
    for (name, words) in [
        ("missing", "there is no such file"),
        ("", "this is a folder, not a file"),
        ("empty", "the file is empty"),
        ("text", none.as_str()),
        ("lfs", "this is a Git LFS pointer, not the file it stands for; fetch that with `git lfs pull`"),
    ] {
        let err = open(&at(name)).unwrap_err();
        assert_eq!(err.to_string(), format!("{words}: {}", at(name).display()));
    }
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_not_touched() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), Path::new("/dev/zero")] {
        assert!(matches!(open(path).unwrap_err().problem, Problem::NotAFile));
        let written = io::replace_file(path, |_| Ok(()));
        assert!(matches!(written.unwrap_err().problem, Problem::NotAFile));
    }
    assert!(matches!(expand(&[folder.path().into()]).unwrap_err().problem, Problem::NothingInFolder { .. }));
}

#[test]
fn a_folder_stands_for_its_readable_files_in_natural_order() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("b/deep")).unwrap();
    let clip = wav(1, 1, 8000, 1, 8, &[0]);
    for name in ["clip10", "clip9.wav", "b/deep/x.npy", "notes.txt", ".hidden.wav"] {
        let text = name.ends_with(".txt");
        std::fs::write(at(name), if text { &b"text"[..] } else { &clip }).unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path(), at("b/loop")).unwrap();
    let files = expand(&[at("notes.txt"), folder.path().into()]).unwrap();
    assert_eq!(files, ["notes.txt", "b/deep/x.npy", "clip9.wav", "clip10"].map(at));
}

#[test]
fn a_pattern_stands_for_what_matches_it() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let array = npy(1, "<f4", false, "(1, 2)", &[0; 8]);
    for name in ["clip10.npy", "clip2.npy", "other.npy", ".clip3.npy", "[odd].npy"] {
        std::fs::write(at(name), &array).unwrap();
    }
    let expand = |name: &str| expand(&[at(name)]);
    let files = |names: &[&str]| names.iter().map(|name| at(name)).collect::<Vec<_>>();
    assert_eq!(expand("clip*.npy").unwrap(), files(&["clip2.npy", "clip10.npy"]));
    assert_eq!(expand("clip?.npy").unwrap(), files(&["clip2.npy"]));
    assert_eq!(expand("[co]*.npy").unwrap(), files(&["clip2.npy", "clip10.npy", "other.npy"]));
    assert_eq!(expand("[odd].npy").unwrap(), files(&["[odd].npy"]), "a file of that very name");
    assert_eq!(expand("a[").unwrap(), files(&["a["]), "no pattern at all");
    let err = expand("missing*").unwrap_err();
    assert_eq!(err.to_string(), format!("no file matches this pattern: {}", at("missing*").display()));
}

fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FileError> {
    io::expand(paths, &Task::silent(&Cancel::default()))
}

#[test]
fn cancelling_ends_the_search() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("a.npy"), npy(1, "<f4", false, "(1, 2)", &[0; 8])).unwrap();
    let cancel = Cancel::default();
    cancel.cancel();
    for path in [folder.path().to_owned(), folder.path().join("*.npy")] {
        let err = io::expand(&[path], &Task::silent(&cancel)).unwrap_err();
        assert!(matches!(err.problem, Problem::Cancelled(_)), "{err}");
    }
}
