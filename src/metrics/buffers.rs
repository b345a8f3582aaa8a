//! What a codebook tells on its own: its rows, and the EMA state where there is one. No frame is needed.
//!
//! `c_k` is the EMA cluster size of code k in frames a batch and `C = sum_k c_k`; the shares `p_k = c_k / C` take the place of counted frames. What
//! is counted of them is called the EMA view, beside which figures of frames stand, never in its place.

use ndarray::ArrayView2;
use rayon::prelude::*;
use serde::Serialize;

use super::covariance::Covariance;
use super::plane::Plane;
use super::{metric, usage};
use crate::rvq::Codebook;
use crate::rvq::nearest::{Scratch, Searcher};
use crate::text::{Phrase, phrase};

/// How the averages of a codebook are to be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EmaSetting {
    /// The cluster size below which a code counts as dead, in frames a batch.
    pub threshold_frames: f64,
    /// `d`.
    pub decay: f64,
    /// `eps` of the Laplace smoothing.
    pub epsilon: f64,
}

impl Default for EmaSetting {
    /// What trainers of the lineage set.
    fn default() -> Self {
        Self { threshold_frames: 2.0, decay: 0.99, epsilon: 1e-5 }
    }
}

/// The figures of one layer's codebook; what the sizes are needed for is `None` where there are none.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(
    missing_docs,
    reason = "each field is the figure of the same name, whose definition stands with its function" // not a text
)]
pub struct EmaMetrics {
    pub used: Option<usize>,
    pub utilization: Option<f64>,
    pub perplexity: Option<f64>,
    pub entropy_nats: Option<f64>,
    pub gini: Option<f64>,
    pub dead_threshold: Option<usize>,
    pub near_duplicates: Option<usize>,
    pub effective_dimension: Option<f64>,
}

/// One layer's codebook as panels and reports draw it. It is worked out once, by [`CodebookView::of`].
#[derive(Debug, Clone, PartialEq)]
pub struct CodebookView {
    /// How the averages were read.
    pub setting: EmaSetting,
    /// The figures.
    pub metrics: EmaMetrics,
    /// The EMA state; `None` where the rows came without one.
    pub ema: Option<EmaView>,
    /// `||e_k||` of each code.
    pub norms: Vec<f64>,
    /// The nearest other code of each; empty where there is only one code.
    pub neighbours: Vec<Neighbour>,
    /// Below this distance a nearest other code is a near-duplicate; see [`near_duplicates`].
    pub near_distance: f64,
    /// The rows in the plane.
    pub picture: Picture,
}

/// The EMA state of a codebook.
#[derive(Debug, Clone, PartialEq)]
pub struct EmaView {
    /// `C`: in steady state the number of frames in the trainer's batches.
    pub total: f64,
    /// `p_k = c_k / C` of each code.
    pub shares: Vec<f64>,
    /// How far each row is from what the averages make of it; see [`embed_gap`].
    pub gaps: Vec<f64>,
}

/// The nearest other code of one code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Which it is; the lowest of several at the same distance.
    pub code: u32,
    /// The distance between both rows.
    pub distance: f64,
    /// The cosine of the angle between them; 0 where one of them is zero. On its own it misleads near the origin.
    pub cosine: f64,
}

/// Rows by their coordinates in a plane: that of their own first two principal axes, or of what the layer is given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Picture {
    /// Of each code, about the mean of what the plane is of.
    pub points: Vec<[f64; 2]>,
    /// The share of its variance that each of both coordinates holds; `None` where it does not vary.
    pub explained: Option<[f64; 2]>,
}

/// A nearest other code within this share of a cell's RMS radius is a near-duplicate.
pub const NEAR_SHARE: f64 = 0.1;

/// Two rows point in the same direction from this cosine on.
pub const SAME_DIRECTION: f64 = 0.99;

/// Rows whose neighbours one task looks for.
const ROWS_A_TASK: usize = 256;

/// Multiplications up to which a view is there within about a tenth of a second.
const QUICK: f64 = 4e9;

metric! {
    EMA_TOTAL, "ema_total", phrase!("unit-frames"),
    "`C = sum_k c_k`: in steady state the number of frames in the trainer's batches. Sizes below zero, which only a damaged file has, count for nothing.";
    #[must_use]
    pub fn ema_total(sizes: &[f64]) -> f64 {
        sizes.iter().map(|size| size.max(0.0)).sum()
    }
}

metric! {
    EMA_USED, "ema_used", phrase!("unit-codes"),
    "`#{c_k / (1 - d) >= 1}`: codes to which the running average gives at least one frame in its window of `1 / (1 - d)` steps.";
    #[must_use]
    pub fn ema_used(sizes: &[f64], decay: f64) -> usize {
        sizes.iter().filter(|&&size| size > 0.0 && size >= 1.0 - decay).count()
    }
}

