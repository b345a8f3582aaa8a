//! What rounding costs: distances in which large numbers cancel, and numbers that half precision does not hold.

use half::f16;
use ndarray::{Array2, ArrayView2};

use super::{Check, Evidence, Findings, Patient, Severity};
use crate::rvq::encoder::Encoder;
use crate::rvq::nearest::Searcher;
use crate::rvq::search::Search;
use crate::rvq::{LayerSpan, assign_as_upstream};

/// Frames that are looked at.
const FRAMES: usize = 4096;

/// More frames than this share with another code than the nearest cost something.
const WRONG: f64 = 1e-3;

/// As many under half precision are worth knowing.
const HALF_WRONG: f64 = 0.02;

/// The largest number in half precision.
const HALF_MOST: f64 = 65_504.0;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "cancellation",
        title: "codes that rounding in the distances changes",
        needs: &[Evidence::Frames],
        why: "x² - 2xe + e² in f32 loses the differences between codes where the mean of the frames is far from zero: PyTorch gives other codes than the nearest.",
        source: "share of frames whose code differs between f32 as upstream writes it and the exact search; 0.1 %",
        look: cancellation,
    },
    Check {
        id: "misassigned",
        title: "frames that did not get their nearest code",
        needs: &[],
        why: "The training computes its distances as upstream does, and the frames are not centred: what it learns is what rounding chose.",
        source: "frames of the last batch with a code farther away than the nearest",
        look: misassigned,
    },
    Check {
        id: "half-precision",
        title: "codes that half precision changes",
        needs: &[Evidence::Frames],
        why: "Under autocast frames and rows have eleven bits: codes that lie closer together than that are chosen at random.",
        source: "share of frames with another nearest code once frames and rows are rounded to f16; 2 %",
        look: half_precision,
    },
    Check {
        id: "half-overflow",
        title: "buffers beyond half precision",
        needs: &[Evidence::Rows],
        why: "Saved or trained in half precision, these numbers become infinite.",
        source: "|m| or c above 65 504",
        look: half_overflow,
    },
];

/// The first layer as its search sees it, where that is the frames themselves: some frames, their nearest codes, and the rows.
struct FirstLayer<'a> {
    sample: Array2<f32>,
    exact: Array2<u32>,
    rows: ArrayView2<'a, f32>,
}

impl<'a> FirstLayer<'a> {
    fn of(patient: &Patient<'a>) -> Option<Self> {
        let (frames, rvq) = (patient.frames?, &patient.run.rvq);
        let layer = rvq.layers().first()?;
        if layer.projection.is_some() || layer.stride != 1 || rvq.metric().is_cosine() || frames.nrows() == 0
        {
            return None;
        }
        let stride = frames.nrows().div_ceil(FRAMES);
        let sample = frames.slice(ndarray::s![..;stride, ..]).as_standard_layout().into_owned();
        let span = LayerSpan { start: 0, end: Some(1) };
        let encoded =
            Encoder::new(rvq, span).and_then(|encoder| encoder.encode(sample.view(), Search::Greedy));
        Some(Self { exact: encoded.ok()?.to_matrix(), sample, rows: layer.codebook.embed() })
    }

    /// How many of other codes lie farther away than the nearest, apart from ties.
    fn wrong(&self, codes: impl Iterator<Item = u32>) -> usize {
        let distance = |frame: usize, code: u32| -> f64 {
            let pairs = self.sample.row(frame).into_iter().zip(self.rows.row(code as usize));
            pairs.map(|(&x, &e)| (f64::from(x) - f64::from(e)).powi(2)).sum()
        };
        let is_wrong = |&(frame, (&exact, code)): &(usize, (&u32, u32))| {
            exact != code && distance(frame, code) > distance(frame, exact) * (1.0 + 1e-6)
        };
        self.exact.row(0).iter().zip(codes).enumerate().filter(is_wrong).count()
    }
}

fn cancellation(patient: &Patient<'_>, found: &mut Findings) {
    let Some(first) = FirstLayer::of(patient) else { return };
    let frames = first.sample.nrows();
    let wrong = first.wrong(assign_as_upstream(first.sample.view(), first.rows).into_iter());
    let share = wrong as f64 / frames as f64;
    if share <= WRONG {
        return;
    }
    let severity = if share > 0.01 { Severity::Severe } else { Severity::Warning };
    found
        .add(
            severity,
            format!(
                "Layer 1: PyTorch's x² - 2xe + e² in f32 gives {:.2} % of {frames} frames another code than the nearest, because the frames are not centred",
                100.0 * share
            ),
        )
        .of_layer(0)
        .on(frames as u64)
        .measured("wrong codes", share, WRONG, "")
        .remedy("Subtract the mean of the frames before they are quantized");
}

fn half_precision(patient: &Patient<'_>, found: &mut Findings) {
    let Some(first) = FirstLayer::of(patient) else { return };
    let frames = first.sample.nrows();
    let half = |v: &f32| f16::from_f32(*v).to_f32();
    let (sample, rows) = (first.sample.map(half), first.rows.map(half));
    if sample.iter().chain(&rows).any(|v| !v.is_finite()) {
        // What overflows is told of by itself.
        return;
    }
    let (mut codes, mut sq_dists) = (vec![0; frames], vec![0.0; frames]);
    let Some(values) = sample.as_slice() else { return };
    Searcher::new(rows.view()).assign(values, &mut codes, &mut sq_dists);
    let share = first.wrong(codes.into_iter()) as f64 / frames as f64;
    if share <= HALF_WRONG {
        return;
    }
    found
        .add(
            Severity::Note,
            format!(
                "Layer 1: frames and rows in half precision give {:.1} % of {frames} frames another code, however exactly distances are computed",
                100.0 * share
            ),
        )
        .of_layer(0)
        .on(frames as u64)
        .measured("wrong codes", share, HALF_WRONG, "")
        .remedy("Quantize in single precision, or subtract the mean of the frames before");
}

fn misassigned(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, state) in patient.run.states.iter().enumerate() {
        let frames: u64 = state.batch_counts.iter().map(|&n| u64::from(n)).sum();
        let Some(wrong) = state.misassigned.filter(|&wrong| wrong > 0 && frames > 0) else { continue };
        found
            .add(
                Severity::Warning,
                format!(
                    "Layer {}: in the last batch {wrong} of {frames} frames ({:.2} %) did not get their nearest code, because distances are computed as \
                     upstream does and the data are not centred",
                    layer + 1,
                    100.0 * f64::from(wrong) / frames as f64
                ),
            )
            .of_layer(layer)
            .on(frames)
            .measured("wrong codes", f64::from(wrong), 0.0, "frames")
            .remedy("Assign exactly, or centre the frames")
            .change_word("assignment", "exact");
    }
}

fn half_overflow(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, book) in patient.codebooks() {
        let sums = book.embed_avg().iter().map(|v| v.abs()).fold(0.0, f64::max);
        let sizes = book.cluster_size().iter().copied().fold(0.0, f64::max);
        let rows = book.embed().iter().map(|v| f64::from(v.abs())).fold(0.0, f64::max);
        let most = sums.max(sizes).max(rows);
        if most <= HALF_MOST {
            continue;
        }
        let what = if rows == most {
            "embed"
        } else if sums == most {
            "embed_avg"
        } else {
            "cluster_size"
        };
        found
            .add(
                Severity::Note,
                format!("Layer {}: {what} holds {most:.0}, which half precision does not", layer + 1),
            )
            .of_layer(layer)
            .measured("largest number", most, HALF_MOST, "")
            .remedy("Keep the quantizer's buffers in single precision");
    }
}
