//! The folder of a sweep: what stands in it, whether it belongs to the sweep that is asked for, and which runs need no training any more.
//!
//! A run is a model `NAME.safetensors` and its figures `NAME.json`, a `metrics.json` of its own. The figures are written last, so that a run
//! whose figures are there is whole. `resume.json` says what the sweep was begun with, and is written before anything else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::io::{self, FileError, Opened, Problem, Wanted, replace_file};
use crate::jobs::{self, FileStamp, MODEL_EXTENSION};
use crate::report::sweep::SCHEMA;
use crate::rvq::RvqParams;
use crate::task::Task;
use crate::training::params_json;

use super::super::{Env, check_folder};

static NOTE: &str = "resume.json";

/// What a sweep was begun with, and how long its runs took: what `sweep.json` leaves out, since it is not the same everywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Note {
    rvqscope: String,
    schema: u32,
    /// What all runs share and no parameter says.
    pub(super) settings: Map<String, Value>,
    /// The files that the frames come from, and the model to start from.
    files: Vec<FileStamp>,
    /// The names of its runs.
    runs: Vec<String>,
    /// How long each run took.
    seconds: BTreeMap<String, f64>,
}

impl Note {
    /// Of a sweep that is about to begin.
    pub(super) fn new(settings: Map<String, Value>, files: Vec<FileStamp>) -> Self {
        let rvqscope = env!("CARGO_PKG_VERSION").to_owned();
        Self { rvqscope, schema: SCHEMA, settings, files, runs: Vec::new(), seconds: BTreeMap::new() }
    }
}

/// The folder of a sweep.
pub(super) struct Folder {
    root: PathBuf,
    pub(super) note: Note,
    /// The sweep that is resumed.
    earlier: Option<Note>,
    /// The sweep that is overwritten.
    stale: Option<Note>,
}

impl Folder {
    /// Looks at `root`, which may not exist yet; nothing is written.
    ///
    /// # Errors
    /// It holds something else or a sweep that was begun with other things, or nothing can be written there.
    pub(super) fn open(root: &Path, note: Note, overwrite: bool) -> Result<Self> {
        check_place(root)?;
        let mut earlier = read_note(root)?;
        if let Some(earlier) = earlier.as_ref().filter(|_| !overwrite) {
            same_beginning(root, earlier, &note)?;
        }
        let stale = earlier.take_if(|_| overwrite);
        Ok(Self { root: root.to_owned(), note, earlier, stale })
    }

    /// Begins or resumes runs of these names.
    ///
    /// # Errors
    /// There are runs that are not among them, or nothing can be written.
    pub(super) fn begin(&mut self, names: Vec<String>) -> Result<()> {
        if let Some(stale) = self.stale.take() {
            for name in &stale.runs {
                // The figures first: without them a run counts for nothing, whatever else is left of it.
                for ending in ["json", "jsonl", MODEL_EXTENSION] {
                    remove(&self.path(name, ending))?;
                }
            }
        }
        if let Some(earlier) = self.earlier.take() {
            let lost =
                earlier.runs.iter().find(|&name| !names.contains(name) && self.path(name, "json").exists());
            if let Some(name) = lost {
                bail!(
                    "the sweep in this folder has runs that are not asked for now, such as {name}; {}: {}",
                    WAYS_OUT,
                    self.root.display()
                );
            }
            self.note.seconds = earlier.seconds;
        }
        self.note.runs = names;
        if !self.root.is_dir() {
            std::fs::create_dir(&self.root).map_err(|err| Problem::from(err).at(&self.root))?;
        }
        self.write_note()
    }

    /// Where a file of a run is.
    pub(super) fn path(&self, name: &str, ending: &str) -> PathBuf {
        self.root.join(file_name(name, ending))
    }

    /// Writes a text file of the sweep as a whole.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<()> {
        Ok(replace_file(&self.root.join(name), |out| out.write_all(text.as_bytes()))?)
    }

    /// Notes how long a run took.
    pub(super) fn took(&mut self, name: &str, seconds: f64) -> Result<()> {
        // Nobody needs more than a millisecond.
        self.note.seconds.insert(name.to_owned(), (seconds * 1e3).round() / 1e3);
        self.write_note()
    }

    fn write_note(&self) -> Result<()> {
        let mut text = serde_json::to_string_pretty(&self.note)?;
        text.push('\n');
        self.write(NOTE, &text)
    }

    /// The figures of a run that was trained earlier, with these parameters, and is whole.
    ///
    /// # Errors
    /// It was trained with other parameters.
    pub(super) fn finished(&self, name: &str, params: &RvqParams, env: &Env) -> Result<Option<Value>> {
        let Ok(text) = std::fs::read_to_string(self.path(name, "json")) else { return Ok(None) };
        let Ok(record) = serde_json::from_str::<Value>(&text) else { return Ok(None) };
        let Some(was) = record.get("params").and_then(Value::as_object) else { return Ok(None) };
        if let Some((key, was, now)) = difference(was, &params_json(params)) {
            return Err(another_sweep(&self.root, &key, &was, &now));
        }
        let steps = record.get("steps").and_then(Value::as_u64);
        Ok(is_model_of(&self.path(name, MODEL_EXTENSION), params, steps, env).then_some(record))
    }
}