metric! {
    EMA_UTILIZATION, "ema_utilization", Phrase::NONE,
    "`#{c_k / (1 - d) >= 1} / K`: the share of codes to which the running average gives at least one frame in its window.";
    #[must_use]
    pub fn ema_utilization(sizes: &[f64], decay: f64) -> Option<f64> {
        (ema_total(sizes) > 0.0).then(|| ema_used(sizes, decay) as f64 / sizes.len() as f64)
    }
}

metric! {
    EMA_ENTROPY, "ema_entropy_nats", phrase!("unit-nats"),
    "`H = -sum_k p_k ln p_k` with `p_k = c_k / C`, the shares of the EMA cluster sizes.";
    #[must_use]
    pub fn ema_entropy_nats(sizes: &[f64]) -> Option<f64> {
        usage::entropy_of(&positive(sizes))
    }
}

metric! {
    EMA_PERPLEXITY, "ema_perplexity", phrase!("unit-codes"),
    "`exp(H)` of the shares `p_k = c_k / C` of the EMA cluster sizes: how many equally used codes would have the same entropy.";
    #[must_use]
    pub fn ema_perplexity(sizes: &[f64]) -> Option<f64> {
        ema_entropy_nats(sizes).map(f64::exp)
    }
}

metric! {
    EMA_GINI, "ema_gini", Phrase::NONE,
    "`sum_i (2i - K - 1) p_(i) / K` of the shares `p_k = c_k / C` of the EMA cluster sizes, ascending and i from 1.";
    #[must_use]
    pub fn ema_gini(sizes: &[f64]) -> Option<f64> {
        usage::gini_of(&positive(sizes))
    }
}

metric! {
    EMBED_GAP, "embed_gap", Phrase::NONE,
    "`||e_k - m_k / c~_k||` over the RMS length of the rows, with `c~_k = (c_k + eps) / (C + K eps) C`: what the trainer's next step would move the row by.";
    /// `length` is that RMS length, `smoothed` is `c~_k`; 0 where all rows are zero.
    #[must_use]
    pub fn embed_gap<'a>(row: impl Iterator<Item = (&'a f32, &'a f64)>, smoothed: f64, length: f64) -> f64 {
        let sum: f64 = row.map(|(&e, &m)| (f64::from(e) - m / smoothed).powi(2)).sum();
        if length > 0.0 { sum.sqrt() / length } else { 0.0 }
    }
}

metric! {
    NEAR_DUPLICATES, "near_duplicates", phrase!("unit-codes"),
    "codes whose nearest other code is closer than 0.1 of the cell's RMS radius `sqrt(mean ||x - e_k||²)`. Without frames the median distance to the nearest other code, over the rows that equal none, stands for the radius.";
    /// `radii` holds the radius of each cell where frames chose it; the view's own scale stands in for the others.
    #[must_use]
    pub fn near_duplicates(view: &CodebookView, radii: &[Option<f64>]) -> usize {
        (0..view.neighbours.len()).filter(|&code| view.is_near_duplicate(code, radii.get(code).copied().flatten())).count()
    }
}

metric! {
    EFFECTIVE_DIMENSION, "effective_dimension", phrase!("unit-dimensions"),
    "`(sum l)² / sum l²` over the eigenvalues l of the covariance of the rows: 1 where they lie on a line, D where they spread alike in all directions.";
    #[must_use]
    pub fn effective_dimension(rows: &Covariance) -> Option<f64> {
        rows.participation_ratio()
    }
}

impl CodebookView {
    /// Looks at `codebook`.
    ///
    /// The nearest other codes are found by the search kernel, two codes a row: `K² D` multiplications in `O(K)` memory, and `K D²` for the
    /// covariance. That is a hundredth of a second for 1024 codes of 768 dimensions and some seconds for 65 536 codes; see [`CodebookView::is_quick`].
    /// Runs on the current rayon pool; the result does not depend on the number of threads.
    #[must_use]
    pub fn of(codebook: &Codebook, setting: EmaSetting) -> Self {
        let rows = codebook.embed();
        let norms: Vec<f64> = rows.rows().into_iter().map(|row| dot(row.iter().zip(row)).sqrt()).collect();
        let neighbours = neighbours(codebook, &norms);
        let covariance = Covariance::of(&rows);
        let mut view = Self {
            setting,
            metrics: ema_metrics(codebook, setting),
            ema: EmaView::of(codebook, setting.epsilon, rms(&norms)),
            near_distance: NEAR_SHARE * typical_distance(&neighbours),
            norms,
            neighbours,
            picture: Picture::of(codebook, &covariance),
        };
        view.metrics.near_duplicates = Some(near_duplicates(&view, &[]));
        view.metrics.effective_dimension = effective_dimension(&covariance);
        view
    }

