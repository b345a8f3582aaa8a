//! What may change while a training runs.

use crate::param::Effect;
use crate::rvq::ValidRvqParams;

use super::Trainer;
use super::joint;

impl Trainer {
    /// Takes over what may change while training runs: decay, epsilon, threshold, batch size, number of steps.
    ///
    /// Of parameters for another rule, what that rule does not read says nothing here, nor does a threshold: its unit is the rule's own.
    pub fn set_live(&mut self, edited: &ValidRvqParams) {
        let mut params = *self.params;
        let same_rule = edited.rule == params.rule;
        for spec in self.rule.params() {
            let scope = spec.scope;
            let shared = same_rule || (scope.readers.includes(edited.rule) && !scope.is_own);
            if shared && spec.effect == Effect::Live {
                (spec.write)(&mut params, (spec.read)(edited));
            }
        }
        // Every live value was checked with `edited`, and nothing else has changed.
        if let Some(params) = params.validate().ok().filter(|params| joint::check(params, &self.rvq).is_ok())
        {
            self.params = params;
        }
    }
}
