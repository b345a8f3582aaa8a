//! The form in which PyTorch saved before 1.6: one pickle after another, then the storages, each behind its length.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

use super::super::{Problem, Source};
use super::pickle::{self, Stop};
use super::tree::{self, Tree};
use super::value::{Element, Heap, Node, Value};
use super::{Contents, Home, MAX_PICKLE_BYTES, Storage, budget};

/// The pickle of PyTorch's magic number.
pub(super) const MAGIC: &[u8] = &[0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46];

/// How much of the file is read first; the pickles of most files are shorter.
const FIRST_BYTES: u64 = 1 << 20;

/// What the pickles tell.
struct Pickles {
    tree: Tree,
    big_endian: bool,
    /// Keys of the storages in the order of the file, with the type of each where a tensor tells it.
    order: Vec<(String, Option<Element>)>,
    /// Their length.
    end: u64,
}

/// Reads everything but the numbers.
///
/// # Errors
/// It is broken or cut short.
pub(super) fn read(source: &Source<'_>) -> Result<Contents, Problem> {
    let Pickles { tree, big_endian, order, end } = read_pickles(source)?;
    let mut storages = BTreeMap::new();
    let mut file = &source.file;
    let mut at = end;
    for (key, element) in order {
        const COUNT_LEN: u64 = 8;
        if at.checked_add(COUNT_LEN).is_none_or(|end| end > source.len) {
            return Err(Problem::Truncated {
                what: "storages",
                expected: at.saturating_add(COUNT_LEN),
                found: source.len,
            });
        }
        let mut count = [0u8; COUNT_LEN as usize];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut count)?;
        let count = if big_endian { u64::from_be_bytes(count) } else { u64::from_le_bytes(count) };
        let size = element.map_or(1, |element| u64::from(element.size));
        let offset = at + COUNT_LEN;
        let len = count.checked_mul(size);
        let Some(end) = len.and_then(|len| offset.checked_add(len)).filter(|end| *end <= source.len) else {
            let expected = len.unwrap_or(u64::MAX);
            return Err(Problem::Truncated { what: "numbers", expected, found: source.len - offset });
        };
        storages.insert(key, Storage { home: Home::File(offset), len: end - offset });
        at = end;
    }
    Ok(Contents { tree, storages, big_endian })
}

/// The pickles, of as much of the file as they turn out to need.
fn read_pickles(source: &Source<'_>) -> Result<Pickles, Problem> {
    let mut wanted = FIRST_BYTES;
    loop {
        let mut bytes = Vec::new();
        let mut file = &source.file;
        file.seek(SeekFrom::Start(0))?;
        file.take(wanted).read_to_end(&mut bytes)?;
        match parse(&bytes, budget(source)) {
            Ok(pickles) => return Ok(pickles),
            Err(Stop::Problem(problem)) => return Err(problem),
            Err(Stop::Ended) if wanted >= MAX_PICKLE_BYTES => {
                return Err(Problem::malformed(
                    "the pickle in this file is longer than that of any checkpoint; the file is damaged",
                ));
            }
            Err(Stop::Ended) if wanted < source.len => wanted = wanted.saturating_mul(4),
            Err(Stop::Ended) => {
                return Err(Problem::malformed("the file ends inside its pickle; it is cut short"));
            }
        }
    }
}

fn parse(bytes: &[u8], budget: u64) -> Result<Pickles, Stop> {
    let mut heap = Heap::new(budget);
    let mut at = 0;
    let mut values = [Value::None; 5];
    for value in &mut values {
        let (read, len) = pickle::read(bytes.get(at..).unwrap_or_default(), &mut heap)?;
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
        _ => Err(Problem::malformed("the file's list of storages is broken")),
    });
    let order = keys.collect::<Result<_, _>>()?;
    let tree = tree::flatten(&mut heap, root)?;
    Ok(Pickles { tree, big_endian, order, end: at as u64 })
}
