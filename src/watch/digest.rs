//! Digests, by which files, quantizers and frames are known again without being kept.

use std::fmt;
use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read, Seek, SeekFrom};

use ndarray::ArrayView2;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::rvq::{Projection, Rvq};

/// A digest of some content: what differs in it is not the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Digest(u128);

/// Takes in content piece by piece. It guards against accidents, not against somebody who wants two contents to look alike.
pub(super) struct Digester([DefaultHasher; 2]);

/// What is read at the beginning and at the end of a file: a directory of its tensors stands there.
const EDGE: u64 = 64 << 10;
/// What is read at each of some places between.
const BLOCK: u64 = 4 << 10;
const PLACES: u64 = 14;

impl Digester {
    pub(super) fn new() -> Self {
        let mut hashers = [DefaultHasher::new(), DefaultHasher::new()];
        hashers[1].write_u8(1);
        Self(hashers)
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.iter_mut().for_each(|hasher| hasher.write(bytes));
    }

    pub(super) fn number(&mut self, number: usize) {
        self.bytes(&(number as u64).to_le_bytes());
    }

    fn floats<'a>(&mut self, values: impl Iterator<Item = &'a f32>) {
        values.for_each(|value| self.bytes(&value.to_bits().to_le_bytes()));
    }

    /// The rows with their shape.
    pub(super) fn rows(&mut self, rows: ArrayView2<'_, f32>) {
        self.number(rows.nrows());
        self.number(rows.ncols());
        match rows.to_slice() {
            Some(values) => self.bytes(bytemuck::cast_slice(values)),
            None => self.floats(rows.iter()),
        }
    }

    pub(super) fn finish(&self) -> Digest {
        let [low, high] = [&self.0[0], &self.0[1]].map(|hasher| u128::from(hasher.finish()));
        Digest(high << 64 | low)
    }
}

impl Digest {
    /// Of a quantizer: every number that it works by, and its EMA state.
    #[must_use]
    pub fn of_quantizer(rvq: &Rvq) -> Self {
        let mut digester = Digester::new();
        digester.bytes(format!("{:?}", rvq.metric()).as_bytes());
        for chain in rvq.chains() {
            let (layers, columns) = (chain.layers(), chain.columns());
            for number in [layers.start, layers.end, columns.start, columns.end] {
                digester.number(number);
            }
            projection(&mut digester, chain.projection());
        }
        for layer in rvq.layers() {
            let book = &layer.codebook;
            digester.number(layer.stride);
            projection(&mut digester, layer.projection.as_ref());
            digester.rows(book.embed());
            let state = book.cluster_size().iter().chain(book.embed_avg());
            state.for_each(|value| digester.bytes(&value.to_bits().to_le_bytes()));
        }
        digester.finish()
    }

    /// Of a file without reading all of it: its length, both ends, and some places between.
    ///
    /// A trainer that writes changes its length or one of these. A quantizer is never known by this alone.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn of_file(mut file: &File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        let mut digester = Digester::new();
        digester.bytes(&len.to_le_bytes());
        let mut block = Vec::new();
        let step = len / (PLACES + 1);
        let between = (1..=PLACES).filter(|_| step > EDGE).map(|nth| (nth * step, BLOCK));
        for (start, most) in [(0, EDGE), (len.saturating_sub(EDGE), EDGE)].into_iter().chain(between) {
            block.clear();
            file.seek(SeekFrom::Start(start))?;
            file.take(most).read_to_end(&mut block)?;
            digester.bytes(&block);
        }
        Ok(digester.finish())
    }
}

fn projection(digester: &mut Digester, projection: Option<&Projection>) {
    let Some(Projection { in_weight, in_bias, out_weight, out_bias }) = projection else { return };
    digester.rows(in_weight.view());
    digester.rows(out_weight.view());
    digester.floats(in_bias.iter().chain(out_bias));
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use ndarray::array;

    use super::*;
    use crate::rvq::Codebook;

    #[test]
    fn a_number_more_or_less_makes_another_quantizer() {
        let of = |rows, sizes: [f64; 2]| {
            let mut book = Codebook::from_rows(rows).unwrap();
            book.parts_mut().1.assign(&ndarray::arr1(&sizes));
            Digest::of_quantizer(&Rvq::new(vec![book.into()]).unwrap())
        };
        let first = of(array![[1.0f32, 2.0], [3.0, 4.0]], [1.0, 2.0]);
        assert_eq!(first, of(array![[1.0f32, 2.0], [3.0, 4.0]], [1.0, 2.0]));
        assert_ne!(first, of(array![[1.0f32, 2.0], [3.0, 4.5]], [1.0, 2.0]));
        assert_ne!(first, of(array![[1.0f32, 2.0], [3.0, 4.0]], [1.0, 2.5]));
        let text = serde_json::to_string(&first).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), first);
        assert!(serde_json::from_str::<Digest>("\"no number\"").is_err());
    }

    #[test]
    fn a_file_that_grows_or_changes_at_an_end_is_another() {
        let mut file = tempfile::tempfile().unwrap();
        let mut seen = Vec::new();
        for piece in [&b"a"[..], b"b", &[0; 300_000], b"c"] {
            file.write_all(piece).unwrap();
            seen.push(Digest::of_file(&file).unwrap());
            file.seek(SeekFrom::End(0)).unwrap();
        }
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(b"z").unwrap();
        seen.push(Digest::of_file(&file).unwrap());
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 5);
    }
}
