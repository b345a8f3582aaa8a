//! Several processes at one piece of work: what they tell each other, and sums that do not depend on how many they are.
//!
//! Every rank runs the same program on its own share of the frames and calls the functions of [`Ranks`] in the same order. What they give is the
//! same on every rank. Numbers are added as integers ([`ExactSum`]; codes' sums by a scale that all have agreed on), which have no order: whatever
//! the number of ranks and threads, the bytes that come of it are the same.

mod exact;
#[cfg(feature = "mpi")]
mod mpi;
mod rows;
mod threads;

pub use exact::ExactSum;
#[cfg(feature = "mpi")]
pub use mpi::{Membership, Mpi, joined, leave, threads_a_rank};
pub use rows::join_rows;
pub use threads::{ThreadRank, as_threads};

use std::fmt::Debug;
use std::ops::Range;

/// Another rank has ended, and with it what was worked on together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another rank has ended")]
pub struct Lost;

/// One of several that work on the same. Each of its functions waits until all ranks have called it.
pub trait Ranks: Send + Sync + Debug {
    /// Which of them this is, from 0.
    fn rank(&self) -> usize;

    /// How many there are.
    fn size(&self) -> usize;

    /// Puts the sum over all ranks in the place of each of `values`; it wraps where it does not fit. All ranks give as many.
    ///
    /// # Errors
    /// [`Lost`].
    fn sum(&self, values: &mut [i64]) -> Result<(), Lost>;

    /// Puts the largest of all ranks in the place of each of `values`. All ranks give as many.
    ///
    /// # Errors
    /// [`Lost`].
    fn max(&self, values: &mut [i64]) -> Result<(), Lost>;

    /// What each rank gives, by rank.
    ///
    /// # Errors
    /// [`Lost`].
    fn gather(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Lost>;
}

/// The only one: what it tells, it tells itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Ranks for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn sum(&self, _: &mut [i64]) -> Result<(), Lost> {
        Ok(())
    }

    fn max(&self, _: &mut [i64]) -> Result<(), Lost> {
        Ok(())
    }

    fn gather(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Lost> {
        Ok(vec![bytes.to_vec()])
    }
}

/// The part of `count` things that falls to `rank` of `size`: all parts, one behind the other, are all of them.
#[must_use]
pub fn part(count: usize, rank: usize, size: usize) -> Range<usize> {
    let end_of = |ranks: usize| {
        let end = count as u128 * ranks as u128 / size.max(1) as u128;
        usize::try_from(end).unwrap_or(count)
    };
    end_of(rank)..end_of(rank + 1)
}

/// What each rank says in words; the same list on every rank. `None` says nothing.
///
/// # Errors
/// [`Lost`].
pub fn gather_words(ranks: &dyn Ranks, words: Option<&str>) -> Result<Vec<Option<String>>, Lost> {
    let mut bytes = vec![u8::from(words.is_some())];
    bytes.extend_from_slice(words.unwrap_or_default().as_bytes());
    let told = ranks.gather(&bytes)?;
    let read = |bytes: Vec<u8>| match bytes.split_first() {
        Some((1, words)) => Some(String::from_utf8_lossy(words).into_owned()),
        _ => None,
    };
    Ok(told.into_iter().map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_all_there_is_and_nothing_twice() {
        for (count, size) in [(0, 3), (1, 4), (10, 1), (10, 3), (7, 7), (1_000_003, 64)] {
            let parts: Vec<_> = (0..size).map(|rank| part(count, rank, size)).collect();
            assert_eq!((parts[0].start, parts[size - 1].end), (0, count));
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start), "{count} in {size}");
            let lens: Vec<_> = parts.iter().map(ExactSizeIterator::len).collect();
            assert!(lens.iter().max().unwrap() - lens.iter().min().unwrap() <= 1);
        }
        assert_eq!(part(usize::MAX, 63, 64).end, usize::MAX);
    }

    #[test]
    fn alone_there_is_only_what_was_there() {
        let mut values = [3, -4];
        Alone.sum(&mut values).unwrap();
        Alone.max(&mut values).unwrap();
        assert_eq!((values, Alone.gather(b"ab").unwrap()), ([3, -4], vec![b"ab".to_vec()]));
        assert_eq!(gather_words(&Alone, Some("no")).unwrap(), [Some("no".to_owned())]);
        assert_eq!(gather_words(&Alone, None).unwrap(), [None]);
    }
}
