//! What seeding and Lloyd hold to: the same codes, the same bits, an end, and seeds as good as one by one.

use std::sync::Mutex;

use ndarray::{Array2, array};

use super::assignment::Assignment;
use super::cells::seeds_in_cells;
use super::lloyd::{lloyd_while_gaining, recount};
use super::plus_plus::kmeans_plus_plus;
use super::*;
use crate::random::{Purpose, stream};
use crate::rvq::rows::Rows;
use crate::task::{Cancel, Cancelled, Progress, Task};
use crate::text::Message;

fn silently<T>(work: impl FnOnce(&Task<'_>) -> Result<T, Cancelled>) -> T {
    work(&Task::silent(&Cancel::default())).unwrap()
}

fn uniform(num_samples: usize, dim: usize) -> Array2<f32> {
    let mut rng = stream(1, Purpose::Data, 0);
    Array2::from_shape_simple_fn((num_samples, dim), || random::unit(&mut rng) as f32)
}

/// Samples around 40 points of unequal weight.
fn mixture(num_samples: usize, dim: usize) -> Array2<f32> {
    let (centres, noise) = (uniform(40, dim), uniform(num_samples, dim) * 0.2);
    let mut rng = stream(2, Purpose::Data, 0);
    let mut samples = noise;
    for mut sample in samples.rows_mut() {
        let nearer = random::below(&mut rng, 40).min(random::below(&mut rng, 40));
        sample += &centres.row(nearer);
    }
    samples
}

/// Samples on a coarse grid: many are equal, and many are equally far from two means.
fn grid(num_samples: usize, steps: usize) -> Array2<f32> {
    let mut rng = stream(3, Purpose::Data, 0);
    Array2::from_shape_simple_fn((num_samples, 2), || random::below(&mut rng, steps) as f32)
}

fn on_threads<T: Send>(num_threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(num_threads).build().unwrap().install(work)
}

#[test]
fn following_the_means_finds_what_a_full_search_finds() {
    for samples in [uniform(1500, 3), grid(1500, 9)] {
        let rows = Rows::of(samples.view());
        let mut rng = stream(4, Purpose::Init, 0);
        let mut means = draw(samples.view(), 60, &mut rng);
        let (mut followed, mut full) = (Assignment::default(), Assignment::default());
        silently(|task| followed.find(&rows, means.view(), task, |_| {}));
        // From few that move to nearly all: a step towards the origin and away from it, or onto another mean.
        for (round, moving) in [1, 5, 20, 40, 52, 60, 0].into_iter().enumerate() {
            let before = means.clone();
            for code in random::choose(&mut rng, 60, moving) {
                let other = before.row(random::below(&mut rng, 60)).to_owned();
                match round % 3 {
                    0 => means.row_mut(code).mapv_inplace(|v| v * 0.5),
                    1 => means.row_mut(code).mapv_inplace(|v| v + 1.0),
                    _ => means.row_mut(code).assign(&other),
                }
            }
            silently(|task| followed.follow(&rows, before.view(), means.view(), task, |_| {}));
            silently(|task| full.find(&rows, means.view(), task, |_| {}));
            assert_eq!(followed.codes, full.codes, "{moving} moved");
            assert_eq!(followed.sq_dists, full.sq_dists, "{moving} moved");
        }
    }
}

#[test]
fn seeds_in_cells_are_as_good_as_seeds_one_by_one() {
    let (num_codes, iters) = (512, 10);
    for samples in [uniform(3000, 4), mixture(3000, 6)] {
        let behind_lloyd = |seeds: Array2<f32>| {
            let found = silently(|task| {
                lloyd(samples.view(), seeds.clone(), iters, EmptyCluster::Worst, &Message::verbatim(""), task)
            });
            silently(|task| recount(samples.view(), found.means, task)).objective
        };
        let (mut ours, mut plain) = (0.0, 0.0);
        for seed in 0..4 {
            let mut rng = stream(seed, Purpose::Init, 0);
            let seeds = |task: &Task<'_>| {
                seeds_in_cells(samples.view(), num_codes, &mut rng, &Message::verbatim(""), task)
            };
            ours += behind_lloyd(silently(seeds));
            let mut rng = stream(seed, Purpose::Init, 1);
            let seeds = |task: &Task<'_>| kmeans_plus_plus(samples.view(), num_codes, &mut rng, task, |_| {});
            plain += behind_lloyd(silently(seeds));
        }
        assert!(ours < 1.01 * plain, "{ours} beside {plain}");
    }
}

#[test]
fn a_large_codebook_starts_with_the_same_bits_on_any_number_of_threads() {
    let samples = uniform(5000, 3);
    let start = || {
        let mut rng = stream(5, Purpose::Init, 0);
        silently(|task| {
            seeded(samples.view(), MANY_CODES, 8, 0.0, &Message::verbatim("k-means"), &mut rng, task)
        })
    };
    let [one, two] = [1, 2].map(|num_threads| on_threads(num_threads, start));
    assert_eq!(one, two);
    assert_eq!(one.counts.iter().map(|&n| n as usize).sum::<usize>(), samples.nrows());
    assert!(one.counts.iter().filter(|&&n| n > 0).count() > MANY_CODES * 99 / 100);
}

