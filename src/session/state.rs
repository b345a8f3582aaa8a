//! The state of a session as JSON, for the workspace, and back.
//!
//! What cannot be read is left out with a sentence, never guessed: a run that names data or a rule that are not known is still a run.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::jobs::{DataSpec, FileStamp, Source};
use crate::rvq::search::Search;
use crate::store::StoredRun;
use crate::text::t;
use crate::training::{RunSummary, params_json};

use super::activity::Watching;
use super::clock::Clock;
use super::ids::{DataId, GroupId, RunId};
use super::origin_doc::{OriginDoc, sound_params};
use super::params::ParamsEditor;
use super::plan::Plan;
use super::run_entry::{Body, Label, Origin, Recipe, RunEntry, RunState};
use super::selection::Selection;
use super::stored::put_stored;
use super::{DataEntry, Session};

/// Raised when a part changes its meaning.
const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
struct Doc {
    version: u64,
    next_id: u64,
    numbers: [u64; 3],
    data: Vec<DataDoc>,
    runs: Vec<RunDoc>,
    shown: Option<RunId>,
    present: Option<DataId>,
    overlaid: Vec<RunId>,
    queue: Vec<RunId>,
    queue_is_held: bool,
    selection: Selection,
    plan: PlanDoc,
    data_spec: Map<String, Value>,
    layout: String,
    /// Not in workspaces of 0.1.
    #[serde(default)]
    watching: Vec<Watching>,
    /// The job that opens a workspace reads this list.
    read_at_once: Vec<RunId>,
}

#[derive(Serialize, Deserialize)]
struct DataDoc {
    id: DataId,
    source: Source,
    spec: Map<String, Value>,
    stamps: Vec<FileStamp>,
}

#[derive(Serialize, Deserialize)]
struct RunDoc {
    id: RunId,
    label: Label,
    group: Option<GroupId>,
    origin: OriginDoc,
    data: Option<DataId>,
    recipe: Option<RecipeDoc>,
    state: RunState,
    /// Not in workspaces of 0.1.
    #[serde(default)]
    clock: Option<Clock>,
    summary: Option<RunSummary>,
}

#[derive(Serialize, Deserialize)]
struct RecipeDoc {
    params: Map<String, Value>,
    holdout: f64,
    standardize: bool,
    search: Search,
    steps_before: u64,
}

#[derive(Serialize, Deserialize)]
struct PlanDoc {
    params: Map<String, Value>,
    holdout: f64,
    standardize: bool,
    search: Search,
}

/// The state as it stands.
pub(super) fn put(session: &Session) -> Value {
    let Session { corpus, runs, activity, plan, selection, ids, workspace, .. } = session;
    let docs: Vec<RunDoc> = runs.entries().iter().map(|entry| put_run(entry, session)).collect();
    // Whatever is drawn comes back at once, and so do checkpoints, which others may have started from.
    let is_wanted = |entry: &&RunEntry| {
        runs.shown_id() == Some(entry.id)
            || runs.overlaid().contains(&entry.id)
            || entry.model().is_some()
            || entry.state().is_under_way()
    };
    let read_at_once = runs.entries().iter().filter(is_wanted).map(|entry| entry.id).collect();
    let is_used = |entry: &&DataEntry| runs.refers_to(entry.id) || corpus.present() == Some(entry.id);
    let doc = Doc {
        version: VERSION,
        next_id: ids.next(),
        numbers: runs.numbers(),
        data: corpus.entries().iter().filter(is_used).map(put_data).collect(),
        runs: docs,
        shown: runs.shown_id().or(runs.awaited()),
        present: corpus.present(),
        overlaid: runs.overlaid().iter().copied().collect(),
        queue: activity.queue.iter().copied().collect(),
        queue_is_held: activity.is_held,
        selection: *selection,
        plan: PlanDoc {
            params: params_json(plan.params.current()),
            holdout: plan.holdout,
            standardize: plan.standardize,
            search: plan.search,
        },
        data_spec: corpus.spec.to_json(),
        layout: workspace.layout.clone(),
        watching: activity.watching().chain(&workspace.to_watch).cloned().collect(),
        read_at_once,
    };
    serde_json::to_value(&doc).unwrap_or_default()
}

