//! What a code is: its state, its part in counts and errors, and the codes that lie or stand beside it.

use egui::{Button, Label, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use super::super::parts::Counted;
use super::super::state_color;
use super::sheet::Sheet;
use crate::app::PanelCtx;
use crate::app::plot::numbers::{grouped, number, percent};
use crate::app::rich::RichHover as _;
use crate::metrics::buffers::{self, Neighbour};
use crate::metrics::portrait::{Neighbourhood, Standing};
use crate::session::SelectCommand;
use crate::text::{Message, Phrase, msg, phrase, t};
use crate::training::{CodeState, LayerCodes, SplitKind};

const SIZE: f32 = 12.0;

/// The code and its state in one line, and what that state means.
pub fn head_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, codes: &LayerCodes, layer: usize, code: usize) {
    let palette = ctx.palette;
    let state = codes.states.get(code).copied().unwrap_or(CodeState::Unknown);
    ui.horizontal_wrapped(|ui| {
        let name = RichText::new(t!("code-of-layer", code = code, layer = layer + 1)).size(15.0).strong();
        ui.label(name.color(palette.layer(layer)));
        let (rect, _) = ui.allocate_exact_size(vec2(11.0, 11.0), Sense::hover());
        ui.painter().rect_filled(rect, 2.0, state_color(codes, state, palette));
        ui.label(RichText::new(codes.words(state)).strong()).on_hover_rich(codes.help(state));
    });
    let state = codes.help(state);
    let said: String = match codes.replaced_at.get(code) {
        Some(0) => t!("code-never-replaced", state = state),
        Some(&step) => t!("code-replaced-in", state = state, step = grouped(step as i64)),
        None => state,
    };
    let text = RichText::new(said).size(SIZE).color(palette.faint);
    ui.add(Label::new(text).wrap());
}

/// What was counted of a code, as texts, worked out once for each state of a run.
#[derive(Default)]
pub struct Facts {
    columns: Vec<Column>,
    /// The root mean squared distance of the frames that chose it, of those that the run is judged by where there are such.
    pub radius: Option<f64>,
    /// `||e_k||`, where its row is known.
    norm: Option<f64>,
}

/// One column of the table: a set of frames, or the EMA.
struct Column {
    head: Phrase,
    help: Message,
    cells: [Message; 4],
}

impl Facts {
    /// Of a code of `layer`, whose codes are `codes`.
    #[must_use]
    pub fn of(counted: Counted<'_>, codes: &LayerCodes, layer: usize, code: usize) -> Self {
        let splits: &[SplitKind] = match counted {
            Counted::Run(_) => &[SplitKind::HeldOut, SplitKind::Train],
            Counted::Codes(_) => &[SplitKind::Train],
        };
        let mut facts = Self::default();
        for &split in splits {
            let Some(tally) = counted.evaluation(split).and_then(|e| e.layers.get(layer)) else { continue };
            let Some(standing) = Standing::of(tally, code) else { continue };
            facts.radius = facts.radius.or(standing.radius);
            facts.columns.push(Column::of_frames(counted, split, &standing, tally.counts.len()));
        }
        facts.columns.extend(Column::of_ema(codes, code));
        let row = counted.run().and_then(|run| run.rvq.layers().get(layer)?.codebook.row(code));
        facts.norm = row.map(|row| row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt());
        facts
    }

    /// The table, and the length of the row.
    pub fn ui(&self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Self { columns, norm, .. } = self;
        let faint = |text: &str| RichText::new(text).size(11.0).color(ctx.palette.faint);
        if let Some(norm) = norm {
            ui.label(faint(&t!("code-row-length", length = number(*norm))))
                .on_hover_rich(t!("code-row-length.help"));
        }
        if columns.is_empty() {
            ui.label(faint(t!("code-nothing-counted")));
            return;
        }
        egui::Grid::new("figures of the code").striped(true).spacing([14.0, 2.0]).show(ui, |ui| {
            ui.label("");
            for Column { head, help, .. } in columns {
                ui.label(faint(head)).on_hover_rich(help.text());
            }
            ui.end_row();
            for (nth, (name, help)) in ROWS.iter().enumerate() {
                ui.label(faint(name)).on_hover_rich(help);
                for column in columns {
                    ui.label(RichText::new(column.cells[nth].text()).size(SIZE));
                }
                ui.end_row();
            }
        });
    }
}

/// The rows of the table, and what each says.
static ROWS: [(Phrase, Phrase); 4] = [
    (phrase!("code-chosen-by"), phrase!("code-chosen-by.help")),
    (phrase!("code-share-of-use"), phrase!("code-share-of-use.help")),
    (phrase!("code-share-of-error"), phrase!("code-share-of-error.help")),
    (phrase!("code-radius"), phrase!("code-radius.help")),
];

