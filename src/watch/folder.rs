//! A folder that is watched: files in, checkpoints of one series out.

use crate::io::{FileError, ModelInfo, Problem};
use crate::rvq::RvqError;
use crate::task::{Cancelled, Task};
use crate::text::{Message, msg};
use crate::training::Run;

use super::beside::{Bench, Work};
use super::cache::{Cache, FileKey};
use super::checkpoint::{self, AboutFile, Checkpoint, Refusal, Shape};
use super::digest::{Digest, Digester};
use super::files::{self, Files, Order, Stamp};
use super::series::{Point, Series};
use super::step::{self, StepFrom};
use super::told::Told;
use super::{Event, WatchSpec};

/// A folder that is watched.
#[derive(Debug)]
pub struct Watch {
    spec: WatchSpec,
    files: Files,
    series: Series,
    bench: Bench,
    /// What every checkpoint of the series has.
    shape: Option<Shape>,
    told: Told,
    last_id: u64,
    meant: Digest,
}

impl Watch {
    /// Makes ready to watch a folder; it is not listed yet.
    ///
    /// # Errors
    /// It is no folder that can be listed.
    pub fn new(spec: WatchSpec) -> Result<Self, FileError> {
        let at = |problem: Problem| problem.at(&spec.folder);
        if !std::fs::metadata(&spec.folder).map_err(|err| at(err.into()))?.is_dir() {
            return Err(at(Problem::Unsupported(msg!("err-not-watched"))));
        }
        std::fs::read_dir(&spec.folder).map_err(|err| at(err.into()))?;
        let mut meant = Digester::new();
        meant.bytes(format!("{:?}", spec.meant).as_bytes());
        Ok(Self {
            files: Files::new(spec.folder.clone(), spec.pace, spec.order),
            series: Series::default(),
            bench: Bench::new(Cache::open(spec.cache.clone()), spec.probe.clone(), spec.meant.clone()),
            shape: None,
            told: Told::default(),
            last_id: 0,
            meant: meant.finish(),
            spec,
        })
    }

    /// What is watched.
    #[must_use]
    pub fn spec(&self) -> &WatchSpec {
        &self.spec
    }

    /// The checkpoints so far.
    #[must_use]
    pub fn series(&self) -> &Series {
        &self.series
    }

    /// The shape that all of them have.
    #[must_use]
    pub fn shape(&self) -> Option<&Shape> {
        self.shape.as_ref()
    }

    /// How much work was done.
    #[must_use]
    pub fn work(&self) -> Work {
        self.bench.work
    }

