//! The files of a watched folder: which are there, which are still being written, and which is to be looked at next.
//!
//! The folder is listed again and again, so that it works where a file system tells of no change.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::digest::Digest;
use super::step;

/// How a folder is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// From one look at the folder to the next.
    pub every: Duration,
    /// For so long a file must stay as it is before it is opened.
    pub quiet: Duration,
    /// For so long a file that cannot be opened may still be one that is being written.
    pub patience: Duration,
    /// What was written before this is not being written any more.
    pub old: Duration,
}

/// Which of the files that are there already come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The newest, for somebody who wants to see how things stand.
    #[default]
    NewestFirst,
    /// The oldest, for a list from beginning to end.
    OldestFirst,
}

/// Length and time of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Stamp {
    pub(super) len: u64,
    /// In nanoseconds since 1970; 0 where the system does not say.
    pub(super) modified_ns: u64,
}

/// A file of the folder.
#[derive(Debug)]
struct Tracked {
    stamp: Stamp,
    /// When it was first seen as it is.
    since: Instant,
    /// What was in it then; `None` where that needs no comparing.
    print: Option<Digest>,
    /// Whether it was there when the watch began.
    was_there: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It may still be written to.
    Settling,
    /// It could not be opened; it is looked at once more after this time.
    Again(Instant),
    /// It is complete, and waits for its turn.
    Ready,
    /// Nothing is to be done about it until it changes.
    Done,
}

/// What a look at the folder has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Files that are no more.
    pub(super) gone: Vec<String>,
    /// Whether there are more files than are watched.
    pub(super) is_too_much: bool,
}

/// The files of a folder.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    pace: Pace,
    order: Order,
    tracked: BTreeMap<String, Tracked>,
    has_looked: bool,
}

/// Folders in folders that are looked into: trainers keep a folder for each checkpoint, hardly ever more.
const MAX_DEPTH: usize = 3;

/// More files than a training leaves behind.
const MAX_FILES: usize = 50_000;

/// Endings of names that a file has until it is complete.
const UNFINISHED: [&str; 6] = [".tmp", ".temp", ".part", ".partial", ".crdownload", "~"];

impl Default for Pace {
    fn default() -> Self {
        Self {
            every: Duration::from_millis(250),
            quiet: Duration::from_millis(600),
            patience: Duration::from_secs(10),
            old: Duration::from_secs(60),
        }
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let modified_ns = since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(0));
        Self { len: metadata.len(), modified_ns }
    }

    fn is_older_than(&self, age: Duration) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Duration::from_nanos(self.modified_ns).checked_add(age).is_some_and(|end| end < now)
    }
}

/// What a file is like now, and what is in it as far as that is looked at; `None` where it is no more, or no regular file.
pub(super) fn look_at(path: &Path) -> io::Result<Option<(Stamp, Digest)>> {
    // Opening a pipe would wait for its other end.
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => return Ok(None),
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(err) => return Err(err),
    };
    Ok(Some((Stamp::of(&metadata), Digest::of_file(&File::open(path)?)?)))
}

impl Files {
    pub(super) fn new(folder: PathBuf, pace: Pace, order: Order) -> Self {
        Self { folder, pace, order, tracked: BTreeMap::new(), has_looked: false }
    }

    /// Where a file is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Looks at the folder once more.
    ///
    /// # Errors
    /// It cannot be listed.
    pub(super) fn look(&mut self) -> io::Result<Found> {
        let mut there = BTreeMap::new();
        list(&self.folder, "", 0, &mut there)?;
        let mut found = Found { is_too_much: there.len() >= MAX_FILES, ..Found::default() };
        self.tracked.retain(|name, _| {
            let is_there = there.contains_key(name);
            if !is_there {
                found.gone.push(name.clone());
            }
            is_there
        });
        let now = Instant::now();
        for (name, stamp) in there {
            self.follow(name, stamp, now);
        }
        self.has_looked = true;
        Ok(found)
    }

