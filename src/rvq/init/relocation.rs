//! Relocation: a code that saves little moves to where one code stands for too much.
//!
//! Lloyd's iterations move a mean through the gaps between clusters only as far as its own samples pull it, so they end near where they began: two
//! means in one cluster, one mean for three. What a mean saves, and what a second one would save elsewhere, can both be read off one search for the
//! two nearest means; where the second is more than the first, the mean is in the wrong place.
//!
//! # What it gave
//! SNR in dB, of the energy about the mean, on the frames clustered, the layers started one behind the other from a numpy port and not trained any further, 8 layers of 256 codes:
//!
//! | frames | k-means++, the best of three | FAISS | relocation, random seeds | relocation, k-means++ |
//! |---|---|---|---|---|
//! | features of speech, 14 038 x 64 | 9.52 | 9.88 | 10.39 | 10.42 |
//! | log-mel, 7995 x 80 | 21.92 | 22.05 | 22.72 | 22.70 |
//! | mixture of 200 clusters, 18 000 x 128 | 7.59 | 8.59 | 9.04 | 9.04 |
//! | correlated, heavy tails, 18 000 x 32 | 19.09 | 19.32 | 19.82 | 19.86 |
//!
//! So seeds hardly matter any more: one seeding is enough. Judging costs and savings by leaving each sample out of its own mean gave the same to
//! 0.1 dB in either direction.

use ndarray::{Array2, ArrayView1, ArrayView2};
use rayon::prelude::*;

use crate::rvq::code_sums::CodeSums;
use crate::rvq::nearest::{Scratch, Searcher};
use crate::rvq::rows::Rows;
use crate::task::{Cancelled, Task};
use crate::text::Message;

use super::lloyd::{EmptyCluster, lloyd};

/// Lloyd iterations between two rounds: enough for a cluster that was split to settle.
const ITERS_A_ROUND: usize = 3;

/// Iterations of the power method that finds the axis along which a cluster is cut. The cut need not be the best one: Lloyd goes on from it.
const AXIS_ITERS: usize = 4;

/// Samples that one task searches.
const BLOCK: usize = 1024;

/// Moves `means`, `(num_codes, dim)`, by rounds of Lloyd and relocation over `samples`, `(num_samples, dim)`: as many as fit into half of `iters`
/// iterations, fewer where nothing is left to move. Gives the means and the iterations that are left.
///
/// A code with fewer than `least` samples counts as saving nothing, and none is cut into halves with fewer.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn relocate(
    samples: ArrayView2<'_, f32>,
    mut means: Array2<f32>,
    iters: usize,
    least: f64,
    stage: &Message,
    task: &Task<'_>,
) -> Result<(Array2<f32>, usize), Cancelled> {
    let mut done = 0;
    while 2 * (done + ITERS_A_ROUND) <= iters {
        task.progress(stage.clone(), done, iters);
        means = lloyd(samples, means, ITERS_A_ROUND, EmptyCluster::Keep, stage, &task.quiet())?.means;
        done += ITERS_A_ROUND;
        task.check()?;
        let moves = moves(samples, &means, least);
        if moves.is_empty() {
            break;
        }
        for Move { code, beside, halves: [near, far] } in moves {
            means.row_mut(code).assign(&ArrayView1::from(&near));
            means.row_mut(beside).assign(&ArrayView1::from(&far));
        }
    }
    Ok((means, iters - done))
}

/// A code that moves to one half of the samples of another, which keeps the other half.
#[derive(Debug)]
struct Move {
    code: usize,
    beside: usize,
    halves: [Vec<f32>; 2],
}

