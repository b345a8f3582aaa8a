//! The parameters of the next training, as the user edits them.

use crate::param::{Effect, ParamError, ParamValue};
use crate::rvq::rules::{self, UpdateRule};
use crate::rvq::{RvqParams, ValidRvqParams};

/// The parameters of the next training.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamsEditor {
    current: RvqParams,
}

impl ParamsEditor {
    /// Starts from `params`.
    #[must_use]
    pub fn new(params: RvqParams) -> Self {
        Self { current: params }
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

    /// The parameters with another value of one of them; the same where the rule does not read it.
    ///
    /// # Errors
    /// The value is outside of its range.
    pub fn with(&self, key: &str, value: ParamValue) -> Result<RvqParams, ParamError> {
        let mut edited = self.current;
        if let Some(spec) = self.rule().params().into_iter().find(|spec| spec.key == key) {
            (spec.write)(&mut edited, value);
            spec.check(&edited)?;
        }
        Ok(edited)
    }

    /// Takes over all parameters and says when that takes effect; `None` where nothing changed.
    pub fn replace(&mut self, params: RvqParams) -> Option<Effect> {
        let effect = effect_between(&self.current, &params)?;
        self.current = params;
        Some(effect)
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
    fn edits_say_when_they_take_effect() {
        let mut editor = ParamsEditor::new(RvqParams::default());
        let with = |editor: &ParamsEditor, key, value| editor.with(key, value).unwrap();
        let decay = with(&editor, "decay", ParamValue::Float(0.9));
        assert_eq!(editor.replace(decay), Some(Effect::Live));
        assert_eq!(editor.replace(decay), None, "the same value is no edit");
        let layers = with(&editor, "num_layers", ParamValue::Int(3));
        assert_eq!(editor.replace(layers), Some(Effect::Restart));
        assert!(editor.with("decay", ParamValue::Float(1.5)).is_err());
        assert_eq!((editor.current().decay, editor.current().num_layers), (0.9, 3));
    }
}
