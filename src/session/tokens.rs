//! The codes over time of the shown run: encoded in the background when a panel wants to see them, and kept with the run.

use std::sync::Arc;

use crate::jobs::Tokens;
use crate::rvq::Rvq;
use crate::rvq::search::Search;
use crate::task::Progress;

use super::Session;
use super::run_entry::{Encoded, RunEntry};

/// How codes over time are to be had.
#[derive(Debug, Clone, Copy)]
pub enum TokensLook<'a> {
    /// Neither codes nor a quantizer and data to make them of.
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

impl Encoded {
    pub(super) fn is_of(&self, rvq: &Arc<Rvq>, search: Search) -> bool {
        self.of.as_ref().is_some_and(|(of, how)| Arc::ptr_eq(of, rvq) && *how == search)
    }

    /// Codes of this quantizer are being made; those of another stay to be seen until then.
    pub(super) fn begin(&mut self, rvq: Arc<Rvq>, search: Search) {
        (self.of, self.is_current) = (Some((rvq, search)), false);
    }

    /// They were made, or could not be.
    pub(super) fn end(&mut self, tokens: Option<Arc<Tokens>>) {
        (self.is_current, self.tokens) = (tokens.is_some(), tokens);
    }
}

impl RunEntry {
    /// How the frames of the run were searched in its evaluation, so that codes and counts tell of the same.
    pub(super) fn searched(&self) -> Search {
        let evaluation = self.run().and_then(|run| run.best_evaluation());
        evaluation.map_or(Search::Greedy, |(_, evaluation)| evaluation.search)
    }
}

impl Session {
    /// The codes over time of the shown run.
    #[must_use]
    pub fn tokens(&self) -> TokensLook<'_> {
        if let Some(codes) = self.codes() {
            return TokensLook::Ready { tokens: &codes.tokens, outdated: false };
        }
        let Some(view) = self.view().filter(|_| self.dataset().is_some()) else { return TokensLook::None };
        let entry = view.entry;
        if entry.data.is_none() {
            return TokensLook::None;
        }
        let job = self.activity.encoding(entry.id);
        let takes_steps = self.is_taking_steps(entry.id);
        let is_of_run = entry.encoded.is_of(&view.run.rvq, entry.searched());
        match &entry.encoded.tokens {
            Some(tokens) if is_of_run && entry.encoded.is_current => {
                return TokensLook::Ready { tokens, outdated: false };
            }
            // Encoding takes the time of many steps: while training runs, what was there stays.
            Some(tokens) if takes_steps || job.is_some() => {
                return TokensLook::Ready { tokens, outdated: true };
            }
            _ => {}
        }
        match job {
            Some(job) if is_of_run => TokensLook::Computing(job.progress.as_ref()),
            _ if takes_steps => TokensLook::Later,
            None if is_of_run => TokensLook::Failed,
            _ => TokensLook::Missing,
        }
    }
}
