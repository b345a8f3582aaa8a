//! How clearly a code was chosen: its distance to what the layer searched for, and the code that came next.

use std::sync::Arc;

use ndarray::{Array2, ArrayView2, Axis, s};

use super::NONE;
use crate::rvq::nearest::{Scratch, Searcher};
use crate::rvq::{Layer, Metric, Rows, Rvq, RvqError, normalize_rows};
use crate::text::msg;

/// Frames that are searched in one go, while they lie in the cache.
const BLOCK_FRAMES: usize = 256;

/// A quantizer made ready to find the codes that were nearly chosen.
#[derive(Debug)]
pub struct Neighbours {
    rvq: Arc<Rvq>,
    /// By layer; `None` where frames share codes, so that no frame chooses alone.
    searchers: Vec<Option<Searcher>>,
}

/// The chosen codes of some frames beside those that came next; all are `(num_layers, num_frames)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearby {
    /// The squared distance of the chosen row to what the layer searched for; not a number where frames share codes.
    pub sq_dists: Array2<f32>,
    /// The nearest of all other codes; [`NONE`] where there is none.
    pub runners_up: Array2<u32>,
    /// Its squared distance; infinite where there is none.
    pub runner_up_sq_dists: Array2<f32>,
}

impl Neighbours {
    /// Makes a quantizer ready.
    #[must_use]
    pub fn new(rvq: Arc<Rvq>) -> Self {
        let metric = rvq.metric();
        let searcher = |layer: &Layer| (layer.stride == 1).then(|| searcher(layer, metric));
        let searchers = rvq.layers().iter().map(searcher).collect();
        Self { rvq, searchers }
    }

    /// Finds them for `frames`, `(num_frames, dim)`, which were encoded as `codes`, `(num_layers, num_frames)`.
    ///
    /// Every layer is given what the chosen codes before it leave over, whichever way they were found.
    ///
    /// # Errors
    /// The shapes do not fit the quantizer, or a code lies beyond its codebook.
    pub fn find(&self, frames: ArrayView2<'_, f32>, codes: ArrayView2<'_, u32>) -> Result<Nearby, RvqError> {
        let Self { rvq, .. } = self;
        let shape = (rvq.num_layers(), frames.nrows());
        if codes.dim() != shape || frames.ncols() != rvq.dim() {
            return Err(RvqError::Shape(msg!(
                "err-neighbours",
                frames = frames.nrows(),
                dim = frames.ncols(),
                rows = codes.nrows(),
                columns = codes.ncols(),
                layers = rvq.num_layers(),
                own = rvq.dim(),
            )));
        }
        let mut nearby = Nearby {
            sq_dists: Array2::from_elem(shape, f32::NAN),
            runners_up: Array2::from_elem(shape, NONE),
            runner_up_sq_dists: Array2::from_elem(shape, f32::INFINITY),
        };
        for chain in rvq.chains() {
            let columns = frames.slice(s![.., chain.columns()]);
            let mut residual = match chain.projection() {
                Some(projection) => projection.project_in(columns),
                None => columns.to_owned(),
            };
            for layer_idx in chain.layers() {
                let chosen = codes.row(layer_idx);
                // Checks the codes too.
                let output = rvq.inner_output(layer_idx, chosen.iter().copied())?;
                self.look(layer_idx, residual.view(), &chosen.to_vec(), &mut nearby);
                residual -= &output;
            }
        }
        Ok(nearby)
    }

