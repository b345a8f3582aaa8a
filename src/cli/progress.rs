//! How far a job is, on standard error: a bar on a terminal, plain lines otherwise.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::jobs::JobEvent;
use crate::report::scale::short;
use crate::task::Progress;

/// The least time between two plain lines of one kind of work.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Shows progress and notes.
pub(super) struct Reporter {
    bar: Option<ProgressBar>,
    lines: Mutex<Lines>,
    steps: AtomicU64,
}

/// Which plain lines were written.
#[derive(Default)]
struct Lines {
    /// Kinds of work that had a line: the first of each is written at once.
    kinds: HashSet<String>,
    last: Option<Instant>,
}

impl Reporter {
    /// A bar on a terminal, plain lines otherwise.
    pub(super) fn new(terminal: bool) -> Self {
        let bar = terminal.then(|| {
            let bar = ProgressBar::new(0);
            if let Ok(style) = ProgressStyle::with_template("{msg:40!} {bar:30} {pos}/{len}, {eta} left") {
                bar.set_style(style.progress_chars("━╸─"));
            }
            bar
        });
        Self { bar, lines: Mutex::default(), steps: AtomicU64::new(0) }
    }

    /// How many steps a training is going to take.
    pub(super) fn expect_steps(&self, steps: u64) {
        self.steps.store(steps, Ordering::Relaxed);
    }

    /// Shows what a job tells.
    pub(super) fn event(&self, event: &JobEvent) {
        match event {
            JobEvent::Progress(progress) => self.progress(progress, ""),
            JobEvent::Step(_, record) => {
                let total = self.steps.load(Ordering::Relaxed);
                let error = record.layers.last().map(|layer| format!(", MSE {}", short(layer.mse, 4)));
                let progress = Progress { stage: "training".to_owned(), done: record.step, total };
                self.progress(&progress, &error.unwrap_or_default());
            }
            JobEvent::Notice(words) => self.note(words),
            JobEvent::Run(..) | JobEvent::Checkpoint(..) | JobEvent::Paused(_) => {}
        }
    }

    /// Tells something that the user should know.
    pub(super) fn note(&self, words: &str) {
        self.aside(&format!("note: {}", super::one_line(words)));
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn aside(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    fn progress(&self, progress: &Progress, more: &str) {
        let Progress { stage, done, total } = progress;
        if let Some(bar) = &self.bar {
            if bar.is_finished() {
                bar.reset();
            }
            bar.set_length(*total);
            bar.set_position(*done);
            bar.set_message(super::one_line(&format!("{stage}{more}")));
            return;
        }
        let Ok(mut lines) = self.lines.lock() else { return };
        // "k-means, layer 3" and "k-means, layer 4" are one kind of work.
        let kind = stage.split(',').next().unwrap_or(stage);
        let new = lines.kinds.insert(kind.to_lowercase());
        let due = new || lines.last.is_none_or(|at| at.elapsed() >= LINE_EVERY);
        if due {
            let of = if *total > 0 { format!(": {done} of {total}") } else { String::new() };
            eprintln!("{}", super::one_line(&format!("{stage}{of}{more}")));
            lines.last = Some(Instant::now());
        }
    }
}