static WAYS_OUT: &str = "name another folder, or train everything again with --overwrite";

fn file_name(name: &str, ending: &str) -> String {
    format!("{name}.{ending}")
}

/// Whether `path` holds a model of these parameters and this many steps.
fn is_model_of(path: &Path, params: &RvqParams, steps: Option<u64>, env: &Env) -> bool {
    match io::open_as(path, Wanted::default(), &Task::silent(&env.cancel)) {
        Ok(Opened::Model(model)) => {
            let (found, found_steps) = jobs::recorded(&model);
            found.is_some_and(|found| params_json(&found) == params_json(params))
                && Some(found_steps) == steps
        }
        _ => false,
    }
}

fn check_place(root: &Path) -> Result<()> {
    if root.is_dir() {
        return Ok(check_folder(root).map_err(|problem| problem.at(root))?);
    }
    if root.exists() {
        bail!("a sweep writes its runs into a folder, but here is a file: {}", root.display());
    }
    let parent = match root.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !parent.is_dir() {
        bail!(
            "the folder {} does not exist, so nothing can be written there: {}",
            parent.display(),
            root.display()
        );
    }
    Ok(check_folder(parent).map_err(|problem| problem.at(root))?)
}

/// The note of the sweep that stands in `root`; none in a folder that is empty or not there.
fn read_note(root: &Path) -> Result<Option<Note>> {
    let path = root.join(NOTE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(_) if !path.exists() => {
            let is_empty = std::fs::read_dir(root).map_or(true, |mut entries| entries.next().is_none());
            if is_empty {
                return Ok(None);
            }
            bail!(
                "this folder holds other things than a sweep; name an empty or a new one: {}",
                root.display()
            );
        }
        Err(err) => return Err(Problem::from(err).at(&path).into()),
    };
    let note = serde_json::from_str(&text).map_err(|err| {
        anyhow!("the notes of the sweep in this folder cannot be read ({err}): {}", path.display())
    })?;
    Ok(Some(note))
}

/// Refuses to resume a sweep that was begun with something else.
fn same_beginning(root: &Path, was: &Note, now: &Note) -> Result<()> {
    if (was.schema, &was.rvqscope) != (now.schema, &now.rvqscope) {
        let (was, now) = (Value::from(was.rvqscope.clone()), Value::from(now.rvqscope.clone()));
        return Err(another_sweep(root, "rvqscope", &was, &now));
    }
    if let Some((key, was, now)) = difference(&was.settings, &now.settings) {
        return Err(another_sweep(root, &key, &was, &now));
    }
    if was.files == now.files {
        return Ok(());
    }
    let changed = was
        .files
        .iter()
        .find(|file| !now.files.contains(file))
        .or(now.files.iter().find(|file| !was.files.contains(file)));
    let path = changed.map(|file| file.path.display().to_string()).unwrap_or_default();
    bail!("{path} has changed since the sweep in this folder was begun; {WAYS_OUT}: {}", root.display())
}

/// The first key whose value differs, with the values.
fn difference(was: &Map<String, Value>, now: &Map<String, Value>) -> Option<(String, Value, Value)> {
    let of = |map: &Map<String, Value>, key: &str| map.get(key).cloned().unwrap_or_default();
    let mut keys = was.keys().chain(now.keys());
    keys.find(|key| was.get(*key) != now.get(*key)).map(|key| (key.clone(), of(was, key), of(now, key)))
}

fn another_sweep(root: &Path, key: &str, was: &Value, now: &Value) -> anyhow::Error {
    let key = key.replace('_', " ");
    anyhow!(
        "the sweep in this folder was begun with {key} {was}, and now it is {now}; {WAYS_OUT}: {}",
        root.display()
    )
}

fn remove(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Err(err) if err.kind() != std::io::ErrorKind::NotFound => Err(Problem::from(err).at(path)),
        _ => Ok(()),
    }
}
