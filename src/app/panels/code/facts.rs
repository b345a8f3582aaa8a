//! What a code is: its state, its part in counts and errors, and the codes that lie or stand beside it.

use egui::{Button, Label, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use super::super::parts::Counted;
use super::super::state_color;
use super::sheet::Sheet;
use crate::app::PanelCtx;
use crate::app::plot::numbers::{count, grouped, number, percent};
use crate::app::rich::RichHover as _;
use crate::metrics::buffers::{self, Neighbour};
use crate::metrics::portrait::{Neighbourhood, Standing};
use crate::session::SelectCommand;
use crate::training::{CodeState, LayerCodes, SplitKind};

const SIZE: f32 = 12.0;

/// The code and its state in one line, and what that state means.
pub fn head_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, codes: &LayerCodes, layer: usize, code: usize) {
    let palette = ctx.palette;
    let state = codes.states.get(code).copied().unwrap_or(CodeState::Unknown);
    ui.horizontal_wrapped(|ui| {
        let name = RichText::new(format!("Code {code} of layer {}", layer + 1)).size(15.0).strong();
        ui.label(name.color(palette.layer(layer)));
        let (rect, _) = ui.allocate_exact_size(vec2(11.0, 11.0), Sense::hover());
        ui.painter().rect_filled(rect, 2.0, state_color(codes, state, palette));
        ui.label(RichText::new(codes.words(state)).strong()).on_hover_rich(codes.help(state));
    });
    let mut said = vec![codes.help(state)];
    match codes.replaced_at.get(code) {
        Some(0) => said.push("The update rule never replaced it".to_owned()),
        Some(&step) => {
            said.push(format!("The update rule last replaced it in step {}", grouped(step as i64)));
        }
        None => {}
    }
    let text = RichText::new(said.join(". ")).size(SIZE).color(palette.faint);
    ui.add(Label::new(text).wrap());
}

/// What was counted of a code, as text, worked out once for each state of a run.
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
    head: &'static str,
    help: String,
    cells: [String; 4],
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
            ui.label(faint(&format!("Length of the row: {}", number(*norm))))
                .on_hover_rich("`||e_k||`, as it is stored");
        }
        if columns.is_empty() {
            ui.label(faint("No frame was counted, and there are no EMA sizes"));
            return;
        }
        egui::Grid::new("figures of the code").striped(true).spacing([14.0, 2.0]).show(ui, |ui| {
            ui.label("");
            for Column { head, help, .. } in columns {
                ui.label(faint(head)).on_hover_rich(help);
            }
            ui.end_row();
            for (nth, (name, help)) in ROWS.iter().enumerate() {
                ui.label(faint(name)).on_hover_rich(help);
                for column in columns {
                    ui.label(RichText::new(&column.cells[nth]).size(SIZE));
                }
                ui.end_row();
            }
        });
    }
}

/// The rows of the table, and what each says.
static ROWS: [(&str, &str); 4] = [
    ("Chosen by", "Frames that chose the code; of the EMA its cluster size `c_k` in frames a batch"),
    ("Share of use", "Its share of the frames, and how many times as much that is as with evenly used codes"),
    (
        "Share of error",
        "Its share of `sum ||x - e_k||²` of the layer, over the frames in the cells of all codes",
    ),
    ("Radius of its cell", "`sqrt(mean ||x - e_k||²)` over the frames that chose it"),
];

impl Column {
    fn of_frames(counted: Counted<'_>, split: SplitKind, standing: &Standing, num_codes: usize) -> Self {
        let head = match (counted, split) {
            (Counted::Codes(_), _) => "All frames",
            (Counted::Run(view), _) if view.run.source.train_frames == 0 => "All frames",
            (_, SplitKind::HeldOut) => "Held-out frames",
            (_, SplitKind::Train) => "Training frames",
        };
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        Self {
            head,
            help: format!("Counted over {}", count(standing.frames, "frame")),
            cells: [
                count(standing.count, "frame"),
                share_words(standing.use_share, num_codes),
                or_dash(standing.error_share.map(percent)),
                or_dash(standing.radius.map(number)),
            ],
        }
    }

    fn of_ema(codes: &LayerCodes, code: usize) -> Option<Self> {
        let size = *codes.sizes.get(code)?;
        let share = buffers::ema_share(&codes.sizes, code)?;
        let help = if codes.threshold.is_finite() {
            format!(
                "The running averages of the update rule; dead below {} frames a batch",
                number(codes.threshold)
            )
        } else {
            "The running averages of the update rule".to_owned()
        };
        let (size, share) = (format!("{} a batch", number(size)), share_words(share, codes.len()));
        Some(Self { head: "EMA", help, cells: [size, share, "–".to_owned(), "–".to_owned()] })
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
    let unit = if radius.is_some_and(|radius| radius > 0.0) { "radii of its cell" } else { "distance" };
    let help = format!("The nearest rows, with their {unit}, in the space in which frames are compared");
    row_ui(ctx, ui, "Nearest codes", &help, layer, &nearest);
    if let Some(beside) = &sheet.beside {
        let help = "The codes of the frame before, with how often, not across the borders of clips";
        row_ui(ctx, ui, "Before it in time", help, layer, &time_chips(&beside.before, "before"));
        let help = "The codes of the frame behind, with how often, not across the borders of clips";
        row_ui(ctx, ui, "Behind it in time", help, layer, &time_chips(&beside.after, "behind"));
    }
}

fn nearest_chip(other: &Neighbour, radius: Option<f64>) -> Chip {
    let radii = radius.filter(|&radius| radius > 0.0).map(|radius| other.distance / radius);
    let note = radii.map_or_else(|| number(other.distance), |radii| format!("{radii:.2} r"));
    let help = format!("{} away, at a cosine of {}", number(other.distance), number(other.cosine));
    Chip { code: other.code, note, help }
}

fn time_chips(side: &Neighbourhood, word: &str) -> Vec<Chip> {
    let chip = |&(code, times): &(u32, u64)| Chip {
        code,
        note: percent(times as f64 / side.total.max(1) as f64),
        help: format!(
            "{} of {} {word} it; {} differ",
            grouped(times as i64),
            grouped(side.total as i64),
            side.distinct
        ),
    };
    side.codes.iter().map(chip).collect()
}

fn row_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, title: &str, help: &str, layer: usize, chips: &[Chip]) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 3.0);
        let title = RichText::new(title).size(11.5).color(ctx.palette.faint);
        ui.label(title).on_hover_rich(help);
        if chips.is_empty() {
            ui.label(RichText::new("none").size(11.5));
        }
        for Chip { code, note, help } in chips {
            let text = RichText::new(format!("{code} · {note}")).size(11.5);
            let response = ui.add(Button::new(text).small());
            let name = format!("Select code {code}");
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            if response.on_hover_rich(format!("Code {code}: {help}. Click to select it")).clicked() {
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
        let chips = time_chips(&side, "before");
        assert_eq!((chips[0].code, chips[0].note.as_str()), (4, "75.0 %"));
        assert_eq!(share_words(0.25, 8), "25.0 % (× 2)");
    }
}
