//! What the search of each layer sees of frames whose codes are known.

use ndarray::{Array2, ArrayView2};

use super::rows::Rows;
use super::{Rvq, RvqError};
use crate::text::msg;

/// What the search of one layer after the other sees of some frames: `(num_groups, codebook dim)`, behind projections and with what the layers before
/// it in its chain took away.
///
/// A layer needs the codes of those before it only: it ends behind the last layer that the codes lead to.
#[derive(Debug, Clone)]
pub struct LayerInputs<'a> {
    rvq: &'a Rvq,
    frames: ArrayView2<'a, f32>,
    codes: ArrayView2<'a, u32>,
    /// The layer that comes next.
    next: usize,
    /// What the layer before it was given, `(num_frames, inner_dim)`.
    residual: Array2<f32>,
}

impl Rvq {
    /// What each layer is given of `frames`, `(num_frames, dim)`, from the first layer on; `codes` is `(num_layers, num_frames)`, or the first rows of it.
    ///
    /// Where frames share a code, they stand in whole groups one behind the other, the last of which may be shorter.
    ///
    /// # Errors
    /// The shapes do not fit.
    pub fn layer_inputs<'a>(
        &'a self,
        frames: ArrayView2<'a, f32>,
        codes: ArrayView2<'a, u32>,
    ) -> Result<LayerInputs<'a>, RvqError> {
        if frames.ncols() != self.dim() || codes.nrows() > 0 && codes.ncols() != frames.nrows() {
            return Err(self.do_not_go_together(frames, codes));
        }
        Ok(LayerInputs::from_layer(self, 0, frames, codes))
    }

    /// What the search of layer `layer_idx` sees of `frames`, `(num_frames, dim)`, whose codes in the layers before it are known.
    ///
    /// `codes` is `(num_layers, num_frames)`, of which only the rows before the layer are read. Where frames share a code, they stand in whole
    /// groups one behind the other, the last of which may be shorter; the result has a row for each group: `(num_groups, codebook dim)`.
    ///
    /// # Errors
    /// No such layer, no such code, or the shapes do not fit.
    pub fn search_input(
        &self,
        layer_idx: usize,
        frames: ArrayView2<'_, f32>,
        codes: ArrayView2<'_, u32>,
    ) -> Result<Array2<f32>, RvqError> {
        let have = self.num_layers();
        let chain = self.chains().iter().find(|chain| chain.layers().contains(&layer_idx));
        let chain = chain.ok_or(RvqError::NoSuchLayer { asked: layer_idx, have })?;
        let first = chain.layers().start;
        let fits = frames.ncols() == self.dim()
            && (first == layer_idx || codes.ncols() == frames.nrows() && codes.nrows() >= layer_idx);
        if !fits {
            return Err(self.do_not_go_together(frames, codes));
        }
        let mut inputs = LayerInputs::from_layer(self, first, frames, codes);
        for before in first..=layer_idx {
            inputs.reach(before)?;
        }
        inputs.seen_by(layer_idx)
    }

    fn do_not_go_together(&self, frames: ArrayView2<'_, f32>, codes: ArrayView2<'_, u32>) -> RvqError {
        let (codes, frames) = (format!("{:?}", codes.dim()), format!("{:?}", frames.dim()));
        RvqError::Shape(msg!("err-codes-of-others", codes = codes, frames = frames, dim = self.dim()))
    }
}

impl<'a> LayerInputs<'a> {
    /// From the first layer of a chain on.
    fn from_layer(
        rvq: &'a Rvq,
        first: usize,
        frames: ArrayView2<'a, f32>,
        codes: ArrayView2<'a, u32>,
    ) -> Self {
        Self { rvq, frames, codes, next: first, residual: Array2::default((0, 0)) }
    }

    /// Goes on to a layer, from the one before it.
    fn reach(&mut self, layer_idx: usize) -> Result<(), RvqError> {
        let Self { rvq, frames, codes, .. } = *self;
        if let Some(chain) = rvq.chains().iter().find(|chain| chain.layers().start == layer_idx) {
            self.residual = chain.input(frames).view().to_owned();
            return Ok(());
        }
        let before = layer_idx.saturating_sub(1);
        self.residual -= &rvq.inner_output(before, codes.row(before).iter().copied())?;
        Ok(())
    }

