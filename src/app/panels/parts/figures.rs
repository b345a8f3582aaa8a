//! Figures: a name, a value, and how it is counted.

use egui::text::{LayoutJob, TextWrapping};
use egui::{CornerRadius, FontId, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use crate::app::plot::numbers::grouped;
use crate::app::rich::RichHover as _;
use crate::app::rich::rich_ui;
use crate::app::{Palette, PanelCtx};
use crate::metrics::{Definition, FRAMES_A_CODE_NEEDED, is_small_sample};
use crate::text::t;

/// A figure to be drawn.
pub struct Figure<'a> {
    /// What it is.
    pub definition: &'a Definition,
    /// Of what it is, where its own name does not say enough: `MSE behind all layers`.
    pub name: Option<&'a str>,
    /// Its value as text; `None` where it is undefined.
    pub value: Option<String>,
    /// What stands small behind it.
    pub note: String,
}

impl<'a> Figure<'a> {
    /// A figure without a note.
    #[must_use]
    pub fn new(definition: &'a Definition, value: Option<String>) -> Self {
        Self { definition, name: None, value, note: String::new() }
    }

    /// The same under a name that says more.
    #[must_use]
    pub fn named(self, name: &'a str) -> Self {
        Self { name: Some(name), ..self }
    }

    /// The same with a note.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }
}

/// Draws one figure as a small card; `reliable` says whether it is to be trusted or greyed out. Its tooltip is the definition.
pub fn figure_ui(ui: &mut Ui, palette: &Palette, figure: &Figure<'_>, reliable: bool) {
    let Figure { definition, name, value, note } = figure;
    let shown_name = name.unwrap_or(definition.label.text());
    let text_color = ui.visuals().text_color();
    let value_color = if reliable && value.is_some() { text_color } else { palette.muted };
    let mut text =
        value.clone().unwrap_or_else(|| if note.is_empty() { t!("parts-no-figure") } else { "–" }.to_owned());
    if value.is_some() && !definition.unit.is_empty() {
        text = format!("{text} {}", definition.unit);
    }
    // A long note is cut rather than make the panel wider than it is; its tooltip has it in full.
    let most = ui.max_rect().width().min(ui.clip_rect().width());
    let painter = ui.painter();
    let label = painter.layout_no_wrap(shown_name.to_owned(), FontId::proportional(10.5), palette.faint);
    let shown = painter.layout_no_wrap(text.clone(), FontId::proportional(14.0), value_color);
    let mut job = LayoutJob::simple_singleline(note.clone(), FontId::proportional(10.5), palette.faint);
    job.wrap = TextWrapping::truncate_at_width((most - shown.size().x - 24.0).max(20.0));
    let small = painter.layout_job(job);
    let note_width = if note.is_empty() { 0.0 } else { small.size().x + 5.0 };
    let width = label.size().x.max(shown.size().x + note_width) + 14.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, 38.0), Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::same(4), palette.card);
    let at = rect.min + vec2(7.0, 3.0);
    let below = at + vec2(0.0, 14.0);
    let beside = below + vec2(shown.size().x + 5.0, shown.size().y - small.size().y - 1.0);
    painter.galley(at, label, palette.faint);
    painter.galley(below, shown, value_color);
    painter.galley(beside, small, palette.faint);
    let name = format!("{shown_name}: {text} {note}");
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, name.trim()));
    response.on_hover_ui(|ui| {
        ui.strong(shown_name);
        if !note.is_empty() {
            ui.label(note);
        }
        rich_ui(ui, definition.text.text());
        if value.is_none() {
            ui.label(t!("parts-no-figure.help"));
        } else if !reliable {
            ui.label(t!("parts-no-figure.few"));
        }
    });
}

/// Draws figures one after the other, in as many rows as they need. `of_what` says of which frames and layers they are.
pub fn figures_ui<'a>(
    ui: &mut Ui,
    palette: &Palette,
    reliable: bool,
    of_what: &str,
    figures: impl IntoIterator<Item = Figure<'a>>,
) {
    if !of_what.is_empty() {
        ui.add(egui::Label::new(RichText::new(of_what).size(11.5).color(palette.faint)).wrap());
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for figure in figures {
            figure_ui(ui, palette, &figure, reliable);
        }
    });
}

/// Says, where it is so, that there are too few frames; returns whether figures are to be trusted.
pub fn small_sample_ui(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    frames: u64,
    num_codes: usize,
    split: impl AsRef<str>,
) -> bool {
    if !is_small_sample(frames, num_codes) {
        return true;
    }
    let needed = grouped((FRAMES_A_CODE_NEEDED * num_codes) as i64);
    let text = t!(
        "parts-too-little",
        frames = t!("count-frames", n = frames),
        split = split.as_ref(),
        codes = t!("count-codes", n = num_codes),
        needed = needed,
    );
    let label = egui::Label::new(RichText::new(text).size(12.0).color(ctx.palette.warning)).wrap();
    ui.add(label).on_hover_rich(t!("parts-too-little.help"));
    false
}
