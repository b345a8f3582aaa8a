//! How files are dealt out to ranks.

use std::ops::Range;

/// Which of the things of these `sizes` each of `num_ranks` gets: neighbours, at least one each, about as much for each.
///
/// There must be as many as ranks.
pub(super) fn by_size(sizes: &[u64], num_ranks: usize) -> Vec<Range<usize>> {
    let total: u128 = sizes.iter().map(|&size| u128::from(size)).sum();
    let mut starts = vec![0];
    let (mut next, mut before) = (0, 0u128);
    for rank in 1..num_ranks {
        let wanted = total * rank as u128 / num_ranks as u128;
        let least = starts.last().map_or(0, |&start| start + 1);
        // One is left for each of those that come.
        let most = sizes.len().saturating_sub(num_ranks - rank);
        while next < most && (next < least || before + u128::from(sizes[next]) / 2 < wanted) {
            before += u128::from(sizes[next]);
            next += 1;
        }
        starts.push(next);
    }
    starts.push(sizes.len());
    starts.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_and_about_as_much_for_each() {
        assert_eq!(by_size(&[1; 8], 4), [0..2, 2..4, 4..6, 6..8]);
        assert_eq!(by_size(&[100, 1, 1, 1], 2), [0..1, 1..4]);
        assert_eq!(by_size(&[1, 1, 1, 100], 2), [0..3, 3..4]);
        assert_eq!(by_size(&[100, 1, 1, 1], 4), [0..1, 1..2, 2..3, 3..4]);
        assert_eq!(by_size(&[1, 1, 1, 100], 3), [0..2, 2..3, 3..4]);
        assert_eq!(by_size(&[5, 5, 5], 1), [0..3]);
        assert_eq!(by_size(&[0, 0, 0], 3), [0..1, 1..2, 2..3]);
        for num_ranks in 1..20 {
            let sizes: Vec<u64> = (0..20).map(|nth| nth * 7919 % 31).collect();
            let shares = by_size(&sizes, num_ranks);
            assert_eq!((shares.len(), shares[num_ranks - 1].end), (num_ranks, 20));
            assert!(shares.iter().all(|share| !share.is_empty()), "{num_ranks}: {shares:?}");
        }
    }
}
