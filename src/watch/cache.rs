//! The figures of checkpoints that were looked at before, in one file: known again by their content, wherever they lie by now.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::io;

use super::checkpoint::AboutFile;
use super::digest::Digest;
use super::figures::{Change, Figures};

/// The environment variable that names the file in another place; none is kept where it is empty.
pub const CACHE_VAR: &str = "RVQSCOPE_CACHE"; // not a text

/// A change of what is kept, or of how a figure is worked out, makes another number of this.
const SCHEMA: u32 = 2;

/// Checkpoints that are kept; of more, those that were wanted last.
const MAX_ENTRIES: usize = 4096;
/// A longer file is none of ours.
const MAX_BYTES: u64 = 64 << 20;
/// Changes that are kept of a checkpoint: it may come to lie behind another one.
const MAX_CHANGES: usize = 3;
/// What was worked out is written at the latest after this time.
const WRITTEN_EVERY: Duration = Duration::from_secs(5);

/// A quantizer, and the frames that it was held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) quantizer: Digest,
    pub(super) probe: Digest,
}

/// What a file is known by without reading its quantizer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct FileKey {
    pub(super) name: String,
    pub(super) modified_ns: u64,
    /// Of its length, both ends and some places between.
    pub(super) print: Digest,
    /// What was said of which quantizer is meant.
    pub(super) meant: Digest,
}

/// What is known of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KnownFile {
    pub(super) quantizer: Digest,
    pub(super) about: AboutFile,
    used: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    figures: Arc<Figures>,
    changes: Vec<Arc<Change>>,
    /// In seconds since 1970.
    used: u64,
}

/// The file as it is written.
#[derive(Serialize, Deserialize)]
struct Stored {
    schema: u32,
    version: String,
    entries: Vec<(Held, Entry)>,
    files: Vec<(FileKey, KnownFile)>,
}

/// What is known of checkpoints. Without a path it forgets everything at the end.
#[derive(Debug)]
pub(super) struct Cache {
    path: Option<PathBuf>,
    entries: HashMap<Held, Entry>,
    files: HashMap<FileKey, KnownFile>,
    is_changed: bool,
    written: Instant,
}

/// Where the cache is kept where nobody says otherwise: in the folder that the system has for such files.
#[must_use]
pub fn default_cache() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(CACHE_VAR) {
        return (!path.is_empty()).then(|| PathBuf::from(path));
    }
    let of = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let folder = if cfg!(windows) {
        of("LOCALAPPDATA") // not a text
    } else if cfg!(target_os = "macos") {
        std::env::home_dir().map(|home| home.join("Library").join("Caches")) // not a text
    } else {
        of("XDG_CACHE_HOME").or_else(|| std::env::home_dir().map(|home| home.join(".cache"))) // not a text
    };
    folder.map(|folder| folder.join("rvqscope").join("watched.json"))
}

impl Cache {
    /// The cache at `path`; an empty one where there is none, or none that can be used.
    pub(super) fn open(path: Option<PathBuf>) -> Self {
        let stored = path.as_deref().and_then(read);
        let (entries, files) = stored.map_or_else(Default::default, |stored| (stored.entries, stored.files));
        Self {
            path,
            entries: entries.into_iter().collect(),
            files: files.into_iter().collect(),
            is_changed: false,
            written: Instant::now(),
        }
    }

    pub(super) fn file(&mut self, key: &FileKey) -> Option<KnownFile> {
        let known = self.files.get_mut(key)?;
        known.used = now();
        Some(known.clone())
    }

    pub(super) fn keep_file(&mut self, key: FileKey, quantizer: Digest, about: AboutFile) {
        self.files.insert(key, KnownFile { quantizer, about, used: now() });
        self.changed();
    }

    pub(super) fn figures(&mut self, held: Held) -> Option<Arc<Figures>> {
        let entry = self.entries.get_mut(&held)?;
        entry.used = now();
        Some(entry.figures.clone())
    }

    pub(super) fn keep_figures(&mut self, held: Held, figures: Arc<Figures>) {
        self.entries.insert(held, Entry { figures, changes: Vec::new(), used: now() });
        self.changed();
    }

    /// What changed between the quantizer `before` and this one, where that is known.
    pub(super) fn change(&self, held: Held, before: Digest) -> Option<Arc<Change>> {
        let changes = &self.entries.get(&held)?.changes;
        changes.iter().find(|change| change.before == before).cloned()
    }

    pub(super) fn keep_change(&mut self, held: Held, change: Arc<Change>) {
        let Some(entry) = self.entries.get_mut(&held) else { return };
        entry.changes.retain(|known| known.before != change.before);
        entry.changes.push(change);
        let surplus = entry.changes.len().saturating_sub(MAX_CHANGES);
        entry.changes.drain(..surplus);
        self.changed();
    }

    fn changed(&mut self) {
        self.is_changed = true;
        if self.entries.len() > 2 * MAX_ENTRIES || self.files.len() > 2 * MAX_ENTRIES {
            self.bound(MAX_ENTRIES);
        }
    }

    /// Writes what has changed, if some time has passed since the last time.
    pub(super) fn write_if_due(&mut self) {
        if self.written.elapsed() >= WRITTEN_EVERY {
            self.write();
        }
    }

