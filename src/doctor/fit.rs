//! Whether frames are such as the quantizer was trained on: the averages of its first layer remember their mean and what its codes hold of their variance.

use super::{Check, Evidence, Findings, Patient, Severity};
use crate::rvq::Codebook;
use crate::text::{Phrase, msg, phrase};

/// The means may lie so many standard deviations apart.
const APART: f64 = 1.0;

/// The frames may have so much less variance than the codes give back, and so much more.
const SMALLER: f64 = 0.25;
const LARGER: f64 = 10.0;

/// Fewer frames have a mean of their own.
const FRAMES: usize = 100;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "shifted-frames",
        title: phrase!("check-shifted-frames"),
        needs: &[Evidence::Sizes, Evidence::Frames],
        why: phrase!("check-shifted-frames.why"),
        source: phrase!("check-shifted-frames.source"),
        look: shifted,
    },
    Check {
        id: "scaled-frames",
        title: phrase!("check-scaled-frames"),
        needs: &[Evidence::Sizes, Evidence::Frames],
        why: phrase!("check-scaled-frames.why"),
        source: phrase!("check-scaled-frames.source"),
        look: scaled,
    },
];

/// The frames and what the averages remember, where both can be compared.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    frames: u64,
    /// Squared distance of the means.
    bias: f64,
    /// Variance of the frames, over all dimensions.
    variance: f64,
    /// Variance that the codes of all layers give back.
    given_back: f64,
}

impl Moments {
    pub(super) fn of(patient: &Patient<'_>) -> Option<Self> {
        let (rvq, frames) = (&patient.run.rvq, patient.frames?);
        let is_direct = rvq.is_one_chain() && !rvq.metric().is_cosine();
        let is_plain = rvq.layers().iter().all(|layer| layer.projection.is_none() && layer.stride == 1);
        if !is_direct || !is_plain || frames.nrows() < FRAMES {
            return None;
        }
        let first = patient.with_sizes().next().filter(|(layer, ..)| *layer == 0)?.1;
        let (trained_on, _) = moments_of(first)?;
        let count = frames.nrows() as f64;
        let (mut bias, mut variance) = (0.0, 0.0);
        for (column, trained_on) in frames.columns().into_iter().zip(&trained_on) {
            let mean = column.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
            variance += column.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
            bias += (mean - trained_on).powi(2);
        }
        // A layer without sizes would be missing in the sum.
        let given_back: Vec<f64> =
            patient.with_sizes().filter_map(|(_, book, ..)| Some(moments_of(book)?.1)).collect();
        if given_back.len() != rvq.num_layers() || variance <= 0.0 {
            return None;
        }
        let given_back = given_back.iter().sum();
        Some(Self { frames: frames.nrows() as u64, bias, variance, given_back })
    }
}

/// The mean of what a layer was given in training, `sum m / C`, and the variance of its rows by their sizes.
fn moments_of(book: &Codebook) -> Option<(Vec<f64>, f64)> {
    let total: f64 = book.cluster_size().iter().map(|size| size.max(0.0)).sum();
    if total <= 0.0 {
        return None;
    }
    let mean: Vec<f64> =
        book.embed_avg().columns().into_iter().map(|column| column.iter().sum::<f64>() / total).collect();
    let embed = book.embed();
    let of_rows: Vec<f64> = embed
        .columns()
        .into_iter()
        .map(|column| {
            let pairs = column.iter().zip(book.cluster_size());
            pairs.map(|(&e, size)| f64::from(e) * size.max(0.0)).sum::<f64>() / total
        })
        .collect();
    let square = |row: ndarray::ArrayView1<'_, f32>| {
        row.iter().zip(&of_rows).map(|(&e, mean)| (f64::from(e) - mean).powi(2)).sum::<f64>()
    };
    let rows = embed.rows().into_iter().zip(book.cluster_size());
    let variance = rows.map(|(row, size)| square(row) * size.max(0.0)).sum::<f64>() / total;
    Some((mean, variance))
}

fn shifted(patient: &Patient<'_>, found: &mut Findings) {
    let Some(&Moments { frames, bias, variance, .. }) = patient.moments() else { return };
    let apart = (bias / variance).sqrt();
    if apart <= APART {
        return;
    }
    found
        .add(Severity::Warning, msg!("finding-shifted-frames", apart = format!("{apart:.1}")))
        .on(frames)
        .measured(phrase!("measure-distance-of-the-means"), apart, APART, phrase!("unit-standard-deviations"))
        .remedy(phrase!("finding-shifted-frames.remedy"));
}

fn scaled(patient: &Patient<'_>, found: &mut Findings) {
    let Some(&Moments { frames, variance, given_back, .. }) = patient.moments() else { return };
    if given_back <= 0.0 {
        return;
    }
    let times = variance / given_back;
    let bound = match times {
        times if times < SMALLER => SMALLER,
        times if times > LARGER => LARGER,
        _ => return,
    };
    let says = if times < 1.0 {
        msg!("finding-scaled-frames.smaller", times = format!("{times:.3}"))
    } else {
        msg!("finding-scaled-frames.larger", times = format!("{times:.0}"))
    };
    found
        .add(Severity::Warning, says)
        .on(frames)
        .measured(phrase!("measure-variance-over-the-codes"), times, bound, Phrase::NONE)
        .remedy(phrase!("finding-scaled-frames.remedy"));
}
