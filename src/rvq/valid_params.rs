//! What rules make of the parameters: their defaults, and the check that makes parameters fit for use.

use crate::param::ParamError;

use super::RvqParams;
use super::rules::{self, UpdateRule};

/// Parameters that were checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValidRvqParams(RvqParams);

impl Default for RvqParams {
    /// The lineage's defaults under the recommended rule.
    fn default() -> Self {
        rules::DEFAULT.defaults()
    }
}

impl RvqParams {
    /// Checks every parameter that the rule reads.
    ///
    /// # Errors
    /// The first one that is outside of its range.
    pub fn validate(self) -> Result<ValidRvqParams, ParamError> {
        for spec in rules::rule(self.rule).params() {
            spec.check(&self)?;
        }
        Ok(ValidRvqParams(self))
    }

    /// These parameters under another rule: what both read is kept, but for what is each rule's own: the unit of the threshold, and whether the best state is kept.
    #[must_use]
    pub fn with_rule(self, rule: &'static dyn UpdateRule) -> Self {
        let mut params = rule.defaults();
        for spec in rule.params() {
            if !spec.scope.is_own {
                (spec.write)(&mut params, (spec.read)(&self));
            }
        }
        params
    }

    /// Whether the rule measures nearness by angle.
    #[must_use]
    pub fn is_by_angle(&self) -> bool {
        self.metric.is_cosine() && rules::rule(self.rule).params().iter().any(|spec| spec.key == "metric")
    }
}

impl std::ops::Deref for ValidRvqParams {
    type Target = RvqParams;

    fn deref(&self) -> &RvqParams {
        &self.0
    }
}
