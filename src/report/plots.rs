//! Which plots a run gives, as plain data: the report draws them, and the window exports the same values.

use crate::metrics::{CodebookView, Evaluation, LayerMetrics, convergence, distortion, usage};
use crate::training::{History, LayerCodes, Run, Series as Scalar, SplitKind};

use super::codebooks;
use super::plot::{Axis, Content, Grid, Mark, Plot, Scale, Series, Size, Tone};
use super::series::{counted_from_one, counted_from_zero, layer_series};

/// A section of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// What each layer adds.
    Reconstruction,
    /// Which codes are used.
    Usage,
    /// What codebooks tell on their own.
    Codebooks,
    /// How training went.
    Training,
    /// Whether the averages have settled.
    Ema,
}

impl Section {
    /// Every section, in the order of the report.
    pub const ALL: [Self; 5] =
        [Self::Reconstruction, Self::Usage, Self::Codebooks, Self::Training, Self::Ema];

    /// Its heading.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Reconstruction => "Reconstruction by layer",
            Self::Usage => "Codebook usage",
            Self::Codebooks => "Codebooks on their own",
            Self::Training => "Training",
            Self::Ema => "Cluster sizes against batch counts",
        }
    }
}

/// Every plot of a run with the section that it belongs to. What was not trained here has no training plots. `codes` and `views` are of each layer.
#[must_use]
pub fn plots(
    run: &Run,
    history: &History,
    codes: &[LayerCodes],
    views: &[CodebookView],
) -> Vec<(Section, Plot)> {
    let quantizer = format!("{}{}", run.name, at_step(run.steps));
    let mut usage = usage_plots(run);
    let of = run.best_evaluation().map_or_else(
        || format!("EMA view, {quantizer}"),
        |(split, evaluation)| of_frames(run, split, evaluation.frames),
    );
    usage.insert(0, codebooks::states(codes, &of));
    let sections = [
        (Section::Reconstruction, reconstruction(run)),
        (Section::Usage, usage),
        (Section::Codebooks, codebooks::plots(views, &quantizer)),
        (Section::Training, training(history)),
        (Section::Ema, cluster_sizes(run)),
    ];
    sections.into_iter().flat_map(|(section, plots)| plots.into_iter().map(move |p| (section, p))).collect()
}

/// "2702 held-out frames, step 596".
pub(super) fn of_frames(run: &Run, split: SplitKind, frames: u64) -> String {
    format!("{}{}", run.frames_words(split, frames), at_step(run.evaluated_at))
}

/// ", step 596"; nothing of what was not trained by steps that are known.
fn at_step(step: u64) -> String {
    if step > 0 { format!(", step {step}") } else { String::new() }
}

/// A figure of a layer.
type LayerFigure = fn(&LayerMetrics) -> Option<f64>;
/// A number of codes of a layer.
type LayerCount = fn(&LayerMetrics) -> Option<usize>;

/// Error, SNR, gain and explained variance behind each layer, held-out beside train.
#[must_use]
pub fn reconstruction(run: &Run) -> Vec<Plot> {
    let figures: [(_, LayerFigure); 4] = [
        (&distortion::SNR, |m| m.snr_db),
        (&distortion::SNR_GAIN, |m| m.snr_gain_db),
        (&distortion::MSE, |m| m.mse),
        (&distortion::EXPLAINED_VARIANCE, |m| m.explained_variance),
    ];
    let mut plots = Vec::with_capacity(figures.len());
    let of: Vec<String> = [SplitKind::HeldOut, SplitKind::Train]
        .into_iter()
        .filter_map(|split| Some(run.frames_words(split, run.evaluation(split)?.frames).english()))
        .collect();
    if of.is_empty() {
        return plots;
    }
    let of = format!("{}{}", of.join(" and "), at_step(run.evaluated_at));
    for (definition, figure) in figures {
        let mut series = Vec::new();
        for (split, tone) in [(SplitKind::HeldOut, Tone::HeldOut), (SplitKind::Train, Tone::Train)] {
            let Some(evaluation) = run.evaluation(split) else { continue };
            let metrics = run.layer_metrics(split);
            let values = metrics.iter().map(|m| figure(m).unwrap_or(f64::NAN));
            let mark = if definition.key == distortion::SNR_GAIN.key { Mark::Bars } else { Mark::Line };
            let name = format!("{} (n = {})", run.split_label(split), evaluation.frames);
            series.push(Series { name, mark, tone, points: counted_from_one(values) });
        }
        let y = Axis::linear(definition.label.text(), definition.unit.text());
        let y = if definition.key == distortion::MSE.key { log_if_wide(y, &series) } else { y };
        plots.push(Plot {
            id: definition.key.to_owned(),
            title: format!("{} by layer", definition.label),
            of: of.clone(),
            note: definition.text.to_owned().to_string(),
            size: Size::Medium,
            x: Axis::whole("Layer"),
            y,
            content: Content::Series(series),
        });
    }
    plots
}