    /// Whether looking at `codebook` takes no longer than about a tenth of a second, so that whoever draws may wait for it.
    #[must_use]
    pub fn is_quick(codebook: &Codebook) -> bool {
        let (codes, dim) = (codebook.num_codes() as f64, codebook.dim() as f64);
        codes * codes * dim + codes * dim * dim <= QUICK
    }

    /// Whether the nearest other code of `code` is as good as the same; `radius` is the RMS radius of its cell, where frames tell it.
    #[must_use]
    pub fn is_near_duplicate(&self, code: usize, radius: Option<f64>) -> bool {
        let limit = radius.map_or(self.near_distance, |radius| NEAR_SHARE * radius);
        self.neighbours.get(code).is_some_and(|other| other.distance <= limit)
    }

    /// How many codes point in the direction of their nearest other code, by a cosine above 0.99.
    #[must_use]
    pub fn same_direction(&self) -> usize {
        self.neighbours.iter().filter(|other| other.cosine > SAME_DIRECTION).count()
    }
}

/// The figures that need no other code: cheap, whatever the size of the codebook. `near_duplicates` and `effective_dimension` are left out.
#[must_use]
pub fn ema_metrics(codebook: &Codebook, setting: EmaSetting) -> EmaMetrics {
    let sizes = sizes(codebook);
    let EmaSetting { threshold_frames, decay, .. } = setting;
    EmaMetrics {
        used: sizes.map(|sizes| ema_used(sizes, decay)),
        utilization: sizes.and_then(|sizes| ema_utilization(sizes, decay)),
        perplexity: sizes.and_then(ema_perplexity),
        entropy_nats: sizes.and_then(ema_entropy_nats),
        gini: sizes.and_then(ema_gini),
        dead_threshold: sizes.map(|sizes| usage::dead_threshold(sizes, threshold_frames)),
        near_duplicates: None,
        effective_dimension: None,
    }
}

/// Whether the codebook has an EMA state that tells something.
///
/// Rows that were loaded without sizes and sums are given a size of one each and their own value as sum, which is no state that a training leaves
/// behind; neither are sizes that are all zero.
#[must_use]
pub fn has_ema(codebook: &Codebook) -> bool {
    let sizes = codebook.cluster_size();
    let is_made_up = || {
        let rows = codebook.embed();
        sizes.iter().all(|&size| size == 1.0)
            && rows.iter().zip(codebook.embed_avg()).all(|(&e, &m)| f64::from(e) == m)
    };
    sizes.iter().any(|&size| size > 0.0) && !is_made_up()
}

/// The EMA cluster sizes, where there is a state.
fn sizes(codebook: &Codebook) -> Option<&[f64]> {
    codebook.cluster_size().as_slice().filter(|_| has_ema(codebook))
}

/// `p_k = c_k / C`, the share of a code in the EMA cluster sizes; `None` where they are nothing in all, or not known.
#[must_use]
pub fn ema_share(sizes: &[f64], code_idx: usize) -> Option<f64> {
    let total = ema_total(sizes);
    sizes.get(code_idx).filter(|size| total > 0.0 && size.is_finite()).map(|size| size.max(0.0) / total)
}

fn positive(sizes: &[f64]) -> Vec<f64> {
    sizes.iter().map(|size| size.max(0.0)).collect()
}

fn dot<'a>(pairs: impl Iterator<Item = (&'a f32, &'a f32)>) -> f64 {
    pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

fn rms(norms: &[f64]) -> f64 {
    (norms.iter().map(|norm| norm * norm).sum::<f64>() / norms.len().max(1) as f64).sqrt()
}

impl EmaView {
    fn of(codebook: &Codebook, epsilon: f64, length: f64) -> Option<Self> {
        let sizes = sizes(codebook)?;
        let total = ema_total(sizes);
        let num_codes = sizes.len() as f64;
        let smoothed = |size: f64| (size.max(0.0) + epsilon) / (total + num_codes * epsilon) * total;
        let rows = codebook.embed();
        let pairs = rows.rows().into_iter().zip(codebook.embed_avg().rows()).zip(sizes);
        let gap =
            |((row, sum), &size): ((ndarray::ArrayView1<'_, f32>, ndarray::ArrayView1<'_, f64>), &f64)| {
                embed_gap(row.iter().zip(sum.iter()), smoothed(size), length)
            };
        Some(Self {
            total,
            shares: sizes.iter().map(|size| size.max(0.0) / total).collect(),
            gaps: pairs.map(gap).collect(),
        })
    }
}

