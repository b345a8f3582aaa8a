//! The parameters as the user edits them, with undo.

use crate::param::{Effect, ParamError, ParamValue};
use crate::rvq::rules::{self, UpdateRule};
use crate::rvq::{RvqParams, ValidRvqParams};

/// Edits that can be taken back.
const UNDO_DEPTH: usize = 200;

/// The parameters of the next training and their history.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamsEditor {
    current: RvqParams,
    undo: Vec<RvqParams>,
    redo: Vec<RvqParams>,
}

impl ParamsEditor {
    /// Starts from `params`.
    #[must_use]
    pub fn new(params: RvqParams) -> Self {
        Self { current: params, undo: Vec::new(), redo: Vec::new() }
    }

    /// The parameters as they stand.
    #[must_use]
    pub fn current(&self) -> &RvqParams {
        &self.current
    }

    /// The rule they are for.
    #[must_use]
    pub fn rule(&self) -> &'static dyn UpdateRule {
        rules::rule(self.current.rule)
    }

    /// The parameters, checked.
    ///
    /// # Errors
    /// One is outside of its range.
    pub fn valid(&self) -> Result<ValidRvqParams, ParamError> {
        self.current.validate()
    }

    /// The parameters, checked, for a training that has `steps_before` steps behind it.
    ///
    /// # Errors
    /// As for [`ParamsEditor::valid`].
    pub fn valid_after(&self, steps_before: u64) -> Result<ValidRvqParams, ParamError> {
        RvqParams { steps: self.current.steps.saturating_add(steps_before), ..self.current }.validate()
    }

    /// Whether an edit can be taken back.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Whether an edit that was taken back can be done again.
    #[must_use]
    pub fn can_redo(&self) -> bool {
        !self.redo.is_empty()
    }

    /// Sets one parameter and says when that takes effect; `None` where nothing changed.
    ///
    /// # Errors
    /// The value is outside of its range; nothing changed then.
    pub fn set(&mut self, key: &str, value: ParamValue) -> Result<Option<Effect>, ParamError> {
        let mut edited = self.current;
        let Some(spec) = self.rule().params().into_iter().find(|spec| spec.key == key) else {
            return Ok(None);
        };
        (spec.write)(&mut edited, value);
        spec.check(&edited)?;
        Ok(self.replace(edited))
    }

    /// Takes over all parameters and says when that takes effect.
    pub fn replace(&mut self, params: RvqParams) -> Option<Effect> {
        let effect = effect_between(&self.current, &params)?;
        self.undo.push(self.current);
        if self.undo.len() > UNDO_DEPTH {
            self.undo.remove(0);
        }
        self.redo.clear();
        self.current = params;
        Some(effect)
    }

    /// Takes back the last edit and says when that takes effect.
    pub fn undo(&mut self) -> Option<Effect> {
        let before = self.undo.pop()?;
        self.redo.push(self.current);
        let effect = effect_between(&self.current, &before);
        self.current = before;
        effect
    }

    /// Does again what was taken back last.
    pub fn redo(&mut self) -> Option<Effect> {
        let after = self.redo.pop()?;
        self.undo.push(self.current);
        let effect = effect_between(&self.current, &after);
        self.current = after;
        effect
    }
}

/// When going from `before` to `after` takes effect; `None` where they are the same.
fn effect_between(before: &RvqParams, after: &RvqParams) -> Option<Effect> {
    if before == after {
        return None;
    }
    if before.rule != after.rule {
        return Some(Effect::Restart);
    }
    let changed = rules::rule(before.rule).params();
    let restarts = changed
        .iter()
        .any(|spec| spec.effect == Effect::Restart && (spec.read)(before) != (spec.read)(after));
    Some(if restarts { Effect::Restart } else { Effect::Live })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_say_when_they_take_effect_and_can_be_taken_back() {
        let mut editor = ParamsEditor::new(RvqParams::default());
        let start = *editor.current();
        assert_eq!(editor.set("decay", ParamValue::Float(0.9)), Ok(Some(Effect::Live)));
        assert_eq!(editor.set("decay", ParamValue::Float(0.9)), Ok(None), "the same value is no edit");
        assert_eq!(editor.set("num_layers", ParamValue::Int(3)), Ok(Some(Effect::Restart)));
        assert!(editor.set("decay", ParamValue::Float(1.5)).is_err());
        assert_eq!((editor.current().decay, editor.current().num_layers), (0.9, 3));
        assert_eq!(editor.undo(), Some(Effect::Restart));
        assert_eq!(editor.undo(), Some(Effect::Live));
        assert_eq!((editor.undo(), *editor.current()), (None, start));
        assert_eq!(editor.redo(), Some(Effect::Live));
        assert_eq!(editor.current().decay, 0.9);
        editor.set("epsilon", ParamValue::Float(1e-3)).unwrap();
        assert!(!editor.can_redo(), "a new edit ends what could be done again");
    }
}