/// How the codes of the frames to judge by are used: dead codes, rank against frequency, a heatmap, and bars of each layer.
#[must_use]
pub fn usage_plots(run: &Run) -> Vec<Plot> {
    let Some((split, evaluation)) = run.best_evaluation() else { return Vec::new() };
    let of = of_frames(run, split, evaluation.frames);
    usage_of(evaluation, &run.layer_metrics(split), &of)
}

/// As [`usage_plots`], of any counted frames; `of` says which these are.
#[must_use]
pub fn usage_of(evaluation: &Evaluation, metrics: &[LayerMetrics], of: &str) -> Vec<Plot> {
    let mut plots = vec![dead_codes(metrics, of), rank_frequency(evaluation, of), heatmap(evaluation, of)];
    for (layer_idx, layer) in evaluation.layers.iter().enumerate() {
        let counts = layer.counts.iter().map(|&n| n as f64);
        let sorted = usage::rank_frequency(&layer.counts).into_iter().map(|n| n as f64);
        let number = layer_idx + 1;
        plots.push(Plot {
            id: format!("usage_layer_{number}"),
            title: format!("Usage, layer {number}"),
            of: of.to_owned(),
            note: "Frames that chose each code; the line is the same counts from the largest down".to_owned(),
            size: Size::Small,
            x: Axis::whole("Code, or rank"),
            y: Axis::linear("Frames", ""),
            content: Content::Series(vec![
                Series {
                    name: "by code".to_owned(),
                    mark: Mark::Bars,
                    tone: Tone::HeldOut,
                    points: counted_from_zero(counts),
                },
                Series {
                    name: "sorted".to_owned(),
                    mark: Mark::Line,
                    tone: Tone::Train,
                    points: counted_from_zero(sorted),
                },
            ]),
        });
    }
    plots
}

/// The scalars of every step; none where there is no step.
#[must_use]
pub fn training(history: &History) -> Vec<Plot> {
    if history.is_empty() {
        return Vec::new();
    }
    let scalars = [
        (
            "loss",
            Scalar::Loss,
            Axis::linear(convergence::LOSS.label.text(), ""),
            convergence::LOSS.text.text(),
            true,
        ),
        (
            "perplexity",
            Scalar::Perplexity,
            Axis::linear("Perplexity of the batch", "codes"),
            usage::PERPLEXITY.text.text(),
            false,
        ),
        ("drift", Scalar::Drift, Axis::linear("Drift", ""), convergence::DRIFT.text.text(), true),
        (
            "below_threshold",
            Scalar::BelowThreshold,
            Axis::whole("Codes below the threshold"),
            usage::DEAD_THRESHOLD.text.text(),
            false,
        ),
        (
            "replaced",
            Scalar::Replaced,
            Axis::whole("Codes replaced"),
            "Codes that a step moved elsewhere because they counted as dead",
            false,
        ),
    ];
    let mut plots = Vec::with_capacity(scalars.len());
    for (id, scalar, y, note, ratios) in scalars {
        let num_layers = history.num_layers();
        let layer = |layer_idx: usize| {
            let values = history.series(layer_idx, scalar);
            let points = history.steps().iter().zip(values).map(|(&step, &value)| [step as f64, value]);
            layer_series(layer_idx, num_layers, Mark::Line, points.collect())
        };
        let series: Vec<Series> = (0..num_layers).map(layer).collect();
        let y = if ratios { log_if_wide(y, &series) } else { y };
        plots.push(Plot {
            id: id.to_owned(),
            title: format!("{} over steps", y.label),
            of: format!(
                "training batches, {} layers, step {}",
                num_layers,
                history.steps().last().copied().unwrap_or(0)
            ),
            note: note.to_owned().to_string(),
            size: Size::Medium,
            x: Axis::whole("Step"),
            y,
            content: Content::Series(series),
        });
    }
    plots
}