    /// What the search of the layer sees that was reached.
    fn seen_by(&self, layer_idx: usize) -> Result<Array2<f32>, RvqError> {
        let have = self.rvq.num_layers();
        let layer = self.rvq.layers().get(layer_idx);
        let layer = layer.ok_or(RvqError::NoSuchLayer { asked: layer_idx, have })?;
        let residual = self.residual.view();
        let pooled = (layer.stride > 1).then(|| Rows::of(residual).pooled(layer.stride));
        let given = pooled.as_ref().map_or(residual, |pooled| pooled.view());
        Ok(layer.search_input(self.rvq.metric(), given).unwrap_or_else(|| given.to_owned()))
    }
}

impl Iterator for LayerInputs<'_> {
    type Item = Result<Array2<f32>, RvqError>;

    fn next(&mut self) -> Option<Self::Item> {
        let layer_idx = self.next;
        if layer_idx >= self.rvq.num_layers() || layer_idx > self.codes.nrows() {
            return None;
        }
        self.next += 1;
        let reached = self.reach(layer_idx);
        if reached.is_err() {
            // What comes behind a code that is not there is not known either.
            self.next = self.rvq.num_layers();
        }
        Some(reached.and_then(|()| self.seen_by(layer_idx)))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, s};

    use super::*;
    use crate::random::{self, Purpose};
    use crate::rvq::{ChainParts, Codebook, Layer, LayerSpan, Metric, Projection};

    fn values(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
        let mut rng = random::stream(seed, Purpose::Data, 0);
        Array2::from_shape_fn((rows, columns), |_| (random::unit(&mut rng) - 0.5) as f32)
    }

    fn layer(num_codes: usize, dim: usize, seed: u64, stride: usize) -> Layer {
        Layer { stride, ..Codebook::from_rows(values(num_codes, dim, seed)).unwrap().into() }
    }

    #[test]
    fn a_layer_is_given_what_those_before_it_leave_over() {
        let rvq = Rvq::new((1..4).map(|seed| layer(9, 5, seed, 1)).collect()).unwrap();
        let frames = values(40, 5, 9);
        let codes = rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
        let mut left = frames.clone();
        for (layer_idx, input) in rvq.layer_inputs(frames.view(), codes.view()).unwrap().enumerate() {
            assert_eq!(input.unwrap(), left, "layer {layer_idx}");
            for (mut left, &code) in left.rows_mut().into_iter().zip(codes.row(layer_idx)) {
                left -= &rvq.layers()[layer_idx].codebook.row(code as usize).unwrap();
            }
        }
        let first = rvq.layer_inputs(frames.view(), codes.slice(s![..1, ..])).unwrap();
        assert_eq!(first.count(), 2, "a layer needs the codes of those before it only");
        assert!(rvq.layer_inputs(frames.slice(s![.., ..4]), codes.view()).is_err());
        assert!(rvq.layer_inputs(frames.slice(s![..7, ..]), codes.view()).is_err());
    }

    #[test]
    fn one_by_one_they_are_those_of_each_layer_whatever_stands_around_it() {
        let projected = Layer {
            projection: Some(Projection {
                in_weight: values(2, 3, 20),
                in_bias: Array1::zeros(2),
                out_weight: values(3, 2, 21),
                out_bias: Array1::zeros(3),
            }),
            ..layer(6, 2, 22, 1)
        };
        let chains = vec![
            ChainParts { columns: Some(0..3), ..vec![layer(6, 3, 23, 2), projected].into() },
            ChainParts { columns: Some(3..5), ..vec![layer(6, 2, 24, 1), layer(6, 2, 25, 1)].into() },
        ];
        let rvq = Rvq::of_chains(5, chains, Metric::Cosine).unwrap();
        let frames = values(31, 5, 26);
        let codes = rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
        let all = rvq.layer_inputs(frames.view(), codes.view()).unwrap();
        let rows: Vec<usize> = all
            .enumerate()
            .map(|(layer_idx, input)| {
                let input = input.unwrap();
                assert_eq!(input, rvq.search_input(layer_idx, frames.view(), codes.view()).unwrap());
                assert!(input.rows().into_iter().all(|row| (row.dot(&row) - 1.0).abs() < 1e-5));
                input.nrows()
            })
            .collect();
        assert_eq!(rows, [16, 31, 31, 31]);
    }
}
