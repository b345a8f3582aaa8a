//! How charts of one kind are drawn: smoothed or not, and on which scales. Set once, it holds for that kind in every panel and comes back at
//! the next start.

use egui::{Id, RichText, Slider, Ui};
use serde::{Deserialize, Serialize};

use super::Scale;
use super::smooth::{MOST_SPAN, Smoothing};
use crate::app::rich::RichHover as _;
use crate::text::t;

/// The span that smoothing starts with.
const USUAL_SPAN: u32 = 25;

/// How a kind of chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Look {
    /// How curves are smoothed.
    pub smoothing: Smoothing,
    /// The scale of the x axis, where another one than usual was chosen.
    pub(super) x: Option<Scale>,
    /// The scale of the y axis, where another one than usual was chosen.
    pub(super) y: Option<Scale>,
}

/// What can be set of a chart.
#[derive(Debug, Clone, Copy)]
pub struct Choices {
    /// The kind of chart, by the key of what it draws.
    pub kind: &'static str,
    /// The usual scale of the x axis; `None` where it has no other.
    pub x: Option<Scale>,
    /// The usual scale of the y axis.
    pub y: Scale,
    /// Whether its curves can be smoothed.
    pub smooths: bool,
}

impl Look {
    /// How charts of `kind` are drawn now.
    #[must_use]
    pub fn of(ui: &Ui, kind: &str) -> Self {
        ui.data_mut(|data| data.get_persisted(Self::id(kind))).unwrap_or_default()
    }

    /// The scale of the x axis.
    #[must_use]
    pub fn x(self, usual: Scale) -> Scale {
        self.x.unwrap_or(usual)
    }

    /// The scale of the y axis.
    #[must_use]
    pub fn y(self, usual: Scale) -> Scale {
        self.y.unwrap_or(usual)
    }

    fn id(kind: &str) -> Id {
        Id::unique(("look of charts", kind)) // not a text
    }
}

/// The menu that sets it.
pub(super) fn look_ui(ui: &mut Ui, choices: &Choices) {
    let before = Look::of(ui, choices.kind);
    let mut look = before;
    ui.set_min_width(210.0);
    if choices.smooths {
        smoothing_ui(ui, &mut look.smoothing);
        ui.separator();
    }
    if let Some(usual) = choices.x {
        log_ui(ui, t!("plot-log-x"), &mut look.x, usual);
    }
    log_ui(ui, t!("plot-log-y"), &mut look.y, choices.y);
    if look != before {
        ui.data_mut(|data| data.insert_persisted(Look::id(choices.kind), look));
        ui.ctx().request_repaint();
    }
}

fn smoothing_ui(ui: &mut Ui, smoothing: &mut Smoothing) {
    let mut span = match *smoothing {
        Smoothing::None => USUAL_SPAN,
        Smoothing::Ema(span) | Smoothing::Median(span) => span,
    };
    ui.label(RichText::new(t!("plot-smoothing")).size(11.0).weak());
    ui.horizontal(|ui| {
        let kinds = [
            (Smoothing::None, t!("plot-smoothing-none"), t!("plot-smoothing-none.help")),
            (Smoothing::Ema(span), "EMA", t!("plot-smoothing-ema")),
            (Smoothing::Median(span), t!("plot-smoothing-median"), t!("plot-smoothing-median.help")),
        ];
        for (kind, label, help) in kinds {
            let is_on = std::mem::discriminant(smoothing) == std::mem::discriminant(&kind);
            if ui.selectable_label(is_on, label).on_hover_rich(help).clicked() {
                *smoothing = kind;
            }
        }
    });
    let slider = Slider::new(&mut span, 3..=MOST_SPAN).logarithmic(true).text(t!("unit-steps"));
    let slider = ui.add_enabled(*smoothing != Smoothing::None, slider);
    if slider.on_hover_rich(t!("plot-smoothing-span")).changed() {
        *smoothing = match *smoothing {
            Smoothing::Median(_) => Smoothing::Median(span),
            _ => Smoothing::Ema(span),
        };
    }
}

fn log_ui(ui: &mut Ui, label: &str, scale: &mut Option<Scale>, usual: Scale) {
    let mut is_log = scale.unwrap_or(usual) == Scale::Log;
    if ui.checkbox(&mut is_log, label).changed() {
        let wanted = if is_log { Scale::Log } else { Scale::Linear };
        *scale = (wanted != usual).then_some(wanted);
    }
}
