//! What a sweep reached: SNR against the bits that a frame carries, and a row for each combination.

use egui::{Button, Color32, RichText, Ui};
use egui_plot::{Line, MarkerShape, PlotPoint, PlotPoints, Points};

use super::ID;
use super::groups::{Group, Spread, groups, sweep_of};
use crate::app::PanelCtx;
use crate::app::panels::parts::{Column, Key, Sort, Table};
use crate::app::plot::numbers::{number, percent};
use crate::app::plot::{Axis, Cell, Chart, Csv, ReadOut};
use crate::metrics::{distortion, usage};
use crate::session::{GroupId, RunId, RunsCommand, Session};
use crate::text::{Phrase, phrase, t};

/// The columns: a combination and its figures.
const COLUMNS: [(Phrase, Phrase, f32); 6] = [
    (phrase!("sweep-combination"), phrase!("sweep-combination.help"), 210.0),
    (phrase!("sweep-done"), phrase!("sweep-done.help"), 66.0),
    (phrase!("parts-head-snr"), distortion::SNR.text, 96.0),
    (phrase!("sweep-bits"), phrase!("sweep-bits.help"), 96.0),
    (phrase!("parts-head-used"), usage::UTILIZATION.text, 96.0),
    (phrase!("parts-head-perplexity"), usage::PERPLEXITY.text, 96.0),
];

/// The results, worked out once for each state of the runs.
pub struct Results {
    of: Option<(GroupId, Vec<(RunId, u64)>)>,
    groups: Vec<Group>,
    sort: Sort,
}

impl Default for Results {
    fn default() -> Self {
        Self { of: None, groups: Vec::new(), sort: Sort { column: 2, descending: true } }
    }
}

impl Results {
    /// Takes in the state of the runs; whether there is a sweep.
    pub fn refresh(&mut self, session: &Session) -> bool {
        let Some(sweep) = sweep_of(session) else { return false };
        let of = (sweep, session.group(sweep).map(|entry| (entry.id, entry.revision)).collect());
        if self.of.as_ref() != Some(&of) {
            (self.groups, self.of) = (groups(session, sweep), Some(of));
            self.order();
        }
        true
    }

    fn order(&mut self) {
        let Sort { column, .. } = self.sort;
        self.sort.apply(&mut self.groups, |group| match column {
            0 => Key::Text(group.name.text()),
            1 => Key::Number(Some(group.done.0 as f64)),
            _ => Key::Number(figure(group, column).map(|spread| spread.mean)),
        });
    }

    /// Draws SNR against bits: a point for each combination, with one standard deviation each way.
    pub fn scatter_ui(&self, ctx: &PanelCtx<'_>, ui: &mut Ui, height: f32) {
        let placed: Vec<(&Group, Spread, Spread)> =
            self.groups.iter().filter_map(|group| Some((group, group.bits?, group.snr_db?))).collect();
        let x = Axis::real(t!("sweep-bits"), t!("sweep-bits.help"));
        let y = Axis::of(&distortion::SNR);
        let near =
            placed.iter().map(|(group, bits, snr)| ((*group).clone(), *bits, *snr)).collect::<Vec<_>>();
        let color = |nth: usize| ctx.palette.run(nth);
        let title = t!("sweep-rate");
        let drawn = Chart::new(ID, "rate", title, x, y, height)
            .reader(move |at| nearest(&near, at).map(|(group, bits, snr)| read_out(group, *bits, *snr)))
            .show(
                ctx,
                ui,
                |_| {},
                || Some(csv(&self.groups)),
                |plot| {
                    for (nth, (group, bits, snr)) in placed.iter().enumerate() {
                        let bar = |points: Vec<[f64; 2]>| {
                            Line::new("", PlotPoints::from(points))
                                .color(color(nth))
                                .width(1.0)
                                .allow_hover(false)
                        };
                        plot.line(bar(vec![
                            [bits.mean - bits.sd, snr.mean],
                            [bits.mean + bits.sd, snr.mean],
                        ]));
                        plot.line(bar(vec![[bits.mean, snr.mean - snr.sd], [bits.mean, snr.mean + snr.sd]]));
                        let point = PlotPoints::from(vec![[bits.mean, snr.mean]]);
                        let mark = Points::new(group.name.text(), point).shape(MarkerShape::Circle);
                        plot.points(mark.color(color(nth)).radius(4.5).allow_hover(false));
                    }
                },
            );
        let clicked = drawn.clicked_at();
        let placed: Vec<_> =
            placed.iter().map(|(group, bits, snr)| ((*group).clone(), *bits, *snr)).collect();
        if let Some((group, ..)) = clicked.and_then(|at| nearest(&placed, at)) {
            ctx.send(RunsCommand::Show(group.run));
        }
    }

