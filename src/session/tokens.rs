//! The codes over time of what is on the screen: encoded in the background when a panel wants to see them, and kept until something else is shown.

use std::sync::Arc;

use crate::jobs::{Dataset, JobOutput, JobSpec, Tokens, TokensSpec};
use crate::rvq::Rvq;
use crate::rvq::search::Search;
use crate::task::Progress;
use crate::training::Run;

use super::take_in::ending_of;
use super::{Job, Session, TrainState};

/// How codes over time are to be had.
#[derive(Debug, Clone, Copy)]
pub enum TokensLook<'a> {
    /// Neither codes nor a quantizer and a corpus to make them of.
    None,
    /// They are there. While training runs they may be those of an earlier step.
    Ready {
        /// The codes.
        tokens: &'a Arc<Tokens>,
        /// Whether the quantizer has changed since.
        outdated: bool,
    },
    /// They are being made.
    Computing(Option<&'a Progress>),
    /// They are not there: [`DataCommand::Encode`](super::DataCommand::Encode) makes them.
    Missing,
    /// They will be made when training waits or ends.
    Later,
    /// They could not be made; a notice says why.
    Failed,
}

/// The codes of a corpus, or the job that makes them.
#[derive(Debug, Default)]
pub(super) struct Encoded {
    /// What was encoded last, or is being encoded.
    of: Option<(Arc<Rvq>, Arc<Dataset>, Search)>,
    job: Option<Job>,
    tokens: Option<Arc<Tokens>>,
    /// Whether `tokens` are of `of`, and not of what came before it.
    up_to_date: bool,
}

impl Encoded {
    pub(super) fn job(&self) -> Option<&Job> {
        self.job.as_ref()
    }

    fn is_of(&self, run: &Run, dataset: &Arc<Dataset>) -> bool {
        let same = |rvq, of, search| {
            Arc::ptr_eq(rvq, &run.rvq) && Arc::ptr_eq(of, dataset) && search == searched(run)
        };
        self.of.as_ref().is_some_and(|(rvq, of, search)| same(rvq, of, *search))
    }
}

/// How the frames of a run were searched when it was looked at, so that codes and counts tell of the same.
fn searched(run: &Run) -> Search {
    run.best_evaluation().map_or(Search::Greedy, |(_, evaluation)| evaluation.search)
}

impl Session {
    /// The codes over time of what is on the screen.
    #[must_use]
    pub fn tokens(&self) -> TokensLook<'_> {
        if let Some(codes) = &self.codes {
            return TokensLook::Ready { tokens: &codes.tokens, outdated: false };
        }
        let (Some(view), Some(dataset)) = (&self.view, &self.dataset) else { return TokensLook::None };
        let Encoded { job, tokens, up_to_date, .. } = &self.encoded;
        let current = self.encoded.is_of(&view.run, dataset);
        match tokens {
            Some(tokens) if current && *up_to_date => return TokensLook::Ready { tokens, outdated: false },
            // Encoding takes the time of many steps: while training runs, what was there stays.
            Some(tokens) if self.is_training() || job.is_some() => {
                return TokensLook::Ready { tokens, outdated: true };
            }
            _ => {}
        }
        match job {
            Some(job) if current => TokensLook::Computing(job.progress.as_ref()),
            _ if self.is_training() => TokensLook::Later,
            None if current => TokensLook::Failed,
            _ => TokensLook::Missing,
        }
    }

    /// Encodes the corpus with the quantizer on the screen, unless that was done or is being done.
    pub(super) fn encode(&mut self) {
        let (Some(view), Some(dataset)) = (&self.view, self.dataset.clone()) else { return };
        if self.encoded.is_of(&view.run, &dataset) || self.is_training() {
            return;
        }
        let (rvq, search) = (view.run.rvq.clone(), searched(&view.run));
        let spec = TokensSpec { rvq: rvq.clone(), dataset: dataset.clone(), search };
        let job = self.start_job("Encoding", JobSpec::Tokens(spec));
        let tokens = self.encoded.tokens.take();
        self.encoded =
            Encoded { of: Some((rvq, dataset, search)), job: Some(job), tokens, up_to_date: false };
    }

    pub(super) fn poll_encoding(&mut self) {
        let Some(job) = &mut self.encoded.job else { return };
        let Some(ending) = ending_of(job, &mut self.revision) else { return };
        self.encoded.job = None;
        if let Some(JobOutput::Tokens(tokens)) = self.ended(ending) {
            (self.encoded.tokens, self.encoded.up_to_date) = (Some(tokens), true);
        } else {
            self.encoded.tokens = None;
        }
    }

    fn is_training(&self) -> bool {
        matches!(self.train_state, TrainState::Starting | TrainState::Running | TrainState::Stopping)
    }
}
