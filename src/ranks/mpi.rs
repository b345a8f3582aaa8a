//! Ranks that are the processes of an MPI job.

use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Root};

use super::{Lost, Ranks};

/// The processes that one `mpirun` has started. A call that MPI cannot carry out ends all of them, as does a process that dies: `mpirun` sees to it.
#[derive(Debug, Clone, Copy)]
pub struct Mpi {
    rank: usize,
    size: usize,
}

/// This process as one of an MPI job, from [`joined`] to [`leave`].
pub struct Membership {
    universe: Option<Universe>,
    /// The processes of the job.
    pub ranks: Mpi,
}

/// What `mpirun` and its likes set for each process that they start.
const STARTED_BY: &[&str] = &["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "MPI_LOCALNRANKS"];

/// Numbers that are told in one call: MPI counts them in 32 bits.
const MOST_NUMBERS: usize = 1 << 27;

/// Joins the MPI job that this process is one of; `None` where no `mpirun` has started it.
///
/// One thread at a time may tell and hear then, whichever it is.
#[must_use]
pub fn joined() -> Option<Membership> {
    if STARTED_BY.iter().all(|name| std::env::var_os(name).is_none()) {
        return None;
    }
    let (universe, _) = mpi::initialize_with_threading(mpi::Threading::Serialized)?;
    let world = universe.world();
    let count = |number: i32| usize::try_from(number).unwrap_or(0);
    let ranks = Mpi { rank: count(world.rank()), size: count(world.size()) };
    Some(Membership { universe: Some(universe), ranks })
}

/// Leaves the job, together with all others.
pub fn leave(mut membership: Membership) {
    drop(membership.universe.take());
}

/// Threads for each of the ranks on this machine, so that together they have one a core.
#[must_use]
pub fn threads_a_rank() -> usize {
    let here = ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"]
        .iter()
        .find_map(|name| std::env::var(name).ok()?.parse::<usize>().ok());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (cores / here.unwrap_or(1).max(1)).max(1)
}

impl Drop for Membership {
    fn drop(&mut self) {
        // On the way out of a panic nobody is to be waited for: the others wait for this one, and end when it has ended.
        std::mem::forget(self.universe.take());
    }
}

impl Mpi {
    fn reduce(&self, values: &mut [i64], operation: SystemOperation) {
        let world = SimpleCommunicator::world();
        for values in values.chunks_mut(MOST_NUMBERS) {
            let own = values.to_vec();
            world.all_reduce_into(&own[..], values, operation);
        }
    }
}

impl Ranks for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn sum(&self, values: &mut [i64]) -> Result<(), Lost> {
        self.reduce(values, SystemOperation::sum());
        Ok(())
    }

    fn max(&self, values: &mut [i64]) -> Result<(), Lost> {
        self.reduce(values, SystemOperation::max());
        Ok(())
    }

    fn gather(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Lost> {
        let world = SimpleCommunicator::world();
        let mut lens = vec![0u64; self.size];
        world.all_gather_into(&[bytes.len() as u64][..], &mut lens[..]);
        let total: u64 = lens.iter().sum();
        if i32::try_from(total).is_ok() {
            let counts: Vec<i32> = lens.iter().map(|&len| len as i32).collect();
            let starts: Vec<i32> = counts
                .iter()
                .scan(0, |end, &count| {
                    *end += count;
                    Some(*end - count)
                })
                .collect();
            let mut all = vec![0u8; total as usize];
            let mut parts = PartitionMut::new(&mut all[..], &counts[..], &starts[..]);
            world.all_gather_varcount_into(bytes, &mut parts);
            let part = |(&start, &count): (&i32, &i32)| all[start as usize..][..count as usize].to_vec();
            return Ok(starts.iter().zip(&counts).map(part).collect());
        }
        // More than MPI can count in one call: each rank in turn.
        let mut all = Vec::with_capacity(self.size);
        for (rank, &len) in (0..).zip(&lens) {
            let mut told = if rank == world.rank() { bytes.to_vec() } else { vec![0u8; len as usize] };
            for part in told.chunks_mut(MOST_NUMBERS) {
                world.process_at_rank(rank).broadcast_into(part);
            }
            all.push(told);
        }
        Ok(all)
    }
}
