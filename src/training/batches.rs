//! Which frames a step sees.

use std::ops::Range;

use rand_pcg::Pcg64;

use crate::features::FeatureSet;
use crate::random::{self, Purpose};
use crate::rvq::BatchOrder;

/// Frames of the training ranges in the order in which steps see them, epoch after epoch.
///
/// Frames are kept as one index each, at four bytes; a corpus too large for that is walked in shuffled blocks of neighbouring frames, of which only
/// those that come next are taken apart.
#[derive(Debug, Clone)]
pub struct Batches {
    ranges: Vec<Range<usize>>,
    order: BatchOrder,
    seed: u64,
    epoch: u64,
    /// This epoch's frames, in order, from the `before`-th on, as far as they are known.
    queue: Vec<u32>,
    before: usize,
    /// Frames that were taken of this epoch.
    next: usize,
    /// Frames that stay together in the order; 1 for a full shuffle.
    block_len: usize,
    /// The blocks behind those in the queue, in reverse order, and what mixes their frames.
    blocks: Vec<Range<usize>>,
    rng: Pcg64,
}

/// Blocks whose frames are mixed with each other when blocks are shuffled.
const BLOCKS_MIXED: usize = 64;

impl Batches {
    /// Batches of the frames of `ranges`, shuffled as a whole.
    #[must_use]
    pub fn new(ranges: Vec<Range<usize>>, order: BatchOrder, seed: u64) -> Self {
        Self::in_blocks(ranges, order, seed, 1)
    }

    /// Batches whose shuffled order keeps `block_len` neighbouring frames near each other, for frames that are read from disk.
    #[must_use]
    pub fn in_blocks(ranges: Vec<Range<usize>>, order: BatchOrder, seed: u64, block_len: usize) -> Self {
        let mut batches = Self {
            ranges,
            order,
            seed,
            epoch: 0,
            queue: Vec::new(),
            before: 0,
            next: 0,
            block_len: block_len.max(1),
            blocks: Vec::new(),
            rng: random::stream(seed, Purpose::Shuffle, 0),
        };
        batches.start_epoch();
        batches
    }

    /// The same batches from another position on, as [`position`](Self::position) gave it: behind the first `taken` frames of epoch `epoch`.
    ///
    /// `None` where an epoch does not have so many frames.
    #[must_use]
    pub fn starting_at(mut self, epoch: u64, taken: usize) -> Option<Self> {
        if taken > self.num_frames() {
            return None;
        }
        self.epoch = epoch;
        // The order is a function of seed and epoch, so that a position is two numbers and not a queue of frames.
        self.start_epoch();
        self.next = taken;
        Some(self)
    }

    /// Finished epochs, and how many frames of the present one were taken.
    #[must_use]
    pub fn position(&self) -> (u64, usize) {
        (self.epoch, self.next)
    }

    /// How many frames there are.
    #[must_use]
    pub fn num_frames(&self) -> usize {
        self.ranges.iter().map(ExactSizeIterator::len).sum()
    }

    /// How many batches of `batch_len` an epoch has; at least one.
    #[must_use]
    pub fn per_epoch(&self, batch_len: usize) -> u64 {
        Self::in_epoch(self.num_frames(), self.order, batch_len)
    }

    /// How many batches of `batch_len` an epoch of so many frames has; at least one.
    #[must_use]
    pub fn in_epoch(frames: usize, order: BatchOrder, batch_len: usize) -> u64 {
        let batch_len = batch_len.max(1);
        let batches = match order {
            BatchOrder::Shuffled => frames / batch_len,
            BatchOrder::Sequential => frames.div_ceil(batch_len),
        };
        batches.max(1) as u64
    }

    /// The `nth` of the training frames, in the order in which they lie; the last one beyond it.
    #[must_use]
    pub fn frame(&self, nth: usize) -> usize {
        let mut left = nth;
        for range in &self.ranges {
            if left < range.len() {
                return range.start + left;
            }
            left -= range.len();
        }
        self.ranges.last().map_or(0, |range| range.end.saturating_sub(1))
    }

    /// The frames of the next batch: `batch_len` of them, or all there are where there are fewer.
    pub fn advance(&mut self, batch_len: usize) -> &[u32] {
        let batch_len = batch_len.clamp(1, self.num_frames().max(1));
        let left = self.num_frames() - self.next;
        let short = match self.order {
            BatchOrder::Shuffled => left < batch_len,
            BatchOrder::Sequential => left == 0,
        };
        if short {
            self.epoch += 1;
            self.start_epoch();
        }
        let end = (self.next + batch_len).min(self.num_frames());
        self.know_until(end);
        let batch = &self.queue[self.next - self.before..end - self.before];
        self.next = end;
        batch
    }

    /// Takes blocks apart until the first `end` frames of the epoch are known. Where there is something to do, those that were taken are forgotten.
    fn know_until(&mut self, end: usize) {
        if self.before + self.queue.len() >= end {
            return;
        }
        let taken = (self.next - self.before).min(self.queue.len());
        self.queue.drain(..taken);
        self.before += taken;
        while self.before + self.queue.len() < end && !self.blocks.is_empty() {
            let start = self.queue.len();
            let rest = self.blocks.len().saturating_sub(BLOCKS_MIXED);
            self.queue.extend(self.blocks.drain(rest..).rev().flatten().map(|frame| frame as u32));
            if self.order == BatchOrder::Shuffled {
                random::shuffle(&mut self.rng, &mut self.queue[start..]);
            }
            // Of blocks before those that are wanted, as where a training goes on in the middle of an epoch, nothing is kept.
            let passed = self.queue.len().min(self.next.saturating_sub(self.before));
            self.queue.drain(..passed);
            self.before += passed;
        }
    }

