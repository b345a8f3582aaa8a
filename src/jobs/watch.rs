//! Watching a folder of checkpoints until somebody has seen enough.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::task::{Cancel, Progress};
use crate::watch::{Event, Probe, Watch, WatchSpec};

use super::{Dataset, JobCtx, JobError, JobEvent};

/// Hears of what a watch finds: each event, and `None` whenever all that is there was looked at. Says whether to go on.
pub type WatchTell<'a> = &'a mut (dyn FnMut(&Watch, Option<&Event>) -> ControlFlow<()> + Send);

/// At most `most` frames of a corpus, drawn under `seed`, for checkpoints to be held against.
#[must_use]
pub fn probe_of(dataset: &Dataset, most: usize, seed: u64) -> Probe {
    let (set, paths) = (&dataset.set, dataset.source.paths());
    Probe::sample(set.matrix.view(), paths, set.frame_rate_hz, most, seed)
}

/// Watches a folder: until `tell` has heard enough, or, where it is looked through `once`, until nothing in it waits any more.
///
/// # Errors
/// It is no folder, or the watch was cancelled.
pub fn watch(spec: WatchSpec, once: bool, ctx: &JobCtx<'_>, tell: WatchTell<'_>) -> Result<Watch, JobError> {
    let every = spec.pace.every;
    let mut watch = Watch::new(spec)?;
    let mut looked = 0;
    loop {
        let mut at = Instant::now();
        let mut events = watch.look();
        // What comes in while old checkpoints are worked through goes before them, so that the folder is listed in between as well.
        loop {
            for event in &events {
                if tell(&watch, Some(event)).is_break() {
                    return Ok(watch);
                }
            }
            if !watch.has_work() {
                break;
            }
            looked += 1;
            tell_progress(&watch, looked, ctx);
            events = ctx.compute(|task| watch.advance(task))?.map_err(JobError::from)?;
            if at.elapsed() >= every {
                events.extend(watch.look());
                at = Instant::now();
            }
        }
        watch.save();
        if tell(&watch, None).is_break() || (once && watch.waiting() == 0) {
            return Ok(watch);
        }
        wait(every, ctx.cancel)?;
    }
}

/// Tells how far the checkpoints are looked through that are there.
fn tell_progress(watch: &Watch, looked: u64, ctx: &JobCtx<'_>) {
    let total = looked + watch.waiting() as u64;
    let stage = "looking at checkpoints".to_owned();
    (ctx.emit)(JobEvent::Progress(Progress { stage, done: looked, total }));
}

/// Waits, but not for a cancel.
fn wait(time: Duration, cancel: &Cancel) -> Result<(), JobError> {
    const SLICE: Duration = Duration::from_millis(50);
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        if cancel.is_cancelled() {
            return Err(crate::task::Cancelled.into());
        }
        std::thread::sleep(left.min(SLICE));
    }
    Ok(())
}
