//! Files that are being opened, what follows, and the questions that a file of a model can ask.

use std::path::PathBuf;
use std::sync::Arc;

use crate::io::{Candidate, CodebookNames, ModelOptions, Problem, QuantizerPlace};
use crate::jobs::{DataSpec, Pitfall, Source};
use crate::rvq::Metric;

use super::ids::{DataId, RunId};

/// What is done with files once they are open.
#[derive(Debug, Clone, Copy)]
pub(super) enum AfterOpen {
    /// They are shown.
    Show,
    /// They are trained on.
    Train,
    /// A known fault of trainers is shown on them.
    Pitfall(&'static Pitfall),
    /// They are data that runs refer to, opened again: they take their old place.
    Restore(DataId),
    /// They are the codes of a run, opened again.
    Codes(RunId),
}

/// Files that are being opened.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) source: Source,
    /// How they are read.
    pub(super) data: DataSpec,
    /// What was answered so far.
    pub(super) answers: Answers,
    pub(super) after: AfterOpen,
}

/// A question that a file asks before a quantizer can be read out of it.
#[derive(Debug, Clone)]
pub struct FileChoice {
    /// The file.
    pub path: PathBuf,
    /// What is asked.
    pub question: Question,
    /// What was being opened, and what had been answered before.
    pub(super) source: Source,
    pub(super) answers: Answers,
    pub(super) after: AfterOpen,
}

/// What a file leaves open.
#[derive(Debug, Clone)]
pub enum Question {
    /// It holds several quantizers.
    Quantizer(Vec<QuantizerPlace>),
    /// Its layers are named as in files with and without strides.
    Strides {
        /// How many layers it has.
        layers: usize,
        /// The strides that are known of such files, the first those of a DAC.
        choices: Vec<Vec<usize>>,
    },
    /// Its layout is not known, but some of its tensors look like codebooks.
    Codebook(Vec<Candidate>),
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// This one of the quantizers.
    Quantizer(usize),
    /// A stride for each layer.
    Strides(Vec<usize>),
    /// The codebooks lie under these names, and are searched so.
    Codebook(CodebookNames, Metric),
}

/// What was answered of a file: how a quantizer is read out of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    /// Which of several quantizers.
    pub(super) quantizer: Option<String>,
    /// The file, and what is said of it where it does not say it itself.
    pub(super) model: Option<(PathBuf, ModelOptions)>,
    /// All of them, and the place of this one.
    pub(super) others: Option<(Arc<FileChoice>, usize)>,
}

impl Question {
    /// What a problem with a file asks; a problem that asks nothing is given back.
    pub(super) fn of(problem: Problem) -> Result<Self, Problem> {
        match problem {
            Problem::SeveralQuantizers { places, .. } => Ok(Self::Quantizer(places)),
            Problem::UnknownStrides { layers, choices } => Ok(Self::Strides { layers, choices }),
            Problem::NoQuantizer { candidates, .. } if !candidates.is_empty() => {
                Ok(Self::Codebook(candidates))
            }
            other => Err(other),
        }
    }
}

impl FileChoice {
    /// The quantizers to choose from, where that is what is asked.
    #[must_use]
    pub fn places(&self) -> &[QuantizerPlace] {
        if let Question::Quantizer(places) = &self.question { places } else { &[] }
    }

    /// All that is known with this answer; none where the question has no such answer.
    pub(super) fn answered(self: &Arc<Self>, answer: Answer) -> Option<Answers> {
        let mut answers = self.answers.clone();
        match (&self.question, answer) {
            (Question::Quantizer(places), Answer::Quantizer(index)) => {
                answers.quantizer = Some(places.get(index)?.name());
                answers.others = Some((self.clone(), index));
            }
            (Question::Strides { layers, .. }, Answer::Strides(strides)) if strides.len() == *layers => {
                self.options(&mut answers).strides = Some(strides);
            }
            (Question::Codebook(_), Answer::Codebook(names, metric)) => {
                let options = self.options(&mut answers);
                (options.codebook, options.metric) = (Some(names), Some(metric));
            }
            _ => return None,
        }
        Some(answers)
    }

    fn options<'a>(&self, answers: &'a mut Answers) -> &'a mut ModelOptions {
        &mut answers.model.get_or_insert_with(|| (self.path.clone(), ModelOptions::default())).1
    }
}
