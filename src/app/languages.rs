//! The language of the window: the one that was chosen, or the system's; English where no font has the characters of the other.

use std::sync::Arc;

use egui::{Context, FontId};
use egui_system_font_provider::SystemFontProvider;

use crate::text::{Language, Phrase, phrase, speak};

/// Characters that Chinese texts here are full of, among them such as only a font of simplified Chinese has.
const SAMPLE: &str = "码本层帧";

/// Which language the window speaks, and with which fonts.
#[derive(Debug)]
pub struct Languages {
    /// The system's, which is followed where none was chosen.
    system: Language,
    /// For which language the system was asked for its fonts; `None` where it is asked for none.
    fonts: Option<Language>,
    /// What was to be spoken in the last pass of drawing.
    wanted: Language,
    /// What was spoken.
    spoken: Language,
}

impl Default for Languages {
    /// English unless something else is chosen, in the fonts that are there.
    fn default() -> Self {
        let english = Language::English;
        Self { system: english, fonts: None, wanted: english, spoken: english }
    }
}

impl Languages {
    /// Those of a window on a system that speaks `system`, with that system's fonts.
    #[must_use]
    pub fn of_system(ctx: &Context, system: Language, chosen: Option<Language>) -> Self {
        let fonts = chosen.unwrap_or(system);
        take_fonts(ctx, fonts);
        Self { system, fonts: Some(fonts), ..Self::default() }
    }

    /// From here on this thread speaks as the last pass of drawing did.
    pub fn go_on(&self) {
        speak(self.spoken);
    }

    /// Begins a pass of drawing in the language that was chosen, or the system's. Where no font has its characters the window speaks English; the
    /// sentence says so, once for each time that the language is asked for.
    pub fn begin(&mut self, ctx: &Context, chosen: Option<Language>) -> Option<Phrase> {
        let wanted = chosen.unwrap_or(self.system);
        let can = wanted != Language::Chinese || has_chinese(ctx);
        let is_new = wanted != self.wanted;
        self.wanted = wanted;
        self.spoken = if can { wanted } else { Language::English };
        if self.fonts.is_some_and(|fonts| fonts != wanted) {
            take_fonts(ctx, wanted);
            self.fonts = Some(wanted);
        }
        if is_new {
            // What has been drawn in this pass, and what keeps its size from one to the next, follows.
            ctx.request_repaint();
        }
        speak(self.spoken);
        (is_new && !can).then_some(phrase!("window-language.no-font"))
    }
}

/// Whether what is drawn now can be Chinese. Signs of both widths are asked for: full-width commas and stops are then taken from the font that was
/// found for the characters, which the system does not name for them alone.
fn has_chinese(ctx: &Context) -> bool {
    ctx.fonts_mut(|fonts| {
        fonts.has_glyphs(&FontId::monospace(12.0), SAMPLE);
        fonts.has_glyphs(&FontId::proportional(12.0), SAMPLE)
    })
}

/// Has the system asked for its fonts wherever the built-in ones lack a character. Chinese is written with characters that Japanese, say, gives other
/// forms: a font for the language comes first.
fn take_fonts(ctx: &Context, language: Language) {
    let fonts = SystemFontProvider::new();
    let fonts = match language {
        Language::English => fonts,
        Language::Chinese => fonts.with_locale(Some(language.tag())),
    };
    ctx.set_font_providers(vec![Arc::new(fonts)]);
}
