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
use crate::text::t;

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
        let text = t!("parts-codes-needed.text", shows = shows);
        needs_frames_ui(ctx, ui, t!("parts-codes-needed"), &text);
        return None;
    }
    match ctx.session.tokens() {
        TokensLook::Ready { tokens, outdated } => {
            if outdated {
                let text = RichText::new(t!("parts-codes-outdated")).size(12.0).color(ctx.palette.warning);
                ui.add(Label::new(text).wrap());
            }
            return Some(tokens);
        }
        TokensLook::Missing => {
            middle_ui(ctx, ui, t!("parts-codes-missing"), shows, |ui| encode_ui(ctx, ui));
        }
        TokensLook::Computing(progress) => progress_ui(ctx, ui, t!("parts-codes-computing"), progress),
        TokensLook::Later => note_ui(ctx, ui, t!("parts-codes-later"), t!("parts-codes-later.text")),
        TokensLook::Failed | TokensLook::None => {
            note_ui(ctx, ui, t!("parts-codes-failed"), t!("parts-codes-failed.text"));
        }
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
        TokensLook::Ready { outdated: true, .. } | TokensLook::Later => {
            t!("parts-codes-later.adds", adds = adds)
        }
        TokensLook::Failed | TokensLook::None => t!("parts-codes-failed.adds", adds = adds),
        TokensLook::Missing => t!("parts-codes-missing.adds", adds = adds),
        TokensLook::Computing(_) => t!("parts-codes-computing.adds", adds = adds),
    };
    let text = RichText::new(text).size(12.0).color(ctx.palette.faint);
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
    if ui.button(t!("parts-encode")).on_hover_rich(t!("parts-encode.help")).clicked() {
        ctx.send(DataCommand::Encode);
    }
}
