//! The selected code over the steps of its training: its EMA size, how far its row moved, and when it was replaced.

use egui::{Label, RichText, Ui};
use egui_plot::{LineStyle, PlotPoint, PlotUi, VLine};

use super::super::parts::tiles_ui;
use super::ID;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::grouped;
use crate::app::plot::{
    Along, Axis, Cell, Chart, Choices, Csv, Curve, Data, LEAST_HEIGHT, Scale, Stroke, look_of,
};
use crate::app::{PanelCtx, WindowRequest};
use crate::metrics::convergence;
use crate::session::View;
use crate::text::t;
use crate::training::{CodePoint, Run, ThresholdStanding};

const SIZE: f32 = 12.0;
/// Charts narrower than this stand one below the other.
const CHART_WIDTH: f32 = 250.0;

static SIZE_CHOICES: Choices =
    Choices { kind: "code_size", x: Some(Scale::Linear), y: Scale::Linear, smooths: false };
static DRIFT_CHOICES: Choices =
    Choices { kind: convergence::CODE_DRIFT.key, x: Some(Scale::Linear), y: Scale::Log, smooths: false };

/// The scales of both axes.
type Scales = (Scale, Scale);

/// The run, the layer, the code, and how both charts are scaled.
type Key = (ByPtr<Run>, usize, usize, [Scales; 2]);

/// Two charts: the code's size, and its movement.
#[derive(Default)]
pub struct HistoryCharts {
    lines: Memo<Key, Lines>,
}

/// What both charts draw.
#[derive(Default)]
struct Lines {
    points: Vec<CodePoint>,
    /// Steps, and how often it was replaced since the one before.
    replaced: Vec<(f64, f64)>,
    steps: Vec<u64>,
    sizes: Vec<f64>,
    /// Not a number where there was no step to move in.
    drifts: Vec<f64>,
    size_line: Vec<PlotPoint>,
    drift_line: Vec<PlotPoint>,
    threshold: Level,
    uniform: Level,
}

/// A line at one height.
#[derive(Default)]
struct Level {
    /// The value at every step.
    values: Vec<f64>,
    ends: Vec<PlotPoint>,
}

impl Lines {
    fn new(run: &Run, layer: usize, code: usize, [size, drift]: [Scales; 2]) -> Self {
        let points = run.code_points(layer, code);
        let steps: Vec<u64> = points.iter().map(|point| point.step).collect();
        let sizes: Vec<f64> = points.iter().map(|point| point.size).collect();
        let drifts: Vec<f64> = points.iter().map(|point| point.drift.unwrap_or(f64::NAN)).collect();
        let standing = ThresholdStanding::of(run, layer);
        Self {
            size_line: line(&steps, &sizes, size),
            drift_line: line(&steps, &drifts, drift),
            threshold: Level::new(&steps, standing.frames, size),
            uniform: Level::new(&steps, standing.uniform, size),
            replaced: replaced(&points),
            points,
            steps,
            sizes,
            drifts,
        }
    }
}

/// Where it was replaced since the point before, and how often.
fn replaced(points: &[CodePoint]) -> Vec<(f64, f64)> {
    let replaced = points.iter().filter(|point| point.replaced > 0);
    replaced.map(|point| (point.step as f64, f64::from(point.replaced))).collect()
}

impl Level {
    /// None where the value is 0: replacement is off, or nothing tells the batch.
    fn new(steps: &[u64], value: f64, (x, y): Scales) -> Self {
        let place = |&step: &u64| PlotPoint::new(x.place(step as f64), y.place(value));
        let ends: Vec<PlotPoint> = match (steps.first(), steps.last()) {
            (Some(first), Some(last)) if value > 0.0 && y.shows(value) => {
                [first, last].into_iter().filter(|&&step| x.shows(step as f64)).map(place).collect()
            }
            _ => Vec::new(),
        };
        Self { values: vec![value; steps.len()], ends }
    }

