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
use crate::text::Message;

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
pub const BUILTINS: [(Builtin, &str, &str); 2] = [
    (
        Builtin::Demo,
        "Demo",
        "Ninety seconds of speech in twelve voices, with parameters that suit it; trained at once",
    ),
    (
        Builtin::Article,
        "Example",
        "1000 uniform vectors of dimension 30 and 1024 codes: fewer frames than codes, which has to work",
    ),
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
                    None => {
                        "Nothing is open yet: drop audio, features, codes or a model anywhere in the window"
                    }
                    Some(_) => {
                        "No data yet: drop audio or features that the model can take anywhere in the window"
                    }
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
                let title = "Features of audio";
                egui::CollapsingHeader::new(title)
                    .default_open(false)
                    .show_unindented(ui, |ui| extract::ui(ctx, &mut self.drafts, ui))
                    .header_response
                    .on_hover_rich("How audio is made into frames: extractor, its parameters, channel");
            }
        }
        self.split_ui(ctx, ui);
    }

    fn loaded_ui(&mut self, ctx: &PanelCtx<'_>, dataset: &Arc<Dataset>, ui: &mut Ui) {
        let set = &dataset.set;
        let title = egui::Label::new(RichText::new(dataset.source.title()).strong()).truncate();
        ui.add(title).on_hover_rich(dataset.source.shown().join("\n"));
        let (frames, dim) = (set.matrix.num_frames() as u64, set.matrix.dim());
        let rate = set.frame_rate_hz.map_or(", frame rate not known".to_owned(), |hz| {
            format!(", {hz:.4} a second").replace(".0000", "")
        });
        let share = ctx.session.holdout();
        let key = (Arc::as_ptr(dataset).addr(), share.to_bits());
        let (train, held_out) = *self.split.get(key, || {
            let split = Split::hold_out(set, share);
            (Split::count(&split.train), Split::count(&split.held_out))
        });
        let lines = [
            (dataset.summary.text(), "What it is"),
            (
                format!("{} frames × {dim}{rate}", grouped(frames)),
                "Frames, dimensions of each, and frames a second",
            ),
            (
                format!("{} train, {} held-out", grouped(train as u64), grouped(held_out as u64)),
                "Frames that codebooks are trained on, and frames that only judge them: whole clips, or the tail of one",
            ),
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
            let help = "Audio, features, codes or a model, one or several files (Ctrl+O)";
            if super::button(ui, "Open…", help, None) {
                ctx.request(WindowRequest::AskOpen);
            }
            for (builtin, name, help) in BUILTINS {
                if super::button(ui, name, help, None) {
                    ctx.send(DataCommand::OpenBuiltin { builtin, then_train: true });
                }
            }
            ui.menu_button("Recent", |ui| recent.ui(ctx, ui))
                .response
                .on_hover_rich("What was opened before");
        });
        ui.horizontal(|ui| {
            let label = ui.label("Path");
            let field = egui::TextEdit::singleline(&mut self.path)
                .hint_text("A file or folder, then Enter")
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
        let what = if clips == 1 { "codes alone".to_owned() } else { format!("codes alone, {clips} clips") };
        let plural = if layers == 1 { "" } else { "s" };
        let text = format!("{what}: {layers} layer{plural} × {} frames", grouped(frames as u64));
        for text in [text, codes.size_note()] {
            ui.add(egui::Label::new(RichText::new(&text).color(ctx.palette.faint)).wrap());
        }
    }

    /// How many codes a codebook has, where no codebook says so.
    fn size_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        ui.horizontal(|ui| {
            let help =
                "K, the codes of each codebook; 0 for what the model beside them says, or else the power of two above the largest code";
            let label = ui.label("Codebook size").on_hover_rich(help);
            let largest = ctx.session.codes().and_then(|codes| codes.tokens.num_codes.iter().max());
            let now = largest.copied().unwrap_or(0) as f64;
            let drag = Drag { range: (0.0, 1e6), speed: 1.0, is_whole: true, unit: "codes", word: None };
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
                let label = ui.label("Time axis").on_hover_rich(
                    "Whether a frame is a row or a column of the stored array. A wrong guess makes a few very long frames",
                );
                let guess = format!("Guess: {}", axis_name(*axis));
                let chosen = spec.time_axis.map_or(guess.clone(), |axis| axis_name(axis).to_owned());
                let combo = egui::ComboBox::from_id_salt("time-axis").selected_text(chosen).width(150.0);
                let shown = combo.show_ui(ui, |ui| {
                    let choices = [None, Some(TimeAxis::Rows), Some(TimeAxis::Columns)];
                    for choice in choices {
                        let text = choice.map_or("Guess", axis_name);
                        if ui.selectable_label(spec.time_axis == choice, text).clicked() {
                            ctx.send(DataCommand::SetTimeAxis(choice));
                        }
                    }
                });
                shown.response.labelled_by(label.id);
            });
            ui.label(RichText::new(reason.text()).size(NOTE_SIZE).color(ctx.palette.faint));
        }
        ui.horizontal(|ui| {
            let help = "Frames a second; 0 for not known. Bit rates need it";
            let label = ui.label("Frame rate").on_hover_rich(help);
            let now = spec.frame_rate_hz.unwrap_or(0.0);
            let drag = Drag { range: (0.0, 1e6), speed: 0.5, is_whole: false, unit: "Hz", word: None };
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
            let help = "The share of frames that is not trained on, only judged by. Figures of it show what a codebook is worth \
                        on speech it has not seen. Training starts again when it is changed";
            let label = ui.label("Held-out").on_hover_rich(help);
            let drag = Drag { range: (0.0, 90.0), speed: 0.2, is_whole: false, unit: "%", word: None };
            let (response, new) = drag.ui(ui, &mut self.drafts, percent(session));
            response.labelled_by(label.id).on_hover_rich(help);
            if let Some(percent) = new {
                ctx.send(DataCommand::SetHoldout(percent / 100.0));
            }
            let mut standardize = session.standardize();
            let help = "Train on centred data of unit variance in every dimension. Codebooks are saved and errors given in the \
                        data's own units all the same. Training starts again when it is changed";
            if ui.checkbox(&mut standardize, "Standardize").on_hover_rich(help).changed() {
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
        TimeAxis::Rows => "a row is a frame",
        TimeAxis::Columns => "a column is a frame",
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
            Some(p) if p.total > 0 => (p.done as f32 / p.total as f32, p.stage.text()),
            Some(p) => (0.0, p.stage.text()),
            None => (0.0, "opening".to_owned()),
        };
        let bar = ProgressBar::new(share).desired_width(width).text(text).corner_radius(4);
        ui.add(bar.fill(ctx.palette.accent.gamma_multiply(0.55)));
        if super::button(ui, "Cancel", "Give up opening; what was there stays", None) {
            ctx.send(DataCommand::Cancel);
        }
    });
}
