//! One figure layer by layer, for both sets of frames.

use egui::{Color32, Id, Ui};
use egui_plot::{MarkerShape, PlotPoint, VLine};

use super::super::parts::switch_ui;
use super::{Figures, ID, OverlaidRun};
use crate::app::PanelCtx;
use crate::app::plot::{Along, Axis, Cell, Chart, Choices, Csv, Curve, Data, Scale, Stroke, look_of};
use crate::metrics::{Definition, LayerMetrics, distortion};
use crate::session::SelectCommand;
use crate::text::t;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
enum Measure {
    #[default]
    Gain,
    Snr,
    Mse,
    Explained,
}

/// The plot's own state.
#[derive(Default)]
pub struct ByLayer {
    measure: Measure,
}

impl Measure {
    fn definition(self) -> &'static Definition {
        match self {
            Self::Gain => &distortion::SNR_GAIN,
            Self::Snr => &distortion::SNR,
            Self::Mse => &distortion::MSE,
            Self::Explained => &distortion::EXPLAINED_VARIANCE,
        }
    }

    fn of(self, layer: &LayerMetrics) -> Option<f64> {
        match self {
            Self::Gain => layer.snr_gain_db,
            Self::Snr => layer.snr_db,
            Self::Mse => layer.mse,
            Self::Explained => layer.explained_variance,
        }
    }

    /// Of what it is.
    fn title(self) -> &'static str {
        match self {
            Self::Gain => t!("error-gain-by-layer"),
            Self::Snr => t!("error-snr-by-layer"),
            Self::Mse => t!("error-mse-by-layer"),
            Self::Explained => t!("error-variance-by-layer"),
        }
    }

    fn scale(self) -> Scale {
        if self == Self::Mse { Scale::Log } else { Scale::Linear }
    }

    /// The Shannon reference by layer, where there is one: it is of what a layer gains.
    fn reference(self, shannon: &[Option<f64>]) -> Vec<f64> {
        match self {
            Self::Gain => shannon.iter().map(|db| db.unwrap_or(f64::NAN)).collect(),
            Self::Snr | Self::Mse | Self::Explained => Vec::new(),
        }
    }
}

/// What is drawn of a measure, as plain data.
struct Lines {
    train: Line,
    held_out: Line,
    reference: Line,
}

/// Values by layer, from 1, and where they lie on the axes.
#[derive(Default)]
struct Line {
    values: Vec<(f64, f64)>,
    points: Vec<PlotPoint>,
}

impl Line {
    fn new(values: impl Iterator<Item = Option<f64>>, y: Scale) -> Self {
        let shown = |(i, value): (usize, Option<f64>)| Some(((i + 1) as f64, value.filter(|&v| y.shows(v))?));
        let values: Vec<(f64, f64)> = values.enumerate().filter_map(shown).collect();
        let points = values.iter().map(|&(x, v)| PlotPoint::new(x, y.place(v))).collect();
        Self { values, points }
    }

    fn curve<'a>(&'a self, name: &str, color: Color32, stroke: Stroke) -> Option<Curve<'a>> {
        let data = Data::Pairs(self.values.clone());
        (!self.points.is_empty()).then(|| Curve::new(name, color, &self.points, data).stroke(stroke))
    }
}

impl Lines {
    fn new(figures: &Figures, measure: Measure, y: Scale) -> Self {
        let of = |layers: &[LayerMetrics]| Line::new(layers.iter().map(|layer| measure.of(layer)), y);
        let reference = measure.reference(&figures.shannon);
        Self {
            train: of(&figures.train),
            held_out: of(&figures.held_out),
            reference: Line::new(reference.into_iter().map(Some), y),
        }
    }
}