/// The nearest other code of every row.
fn neighbours(codebook: &Codebook, norms: &[f64]) -> Vec<Neighbour> {
    let rows = codebook.embed();
    let (num_codes, dim) = rows.dim();
    let values = match rows.to_slice() {
        Some(values) if num_codes > 1 => values,
        _ => return Vec::new(),
    };
    let searcher = Searcher::new(rows);
    // Of the two nearest codes one is the row itself, or equals it.
    let mut nearest = vec![0u32; num_codes * 2];
    nearest.par_chunks_mut(ROWS_A_TASK * 2).zip(values.par_chunks(ROWS_A_TASK * dim)).for_each_init(
        Scratch::default,
        |scratch, (nearest, rows)| {
            let mut sq_dists = vec![0.0; nearest.len()];
            searcher.nearest_m_block(rows, 2, nearest, &mut sq_dists, scratch);
        },
    );
    let row = |code: usize| &values[code * dim..][..dim];
    let neighbour = |(code, pair): (usize, &[u32])| {
        let other = pair.iter().copied().find(|&other| other as usize != code).unwrap_or(0);
        let (own, its) = (row(code), row(other as usize));
        let apart: f64 = own.iter().zip(its).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
        let lengths = norms[code] * norms[other as usize];
        let cosine = if lengths > 0.0 { dot(own.iter().zip(its)) / lengths } else { 0.0 };
        Neighbour { code: other, distance: apart.sqrt(), cosine }
    };
    nearest.par_chunks(2).enumerate().map(neighbour).collect()
}

/// The median distance to the nearest other code, over the codes that equal none; 0 where there is no such code.
fn typical_distance(neighbours: &[Neighbour]) -> f64 {
    let mut apart: Vec<f64> = neighbours.iter().map(|n| n.distance).filter(|&d| d > 0.0).collect();
    apart.sort_unstable_by(f64::total_cmp);
    apart.get(apart.len() / 2).copied().unwrap_or(0.0)
}

impl Picture {
    fn of(codebook: &Codebook, covariance: &Covariance) -> Self {
        Self::in_plane(&codebook.embed(), &Plane::of(covariance))
    }

    /// The `rows` of a codebook in any plane of their space.
    #[must_use]
    pub(super) fn in_plane(rows: &ArrayView2<'_, f32>, plane: &Plane) -> Self {
        Self { points: plane.places(rows), explained: plane.explained }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, array};

    use super::*;
    use crate::random::{self, Purpose};

