//! Ids: what things are told apart by. None is ever given twice, not even after a restart.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),*) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl From<u64> for $name {
            fn from(id: u64) -> Self {
                Self(id)
            }
        })*
    };
}

id! {
    /// A run.
    RunId,
    /// A corpus, made of its files in one way: the same files read in another way are other data.
    DataId,
    /// Runs that belong together: a comparison, a sweep.
    GroupId
}

/// Gives out ids, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ids {
    next: u64,
}

impl Default for Ids {
    fn default() -> Self {
        Self { next: 1 }
    }
}

impl Ids {
    pub(super) fn give<T: From<u64>>(&mut self) -> T {
        let id = self.next;
        self.next += 1;
        T::from(id)
    }

    /// The number that the next id will have.
    pub(super) fn next(self) -> u64 {
        self.next
    }

    /// Never gives `next` or less than it again.
    pub(super) fn start_at(&mut self, next: u64) {
        self.next = self.next.max(next);
    }
}
