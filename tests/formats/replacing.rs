//! Files are replaced whole or not at all.

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        folder.read_dir().unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_failure_leaves_the_old_file_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out");
    std::fs::write(&path, "old").unwrap();
    let failed = io::replace_file(&path, |out| {
        out.write_all(b"half")?;
        Err(std::io::Error::other("disk full"))
    });
    let words = failed.unwrap_err().to_string();
    assert_eq!(words, format!("the system reports: disk full: {}", path.display()));
    let panicked = std::panic::catch_unwind(|| io::replace_file(&path, |_| panic!("on purpose")));
    assert!(panicked.is_err());
    assert_eq!((names(folder.path()), std::fs::read(&path).unwrap()), (vec!["out".into()], b"old".to_vec()));

    io::replace_file(&path, |out| out.write_all(b"new")).unwrap();
    assert_eq!((names(folder.path()), std::fs::read(&path).unwrap()), (vec!["out".into()], b"new".to_vec()));
}

#[test]
fn a_target_that_cannot_be_is_refused() {
    let folder = TempDir::new().unwrap();
    let refused = |path: &Path| io::replace_file(path, |_| Ok(())).unwrap_err().to_string();
    assert!(refused(folder.path()).starts_with("this is a folder"));
    assert!(refused(&folder.path().join("no/such")).contains("does not exist, so nothing can be written"));
    assert!(refused(Path::new("/")).starts_with("this is a folder"));
    assert!(names(folder.path()).is_empty());
}

#[cfg(unix)]
#[test]
fn permissions_and_links_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mode = |name: &str| at(name).metadata().unwrap().permissions().mode() & 0o777;
    std::fs::write(at("plain"), "").unwrap();
    io::replace_file(&at("new"), |out| out.write_all(b"1")).unwrap();
    assert_eq!(mode("new"), mode("plain"));

    std::fs::set_permissions(at("new"), PermissionsExt::from_mode(0o640)).unwrap();
    symlink("new", at("link")).unwrap();
    io::replace_file(&at("link"), |out| out.write_all(b"2")).unwrap();
    assert!(at("link").is_symlink());
    assert_eq!((mode("new"), std::fs::read(at("new")).unwrap()), (0o640, b"2".to_vec()));

    symlink("later", at("dangling")).unwrap();
    io::replace_file(&at("dangling"), |out| out.write_all(b"3")).unwrap();
    assert_eq!(std::fs::read(at("later")).unwrap(), b"3");

    std::fs::set_permissions(at("new"), PermissionsExt::from_mode(0o444)).unwrap();
    let err = io::replace_file(&at("new"), |_| Ok(())).unwrap_err();
    assert!(err.to_string().starts_with("the file is write-protected"));
    symlink("round", at("round")).unwrap();
    let err = io::replace_file(&at("round"), |_| Ok(())).unwrap_err();
    assert!(err.to_string().starts_with("the link leads back to itself"));
}