/// The EMA cluster size of each code against how many frames of the last batch chose it, for layers that were trained.
#[must_use]
pub fn cluster_sizes(run: &Run) -> Vec<Plot> {
    let mut plots = Vec::new();
    for (layer_idx, (layer, state)) in run.rvq.layers().iter().zip(&run.states).enumerate() {
        if state.batch_counts.is_empty() || run.steps == 0 {
            continue;
        }
        let sizes = layer.codebook.cluster_size();
        let points: Vec<[f64; 2]> =
            state.batch_counts.iter().zip(sizes).map(|(&n, &size)| [f64::from(n), size]).collect();
        let most = points.iter().flatten().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
        let widest = points.iter().map(|p| p[0]).fold(0.0, f64::max);
        let number = layer_idx + 1;
        let threshold = run.threshold_frames(layer_idx);
        let mut series = vec![
            Series {
                name: "equal".to_owned(),
                mark: Mark::Dashed,
                tone: Tone::Muted,
                points: vec![[0.0, 0.0], [most.min(widest), most.min(widest)]],
            },
            Series { name: "a code".to_owned(), mark: Mark::Dots, tone: Tone::HeldOut, points },
        ];
        if threshold > 0.0 {
            let points = vec![[0.0, threshold], [widest, threshold]];
            series.push(Series {
                name: "dead-code threshold".to_owned(),
                mark: Mark::Dashed,
                tone: Tone::Warn,
                points,
            });
        }
        plots.push(Plot {
            id: format!("cluster_size_layer_{number}"),
            title: format!("EMA cluster size, layer {number}"),
            of: format!("last batch{}", at_step(run.steps)),
            note: "One dot a code: its running average against the last batch. A settled average scatters evenly about the broken line"
                .to_owned(),
            size: Size::Small,
            x: Axis::linear("Frames of the last batch", ""),
            y: Axis::linear("EMA cluster size", "frames a batch"),
            content: Content::Series(series),
        });
    }
    plots
}

fn dead_codes(metrics: &[LayerMetrics], of: &str) -> Plot {
    let kinds: [(&str, Tone, LayerCount); 3] = [
        ("in the window", Tone::HeldOut, |m| m.dead_window),
        ("by threshold", Tone::Train, |m| m.dead_threshold),
        ("in the corpus", Tone::Warn, |m| m.dead_corpus),
    ];
    let series = kinds.map(|(name, tone, kind)| {
        let values = metrics.iter().map(|m| kind(m).map_or(f64::NAN, |n| n as f64));
        Series { name: name.to_owned(), mark: Mark::Bars, tone, points: counted_from_one(values) }
    });
    Plot {
        id: "dead_codes".to_owned(),
        title: "Dead codes by layer".to_owned(),
        of: of.to_owned(),
        note: "Three different things: not chosen by these frames; an EMA size below the threshold; not chosen by any frame of the corpus. A code can \
               be of several kinds"
            .to_owned(),
        size: Size::Medium,
        x: Axis::whole("Layer"),
        y: Axis::whole("Dead codes"),
        content: Content::Series(series.into()),
    }
}

fn rank_frequency(evaluation: &Evaluation, of: &str) -> Plot {
    let num_layers = evaluation.layers.len();
    let layer = |(layer_idx, layer): (usize, &crate::metrics::LayerTally)| {
        let sorted = usage::rank_frequency(&layer.counts).into_iter().map(|n| n as f64);
        layer_series(layer_idx, num_layers, Mark::Line, counted_from_one(sorted))
    };
    Plot {
        id: "rank_frequency".to_owned(),
        title: "Rank against frequency".to_owned(),
        of: of.to_owned(),
        note: "A level line is even use; codes that no frame chose have no place on a logarithmic axis"
            .to_owned(),
        size: Size::Medium,
        x: Axis::whole("Rank").log(),
        y: Axis::linear("Frames", "").log(),
        content: Content::Series(evaluation.layers.iter().enumerate().map(layer).collect()),
    }
}

fn heatmap(evaluation: &Evaluation, of: &str) -> Plot {
    let frames = evaluation.frames.max(1) as f64;
    let row = |(layer_idx, layer): (usize, &crate::metrics::LayerTally)| {
        let even = frames / layer.counts.len().max(1) as f64;
        (format!("Layer {}", layer_idx + 1), layer.counts.iter().map(|&n| n as f64 / even).collect())
    };
    Plot {
        id: "usage_heatmap".to_owned(),
        title: "Usage of every code".to_owned(),
        of: of.to_owned(),
        note: "Frames of a code over n/K, its share under even use. Where codes share a column, the most used is above and the least below".to_owned(),
        size: Size::Wide,
        x: Axis::whole("Code"),
        y: Axis::whole("Layer"),
        content: Content::Grid(Grid {
            rows: evaluation.layers.iter().enumerate().map(row).collect(),
            value_label: "\u{d7} n/K".to_owned(),
            zero_label: "unused".to_owned(),
            edges: vec![0.1, 0.3, 1.0, 3.0, 10.0],
        }),
    }
}

/// The axis, logarithmic where all values are above zero and the largest is many times the smallest.
pub(super) fn log_if_wide(axis: Axis, series: &[Series]) -> Axis {
    const WIDE: f64 = 20.0;
    let values = || series.iter().flat_map(|s| &s.points).map(|p| p[1]).filter(|v| v.is_finite() && *v > 0.0);
    let (least, most) = values().fold((f64::INFINITY, 0f64), |(lo, hi), v| (lo.min(v), hi.max(v)));
    if most > WIDE * least { Axis { scale: Scale::Log, ..axis } } else { axis }
}