/// The moves that save more than they cost, the cheapest code beside the dearest; no code has a part in two.
fn moves(samples: ArrayView2<'_, f32>, means: &Array2<f32>, least: f64) -> Vec<Move> {
    let samples = Rows::of(samples);
    let num_codes = means.nrows();
    let Nearest { codes, sq_dists, costs } = nearest_two(&samples, means);
    let mut sums = CodeSums::default();
    sums.fill(samples.view(), &codes, num_codes);
    let mut saves = vec![0.0; num_codes];
    let mut errors = vec![0.0; num_codes];
    for ((&code, &cost), &sq_dist) in codes.iter().zip(&costs).zip(&sq_dists) {
        saves[code as usize] += f64::from(cost);
        errors[code as usize] += f64::from(sq_dist);
    }
    for (save, &count) in saves.iter_mut().zip(sums.counts()) {
        if f64::from(count) < least {
            *save = 0.0;
        }
    }
    let lowest = saves.iter().copied().fold(f64::INFINITY, f64::min);
    // A cut saves no more than the whole error.
    let cuts: Vec<Option<Cut>> = (0..num_codes)
        .into_par_iter()
        .map(|code| (errors[code] > lowest).then(|| cut(&samples, &sums, code, least)).flatten())
        .collect();
    matched(&saves, cuts)
}

/// The cheapest code to the best cut, the next to the next, as long as that pays.
fn matched(saves: &[f64], mut cuts: Vec<Option<Cut>>) -> Vec<Move> {
    let saved_by = |cuts: &[Option<Cut>], code: usize| cuts[code].as_ref().map_or(0.0, |cut| cut.saves);
    let mut cheap: Vec<usize> = (0..saves.len()).collect();
    let mut dear = cheap.clone();
    cheap.sort_by(|&a, &b| saves[a].total_cmp(&saves[b]).then(a.cmp(&b)));
    dear.sort_by(|&a, &b| saved_by(&cuts, b).total_cmp(&saved_by(&cuts, a)).then(a.cmp(&b)));
    let mut taken = vec![false; saves.len()];
    let mut dear = dear.into_iter().peekable();
    let mut moves = Vec::new();
    for code in cheap {
        if taken[code] {
            continue;
        }
        while dear.next_if(|&next| taken[next] || next == code).is_some() {}
        let Some(beside) = dear.next_if(|&next| saved_by(&cuts, next) > saves[code]) else { break };
        if let Some(Cut { halves, .. }) = cuts[beside].take() {
            taken[code] = true;
            taken[beside] = true;
            moves.push(Move { code, beside, halves });
        }
    }
    moves
}

/// The nearest code of each sample, its squared distance, and how much farther the second nearest is.
struct Nearest {
    codes: Vec<u32>,
    sq_dists: Vec<f32>,
    costs: Vec<f32>,
}

fn nearest_two(samples: &Rows<'_>, means: &Array2<f32>) -> Nearest {
    let (len, dim) = (samples.num_rows(), samples.dim());
    let mut found = Nearest { codes: vec![0; len], sq_dists: vec![0.0; len], costs: vec![0.0; len] };
    let searcher = Searcher::new(means.view());
    let outs = found.codes.par_chunks_mut(BLOCK).zip(found.sq_dists.par_chunks_mut(BLOCK));
    samples
        .values()
        .par_chunks(BLOCK * dim.max(1))
        .zip(outs.zip(found.costs.par_chunks_mut(BLOCK)))
        .for_each_init(
            || (Scratch::default(), Vec::new(), Vec::new()),
            |(scratch, two_codes, two_dists), (block, ((codes, sq_dists), costs))| {
                two_codes.resize(2 * codes.len(), 0);
                two_dists.resize(2 * codes.len(), 0.0);
                searcher.nearest_m_block(block, 2, two_codes, two_dists, scratch);
                let found = two_codes.chunks_exact(2).zip(two_dists.chunks_exact(2));
                for (((code, sq_dist), cost), (two_codes, two_dists)) in
                    codes.iter_mut().zip(sq_dists).zip(costs).zip(found)
                {
                    (*code, *sq_dist, *cost) = (two_codes[0], two_dists[0], two_dists[1] - two_dists[0]);
                }
            },
        );
    found
}

/// A cluster in two halves, and by how much these lower the sum of squared distances.
#[derive(Debug)]
struct Cut {
    saves: f64,
    halves: [Vec<f32>; 2],
}