    /// Draws the combinations, a row each.
    pub fn grid_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, height: f32) {
        let columns: Vec<Column> = COLUMNS
            .iter()
            .map(|&(head, help, width)| Column { head: head.text(), help: help.text(), width, sorts: true })
            .collect();
        let table = Table { id: "sweep", columns: &columns, rows: self.groups.len(), height };
        let before = self.sort;
        let Self { groups, sort, .. } = self;
        let stripe = |row: usize| {
            if row % 2 == 1 { ctx.palette.card.gamma_multiply(0.6) } else { Color32::TRANSPARENT }
        };
        table.ui(ui, ctx.palette, sort, stripe, |ui, row, column| {
            let Some(group) = groups.get(row) else { return };
            let text = |text: String| egui::Label::new(RichText::new(text).size(12.0)).truncate();
            match column {
                0 => {
                    let name = group.name.text();
                    let button = Button::selectable(false, RichText::new(&name).size(12.0)).truncate();
                    if ui.add(button).on_hover_text(&name).clicked() {
                        ctx.send(RunsCommand::Show(group.run));
                    }
                }
                1 => drop(ui.add(text(t!("sweep-done.of", done = group.done.0, planned = group.done.1)))),
                _ => drop(ui.add(text(words(group, column)))),
            }
        });
        if self.sort != before {
            self.order();
        }
    }
}

/// The figure of a column.
fn figure(group: &Group, column: usize) -> Option<Spread> {
    match column {
        2 => group.snr_db,
        3 => group.bits,
        4 => group.used,
        5 => group.perplexity,
        _ => None,
    }
}

fn words(group: &Group, column: usize) -> String {
    let show: fn(f64) -> String = match column {
        2 => |value| format!("{value:.2}"),
        4 => percent,
        _ => number,
    };
    match figure(group, column) {
        None => "–".to_owned(),
        Some(Spread { mean, .. }) if group.done.0 < 2 => show(mean),
        Some(Spread { mean, sd }) => format!("{} ± {}", show(mean), show(sd)),
    }
}

/// The combination whose point is nearest to a place, each axis in its own measure.
fn nearest(placed: &[(Group, Spread, Spread)], at: PlotPoint) -> Option<&(Group, Spread, Spread)> {
    let span = |of: fn(&(Group, Spread, Spread)) -> f64| {
        let values = placed.iter().map(of);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        (high - low).max(1e-9)
    };
    let (x, y) = (span(|group| group.1.mean), span(|group| group.2.mean));
    let distance =
        |(_, bits, snr): &&(Group, Spread, Spread)| ((bits.mean - at.x) / x).hypot((snr.mean - at.y) / y);
    placed
        .iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .filter(|nearest| distance(nearest) < 0.25)
}

fn read_out(group: &Group, bits: Spread, snr: Spread) -> ReadOut {
    let mut read = ReadOut::new(bits.mean, group.name.text())
        .row("SNR", format!("{:.2} dB", snr.mean))
        .row(t!("sweep-bits"), number(bits.mean));
    if group.done.0 > 1 {
        let spread = t!("sweep-spread.of", sd = format!("{:.2}", snr.sd), seeds = group.done.0);
        read = read.row(t!("sweep-spread"), spread);
    }
    read
}

fn csv(groups: &[Group]) -> String {
    let mut csv = Csv::new([
        "combination",
        "runs",
        "snr_db",
        "snr_db_sd",
        "entropy_bits",
        "entropy_bits_sd",
        "utilization",
        "utilization_sd",
        "perplexity",
        "perplexity_sd",
    ]);
    for group in groups {
        let figures = (2..COLUMNS.len()).flat_map(|column| {
            let spread = figure(group, column);
            [Cell::from(spread.map(|s| s.mean)), Cell::from(spread.map(|s| s.sd))]
        });
        let words = [Cell::from(group.name.english().as_str()), Cell::from(group.done.0 as u64)];
        csv.row(words.into_iter().chain(figures));
    }
    csv.finish()
}
