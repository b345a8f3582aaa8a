//! PyTorch's files: a pickle that names tensors, and the storages that they are views into.
//!
//! Nothing in a pickle is executed: `pickle` builds plain data of it, `rebuild` knows what tensors look like there, and `tree` gives them
//! names. Two containers hold such a pickle: a zip archive, and the older `legacy` form.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use ndarray::ArrayD;

use super::dtype::{self, Run};
use super::npz::NpzFile;
use super::recognise;
use super::tensors::{Placed, TensorInfo, Tensors, ZipEntry};
use super::zip::{self, Archive, Entry};
use super::{Opened, Problem, Reader, Source, limits};
use crate::task::{Stage, Task};
use crate::text::{Message, msg};

mod alone;
mod arrays;
mod legacy;
mod pickle;
mod rebuild;
mod tree;
mod value;
mod view;

pub use alone::PickleReader;
pub(super) use alone::read_pickle;
use tree::{TensorView, Tree};
use view::Layout;

/// Reads what `torch.save` writes: checkpoints, and single tensors of features or codes.
#[derive(Debug, Clone, Copy)]
pub struct PytorchReader;

/// What a file holds, before any number is read.
struct Contents {
    tree: Tree,
    storages: BTreeMap<String, Storage>,
    big_endian: bool,
}

/// Numbers without a shape.
struct Storage {
    home: Home,
    /// In bytes.
    len: u64,
}

/// Where a storage lies.
enum Home {
    /// In the file, from this offset on.
    File(u64),
    /// In an entry of an archive that is stored as it is.
    Stored(Entry, ZipEntry),
    /// In an entry that has to be unpacked.
    Packed(Entry),
    /// In the pickle, out of which they were taken.
    Inline(Vec<u8>),
}

/// An open file, its pickle read.
struct PytorchFile<'a> {
    file: &'a File,
    stage: Message,
    contents: Contents,
    infos: BTreeMap<String, TensorInfo>,
    /// What was read of names that share storages may take more room than the file.
    handed_out: Cell<u64>,
    most_handed_out: u64,
    names: RefCell<BTreeSet<String>>,
    /// The storages whose checksums were found to be right.
    verified: RefCell<BTreeSet<String>>,
    /// The last storage that was unpacked, by its key.
    unpacked: RefCell<Option<(String, Rc<Vec<u8>>)>>,
}

/// A pickle longer than this is not that of a checkpoint.
const MAX_PICKLE_BYTES: u64 = 1 << 28;

/// What tensors that share one storage may take beyond the size of their file, such as one codebook under every layer.
const SHARED_BYTES: u64 = 64 << 20;

/// A view may repeat the numbers of its storage up to this count.
const MAX_REPEATED: u64 = 1 << 16;

/// What may be spent on building what the pickle says.
fn budget(source: &Source<'_>) -> u64 {
    const SLACK: u64 = 9 << 20;
    source.len.saturating_mul(2).saturating_add(SLACK)
}

impl Reader for PytorchReader {
    fn id(&self) -> &'static str {
        "pytorch"
    }

    fn label(&self) -> &'static str {
        "PyTorch" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pt", "pth", "th", "ckpt", "bin"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        head.starts_with(legacy::MAGIC) || zip::sniff(head)
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        recognise::interpret(&*open(source, task)?, &source.wanted, task)
    }

    fn tensors<'a>(
        &self,
        source: &'a Source<'_>,
        task: &Task<'_>,
    ) -> Option<Result<Box<dyn Tensors + 'a>, Problem>> {
        Some(open(source, task))
    }
}

/// The tensors of a file. An archive of arrays is one of NumPy's, whatever its first entry is.
fn open<'a>(source: &'a Source<'_>, task: &Task<'_>) -> Result<Box<dyn Tensors + 'a>, Problem> {
    let stage = source.stage();
    let stage = task.stage(&stage);
    if source.head()?.starts_with(legacy::MAGIC) {
        return Ok(Box::new(PytorchFile::new(source, legacy::read(source, stage)?)?));
    }
    let archive = Archive::read(source, task)?;
    match pickle_entry(&archive) {
        Some(entry) => Ok(Box::new(PytorchFile::new(source, read_archive(source, &archive, entry, stage)?)?)),
        None => Ok(Box::new(NpzFile::new(source, &archive, task)?)),
    }
}

/// The pickle, in whatever folder it lies: the outermost one of that name.
fn pickle_entry(archive: &Archive) -> Option<&Entry> {
    let is_pickle = |entry: &&Entry| entry.name == "data.pkl" || entry.name.ends_with("/data.pkl");
    archive.entries().iter().filter(is_pickle).min_by_key(|entry| entry.name.matches('/').count())
}

