//! What is loaded, where more comes from, and how it is made into frames.

use std::sync::Arc;

use egui::{ProgressBar, RichText, Ui};

use crate::app::memo::Memo;
use crate::app::paths;
use crate::app::recent::Recent;
use crate::app::rich::RichHover as _;
use crate::app::{PanelCtx, WindowRequest};
use crate::features::Split;
use crate::io::TimeAxis;
use crate::jobs::{Builtin, Dataset, OpenedCodes};
use crate::session::{DataCommand, Session};
use crate::text::{Message, Phrase, phrase, t};

use super::NOTE_SIZE;
use super::form::{Drafts, Drag};
use super::{extract, grouped, model};

/// State of the section.
#[derive(Default)]
pub struct DataSection {
    path: String,
    drafts: Drafts,
    /// Frames to train on and held-out ones.
    split: Memo<(usize, u64), (usize, usize)>,
}

/// The built-in sources: what a button calls them, and what they are.
pub const BUILTINS: [(Builtin, Phrase, Phrase); 2] = [
    (Builtin::Demo, phrase!("side-demo"), phrase!("side-demo.help")),
    (Builtin::Article, phrase!("side-example"), phrase!("side-example.help")),
];

impl DataSection {
    /// Draws it.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, recent: &Recent, ui: &mut Ui) {
        let session = ctx.session;
        match session.dataset() {
            Some(dataset) => self.loaded_ui(ctx, dataset, ui),
            None if session.codes().is_some() => {
                if let Some(codes) = session.codes() {
                    self.codes_ui(ctx, codes, ui);
                }
            }
            None if session.is_opening() => {}
            None => {
                let text = match session.model() {
                    None => t!("side-nothing-open"),
                    Some(_) => t!("side-no-data-yet"),
                };
                ui.label(RichText::new(text).color(ctx.palette.faint));
            }
        }
        opening_ui(ctx, ui);
        self.open_ui(ctx, recent, ui);
        model::ui(ctx, ui);
        match session.dataset() {
            Some(dataset) if dataset.audio.is_empty() => {
                self.time_ui(ctx, dataset.time_axis.as_ref(), ui);
            }
            None if session.codes().is_some() => {
                self.time_ui(ctx, session.codes().map(|codes| &codes.time_axis), ui);
                self.size_ui(ctx, ui);
                // Codes are not trained on, so nothing of them is held out.
                return;
            }
            _ => {
                egui::CollapsingHeader::new(t!("side-features"))
                    .id_salt("Features of audio")
                    .default_open(false)
                    .show_unindented(ui, |ui| extract::ui(ctx, &mut self.drafts, ui))
                    .header_response
                    .on_hover_rich(t!("side-features.help"));
            }
        }
        self.split_ui(ctx, ui);
    }

    fn loaded_ui(&mut self, ctx: &PanelCtx<'_>, dataset: &Arc<Dataset>, ui: &mut Ui) {
        let set = &dataset.set;
        let title = egui::Label::new(RichText::new(dataset.source.title()).strong()).truncate();
        ui.add(title).on_hover_rich(dataset.source.shown().join("\n"));
        let (frames, dim) = (set.matrix.num_frames() as u64, set.matrix.dim());
        let frames = grouped(frames);
        let frames = match set.frame_rate_hz {
            Some(hz) => {
                let rate = format!("{hz:.4}").replace(".0000", "");
                t!("side-frames", frames = frames, dim = dim, rate = rate)
            }
            None => t!("side-frames.unknown", frames = frames, dim = dim),
        };
        let share = ctx.session.holdout();
        let key = (Arc::as_ptr(dataset).addr(), share.to_bits());
        let (train, held_out) = *self.split.get(key, || {
            let split = Split::hold_out(set, share);
            (Split::count(&split.train), Split::count(&split.held_out))
        });
        let split = t!("side-split", train = grouped(train as u64), held_out = grouped(held_out as u64));
        let lines = [
            (dataset.summary.to_string(), t!("side-summary")),
            (frames, t!("side-frames.help")),
            (split, t!("side-split.help")),
        ];
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for (text, help) in lines {
                let label = egui::Label::new(RichText::new(&text).color(ctx.palette.faint)).truncate();
                ui.add(label).on_hover_rich(help);
            }
        });
    }

    fn open_ui(&mut self, ctx: &PanelCtx<'_>, recent: &Recent, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 5.0;
            if super::button(ui, t!("side-open"), t!("side-open.help"), None) {
                ctx.request(WindowRequest::AskOpen);
            }
            for (builtin, name, help) in BUILTINS {
                if super::button(ui, name, &help, None) {
                    ctx.send(DataCommand::OpenBuiltin { builtin, then_train: true });
                }
            }
            ui.menu_button(t!("side-recent"), |ui| recent.ui(ctx, ui))
                .response
                .on_hover_rich(t!("side-recent.help"));
        });
        ui.horizontal(|ui| {
            let label = ui.label(t!("side-path"));
            let field = egui::TextEdit::singleline(&mut self.path)
                .hint_text(t!("side-path.hint"))
                .desired_width(ui.available_width());
            let response = ui.add(field).labelled_by(label.id);
            let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if let Some(path) = paths::typed(&self.path).filter(|_| entered) {
                ctx.send(DataCommand::Open(vec![path]));
                self.path.clear();
            }
        });
    }

    /// What codes that came on their own are.
    fn codes_ui(&self, ctx: &PanelCtx<'_>, codes: &OpenedCodes, ui: &mut Ui) {
        let title = egui::Label::new(RichText::new(codes.source.title()).strong()).truncate();
        ui.add(title).on_hover_rich(codes.source.shown().join("\n"));
        let (layers, frames) = codes.tokens.values.dim();
        let clips = codes.tokens.clips.len();
        let frames = grouped(frames as u64);
        let text = match clips {
            1 => t!("side-codes-alone", layers = layers, frames = frames),
            _ => t!("side-codes-alone.clips", clips = clips, layers = layers, frames = frames),
        };
        for text in [text, codes.size_note()] {
            ui.add(egui::Label::new(RichText::new(&text).color(ctx.palette.faint)).wrap());
        }
    }

    /// How many codes a codebook has, where no codebook says so.
    fn size_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        ui.horizontal(|ui| {
            let help = t!("side-size.help");
            let label = ui.label(t!("side-size")).on_hover_rich(help);
            let largest = ctx.session.codes().and_then(|codes| codes.tokens.num_codes.iter().max());
            let now = largest.copied().unwrap_or(0) as f64;
            let drag =
                Drag { range: (0.0, 1e6), speed: 1.0, is_whole: true, unit: t!("unit-codes"), word: None };
            let (response, new) = drag.ui(ui, &mut self.drafts, now);
            response.labelled_by(label.id).on_hover_rich(help);
            if let Some(size) = new {
                ctx.send(DataCommand::SetCodebookSize((size >= 1.0).then_some(size as usize)));
            }
        });
    }

    /// Which axis is time, and how many frames there are in a second.
    fn time_ui(&mut self, ctx: &PanelCtx<'_>, time_axis: Option<&(TimeAxis, Message)>, ui: &mut Ui) {
        let spec = ctx.session.data_spec();
        if let Some((axis, reason)) = time_axis {
            ui.horizontal(|ui| {
                let label = ui.label(t!("side-time-axis")).on_hover_rich(t!("side-time-axis.help"));
                let guess = t!("side-time-axis.guessed", axis = axis_name(*axis));
                let chosen = spec.time_axis.map_or(guess.clone(), |axis| axis_name(axis).to_owned());
                let combo = egui::ComboBox::from_id_salt("time-axis").selected_text(chosen).width(150.0);
                let shown = combo.show_ui(ui, |ui| {
                    let choices = [None, Some(TimeAxis::Rows), Some(TimeAxis::Columns)];
                    for choice in choices {
                        let text = choice.map_or(t!("side-time-axis.guess"), axis_name);
                        if ui.selectable_label(spec.time_axis == choice, text).clicked() {
                            ctx.send(DataCommand::SetTimeAxis(choice));
                        }
                    }
                });
                shown.response.labelled_by(label.id);
            });
            ui.label(RichText::new(reason.to_string()).size(NOTE_SIZE).color(ctx.palette.faint));
        }
        ui.horizontal(|ui| {
            let help = t!("side-frame-rate.help");
            let label = ui.label(t!("side-frame-rate")).on_hover_rich(help);
            let now = spec.frame_rate_hz.unwrap_or(0.0);
            let drag =
                Drag { range: (0.0, 1e6), speed: 0.5, is_whole: false, unit: t!("unit-hz"), word: None };
            let (response, new) = drag.ui(ui, &mut self.drafts, now);
            response.labelled_by(label.id).on_hover_rich(help);
            if let Some(rate) = new {
                ctx.send(DataCommand::SetFrameRate((rate > 0.0).then_some(rate)));
            }
        });
    }

    fn split_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let session = ctx.session;
        ui.horizontal(|ui| {
            let help = t!("side-held-out.help");
            let label = ui.label(t!("side-held-out")).on_hover_rich(help);
            let drag = Drag {
                range: (0.0, 90.0),
                speed: 0.2,
                is_whole: false,
                unit: t!("unit-percent"),
                word: None,
            };
            let (response, new) = drag.ui(ui, &mut self.drafts, percent(session));
            response.labelled_by(label.id).on_hover_rich(help);
            if let Some(percent) = new {
                ctx.send(DataCommand::SetHoldout(percent / 100.0));
            }
            let mut standardize = session.standardize();
            let response = ui.checkbox(&mut standardize, t!("side-standardize"));
            if response.on_hover_rich(t!("side-standardize.help")).changed() {
                ctx.send(DataCommand::SetStandardize(standardize));
            }
        });
    }
}

fn percent(session: &Session) -> f64 {
    (session.holdout() * 1e6).round() / 1e4
}

fn axis_name(axis: TimeAxis) -> &'static str {
    match axis {
        TimeAxis::Rows => t!("side-axis-rows"),
        TimeAxis::Columns => t!("side-axis-columns"),
    }
}

/// How far opening is, and the way out.
fn opening_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    if !ctx.session.is_opening() {
        return;
    }
    let progress = ctx.session.background().next().and_then(|(_, progress)| progress);
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 70.0).max(60.0);
        let (share, text) = match progress {
            Some(p) if p.total > 0 => (p.done as f32 / p.total as f32, p.stage.to_string()),
            Some(p) => (0.0, p.stage.to_string()),
            None => (0.0, t!("side-opening").to_owned()),
        };
        let bar = ProgressBar::new(share).desired_width(width).text(text).corner_radius(4);
        ui.add(bar.fill(ctx.palette.accent.gamma_multiply(0.55)));
        if super::button(ui, t!("button-cancel"), t!("side-opening.cancel"), None) {
            ctx.send(DataCommand::Cancel);
        }
    });
}