/// Cuts the samples of `code` at their mean, across the axis along which they vary most; `None` where a half would have fewer than `least`.
fn cut(samples: &Rows<'_>, sums: &CodeSums, code: usize, least: f64) -> Option<Cut> {
    let members = sums.frames_of(code);
    let count = members.len() as f64;
    if members.len() < 2 || count < 2.0 * least {
        return None;
    }
    let mean: Vec<f64> = sums.sums().row(code).iter().map(|sum| sum / count).collect();
    let centred: Vec<f32> = members
        .iter()
        .flat_map(|&member| {
            samples.row(member as usize).iter().zip(&mean).map(|(&x, mean)| (f64::from(x) - mean) as f32)
        })
        .collect();
    let axis = principal_axis(&centred, mean.len())?;
    let mut halves = [vec![0.0f64; mean.len()], vec![0.0f64; mean.len()]];
    let mut counts = [0usize; 2];
    for row in centred.chunks_exact(mean.len()) {
        let side = usize::from(dot(row, &axis) > 0.0);
        counts[side] += 1;
        halves[side].iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    if counts.iter().any(|&count| count == 0 || (count as f64) < least) {
        return None;
    }
    let mut saves = 0.0;
    for (half, &count) in halves.iter_mut().zip(&counts) {
        half.iter_mut().for_each(|sum| *sum /= count as f64);
        saves += count as f64 * half.iter().map(|x| x * x).sum::<f64>();
    }
    let place = |half: &Vec<f64>| half.iter().zip(&mean).map(|(x, mean)| (x + mean) as f32).collect();
    Some(Cut { saves, halves: [place(&halves[0]), place(&halves[1])] })
}

/// About the direction in which rows around zero vary most, by the power method from the longest of them; `None` where none differs from zero.
fn principal_axis(centred: &[f32], dim: usize) -> Option<Vec<f32>> {
    let rows = || centred.chunks_exact(dim.max(1));
    let longest = rows().max_by(|a, b| dot(a, a).total_cmp(&dot(b, b)))?;
    let mut axis = unit(longest.iter().map(|&x| f64::from(x)).collect())?;
    for _ in 0..AXIS_ITERS {
        let mut next = vec![0.0f64; dim];
        for row in rows() {
            let along = f64::from(dot(row, &axis));
            next.iter_mut().zip(row).for_each(|(sum, &x)| *sum += along * f64::from(x));
        }
        axis = unit(next)?;
    }
    Some(axis)
}

fn unit(vector: Vec<f64>) -> Option<Vec<f32>> {
    let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
    (norm > 0.0 && norm.is_finite()).then(|| vector.iter().map(|x| (x / norm) as f32).collect())
}

/// In eight running sums, which the compiler turns into vector code.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (x, y) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{self, Purpose};
    use crate::task::Cancel;
    use crate::text::Phrase;
    use ndarray::{array, s};

    /// `count` samples around each of `centres`, on a line.
    fn clusters(centres: &[f32], count: usize) -> Array2<f32> {
        let mut rng = random::stream(1, Purpose::Data, 0);
        let values = centres.iter().flat_map(|&centre| vec![centre; count]);
        let values: Vec<f32> = values.map(|centre| centre + random::unit(&mut rng) as f32 - 0.5).collect();
        Array2::from_shape_vec((values.len(), 1), values).unwrap()
    }

    fn relocated(samples: &Array2<f32>, means: Array2<f32>, least: f64) -> Array2<f32> {
        let cancel = Cancel::default();
        relocate(samples.view(), means, 50, least, &Phrase::NONE.into(), &Task::silent(&cancel)).unwrap().0
    }

    #[test]
    fn a_mean_too_many_in_one_cluster_moves_to_one_with_a_mean_too_few() {
        let samples = clusters(&[0.0, 100.0, 200.0], 50);
        // Two means for the first cluster, one for the other two: where Lloyd ends for good.
        let start = array![[-0.2], [0.2], [150.0]];
        let cancel = Cancel::default();
        let stuck = lloyd(
            samples.view(),
            start.clone(),
            50,
            EmptyCluster::Keep,
            &Phrase::NONE.into(),
            &Task::silent(&cancel),
        )
        .unwrap();
        assert!((stuck.means[[2, 0]] - 150.0).abs() < 1.0);
        let mut means = relocated(&samples, start, 0.0).into_raw_vec_and_offset().0;
        means.sort_by(f32::total_cmp);
        for (mean, centre) in means.iter().zip([0.0, 100.0, 200.0]) {
            assert!((mean - centre).abs() < 1.0, "{means:?}");
        }
    }

    #[test]
    fn savings_and_costs_are_those_of_plain_sums() {
        let samples = clusters(&[0.0, 3.0, 7.0, 20.0], 20);
        let means = array![[0.1f32], [2.0], [5.0], [18.0]];
        let found = nearest_two(&Rows::of(samples.view()), &means);
        for (nth, sample) in samples.column(0).iter().enumerate() {
            let mut dists: Vec<(f32, u32)> =
                means.column(0).iter().zip(0..).map(|(mean, code)| ((sample - mean).powi(2), code)).collect();
            dists.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert_eq!(found.codes[nth], dists[0].1);
            assert!((found.costs[nth] - (dists[1].0 - dists[0].0)).abs() < 1e-3);
        }
        let mut sums = CodeSums::default();
        sums.fill(samples.view(), &found.codes, 4);
        let Cut { saves, halves } = cut(&Rows::of(samples.view()), &sums, 2, 0.0).unwrap();
        let error = |means: &[f32], from: usize, to: usize| -> f64 {
            let rows = samples.slice(s![from..to, 0]);
            let nearest = |x: &f32| means.iter().map(|mean| (x - mean).powi(2)).fold(f32::INFINITY, f32::min);
            rows.iter().map(|x| f64::from(nearest(x))).sum()
        };
        let members: Vec<f32> = sums.frames_of(2).iter().map(|&nth| samples[[nth as usize, 0]]).collect();
        let mean = members.iter().sum::<f32>() / members.len() as f32;
        let whole: f64 = members.iter().map(|x| f64::from((x - mean).powi(2))).sum();
        let (from, to) = (sums.frames_of(2)[0] as usize, sums.frames_of(2)[members.len() - 1] as usize + 1);
        let parted = error(&[halves[0][0], halves[1][0]], from, to);
        assert!((whole - parted - saves).abs() < 1e-2 * whole, "{whole} {parted} {saves}");
    }

    #[test]
    fn no_code_is_left_to_fewer_samples_than_it_must_have() {
        let mut samples = clusters(&[0.0, 10.0], 100);
        // Outliers, each of which a mean would be the best for.
        samples[[0, 0]] = 1000.0;
        samples[[199, 0]] = -1000.0;
        let counts = |means: &Array2<f32>| {
            let found = nearest_two(&Rows::of(samples.view()), means);
            CodeSums::new(samples.view(), &found.codes, 4).counts().to_vec()
        };
        let start = array![[0.0f32], [10.0], [1000.0], [-1000.0]];
        assert_eq!(counts(&relocated(&samples, start.clone(), 0.0)).iter().filter(|&&n| n == 1).count(), 2);
        let moved = relocated(&samples, start, 5.0);
        assert!(counts(&moved).iter().all(|&n| n >= 5), "{moved:?}");
    }

    #[test]
    fn equal_samples_and_codes_without_any_are_no_trouble() {
        let samples = Array2::<f32>::ones((10, 3));
        let moved = relocated(&samples, Array2::zeros((4, 3)), 1.0);
        assert!(moved.iter().all(|x| x.is_finite()));
    }

    #[test]
    fn the_means_are_the_same_bytes_for_any_number_of_threads() {
        let samples = clusters(&[0.0, 1.0, 4.0, 9.0, 16.0], 400);
        let start = samples.slice(s![..16, ..]).to_owned();
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| relocated(&samples, start.clone(), 2.0))
        };
        assert_eq!(with(1), with(3));
    }
}
