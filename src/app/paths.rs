//! Paths as people type and read them.

use std::path::{Path, PathBuf};

use crate::text::t;

/// What a typed path means: quotes, `file://` and `~/` are understood; `None` for nothing.
#[must_use]
pub fn typed(text: &str) -> Option<PathBuf> {
    let text = text.trim();
    let text = ['"', '\''].iter().fold(text, |text, &quote| {
        text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote)).unwrap_or(text)
    });
    let text = text.strip_prefix("file://").unwrap_or(text);
    if text.is_empty() {
        return None;
    }
    match text.strip_prefix("~/").zip(std::env::home_dir()) {
        Some((rest, home)) => Some(home.join(rest)),
        None => Some(PathBuf::from(text)),
    }
}

/// What to call several files in one line: the first one's name and how many more there are.
#[must_use]
pub fn title(paths: &[PathBuf]) -> String {
    let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    match paths {
        [] => t!("window-files-none").to_owned(),
        [one] => name(one),
        [first, rest @ ..] => t!("window-files-more", name = name(first), n = rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_paths_are_understood() {
        assert_eq!(typed("  "), None);
        assert_eq!(typed(" /a b/c.wav "), Some("/a b/c.wav".into()));
        assert_eq!(typed("'/a b/c.wav'"), Some("/a b/c.wav".into()));
        assert_eq!(typed("file:///x.npy"), Some("/x.npy".into()));
        assert_eq!(typed("語.wav"), Some("語.wav".into()));
    }

    #[test]
    fn several_files_have_one_title() {
        assert_eq!(title(&["/x/a.wav".into(), "/x/b.wav".into(), "/x/c.wav".into()]), "a.wav and 2 more");
    }
}
