//! Repairs: how far the one under way is, and what was tried to make a repaired run.

use egui::{Grid, Label, ProgressBar, RichText, Ui};

use crate::app::PanelCtx;
use crate::app::plot::numbers::{grouped, number};
use crate::app::rich::RichHover as _;
use crate::app::stage_words::{stage_share, stage_words};
use crate::doctor::repair::{Scores, Tried, fix};
use crate::session::{RunsCommand, View};
use crate::text::{Phrase, phrase, t};

/// Figures of a repair: the head of the column, what it means, and how it is written.
type Column = (Phrase, Phrase, fn(&Scores) -> String);

static COLUMNS: [Column; 4] = [
    (phrase!("doctor-tried-snr"), phrase!("doctor-tried-snr.help"), |scores| {
        scores.snr_db.map_or_else(|| "–".to_owned(), |db| format!("{db:.2}"))
    }),
    (phrase!("doctor-tried-used"), phrase!("doctor-tried-used.help"), |scores| grouped(scores.used as i64)),
    (phrase!("doctor-tried-rare"), phrase!("doctor-tried-rare.help"), |scores| grouped(scores.rare as i64)),
    (phrase!("doctor-tried-bits"), phrase!("doctor-tried-bits.help"), |scores| number(scores.bits)),
];

/// Draws how far the repair of a run is, where one is under way, with the way to end it.
pub fn under_way_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>) {
    let (session, id) = (ctx.session, view.id());
    if !session.is_repairing(id) {
        return;
    }
    let layers = view.run.rvq.num_layers();
    let progress = session.repair_progress(id);
    let (text, share) = progress.map_or_else(
        || (t!("doctor-repairing-begins").to_owned(), 0.0),
        |progress| {
            let stage = stage_words(progress, layers);
            (t!("doctor-repairing", stage = stage), stage_share(progress, layers))
        },
    );
    let text = RichText::new(text).size(12.0).color(ctx.palette.faint);
    ui.add(Label::new(text).wrap());
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 70.0).max(40.0);
        ui.add(ProgressBar::new(share).desired_width(width).desired_height(14.0).fill(ctx.palette.accent));
        if ui.small_button(t!("button-cancel")).on_hover_rich(t!("doctor-give-up-help")).clicked() {
            ctx.send(RunsCommand::CancelRepair(id));
        }
    });
}

/// Draws what was tried to make a repaired run, before and after; nothing of another run.
pub fn tried_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>) {
    let Some(tried) = view.entry.tried() else { return };
    let Some((before, after)) = ends(tried) else { return };
    let small = |text: String| RichText::new(text).size(12.0);
    let faint = |text: &str| RichText::new(text).size(11.0).color(ctx.palette.faint);
    ui.label(RichText::new(t!("doctor-tried")).strong()).on_hover_rich(t!("doctor-tried.help"));
    Grid::new("repaired").num_columns(COLUMNS.len() + 1).spacing([12.0, 2.0]).min_row_height(0.0).show(
        ui,
        |ui| {
            ui.label("");
            for (head, help, _) in &COLUMNS {
                ui.label(faint(head)).on_hover_rich(help);
            }
            ui.end_row();
            for (name, scores) in [(t!("doctor-tried-before"), before), (t!("doctor-tried-after"), after)] {
                ui.label(faint(name));
                for (_, _, write) in &COLUMNS {
                    ui.label(small(write(scores)));
                }
                ui.end_row();
            }
        },
    );
    for tried in tried.iter() {
        tried_line_ui(ctx, ui, tried);
    }
    ui.add_space(4.0);
}

/// A fix: how many rows it changed, and whether that was kept.
fn tried_line_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, tried: &Tried) {
    let Tried { fix: id, rows, before, after, kept } = tried;
    let text = if *kept {
        t!("doctor-tried-kept", fix = *id, n = *rows)
    } else {
        t!("doctor-tried-not-kept", fix = *id, n = *rows)
    };
    let color = if *kept { ctx.palette.good } else { ctx.palette.muted };
    let figures: Vec<String> = COLUMNS
        .iter()
        .map(|(head, _, write)| {
            let (before, after) = (write(before), write(after));
            t!("doctor-tried-figure", figure = *head, before = before, after = after)
        })
        .collect();
    let title = fix(id).map_or(*id, |fix| fix.title.text());
    ui.add(Label::new(RichText::new(text).size(12.0).color(color)).wrap()).on_hover_rich(format!(
        "{}\n\n{}",
        t!("doctor-tried-to", title = title),
        figures.join("\n")
    ));
}

/// The figures before the first fix, and with all that were kept.
fn ends(tried: &[Tried]) -> Option<(&Scores, &Scores)> {
    let before = &tried.first()?.before;
    let after = tried.iter().rfind(|tried| tried.kept).map_or(before, |tried| &tried.after);
    Some((before, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_kept_is_not_counted_to_the_end() {
        let scores = |used| Scores { snr_db: Some(1.0), used, rare: 0, bits: 1.0 };
        let tried = |before, after, kept| Tried {
            fix: "refit",
            rows: 1,
            before: scores(before),
            after: scores(after),
            kept,
        };
        let found = [tried(3, 5, true), tried(5, 9, false)];
        assert_eq!(ends(&found).map(|(before, after)| (before.used, after.used)), Some((3, 5)));
        let none = [tried(3, 1, false)];
        assert_eq!(ends(&none).map(|(before, after)| (before.used, after.used)), Some((3, 3)));
        assert_eq!(ends(&[]), None);
    }
}