    /// Writes what has changed. Another process may have written meanwhile: what it found out stays. A cache that cannot be written is one that is
    /// not there the next time, and no more.
    pub(super) fn write(&mut self) {
        let Some(path) = self.path.clone().filter(|_| self.is_changed) else { return };
        if let Some(theirs) = read(&path) {
            for (key, entry) in theirs.entries {
                self.entries.entry(key).or_insert(entry);
            }
            for (key, file) in theirs.files {
                self.files.entry(key).or_insert(file);
            }
        }
        let mut most = MAX_ENTRIES;
        while most > 0 {
            self.bound(most);
            let Ok(bytes) = serde_json::to_vec(&self.stored()) else { return };
            if bytes.len() as u64 <= MAX_BYTES {
                let folder = path.parent().unwrap_or(Path::new("."));
                let made = std::fs::create_dir_all(folder);
                let _ = made.is_ok() && io::replace_file(&path, |out| out.write_all(&bytes)).is_ok();
                break;
            }
            most /= 2;
        }
        (self.is_changed, self.written) = (false, Instant::now());
    }

    /// Forgets what was wanted longest ago.
    fn bound(&mut self, most: usize) {
        bound(&mut self.entries, most, |entry| entry.used);
        bound(&mut self.files, most, |file| file.used);
    }

    fn stored(&self) -> Stored {
        let entries = self.entries.iter().map(|(key, entry)| (*key, entry.clone())).collect();
        let files = self.files.iter().map(|(key, file)| (key.clone(), file.clone())).collect();
        Stored { schema: SCHEMA, version: env!("CARGO_PKG_VERSION").to_owned(), entries, files }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.write();
    }
}

fn bound<K: Eq + std::hash::Hash, V>(map: &mut HashMap<K, V>, most: usize, used: impl Fn(&V) -> u64) {
    if map.len() <= most {
        return;
    }
    let mut times: Vec<u64> = map.values().map(&used).collect();
    times.sort_unstable_by(|a, b| b.cmp(a));
    let oldest = times.get(most.saturating_sub(1)).copied().unwrap_or(u64::MAX);
    let mut kept = 0;
    map.retain(|_, value| {
        let is_kept = used(value) >= oldest && kept < most;
        kept += usize::from(is_kept);
        is_kept
    });
}

/// What is stored at `path`; `None` where there is nothing, or where it is damaged or of another version.
fn read(path: &Path) -> Option<Stored> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return None;
    }
    let file = BufReader::new(File::open(path).ok()?.take(MAX_BYTES));
    let stored: Stored = serde_json::from_reader(file).ok()?;
    (stored.schema == SCHEMA && stored.version == env!("CARGO_PKG_VERSION")).then_some(stored)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::figures::LayerChange;

    fn held(n: u128) -> Held {
        let digest = |n: u128| serde_json::from_str(&format!("\"{n:032x}\"")).unwrap();
        Held { quantizer: digest(n), probe: digest(7) }
    }

    fn figures(frames: u64) -> Arc<Figures> {
        Arc::new(Figures {
            frames,
            snr_db: Some(1.5),
            layers: Vec::new(),
            findings: Vec::new(),
            histograms: Vec::new(),
        })
    }

    #[test]
    fn what_was_kept_is_there_again_and_what_is_damaged_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("watched.json");
        let mut cache = Cache::open(Some(path.clone()));
        cache.keep_figures(held(1), figures(5));
        let change = Change { before: held(9).quantizer, layers: vec![LayerChange::default()] };
        cache.keep_change(held(1), Arc::new(change.clone()));
        drop(cache);
        // Two at once: what each finds out is kept.
        let (mut one, mut other) = (Cache::open(Some(path.clone())), Cache::open(Some(path.clone())));
        one.keep_figures(held(2), figures(6));
        other.keep_figures(held(3), figures(7));
        one.write();
        other.write();
        let mut again = Cache::open(Some(path.clone()));
        assert_eq!(
            [1, 2, 3, 4].map(|n| again.figures(held(n)).map(|f| f.frames)),
            [Some(5), Some(6), Some(7), None]
        );
        assert_eq!(again.change(held(1), held(9).quantizer).as_deref(), Some(&change));
        assert_eq!(again.change(held(1), held(8).quantizer), None);
        let whole = std::fs::read(&path).unwrap();
        for damaged in [&whole[..whole.len() / 2], b"", b"{}", b"[1, 2", b"\xff\xff"] {
            std::fs::write(&path, damaged).unwrap();
            assert!(Cache::open(Some(path.clone())).entries.is_empty());
        }
        let text = String::from_utf8(whole).unwrap();
        let text = text.replace(&format!("\"schema\":{SCHEMA}"), "\"schema\":0");
        std::fs::write(&path, text).unwrap();
        assert!(Cache::open(Some(path)).entries.is_empty());
    }

    #[test]
    fn a_cache_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watched.json");
        let mut cache = Cache::open(Some(path.clone()));
        for n in 0..3 * MAX_ENTRIES as u128 {
            cache.keep_figures(held(n), figures(1));
            assert!(cache.entries.len() <= 2 * MAX_ENTRIES + 1);
        }
        cache.write();
        assert_eq!(Cache::open(Some(path)).entries.len(), MAX_ENTRIES);
    }
}
