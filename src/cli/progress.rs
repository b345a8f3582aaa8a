//! How far a job is, on standard error: a bar on a terminal, plain lines otherwise.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::jobs::JobEvent;
use crate::report::scale::short;
use crate::task::Progress;
use crate::text::Message;

/// The least time between two plain lines of one kind of work.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// What a run is of all runs that are trained one after another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// The share of the work that lies before it.
    pub(super) before: f64,
    /// Its own share.
    pub(super) this: f64,
    /// When the first of them began.
    pub(super) began: Instant,
}

impl Share {
    /// About how long all of them still take, where this one has done so much of its own work.
    fn left(&self, done: f64, elapsed: Duration) -> Option<Duration> {
        let done = self.before + self.this * done.clamp(0.0, 1.0);
        // The first moments say nothing.
        if done < 1e-3 {
            return None;
        }
        Duration::try_from_secs_f64(elapsed.as_secs_f64() * (1.0 - done).max(0.0) / done).ok()
    }
}

/// "about 3 min".
fn about(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match (seconds / 60.0).round() as u64 {
        0 => format!("about {} s", seconds.ceil() as u64),
        minutes @ 1..=89 => format!("about {minutes} min"),
        minutes => format!("about {} h {} min", minutes / 60, minutes % 60),
    }
}

/// Shows progress and notes.
pub(super) struct Reporter {
    bar: Option<ProgressBar>,
    /// The run under way of several, and what it is called.
    run: Mutex<Option<(String, Share)>>,
    lines: Mutex<Lines>,
    steps: AtomicU64,
    /// Steps that the run under way has taken.
    taken: AtomicU64,
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
            if let Ok(style) =
                ProgressStyle::with_template("{prefix}{msg:40!} {bar:30} {pos}/{len}, {eta} left")
            {
                bar.set_style(style.progress_chars("━╸─"));
            }
            bar
        });
        Self {
            bar,
            run: Mutex::default(),
            lines: Mutex::default(),
            steps: AtomicU64::new(0),
            taken: AtomicU64::new(0),
        }
    }

    /// How many steps a training is going to take.
    pub(super) fn expect_steps(&self, steps: u64) {
        self.steps.store(steps, Ordering::Relaxed);
        self.taken.store(0, Ordering::Relaxed);
    }

    /// Says that another of several runs begins, and how many steps it takes.
    pub(super) fn begin_run(&self, name: String, share: Share, steps: u64) {
        self.expect_steps(steps);
        if let Ok(mut lines) = self.lines.lock() {
            lines.kinds.clear();
        }
        if let Ok(mut run) = self.run.lock() {
            *run = Some((name, share));
        }
    }

    /// Which run is under way and how long all of them still take, to stand in front of its progress.
    fn run_words(&self) -> String {
        let Ok(run) = self.run.lock() else { return String::new() };
        let Some((name, share)) = run.as_ref() else { return String::new() };
        let steps = self.steps.load(Ordering::Relaxed).max(1);
        let done = self.taken.load(Ordering::Relaxed) as f64 / steps as f64;
        let left = share.left(done, share.began.elapsed());
        let left = left.map_or(String::new(), |left| format!(", {} left", about(left)));
        format!("{name}{left}: ")
    }

    /// Shows what a job tells.
    pub(super) fn event(&self, event: &JobEvent) {
        match event {
            JobEvent::Progress(progress) => self.progress(progress, ""),
            JobEvent::Step(_, record) => {
                let total = self.steps.load(Ordering::Relaxed);
                let error = record.layers.last().map(|layer| format!(", MSE {}", short(layer.mse, 4)));
                let progress = Progress { stage: Message::verbatim("training"), done: record.step, total };
                self.taken.store(record.step, Ordering::Relaxed);
                self.progress(&progress, &error.unwrap_or_default());
            }
            JobEvent::Notice(words) => self.note(&words.english()),
            JobEvent::Run(..)
            | JobEvent::Checkpoint(..)
            | JobEvent::Paused(_)
            | JobEvent::Takes(_)
            | JobEvent::Watched(_) => {}
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
        let (stage, Progress { done, total, .. }) = (progress.stage.english(), progress);
        if let Some(bar) = &self.bar {
            if bar.is_finished() {
                bar.reset();
            }
            bar.set_prefix(super::one_line(&self.run_words()));
            bar.set_length(*total);
            bar.set_position(*done);
            bar.set_message(super::one_line(&format!("{stage}{more}")));
            return;
        }
        let Ok(mut lines) = self.lines.lock() else { return };
        // "k-means, layer 3" and "k-means, layer 4" are one kind of work.
        let kind = stage.split(',').next().unwrap_or(&stage);
        let new = lines.kinds.insert(kind.to_lowercase());
        let due = new || lines.last.is_none_or(|at| at.elapsed() >= LINE_EVERY);
        if due {
            let of = if *total > 0 { format!(": {done} of {total}") } else { String::new() };
            let run = self.run_words();
            eprintln!("{}", super::one_line(&format!("{run}{stage}{of}{more}")));
            lines.last = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_goes_by_the_work_that_is_done() {
        let share = Share { before: 0.25, this: 0.5, began: Instant::now() };
        let left = |done| share.left(done, Duration::from_secs(30)).map(|left| left.as_secs());
        assert_eq!([left(0.0), left(0.5), left(1.0)], [Some(90), Some(30), Some(10)]);
        assert_eq!(Share { before: 0.0, ..share }.left(0.0, Duration::from_secs(30)), None);
        let words = [0.2, 59.0, 200.0, 7500.0].map(|s| about(Duration::from_secs_f64(s)));
        assert_eq!(words, ["about 1 s", "about 1 min", "about 3 min", "about 2 h 5 min"]);
    }
}