    fn start_epoch(&mut self) {
        (self.next, self.before) = (0, 0);
        self.queue.clear();
        let block_len = self.block_len;
        let mut blocks: Vec<Range<usize>> = Vec::new();
        for range in &self.ranges {
            let end = range.end;
            blocks.extend(range.clone().step_by(block_len).map(|s| s..s.saturating_add(block_len).min(end)));
        }
        self.rng = random::stream(self.seed, Purpose::Shuffle, self.epoch);
        if self.order == BatchOrder::Shuffled {
            random::shuffle(&mut self.rng, &mut blocks);
        }
        if block_len == 1 {
            self.queue.extend(blocks.into_iter().map(|block| block.start as u32));
            return;
        }
        blocks.reverse();
        self.blocks = blocks;
    }
}

/// Frames that stay near each other in a shuffled order: one in memory, what 64 KiB hold where each look may be a read from disk.
pub(super) fn block_len(set: &FeatureSet) -> usize {
    if set.matrix.is_mapped() { block_len_of(set.matrix.num_frames(), set.matrix.dim()) } else { 1 }
}

/// [`block_len`] for so many frames that are read from disk.
pub(super) fn block_len_of(num_frames: usize, dim: usize) -> usize {
    const BLOCK_BYTES: usize = 64 << 10;
    if num_frames.saturating_mul(dim).saturating_mul(size_of::<f32>()) > SHUFFLED_BYTES {
        return (BLOCK_BYTES / (dim * size_of::<f32>())).max(1);
    }
    1
}

/// A mapped corpus up to this size is shuffled as a whole: it stays in memory once it was read.
const SHUFFLED_BYTES: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_holds_every_frame_once() {
        for block_len in [1, 7] {
            let mut batches = Batches::in_blocks(vec![3..13, 20..30], BatchOrder::Shuffled, 1, block_len);
            let mut seen: Vec<u32> = (0..4).flat_map(|_| batches.advance(5).to_vec()).collect();
            assert_ne!(seen, (3..13).chain(20..30).collect::<Vec<u32>>(), "the order is not as it came");
            seen.sort_unstable();
            assert_eq!(seen, (3..13).chain(20..30).collect::<Vec<u32>>());
        }
    }

    #[test]
    fn shuffled_drops_the_rest_and_sequential_keeps_it() {
        let lens = |order| {
            let mut batches = Batches::new(vec![0..10], order, 0);
            (batches.per_epoch(4), (0..5).map(|_| batches.advance(4).len()).collect::<Vec<_>>())
        };
        assert_eq!(lens(BatchOrder::Shuffled), (2, vec![4, 4, 4, 4, 4]));
        assert_eq!(lens(BatchOrder::Sequential), (3, vec![4, 4, 2, 4, 4]));
    }

    #[test]
    fn fewer_frames_than_a_batch_are_one_batch() {
        let mut batches = Batches::new(vec![0..3], BatchOrder::Shuffled, 0);
        assert_eq!((batches.advance(100).len(), batches.per_epoch(100)), (3, 1));
        assert_eq!(batches.advance(100).len(), 3);
    }

    #[test]
    fn from_a_position_on_come_the_frames_that_were_to_come() {
        for order in [BatchOrder::Shuffled, BatchOrder::Sequential] {
            // Neighbours are kept together where frames are read from disk.
            for block_len in [1, 3] {
                let new = || Batches::in_blocks(vec![5..400, 410..700], order, 9, block_len);
                let mut whole = new();
                // The size of batches changes on the way.
                for batch_len in [64, 64, 7, 200, 300, 300, 64, 650, 64, 64] {
                    whole.advance(batch_len);
                    let (epoch, taken) = whole.position();
                    let (mut on, mut resumed) = (whole.clone(), new().starting_at(epoch, taken).unwrap());
                    for next in [50, 600, 50] {
                        assert_eq!(
                            on.advance(next),
                            resumed.advance(next),
                            "{order:?}, blocks of {block_len}"
                        );
                    }
                }
                assert!(whole.position().0 >= 2);
                assert!(new().starting_at(3, 685).is_some() && new().starting_at(3, 686).is_none());
            }
        }
    }

    #[test]
    fn of_many_blocks_only_those_that_come_next_are_taken_apart() {
        let mut batches = Batches::in_blocks(vec![0..100_000], BatchOrder::Shuffled, 3, 5);
        let mut seen = Vec::new();
        for _ in 0..1000 {
            seen.extend_from_slice(batches.advance(100));
            assert!(batches.queue.len() <= 100 + BLOCKS_MIXED * 5, "{} are known", batches.queue.len());
        }
        let resumed = Batches::in_blocks(vec![0..100_000], BatchOrder::Shuffled, 3, 5).starting_at(0, 60_000);
        let mut resumed = resumed.unwrap();
        assert_eq!(resumed.advance(500), &seen[60_000..60_500]);
        assert!(resumed.queue.len() <= 500 + BLOCKS_MIXED * 5);
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..100_000), "every frame comes once");
    }

    #[test]
    fn epochs_differ_and_seeds_repeat() {
        let mut a = Batches::new(vec![0..50], BatchOrder::Shuffled, 7);
        let mut b = Batches::new(vec![0..50], BatchOrder::Shuffled, 7);
        let first = a.advance(50).to_vec();
        assert_eq!(first, b.advance(50));
        assert_ne!(first, a.advance(50));
    }
}
