//! Tiles of codes: the code that most frames of a bin chose.

use ndarray::{Array2, ArrayView2, s};

use super::Tile;

/// What stands where no frame of a bin has a code of the codebook.
pub const NONE: u32 = u32::MAX;

/// The code that most frames of each bin chose, the lowest of several: `(num_layers, bins)`.
///
/// `codes` is `(num_layers, num_frames)`, `num_codes` is `K` of each layer. What is no code of its layer does not count; where there is nothing else,
/// there is [`NONE`].
#[must_use]
pub fn commonest(codes: ArrayView2<'_, u32>, num_codes: &[usize], tile: Tile) -> Array2<u32> {
    let (num_layers, num_frames) = codes.dim();
    let bins: Vec<_> = tile.bins(num_frames).collect();
    let mut found = Array2::from_elem((num_layers, bins.len()), NONE);
    for ((row, mut found), &size) in codes.rows().into_iter().zip(found.rows_mut()).zip(num_codes) {
        // Only what a bin has counted is set back behind it: most bins are shorter than a codebook.
        let mut counts = vec![0u32; size];
        for (found, bin) in found.iter_mut().zip(&bins) {
            let bin = row.slice(s![bin.clone()]);
            let mut most = 0;
            for &code in bin {
                let Some(count) = counts.get_mut(code as usize) else { continue };
                *count += 1;
                if *count > most || (*count == most && code < *found) {
                    (most, *found) = (*count, code);
                }
            }
            for &code in bin {
                if let Some(count) = counts.get_mut(code as usize) {
                    *count = 0;
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::timeline::{tiles_over, top_level};

    /// The same by looking at every code of the codebook.
    fn plain(codes: &[u32], size: usize) -> u32 {
        let count = |code: u32| codes.iter().filter(|&&c| c == code).count();
        let most = (0..size as u32).map(count).max().unwrap_or(0);
        (0..size as u32).find(|&code| most > 0 && count(code) == most).unwrap_or(NONE)
    }

    #[test]
    fn every_level_is_the_plain_count_of_its_frames() {
        for num_frames in [1, 300, 1027] {
            let codes = Array2::from_shape_fn((3, num_frames), |(layer, t)| match (t * 7 + layer) % 23 {
                0 => NONE,
                n => ((n * (t / 50 + 1)) % 9) as u32,
            });
            // The second layer has fewer codes than stand there.
            let sizes = [9, 5, 16];
            for level in 0..=top_level(num_frames) {
                for tile in tiles_over(level, 0..num_frames, num_frames) {
                    let found = commonest(codes.view(), &sizes, tile);
                    for ((layer, nth), &code) in found.indexed_iter() {
                        let bin = tile.bins(num_frames).nth(nth).unwrap();
                        let of_bin: Vec<u32> = codes.slice(s![layer, bin]).to_vec();
                        assert_eq!(code, plain(&of_bin, sizes[layer]), "{tile:?}, layer {layer}, bin {nth}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_lowest_of_several_is_taken_and_nothing_stays_nothing() {
        let codes = ndarray::arr2(&[[3, 1, 1, 3], [NONE, NONE, 8, NONE]]);
        let all = Tile { level: 2, index: 0 };
        assert_eq!(commonest(codes.view(), &[4, 8], all), ndarray::arr2(&[[1], [NONE]]));
        assert_eq!(commonest(codes.view(), &[4, 9], all), ndarray::arr2(&[[1], [8]]));
    }
}