fn read_archive(
    source: &Source<'_>,
    archive: &Archive,
    pickle: &Entry,
    stage: Stage<'_>,
) -> Result<Contents, Problem> {
    let root = pickle.name.strip_suffix("data.pkl").unwrap_or_default();
    let bytes = pickle.read_all(&source.file, MAX_PICKLE_BYTES, stage)?;
    let mut heap = value::Heap::new(budget(source).saturating_add(bytes.len() as u64));
    let (value, _) = pickle::read(&bytes, &mut heap, stage).map_err(|stop| match stop {
        pickle::Stop::Problem(problem) => problem,
        pickle::Stop::Ended => Problem::malformed(msg!("tensor-pickle-cut")),
    })?;
    let tree = tree::flatten(&mut heap, value, stage)?;
    let mut storages = BTreeMap::new();
    for TensorView { storage, .. } in tree.tensors.values() {
        let Some(entry) = archive.find(&format!("{root}data/{storage}")) else { continue };
        if !storages.contains_key(storage) {
            let home = match entry.stored() {
                Some(place) => Home::Stored(entry.clone(), place),
                None => Home::Packed(entry.clone()),
            };
            storages.insert(storage.clone(), Storage { home, len: entry.len });
        }
    }
    let byte_order = archive.find(&format!("{root}byteorder"));
    let byte_order = byte_order.map(|entry| entry.read_all(&source.file, 64, stage)).transpose()?;
    let big_endian = byte_order.is_some_and(|order| order.trim_ascii() == b"big");
    Ok(Contents { tree, storages, big_endian })
}

impl<'a> PytorchFile<'a> {
    fn new(source: &'a Source<'_>, mut contents: Contents) -> Result<Self, Problem> {
        for (key, bytes) in std::mem::take(&mut contents.tree.inline) {
            let len = bytes.len() as u64;
            contents.storages.insert(key, Storage { home: Home::Inline(bytes), len });
        }
        let Contents { tree, storages, .. } = &contents;
        if tree.tensors.is_empty() {
            return Err(no_tensors(tree));
        }
        for (name, view) in &tree.tensors {
            check(name, view, storages.get(&view.storage))?;
        }
        let info = |view: &TensorView| TensorInfo { dtype: view.element.dtype, shape: view.shape.clone() };
        let infos = tree.tensors.iter().map(|(name, view)| (name.clone(), info(view))).collect();
        Ok(Self {
            file: &source.file,
            stage: source.stage(),
            contents,
            infos,
            handed_out: Cell::new(0),
            most_handed_out: source.len.saturating_mul(4).saturating_add(SHARED_BYTES),
            names: RefCell::default(),
            verified: RefCell::default(),
            unpacked: RefCell::default(),
        })
    }

    /// Reads a tensor's numbers by `decode` and puts them in order.
    fn read<T: Clone>(
        &self,
        name: &str,
        task: &Task<'_>,
        decode: impl Fn(&mut dyn Read, Run<'_>) -> Result<Vec<T>, Problem>,
    ) -> Result<ArrayD<T>, Problem> {
        let missing = || Problem::malformed(msg!("tensor-unknown", name = format!("{name:?}")));
        let view = self.contents.tree.tensors.get(name).ok_or_else(missing)?;
        let layout = view.layout();
        let Some(storage) = self.contents.storages.get(&view.storage).filter(|_| view.count() > 0) else {
            // Without numbers it needs no storage.
            let run =
                Run { dtype: view.element.dtype, big_endian: false, count: 0, sure: 0, stage: &self.stage };
            return view.array(&layout, decode(&mut std::io::empty(), run)?);
        };
        let size = u64::from(view.element.size);
        self.hand_out(name, view, storage.len / size)?;
        let count = match layout {
            Layout::Dense(_) => view.count(),
            Layout::Strided => view.span().unwrap_or(0),
        };
        let count = usize::try_from(count).map_err(|_| missing())?;
        let is_inline = matches!(storage.home, Home::Inline(_));
        let (dtype, big_endian) = (view.element.dtype, self.contents.big_endian && !is_inline);
        let run = Run { dtype, big_endian, count, sure: count, stage: &self.stage };
        let start = view.offset * size;
        let mut file = self.file;
        let values = match &storage.home {
            Home::File(offset) => {
                file.seek(SeekFrom::Start(offset + start))?;
                decode(&mut file, run)?
            }
            Home::Stored(entry, place) => {
                if !self.verified.borrow().contains(&view.storage) {
                    entry.verify(self.file, task.stage(&self.stage))?;
                    self.verified.borrow_mut().insert(view.storage.clone());
                }
                file.seek(SeekFrom::Start(place.data_offset + start))?;
                decode(&mut file, run)?
            }
            Home::Packed(entry) => {
                let bytes = self.unpack(&view.storage, entry, task)?;
                let from = usize::try_from(start).unwrap_or(usize::MAX);
                decode(&mut bytes.get(from..).unwrap_or_default(), run)?
            }
            Home::Inline(bytes) => {
                let from = usize::try_from(start).unwrap_or(usize::MAX);
                decode(&mut bytes.get(from..).unwrap_or_default(), run)?
            }
        };
        view.array(&layout, values)
    }

    /// Keeps an account of what was read, so that a small file cannot become a huge model by naming the same numbers again and again.
    fn hand_out(&self, name: &str, view: &TensorView, stored: u64) -> Result<(), Problem> {
        let count = view.count();
        if count > stored && count > MAX_REPEATED {
            return Err(Problem::Unsupported(msg!(
                "tensor-repeats",
                name = name,
                count = count.to_string(),
                stored = stored.to_string()
            )));
        }
        if self.names.borrow_mut().insert(name.to_owned()) {
            self.handed_out.set(self.handed_out.get().saturating_add(count.saturating_mul(4)));
        }
        if self.handed_out.get() > self.most_handed_out {
            return Err(Problem::Unsupported(msg!("tensor-shared", most = self.most_handed_out.to_string())));
        }
        Ok(())
    }

    /// A deflated storage, which is kept until another one is wanted.
    fn unpack(&self, key: &str, entry: &Entry, task: &Task<'_>) -> Result<Rc<Vec<u8>>, Problem> {
        let mut last = self.unpacked.borrow_mut();
        if let Some((_, bytes)) = last.as_ref().filter(|(other, _)| other == key) {
            return Ok(Rc::clone(bytes));
        }
        *last = None;
        let bytes = Rc::new(entry.read_all(self.file, limits::of_archive(), task.stage(&self.stage))?);
        *last = Some((key.to_owned(), Rc::clone(&bytes)));
        Ok(bytes)
    }
}

impl Tensors for PytorchFile<'_> {
    fn infos(&self) -> &BTreeMap<String, TensorInfo> {
        &self.infos
    }

