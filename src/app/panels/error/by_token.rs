//! The codes of a layer by what they have of its error, the worst first; each leads to itself, and to the place that it meets worst.

use std::sync::Arc;

use egui::{Button, Color32, Label, RichText, Role, Ui, WidgetInfo};

use super::super::data::go_to;
use super::super::parts::{Column, Key, Sort, Table, clip_ranges, layer_over_time};
use super::ID;
use super::work::{self, Of, Work};
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::Title;
use crate::app::plot::numbers::{grouped, number, percent};
use crate::app::plot::sheet::column;
use crate::markup::{self, Cell};
use crate::metrics::distortion;
use crate::metrics::portrait::{Standing, Worst, worst_frames};
use crate::session::SelectCommand;
use crate::text::t;
use crate::training::{Run, SplitKind};

/// Frames that are seen on either side of a place.
const SEEN_AROUND: usize = 60;
/// Columns before the figures, and figures of each set of frames.
const FIRST: usize = 2;
const FIGURES: usize = 4;
/// Which of the figures rows are sorted by at first.
const SHARE_OF_ERROR: usize = 2;

/// Where the worst frames of a layer will be.
type Place = work::Place<Vec<Option<Worst>>>;

/// The table's own state.
pub struct ByToken {
    sort: Sort,
    table: Memo<(ByPtr<Run>, usize, SplitKind), Arc<Figures>>,
    order: Memo<(ByPtr<Figures>, usize, bool), Vec<usize>>,
    work: Work<Vec<Option<Worst>>>,
}

/// What the codes of a layer have of each set of frames.
struct Figures {
    /// The set that is looked at first, then the other one, as far as they were counted; a figure for each code.
    sets: Vec<(SplitKind, Vec<Standing>)>,
    codes: usize,
}

impl Default for ByToken {
    fn default() -> Self {
        let sort = Sort { column: FIRST + SHARE_OF_ERROR, descending: true };
        Self { sort, table: Memo::new(), order: Memo::new(), work: Work::default() }
    }
}

impl Figures {
    fn of(run: &Run, layer: usize, first: SplitKind) -> Self {
        let other = match first {
            SplitKind::Train => SplitKind::HeldOut,
            SplitKind::HeldOut => SplitKind::Train,
        };
        let set = |split| Some((split, Standing::all(run.evaluation(split)?.layers.get(layer)?)));
        let sets: Vec<_> =
            [first, other].into_iter().filter_map(set).filter(|(_, of)| !of.is_empty()).collect();
        let codes = sets.iter().map(|(_, of)| of.len()).max().unwrap_or(0);
        Self { sets, codes }
    }

    /// A figure of a code, by its column.
    fn figure(&self, code: usize, column: usize) -> Option<(usize, f64)> {
        let column = column.checked_sub(FIRST)?;
        let standing = self.sets.get(column / FIGURES)?.1.get(code)?;
        let figure = column % FIGURES;
        let value = match figure {
            0 => Some(standing.count as f64),
            1 => Some(standing.use_share),
            SHARE_OF_ERROR => standing.error_share,
            _ => standing.distortion,
        };
        Some((figure, value?))
    }

    /// The codes in this order; those of equal figures in that of their numbers.
    fn sorted(&self, sort: Sort) -> Vec<usize> {
        let mut codes: Vec<usize> = (0..self.codes).collect();
        sort.apply(&mut codes, |&code| match sort.column {
            0 => Key::Number(Some(code as f64)),
            column => Key::Number(self.figure(code, column).map(|(_, value)| value)),
        });
        codes
    }

    /// How a figure of a code is written.
    fn words(&self, code: usize, column: usize) -> String {
        match self.figure(code, column) {
            None => "–".to_owned(),
            Some((0, count)) => grouped(count as i64),
            Some((1 | SHARE_OF_ERROR, share)) => percent(share),
            Some((_, value)) => number(value),
        }
    }

    fn columns(&self) -> Vec<Column> {
        let sorts = |head, help, width| Column { head, help, width, sorts: true };
        let place = Column {
            head: t!("error-worst-place"),
            help: t!("error-worst-place.help"),
            width: 76.0,
            sorts: false,
        };
        let mut columns = vec![sorts(t!("word-code"), t!("error-code.help"), 64.0), place];
        for (split, _) in &self.sets {
            let heads = heads((self.sets.len() > 1).then_some(*split));
            let help = [
                t!("error-frames.help"),
                t!("error-use.help"),
                t!("error-error.help"),
                distortion::CODE_DISTORTION.text.text(),
            ];
            let wide = if self.sets.len() > 1 { [96.0, 80.0, 86.0, 112.0] } else { [64.0, 64.0, 64.0, 80.0] };
            columns.extend((0..FIGURES).map(|nth| sorts(heads[nth], help[nth], wide[nth])));
        }
        columns
    }