impl ByLayer {
    /// Draws it; a click selects the nearest layer.
    pub fn ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        figures: &Figures,
        overlaid: &[OverlaidRun<'_>],
        height: f32,
    ) {
        let Self { measure } = self;
        let shown = *measure;
        let choices = Choices { kind: shown.definition().key, x: None, y: shown.scale(), smooths: false };
        let (_, _, scale) = look_of(ui, &choices);
        let palette = ctx.palette;
        let num_layers = figures.shannon.len();
        let selected = ctx.session.selection().layer;
        let lines = Lines::new(figures, shown, scale);
        let held_out_name =
            if figures.train.is_empty() { t!("error-line-all") } else { t!("error-line-held-out") };
        let of_runs: Vec<Line> = overlaid
            .iter()
            .map(|run| Line::new(run.layers.iter().map(|layer| shown.of(layer)), scale))
            .collect();
        let (square, circle) = (Stroke::Marked(MarkerShape::Square), Stroke::Marked(MarkerShape::Circle));
        let mut curves: Vec<Curve<'_>> = lines
            .reference
            .curve(t!("error-shannon-reference"), palette.faint, Stroke::Dashed)
            .into_iter()
            .collect();
        if overlaid.is_empty() {
            curves.extend(lines.train.curve(t!("error-line-training"), palette.train, square));
            curves.extend(lines.held_out.curve(held_out_name, palette.held_out, circle));
        }
        for (run, line) in overlaid.iter().zip(&of_runs) {
            curves.extend(line.curve(&run.name, run.color, circle));
        }
        let y = Axis::of(shown.definition()).scaled(scale);
        let x = Axis::whole(t!("word-layer"), t!("error-layers-axis"));
        let title = shown.title();
        let id = Id::unique(("by layer", shown, ui.scope_id())); // not a text
        let drawn = Chart::new(ID, "by-layer", title, x, y, height)
            .along(Along::Layers)
            .choices(choices)
            .curves(curves)
            .tune(move |plot| {
                let plot = plot.id(id).include_x(0.6).include_x(num_layers as f64 + 0.4);
                if scale == Scale::Linear { plot.include_y(0.0) } else { plot }
            })
            .show(
                ctx,
                ui,
                |ui| measure_switch_ui(ui, measure),
                || Some(csv(shown, figures)),
                |plot| {
                    let line = VLine::new("selected layer", (selected + 1) as f64); // not a text
                    let line = line.width(8.0).name("");
                    plot.vline(line.color(palette.layer(selected).gamma_multiply(0.35)).allow_hover(false));
                },
            );
        if let Some(at) = drawn.clicked_at() {
            let layer = (at.x.round().max(1.0) as usize - 1).min(num_layers.saturating_sub(1));
            ctx.send(SelectCommand::Layer(layer));
        }
    }
}

fn measure_switch_ui(ui: &mut Ui, measure: &mut Measure) {
    switch_ui(
        ui,
        measure,
        &[
            (Measure::Gain, t!("error-gain"), distortion::SNR_GAIN.text.text()),
            (Measure::Snr, t!("error-snr"), distortion::SNR.text.text()),
            (Measure::Mse, t!("error-mse"), distortion::MSE.text.text()),
            (Measure::Explained, t!("error-explained-variance"), distortion::EXPLAINED_VARIANCE.text.text()),
        ],
    );
}

fn csv(measure: Measure, figures: &Figures) -> String {
    let reference = measure.reference(&figures.shannon);
    let key = measure.definition().key;
    let mut csv = Csv::new([
        "layer".to_owned(),
        format!("{key}_train"),
        format!("{key}_held_out"),
        "shannon_db".to_owned(),
    ]);
    for layer in 0..figures.shannon.len() {
        let of = |layers: &[LayerMetrics]| layers.get(layer).and_then(|l| measure.of(l));
        csv.row([
            Cell::from(layer + 1),
            Cell::from(of(&figures.train)),
            Cell::from(of(&figures.held_out)),
            Cell::from(reference.get(layer).copied()),
        ]);
    }
    csv.finish()
}
