//! Training that several ranks do together: each opens its share of the frames, all come to the same quantizer, and rank 0 tells and writes.

mod open;
mod shares;
mod train;

use std::fmt::Display;

use crate::ranks::{Ranks, gather_words};
use crate::text::Message;

use super::JobError;

pub use open::{SharedData, open_shared};
pub use train::{AfterEvery, SharedResume, SharedTrainSpec, SharedTrained, train_shared};

/// `done` where every rank has done it; else what went wrong, on every rank: its own error, or the words of the first that has one.
///
/// # Errors
/// A rank has an error, or has ended; `told` makes one of another rank's words.
pub fn agree<T, E: Display>(
    ranks: &dyn Ranks,
    done: Result<T, E>,
    told: impl FnOnce(String) -> E,
) -> Result<T, E> {
    let words = done.as_ref().err().map(|err| format!("{err:#}"));
    let heard = match gather_words(ranks, words.as_deref()) {
        Ok(heard) => heard,
        Err(lost) => return Err(told(lost.to_string())),
    };
    let done = done?;
    match heard.into_iter().enumerate().find_map(|(rank, words)| words.map(|words| (rank, words))) {
        Some((rank, words)) => Err(told(format!("rank {rank}: {words}"))), // not a text: what commands print
        None => Ok(done),
    }
}

/// [`agree`] in a job.
fn agree_on<T>(ranks: &dyn Ranks, done: Result<T, JobError>) -> Result<T, JobError> {
    agree(ranks, done, |words| JobError::Input(Message::verbatim(words)))
}
