//! What a file of a model leaves open, as a question: which of several quantizers, which strides, which tensors are codebooks.

use std::path::Path;
use std::sync::Arc;

use egui::{Button, Id, Modal, RichText, ScrollArea, Ui, vec2};

use super::side::NOTE_SIZE;
use super::{Palette, PanelCtx};
use crate::io::{Candidate, CodebookNames, QuantizerPlace};
use crate::rvq::Metric;
use crate::session::{Answer, DataCommand, FileChoice, Question};
use crate::text::{Phrase, phrase, t};

/// How codes are searched, as it is asked.
const METRICS: [(Metric, Phrase, Phrase); 3] = [
    (Metric::Euclidean, phrase!("window-metric-euclidean"), phrase!("window-metric-euclidean.help")),
    (Metric::Cosine, phrase!("window-metric-cosine"), phrase!("window-metric-cosine.help")),
    (Metric::CosineRaw, phrase!("window-metric-cosine-raw"), phrase!("window-metric-cosine-raw.help")),
];

/// How the codebooks of a file of an unknown layout are read.
#[derive(Debug, Clone, Copy, Default)]
struct Reading {
    metric: Metric,
    transposed: bool,
}

/// Draws the question, where there is one.
pub fn ui(ctx: &PanelCtx<'_>, ui: &Ui) {
    let Some(choice) = ctx.session.file_choice() else { return };
    let shown = Modal::new(Id::unique("choose-quantizer")).show(ui.ctx(), |ui| {
        ui.set_width(480.0);
        let answer = question_ui(ctx.palette, choice, ui);
        if answer.is_some() {
            ctx.send(DataCommand::Answer(answer));
        }
        ui.add_space(6.0);
        ui.button(t!("button-cancel")).on_hover_text(t!("window-choice-nothing")).clicked()
    });
    if shown.inner || shown.should_close() {
        ctx.send(DataCommand::Answer(None));
    }
}

fn question_ui(palette: &Palette, choice: &Arc<FileChoice>, ui: &mut Ui) -> Option<Answer> {
    let file = choice.path.file_name().unwrap_or(choice.path.as_os_str()).to_string_lossy();
    match &choice.question {
        Question::Quantizer(places) => {
            let text = t!("window-which-quantizer.text", file = file, n = places.len());
            head_ui(ui, t!("window-which-quantizer"), &choice.path, text);
            list_ui(ui, places, |ui, index, place| {
                place_ui(palette, place, ui).then_some(Answer::Quantizer(index))
            })
        }
        Question::Strides { layers, choices } => {
            let text = t!("window-which-strides.text", file = file, layers = *layers);
            head_ui(ui, t!("window-which-strides"), &choice.path, text);
            list_ui(ui, choices, |ui, _, strides| {
                strides_ui(palette, strides, ui).then(|| Answer::Strides(strides.clone()))
            })
        }
        Question::Codebook(candidates) => {
            let text = t!("window-which-codebooks.text", file = file);
            head_ui(ui, t!("window-which-codebooks"), &choice.path, text);
            let reading = reading_ui(ui, &choice.path);
            list_ui(ui, candidates, |ui, _, candidate| {
                candidate_ui(palette, candidate, ui).then(|| answer_of(candidate, reading))
            })
        }
    }
}

fn head_ui(ui: &mut Ui, title: &str, path: &Path, text: String) {
    ui.label(RichText::new(title).strong().size(16.0));
    ui.add(egui::Label::new(text).wrap()).on_hover_text(path.display().to_string());
    ui.add_space(4.0);
}

/// All that can be chosen, in a list that scrolls; the answer that was clicked.
fn list_ui<T>(
    ui: &mut Ui,
    items: &[T],
    item_ui: impl Fn(&mut Ui, usize, &T) -> Option<Answer>,
) -> Option<Answer> {
    let most = (ui.ctx().content_rect().height() - 260.0).max(80.0);
    let list = ScrollArea::vertical().max_height(most).auto_shrink([false, true]);
    let answers = list
        .show(ui, |ui| items.iter().enumerate().filter_map(|(index, item)| item_ui(ui, index, item)).last());
    answers.inner
}

/// A button as wide as the list, and a line on what it stands for; whether it was clicked.
fn button_ui(ui: &mut Ui, name: &str, about: &str, color: egui::Color32, can: bool) -> bool {
    // What is told of one stands closer to it than the next one does.
    ui.spacing_mut().item_spacing.y = 3.0;
    let size = vec2(ui.available_width(), 30.0);
    let button = Button::new(RichText::new(name).strong()).truncate().min_size(size);
    let clicked = ui.add_enabled(can, button).on_hover_text(name).clicked();
    if !about.is_empty() {
        ui.add(egui::Label::new(RichText::new(about).size(NOTE_SIZE).color(color)).wrap());
    }
    ui.add_space(7.0);
    clicked
}

fn place_ui(palette: &Palette, place: &QuantizerPlace, ui: &mut Ui) -> bool {
    let (about, color) = match &place.about {
        Ok(about) => (about.text(), palette.faint),
        Err(problem) => (t!("window-cannot-be-used", problem = problem), palette.warning),
    };
    button_ui(ui, &place.title().text(), &about, color, place.about.is_ok())
}

fn strides_ui(palette: &Palette, strides: &[usize], ui: &mut Ui) -> bool {
    let said = strides.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let (name, about) = if strides.iter().all(|&stride| stride == 1) {
        (t!("window-strides-dac").to_owned(), t!("window-strides-dac.about", strides = said))
    } else {
        (t!("window-strides-snac", strides = said), t!("window-strides-snac.about").to_owned())
    };
    button_ui(ui, &name, &about, palette.faint, true)
}

/// How the codebooks are searched and how they lie, as it was set last for this file.
fn reading_ui(ui: &mut Ui, path: &Path) -> Reading {
    let id = Id::unique(("codebooks of", path)); // not a text
    let mut reading: Reading = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    ui.horizontal_wrapped(|ui| {
        ui.label(t!("window-metric"));
        for (metric, name, help) in METRICS {
            ui.radio_value(&mut reading.metric, metric, name.text()).on_hover_text(help);
        }
    });
    let help = t!("window-rows-as-columns.help");
    ui.checkbox(&mut reading.transposed, t!("window-rows-as-columns")).on_hover_text(help);
    ui.add_space(4.0);
    ui.data_mut(|data| data.insert_temp(id, reading));
    reading
}

fn candidate_ui(palette: &Palette, candidate: &Candidate, ui: &mut Ui) -> bool {
    let Candidate { pattern, layers, shape, guess } = candidate;
    let shape = shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
    // What a command is told with this word, the window is told with the box.
    let guess = guess.replace("--transposed", t!("window-tick-the-box"));
    let about = t!("window-candidate", layers = *layers, shape = shape, guess = guess);
    button_ui(ui, pattern, &about, palette.faint, true)
}

fn answer_of(candidate: &Candidate, reading: Reading) -> Answer {
    let Reading { metric, transposed } = reading;
    let names = CodebookNames { rows: candidate.pattern.clone(), transposed, sizes: None };
    Answer::Codebook(names, metric)
}
