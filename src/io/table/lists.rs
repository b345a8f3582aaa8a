//! A column of numbers in lists, however deep: the numbers one after the other, and at each depth how long the lists are.

use super::Budget;
use crate::io::Problem;
use crate::io::held::{Number, Values};

/// What a list of a row takes while it is not known whether the row is an array.
const PIECE_COST: u64 = 80;

/// Numbers in lists.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::io) struct Lists {
    /// At each depth the length of every list, in order: at the first depth one a row. Empty for a number a row.
    pub(in crate::io) lens: Vec<Vec<u32>>,
    /// The numbers.
    pub(in crate::io) values: Values,
    /// Places without a number.
    pub(in crate::io) nulls: u64,
}

/// What one row holds: an array, or several that do not make one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Array { shape: Vec<usize>, start: usize, len: usize },
    Pieces(Vec<Piece>),
}

impl Lists {
    /// No row yet, lists inside one another `depth` times.
    pub(in crate::io) fn new(depth: usize) -> Self {
        Self { lens: vec![Vec::new(); depth], values: Values::Whole(Vec::new()), nulls: 0 }
    }

    /// A number at the end.
    pub(in crate::io) fn push(&mut self, number: Number) {
        self.values.push(number);
    }

    /// The length that all lists of a row have; `None` if they differ, or hold nothing.
    pub(super) fn common_len(&self) -> Option<usize> {
        let [lens] = &*self.lens else { return None };
        let first = lens.first().copied().filter(|&len| len > 0)?;
        lens.iter().all(|&len| len == first).then_some(first as usize)
    }

    /// What each row holds; or that one is of more lists than `budget` has room for.
    pub(super) fn rows<'a>(
        &'a self,
        budget: &'a Budget,
    ) -> impl Iterator<Item = Result<Piece, Problem>> + 'a {
        let mut walk = Walk { lists: self, budget, at: vec![0; self.lens.len()], value: 0, cost: 0 };
        let rows = self.lens.first().map_or(0, Vec::len);
        (0..rows).map(move |_| {
            walk.cost = 0;
            walk.list(0)
        })
    }
}

/// Where a walk over the rows stands.
struct Walk<'a> {
    lists: &'a Lists,
    budget: &'a Budget,
    /// The next list of each depth.
    at: Vec<usize>,
    value: usize,
    /// What the lists of this row take.
    cost: u64,
}

impl Walk<'_> {
    /// The next list of a depth.
    fn list(&mut self, depth: usize) -> Result<Piece, Problem> {
        self.cost += PIECE_COST;
        self.budget.check(self.cost)?;
        let len = self.lists.lens.get(depth).and_then(|lens| lens.get(self.at[depth]));
        let len = len.copied().unwrap_or(0) as usize;
        self.at[depth] += 1;
        let start = self.value;
        if depth + 1 == self.lists.lens.len() || len == 0 {
            let len = if depth + 1 == self.lists.lens.len() { len } else { 0 };
            self.value += len;
            return Ok(Piece::Array { shape: vec![len], start, len });
        }
        let pieces: Vec<Piece> = (0..len).map(|_| self.list(depth + 1)).collect::<Result<_, _>>()?;
        let common = match pieces.first() {
            Some(Piece::Array { shape, .. }) => Some(shape.clone()),
            _ => None,
        };
        let is_common =
            |piece: &Piece| matches!(piece, Piece::Array { shape, .. } if Some(shape) == common.as_ref());
        Ok(match &common {
            Some(shape) if pieces.iter().all(is_common) => {
                let shape = [len].iter().chain(shape).copied().collect();
                Piece::Array { shape, start, len: self.value - start }
            }
            _ => Piece::Pieces(pieces),
        })
    }
}
