//! Paths of a frame that compete, with tables and without, against plain sums.

use ndarray::{Array2, ArrayView2};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::super::available_kernels;
use super::super::tests::normal;
use super::*;

/// The best pairs of path and code by distance in f64; with `keeps_first`, the nearest code of the first path before all others.
fn best_of_paths_naive(
    paths: &[f32],
    codebook: ArrayView2<'_, f32>,
    kept: usize,
    keeps_first: bool,
) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    for (path, residual) in paths.chunks_exact(codebook.ncols()).enumerate() {
        for (code, row) in codebook.rows().into_iter().enumerate() {
            let dist: f64 =
                residual.iter().zip(row).map(|(&r, &e)| (f64::from(r) - f64::from(e)).powi(2)).sum();
            pairs.push((dist, (path as u32, code as u32)));
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    if keeps_first {
        let first = pairs.iter().position(|pair| pair.1.0 == 0).unwrap();
        pairs[..=first].rotate_right(1);
    }
    pairs.into_iter().map(|pair| pair.1).take(kept).collect()
}

/// Three paths of random frames through `books`, and the search through the last of them with tables and without.
fn check_paths(what: &str, frames: &Array2<f32>, books: &[Array2<f32>], most_left: usize) {
    check_many_paths(what, frames, books, most_left, 3, &[(true, 4), (false, 1), (false, 5)]);
}

/// The same with any number of paths, and of those that are kept.
fn check_many_paths(
    what: &str,
    frames: &Array2<f32>,
    books: &[Array2<f32>],
    most_left: usize,
    paths: usize,
    kept: &[(bool, usize)],
) {
    let (book, earlier) = books.split_last().unwrap();
    let (dim, num_layers) = (book.ncols(), books.len());
    let num_frames = frames.nrows();
    let mut rng = Pcg64Mcg::seed_from_u64(5);
    let mut codes = vec![0u32; num_frames * paths * num_layers];
    let (mut residual, mut drift) = (Vec::new(), Vec::new());
    let mut before = vec![0; num_layers];
    for (path, codes) in codes.chunks_exact_mut(num_layers).enumerate() {
        let mut left = frames.row(path / paths).to_vec();
        let mut off = 0.0;
        // Every third path has its first codes in common with the one before, every ninth of them all.
        let shared = if path % 3 == 2 { path % 9 / 3 } else { 0 };
        for (layer, (code, book)) in codes.iter_mut().zip(earlier).enumerate() {
            *code = rng.random_range(0..book.nrows() as u32);
            *code = if layer < shared { before[layer] } else { *code };
            left.iter_mut().zip(book.row(*code as usize)).for_each(|(r, e)| *r -= e);
            off += f32::EPSILON * left.iter().map(|r| r * r).sum::<f32>().sqrt();
        }
        before.copy_from_slice(codes);
        residual.extend(left);
        drift.push(off);
    }
    let so_far = PathsSoFar { paths, residual: &residual, codes: &codes, drift: &drift };
    let views: Vec<_> = earlier.iter().map(|book| book.view()).collect();
    let best = Searcher::new(book.view());
    // Without tables, with the best kernels of either kind, and with each kernel alone.
    let mut ways = vec![(best.clone(), None), (best, PathTables::new(book.view(), &views, None))];
    for kernel in available_kernels() {
        let searcher = Searcher::with_kernel(book.view(), kernel);
        ways.push((searcher, PathTables::new(book.view(), &views, Some(kernel))));
    }
    for &(keeps_first, kept) in kept {
        let kept = kept.min(paths * book.nrows());
        let expected: Vec<(u32, u32)> = residual
            .chunks_exact(paths * dim)
            .flat_map(|paths| best_of_paths_naive(paths, book.view(), kept, keeps_first))
            .collect();
        for (searcher, tables) in &ways {
            let tables = tables.as_ref();
            let mut picks = vec![Pick::NONE; num_frames * kept];
            let left =
                searcher.best_of_paths(tables, so_far, keeps_first, &mut picks, &mut Scratch::default());
            let found: Vec<_> = picks.iter().map(|pick| (pick.path, pick.code)).collect();
            let kernels = (searcher.kernel(), tables.map(|tables| tables.kernel));
            assert_eq!(found, expected, "{what}, {kept} kept, {kernels:?}");
            assert!(tables.is_none() || left <= most_left, "{what}: tables did not serve for {left} frames");
            check_each_path(&format!("{what}, {kernels:?}"), searcher, so_far, keeps_first, &picks);
        }
    }
}

/// Asking for the nearest code of each path as well changes no pick, and gives what a search of each path alone gives.
fn check_each_path(
    what: &str,
    searcher: &Searcher,
    so_far: PathsSoFar<'_>,
    keeps_first: bool,
    expected: &[Pick],
) {
    let num_paths = so_far.drift.len();
    let (mut codes, mut sq_dists) = (vec![u32::MAX; num_paths], vec![f32::NAN; num_paths]);
    let mut picks = vec![Pick::NONE; expected.len()];
    let nearest = Some((&mut codes[..], &mut sq_dists[..]));
    let wanted = Wanted { paths: so_far.paths, keeps_first, picks: &mut picks, nearest };
    searcher.best_of_each_path(so_far.residual, wanted, &mut Scratch::default());
    assert_eq!(picks, expected, "{what}");
    let (mut own_codes, mut own_sq_dists) = (vec![0; num_paths], vec![0.0; num_paths]);
    searcher.assign(so_far.residual, &mut own_codes, &mut own_sq_dists);
    assert_eq!(codes, own_codes, "{what}");
    assert_eq!(sq_dists, own_sq_dists, "{what}");
}

#[test]
fn paths_compete_on_their_true_distances() {
    for (dim, num_codes) in [(3, 1), (8, 40), (33, 100), (64, 300), (128, 33)] {
        let books: Vec<_> =
            (0..4).map(|layer| normal(num_codes, dim, layer) * 0.7f32.powi(layer as i32)).collect();
        let frames = normal(45, dim, 9);
        check_paths(&format!("{num_codes} of {dim}"), &frames, &books, if num_codes == 1 { 45 } else { 5 });
        let shifted: Vec<_> = books.iter().map(|book| book + 75.0).collect();
        check_paths("shifted", &(&frames + 300.0), &shifted, 45);
        let far: Vec<_> = books.iter().map(|book| book * 1e-3).collect();
        check_paths("frames far outside of what 16 bits hold", &frames, &far, 45);
        let rounded: Vec<_> = books.iter().map(|book| (book * 2.0).mapv(f32::round)).collect();
        check_paths("ties", &(&frames * 2.0).mapv(f32::round), &rounded, 45);
    }
}

#[test]
fn paths_through_equal_codes_and_numbers_out_of_range() {
    let frames = normal(20, 16, 1);
    let books = [normal(30, 16, 2), normal(30, 16, 3), Array2::from_elem((50, 16), 0.25)];
    check_paths("equal codes", &frames, &books, 20);
    let mut wide = books.clone();
    wide[2] = normal(50, 16, 4);
    wide[2][[7, 3]] = 1e30;
    check_paths("a code far out", &frames, &wide, 20);
    let huge = frames.mapv(|v| v * 1e30);
    check_paths("huge frames", &huge, &books[..2], 20);
    let tiny: Vec<_> = books.iter().map(|book| book * 1e-38).collect();
    check_paths("tiny", &(frames * 1e-38), &tiny, 20);
}

#[test]
fn many_paths_and_codes_of_unequal_length() {
    let mut books: Vec<_> = (0..4).map(|layer| normal(200, 40, layer) * 0.7f32.powi(layer as i32)).collect();
    let frames = normal(9, 40, 9);
    let kept = [(true, 64), (false, 33), (true, 1)];
    for paths in [1, 2, 20, 64] {
        check_many_paths(&format!("{paths} paths"), &frames, &books, 1, paths, &kept);
    }
    let many = [normal(30, 10, 1), normal(30, 10, 2), normal(1500, 10, 3)];
    check_many_paths("codes of several segments", &normal(5, 10, 4), &many, 1, 9, &[(true, 9), (false, 1)]);
    for (k, mut row) in books[3].rows_mut().into_iter().enumerate() {
        row *= if k % 50 == 0 { 15.0 } else { 0.5 + (k % 7) as f32 / 3.0 };
    }
    check_many_paths("a few long codes", &frames, &books, 1, 5, &[(true, 5), (false, 1)]);
    books[3].row_mut(3).mapv_inplace(|v| v * 3e4);
    check_many_paths("one very long code", &frames, &books, 9, 5, &[(true, 5), (false, 1)]);
}
