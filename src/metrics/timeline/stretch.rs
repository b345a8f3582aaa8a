//! A stretch of frames on its own: the error behind every layer, and the counts and energies that its figures are made of.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::metrics::Evaluation;
use crate::rvq::{Rvq, RvqError, energy};
use crate::task::Task;
use crate::text::msg;

/// Frames that one task adds up.
const BLOCK_FRAMES: usize = 1024;

/// `||x - q_1..l||²` of every frame behind every layer, `(num_layers, num_frames)`.
///
/// `frames`, `(num_frames, dim)`, were encoded as `codes`, `(num_layers, num_frames)`.
///
/// # Errors
/// The shapes do not fit the quantizer, or a code lies beyond its codebook.
pub fn squared_errors(
    rvq: &Rvq,
    frames: ArrayView2<'_, f32>,
    codes: ArrayView2<'_, u32>,
) -> Result<Array2<f64>, RvqError> {
    if codes.dim() != (rvq.num_layers(), frames.nrows()) || frames.ncols() != rvq.dim() {
        return Err(RvqError::Shape(msg!(
            "err-stretch",
            rows = codes.nrows(),
            columns = codes.ncols(),
            frames = frames.nrows(),
        )));
    }
    let mut left = frames.to_owned();
    let mut errors = Array2::zeros(codes.dim());
    for (layer_idx, mut errors) in errors.rows_mut().into_iter().enumerate() {
        left -= &rvq.layer_output(layer_idx, codes.row(layer_idx).iter().copied())?;
        for (error, frame) in errors.iter_mut().zip(left.rows()) {
            *error = frame.iter().map(|&v| f64::from(v).powi(2)).sum();
        }
    }
    Ok(errors)
}

/// What a stretch gives: how often every code was chosen, and with `frames`, `(num_frames, dim)`, and their quantizer the energy that each layer left.
///
/// `codes` is `(num_layers, num_frames)`, `num_codes` is `K` of each layer. Blocks are added up in order: the sums do not depend on the number of
/// threads.
///
/// # Errors
/// As for [`squared_errors`], or the task was cancelled.
pub fn stretch_evaluation(
    codes: ArrayView2<'_, u32>,
    num_codes: &[usize],
    frames: Option<(&Rvq, ArrayView2<'_, f32>)>,
    task: &Task<'_>,
) -> Result<Evaluation, RvqError> {
    let mut evaluation = Evaluation::of_codes(codes, num_codes);
    let Some((rvq, frames)) = frames else { return Ok(evaluation) };
    let blocks: Vec<_> = frames
        .axis_chunks_iter(Axis(0), BLOCK_FRAMES)
        .zip(codes.axis_chunks_iter(Axis(1), BLOCK_FRAMES))
        .collect();
    let blocks: Vec<Vec<f64>> = blocks
        .into_par_iter()
        .map(|(frames, codes)| {
            task.check()?;
            let errors = squared_errors(rvq, frames, codes)?;
            Ok(errors.rows().into_iter().map(|row| row.sum()).collect())
        })
        .collect::<Result<_, RvqError>>()?;
    evaluation.dim = frames.ncols();
    evaluation.signal_energy = energy(frames);
    for block in &blocks {
        for (layer, &left) in evaluation.layers.iter_mut().zip(block) {
            layer.residual_energy += left;
        }
    }
    Ok(evaluation)
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;
    use crate::metrics::evaluate;
    use crate::rvq::search::Search;
    use crate::rvq::{ChainParts, Codebook, LayerSpan, Metric};
    use crate::task::Cancel;

    fn values(rows: usize, dim: usize, seed: usize) -> Array2<f32> {
        Array2::from_shape_fn((rows, dim), |(n, d)| {
            ((n * 131 + d * 71 + seed * 17) % 257) as f32 / 128.0 - 1.0
        })
    }

    fn book(dim: usize, seed: usize) -> Codebook {
        Codebook::from_rows(values(11, dim, seed)).unwrap()
    }

    /// Two chains side by side, as grouped quantizers have them.
    fn grouped() -> Rvq {
        let chain = |columns, seed| ChainParts {
            layers: vec![book(3, seed).into(), book(3, seed + 1).into()],
            columns: Some(columns),
            projection: None,
        };
        Rvq::of_chains(6, vec![chain(0..3, 1), chain(3..6, 4)], Metric::Euclidean).unwrap()
    }

    #[test]
    fn a_stretch_is_counted_and_measured_as_an_evaluation_of_its_frames() {
        let plain = Rvq::new(vec![book(6, 1).into(), book(6, 2).into(), book(6, 3).into()]).unwrap();
        let frames = values(3000, 6, 9);
        let cancel = Cancel::default();
        let task = Task::silent(&cancel);
        for rvq in [plain, grouped()] {
            let codes = rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
            let sizes = vec![11; rvq.num_layers()];
            for range in [0..3000, 7..1200, 2999..3000] {
                let part = frames.slice(s![range.clone(), ..]);
                let of_part = codes.slice(s![.., range.clone()]);
                let found = stretch_evaluation(of_part, &sizes, Some((&rvq, part)), &task).unwrap();
                let wanted =
                    evaluate(&rvq, frames.view(), std::slice::from_ref(&range), Search::Greedy, &task)
                        .unwrap();
                assert_eq!(found.frames, range.len() as u64);
                let close = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs().max(1e-9);
                assert!(close(found.signal_energy, wanted.signal_energy));
                for (layer, (found, wanted)) in found.layers.iter().zip(&wanted.layers).enumerate() {
                    assert_eq!(found.counts, wanted.counts, "layer {layer}");
                    let (a, b) = (found.residual_energy, wanted.residual_energy);
                    assert!(close(a, b), "layer {layer}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn codes_alone_are_counted_and_a_cancelled_stretch_is_none() {
        let rvq = grouped();
        let frames = values(100, 6, 3);
        let codes = rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
        let cancel = Cancel::default();
        let task = Task::silent(&cancel);
        let counted = stretch_evaluation(codes.view(), &[11; 4], None, &task).unwrap();
        assert_eq!((counted.frames, counted.dim, counted.signal_energy), (100, 0, 0.0));
        assert!(squared_errors(&rvq, frames.view(), codes.slice(s![.., 1..])).is_err());
        cancel.cancel();
        let with_frames = Some((&rvq, frames.view()));
        assert!(stretch_evaluation(codes.view(), &[11; 4], with_frames, &task).is_err());
    }
}
