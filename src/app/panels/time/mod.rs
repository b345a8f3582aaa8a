//! Time: waveform, features and tokens over one time axis, from the whole corpus down to one frame.

mod bands;
mod content;
mod maker;
mod moves;
mod paint;
mod picture;
mod read;
mod stretch;
mod tiles;
mod worker;

use std::sync::Arc;

use egui::{RichText, ScrollArea, Ui};

use super::data::{CodeMarks, Timeline, said_ui, selection_ui};
use super::parts::{banner_ui, layers_ui, row_heights, without_data};
use crate::app::memo::ByPtr;
use crate::app::plot::numbers::grouped;
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::jobs::{Dataset, Tokens};
use crate::rvq::Rvq;
use crate::session::{DataCommand, TokensLook};
use crate::text::{phrase, t};
use content::Source;
use picture::Picture;
use stretch::Stretch;

const ID: &str = "time";
/// The least height of the plot; the panel scrolls rather than go below it.
const LEAST_HEIGHT: f32 = 260.0;

static ABOUT: About = About {
    id: ID,
    title: phrase!("panel-time"),
    help: phrase!("panel-time.help"),
    home: Home { corner: Corner::UpperRight, place: 3 },
};

/// The panel.
#[derive(Default)]
pub struct Time {
    picture: Picture,
    stretch: Stretch,
    marks: CodeMarks,
    /// The height of what stood below the plot when it was drawn last.
    below: f32,
}

/// What there is to show.
struct Shown<'a> {
    dataset: Option<&'a Arc<Dataset>>,
    tokens: Option<&'a Arc<Tokens>>,
    /// The quantizer that the tokens are of, where their frames are there too.
    rvq: Option<&'a Arc<Rvq>>,
    /// Why there are no tokens, or what is to be known of them.
    note: Option<String>,
}

impl Panel for Time {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        if ctx.session.codes().is_none() && without_data(ctx, ui) {
            return;
        }
        let shown = Shown::of(ctx);
        let Some(line) = shown.line() else { return };
        banner_ui(ctx, ui);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.body_ui(ctx, ui, &shown, &line));
    }
}

impl Time {
    fn body_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, shown: &Shown<'_>, line: &Timeline<'_>) {
        let Self { picture, stretch, marks, below } = self;
        if let Some(tokens) = shown.tokens {
            let split = ctx.session.selection().split;
            let evaluation = match ctx.session.codes() {
                Some(codes) => Some(&codes.evaluation),
                None => ctx.session.view().and_then(|view| view.run.evaluation(split)),
            };
            layers_ui(ctx, ui, tokens.num_codes.len(), evaluation);
        }
        if let Some(note) = &shown.note {
            let text = RichText::new(note).size(12.0).color(ctx.palette.warning);
            ui.add(egui::Label::new(text).wrap());
        }
        let source = shown.source();
        let said = marks.refresh(ctx);
        let [height] = row_heights(ui, [(1.0, LEAST_HEIGHT + *below)]);
        picture.ui(ctx, ui, &source, (line, marks), height - *below);
        // Below, so that the plot does not move under the hand that has just selected something.
        let top = ui.cursor().top();
        match said {
            Some(text) => said_ui(ctx, ui, &text),
            // While no code is selected.
            None => drop(ui.label(RichText::new(t!("time-how-to")).size(11.0).color(ctx.palette.faint))),
        }
        selection_ui(ctx, ui, line);
        stretch.ui(ctx, ui, &source, line);
        let height = ui.cursor().top() - top;
        if (height - *below).abs() > 0.5 {
            *below = height;
            ui.ctx().request_repaint();
        }
    }
}

impl<'a> Shown<'a> {
    fn of(ctx: &PanelCtx<'a>) -> Self {
        let session = ctx.session;
        let dataset = session.dataset();
        let nothing = |note: &str| (None, None, Some(note.to_owned()));
        let (tokens, rvq, note) = match session.tokens() {
            TokensLook::Ready { tokens, outdated } => {
                let rvq = session.view().map(|view| &view.run.rvq).filter(|_| !outdated);
                let note = outdated.then(|| t!("time-codes-outdated").to_owned());
                (Some(tokens), rvq, note.or_else(|| cut_short(tokens)))
            }
            TokensLook::Missing => {
                ctx.send(DataCommand::Encode);
                nothing(t!("time-codes-computing"))
            }
            TokensLook::Computing(_) => nothing(t!("time-codes-computing")),
            TokensLook::Later => nothing(t!("time-codes-later")),
            TokensLook::Failed => nothing(t!("time-codes-failed")),
            TokensLook::None => (None, None, None),
        };
        let fits = |rvq: &&Arc<Rvq>| dataset.is_some_and(|dataset| dataset.set.matrix.dim() == rvq.dim());
        Self { dataset, tokens, rvq: rvq.filter(fits), note }
    }

    /// The time axis: that of the frames or, without them, of the codes.
    fn line(&self) -> Option<Timeline<'a>> {
        let of_codes = |tokens: &'a Arc<Tokens>| {
            Timeline::new(tokens.frame_rate_hz, tokens.values.ncols(), &tokens.clips)
        };
        match self.dataset {
            Some(dataset) => Some(Timeline::of(&dataset.set)),
            None => self.tokens.map(of_codes),
        }
    }

    fn source(&self) -> Source {
        Source {
            tokens: self.tokens.cloned().map(ByPtr),
            dataset: self.dataset.cloned().map(ByPtr),
            rvq: self.rvq.cloned().map(ByPtr),
        }
    }
}

/// Says so where not all frames have codes.
fn cut_short(tokens: &Tokens) -> Option<String> {
    let kept = tokens.values.ncols();
    (tokens.frames_in_all > kept).then(|| {
        let [all, kept] = [tokens.frames_in_all, kept].map(|frames| grouped(frames as i64));
        t!("time-codes-cut-short", all = all, kept = kept)
    })
}
