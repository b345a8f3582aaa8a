//! Folders that are watched: what a training elsewhere writes is one run, which grows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::jobs::{JobSpec, NewestCheckpoint, Watched, WatchedSpec};
use crate::text::t;
use crate::watch::{Meant, default_cache};

use super::Session;
use super::activity::{Doing, Watching};
use super::ids::RunId;
use super::run_entry::{Body, ModelFile, Origin, RunEntry, RunState};

impl Session {
    /// Begins to watch a folder, with the present data to hold its checkpoints against. One that is watched already is begun anew.
    pub(super) fn watch(&mut self, folder: PathBuf) {
        self.workspace.to_watch.retain(|watching| watching.folder != folder);
        let data = self.corpus.present();
        self.start_watching(Watching { folder, data, run: None });
    }

    /// Starts what has waited for its turn, or for what it needs: the next training, and watches of the last start.
    pub(super) fn start_what_waits(&mut self) {
        self.train_next();
        if !self.workspace.to_watch.is_empty() {
            self.watch_again();
        }
    }

    /// Goes on with the watches of the last start whose data are there again; runs that are no more have no watch.
    fn watch_again(&mut self) {
        let waiting = std::mem::take(&mut self.workspace.to_watch);
        let is_wanted = |watching: &Watching| watching.run.is_none_or(|id| self.runs.get(id).is_some());
        let waiting: Vec<Watching> = waiting.into_iter().filter(is_wanted).collect();
        let is_ready = |watching: &Watching| watching.data.is_none_or(|id| self.corpus.dataset(id).is_some());
        let (ready, waiting) = waiting.into_iter().partition(is_ready);
        self.workspace.to_watch = waiting;
        ready.into_iter().for_each(|watching| self.start_watching(watching));
    }

    fn start_watching(&mut self, watching: Watching) {
        let folder = watching.folder.clone();
        let dataset = watching.data.and_then(|data| self.corpus.dataset(data)).cloned();
        let title = t!("session-watching", folder = folder.display().to_string());
        // Whoever keeps nothing else keeps no figures either.
        let cache = self.workspace.folder().and_then(|_| default_cache());
        let meant = self.meant_in(&folder);
        let spec = WatchedSpec { folder, dataset, meant, cache };
        self.activity.start(&title, Doing::Watching(watching), JobSpec::Watch(spec));
    }

    /// Which quantizer of a folder's checkpoints is meant, where they do not say it themselves: what was said of one that a run came out of, the last
    /// first.
    fn meant_in(&self, folder: &Path) -> Meant {
        let of_folder = |entry: &&RunEntry| entry.model().is_some_and(|file| file.path.starts_with(folder));
        let said = |entry: &RunEntry| {
            let file = entry.model()?;
            Some(Meant { quantizer: file.quantizer.clone(), options: file.options.clone() })
        };
        let said = self.runs.entries().iter().rev().filter(of_folder).filter_map(said);
        said.into_iter().find(|meant| *meant != Meant::default()).unwrap_or_default()
    }

    /// Ends a watch; its run stays as it is.
    pub(super) fn stop_watching(&mut self, id: RunId) {
        self.workspace.to_watch.retain(|watching| watching.run != Some(id));
        self.activity.drop_where(|doing| matches!(doing, Doing::Watching(w) if w.run == Some(id)));
    }

    /// A watched folder stands in another way: its run shows the newest checkpoint, and has all of them.
    pub(super) fn take_watched(&mut self, watching: &mut Watching, watched: Arc<Watched>) {
        let Some(newest) = watched.newest.clone() else { return };
        let file = file_of(&newest, self.meant_in(&watching.folder));
        let known = watching.run.filter(|&id| self.runs.get(id).is_some());
        let id = known.unwrap_or_else(|| self.add_watched(watching, &newest, file.clone()));
        watching.run = Some(id);
        let Some(entry) = self.runs.get_mut(id) else { return };
        entry.watched = Some(watched);
        let is_other = entry.run().is_none_or(|run| !Arc::ptr_eq(&run.rvq, &newest.run.rvq));
        if is_other {
            entry.origin = Origin::Loaded(Arc::new(file));
            entry.body = Body::Quantizer(newest.run.clone());
            self.workspace.mark(id);
        }
    }

    fn add_watched(&mut self, watching: &Watching, newest: &NewestCheckpoint, file: ModelFile) -> RunId {
        let folder = &watching.folder;
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        let (origin, body) = (Origin::Loaded(Arc::new(file)), Body::Quantizer(newest.run.clone()));
        let entry = self.runs.add(&mut self.ids, name, origin, RunState::Done, body);
        entry.data = watching.data;
        let id = entry.id;
        self.runs.show(Some(id));
        self.workspace.mark(id);
        id
    }
}

fn file_of(newest: &NewestCheckpoint, meant: Meant) -> ModelFile {
    let NewestCheckpoint { path, info, run, .. } = newest;
    ModelFile {
        path: path.clone(),
        info: info.clone(),
        params: run.params_known.then_some(run.params),
        steps: run.steps,
        quantizer: meant.quantizer,
        options: meant.options,
        others: None,
    }
}