    /// The rows as a document takes them.
    fn sheet(&self, caption: &str, codes: &[usize], worst: Option<&Vec<Option<Worst>>>) -> markup::Table {
        let names = ["count", "use_share", "error_share", "code_distortion"];
        let of_set = |(split, _): &(SplitKind, _)| names.map(|name| format!("{name}_{}", key_of(*split)));
        let keys = ["code".to_owned(), "worst_frame".to_owned()].into_iter();
        let keys = keys.chain(self.sets.iter().flat_map(of_set));
        let columns = keys.zip(self.columns()).map(|(key, shown)| column(key, shown.head)).collect();
        let mut table = markup::Table::new(caption, columns);
        for &code in codes {
            let frame = worst.and_then(|worst| worst.get(code).copied().flatten()).map(|worst| worst.frame);
            let figures = (FIRST..FIRST + FIGURES * self.sets.len()).map(|column| {
                let value = self.figure(code, column).map(|(_, value)| value);
                Cell::figure(value, |_| self.words(code, column))
            });
            let first = [Cell::count(code), frame.map_or(Cell::Undefined, Cell::count)];
            table.rows.push(first.into_iter().chain(figures).collect());
        }
        table
    }
}

/// The heads of the figures of one set of frames, which is named where there are two.
fn heads(named: Option<SplitKind>) -> [&'static str; FIGURES] {
    match named {
        None => [t!("error-frames"), t!("error-use"), t!("error-error"), t!("error-distortion")],
        Some(SplitKind::Train) => [
            t!("error-frames.training"),
            t!("error-use.training"),
            t!("error-error.training"),
            t!("error-distortion.training"),
        ],
        Some(SplitKind::HeldOut) => [
            t!("error-frames.held-out"),
            t!("error-use.held-out"),
            t!("error-error.held-out"),
            t!("error-distortion.held-out"),
        ],
    }
}

fn key_of(split: SplitKind) -> &'static str {
    match split {
        SplitKind::Train => "train",
        SplitKind::HeldOut => "held_out",
    }
}

impl ByToken {
    /// Draws it; places are there where the corpus is encoded, `of`.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, run: &Arc<Run>, of: Option<&Of>, height: f32) {
        let selection = ctx.session.selection();
        let layer = selection.layer.min(run.rvq.num_layers().saturating_sub(1));
        let key = (ByPtr(run.clone()), layer, selection.split);
        let figures = self.table.get(key, || Arc::new(Figures::of(run, layer, selection.split))).clone();
        let top = ui.cursor().top();
        let place = of.map(|of| self.places(ui, of, layer));
        let found = place.as_ref().and_then(|place| place.get());
        let faint = |text: &str| RichText::new(text).size(12.0).color(ctx.palette.faint);
        match (&place, found) {
            (Some(_), None) => drop(ui.label(faint(t!("error-looking-for-places")))),
            (_, Some(Err(why))) => drop(ui.add(Label::new(faint(&t!("error-no-places", why = why))).wrap())),
            _ => {}
        }
        let worst = found.and_then(|found| found.as_ref().ok());
        self.table_ui(ctx, ui, &figures, layer, (of, worst), top + height);
    }

    /// Where the worst frames of a layer are, or will be.
    fn places(&mut self, ui: &Ui, of: &Of, layer: usize) -> Place {
        self.work.place(ui, of, layer, move |of, task| {
            let (frames, codes) = (of.dataset.0.set.matrix.view(), of.tokens.0.values.view());
            let clips = clip_ranges(&of.tokens.0);
            let over = layer_over_time(&of.tokens.0, &clips, Some(&of.rvq.0), layer);
            over.map_or(Ok(Vec::new()), |over| worst_frames(&of.rvq.0, layer, frames, codes, over, task))
        })
    }

    fn table_ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        figures: &Arc<Figures>,
        layer: usize,
        (of, worst): (Option<&Of>, Option<&Vec<Option<Worst>>>),
        bottom: f32,
    ) {
        let Self { sort, order, .. } = self;
        let columns = figures.columns();
        // A set of frames may have gone since it was sorted by.
        if sort.column >= columns.len() {
            *sort = Self::default().sort;
        }
        let now = *sort;
        let codes = order.get((ByPtr(figures.clone()), now.column, now.descending), || figures.sorted(now));
        let text = t!("error-codes", layer = layer + 1);
        let help = t!("error-codes.help");
        let title = Title { panel_id: ID, key: "codes", text: &text, help, choices: None };
        let file_name = format!("error-codes-layer-{}.csv", layer + 1);
        title.table_ui(ctx, ui, |_| {}, &file_name, || figures.sheet(&text, codes, worst));
        let height = bottom - ui.cursor().top();
        let table = Table { id: "codes", columns: &columns, rows: codes.len(), height };
        let selected = ctx.session.selection().code;
        let fill = |row: usize| match codes.get(row) {
            Some(&code) if selected == Some(code) => ctx.palette.accent.gamma_multiply(0.16),
            _ => Color32::TRANSPARENT,
        };
        table.ui(ui, ctx.palette, sort, fill, |ui, row, column| {
            let Some(&code) = codes.get(row) else { return };
            match column {
                0 => code_ui(ctx, ui, layer, code),
                1 => place_ui(ctx, ui, (layer, code), of.zip(worst)),
                _ => drop(ui.label(RichText::new(figures.words(code, column)).size(12.0))),
            }
        });
    }
}

