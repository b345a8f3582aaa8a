//! Codes over time as panels come by them: what is said, and what can be done, where they are not there.

use std::ops::Range;
use std::sync::Arc;

use egui::{Label, ProgressBar, RichText, Ui};

use super::stage::middle_ui;
use super::{Counted, frames_hint_ui, needs_frames_ui, note_ui, progress_ui};
use crate::app::PanelCtx;
use crate::app::rich::RichHover as _;
use crate::app::stage_words::stage_share;
use crate::jobs::Tokens;
use crate::metrics::over_time::OverTime;
use crate::rvq::Rvq;
use crate::session::{DataCommand, TokensLook};

const LATER: &str =
    "Encoding the whole corpus takes as long as many steps: it is done when training pauses or ends";
const FAILED: &str = "The corpus could not be encoded: the notices say why";
const OUTDATED: &str = "These are the codes of an earlier step; new ones come when training pauses or ends";

/// Where the clips of codes lie.
#[must_use]
pub fn clip_ranges(tokens: &Tokens) -> Vec<Range<usize>> {
    tokens.clips.iter().map(|clip| clip.frames.clone()).collect()
}

/// One layer of codes over time; `clips` are [`clip_ranges`]. Which frames share a code the quantizer says.
#[must_use]
pub fn layer_over_time<'a>(
    tokens: &'a Tokens,
    clips: &'a [Range<usize>],
    rvq: Option<&Rvq>,
    layer: usize,
) -> Option<OverTime<'a>> {
    let num_codes = *tokens.num_codes.get(layer)?;
    let stride = rvq.and_then(|rvq| rvq.layers().get(layer)).map_or(1, |layer| layer.stride);
    (layer < tokens.values.nrows()).then(|| OverTime {
        codes: tokens.values.row(layer),
        num_codes,
        clips,
        stride,
    })
}

/// The codes over time of a panel that cannot do without them. Where there are none it says why in its middle, and what to do.
pub fn codes_needed<'a>(
    ctx: &PanelCtx<'a>,
    ui: &mut Ui,
    counted: Counted<'_>,
    shows: &str,
) -> Option<&'a Arc<Tokens>> {
    if counted.run().is_some_and(|run| run.source.frames == 0) {
        let text = format!("{shows}: open audio or features that the quantizer takes");
        needs_frames_ui(ctx, ui, "Needs the codes of frames", &text);
        return None;
    }
    match ctx.session.tokens() {
        TokensLook::Ready { tokens, outdated } => {
            if outdated {
                let text = RichText::new(OUTDATED).size(12.0).color(ctx.palette.warning);
                ui.add(Label::new(text).wrap());
            }
            return Some(tokens);
        }
        TokensLook::Missing => middle_ui(ctx, ui, "Codes are not there yet", shows, |ui| encode_ui(ctx, ui)),
        TokensLook::Computing(progress) => progress_ui(ctx, ui, "Computing the codes", progress),
        TokensLook::Later => note_ui(ctx, ui, "Codes come later", LATER),
        TokensLook::Failed | TokensLook::None => note_ui(ctx, ui, "No codes", FAILED),
    }
    None
}

/// Of a panel that shows more with codes over time: a line in their place that says why they are not there; nothing where they are.
pub fn codes_hint_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, counted: Counted<'_>, adds: &str) {
    if counted.run().is_some_and(|run| run.source.frames == 0) {
        return frames_hint_ui(ctx, ui, adds);
    }
    let text = match ctx.session.tokens() {
        TokensLook::Ready { outdated: false, .. } => return,
        TokensLook::Ready { outdated: true, .. } | TokensLook::Later => LATER,
        TokensLook::Failed | TokensLook::None => FAILED,
        TokensLook::Missing => "The frames were not encoded yet",
        TokensLook::Computing(_) => "The frames are being encoded",
    };
    let text = RichText::new(format!("{text}. Their codes add: {adds}")).size(12.0).color(ctx.palette.faint);
    ui.add(Label::new(text).wrap());
    match ctx.session.tokens() {
        TokensLook::Missing => encode_ui(ctx, ui),
        TokensLook::Computing(progress) => {
            let share = progress.map_or(0.0, |progress| stage_share(progress, 1));
            ui.add(ProgressBar::new(share).desired_width(ui.available_width().min(260.0)).show_percentage());
        }
        _ => {}
    }
}

fn encode_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    let help = "Work out the codes of all frames, as the Tokens panel shows them over time";
    if ui.button("Encode the frames").on_hover_rich(help).clicked() {
        ctx.send(DataCommand::Encode);
    }
}
