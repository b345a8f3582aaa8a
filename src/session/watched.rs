//! Folders that are watched: what a training elsewhere writes is one run, which grows.

use std::path::PathBuf;
use std::sync::Arc;

use crate::jobs::{JobSpec, NewestCheckpoint, Watched, WatchedSpec};
use crate::text::t;
use crate::watch::{Meant, default_cache};

use super::Session;
use super::activity::{Doing, Watching};
use super::ids::RunId;
use super::run_entry::{Body, ModelFile, Origin, RunState};

impl Session {
    /// Begins to watch a folder, with the present data to hold its checkpoints against. One that is watched already is begun anew.
    pub(super) fn watch(&mut self, folder: PathBuf) {
        let data = self.corpus.present();
        let dataset = data.and_then(|data| self.corpus.dataset(data)).cloned();
        let title = t!("session-watching", folder = folder.display().to_string());
        // Whoever keeps nothing else keeps no figures either.
        let cache = self.workspace.folder().and_then(|_| default_cache());
        let spec = WatchedSpec { folder: folder.clone(), dataset, meant: Meant::default(), cache };
        let watching = Watching { folder, data, run: None };
        self.activity.start(&title, Doing::Watching(watching), JobSpec::Watch(spec));
    }

    /// Ends a watch; its run stays as it is.
    pub(super) fn stop_watching(&mut self, id: RunId) {
        self.activity.drop_where(|doing| matches!(doing, Doing::Watching(w) if w.run == Some(id)));
    }

    /// A watched folder stands in another way: its run shows the newest checkpoint, and has all of them.
    pub(super) fn take_watched(&mut self, watching: &mut Watching, watched: Arc<Watched>) {
        let Some(newest) = watched.newest.clone() else { return };
        let known = watching.run.filter(|&id| self.runs.get(id).is_some());
        let id = known.unwrap_or_else(|| self.add_watched(watching, &newest));
        watching.run = Some(id);
        let Some(entry) = self.runs.get_mut(id) else { return };
        entry.watched = Some(watched);
        let is_other = entry.run().is_none_or(|run| !Arc::ptr_eq(&run.rvq, &newest.run.rvq));
        if is_other {
            entry.origin = Origin::Loaded(Arc::new(file_of(&newest)));
            entry.body = Body::Quantizer(newest.run.clone());
            self.workspace.mark(id);
        }
    }

    fn add_watched(&mut self, watching: &Watching, newest: &NewestCheckpoint) -> RunId {
        let folder = &watching.folder;
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        let (origin, body) = (Origin::Loaded(Arc::new(file_of(newest))), Body::Quantizer(newest.run.clone()));
        let entry = self.runs.add(&mut self.ids, name, origin, RunState::Done, body);
        entry.data = watching.data;
        let id = entry.id;
        self.runs.show(Some(id));
        self.workspace.mark(id);
        id
    }
}

fn file_of(newest: &NewestCheckpoint) -> ModelFile {
    let NewestCheckpoint { path, info, run, .. } = newest;
    ModelFile {
        path: path.clone(),
        info: info.clone(),
        params: run.params_known.then_some(run.params),
        steps: run.steps,
        quantizer: None,
        options: crate::io::ModelOptions::default(),
        others: None,
    }
}
