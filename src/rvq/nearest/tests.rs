//! Every kernel against the oracle, on data that is kind and on data that is not.

use ndarray::{Array2, ArrayView2, Axis};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::layout::{PANEL, Units};
use super::row_table::RowTable;
use super::simd::Terms;
use super::*;

/// Roughly normal numbers, `(rows, cols)`.
pub(super) fn normal(rows: usize, cols: usize, seed: u64) -> Array2<f32> {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    Array2::from_shape_simple_fn((rows, cols), || {
        (0..6).map(|_| rng.random::<f32>() - 0.5).sum::<f32>() * 1.4
    })
}

/// The first `m` codes by distance in f64, lower index first on ties.
fn nearest_m_naive(frame: &[f32], codebook: ArrayView2<'_, f32>, m: usize) -> Vec<u32> {
    let dist = |k: u32| -> f64 {
        frame.iter().zip(codebook.row(k as usize)).map(|(&x, &e)| (f64::from(x) - f64::from(e)).powi(2)).sum()
    };
    let mut codes: Vec<u32> = (0..codebook.nrows() as u32).collect();
    codes.sort_by(|&a, &b| dist(a).total_cmp(&dist(b)).then(a.cmp(&b)));
    codes.resize(m, u32::MAX);
    codes
}

/// Every kernel gives the oracle's codes, and all give the same distances, bit for bit.
fn check(what: &str, frames: ArrayView2<'_, f32>, codebook: ArrayView2<'_, f32>) {
    let (expected, exact) = nearest_naive(frames, codebook);
    let flat: Vec<f32> = frames.iter().copied().collect();
    let mut first: Option<Vec<u32>> = None;
    for kernel in available_kernels() {
        let searcher = Searcher::with_kernel(codebook, kernel);
        let (mut codes, mut dists) = (vec![9; expected.len()], vec![-1.0; expected.len()]);
        searcher.assign(&flat, &mut codes, &mut dists);
        assert_eq!(codes, expected, "{what}, {kernel:?}");
        for (&dist, &exact) in dists.iter().zip(&exact) {
            let error = (f64::from(dist) - exact).abs();
            assert!(
                error <= 1e-5 * exact + 1e-38 || exact > 3e38,
                "{what}, {kernel:?}: {dist} is not {exact}"
            );
        }
        let bits: Vec<u32> = dists.iter().map(|dist| dist.to_bits()).collect();
        assert_eq!(&bits, first.get_or_insert_with(|| bits.clone()), "{what}, {kernel:?}: distances");
    }
}

/// Every kernel gives the `m` nearest in the oracle's order.
fn check_m(what: &str, frames: ArrayView2<'_, f32>, codebook: ArrayView2<'_, f32>, m: usize) {
    let flat: Vec<f32> = frames.iter().copied().collect();
    let expected: Vec<u32> =
        flat.chunks_exact(codebook.ncols()).flat_map(|frame| nearest_m_naive(frame, codebook, m)).collect();
    for kernel in available_kernels() {
        let searcher = Searcher::with_kernel(codebook, kernel);
        let (mut codes, mut dists) = (vec![0; expected.len()], vec![0.0; expected.len()]);
        searcher.nearest_m_block(&flat, m, &mut codes, &mut dists, &mut Scratch::default());
        assert_eq!(codes, expected, "{what}, m = {m}, {kernel:?}");
    }
}

#[test]
fn equals_the_oracle_at_every_shape() {
    let dims = [1, 2, 3, 7, 15, 16, 17, 30, 31, 64, 100, 128, 257];
    for (i, dim) in dims.into_iter().enumerate() {
        for (j, num_codes) in [1, 2, 31, 32, 33, 300].into_iter().enumerate() {
            let seed = (i * 8 + j) as u64;
            let (frames, codebook) = (normal(3 + 5 * j, dim, seed), normal(num_codes, dim, seed + 1000));
            check(&format!("{num_codes} codes of {dim}"), frames.view(), codebook.view());
        }
    }
    check("large", normal(40, 1024, 1).view(), normal(500, 1024, 2).view());
    check("many codes", normal(50, 5, 1).view(), normal(8192, 5, 2).view());
}