    /// Takes in what a file is like now.
    fn follow(&mut self, name: String, stamp: Stamp, now: Instant) {
        let Self { folder, pace, tracked, has_looked, .. } = self;
        let path = folder.join(&name);
        let print = || look_at(&path).ok().flatten().map(|(_, print)| print);
        let was_there = !*has_looked;
        let Some(known) = tracked.get_mut(&name).filter(|known| known.stamp == stamp) else {
            // What is written again counts as new, wherever it was before.
            let is_old = was_there && stamp.is_older_than(pace.old);
            let (state, print) = if is_old { (State::Ready, None) } else { (State::Settling, print()) };
            tracked.insert(name, Tracked { stamp, since: now, print, was_there, state });
            return;
        };
        match known.state {
            State::Settling if now.duration_since(known.since) >= pace.quiet => {
                let seen = print();
                if seen == known.print {
                    known.state = State::Ready;
                } else {
                    // Its time has not changed, but something in it has.
                    (known.print, known.since) = (seen, now);
                }
            }
            State::Again(at) if now >= at => known.state = State::Ready,
            _ => {}
        }
    }

    /// The file to look at next. What came in while the folder was watched goes before what was there.
    pub(super) fn next(&mut self) -> Option<(String, Stamp)> {
        let ready = || self.tracked.iter().filter(|(_, file)| file.state == State::Ready);
        // Without a number it is `best.pth` or `latest.pth`, mostly a copy of another one: it comes last.
        let unnumbered = if self.order == Order::NewestFirst { 0 } else { u64::MAX };
        let age = |name: &str, file: &Tracked| {
            (step::in_name(name).unwrap_or(unnumbered), file.stamp.modified_ns, name.to_owned())
        };
        let live = ready().filter(|(_, file)| !file.was_there).min_by_key(|(_, file)| file.stamp.modified_ns);
        let by_age = |(name, file): &(&String, &Tracked)| age(name, file);
        let next = live.or_else(|| match self.order {
            Order::NewestFirst => ready().max_by_key(by_age),
            Order::OldestFirst => ready().min_by_key(by_age),
        });
        let (name, file) = next?;
        let next = (name.clone(), file.stamp);
        self.done(&next.0);
        Some(next)
    }

    /// Nothing is to be done about a file until it changes.
    pub(super) fn done(&mut self, name: &str) {
        if let Some(file) = self.tracked.get_mut(name) {
            file.state = State::Done;
        }
    }

    /// A file changed while it was read: it is looked at again once it has settled.
    pub(super) fn settle(&mut self, name: &str) {
        let print = look_at(&self.path(name)).ok().flatten().map(|(_, print)| print);
        if let Some(file) = self.tracked.get_mut(name) {
            (file.print, file.since, file.state) = (print, Instant::now(), State::Settling);
        }
    }

    /// A file cannot be opened. It may still be written to: whether there is to be another look, or else that is what is to be told of it.
    pub(super) fn try_again(&mut self, name: &str) -> bool {
        const BETWEEN: Duration = Duration::from_millis(500);
        let Pace { patience, every, .. } = self.pace;
        let Some(file) = self.tracked.get_mut(name) else { return false };
        let now = Instant::now();
        let is_over = now.duration_since(file.since) >= patience || file.stamp.is_older_than(patience);
        file.state = if is_over { State::Done } else { State::Again(now + BETWEEN.max(every)) };
        !is_over
    }

    /// Whether a file waits for its turn.
    pub(super) fn has_ready(&self) -> bool {
        self.tracked.values().any(|file| file.state == State::Ready)
    }

    /// How many files wait for their turn, or are still being written.
    pub(super) fn waiting(&self) -> usize {
        self.tracked.values().filter(|file| file.state != State::Done).count()
    }
}

/// Takes in what lies in `folder`, by its path below the watched one.
fn list(folder: &Path, below: &str, depth: usize, there: &mut BTreeMap<String, Stamp>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        if there.len() >= MAX_FILES {
            return Ok(());
        }
        // What goes away between two looks is as good as not there.
        let Ok(entry) = entry else { continue };
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_unfinished = name.starts_with('.') || UNFINISHED.iter().any(|ending| name.ends_with(ending));
        // Links are followed: `latest.pth` is one for many trainers.
        let Some(metadata) = std::fs::metadata(entry.path()).ok().filter(|_| !is_unfinished) else {
            continue;
        };
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        let may_be_one = metadata.len() > 0 || is_named_as_model(&path);
        if metadata.is_file() && may_be_one && is_first_shard(&path) {
            there.insert(path, Stamp::of(&metadata));
        } else if depth < MAX_DEPTH && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            // A folder that may not be read is one without checkpoints. Links to folders could lead in circles.
            let _ = list(&entry.path(), &path, depth + 1, there);
        }
    }
    Ok(())
}

