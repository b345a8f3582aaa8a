//! Watching a folder of checkpoints until somebody has seen enough.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::io::ModelInfo;
use crate::task::{Cancel, Progress};
use crate::text::{Message, msg, phrase};
use crate::training::Run;
use crate::watch::{Event, Meant, Order, PROBE_FRAMES, Pace, Point, Probe, Watch, WatchSpec};

use super::{Dataset, JobCtx, JobError, JobEvent, work_out_figures};

/// Hears of what a watch finds: each event, and `None` whenever all that is there was looked at. Says whether to go on.
pub type WatchTell<'a> = &'a mut dyn FnMut(&Watch, Option<&Event>) -> ControlFlow<()>;

/// A folder that is watched for somebody who looks on, until that job is cancelled.
#[derive(Debug, Clone)]
pub struct WatchedSpec {
    /// The folder.
    pub folder: PathBuf,
    /// The data that each checkpoint is held against, or a sample of them.
    pub dataset: Option<Arc<Dataset>>,
    /// Which quantizer is meant where a checkpoint holds several.
    pub meant: Meant,
    /// Where figures are kept from one watch to the next; `None` for nowhere.
    pub cache: Option<PathBuf>,
}

/// How a watched folder stands.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The folder.
    pub folder: PathBuf,
    /// Its checkpoints by their steps.
    pub points: Vec<Point>,
    /// The newest of them.
    pub newest: Option<Arc<NewestCheckpoint>>,
    /// Files that wait for their turn, or are still being written.
    pub waiting: usize,
}

/// The last checkpoint of a training.
#[derive(Debug, Clone)]
pub struct NewestCheckpoint {
    /// Its file.
    pub path: PathBuf,
    /// What the file says of it.
    pub info: ModelInfo,
    /// Its quantizer, held against the data.
    pub run: Arc<Run>,
    /// Its number in the series.
    id: u64,
}

/// While old checkpoints come in, their figures are handed over about as often as this.
const PUBLISHED_EVERY: Duration = Duration::from_millis(400);

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

/// Watches a folder for somebody who looks on: how it stands is told as it changes, the newest checkpoint first.
///
/// # Errors
/// It is no folder, or the watch was cancelled, which is its usual end.
pub fn watch_live(spec: WatchedSpec, ctx: &JobCtx<'_>) -> Result<(), JobError> {
    const SEED: u64 = 0;
    let WatchedSpec { folder, dataset, meant, cache } = spec;
    let probe = dataset.map(|dataset| Arc::new(probe_of(&dataset, PROBE_FRAMES, SEED)));
    let (order, pace) = (Order::NewestFirst, Pace::default());
    let spec = WatchSpec { folder, probe, meant, order, cache, pace };
    let every = spec.pace.every;
    let mut watch = Watch::new(spec)?;
    let (mut newest, mut is_changed, mut told) = (None, true, None::<Instant>);
    loop {
        let mut events = watch.look();
        if watch.has_work() {
            events.extend(ctx.compute(|task| watch.advance(task))?.map_err(JobError::from)?);
        }
        for event in events {
            is_changed = true;
            tell_event(event, ctx);
        }
        let is_due = !watch.has_work() || told.is_none_or(|at| at.elapsed() >= PUBLISHED_EVERY);
        if is_changed && is_due {
            newest = newest_of(&mut watch, newest, ctx)?;
            publish(&watch, newest.clone(), ctx);
            (is_changed, told) = (false, Some(Instant::now()));
        }
        if !watch.has_work() {
            watch.save();
            wait(every, ctx.cancel)?;
        }
    }
}

/// The newest checkpoint as a run, worked out where it is another than the last time.
fn newest_of(
    watch: &mut Watch,
    known: Option<Arc<NewestCheckpoint>>,
    ctx: &JobCtx<'_>,
) -> Result<Option<Arc<NewestCheckpoint>>, JobError> {
    let Some((id, file)) = watch.series().newest().map(|point| (point.id, point.file.clone())) else {
        return Ok(known);
    };
    if known.as_ref().is_some_and(|known| known.id == id) {
        return Ok(known);
    }
    let found = ctx.compute(|task| watch.newest_run(task))?.map_err(JobError::from)?;
    let Some((run, info)) = found else { return Ok(known) };
    work_out_figures(&run);
    let path = watch.spec().folder.join(&file);
    Ok(Some(Arc::new(NewestCheckpoint { path, info, run: Arc::new(run), id })))
}

fn publish(watch: &Watch, newest: Option<Arc<NewestCheckpoint>>, ctx: &JobCtx<'_>) {
    let (folder, points, waiting) =
        (watch.spec().folder.clone(), watch.series().points().to_vec(), watch.waiting());
    let (done, total) = (points.len() as u64, (points.len() + waiting) as u64);
    let looking = phrase!("stage-looking-at-checkpoints");
    let stage = Message::from(if waiting > 0 { looking } else { phrase!("stage-waiting-for-checkpoints") });
    (ctx.emit)(JobEvent::Progress(Progress { stage, done, total }));
    (ctx.emit)(JobEvent::Watched(Arc::new(Watched { folder, points, newest, waiting })));
}

/// Tells what a watch finds besides checkpoints, which are seen.
fn tell_event(event: Event, ctx: &JobCtx<'_>) {
    let text = match event {
        Event::Point(_) | Event::Gone(_) => return,
        Event::Unreadable { file, text } => msg!("watch-unreadable", file = file, text = text),
        Event::Skipped { file, text, asks: false } => msg!("watch-skipped", file = file, text = text),
        Event::Skipped { file, text, asks: true } => msg!("watch-asks", file = file, text = text),
        Event::Note(text) => text,
    };
    (ctx.emit)(JobEvent::Notice(text));
}

/// Tells how far the checkpoints are looked through that are there.
fn tell_progress(watch: &Watch, looked: u64, ctx: &JobCtx<'_>) {
    let total = looked + watch.waiting() as u64;
    let stage = msg!("stage-looking-at-checkpoints");
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
