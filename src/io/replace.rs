//! Replacing a file whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};

use super::{FileError, Problem};
use crate::text::{msg, phrase};

/// A place to write to, in order or not.
pub trait WriteSeek: Write + Seek + Send {}

impl<T: Write + Seek + Send> WriteSeek for T {}

/// How many links are followed from one to the next.
const MAX_LINKS: usize = 40;

/// Writes a file through `write`, so that afterwards there is either the whole new file or what was there before.
///
/// The bytes go to a temporary file in the same folder, reach the disk, and only then take the name. A link is followed: the file
/// that it points to is replaced. An existing file keeps its permissions; a new one gets the usual ones.
///
/// # Errors
/// `write` fails, the target is no regular file or write-protected, or the system refuses.
pub fn replace_file(
    path: &Path,
    write: impl FnOnce(&mut dyn WriteSeek) -> io::Result<()>,
) -> Result<(), FileError> {
    replace(path, write).map_err(|problem| problem.at(path))
}

fn replace(path: &Path, write: impl FnOnce(&mut dyn WriteSeek) -> io::Result<()>) -> Result<(), Problem> {
    let target = follow_links(path)?;
    let permissions = existing_permissions(&target)?;
    let folder = match target.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return Err(Problem::Folder),
    };
    if target.file_name().is_none() {
        return Err(Problem::Folder);
    }
    if !folder.is_dir() {
        let folder = folder.display().to_string();
        return Err(Problem::Unsupported(msg!("file-no-folder", folder = folder)));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".rvqscope-").suffix(".part");
    if let Some(fresh) = fresh_permissions() {
        builder.permissions(fresh);
    }
    // Dropping it, on any way out of here, removes it.
    let mut temp = builder.tempfile_in(folder).map_err(refused)?;
    write(temp.as_file_mut()).map_err(refused)?;
    if let Some(permissions) = permissions {
        temp.as_file().set_permissions(permissions)?;
    }
    temp.as_file().sync_all()?;
    temp.persist(&target).map_err(|err| refused(err.error))?;
    // The new name itself reaches the disk with its folder. Not every system can do that, and the file is sound either way.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// The file that `path` stands for, which need not exist.
fn follow_links(path: &Path) -> Result<PathBuf, Problem> {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().map_or(next.clone(), |folder| folder.join(&next)),
            // Not a link, or not there.
            Err(_) => return Ok(target),
        }
    }
    Err(Problem::Unsupported(msg!("file-link-in-circle")))
}

/// The permissions of the file that is to be replaced; `None` where there is none yet.
fn existing_permissions(target: &Path) -> Result<Option<Permissions>, Problem> {
    let metadata = match fs::metadata(target) {
        Ok(metadata) => metadata,
        Err(err) if err.kind() == ErrorKind::NotFound => return Ok(None),
        Err(err) => return Err(err.into()),
    };
    super::check_regular(metadata.file_type())?;
    if metadata.permissions().readonly() {
        return Err(Problem::Unsupported(msg!("file-write-protected")));
    }
    Ok(Some(metadata.permissions()))
}

/// What any program gives a new file; the system takes off what the user does not want.
#[cfg(unix)]
fn fresh_permissions() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn fresh_permissions() -> Option<Permissions> {
    None
}

/// A failure to write, in words that say so: "there is no such file" would puzzle here.
fn refused(err: io::Error) -> Problem {
    match err.kind() {
        ErrorKind::PermissionDenied => Problem::NotWritable(phrase!("file-denied")),
        ErrorKind::ReadOnlyFilesystem => Problem::NotWritable(phrase!("file-system-read-only")),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Problem::NoRoom,
        _ => Problem::System(err),
    }
}