fn code_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, layer: usize, code: usize) {
    let text = RichText::new(t!("code-n", code = code)).size(12.0);
    let response = ui.add(Button::new(text).frame(false).truncate());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, t!("error-select-code", code = code)));
    if response.clicked() {
        ctx.send(SelectCommand::Code(layer, Some(code)));
    }
}

/// The way to the worst frame of a code, where one is known.
fn place_ui(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    (layer, code): (usize, usize),
    found: Option<(&Of, &Vec<Option<Worst>>)>,
) {
    let worst = found.and_then(|(of, worst)| Some((of, worst.get(code).copied().flatten()?)));
    let Some((of, worst)) = worst else {
        ui.label(RichText::new("–").size(12.0).color(ctx.palette.muted));
        return;
    };
    let set = &of.dataset.0.set;
    let words = match set.frame_rate_hz {
        Some(rate) => format!("{:.2} s", worst.frame as f64 / rate),
        None => grouped(worst.frame as i64),
    };
    let response = ui.add(Button::new(RichText::new(words).size(11.0)).small().truncate());
    let name = t!("error-go-to-worst-place", code = code);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let help =
        t!("error-worst-frame", frame = grouped(worst.frame as i64), distance = number(worst.distance));
    if response.on_hover_text(help).clicked() {
        ctx.send(SelectCommand::Code(layer, Some(code)));
        // Frames that share a code are selected together.
        let stride = of.rvq.0.layers().get(layer).map_or(1, |layer| layer.stride.max(1));
        let end = (worst.frame + stride).min(set.matrix.num_frames());
        go_to(ctx, ui, set, (worst.frame, end), SEEN_AROUND);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::LayerTally;

    fn figures(sets: &[(SplitKind, &[u64], &[f64])]) -> Figures {
        let set = |(split, counts, errors): &(SplitKind, &[u64], &[f64])| {
            let tally = LayerTally {
                counts: counts.to_vec(),
                code_sq_error: errors.to_vec(),
                ..LayerTally::default()
            };
            (*split, Standing::all(&tally))
        };
        Figures { sets: sets.iter().map(set).collect(), codes: sets.first().map_or(0, |set| set.1.len()) }
    }

    #[test]
    fn the_worst_code_comes_first_and_unused_ones_last() {
        let both = figures(&[
            (SplitKind::HeldOut, &[1, 0, 1], &[1.0, 0.0, 3.0]),
            (SplitKind::Train, &[4, 1, 3], &[9.0, 1.0, 2.0]),
        ]);
        let sort = ByToken::default().sort;
        assert_eq!(both.sorted(sort), [2, 0, 1], "by the share of error of the frames that are looked at");
        let by = |column, descending| both.sorted(Sort { column, descending });
        assert_eq!(by(FIRST + FIGURES + SHARE_OF_ERROR, true), [0, 2, 1], "and of the others");
        assert_eq!(by(FIRST + 3, false), [0, 2, 1], "what no frame chose has no distortion, and is last");
        assert_eq!(by(FIRST + 3, true), [2, 0, 1]);
        assert_eq!(by(0, true), [2, 1, 0]);
        let row = |code| (FIRST..FIRST + 8).map(|column| both.words(code, column)).collect::<Vec<_>>();
        assert_eq!(row(2), ["1", "50.0 %", "75.0 %", "3", "3", "37.5 %", "16.7 %", "0.6667"]);
        assert_eq!(row(1)[..4], ["0", "0 %", "0 %", "–"]);
        let heads: Vec<&str> = both.columns().iter().map(|column| column.head).collect();
        assert_eq!((heads.len(), heads[4], heads[8]), (10, "Error, held-out", "Error, training"));
    }

    #[test]
    fn one_set_of_frames_needs_no_name_and_the_table_is_saved_as_it_stands() {
        let one = figures(&[(SplitKind::Train, &[2, 2], &[1.0, 3.0])]);
        assert_eq!(one.columns().len(), FIRST + FIGURES);
        assert_eq!(one.columns()[FIRST + SHARE_OF_ERROR].head, "Error");
        let worst = vec![None, Some(Worst { frame: 7, distance: 1.5 })];
        let csv = one.sheet("", &[1, 0], Some(&worst)).csv();
        let head = "code,worst_frame,count_train,use_share_train,error_share_train,code_distortion_train";
        assert_eq!(csv.lines().collect::<Vec<_>>(), [head, "1,7,2,0.5,0.75,1.5", "0,,2,0.5,0.25,0.5"]);
    }
}
