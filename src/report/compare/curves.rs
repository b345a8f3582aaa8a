//! The curves of all runs over one another.

use crate::metrics::{Definition, convergence, distortion, usage};
use crate::report::plot::{Axis, Content, Mark, Plot, Series, Size, Tone};
use crate::report::plots::log_if_wide;

use super::{Member, SCALARS};

/// What is drawn over the layers.
static BY_LAYER: [&Definition; 5] =
    [&distortion::SNR, &distortion::SNR_GAIN, &distortion::MSE, &usage::PERPLEXITY, &usage::UTILIZATION];

/// A plot for each figure by layer and each scalar over steps, with a line for each run; none of what no run knows.
pub(super) fn plots(runs: &[Member]) -> Vec<Plot> {
    BY_LAYER
        .iter()
        .map(|definition| by_layer(definition, runs))
        .chain(over_steps(runs))
        .filter(|p| !p.is_empty())
        .collect()
}

fn by_layer(definition: &Definition, runs: &[Member]) -> Plot {
    let line = |run: &Member| {
        let values = (0..run.layers().len()).map(|layer| run.figure(layer, definition.key));
        values.zip(1u32..).map(|(value, layer)| [f64::from(layer), value.unwrap_or(f64::NAN)]).collect()
    };
    let series = lines(runs, line);
    let y = Axis::linear(definition.label.text(), definition.unit.text());
    let is_error = definition.key == distortion::MSE.key;
    Plot {
        id: definition.key.to_owned(),
        title: format!("{} by layer", definition.label),
        of: String::new(),
        note: definition.text.to_owned().to_string(),
        size: Size::Medium,
        x: Axis::whole("Layer"),
        y: if is_error { log_if_wide(y, &series) } else { y },
        content: Content::Series(series),
    }
}

fn over_steps(runs: &[Member]) -> impl Iterator<Item = Plot> {
    let words = [
        ("Loss", "", convergence::LOSS.text),
        ("Perplexity of the batch", "codes", usage::PERPLEXITY.text),
        ("Drift", "", convergence::DRIFT.text),
    ];
    SCALARS.iter().zip(words).enumerate().map(move |(place, (scalar, (label, unit, note)))| {
        let series = lines(runs, |run| run.curves.get(place).cloned().unwrap_or_default());
        let y = Axis::linear(label, unit);
        Plot {
            id: format!("{}_over_steps", scalar.key),
            title: format!("{label} over steps"),
            of: "training batches, mean over the layers".to_owned(),
            note: note.to_owned().to_string(),
            size: Size::Medium,
            x: Axis::whole("Step"),
            y: if scalar.key == "perplexity" { y } else { log_if_wide(y, &series) },
            content: Content::Series(series),
        }
    })
}

/// A line for each run that has any points, in the colour of its place among the runs.
fn lines(runs: &[Member], points: impl Fn(&Member) -> Vec<[f64; 2]>) -> Vec<Series> {
    let last = runs.len().saturating_sub(1).max(1) as f64;
    let line = |(place, run): (usize, &Member)| {
        let (name, tone) = (run.name.clone(), Tone::Ramp(place as f64 / last));
        Series { name, mark: Mark::Line, tone, points: points(run) }
    };
    let all = runs.iter().enumerate().map(line);
    all.filter(|series| series.points.iter().any(|point| point[1].is_finite())).collect()
}
