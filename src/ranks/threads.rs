//! Ranks that are threads of one process: to see what several do where there is no MPI.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{Lost, Ranks};

/// One of several threads that work on the same. When it is dropped, those that still wait for it are told.
#[derive(Debug)]
pub struct ThreadRank {
    rank: usize,
    meeting: Arc<Meeting>,
}

/// Where they meet.
#[derive(Debug)]
struct Meeting {
    size: usize,
    state: Mutex<State>,
    turn: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// What was brought so far, by rank.
    brought: Vec<Vec<u8>>,
    arrived: usize,
    /// Meetings that have ended.
    ended: u64,
    /// What the last one had. The next one cannot end before every rank has taken it.
    told: Arc<Vec<Vec<u8>>>,
    is_lost: bool,
}

/// Runs `work` as each of `size` ranks, each on its own thread, and gives what came of it, by rank; `None` for one that panicked.
pub fn as_threads<T: Send>(size: usize, work: impl Fn(Arc<ThreadRank>) -> T + Sync) -> Vec<Option<T>> {
    let state = State { brought: vec![Vec::new(); size], ..State::default() };
    let meeting = Arc::new(Meeting { size, state: Mutex::new(state), turn: Condvar::new() });
    std::thread::scope(|scope| {
        let start = |rank| {
            let rank = Arc::new(ThreadRank { rank, meeting: meeting.clone() });
            let work = &work;
            scope.spawn(move || work(rank))
        };
        let threads: Vec<_> = (0..size).map(start).collect();
        threads.into_iter().map(|thread| thread.join().ok()).collect()
    })
}

impl Meeting {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ThreadRank {
    fn meet(&self, bytes: Vec<u8>) -> Result<Arc<Vec<Vec<u8>>>, Lost> {
        let Meeting { size, turn, .. } = &*self.meeting;
        let mut state = self.meeting.state();
        state.brought[self.rank] = bytes;
        state.arrived += 1;
        if state.arrived == *size {
            state.arrived = 0;
            state.ended += 1;
            state.told = Arc::new(state.brought.iter_mut().map(std::mem::take).collect());
            turn.notify_all();
            return Ok(state.told.clone());
        }
        let before = state.ended;
        while state.ended == before {
            if state.is_lost {
                return Err(Lost);
            }
            state = turn.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(state.told.clone())
    }

    fn fold(&self, values: &mut [i64], fold: impl Fn(i64, i64) -> i64) -> Result<(), Lost> {
        let all = self.meet(bytemuck::cast_slice(values).to_vec())?;
        for (rank, told) in all.iter().enumerate() {
            for (value, &word) in values.iter_mut().zip(told.as_chunks::<8>().0) {
                let other = i64::from_ne_bytes(word);
                *value = if rank == 0 { other } else { fold(*value, other) };
            }
        }
        Ok(())
    }
}

impl Drop for ThreadRank {
    fn drop(&mut self) {
        self.meeting.state().is_lost = true;
        self.meeting.turn.notify_all();
    }
}

impl Ranks for ThreadRank {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.meeting.size
    }

    fn sum(&self, values: &mut [i64]) -> Result<(), Lost> {
        self.fold(values, i64::wrapping_add)
    }

    fn max(&self, values: &mut [i64]) -> Result<(), Lost> {
        self.fold(values, i64::max)
    }

    fn gather(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Lost> {
        self.meet(bytes.to_vec()).map(|told| told.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranks::join_rows;

    #[test]
    fn all_ranks_hear_the_same() {
        for size in [1, 2, 5] {
            let heard = as_threads(size, |rank| {
                let own = rank.rank() as i64;
                for round in 0..50 {
                    let (mut sums, mut largest) = ([own, round], [own, -own]);
                    rank.sum(&mut sums).unwrap();
                    rank.max(&mut largest).unwrap();
                    let all = size as i64;
                    assert_eq!((sums, largest), ([all * (all - 1) / 2, all * round], [all - 1, 0]));
                }
                let row = [own as f32, 0.5];
                join_rows(&*rank, (size + 1, 2), [(size - 1 - rank.rank(), &row[..])].into_iter()).unwrap()
            });
            let expected: Vec<f32> =
                (0..size).rev().flat_map(|n| [n as f32, 0.5]).chain([0.0, 0.0]).collect();
            assert!(heard.iter().all(|rows| rows.as_ref() == Some(&expected)), "{size}: {heard:?}");
        }
    }

    #[test]
    fn one_that_ends_ends_the_others() {
        let heard = as_threads(3, |rank| {
            for round in 0..4 {
                if rank.rank() == 1 && round == 2 {
                    return Ok(());
                }
                rank.sum(&mut [1])?;
            }
            Ok(())
        });
        assert_eq!(heard, [Some(Err(Lost)), Some(Ok(())), Some(Err(Lost))]);
    }
}
