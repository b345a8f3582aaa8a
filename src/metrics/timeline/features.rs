//! Tiles of frames: means of their values, and how loud they are.

use ndarray::{Array2, ArrayView2};

use super::{FRAMES_A_MEAN, Tile, spread};

/// Means of the values of each bin, `(rows, bins)`: row `r` is of the dimensions `d` with `d rows / dim = r`, rounded down.
///
/// `frames` is `(num_frames, dim)`. Of a bin of more than [`FRAMES_A_MEAN`] frames so many are looked at, evenly spread.
#[must_use]
pub fn mean_features(frames: ArrayView2<'_, f32>, tile: Tile, rows: usize) -> Array2<f32> {
    let (num_frames, dim) = frames.dim();
    let rows = rows.clamp(1, dim.max(1));
    let bins = tile.bins(num_frames);
    let mut means = Array2::zeros((rows, bins.len()));
    let mut sums = vec![0f64; rows];
    let mut dims = vec![0u32; rows];
    (0..dim).for_each(|d| dims[d * rows / dim] += 1);
    for (nth, bin) in bins.enumerate() {
        sums.fill(0.0);
        let mut looked_at = 0u32;
        for frame in spread(bin, FRAMES_A_MEAN) {
            looked_at += 1;
            for (d, &value) in frames.row(frame).iter().enumerate() {
                sums[d * rows / dim] += f64::from(value);
            }
        }
        for (row, (&sum, &dims)) in sums.iter().zip(&dims).enumerate() {
            means[[row, nth]] = (sum / f64::from(looked_at * dims)) as f32;
        }
    }
    means
}

/// The root of the mean of `||x||²` over the frames of each bin, `(bins)`; `frames` is `(num_frames, dim)`.
#[must_use]
pub fn rms(frames: ArrayView2<'_, f32>, tile: Tile) -> Vec<f32> {
    let of_bin = |bin| {
        let (mut sum, mut looked_at) = (0f64, 0u32);
        for frame in spread(bin, FRAMES_A_MEAN) {
            looked_at += 1;
            sum += frames.row(frame).iter().map(|&v| f64::from(v).powi(2)).sum::<f64>();
        }
        (sum / f64::from(looked_at)).sqrt() as f32
    };
    tile.bins(frames.nrows()).map(of_bin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::timeline::{tiles_over, top_level};

    #[test]
    fn every_level_is_the_plain_mean_of_its_frames() {
        for (num_frames, dim, rows) in [(1, 1, 4), (700, 5, 5), (1300, 7, 3)] {
            let frames =
                Array2::from_shape_fn((num_frames, dim), |(t, d)| ((t * 31 + d * 7) % 97) as f32 / 9.0 - 4.0);
            for level in 0..=top_level(num_frames) {
                for tile in tiles_over(level, 0..num_frames, num_frames) {
                    let (means, loud) = (mean_features(frames.view(), tile, rows), rms(frames.view(), tile));
                    assert_eq!(means.nrows(), rows.min(dim));
                    let rows = means.nrows();
                    for (nth, bin) in tile.bins(num_frames).enumerate() {
                        let looked_at: Vec<usize> = spread(bin, FRAMES_A_MEAN).collect();
                        for row in 0..rows {
                            let dims: Vec<usize> = (0..dim).filter(|d| d * rows / dim == row).collect();
                            let all = looked_at.iter().flat_map(|&t| dims.iter().map(move |&d| (t, d)));
                            let sum: f64 = all.map(|at| f64::from(frames[at])).sum();
                            let plain = sum / (looked_at.len() * dims.len()) as f64;
                            assert!((f64::from(means[[row, nth]]) - plain).abs() < 1e-5, "{tile:?}");
                        }
                        let squares =
                            |&t: &usize| frames.row(t).iter().map(|&v| f64::from(v).powi(2)).sum::<f64>();
                        let mean = looked_at.iter().map(squares).sum::<f64>() / looked_at.len() as f64;
                        assert!((f64::from(loud[nth]) - mean.sqrt()).abs() < 1e-4, "{tile:?}");
                    }
                }
            }
        }
    }
}