    fn metadata(&self) -> &BTreeMap<String, String> {
        &self.contents.tree.notes
    }

    fn floats(&self, name: &str, task: &Task<'_>) -> Result<ArrayD<f32>, Problem> {
        self.read(name, task, |reader, run| dtype::read_floats(reader, run, task))
    }

    fn codes(&self, name: &str, task: &Task<'_>) -> Result<ArrayD<i32>, Problem> {
        self.read(name, task, |reader, run| dtype::read_codes(reader, run, task))
    }

    fn placed(&self, name: &str) -> Option<Placed> {
        let view = self.contents.tree.tensors.get(name)?;
        let (offset, entry) = match &self.contents.storages.get(&view.storage)?.home {
            Home::File(offset) => (*offset, None),
            Home::Stored(_, place) => (place.data_offset, Some(place.clone())),
            Home::Packed(_) | Home::Inline(_) => return None,
        };
        let TensorView { element, shape, strides, .. } = view;
        (element.dtype.size() > 0).then(|| Placed {
            dtype: element.dtype,
            big_endian: self.contents.big_endian,
            shape: shape.clone(),
            strides: strides.clone(),
            offset: offset + view.offset * u64::from(element.size),
            entry,
        })
    }
}

/// Whether a view lies within its storage and has a number of elements that can be counted.
fn check(name: &str, view: &TensorView, storage: Option<&Storage>) -> Result<(), Problem> {
    let size = u64::from(view.element.size);
    let countable = view.shape.iter().try_fold(size, |bytes, &len| bytes.checked_mul(len as u64));
    let (Some(span), Some(_)) = (view.span(), countable.filter(|bytes| i64::try_from(*bytes).is_ok())) else {
        return Err(Problem::malformed(msg!(
            "tensor-shape-countless",
            name = name,
            shape = format!("{:?}", view.shape)
        )));
    };
    // An empty tensor need not have a storage in the file.
    if span == 0 {
        return Ok(());
    }
    let Some(storage) = storage else {
        return Err(Problem::malformed(msg!("tensor-numbers-missing", name = name)));
    };
    let end = view.offset.checked_add(span).and_then(|end| end.checked_mul(size));
    if end.is_none_or(|end| end > storage.len) {
        return Err(Problem::malformed(msg!(
            "tensor-beyond-storage",
            name = name,
            len = storage.len.to_string()
        )));
    }
    Ok(())
}

/// Says what a file without tensors is, as far as it can be told.
fn no_tensors(tree: &Tree) -> Problem {
    let keys =
        tree.keys.iter().map(|key| key.chars().take(40).collect::<String>()).collect::<Vec<_>>().join(", ");
    Problem::Unsupported(match tree.notes.get("pretrained") {
        Some(pretrained) => msg!("tensor-audiocraft", pretrained = format!("{pretrained:?}")),
        None if keys.is_empty() => msg!("tensor-pytorch-none"),
        None => msg!("tensor-pytorch-other", keys = keys),
    })
}