#[test]
fn an_offset_and_the_magnitude_cost_no_precision() {
    for dim in [8, 64] {
        let (frames, codebook) = (normal(200, dim, 3), normal(256, dim, 4));
        for scale in [1e-20f32, 1e-10, 1.0, 1e10, 1e15, 1e-38, 1e37] {
            check(&format!("scale {scale}"), (&frames * scale).view(), (&codebook * scale).view());
        }
        for offset in [300.0, -1e5, 1e7] {
            check(&format!("offset {offset}"), (&frames + offset).view(), (&codebook + offset).view());
        }
        check("far frames", (&frames * 1e30).view(), (&codebook * 1e-30).view());
        check("near frames", (&frames * 1e-30).view(), codebook.view());
        check(
            "a far code",
            frames.view(),
            {
                let mut codebook = codebook.clone();
                codebook.row_mut(7).fill(1e20);
                codebook.view().to_owned()
            }
            .view(),
        );
    }
}

#[test]
fn ties_go_to_the_lowest_index() {
    for dim in [3, 48] {
        // Small integers tie exactly in every format and in f64.
        let grid = |rows, seed| normal(rows, dim, seed).mapv(f32::round);
        let (frames, codebook) = (grid(300, 5), grid(400, 6));
        check("grid", frames.view(), codebook.view());
        check("constant", Array2::ones((40, dim)).view(), Array2::ones((70, dim)).view());
        let twice = ndarray::concatenate![Axis(0), codebook, codebook];
        check("copies", frames.view(), twice.view());
        check_m("copies", frames.slice(ndarray::s![..20, ..]), twice.view(), 6);
    }
}

#[test]
fn near_ties_are_decided_in_f64() {
    let codebook = normal(128, 40, 7);
    let mut near = ndarray::concatenate![Axis(0), codebook, codebook];
    for (i, mut row) in near.axis_iter_mut(Axis(0)).enumerate() {
        let j = i % 40;
        row[j] = f32::from_bits(row[j].to_bits() ^ (i as u32 >> 7));
    }
    check("one ulp apart", normal(300, 40, 8).view(), near.view());
    check_m("one ulp apart", normal(30, 40, 8).view(), near.view(), 4);
}

#[test]
fn outlying_dimensions_and_sparse_rows() {
    for dim in [32, 128] {
        let (mut frames, mut codebook) = (normal(200, dim, 9), normal(256, dim, 10));
        for array in [&mut frames, &mut codebook] {
            array.column_mut(3).mapv_inplace(|v| v * 200.0);
            array.row_mut(5).fill(0.0);
            array[[6, 0]] = 1e4;
        }
        check("outliers", frames.view(), codebook.view());
    }
}

#[test]
fn the_m_nearest_come_in_order() {
    let (frames, codebook) = (normal(37, 24, 11), normal(333, 24, 12));
    for m in [1, 2, 5, 32, 40] {
        check_m("normal", frames.view(), codebook.view(), m);
    }
    check_m("fewer codes than asked for", frames.view(), codebook.slice(ndarray::s![..3, ..]), 5);
    check_m("out of range", (&frames * 1e30).view(), (&codebook * 1e-30).view(), 4);
}

#[test]
fn a_searcher_can_be_prepared_again() {
    let mut searcher = Searcher::default();
    let mut scratch = Scratch::default();
    for (dim, num_codes) in [(64, 300), (5, 40), (128, 33), (64, 1), (30, 70)] {
        let (frames, codebook) = (normal(50, dim, 13), normal(num_codes, dim, 14));
        searcher.prepare(codebook.view());
        let (mut codes, mut dists) = (vec![0; 50], vec![0.0; 50]);
        searcher.assign_block(frames.as_slice().unwrap(), &mut codes, &mut dists, &mut scratch);
        assert_eq!(codes, nearest_naive(frames.view(), codebook.view()).0, "{num_codes} codes of {dim}");
    }
}