    /// Looks at one layer, which is given `residual`.
    fn look(&self, layer_idx: usize, residual: ArrayView2<'_, f32>, chosen: &[u32], nearby: &mut Nearby) {
        let (Some(layer), Some(Some(searcher))) =
            (self.rvq.layers().get(layer_idx), self.searchers.get(layer_idx))
        else {
            return;
        };
        let metric = self.rvq.metric();
        let input = layer.search_input(metric, residual);
        let input = input.as_ref().map_or(residual, |input| input.view());
        let rows = searched_rows(layer, metric);
        let rows = rows.as_ref().map_or(layer.codebook.embed(), |rows| rows.view());
        let mut scratch = Scratch::default();
        let (mut codes, mut dists) = (vec![0; 2 * BLOCK_FRAMES], vec![0.0; 2 * BLOCK_FRAMES]);
        for (first, block) in (0..).step_by(BLOCK_FRAMES).zip(input.axis_chunks_iter(Axis(0), BLOCK_FRAMES)) {
            let len = block.nrows();
            let found = (&mut codes[..2 * len], &mut dists[..2 * len]);
            searcher.nearest_m_block(Rows::of(block).values(), 2, found.0, found.1, &mut scratch);
            for n in 0..len {
                let (at, code) = ([layer_idx, first + n], chosen[first + n]);
                let pair = [(codes[2 * n], dists[2 * n]), (codes[2 * n + 1], dists[2 * n + 1])];
                let (own, next) = match pair {
                    [nearest, next] if nearest.0 == code => (nearest.1, next),
                    [nearest, next] if next.0 == code => (next.1, nearest),
                    [nearest, _] => (sq_dist(block.row(n), rows.row(code as usize)), nearest),
                };
                nearby.sq_dists[at] = own;
                (nearby.runners_up[at], nearby.runner_up_sq_dists[at]) = next;
            }
        }
    }
}

impl Nearby {
    /// By how much each code was chosen, `(num_layers, num_frames)`; not a number where that is undefined.
    #[must_use]
    pub fn margins(&self) -> Array2<f64> {
        let pairs = ndarray::Zip::from(&self.sq_dists).and(&self.runner_up_sq_dists);
        pairs.map_collect(|&own, &next| {
            crate::metrics::distortion::margin(f64::from(own), f64::from(next)).unwrap_or(f64::NAN)
        })
    }
}

/// The rows that a layer is searched by, where they are not as they are stored.
fn searched_rows(layer: &Layer, metric: Metric) -> Option<Array2<f32>> {
    metric.is_cosine().then(|| {
        let mut rows = layer.codebook.embed().to_owned();
        normalize_rows(&mut rows);
        rows
    })
}

fn searcher(layer: &Layer, metric: Metric) -> Searcher {
    match searched_rows(layer, metric) {
        Some(rows) => Searcher::new(rows.view()),
        None => Searcher::new(layer.codebook.embed()),
    }
}