/// Whether a file without anything in it was to become a checkpoint: markers and locks are empty as well.
fn is_named_as_model(name: &str) -> bool {
    const ENDINGS: [&str; 7] = ["pth", "pt", "th", "ckpt", "bin", "safetensors", "npz"];
    name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

/// Whether a file stands for its checkpoint: of several parts, `model-00001-of-00002.safetensors`, the first one does.
fn is_first_shard(name: &str) -> bool {
    let numbers = || {
        let (stem, _) = name.rsplit_once('.')?;
        let (front, count) = stem.rsplit_once("-of-")?;
        let (_, number) = front.rsplit_once('-')?;
        let is_shards = count.len() >= 4 && count.len() == number.len() && count.parse::<u64>().is_ok();
        is_shards.then(|| number.parse::<u64>().ok()).flatten()
    };
    numbers().is_none_or(|number| number == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick() -> Pace {
        let ms = Duration::from_millis;
        Pace { every: ms(5), quiet: ms(40), patience: ms(200), old: Duration::from_secs(60) }
    }

    fn age(path: &Path, secs: u64) {
        let at = SystemTime::now() - Duration::from_secs(secs);
        File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
    }

    #[test]
    fn only_what_stays_as_it_is_becomes_ready() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("G_1.pth");
        let mut files = Files::new(folder.path().to_owned(), quick(), Order::NewestFirst);
        for len in 1..8 {
            std::fs::write(&path, vec![7; len * 100]).unwrap();
            files.look().unwrap();
            assert!(!files.has_ready(), "it grows");
            std::thread::sleep(Duration::from_millis(10));
        }
        // The same length and time, other content: a file system that counts in seconds.
        files.look().unwrap();
        let before = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::fs::write(&path, vec![8; 700]).unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
        std::thread::sleep(Duration::from_millis(60));
        files.look().unwrap();
        assert!(!files.has_ready() && files.waiting() == 1);
        std::thread::sleep(Duration::from_millis(60));
        files.look().unwrap();
        assert_eq!(files.next().map(|(name, _)| name).as_deref(), Some("G_1.pth"));
        assert!(!files.has_ready() && files.waiting() == 0);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(files.look().unwrap().gone, ["G_1.pth"]);
    }

    #[test]
    fn what_is_new_goes_before_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("checkpoint-70")).unwrap();
        let old = ["G_900.pth", "G_1000.pth", "checkpoint-70/model.pth"];
        let ignored = [".G_5.pth", "G_6.pth.tmp", "model-00002-of-00002.safetensors"];
        for name in old.iter().chain(&ignored) {
            std::fs::write(at(name), b"content").unwrap();
            age(&at(name), 1000);
        }
        std::fs::write(at("empty.done"), b"").unwrap();
        for (order, wanted) in [
            (Order::NewestFirst, ["G_1000.pth", "G_900.pth", "checkpoint-70/model.pth"]),
            (Order::OldestFirst, ["checkpoint-70/model.pth", "G_900.pth", "G_1000.pth"]),
        ] {
            let mut files = Files::new(folder.path().to_owned(), quick(), order);
            files.look().unwrap();
            let mut next = || files.next().map(|(name, _)| name).unwrap_or_default();
            assert_eq!([next(), next(), next(), next()], [wanted[0], wanted[1], wanted[2], ""]);
        }
        let mut files = Files::new(folder.path().to_owned(), quick(), Order::NewestFirst);
        files.look().unwrap();
        std::fs::write(at("G_10.pth"), b"new").unwrap();
        files.look().unwrap();
        std::thread::sleep(Duration::from_millis(60));
        files.look().unwrap();
        assert_eq!(files.next().map(|(name, _)| name).as_deref(), Some("G_10.pth"));
        // What cannot be opened is looked at again, but not for ever.
        assert!(files.try_again("G_10.pth"));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!files.try_again("G_10.pth") && files.waiting() == 3);
    }
}
