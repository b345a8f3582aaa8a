//! Text in which what stands between backticks is code.

use egui::text::LayoutJob;
use egui::{Align, FontSelection, Response, RichText, Ui, WidgetText};

use crate::text::{Message, Phrase};

/// Draws it, wrapped to the room there is.
pub fn rich_ui(ui: &mut Ui, text: &str) {
    let mut job = LayoutJob::default();
    let style = ui.style().clone();
    for (index, part) in text.split('`').enumerate().filter(|(_, part)| !part.is_empty()) {
        let part = RichText::new(part);
        let part = if index % 2 == 1 { part.code() } else { part };
        part.append_to(&mut job, &style, FontSelection::Default, Align::Center);
    }
    ui.add(egui::Label::new(job).wrap());
}

/// Tooltips of such text.
pub trait RichHover {
    /// Shows `text` under the pointer.
    fn on_hover_rich(self, text: impl AsRef<str>) -> Self;
}

impl RichHover for Response {
    fn on_hover_rich(self, text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        self.on_hover_ui(|ui| {
            ui.set_max_width(ui.spacing().tooltip_width);
            rich_ui(ui, text);
        })
    }
}

impl From<Phrase> for WidgetText {
    fn from(phrase: Phrase) -> Self {
        phrase.text().into()
    }
}

impl From<&Message> for WidgetText {
    fn from(message: &Message) -> Self {
        message.text().into()
    }
}
