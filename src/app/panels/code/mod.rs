//! The selected code: what it is, what its row looks like and how it came about, which codes lie and stand beside it, and which frames chose it.

mod cuts;
mod facts;
mod history;
mod row;
mod sheet;
mod strip;

use egui::{Button, Label, RichText, ScrollArea, Ui};

use super::parts::{Counted, banner_ui, codes_hint_ui, counted, middle_ui};
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::LEAST_HEIGHT;
use crate::app::plot::numbers::grouped;
use crate::app::rich::RichHover as _;
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::metrics::Evaluation;
use crate::metrics::portrait::Members;
use crate::session::{SelectCommand, Selection, SoundCommand};
use crate::text::{phrase, t};
use crate::training::{LayerCodes, Run, SplitKind};
use facts::Facts;
use history::HistoryCharts;
use row::RowChart;
use sheet::{Place, Sheets};
use strip::CutStrip;

const ID: &str = "code";
/// Codes replaced in this many of the last steps are said to be so, as in the line below the panels.
const RECENT_STEPS: u64 = 50;

static ABOUT: About = About {
    id: ID,
    title: phrase!("panel-code"),
    help: phrase!("panel-code.help"),
    home: Home { corner: Corner::LowerRight, place: 1 },
};

/// What counts are of: a run and the frames that are looked at, or codes alone.
#[derive(Clone, PartialEq)]
enum Of {
    Run(ByPtr<Run>, SplitKind),
    Codes(ByPtr<Evaluation>),
}

/// The panel.
#[derive(Default)]
pub struct Code {
    codes: Memo<(Of, usize), LayerCodes>,
    facts: Memo<(Of, usize, usize), Facts>,
    body: Body,
}

/// What stands below the figures.
#[derive(Default)]
struct Body {
    sheets: Sheets,
    row: RowChart,
    history: HistoryCharts,
    strip: CutStrip,
}

impl Panel for Code {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Some(counted) = counted(ctx, ui) else { return };
        banner_ui(ctx, ui);
        counted.chooser_ui(ctx, ui);
        let Selection { layer, code, split, .. } = ctx.session.selection();
        let Self { codes, facts, body } = self;
        let of = Of::new(counted, split);
        let codes = codes.get((of.clone(), layer), || layer_codes(counted, layer, split));
        match code.filter(|&code| code < codes.len()) {
            None => nothing_ui(ctx, ui, counted, codes, layer),
            Some(code) => {
                ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                    facts::head_ui(ctx, ui, codes, layer, code);
                    let facts = facts.get((of, layer, code), || Facts::of(counted, codes, layer, code));
                    facts.ui(ctx, ui);
                    body.ui(ctx, ui, counted, (layer, code), facts.radius);
                });
            }
        }
    }
}

impl Of {
    fn new(counted: Counted<'_>, split: SplitKind) -> Self {
        match counted {
            Counted::Run(view) => Self::Run(ByPtr(view.run.clone()), split),
            Counted::Codes(codes) => Self::Codes(ByPtr(codes.evaluation.clone())),
        }
    }
}

fn layer_codes(counted: Counted<'_>, layer: usize, split: SplitKind) -> LayerCodes {
    match counted {
        Counted::Run(view) => LayerCodes::new(view.run, layer, split, RECENT_STEPS),
        Counted::Codes(codes) => {
            LayerCodes::of_counts(codes.evaluation.layers.get(layer).map_or(&[], |tally| &tally.counts))
        }
    }
}

impl Body {
    fn ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        counted: Counted<'_>,
        (layer, code): (usize, usize),
        radius: Option<f64>,
    ) {
        let Self { sheets, row, history, strip } = self;
        let place = sheets.get(ctx, ui, layer, code);
        let sheet = place.as_ref().and_then(|place| place.get());
        let faint = |text: &str| RichText::new(text).size(12.0).color(ctx.palette.faint);
        match sheet {
            Some(sheet) => facts::chips_ui(ctx, ui, sheet, layer, radius),
            None => drop(ui.label(faint(t!("code-looking")))),
        }
        if let Counted::Run(view) = counted {
            let nearest = sheet.and_then(|sheet| sheet.nearest.first()).map(|other| other.code);
            row.ui(ctx, ui, view, (layer, code, nearest), LEAST_HEIGHT);
            ui.add(Label::new(faint(&row::space_words(&view.run.rvq, layer))).wrap());
            history.ui(ctx, ui, view, (layer, code));
        }
        codes_hint_ui(ctx, ui, counted, t!("code-adds"));
        match place {
            Some(place) if sheet.is_some() => frames_ui(ctx, ui, counted, strip, &place, radius),
            _ => {}
        }
    }
}