    fn curve<'a>(&'a self, name: &str, color: egui::Color32, steps: &'a [u64]) -> Option<Curve<'a>> {
        let data = Data::Steps(steps, &self.values);
        let curve = Curve::new(name, color, &self.ends, data).stroke(Stroke::Dashed);
        (!self.ends.is_empty()).then_some(curve)
    }
}

fn line(steps: &[u64], values: &[f64], (x, y): Scales) -> Vec<PlotPoint> {
    let shown = steps.iter().zip(values).filter(|(step, value)| x.shows(**step as f64) && y.shows(**value));
    shown.map(|(&step, &value)| PlotPoint::new(x.place(step as f64), y.place(value))).collect()
}

impl HistoryCharts {
    /// Draws both charts, or says why there are none.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>, (layer, code): (usize, usize)) {
        words_ui(ctx, ui, view);
        if view.is_model || view.run.trace.is_none() {
            return;
        }
        let scales = [&SIZE_CHOICES, &DRIFT_CHOICES].map(|choices| {
            let (_, x, y) = look_of(ui, choices);
            (x, y)
        });
        let key = (ByPtr(view.run.clone()), layer, code, scales);
        let lines = self.lines.get(key, || Lines::new(view.run, layer, code, scales));
        if lines.points.is_empty() {
            return;
        }
        tiles_ui(ui, 2, CHART_WIDTH, LEAST_HEIGHT, |ui, nth, height| {
            if nth == 0 {
                lines.size_ui(ctx, ui, (layer, code), scales[0], height);
            } else {
                lines.drift_ui(ctx, ui, (layer, code), scales[1], height);
            }
        });
    }
}

impl Lines {
    fn size_ui(
        &self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        (layer, code): (usize, usize),
        (x_scale, y_scale): Scales,
        height: f32,
    ) {
        let Self { steps, sizes, size_line, threshold, uniform, .. } = self;
        let palette = ctx.palette;
        let own = Curve::new(
            t!("code-line", code = code),
            palette.layer(layer),
            size_line,
            Data::Steps(steps, sizes),
        );
        let mut curves = vec![own.front(true)];
        curves.extend(threshold.curve(t!("code-threshold-now"), palette.bad, steps));
        curves.extend(uniform.curve("N/K", palette.faint, steps));
        let y = Axis::real(t!("code-size-axis"), t!("code-size-axis.help")).scaled(y_scale);
        self.chart_ui(
            ctx,
            ui,
            ("code-size", &t!("code-size-title", code = code), SIZE_CHOICES),
            x_scale,
            y,
            curves,
            height,
        );
    }

    fn drift_ui(
        &self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        (layer, code): (usize, usize),
        (x_scale, y_scale): Scales,
        height: f32,
    ) {
        let Self { steps, drifts, drift_line, .. } = self;
        let data = Data::Steps(steps, drifts);
        let own =
            Curve::new(t!("code-line", code = code), ctx.palette.layer(layer), drift_line, data).front(true);
        let y = Axis::of(&convergence::CODE_DRIFT).scaled(y_scale);
        self.chart_ui(
            ctx,
            ui,
            ("code-drift", &t!("code-drift-title", code = code), DRIFT_CHOICES),
            x_scale,
            y,
            vec![own],
            height,
        );
    }

    /// One of both charts, with a line wherever the code was replaced.
    fn chart_ui<'a>(
        &'a self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        (key, title, choices): (&'static str, &str, Choices),
        x_scale: Scale,
        y: Axis,
        mut curves: Vec<Curve<'a>>,
        height: f32,
    ) {
        let color = ctx.palette.warning;
        let replaced = &self.replaced;
        if !replaced.is_empty() {
            // Only named and read off: what stands for it is a line up and down.
            let named = Curve::new(t!("code-replaced-times"), color, &[], Data::Pairs(replaced.clone()));
            curves.push(named.stroke(Stroke::Dashed).steady(true));
        }
        let is_linear = y.scale == Scale::Linear;
        Chart::new(ID, key, title, Axis::steps().scaled(x_scale), y, height)
            .along(Along::Steps)
            .choices(choices)
            .curves(curves)
            .tune(move |plot| if is_linear { plot.include_y(0.0) } else { plot })
            .show(
                ctx,
                ui,
                |_| {},
                || Some(table(&self.points)),
                move |plot| replaced.iter().for_each(|&(step, _)| mark_ui(plot, x_scale.place(step), color)),
            );
    }
}