/// `||x - e||²`.
fn sq_dist(x: ndarray::ArrayView1<'_, f32>, e: ndarray::ArrayView1<'_, f32>) -> f32 {
    x.iter().zip(e).map(|(&x, &e)| (f64::from(x) - f64::from(e)).powi(2)).sum::<f64>() as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{self, Purpose};
    use crate::rvq::search::Search;
    use crate::rvq::{Codebook, LayerSpan, encoder::Encoder};

    fn uniform(rows: usize, dim: usize, seed: u64, scale: f64) -> Array2<f32> {
        let mut rng = random::stream(seed, Purpose::Data, 0);
        Array2::from_shape_fn((rows, dim), |_| ((random::unit(&mut rng) - 0.5) * scale) as f32)
    }

    fn quantizer(metric: Metric) -> Rvq {
        let book = |seed, scale| Codebook::from_rows(uniform(23, 4, seed, scale)).unwrap().into();
        Rvq::with_metric(vec![book(1, 2.0), book(2, 1.0), book(3, 0.5)], metric).unwrap()
    }

    /// The same in f64, one pair at a time.
    fn plain(rvq: &Rvq, frames: &Array2<f32>, codes: &Array2<u32>) -> Vec<[(f64, u32, f64); 3]> {
        let units = |rows: ArrayView2<'_, f32>| {
            let mut rows = rows.to_owned();
            if rvq.metric().is_cosine() {
                normalize_rows(&mut rows);
            }
            rows
        };
        let of_frame = |n: usize| {
            let mut left = frames.slice(s![n..n + 1, ..]).to_owned();
            [0, 1, 2].map(|layer| {
                let (rows, input) = (units(rvq.layers()[layer].codebook.embed()), units(left.view()));
                let dist = |k: usize| -> f64 {
                    input.iter().zip(rows.row(k)).map(|(&x, &e)| (f64::from(x) - f64::from(e)).powi(2)).sum()
                };
                let own = codes[[layer, n]] as usize;
                let next = (0..rows.nrows()).filter(|&k| k != own);
                let next = next.min_by(|&a, &b| dist(a).total_cmp(&dist(b))).unwrap();
                let found = (dist(own), next as u32, dist(next));
                left -= &rvq.layer_output(layer, [own as u32].into_iter()).unwrap();
                found
            })
        };
        (0..frames.nrows()).map(of_frame).collect()
    }

    #[test]
    fn the_chosen_code_and_the_next_are_those_of_the_plain_way() {
        let frames = uniform(600, 4, 9, 2.5);
        for metric in [Metric::Euclidean, Metric::Cosine, Metric::CosineRaw] {
            let rvq = Arc::new(quantizer(metric));
            for search in [Search::Greedy, Search::of_width(4)] {
                let encoder = Encoder::new(&rvq, LayerSpan::ALL).unwrap();
                let codes = encoder.encode(frames.view(), search).unwrap().to_matrix();
                let nearby = Neighbours::new(rvq.clone()).find(frames.view(), codes.view()).unwrap();
                let margins = nearby.margins();
                for (n, layers) in plain(&rvq, &frames, &codes).into_iter().enumerate() {
                    for (layer, (own, code, next)) in layers.into_iter().enumerate() {
                        let at = [layer, n];
                        assert_eq!(nearby.runners_up[at], code, "{metric:?} {search:?} {at:?}");
                        assert!((f64::from(nearby.sq_dists[at]) - own).abs() < 1e-5);
                        assert!((f64::from(nearby.runner_up_sq_dists[at]) - next).abs() < 1e-5);
                        assert!(search != Search::Greedy || margins[at] >= 0.0, "{}", margins[at]);
                    }
                }
            }
        }
    }

    #[test]
    fn one_code_has_no_runner_up_and_wrong_shapes_are_errors() {
        let rvq =
            Arc::new(Rvq::new(vec![Codebook::from_rows(uniform(1, 3, 1, 1.0)).unwrap().into()]).unwrap());
        let frames = uniform(2, 3, 5, 1.0);
        let neighbours = Neighbours::new(rvq);
        let nearby = neighbours.find(frames.view(), Array2::zeros((1, 2)).view()).unwrap();
        assert_eq!(nearby.runners_up[[0, 1]], NONE);
        assert!(nearby.margins().iter().all(|margin| margin.is_nan()));
        assert!(neighbours.find(frames.view(), Array2::zeros((1, 3)).view()).is_err());
        assert!(neighbours.find(frames.view(), Array2::from_elem((1, 2), 1).view()).is_err());
    }

    #[test]
    fn frames_that_share_codes_have_no_distance_of_their_own() {
        let mut layers: Vec<Layer> =
            [1, 2].map(|seed| Codebook::from_rows(uniform(5, 3, seed, 1.0)).unwrap().into()).into();
        layers[0].stride = 2;
        let rvq = Arc::new(Rvq::new(layers).unwrap());
        let frames = uniform(4, 3, 7, 1.0);
        let codes = rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
        let nearby = Neighbours::new(rvq).find(frames.view(), codes.view()).unwrap();
        assert!(nearby.sq_dists.row(0).iter().all(|dist| dist.is_nan()));
        assert!(nearby.sq_dists.row(1).iter().all(|dist| dist.is_finite()));
    }
}
