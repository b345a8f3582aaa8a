//! What the next training is like: its parameters, and how the data are divided, scaled and searched.

use crate::jobs::no_standardizing;
use crate::rvq::search::Search;
use crate::rvq::{RvqParams, ValidRvqParams};

use super::params::ParamsEditor;
use super::run_entry::Recipe;

/// The share of frames that is held out where nothing else was asked for.
pub(super) const HOLDOUT: f64 = 0.1;

/// What the next training is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Its parameters.
    pub params: ParamsEditor,
    /// The share of frames that is held out.
    pub holdout: f64,
    /// Whether it sees centred data of unit variance.
    pub standardize: bool,
    /// How codes are searched in evaluations and saved codes.
    pub search: Search,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            params: ParamsEditor::new(RvqParams::default()),
            holdout: HOLDOUT,
            standardize: false,
            search: Search::Greedy,
        }
    }
}

impl Plan {
    /// The plan with every value brought into its range.
    pub(super) fn sound(self) -> Self {
        let holdout = if self.holdout.is_finite() { self.holdout.clamp(0.0, 0.9) } else { HOLDOUT };
        Self { holdout, search: Search::of_width(self.search.width()), ..self }
    }

    /// The recipe of a training with these parameters.
    pub(super) fn recipe(&self, params: RvqParams) -> Recipe {
        let Self { holdout, standardize, search, .. } = *self;
        Recipe { params, holdout, standardize, search, steps_before: 0 }
    }

    /// The parameters, checked against their ranges and against each other.
    ///
    /// # Errors
    /// The sentence says what does not fit.
    pub(super) fn checked(&self) -> Result<ValidRvqParams, String> {
        let params = self.params.valid().map_err(|err| err.to_string())?;
        match no_standardizing(&params, self.standardize) {
            Some(why) => Err(why.into()),
            None => Ok(params),
        }
    }
}
