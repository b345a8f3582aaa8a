//! What is swept: parameters, their values, and how many seeds; and the queue of what was planned.

use egui::{Button, ComboBox, DragValue, RichText, TextEdit, Ui};

use crate::app::PanelCtx;
use crate::jobs::{axis_of, members_of};
use crate::rvq::rules::UpdateRule;
use crate::session::SweepCommand;
use crate::text::t;

/// One parameter and its values, as they are typed.
#[derive(Debug, Clone)]
struct Axis {
    flag: String,
    values: String,
}

/// The form's own state.
pub struct Form {
    axes: Vec<Axis>,
    seeds: u64,
}

impl Default for Form {
    fn default() -> Self {
        let axis = |flag: &str, values: &str| Axis { flag: flag.to_owned(), values: values.to_owned() };
        Self { axes: vec![axis("codes", "128, 256"), axis("layers", "2, 4")], seeds: 1 }
    }
}

impl Form {
    /// Draws it.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let rule = ctx.session.params().rule();
        let mut unwanted = None;
        for (nth, axis) in self.axes.iter_mut().enumerate() {
            ui.push_id(nth, |ui| ui.horizontal(|ui| axis_ui(ui, rule, nth, axis, &mut unwanted)));
        }
        if let Some(nth) = unwanted {
            self.axes.remove(nth);
        }
        ui.horizontal_wrapped(|ui| {
            if ui.button(t!("sweep-add")).on_hover_text(t!("sweep-add.help")).clicked() {
                self.axes.push(Axis { flag: "decay".to_owned(), values: "0.9, 0.99".to_owned() });
            }
            let label = ui.label(t!("sweep-seeds"));
            let seeds = DragValue::new(&mut self.seeds).range(1..=100).speed(0.1);
            ui.add(seeds).labelled_by(label.id).on_hover_text(t!("sweep-seeds.help"));
            self.start_ui(ctx, ui);
        });
        queue_ui(ctx, ui);
    }

    /// The button, and what it would plan.
    fn start_ui(&self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let session = ctx.session;
        let axes: Vec<String> =
            self.axes.iter().map(|axis| format!("{}={}", axis.flag, axis.values)).collect();
        let planned = axes
            .iter()
            .map(|text| axis_of(text))
            .collect::<Result<Vec<_>, _>>()
            .and_then(|axes| members_of(&axes, self.seeds, session.params().current()));
        let no_data = session.dataset().is_none().then(|| t!("parts-open-first").to_owned());
        let why_not = no_data.or_else(|| planned.as_ref().err().map(ToString::to_string));
        let button =
            ui.add_enabled(why_not.is_none(), Button::new(RichText::new(t!("sweep-start")).strong()));
        ctx.spot("sweep", button.rect);
        let button = button.on_hover_text(t!("sweep-start.help"));
        let button = button.on_disabled_hover_text(why_not.clone().unwrap_or_default());
        if button.clicked() {
            ctx.send(SweepCommand::Start { axes, seeds: self.seeds });
        }
        let (text, color) = match (&planned, why_not) {
            (Ok(members), None) => (t!("count-runs", n = members.len()), ctx.palette.faint),
            (_, why_not) => (why_not.unwrap_or_default(), ctx.palette.warning),
        };
        ui.add(egui::Label::new(RichText::new(text).size(12.0).color(color)).wrap());
    }
}

/// A row: the parameter, its values, and the way to take it out.
fn axis_ui(ui: &mut Ui, rule: &dyn UpdateRule, nth: usize, axis: &mut Axis, unwanted: &mut Option<usize>) {
    let specs = rule.params();
    let known = specs.iter().find(|spec| spec.flag == axis.flag).map(|spec| spec.label.text());
    let shown = if axis.flag == "rule" { t!("sweep-rule") } else { known.unwrap_or(axis.flag.as_str()) };
    let combo = ComboBox::from_id_salt("parameter").selected_text(shown).width(150.0).show_ui(ui, |ui| {
        ui.selectable_value(&mut axis.flag, "rule".to_owned(), t!("sweep-rule"));
        for spec in &specs {
            ui.selectable_value(&mut axis.flag, spec.flag.to_owned(), spec.label).on_hover_text(spec.help);
        }
    });
    combo.response.on_hover_text(t!("sweep-parameter"));
    let label = ui.label(t!("sweep-over"));
    let field = TextEdit::singleline(&mut axis.values)
        .desired_width((ui.available_width() - 34.0).clamp(60.0, 260.0));
    ui.add(field).labelled_by(label.id).on_hover_text(t!("sweep-over.help"));
    if ui.small_button("×").on_hover_text(t!("sweep-remove")).clicked() {
        *unwanted = Some(nth);
    }
}

/// What waits, and how to hold it, go on with it, or give it up.
fn queue_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    let (planned, is_held) = ctx.session.queue();
    if planned == 0 {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        let text = if is_held { t!("sweep-waits.held", n = planned) } else { t!("sweep-waits", n = planned) };
        let color = if is_held { ctx.palette.warning } else { ctx.palette.faint };
        ui.label(RichText::new(text).color(color));
        if is_held {
            if ui.button(t!("sweep-go-on")).on_hover_text(t!("sweep-go-on.help")).clicked() {
                ctx.send(SweepCommand::Release);
            }
        } else if ui.button(t!("sweep-hold")).on_hover_text(t!("sweep-hold.help")).clicked() {
            ctx.send(SweepCommand::Hold);
        }
        if ui.button(t!("sweep-give-up")).on_hover_text(t!("sweep-give-up.help")).clicked() {
            ctx.send(SweepCommand::Clear);
        }
    });
}
