//! Projections around layers, and rows where nothing that a layer is given can reach them.

use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array2, Axis};

use super::walk::REACH;
use super::{Check, Evidence, Findings, Patient, Severity, layer_says, layers_words};
use crate::rvq::Projection;
use crate::text::{Phrase, msg, phrase};

/// A direction with less than this share of the largest one's length is none: f32 has no more digits.
const NO_DIRECTION: f64 = 1e-6;

/// Fewer frames say little of how far a layer's inputs reach.
const FRAMES: usize = 100;

/// More unreached codes than this share of K stand out.
const MANY: f64 = 0.1;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "blank-projection",
        title: phrase!("check-blank-projection"),
        needs: &[Evidence::Rows],
        why: phrase!("check-blank-projection.why"),
        source: phrase!("check-blank-projection.source"),
        look: blank_projection,
    },
    Check {
        id: "narrow-projection",
        title: phrase!("check-narrow-projection"),
        needs: &[Evidence::Rows],
        why: phrase!("check-narrow-projection.why"),
        source: phrase!("check-narrow-projection.source"),
        look: narrow_projection,
    },
    Check {
        id: "out-of-reach",
        title: phrase!("check-out-of-reach"),
        needs: &[Evidence::Frames, Evidence::Rows],
        why: phrase!("check-out-of-reach.why"),
        source: phrase!("check-out-of-reach.source"),
        look: out_of_reach,
    },
];

/// Every projection, with what it stands around: the layers of a chain, or one.
fn projections<'a>(patient: &'a Patient<'_>) -> Vec<(Vec<usize>, &'a Projection)> {
    let rvq = &patient.run.rvq;
    let around_chains =
        rvq.chains().iter().filter_map(|chain| Some((chain.layers().collect(), chain.projection()?)));
    let around_layers = rvq.layers().iter().enumerate();
    let around_layers = around_layers.filter_map(|(layer, of)| Some((vec![layer], of.projection.as_ref()?)));
    around_chains.chain(around_layers).collect()
}

fn blank_projection(patient: &Patient<'_>, found: &mut Findings) {
    for (layers, projection) in projections(patient) {
        let is_blank = |weight: &Array2<f32>| weight.iter().all(|&v| v == 0.0);
        let (is_blank_in, is_blank_out) = (is_blank(&projection.in_weight), is_blank(&projection.out_weight));
        let matrix = if is_blank_in { "project_in" } else { "project_out" };
        let says = match (&*layers, is_blank_in, is_blank_out) {
            (_, false, false) => continue,
            (&[only], true, true) => layer_says(only, msg!("finding-blank-projection.both")),
            (&[only], ..) => layer_says(only, msg!("finding-blank-projection.one", matrix = matrix)),
            (_, true, true) => {
                msg!("finding-blank-projection.both-of-layers", layers = layers_words(&layers))
            }
            _ => msg!(
                "finding-blank-projection.one-of-layers",
                layers = layers_words(&layers),
                matrix = matrix,
            ),
        };
        let finding = found.add(Severity::Severe, says);
        finding
            .measured(phrase!("measure-range"), 0.0, 0.0, Phrase::NONE)
            .remedy(phrase!("finding-blank-projection.remedy"));
        finding.layers = layers;
    }
}

fn narrow_projection(patient: &Patient<'_>, found: &mut Findings) {
    for (layers, projection) in projections(patient) {
        // More dimensions than the frames have cannot be filled, and nobody means them to be.
        let (inner, outer) = projection.in_weight.dim();
        let wanted = inner.min(outer);
        let (rank_in, rank_out) = (rank(&projection.in_weight), rank(&projection.out_weight));
        let least = rank_in.min(rank_out);
        // One that is blank is told of by itself.
        if least >= wanted || least == 0 {
            continue;
        }
        let which = if rank_in <= rank_out { "project_in" } else { "project_out" };
        let says = match &*layers {
            &[only] => layer_says(
                only,
                msg!("finding-narrow-projection.one", matrix = which, rank = least, dimensions = inner),
            ),
            _ => msg!(
                "finding-narrow-projection.layers",
                layers = layers_words(&layers),
                matrix = which,
                rank = least,
                dimensions = inner,
            ),
        };
        let finding = found.add(Severity::Warning, says);
        finding
            .measured(phrase!("measure-rank"), least as f64, wanted as f64, phrase!("unit-dimensions"))
            .remedy(msg!("finding-narrow-projection.remedy", rank = least));
        finding.layers = layers;
    }
}

/// The number of independent directions of a matrix: the rank of its Gram matrix over the shorter side.
fn rank(weight: &Array2<f32>) -> usize {
    let short = if weight.nrows() <= weight.ncols() { weight.view() } else { weight.t() };
    let lines: Vec<Vec<f64>> =
        short.axis_iter(Axis(0)).map(|line| line.iter().map(|&v| f64::from(v)).collect()).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let gram = DMatrix::from_fn(lines.len(), lines.len(), |i, j| dot(&lines[i], &lines[j]));
    // Eigenvalues of the Gram matrix are the squares of the singular values.
    let squares = SymmetricEigen::new(gram).eigenvalues;
    let largest = squares.iter().copied().fold(0.0, f64::max);
    squares.iter().filter(|&&square| square > NO_DIRECTION.powi(2) * largest).count()
}

fn out_of_reach(patient: &Patient<'_>, found: &mut Findings) {
    for look in patient.looks() {
        let Some(book) = patient.run.rvq.layers().get(look.layer).map(|layer| &layer.codebook) else {
            continue;
        };
        if look.unreached.is_empty() || look.frames < FRAMES {
            continue;
        }
        let (codes, all) = (look.unreached.len(), book.num_codes());
        let severity = if codes as f64 > MANY * all as f64 { Severity::Warning } else { Severity::Note };
        found
            .add(
                severity,
                layer_says(
                    look.layer,
                    msg!(
                        "finding-out-of-reach",
                        codes = codes,
                        all = all,
                        times = format!("{:.1}", look.farthest),
                        inputs = look.frames,
                    ),
                ),
            )
            .of_layer(look.layer)
            .of_codes(&look.unreached)
            .on(look.frames as u64)
            .measured(
                phrase!("measure-distance-over-the-farthest-input-s"),
                look.farthest,
                REACH,
                Phrase::NONE,
            )
            .remedy(phrase!("finding-out-of-reach.remedy"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rank_counts_independent_directions() {
        let full = ndarray::arr2(&[[1.0f32, 2.0, 0.5], [0.0, 1.0, -1.0]]);
        assert_eq!(rank(&full), 2);
        assert_eq!(rank(&full.t().to_owned()), 2);
        assert_eq!(rank(&ndarray::arr2(&[[1.0f32, 2.0, 0.5], [2.0, 4.0, 1.0]])), 1);
        assert_eq!(rank(&Array2::zeros((2, 3))), 0);
    }
}