/// The frames that chose the code.
fn frames_ui(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    counted: Counted<'_>,
    strip: &mut CutStrip,
    place: &Place,
    radius: Option<f64>,
) {
    let Some(sheet) = place.get() else { return };
    let text = |text: &str| RichText::new(text).size(12.0);
    match (&sheet.members, counted) {
        (Some(Ok(members)), _) => {
            let label = ui.add(Label::new(text(&members_words(ctx, members)).strong()).wrap());
            label.on_hover_rich(t!("code-members.help"));
            if members.total > 0 && ctx.session.sound().is_some() {
                let button = Button::new(text(t!("code-play"))).small();
                if ui.add(button).on_hover_rich(t!("code-play.help")).clicked() {
                    let Selection { layer, code, .. } = ctx.session.selection();
                    code.into_iter().for_each(|code| ctx.send(SoundCommand::PlayCode(layer, code)));
                }
            }
            if let Some(dataset) = ctx.session.dataset() {
                strip.ui(ctx, ui, place, dataset, radius);
            }
        }
        (Some(Err(why)), _) => {
            let why = t!("code-no-members", why = why);
            ui.add(Label::new(text(&why).color(ctx.palette.warning)).wrap());
        }
        (None, Counted::Codes(_)) => {
            ui.add(Label::new(text(t!("code-codes-alone")).color(ctx.palette.faint)).wrap());
        }
        (None, Counted::Run(_)) => {}
    }
}

fn members_words(ctx: &PanelCtx<'_>, members: &Members) -> String {
    let Members { total, looked_at, .. } = *members;
    if total == 0 {
        return t!("code-no-frame").to_owned();
    }
    let among = match ctx.session.tokens() {
        crate::session::TokensLook::Ready { tokens, .. } if tokens.frames_in_all > tokens.values.ncols() => {
            Some(grouped(tokens.values.ncols() as i64))
        }
        _ => None,
    };
    let drawn = (looked_at < total).then(|| grouped(looked_at as i64));
    match (among, drawn) {
        (None, None) => t!("code-members", n = total),
        (Some(among), None) => t!("code-members-among", n = total, among = among),
        (None, Some(drawn)) => t!("code-members-drawn", n = total, drawn = drawn),
        (Some(among), Some(drawn)) => {
            t!("code-members-among-drawn", n = total, among = among, drawn = drawn)
        }
    }
}

/// Without a selected code: how one is selected, and some that are worth it.
fn nothing_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, counted: Counted<'_>, codes: &LayerCodes, layer: usize) {
    middle_ui(ctx, ui, t!("code-none"), t!("code-none.help"), |ui| {
        for (name, help, code) in suggestions(counted, codes, layer) {
            let button = ui.add_enabled(code.is_some(), egui::Button::new(name));
            if button.on_hover_rich(help).clicked() {
                ctx.send(SelectCommand::Code(layer, code));
            }
        }
    });
}

/// Codes that are worth a look.
fn suggestions(
    counted: Counted<'_>,
    codes: &LayerCodes,
    layer: usize,
) -> [(&'static str, &'static str, Option<usize>); 3] {
    let weights: Vec<f64> = match codes.frames {
        0 => codes.sizes.iter().map(|size| size.max(0.0)).collect(),
        _ => codes.counts.iter().map(|&count| count as f64).collect(),
    };
    let split = [SplitKind::HeldOut, SplitKind::Train].into_iter();
    let tally = split.filter_map(|split| counted.evaluation(split)?.layers.get(layer)).next();
    let errors = tally.map_or(&[][..], |tally| &tally.code_sq_error);
    let alarm = codes.states.iter().position(|&state| codes.is_alarm(state));
    [
        (t!("code-most-used"), t!("code-most-used.help"), greatest(&weights)),
        (t!("code-most-error"), t!("code-most-error.help"), greatest(errors)),
        (t!("code-first-dead"), t!("code-first-dead.help"), alarm),
    ]
}

/// Where the greatest value above 0 stands, the first of several.
fn greatest(values: &[f64]) -> Option<usize> {
    let positive = values.iter().enumerate().filter(|(_, value)| **value > 0.0);
    positive.min_by(|a, b| b.1.total_cmp(a.1)).map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_is_the_first_of_equals_and_nothing_of_nothing() {
        assert_eq!(greatest(&[1.0, 3.0, 3.0, f64::NAN]), Some(1));
        assert_eq!([greatest(&[0.0, f64::NAN]), greatest(&[])], [None, None]);
    }
}
