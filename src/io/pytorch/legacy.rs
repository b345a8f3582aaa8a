//! The form in which PyTorch saved before 1.6: one pickle after another, then the storages, each behind its length.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

use super::super::{Problem, Source};
use super::pickle::{self, Stop};
use super::tree::{self, Tree};
use super::value::{Element, Heap, Node, Value};
use super::{Contents, Home, MAX_PICKLE_BYTES, Storage, budget};
use crate::task::Stage;
use crate::text::{msg, phrase};

/// The pickle of PyTorch's magic number.
pub(super) const MAGIC: &[u8] = &[0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46];

/// How much of the file is read first; the pickles of most files are shorter.
const FIRST_BYTES: u64 = 1 << 20;

/// What the pickles tell.
struct Pickles {
    tree: Tree,
    /// Whether a machine wrote it that puts the highest byte first.
    big_endian: bool,
    /// Keys of the storages in the order of the file, with the type of each where a tensor tells it.
    order: Vec<(String, Option<Element>)>,
    /// Their length.
    end: u64,
}

/// Reads everything but the numbers.
///
/// # Errors
/// It is broken or cut short, or the task was cancelled.
pub(super) fn read(source: &Source<'_>, stage: Stage<'_>) -> Result<Contents, Problem> {
    let Pickles { tree, big_endian, order, end } = read_pickles(source, stage)?;
    let mut storages = BTreeMap::new();
    let mut file = &source.file;
    let mut at = end;
    for (key, element) in order {
        const COUNT_LEN: u64 = 8;
        if at.checked_add(COUNT_LEN).is_none_or(|end| end > source.len) {
            return Err(Problem::Truncated {
                what: phrase!("file-part-storages"),
                expected: at.saturating_add(COUNT_LEN),
                found: source.len,
            });
        }
        let mut count = [0u8; COUNT_LEN as usize];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut count)?;
        let size = element.map_or(1, |element| u64::from(element.size));
        let offset = at + COUNT_LEN;
        let end_of =
            |count: u64| offset.checked_add(count.checked_mul(size)?).filter(|end| *end <= source.len);
        // Numbers lie with their lowest byte first whatever machine wrote them; so do counts, but for old versions of PyTorch.
        let old = || if big_endian { end_of(u64::from_be_bytes(count)) } else { None };
        let Some(end) = end_of(u64::from_le_bytes(count)).or_else(old) else {
            let expected = u64::from_le_bytes(count).saturating_mul(size);
            return Err(Problem::Truncated {
                what: phrase!("file-part-numbers"),
                expected,
                found: source.len - offset,
            });
        };
        storages.insert(key, Storage { home: Home::File(offset), len: end - offset });
        at = end;
    }
    Ok(Contents { tree, storages, big_endian: false })
}

/// The pickles, of as much of the file as they turn out to need.
fn read_pickles(source: &Source<'_>, stage: Stage<'_>) -> Result<Pickles, Problem> {
    let mut wanted = FIRST_BYTES;
    loop {
        let mut bytes = Vec::new();
        let mut file = &source.file;
        file.seek(SeekFrom::Start(0))?;
        file.take(wanted).read_to_end(&mut bytes)?;
        match parse(&bytes, budget(source), stage) {
            Ok(pickles) => return Ok(pickles),
            Err(Stop::Problem(problem)) => return Err(problem),
            Err(Stop::Ended) if wanted >= MAX_PICKLE_BYTES => {
                return Err(Problem::malformed(msg!("tensor-legacy-long")));
            }
            Err(Stop::Ended) if wanted < source.len => wanted = wanted.saturating_mul(4),
            Err(Stop::Ended) => {
                return Err(Problem::malformed(msg!("tensor-legacy-cut")));
            }
        }
    }
}

fn parse(bytes: &[u8], budget: u64, stage: Stage<'_>) -> Result<Pickles, Stop> {
    let mut heap = Heap::new(budget);
    let mut at = 0;
    let mut values = [Value::None; 5];
    for value in &mut values {
        let (read, len) = pickle::read(bytes.get(at..).unwrap_or_default(), &mut heap, stage)?;
        *value = read;
        at += len;
    }
    let [_magic, _version, system, root, keys] = values;
    let big_endian = match heap.node(system) {
        Some(Node::Dict(pairs)) => pairs.contains(&(Value::Text(b"little_endian"), Value::Bool(false))),
        _ => false,
    };
    let keys = heap.sequence(keys).unwrap_or_default().iter();
    let keys = keys.map(|key| match key {
        Value::Text(key) => {
            Ok((String::from_utf8_lossy(key).into_owned(), heap.storages.get(key).map(|s| s.element)))
        }
        _ => Err(Problem::malformed(msg!("tensor-legacy-list"))),
    });
    let order = keys.collect::<Result<_, _>>()?;
    let tree = tree::flatten(&mut heap, root, stage)?;
    Ok(Pickles { tree, big_endian, order, end: at as u64 })
}