    /// Whether [`Watch::advance`] has something to do.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.files.has_ready() || self.series.points().iter().any(|point| point.is_open || !point.is_told)
    }

    /// How many files wait for their turn, or are still being written.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.files.waiting()
    }

    /// The newest checkpoint as a run that was held against the probe, with what its file says of it; `None` where there is none, or where its file is
    /// no more.
    ///
    /// # Errors
    /// The task was cancelled.
    pub fn newest_run(&mut self, task: &Task<'_>) -> Result<Option<(Run, ModelInfo)>, Cancelled> {
        let Some(point) = self.series.newest() else { return Ok(None) };
        let path = self.files.path(&point.file);
        self.bench.run(point.quantizer, &path, &point.file, task)
    }

    /// Writes what was worked out to the cache.
    pub fn save(&mut self) {
        self.bench.cache.write();
    }

    /// Lists the folder once more.
    pub fn look(&mut self) -> Vec<Event> {
        self.bench.cache.write_if_due();
        let found = match self.files.look() {
            Ok(found) => found,
            Err(err) => {
                let err = Problem::from(err).at(&self.spec.folder);
                return self.note_once(msg!("training-watch-not-listed", error = err.to_string()));
            }
        };
        let mut events = Vec::new();
        if found.is_too_much {
            events.extend(self.note_once(msg!("training-watch-too-many")));
        }
        for file in found.gone {
            if self.series.points().iter().any(|point| point.file == file && !point.is_gone) {
                self.series.file_gone(&file);
                events.push(Event::Gone(file));
            }
        }
        events
    }

    /// Takes the next file that is complete; where there is none, compares checkpoints that have come to lie beside each other.
    ///
    /// # Errors
    /// The task was cancelled. What is known stays as it was, and the file is taken the next time.
    pub fn advance(&mut self, task: &Task<'_>) -> Result<Vec<Event>, Cancelled> {
        task.check()?;
        let mut events = match self.files.next() {
            Some((file, stamp)) => {
                let taken = self.take(&file, stamp, task);
                if taken.is_err() {
                    self.files.settle(&file);
                }
                taken?
            }
            None => Vec::new(),
        };
        if !self.files.has_ready() {
            let open = self.series.points().iter().rev().find(|point| point.is_open);
            if let Some(id) = open.map(|point| point.id) {
                self.close(id, true, task)?;
            }
            // Nothing comes before the first one any more.
            for id in self.untold() {
                if self.series.get(id).is_some_and(|point| !point.is_open) {
                    self.tell(id, &mut events);
                }
            }
        }
        self.bench.cache.write_if_due();
        Ok(events)
    }

    /// Takes in one file.
    fn take(&mut self, file: &str, stamp: Stamp, task: &Task<'_>) -> Result<Vec<Event>, Cancelled> {
        let path = self.files.path(file);
        let (seen, print) = match files::look_at(&path) {
            Ok(Some(seen)) => seen,
            Ok(None) => return Ok(Vec::new()),
            Err(err) => return Ok(self.unreadable(file, Problem::from(err).message())),
        };
        if seen != stamp {
            self.files.settle(file);
            return Ok(Vec::new());
        }
        let (name, modified_ns, meant) = (file.to_owned(), stamp.modified_ns, self.meant);
        let key = FileKey { name, modified_ns, print, meant };
        if let Some(known) = self.bench.cache.file(&key)
            && self.bench.known(known.quantizer).is_some()
        {
            return self.add(file, stamp, (known.quantizer, &known.about), None, task);
        }
        let opened = checkpoint::open(&path, &self.spec.meant, task);
        // Written to while it was read, it is another file than the one that was looked at.
        if !matches!(files::look_at(&path), Ok(Some(now)) if now == (stamp, print)) {
            self.files.settle(file);
            return Ok(Vec::new());
        }
        match opened {
            Ok(checkpoint) => {
                self.bench.work.read += 1;
                let quantizer = Digest::of_quantizer(&checkpoint.rvq);
                self.bench.cache.keep_file(key, quantizer, checkpoint.about.clone());
                self.add(file, stamp, (quantizer, &checkpoint.about), Some(&checkpoint), task)
            }
            Err(Refusal::Other) => Ok(Vec::new()),
            Err(Refusal::NoQuantizer { text, asks }) => Ok(self.skip(file, text, asks)),
            Err(Refusal::Unusable(text)) => Ok(vec![Event::Unreadable { file: file.to_owned(), text }]),
            Err(Refusal::Broken(text)) => Ok(self.unreadable(file, text)),
            Err(Refusal::Cancelled) => Err(Cancelled),
        }
    }

    /// Takes a checkpoint into the series; without `checkpoint`, its figures are known.
    fn add(
        &mut self,
        file: &str,
        stamp: Stamp,
        (quantizer, about): (Digest, &AboutFile),
        checkpoint: Option<&Checkpoint>,
        task: &Task<'_>,
    ) -> Result<Vec<Event>, Cancelled> {
        if let Some(shape) = self.shape.as_ref().filter(|shape| **shape != about.shape) {
            let (own, theirs) = (&about.shape, shape.told());
            let text = msg!(
                "training-watch-other-shape",
                own = own.told(),
                metric = &own.metric,
                theirs = theirs,
                their_metric = &shape.metric
            );
            let is_new = self.told.is_new(format!("shape {} {}", own.words, own.metric));
            let skipped = Event::Skipped { file: file.to_owned(), text, asks: false };
            return Ok(is_new.then_some(skipped).into_iter().collect());
        }
        let mut events = Vec::new();
        if let Some(checkpoint) = checkpoint {
            events.extend(self.fit_probe(checkpoint));
        }
        let figures = match (self.bench.known(quantizer), checkpoint) {
            (Some(figures), _) => figures,
            (None, Some(checkpoint)) => match self.bench.evaluate(checkpoint, quantizer, file, task) {
                Ok(figures) => figures,
                Err(RvqError::Cancelled(cancelled)) => return Err(cancelled),
                Err(err) => {
                    let text = err.message();
                    events.push(Event::Unreadable { file: file.to_owned(), text });
                    return Ok(events);
                }
            },
            (None, None) => return Ok(events),
        };
        self.shape.get_or_insert_with(|| about.shape.clone());
        self.last_id += 1;
        let (number, (step, step_from)) = (step::in_name(file), step_of(file, about));
        let point = Point {
            id: self.last_id,
            file: file.to_owned(),
            step,
            step_from,
            modified_ns: stamp.modified_ns,
            quantizer,
            figures,
            change: None,
            is_gone: false,
            is_open: true,
            is_told: false,
            number,
        };
        self.put(point, &mut events, task)?;
        Ok(events)
    }

    /// Lays the probe aside where its frames are of another dimension than the quantizers, which is told.
    fn fit_probe(&mut self, checkpoint: &Checkpoint) -> Option<Event> {
        let dim = checkpoint.rvq.dim();
        let probe = self.bench.probe.take_if(|probe| probe.dim() != dim)?;
        Some(Event::Note(msg!("training-watch-other-dimension", frames = probe.dim(), quantizers = dim)))
    }

    /// Puts a checkpoint into its place, and compares it with its neighbours as far as they are at hand.
    fn put(&mut self, point: Point, events: &mut Vec<Event>, task: &Task<'_>) -> Result<(), Cancelled> {
        if let Some(known) = self.series.repeated(&point) {
            // A copy under another name, or the same file once more. What is there is as good.
            if known.is_gone {
                (known.file, known.is_gone) = (point.file, false);
            }
            return Ok(());
        }
        self.series.take_replaced(&point);
        let id = point.id;
        self.series.insert(point);
        self.bench.newest = self.series.newest().map(|point| point.quantizer);
        // Where the newest come first, the one before it is the next to come.
        let waits = self.spec.order == Order::NewestFirst && self.files.has_ready();
        let is_open = |point: &&Point| point.is_open;
        let open: Vec<u64> = self.series.points().iter().filter(is_open).map(|point| point.id).collect();
        for other in open {
            self.close(other, other == id && !waits, task)?;
        }
        for other in self.untold() {
            if self.series.get(other).is_some_and(|p| p.change.is_some()) || (other == id && !waits) {
                self.tell(other, events);
            }
        }
        Ok(())
    }

    /// Checkpoints that were not told yet, in the order in which they are to be.
    fn untold(&self) -> Vec<u64> {
        let untold = self.series.points().iter().filter(|point| !point.is_told).map(|point| point.id);
        match self.spec.order {
            Order::NewestFirst => untold.rev().collect(),
            Order::OldestFirst => untold.collect(),
        }
    }

    fn tell(&mut self, id: u64, events: &mut Vec<Event>) {
        if let Some(point) = self.series.get_mut(id).filter(|point| !point.is_told) {
            point.is_told = true;
            events.push(Event::Point(id));
        }
    }

    /// Looks for what changed between a checkpoint and the one before it: both at hand, or read again where `may_read`.
    fn close(&mut self, id: u64, may_read: bool, task: &Task<'_>) -> Result<(), Cancelled> {
        let Self { series, bench, files, .. } = self;
        let Some(point) = series.get(id) else { return Ok(()) };
        let (change, is_open) = match series.before(id) {
            None => (None, false),
            Some(before) => {
                let (its, own) = (files.path(&before.file), files.path(&point.file));
                let (its, own) = ((before.quantizer, its.as_path()), (point.quantizer, own.as_path()));
                let change = bench.change(its, own, may_read, task)?;
                // Where reading does not help, there is no other way to it.
                let is_open = change.is_none() && !may_read;
                (change, is_open)
            }
        };
        if let Some(point) = series.get_mut(id) {
            (point.change, point.is_open) = (change, is_open);
        }
        Ok(())
    }

    /// A file that cannot be read: it may still be written to, or else that is told.
    fn unreadable(&mut self, file: &str, text: Message) -> Vec<Event> {
        let waits = self.files.try_again(file);
        (!waits).then(|| Event::Unreadable { file: file.to_owned(), text }).into_iter().collect()
    }

    /// A file without a quantizer that could be watched; told once for all of such names.
    fn skip(&mut self, file: &str, text: Message, asks: bool) -> Vec<Event> {
        let is_new = self.told.is_new_file(file);
        is_new.then(|| Event::Skipped { file: file.to_owned(), text, asks }).into_iter().collect()
    }

    fn note_once(&mut self, text: Message) -> Vec<Event> {
        if self.told.is_new(text.english()) { vec![Event::Note(text)] } else { Vec::new() }
    }
}

/// The step of a checkpoint: by a counter of steps in the file, by its name, by a counter of epochs; for one without any the series finds a place.
fn step_of(file: &str, about: &AboutFile) -> (u64, StepFrom) {
    match (about.steps, step::in_name(file), about.epochs) {
        (Some(step), ..) => (step, StepFrom::File),
        (None, Some(number), _) => (number, StepFrom::Name),
        (None, None, Some(epochs)) => (epochs, StepFrom::File),
        (None, None, None) => (0, StepFrom::Order),
    }
}
