//! Jobs on threads of their own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use crate::jobs::{self, Control, JobCtx, JobError, JobEvent, JobOutput, JobSpec};
use crate::task::{Cancel, Progress};
use crate::text::{Message, msg};

use super::mailbox::{Ending, Mail, Mailbox};

/// Called when there is something to look at.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Tells jobs apart; later ones have higher numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct JobId(pub(super) u64);

/// A job on its thread. Dropping it cancels the job and forgets what it would still have told.
#[derive(Debug)]
pub(super) struct Job {
    /// Its number.
    pub id: JobId,
    /// What it is doing, for the user.
    pub title: String,
    /// How far it last said it was.
    pub progress: Option<Progress>,
    cancel: Cancel,
    control: Sender<Control>,
    mailbox: Arc<Mailbox>,
}

impl Job {
    /// Starts a job.
    #[must_use]
    pub fn start(id: JobId, title: String, spec: JobSpec, threads: usize, waker: &Waker) -> Self {
        Self::start_work(id, title, move |ctx| jobs::run(spec, ctx), threads, waker)
    }

    /// Starts whatever work.
    pub(super) fn start_work(
        id: JobId,
        title: String,
        work: impl FnOnce(&JobCtx<'_>) -> Result<JobOutput, JobError> + Send + 'static,
        threads: usize,
        waker: &Waker,
    ) -> Self {
        let (control, queue) = channel();
        let (cancel, mailbox) = (Cancel::default(), Arc::new(Mailbox::default()));
        let job =
            Self { id, title, progress: None, cancel: cancel.clone(), control, mailbox: mailbox.clone() };
        let started = std::thread::Builder::new().name(format!("rvq-job-{}", id.0)).spawn({
            let (mailbox, waker) = (mailbox.clone(), waker.clone());
            move || {
                let queue = Mutex::new(queue);
                let ended = catch_unwind(AssertUnwindSafe(|| {
                    let emit = |event: JobEvent| {
                        mailbox.post(event);
                        waker();
                    };
                    let ctx =
                        JobCtx { cancel: &cancel, emit: &emit, control: Some(&queue), threads, live: true };
                    work(&ctx)
                }));
                mailbox.end(match ended {
                    Ok(Ok(output)) => Ending::Done(Box::new(output)),
                    Ok(Err(err)) => Ending::Failed(err),
                    Err(panic) => Ending::Panicked(panic_text(panic.as_ref())),
                });
                waker();
            }
        });
        if let Err(err) = started {
            mailbox.end(Ending::Panicked(msg!("session-panicked.without-thread", error = err.to_string())));
            waker();
        }
        job
    }

    /// A job that does nothing, and the mailbox that a test speaks through in its place.
    #[cfg(test)]
    pub(super) fn idle(id: JobId, title: String) -> (Self, Arc<Mailbox>) {
        let mailbox = Arc::new(Mailbox::default());
        let job = Self {
            id,
            title,
            progress: None,
            cancel: Cancel::default(),
            control: channel().0,
            mailbox: mailbox.clone(),
        };
        (job, mailbox)
    }

    /// What it told since the last look.
    #[must_use]
    pub fn take_mail(&self) -> Mail {
        self.mailbox.take()
    }

    /// Asks it to end. A training that has taken steps keeps what it reached.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Tells a training something; one that has ended does not hear it.
    pub fn tell(&self, control: Control) {
        let _ = self.control.send(control);
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> Message {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.map_or_else(|| msg!("session-panicked.without-words"), Message::verbatim)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn work_that_panics_ends_with_its_message() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let waker: Waker = Arc::new(|| {});
        let job = Job::start_work(JobId(1), "test".to_owned(), |_| panic!("as asked"), 1, &waker);
        let start = Instant::now();
        let ending = loop {
            if let Some(ending) = job.take_mail().ending {
                break ending;
            }
            assert!(start.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(1));
        };
        std::panic::set_hook(hook);
        assert!(matches!(ending, Ending::Panicked(text) if text.english() == "as asked"));
    }
}