fn put_data(entry: &DataEntry) -> DataDoc {
    let DataEntry { id, source, spec, stamps, dataset: _ } = entry;
    DataDoc { id: *id, source: source.clone(), spec: spec.to_json(), stamps: stamps.clone() }
}

fn put_run(entry: &RunEntry, session: &Session) -> RunDoc {
    RunDoc {
        id: entry.id,
        label: entry.label.clone(),
        group: entry.group,
        origin: OriginDoc::put(&entry.origin, &session.corpus.spec),
        data: entry.data,
        recipe: entry.recipe.as_ref().map(put_recipe),
        state: entry.state().clone(),
        clock: Some(entry.clock().halted()),
        summary: entry.summary(),
    }
}

fn put_recipe(recipe: &Recipe) -> RecipeDoc {
    let Recipe { params, holdout, standardize, search, steps_before } = recipe;
    RecipeDoc {
        params: params_json(params),
        holdout: *holdout,
        standardize: *standardize,
        search: *search,
        steps_before: *steps_before,
    }
}

/// Puts `state` and the runs that were read into a session without runs; gives what could not be, a sentence each.
///
/// # Errors
/// It is of a newer version, or no state at all.
pub(super) fn take(
    session: &mut Session,
    state: &Value,
    mut stored: BTreeMap<u64, StoredRun>,
) -> Result<Vec<String>, String> {
    let version = state.get("version").and_then(Value::as_u64).unwrap_or(0);
    if version > VERSION {
        return Err(t!("session-workspace-newer").to_owned());
    }
    let damaged = || t!("session-workspace-damaged").to_owned();
    let state = state.as_object().ok_or_else(damaged)?;
    let (mut problems, mut interrupted) = (Vec::new(), Vec::new());
    let runs: Vec<Value> = part(state, "runs").ok_or_else(damaged)?;
    session.ids.start_at(part(state, "next_id").unwrap_or(0));
    session.runs.set_numbers(part(state, "numbers").unwrap_or_default());
    for doc in part::<Vec<Value>>(state, "data").unwrap_or_default() {
        if let Ok(DataDoc { id, source, spec, stamps }) = serde_json::from_value(doc) {
            session.ids.start_at(id.0.saturating_add(1));
            let spec = DataSpec::from_json(&spec);
            session.corpus.remember(DataEntry { id, source, spec, stamps, dataset: None });
        }
    }
    for doc in runs {
        match serde_json::from_value::<RunDoc>(doc) {
            Ok(doc) if session.runs.get(doc.id).is_none() => {
                interrupted.extend(take_run(session, doc, &mut stored));
            }
            _ => problems.push(t!("session-run-not-read-back").to_owned()),
        }
    }
    take_desk(session, state, &interrupted);
    Ok(problems)
}