#[test]
fn the_threads_do_not_change_the_result() {
    let (frames, codebook) = (normal(1500, 48, 15), normal(200, 48, 16));
    let searcher = Searcher::new(codebook.view());
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (mut codes, mut dists) = (vec![0; 1500], vec![0.0; 1500]);
        pool.install(|| searcher.assign(frames.as_slice().unwrap(), &mut codes, &mut dists));
        (codes, dists)
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn nothing_to_search() {
    let (mut codes, mut dists) = ([7], [7.0]);
    Searcher::new(Array2::zeros((0, 3)).view()).assign(&[1.0, 2.0, 3.0], &mut codes, &mut dists);
    assert_eq!((codes, dists), ([0], [f32::INFINITY]));
    Searcher::new(Array2::zeros((4, 0)).view()).assign(&[], &mut codes, &mut dists);
    assert_eq!((codes, dists), ([0], [0.0]));
    Searcher::new(Array2::zeros((4, 3)).view()).assign(&[], &mut [], &mut []);
}

/// Rounding to int8 misleads as far as Cauchy-Schwarz allows: every error lies along the other side of the product.
#[test]
fn the_bounds_hold_where_they_are_tight() {
    let far = 1.2;
    for levels in [63.0, 127.0] {
        for j in 2..9 {
            let (below, above) = ((j as f32 + 0.45) / levels, (j as f32 + 0.55) / levels);
            // The frame's error: `y` rounds down past the point where the second code becomes the nearer one.
            let y = below + 1e-5;
            let b = 1.0 - 2.0 * below;
            let codebook =
                ndarray::array![[0.0, 1.0, 0.0], [0.0, -b, 0.0], [0.0, b - 1.0, far], [0.0, 0.0, -far]];
            check("frame's error", ndarray::array![[1.0, y, 0.0]].view(), codebook.view());
            // The codes' errors: the first rounds towards the frame, the second, a little nearer, away from it.
            let q = (1.0 + (1.0 - above).powi(2) - (1.0 - below).powi(2) - 1e-4).sqrt();
            let rest = -(above + below) / 2.0;
            let codebook =
                ndarray::array![[1.0, above, 0.0], [-q, below, 0.0], [q - 1.0, rest, far], [0.0, rest, -far]];
            check("codes' errors", ndarray::array![[0.0, 1.0, 0.0]].view(), codebook.view());
        }
    }
}

/// What a kernel does lane by lane.
struct LaneByLane<'a> {
    scores: &'a [f32; PANEL],
    table: &'a RowTable,
}

impl Job for LaneByLane<'_> {
    type Output = (Vec<[i16; PANEL]>, Vec<u32>);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Self { scores, table } = self;
        let num_panels = table.num_panels;
        let mut units = Units::ZERO;
        simd.to_units(scores, 0.25, &mut units);
        let from = vec![units; num_panels];
        let mut sums = vec![Units::ZERO; num_panels];
        let rows: Vec<u32> = (0..3).map(|row| row * num_panels as u32).collect();
        let terms = Terms::new(&from, table, &rows[..2], &rows[2..3]);
        let least = simd.add_up(&terms, 1..num_panels, &mut sums);
        let bits = [i16::MIN, -300, 0, 300, i16::MAX].map(|limit| simd.units_at_most(&least, limit));
        sums.push(units);
        sums.push(least);
        (sums.iter().map(|panel| panel.0).collect(), bits.to_vec())
    }
}

#[test]
fn kernels_do_the_same_lane_by_lane() {
    let mut rng = Pcg64Mcg::seed_from_u64(3);
    let mut random = || Units(std::array::from_fn(|_| rng.random_range(i16::MIN..=i16::MAX)));
    // Panels that fill blocks and that do not.
    let num_panels = 14;
    let units = (0..4 * num_panels).map(|_| random()).collect();
    let table = RowTable { units, starts: vec![0], num_panels };
    let scores: [f32; PANEL] = std::array::from_fn(|l| (l as f32 - 11.3) * 10_007.0);
    let expected = simd::dispatch(Kernel::Portable, LaneByLane { scores: &scores, table: &table });
    for (l, &unit) in expected.0[num_panels].iter().enumerate() {
        assert_eq!(unit, (f64::from(scores[l]) * 0.25).round_ties_even() as i64 as i16);
    }
    for panel in 1..num_panels {
        let row = |row: usize, l: usize| table.units[row * num_panels + panel].0[l];
        let sums = &expected.0[panel];
        for l in 0..PANEL {
            let sum = expected.0[num_panels][l].wrapping_add(row(0, l)).wrapping_add(row(1, l));
            assert_eq!(sums[l], sum.wrapping_sub(row(2, l)));
            assert!(expected.0[num_panels + 1][l] <= sums[l]);
        }
    }
    for kernel in available_kernels() {
        let found = simd::dispatch(kernel, LaneByLane { scores: &scores, table: &table });
        assert_eq!(found, expected, "{kernel:?}");
    }
}
