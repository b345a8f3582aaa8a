//! `install-desktop`: a menu entry, an icon and file types in the user's own data folder, and all of it back with `--remove`.

mod texts;
mod types;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, anyhow, bail};
use clap::ArgMatches;

use crate::io::{Problem, replace_file};

use super::{Env, flags, print};

/// The icon, of which desktops make the sizes that they need.
static ICON: &[u8] = include_bytes!("../../../assets/icon.png");

/// A file that is put there, below the user's data folder.
struct Piece {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Writes the files, or takes them back, and tells each path.
pub(super) fn install(matches: &ArgMatches, env: &Env) -> Result<()> {
    if cfg!(any(windows, target_os = "macos")) {
        let words = "install-desktop does nothing on Windows and macOS: start the window by its binary, or pin that where you start programs\n";
        return Ok(print(words)?);
    }
    if !cfg!(feature = "gui") {
        bail!("this build has no window, so there is nothing to put into the desktop's menu");
    }
    let data = data_folder(std::env::var_os("XDG_DATA_HOME").as_deref(), std::env::home_dir())?;
    let remove = flags::switch(matches, "remove");
    let binary = if remove { PathBuf::new() } else { own_binary()? };
    let pieces = pieces(&data, &binary)?;
    // Before the first is written: half of it would be worse than none.
    for piece in &pieces {
        piece.check_ours()?;
    }
    let mut told = String::new();
    for piece in &pieces {
        let done = if remove { piece.remove()? } else { piece.write()? };
        told.push_str(&format!("{done} {}\n", piece.path.display()));
    }
    refresh(&data, env);
    Ok(print(&told)?)
}

/// The user's data folder, as desktops find it.
fn data_folder(named: Option<&OsStr>, home: Option<PathBuf>) -> Result<PathBuf> {
    // A relative path there is to be ignored.
    let named = named.map(Path::new).filter(|path| path.is_absolute()).map(Path::to_owned);
    let home = || home.filter(|home| home.is_absolute()).map(|home| home.join(".local/share"));
    named.or_else(home).ok_or_else(|| {
        anyhow!("there is no folder for this user's data: neither XDG_DATA_HOME nor HOME names one")
    })
}

fn own_binary() -> Result<PathBuf> {
    let binary = std::env::current_exe()?;
    if !binary.is_file() {
        bail!("the menu would start this binary, but it has been moved or replaced: {}", binary.display());
    }
    Ok(binary)
}

/// Every file, for a menu entry that starts `binary`.
fn pieces(data: &Path, binary: &Path) -> Result<[Piece; 3]> {
    let system = std::env::var_os("XDG_DATA_DIRS").filter(|dirs| !dirs.is_empty());
    let system = system.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let known: Vec<String> = std::env::split_paths(&system)
        .filter_map(|folder| std::fs::read_to_string(folder.join("mime/globs2")).ok())
        .collect();
    let types = types::types(&known);
    let entry = texts::menu_entry(binary, &types.opened)?;
    Ok([
        Piece { path: data.join("applications/rvqscope.desktop"), bytes: entry.into_bytes() },
        Piece { path: data.join("icons/hicolor/128x128/apps/rvqscope.png"), bytes: ICON.to_vec() },
        Piece {
            path: data.join("mime/packages/rvqscope.xml"),
            bytes: texts::type_package(&types.own).into_bytes(),
        },
    ])
}

impl Piece {
    /// Refuses to touch a text of this name that somebody else has written.
    fn check_ours(&self) -> Result<()> {
        let is_text = self.path.extension().is_none_or(|ending| ending != "png");
        match std::fs::read(&self.path) {
            Ok(bytes) if is_text && !String::from_utf8_lossy(&bytes).contains(texts::MARK) => {
                bail!(
                    "there is a file of this name that install-desktop has not written: {}",
                    self.path.display()
                )
            }
            _ => Ok(()),
        }
    }

    fn write(&self) -> Result<&'static str> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(|err| Problem::from(err).at(folder))?;
        }
        replace_file(&self.path, |out| out.write_all(&self.bytes))?;
        Ok("wrote")
    }

    fn remove(&self) -> Result<&'static str> {
        match std::fs::remove_file(&self.path) {
            Ok(()) => Ok("removed"),
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => Ok("was not there:"),
            Err(err) => Err(Problem::from(err).at(&self.path).into()),
        }
    }
}

/// Has the desktop read its folders anew, by those of its tools that are there: without them it does so when the user logs in.
fn refresh(data: &Path, env: &Env) {
    let (applications, mime) = (data.join("applications"), data.join("mime"));
    let icons = ["forceupdate", "--theme", "hicolor", "--mode", "user"].map(OsStr::new);
    let tools: [(&str, &[&OsStr]); 3] = [
        ("update-desktop-database", &[applications.as_os_str()]),
        ("update-mime-database", &[mime.as_os_str()]),
        ("xdg-icon-resource", &icons),
    ];
    for (tool, args) in tools {
        let run = Command::new(tool)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match run {
            Ok(status) if !status.success() => env.reporter.note(&format!("{tool} has failed ({status})")),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_are_where_the_environment_says_or_at_home() {
        let home = || Some(PathBuf::from("/h"));
        assert_eq!(data_folder(Some(OsStr::new("/d")), home()).unwrap(), Path::new("/d"));
        for named in [None, Some("relative"), Some("")] {
            assert_eq!(data_folder(named.map(OsStr::new), home()).unwrap(), Path::new("/h/.local/share"));
        }
        assert!(data_folder(None, None).is_err());
    }

    #[test]
    fn what_somebody_else_has_written_stays() {
        let dir = tempfile::tempdir().unwrap();
        let [entry, icon, _] = pieces(dir.path(), Path::new("/opt/rvqscope")).unwrap();
        assert!(entry.check_ours().is_ok());
        assert_eq!(entry.remove().unwrap(), "was not there:");
        entry.write().unwrap();
        icon.write().unwrap();
        assert!(entry.check_ours().is_ok() && icon.check_ours().is_ok());
        std::fs::write(&entry.path, "[Desktop Entry]\nName=mine\n").unwrap();
        let err = entry.check_ours().unwrap_err().to_string();
        assert!(err.contains("has not written") && err.ends_with("rvqscope.desktop"), "{err}");
    }
}