#[test]
fn fewer_different_samples_than_codes_leave_nothing_over() {
    // 400 different samples among 5000, once as many codes as there are samples and once more.
    for (samples, num_codes) in [(grid(5000, 20), MANY_CODES), (grid(5000, 20), 5001), (grid(900, 1), 300)] {
        let mut rng = stream(6, Purpose::Init, 0);
        let found = silently(|task| {
            seeded(samples.view(), num_codes, 5, 0.0, &Message::verbatim("k-means"), &mut rng, task)
        });
        assert_eq!(found.objective, 0.0);
        assert_eq!(found.means.nrows(), num_codes);
        assert_eq!(found.counts.iter().map(|&n| n as usize).sum::<usize>(), samples.nrows());
    }
    let samples = grid(5000, 20);
    let mut rng = stream(6, Purpose::Init, 0);
    let seeds = silently(|task| seeds_in_cells(samples.view(), 1000, &mut rng, &Message::verbatim(""), task));
    assert_eq!(silently(|task| recount(samples.view(), seeds, task)).objective, 0.0);
}

#[test]
fn samples_that_are_no_more_than_the_codes_become_the_codes() {
    let samples = array![[1.0f32, 0.0], [-0.0, 2.0], [1.0, 0.0], [0.0, 2.0]];
    let mut rng = stream(7, Purpose::Init, 0);
    let found =
        silently(|task| seeded(samples.view(), 4, 50, 0.0, &Message::verbatim("k-means"), &mut rng, task));
    assert_eq!(found.means.row(0), samples.row(0));
    assert_eq!(found.means.row(1), samples.row(1));
    assert_eq!(found.counts, [2, 2, 0, 0]);
}

#[test]
fn progress_moves_while_a_large_codebook_starts() {
    let samples = uniform(4100, 2);
    let told = Mutex::new(Vec::new());
    let cancel = Cancel::default();
    let hear = |progress: Progress| told.lock().unwrap().push(progress);
    let mut rng = stream(8, Purpose::Init, 0);
    let task = Task::new(&cancel, &hear);
    let layer_1 = Message::verbatim("k-means, layer 1");
    seeded(samples.view(), MANY_CODES, 3, 0.0, &layer_1, &mut rng, &task).unwrap();
    let told = told.into_inner().unwrap();
    let seeding: Vec<u64> =
        told.iter().filter(|p| p.stage.english() == "k-means, layer 1, seeding").map(|p| p.done).collect();
    assert!(seeding.len() > 60 && seeding.is_sorted(), "{seeding:?}");
    assert!(seeding.windows(2).skip(1).all(|two| two[1] - two[0] <= MANY_CODES as u64 / 30), "{seeding:?}");
    assert!(told.iter().any(|p| p.stage == layer_1));
}

#[test]
fn a_start_is_cancelled_wherever_it_stands() {
    let samples = uniform(4100, 2);
    for reports in [1, 2, 30, 65, 70] {
        let (cancel, told) = (Cancel::default(), Mutex::new(0));
        let hear = |_: Progress| {
            let mut told = told.lock().unwrap();
            *told += 1;
            if *told == reports {
                cancel.cancel();
            }
        };
        let mut rng = stream(9, Purpose::Init, 0);
        let task = Task::new(&cancel, &hear);
        assert_eq!(
            seeded(samples.view(), MANY_CODES, 50, 0.0, &Message::verbatim(""), &mut rng, &task),
            Err(Cancelled),
            "{reports}"
        );
        let told = told.into_inner().unwrap();
        assert!(told <= reports + 1, "{told} reports, cancelled at {reports}");
    }
}

#[test]
fn iterations_that_hardly_gain_are_left_out() {
    let samples = uniform(3000, 2);
    let run = |least_gain| {
        let start = draw(samples.view(), 50, &mut stream(10, Purpose::Init, 0));
        let (cancel, told) = (Cancel::default(), Mutex::new(0));
        let hear = |_: Progress| *told.lock().unwrap() += 1;
        let task = Task::new(&cancel, &hear);
        let empty = EmptyCluster::Worst;
        let found =
            lloyd_while_gaining(samples.view(), start, 100, least_gain, empty, &Message::verbatim(""), &task)
                .unwrap();
        (found.objective, told.into_inner().unwrap())
    };
    let ((all, iters), (some, fewer)) = (run(f64::NEG_INFINITY), run(1e-3));
    assert!(fewer < iters && some < 1.02 * all, "{some} in {fewer}, {all} in {iters}");
}

#[test]
fn samples_grow_with_the_codebook_until_it_is_large() {
    assert_eq!(samples_wanted(1024, 128), 65_536);
    assert_eq!(samples_wanted(4096, 128), 1 << 18);
    assert_eq!(samples_wanted(8192, 128), 1 << 18);
    assert_eq!(samples_wanted(65_536, 256), 1 << 19);
    // Two a code at least, however large they are.
    assert_eq!(samples_wanted(65_536, 2048), 1 << 17);
}