fn mark_ui(plot: &mut PlotUi<'_>, at: f64, color: egui::Color32) {
    let line = VLine::new("replaced", at).stroke(egui::Stroke::new(1.0, color));
    plot.vline(line.style(LineStyle::dashed_dense()).allow_hover(false));
}

/// What is kept of a code over the steps, and where that of its layer is.
fn words_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let faint = |text: &str| RichText::new(text).size(SIZE).color(ctx.palette.faint);
        if view.is_model {
            ui.add(Label::new(faint(t!("code-model-without-history"))).wrap());
            return;
        }
        let text = t!("code-history-and-layer", history = words(view.run));
        ui.add(Label::new(faint(&text)).wrap());
        if ui.link(RichText::new(t!("panel-ema")).size(SIZE)).clicked() {
            ctx.request(WindowRequest::ShowPanel("ema"));
        }
    });
}

/// At which steps its codes were looked at, or why at none.
fn words(run: &Run) -> String {
    let Some(trace) = &run.trace else {
        let is_beyond = run.is_beyond_trace();
        return if is_beyond { t!("code-history-too-large") } else { t!("code-history-not-kept") }.to_owned();
    };
    let kept = trace.snapshots().len();
    let (every, from) = (grouped(trace.every() as i64), grouped(trace.from() as i64));
    match (trace.every(), trace.from()) {
        (1, 0) => t!("code-history", n = kept),
        (1, _) => t!("code-history-behind", n = kept, from = from),
        (_, 0) => t!("code-history-every", n = kept, every = every),
        (_, _) => t!("code-history-every-behind", n = kept, every = every, from = from),
    }
}

fn table(points: &[CodePoint]) -> String {
    let mut csv = Csv::new(["step", "ema_size", "drift", "replaced"]);
    for &CodePoint { step, size, drift, replaced } in points {
        csv.row([Cell::from(step), Cell::from(size), Cell::from(drift), Cell::from(u64::from(replaced))]);
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINEAR: Scales = (Scale::Linear, Scale::Linear);
    const LOG: Scales = (Scale::Linear, Scale::Log);

    #[test]
    fn lines_leave_out_what_has_no_place() {
        let (steps, values) = ([2, 4, 6], [0.0, f64::NAN, 100.0]);
        assert_eq!(
            line(&steps, &values, LINEAR).iter().map(|p| (p.x, p.y)).collect::<Vec<_>>(),
            [(2.0, 0.0), (6.0, 100.0)]
        );
        assert_eq!(line(&steps, &values, LOG).iter().map(|p| (p.x, p.y)).collect::<Vec<_>>(), [(6.0, 2.0)]);
        let level = Level::new(&steps, 10.0, LOG);
        assert_eq!(level.ends.iter().map(|p| (p.x, p.y)).collect::<Vec<_>>(), [(2.0, 1.0), (6.0, 1.0)]);
        assert!(level.curve("N/K", egui::Color32::RED, &steps).is_some());
        for nothing in [Level::new(&steps, 0.0, LINEAR), Level::new(&[], 10.0, LINEAR)] {
            assert!(nothing.curve("N/K", egui::Color32::RED, &steps).is_none());
        }
    }

    #[test]
    fn the_table_has_a_line_for_each_step_that_is_kept() {
        let points = [
            CodePoint { step: 2, size: 1.5, drift: Some(0.25), replaced: 0 },
            CodePoint { step: 4, size: 0.5, drift: None, replaced: 2 },
        ];
        assert_eq!(table(&points), "step,ema_size,drift,replaced\n2,1.5,0.25,0\n4,0.5,,2\n");
        assert_eq!(replaced(&points), [(4.0, 2.0)]);
    }
}
