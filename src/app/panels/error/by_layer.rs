//! One figure layer by layer, for both sets of frames.

use egui::{Id, Ui};
use egui_plot::{Line, LineStyle, MarkerShape, PlotPoint, PlotPoints, Points};

use super::super::parts::switch_ui;
use super::{Figures, ID};
use crate::app::PanelCtx;
use crate::app::plot::{Axis, Cell, Chart, Csv, Scale};
use crate::metrics::{Definition, LayerMetrics, distortion};
use crate::session::SelectCommand;

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

impl ByLayer {
    /// Draws it; a click selects the nearest layer.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, figures: &Figures, height: f32) {
        let Self { measure } = self;
        let shown = *measure;
        let (definition, scale) = (shown.definition(), shown.scale());
        let palette = ctx.palette;
        let num_layers = figures.shannon.len();
        let selected = ctx.session.selection().layer;
        let reference = shown.reference(&figures.shannon);
        let points = |layers: &[LayerMetrics]| -> Vec<PlotPoint> {
            let value = |(i, layer)| Some((i, shown.of(layer).filter(|&v| scale.shows(v))?));
            let values = layers.iter().enumerate().filter_map(value);
            values.map(|(i, v)| PlotPoint::new((i + 1) as f64, scale.place(v))).collect()
        };
        let (train, held_out) = (points(&figures.train), points(&figures.held_out));
        let y = Axis::of(definition).scaled(scale);
        let x = Axis::whole("Layer", "Layers, each of which quantizes what the ones before left over");
        let title = "By layer";
        let csv_reference = reference.clone();
        let id = Id::unique(("by layer", shown, ui.scope_id()));
        let drawn = Chart::new(ID, "by-layer", title, x, y, height)
            .legend(true)
            .tune(move |plot| {
                let plot = plot.id(id).include_x(0.6).include_x(num_layers as f64 + 0.4);
                if scale == Scale::Linear { plot.include_y(0.0) } else { plot }
            })
            .show(
                ctx,
                ui,
                |ui| measure_switch_ui(ui, measure),
                || Some(csv(shown, figures, &csv_reference)),
                |plot| {
                    plot.vline(
                        egui_plot::VLine::new("selected layer", (selected + 1) as f64)
                            .color(palette.layer(selected).gamma_multiply(0.35))
                            .width(8.0)
                            .allow_hover(false)
                            .name(""),
                    );
                    if !reference.is_empty() {
                        let line: Vec<[f64; 2]> = reference
                            .iter()
                            .enumerate()
                            .map(|(i, &db)| [(i + 1) as f64, db])
                            .filter(|p| p[1].is_finite())
                            .collect();
                        plot.line(
                            Line::new("Shannon reference", line)
                                .color(palette.faint)
                                .style(LineStyle::dashed_loose())
                                .width(1.5),
                        );
                    }
                    for (name, points, color, shape) in [
                        ("train", train, palette.train, MarkerShape::Square),
                        ("held-out", held_out, palette.held_out, MarkerShape::Circle),
                    ] {
                        if points.is_empty() {
                            continue;
                        }
                        plot.line(Line::new(name, PlotPoints::Owned(points.clone())).color(color).width(1.5));
                        plot.points(
                            Points::new(name, PlotPoints::Owned(points))
                                .color(color)
                                .shape(shape)
                                .radius(3.5),
                        );
                    }
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
            (Measure::Gain, "Gain", distortion::SNR_GAIN.text),
            (Measure::Snr, "SNR", distortion::SNR.text),
            (Measure::Mse, "MSE", distortion::MSE.text),
            (Measure::Explained, "Variance", distortion::EXPLAINED_VARIANCE.text),
        ],
    );
}

fn csv(measure: Measure, figures: &Figures, reference: &[f64]) -> String {
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
