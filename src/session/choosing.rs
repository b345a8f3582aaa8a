//! Which of several quantizers of one file is looked at.

use std::path::PathBuf;
use std::sync::Arc;

use crate::io::{FileError, Problem, QuantizerPlace};
use crate::jobs::{JobError, Source};

use super::mailbox::Ending;
use super::start::Then;
use super::{Opening, Session};

/// Several quantizers in one file, of which one can be looked at.
#[derive(Debug, Clone)]
pub struct QuantizerChoice {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub places: Vec<QuantizerPlace>,
    /// What was being opened.
    source: Source,
    then: Then,
}

/// One of them, by its place in the list.
pub(super) type Chosen = (Arc<QuantizerChoice>, usize);

impl QuantizerChoice {
    /// What opening the source must ask for.
    pub(super) fn name(&self, index: usize) -> Option<String> {
        self.places.get(index).map(QuantizerPlace::name)
    }
}

impl Session {
    /// The choice that has to be made before a file can be looked at.
    #[must_use]
    pub fn quantizer_choice(&self) -> Option<&QuantizerChoice> {
        self.choice.as_deref()
    }

    /// Opens one of the quantizers that were asked about, or else another one of the file that the model came from.
    pub(super) fn choose_quantizer(&mut self, index: Option<usize>) {
        let of_model =
            || self.model.as_ref().and_then(|model| model.others.as_ref()).map(|(choice, _)| choice.clone());
        let Some(choice) = self.choice.clone().or_else(of_model) else { return };
        self.choice = None;
        if let Some(index) = index.filter(|&index| index < choice.places.len()) {
            let (source, then) = (choice.source.clone(), choice.then);
            self.open(source, then, Some((choice, index)));
        }
    }

    /// The choice behind the present model, where it came from `source`.
    pub(super) fn chosen_of(&self, source: &Source) -> Option<Chosen> {
        let others = self.model.as_ref()?.others.as_ref()?;
        (others.0.source == *source).then(|| others.clone())
    }

    /// Keeps the question where opening ended with one; any other ending is handed on.
    pub(super) fn asked(&mut self, ending: Ending, opening: &Opening) -> Option<Ending> {
        match ending {
            Ending::Failed(JobError::File(FileError {
                path,
                problem: Problem::SeveralQuantizers { places, .. },
            })) => {
                let (source, then) = (opening.source.clone(), opening.then);
                self.choice = Some(Arc::new(QuantizerChoice { path, places, source, then }));
                None
            }
            other => Some(other),
        }
    }
}