impl Column {
    fn of_frames(counted: Counted<'_>, split: SplitKind, standing: &Standing, num_codes: usize) -> Self {
        let head = match (counted, split) {
            (Counted::Codes(_), _) => phrase!("code-all-frames"),
            (Counted::Run(view), _) if view.run.source.train_frames == 0 => phrase!("code-all-frames"),
            (_, SplitKind::HeldOut) => phrase!("code-held-out-frames"),
            (_, SplitKind::Train) => phrase!("code-training-frames"),
        };
        let or_dash = |text: Option<String>| Message::verbatim(text.as_deref().unwrap_or("–"));
        Self {
            head,
            help: msg!("code-counted-over", n = standing.frames),
            cells: [
                msg!("count-frames", n = standing.count),
                Message::verbatim(share_words(standing.use_share, num_codes)),
                or_dash(standing.error_share.map(percent)),
                or_dash(standing.radius.map(number)),
            ],
        }
    }

    fn of_ema(codes: &LayerCodes, code: usize) -> Option<Self> {
        let size = *codes.sizes.get(code)?;
        let share = buffers::ema_share(&codes.sizes, code)?;
        let help = if codes.threshold.is_finite() {
            msg!("code-ema-dead-below", threshold = number(codes.threshold))
        } else {
            msg!("code-ema")
        };
        let size = msg!("code-size-a-batch", size = number(size));
        let share = Message::verbatim(share_words(share, codes.len()));
        Some(Self {
            head: phrase!("code-ema-head"),
            help,
            cells: [size, share, Message::verbatim("–"), Message::verbatim("–")],
        })
    }
}

/// A share, and how many times as much it is as with evenly used codes.
fn share_words(share: f64, num_codes: usize) -> String {
    format!("{} (× {})", percent(share), number(share * num_codes as f64))
}

/// A code that another one leads to.
struct Chip {
    code: u32,
    note: String,
    help: String,
}

/// The codes that lie nearest, and those that stand before and behind in time; a click selects one.
pub fn chips_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, sheet: &Sheet, layer: usize, radius: Option<f64>) {
    let nearest: Vec<Chip> = sheet.nearest.iter().map(|other| nearest_chip(other, radius)).collect();
    let help = if radius.is_some_and(|radius| radius > 0.0) {
        t!("code-nearest.in-radii")
    } else {
        t!("code-nearest.in-distances")
    };
    row_ui(ctx, ui, t!("code-nearest"), help, layer, &nearest);
    if let Some(beside) = &sheet.beside {
        let before = time_chips(&beside.before, |times, of, distinct| {
            t!("code-before.times", times = times, of = of, distinct = distinct)
        });
        row_ui(ctx, ui, t!("code-before"), t!("code-before.help"), layer, &before);
        let behind = time_chips(&beside.after, |times, of, distinct| {
            t!("code-behind.times", times = times, of = of, distinct = distinct)
        });
        row_ui(ctx, ui, t!("code-behind"), t!("code-behind.help"), layer, &behind);
    }
}

fn nearest_chip(other: &Neighbour, radius: Option<f64>) -> Chip {
    let radii = radius.filter(|&radius| radius > 0.0).map(|radius| other.distance / radius);
    let note = radii.map_or_else(|| number(other.distance), |radii| format!("{radii:.2} r"));
    let help = t!("code-distance", distance = number(other.distance), cosine = number(other.cosine));
    Chip { code: other.code, note, help }
}

/// The codes on one side in time; `words` says how often one stands there, of how many frames, and how many codes do.
fn time_chips(side: &Neighbourhood, words: impl Fn(String, String, usize) -> String) -> Vec<Chip> {
    let chip = |&(code, times): &(u32, u64)| Chip {
        code,
        note: percent(times as f64 / side.total.max(1) as f64),
        help: words(grouped(times as i64), grouped(side.total as i64), side.distinct),
    };
    side.codes.iter().map(chip).collect()
}

fn row_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, title: &str, help: &str, layer: usize, chips: &[Chip]) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 3.0);
        let title = RichText::new(title).size(11.5).color(ctx.palette.faint);
        ui.label(title).on_hover_rich(help);
        if chips.is_empty() {
            ui.label(RichText::new(t!("code-none-beside")).size(11.5));
        }
        for Chip { code, note, help } in chips {
            let text = RichText::new(format!("{code} · {note}")).size(11.5);
            let response = ui.add(Button::new(text).small());
            let name = t!("code-select", code = *code);
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            if response.on_hover_rich(t!("code-chip", code = *code, facts = help)).clicked() {
                ctx.send(SelectCommand::Code(layer, Some(*code as usize)));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chips_tell_distances_in_radii_and_times_in_shares() {
        let other = Neighbour { code: 7, distance: 3.0, cosine: 0.5 };
        assert_eq!(nearest_chip(&other, Some(2.0)).note, "1.50 r");
        assert_eq!([nearest_chip(&other, None).note, nearest_chip(&other, Some(0.0)).note], ["3", "3"]);
        let side = Neighbourhood { codes: vec![(4, 3), (1, 1)], total: 4, distinct: 2 };
        let chips = time_chips(&side, |times, of, distinct| format!("{times} of {of}, {distinct} differ"));
        assert_eq!((chips[0].code, chips[0].note.as_str()), (4, "75.0 %"));
        assert_eq!(share_words(0.25, 8), "25.0 % (× 2)");
    }
}