    fn close(a: Option<f64>, b: f64) {
        let a = a.unwrap();
        assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs()), "{a} is not {b}");
    }

    fn codebook(rows: Array2<f32>, sizes: &[f64]) -> Codebook {
        let sizes = Array1::from(sizes.to_vec());
        let mut sums = rows.mapv(f64::from);
        sums.rows_mut().into_iter().zip(&sizes).for_each(|(mut row, &size)| row *= size);
        Codebook::new(rows, sizes, sums).unwrap()
    }

    fn random_rows(num_codes: usize, dim: usize) -> Array2<f32> {
        let mut rng = random::stream(5, Purpose::Data, 1);
        Array2::from_shape_fn((num_codes, dim), |_| (random::unit(&mut rng) - 0.5) as f32)
    }

    #[test]
    fn four_codes_by_hand() {
        let rows = array![[0.0f32, 0.0], [3.0, 4.0], [3.0, 4.1], [-6.0, 0.0]];
        let view = CodebookView::of(&codebook(rows, &[4.0, 2.0, 2.0, 0.0]), EmaSetting::default());
        let EmaMetrics { used, utilization, perplexity, gini, dead_threshold, .. } = view.metrics;
        assert_eq!((used, dead_threshold), (Some(3), Some(1)));
        close(utilization, 0.75);
        close(perplexity, 2f64.powf(1.5));
        close(gini, 12.0 / 32.0);
        assert_eq!(
            (ema_share(&[4.0, 2.0, 2.0, -1.0], 1), ema_share(&[4.0, -1.0], 1)),
            (Some(0.25), Some(0.0))
        );
        assert_eq!(
            (ema_share(&[0.0], 0), ema_share(&[f64::NAN], 0), ema_share(&[1.0], 1)),
            (None, None, None)
        );
        assert_eq!(view.norms[1], 5.0);
        assert_eq!(view.neighbours.iter().map(|n| n.code).collect::<Vec<_>>(), [1, 2, 1, 0]);
        // Distances 5, 0.1, 0.1 and 6: the upper median is 5, and 0.1 is within a tenth of it.
        assert!((view.near_distance - 0.5).abs() < 1e-6);
        assert_eq!(view.metrics.near_duplicates, Some(2));
        assert_eq!(view.same_direction(), 2);
        let ema = view.ema.as_ref().unwrap();
        assert_eq!((ema.total, ema.shares.as_slice()), (8.0, &[0.5, 0.25, 0.25, 0.0][..]));
        // Where frames tell the radius of a cell, it decides.
        assert_eq!(near_duplicates(&view, &[None, Some(0.5), None, None]), 1);
    }

    #[test]
    fn a_row_that_its_average_has_left_shows_a_gap() {
        let mut book = codebook(array![[1.0f32, 0.0], [0.0, 1.0]], &[5.0, 5.0]);
        book.parts_mut().2[[1, 1]] = 10.0;
        let gaps = CodebookView::of(&book, EmaSetting::default()).ema.unwrap().gaps;
        assert!(gaps[0] < 1e-5 && (gaps[1] - 1.0).abs() < 1e-5, "{gaps:?}");
    }

    #[test]
    fn what_came_without_a_state_has_no_ema_view() {
        for book in [Codebook::from_rows(random_rows(8, 3)).unwrap(), codebook(random_rows(8, 3), &[0.0; 8])]
        {
            let view = CodebookView::of(&book, EmaSetting::default());
            assert_eq!(view.ema, None);
            let EmaMetrics { used, utilization, perplexity, entropy_nats, gini, dead_threshold, .. } =
                view.metrics;
            assert_eq!((used, dead_threshold), (None, None));
            assert_eq!((utilization, perplexity, entropy_nats, gini), (None, None, None, None));
            assert!(view.metrics.effective_dimension.is_some() && view.metrics.near_duplicates == Some(0));
        }
        assert!(has_ema(&codebook(random_rows(8, 3), &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0])));
    }

    #[test]
    fn neighbours_are_those_of_the_plain_search() {
        let mut rows = random_rows(700, 11);
        // Codes that equal others: each must find another one, never itself.
        let same = rows.row(5).to_owned();
        for code in [6, 600, 699] {
            rows.row_mut(code).assign(&same);
        }
        let view = CodebookView::of(&Codebook::from_rows(rows.clone()).unwrap(), EmaSetting::default());
        for (code, found) in view.neighbours.iter().enumerate() {
            let distance = |other: usize| -> f64 {
                let pairs = rows.row(code).to_vec().into_iter().zip(rows.row(other).to_vec());
                pairs.map(|(a, b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>().sqrt()
            };
            let others = (0..700).filter(|&other| other != code);
            let nearest = others.min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap();
            assert_ne!(found.code as usize, code);
            assert!((found.distance - distance(nearest)).abs() < 1e-9, "{code}: {found:?} {nearest}");
        }
        assert_eq!(view.metrics.near_duplicates, Some(4));
        assert_eq!((view.neighbours[5].code, view.neighbours[699].code), (6, 5));
    }

    #[test]
    fn rows_on_a_line_have_one_dimension_and_one_axis() {
        let rows = Array2::from_shape_fn((50, 6), |(k, d)| k as f32 * (d as f32 + 1.0));
        let view = CodebookView::of(&Codebook::from_rows(rows).unwrap(), EmaSetting::default());
        close(view.metrics.effective_dimension, 1.0);
        let [first, second] = view.picture.explained.unwrap();
        assert!((first - 1.0).abs() < 1e-9 && second < 1e-9);
        assert!(view.picture.points.windows(2).all(|pair| pair[1][0] > pair[0][0]));
    }

    #[test]
    fn degenerate_codebooks_are_defined() {
        let one = CodebookView::of(&codebook(array![[2.0f32, 1.0]], &[3.0]), EmaSetting::default());
        assert_eq!((one.neighbours.len(), one.metrics.near_duplicates), (0, Some(0)));
        assert_eq!((one.metrics.effective_dimension, one.picture.explained), (None, None));
        close(one.metrics.perplexity, 1.0);
        let same = CodebookView::of(
            &codebook(Array2::zeros((5, 2)), &[1.0, 2.0, 0.0, 0.0, -1.0]),
            EmaSetting::default(),
        );
        assert_eq!(same.metrics.near_duplicates, Some(5));
        assert_eq!(same.ema.unwrap().gaps, [0.0; 5]);
        assert!(same.metrics.perplexity.unwrap() < 3.0);
    }
}
