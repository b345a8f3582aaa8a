//! Training again with parameters that mend what the doctor found.

use crate::doctor::{Change, ChangeValue};
use crate::param::{ParamKind, ParamValue};
use crate::rvq::{RvqParams, param_spec, rules};
use crate::text::t;

use super::activity::TrainState;
use super::edits::Edit;
use super::ids::RunId;
use super::params::ParamsEditor;
use super::severity::Severity;
use super::{RunEntry, Session};

/// What decides the first codebooks: whoever changes it does not want those of a model.
const OF_THE_START: [&str; 5] = ["num_layers", "codebook_size", "codebook_dim", "metric", "init"];

impl Session {
    /// Why a run cannot be trained again now; `None` where it can.
    #[must_use]
    pub fn why_not_retrain(&self, id: RunId) -> Option<&'static str> {
        let Some(entry) = self.runs.get(id) else { return Some(t!("session-no-such-run")) };
        if entry.codes().is_some() {
            return Some(t!("session-codes-alone"));
        }
        if self.is_opening() {
            return Some(t!("session-files-being-opened"));
        }
        if self.train_state() == TrainState::Stopping {
            return Some(t!("session-training-is-ending"));
        }
        let data = entry.data.or(self.corpus.present()).and_then(|data| self.corpus.dataset(data));
        data.is_none().then(|| t!("session-open-data-first"))
    }

    /// Trains as a run was trained, but with `changes`: from the codebooks of one that was loaded or mended, where the changes leave those their
    /// shape, and else from the beginning.
    pub(super) fn retrain(&mut self, id: RunId, changes: &[Change]) {
        if let Some(why) = self.why_not_retrain(id) {
            return self.notify(Severity::Warning, why);
        }
        let Some(entry) = self.runs.get(id) else { return };
        let own = entry.params().unwrap_or(self.plan.params.current());
        let after = match changed(*own, changes) {
            Ok(params) => params,
            Err(why) => return self.notify(Severity::Error, why),
        };
        let (recipe, from) = (entry.recipe, start_of(entry, changes));
        self.show_run(id);
        // In one step that can be undone, and past a training under way: the one that starts takes its place.
        let before = *self.plan.params.current();
        if self.plan.params.replace(after).is_some() {
            self.edits.push(Edit::Params { before, after });
        }
        if let Some(recipe) = recipe {
            (self.plan.holdout, self.plan.standardize) = (recipe.holdout, recipe.standardize);
        }
        self.start_training(false, from);
    }
}

/// The run from whose codebooks a training with `changes` starts: itself where it was not trained here and its codebooks fit.
fn start_of(entry: &RunEntry, changes: &[Change]) -> Option<RunId> {
    let view = entry.view().filter(|view| view.is_model)?;
    let is_other_start = changes.iter().any(|change| OF_THE_START.contains(&change.key));
    (!is_other_start && view.run.rvq.check_trainable().is_ok()).then_some(entry.id)
}

/// `params` with other values of some of them. A rule brings its own defaults of what is in a unit of its own; what a rule does not read stays.
fn changed(params: RvqParams, changes: &[Change]) -> Result<RvqParams, String> {
    changes.iter().try_fold(params, |params, Change { key, value }| {
        let unknown = || t!("session-no-such-value", value = format!("{value:?}"), parameter = *key);
        if let ("rule", ChangeValue::Word(id)) = (*key, value) {
            return Ok(params.with_rule(rules::find(id).ok_or_else(unknown)?));
        }
        let kind = param_spec(key).ok_or_else(unknown)?.kind;
        let value = match (kind, value) {
            (ParamKind::Int { .. } | ParamKind::Paths { .. }, ChangeValue::Number(number)) => {
                ParamValue::Int(number.round() as u64)
            }
            (ParamKind::Float { .. }, ChangeValue::Number(number)) => ParamValue::Float(*number),
            (ParamKind::Choice(words), ChangeValue::Word(word)) if words.contains(word) => {
                ParamValue::Choice(word)
            }
            _ => return Err(unknown()),
        };
        ParamsEditor::new(params).with(key, value).map_err(|err| err.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &'static str, value: ChangeValue) -> Change {
        Change { key, value }
    }

    #[test]
    fn a_rule_comes_with_its_own_threshold_and_the_rest_stays() {
        let before =
            RvqParams { decay: 0.9, threshold_ema_dead_code: 2.0, ..RvqParams::lineage("gpt-sovits") };
        let to_rule = change("rule", ChangeValue::Word("rvqscope"));
        let kmeans = change("init", ChangeValue::Word("kmeans"));
        let after = changed(before, &[to_rule, kmeans, change("steps", ChangeValue::Number(700.2))]).unwrap();
        let own = rules::find("rvqscope").unwrap().defaults().threshold_ema_dead_code;
        assert_eq!((after.rule, after.threshold_ema_dead_code), ("rvqscope", own));
        assert_eq!((after.decay, after.steps), (0.9, 700));
    }

    #[test]
    fn what_is_no_value_is_said() {
        for (key, value) in [
            ("decay", ChangeValue::Number(7.0)),
            ("decay", ChangeValue::Word("kmeans")),
            ("rule", ChangeValue::Word("none of them")),
            ("init", ChangeValue::Word("nowhere")),
            ("colour", ChangeValue::Number(1.0)),
        ] {
            assert!(changed(RvqParams::default(), &[change(key, value.clone())]).is_err(), "{key} {value:?}");
        }
    }
}