/// What is shown, planned, selected and set.
fn take_desk(session: &mut Session, state: &Map<String, Value>, interrupted: &[RunId]) {
    let Session { corpus, runs, activity, plan, selection, workspace, .. } = session;
    runs.show(part(state, "shown"));
    for id in part::<Vec<RunId>>(state, "overlaid").unwrap_or_default() {
        runs.overlay(id, true);
    }
    corpus.want(part(state, "present"));
    // The run of a sweep that was under way comes first again.
    let is_swept = |id: &&RunId| runs.get(**id).is_some_and(|entry| matches!(entry.origin, Origin::Swept));
    activity.queue = interrupted.iter().filter(is_swept).copied().collect();
    for id in part::<Vec<RunId>>(state, "queue").unwrap_or_default() {
        if runs.get(id).is_some() && !activity.queue.contains(&id) {
            activity.queue.push_back(id);
        }
    }
    for &id in &activity.queue {
        if let Some(entry) = runs.get_mut(id) {
            entry.set_state(RunState::Planned);
        }
    }
    activity.is_held = !activity.queue.is_empty();
    *selection = part(state, "selection").unwrap_or_default();
    if let Some(doc) = part::<PlanDoc>(state, "plan") {
        let params = sound_params(&doc.params).unwrap_or(*plan.params.current());
        let PlanDoc { holdout, standardize, search, .. } = doc;
        *plan = Plan { params: ParamsEditor::new(params), holdout, standardize, search }.sound();
    }
    if let Some(spec) = part::<Map<String, Value>>(state, "data_spec") {
        corpus.spec = DataSpec::from_json(&spec);
    }
    workspace.layout = part(state, "layout").unwrap_or_default();
    workspace.to_watch = part(state, "watching").unwrap_or_default();
}

/// Puts a run in, and gives its id where it was under way.
fn take_run(session: &mut Session, doc: RunDoc, stored: &mut BTreeMap<u64, StoredRun>) -> Option<RunId> {
    let RunDoc { id, label, group, origin, data, recipe, state, clock, summary } = doc;
    session.ids.start_at(id.0.saturating_add(1));
    if let Some(group) = group {
        session.ids.start_at(group.0.saturating_add(1));
    }
    let stored = stored.remove(&id.0);
    let was_under_way = state.is_under_way();
    let state = if was_under_way { RunState::Stopped } else { state };
    let body = summary.map_or(Body::Empty, |summary| Body::LetGo(Box::new(summary)));
    let mut entry = RunEntry::new(id, String::new(), origin.take(), state, body);
    (entry.label, entry.group, entry.data) = (label, group, data);
    entry.recipe = recipe.as_ref().and_then(take_recipe);
    if let Some(clock) = clock {
        entry.set_clock(clock);
    }
    if let Some(stored) = stored {
        put_stored(&mut entry, stored);
    }
    let at = session.runs.entries().len();
    session.runs.put(at, entry);
    was_under_way.then_some(id)
}

fn take_recipe(doc: &RecipeDoc) -> Option<Recipe> {
    let RecipeDoc { params, holdout, standardize, search, steps_before } = doc;
    Some(Recipe {
        params: sound_params(params)?,
        holdout: if holdout.is_finite() { holdout.clamp(0.0, 0.9) } else { 0.0 },
        standardize: *standardize,
        search: Search::of_width(search.width()),
        steps_before: *steps_before,
    })
}

fn part<T: DeserializeOwned>(map: &Map<String, Value>, key: &str) -> Option<T> {
    serde_json::from_value(map.get(key)?.clone()).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::jobs::AT_ONCE;

    #[test]
    fn an_empty_state_is_one_that_can_be_read() {
        let session = Session::new(Arc::new(|| {}));
        let state = put(&session);
        assert!(state.get(AT_ONCE).is_some(), "the job reads this list");
        let mut other = Session::new(Arc::new(|| {}));
        assert_eq!(take(&mut other, &state, BTreeMap::new()), Ok(Vec::new()));
        assert_eq!(put(&other), state);
    }

    #[test]
    fn what_is_no_state_or_a_newer_one_is_said() {
        let mut session = Session::new(Arc::new(|| {}));
        for state in
            [serde_json::json!(7), serde_json::json!({"version": 1}), serde_json::json!({"version": 99})]
        {
            assert!(take(&mut session, &state, BTreeMap::new()).is_err(), "{state}");
        }
        let mut state = put(&session);
        state["runs"] = serde_json::json!([{"id": 5}, 3]);
        state["selection"] = serde_json::json!("nothing");
        assert_eq!(take(&mut session, &state, BTreeMap::new()).unwrap().len(), 2);
    }
}
