//! All figures of all layers as a table, trained-on frames beside held-out ones.

use egui::{Button, Color32, RichText, Role, ScrollArea, Ui, WidgetInfo};

use super::{Figures, ID};
use crate::app::PanelCtx;
use crate::app::plot::Title;
use crate::app::plot::numbers::{number, percent};
use crate::app::plot::sheet::column;
use crate::app::rich::RichHover as _;
use crate::markup::{self, Cell};
use crate::metrics::{Definition, LayerMetrics, distortion};
use crate::session::SelectCommand;
use crate::text::{phrase, t};

/// A column: what it shows, and how.
type Column = (&'static Definition, fn(&LayerMetrics) -> Option<f64>, fn(f64) -> String);

static COLUMNS: [Column; 4] = [
    (&distortion::MSE, |layer| layer.mse, number),
    (&distortion::SNR, |layer| layer.snr_db, two_decimals),
    (&distortion::SNR_GAIN, |layer| layer.snr_gain_db, two_decimals),
    (&distortion::EXPLAINED_VARIANCE, |layer| layer.explained_variance, percent),
];

/// Draws the table; a click on a layer's name selects it.
pub fn table_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, figures: &Figures, height: f32) {
    let palette = ctx.palette;
    let top = ui.cursor().top();
    let (text, help) = (t!("error-table"), t!("error-table.help"));
    let title = Title { panel_id: ID, key: "table", text, help, choices: None };
    title.table_ui(ctx, ui, |_| {}, "error-table.csv", || sheet(figures));
    let left = (height - (ui.cursor().top() - top)).max(60.0);
    let faint = |text: &str| RichText::new(text).size(11.0).color(palette.faint);
    let with_held_out = !figures.held_out.is_empty();
    let with_train = !figures.train.is_empty();
    let selected = ctx.session.selection().layer;
    ScrollArea::both().id_salt("table").max_height(left).auto_shrink([false, true]).show(ui, |ui| {
        egui::Grid::new("layers").striped(true).num_columns(10).spacing([12.0, 2.0]).show(ui, |ui| {
            ui.label(faint(t!("word-layer")));
            for (definition, _, _) in COLUMNS {
                let head = head(definition);
                if with_train {
                    ui.label(faint(&t!("error-head-training", name = &head))).on_hover_rich(definition.text);
                }
                if with_held_out {
                    let shown =
                        if with_train { t!("error-head-held-out", name = &head) } else { head.clone() };
                    let help = t!(
                        "error-head-held-out.help",
                        name = short(definition),
                        definition = definition.text
                    );
                    ui.label(faint(&shown)).on_hover_rich(help);
                }
            }
            ui.label(faint(t!("error-of-shannon"))).on_hover_rich(t!(
                "error-of-shannon.help",
                share = distortion::SHANNON_SHARE.text,
                reference = distortion::SHANNON.text
            ));
            ui.end_row();
            for layer in 0..figures.shannon.len() {
                let name = t!("error-select-layer", layer = layer + 1);
                let chosen = layer == selected;
                let text =
                    RichText::new((layer + 1).to_string()).size(12.0).strong().color(palette.layer(layer));
                let fill =
                    if chosen { palette.layer(layer).gamma_multiply(0.25) } else { Color32::TRANSPARENT };
                let response = ui.add(Button::new(text).small().fill(fill).min_size(egui::vec2(26.0, 16.0)));
                response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &name));
                if response.clicked() {
                    ctx.send(SelectCommand::Layer(layer));
                }
                for (_, of, show) in COLUMNS {
                    if with_train {
                        value_ui(ctx, ui, figures.train.get(layer).and_then(of), show, chosen);
                    }
                    if with_held_out {
                        value_ui(ctx, ui, figures.held_out.get(layer).and_then(of), show, chosen);
                    }
                }
                let share = figures.shannon_share.get(layer).copied().flatten();
                value_ui(ctx, ui, share, percent, chosen);
                ui.end_row();
            }
        });
    });
}

fn value_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, value: Option<f64>, show: fn(f64) -> String, strong: bool) {
    let text = value.map_or_else(|| "–".to_owned(), show);
    let mut text = RichText::new(text).size(12.0);
    if value.is_none() {
        text = text.color(ctx.palette.muted);
    } else if strong {
        text = text.strong();
    }
    ui.label(text);
}

fn short(definition: &Definition) -> &'static str {
    match definition.key {
        "explained_variance" => t!("error-explained-variance"),
        "snr_gain_db" => t!("error-gain"),
        _ => definition.label.text(),
    }
}

/// A name as it stands at the head of a column, with its unit.
fn head(definition: &Definition) -> String {
    let name = short(definition);
    if definition.unit == phrase!("unit-db") { t!("error-head-db", name = name) } else { name.to_owned() }
}

fn two_decimals(value: f64) -> String {
    format!("{value:.2}")
}

/// The rows as a document takes them.
fn sheet(figures: &Figures) -> markup::Table {
    let mut columns = vec![column("layer", t!("word-layer"))];
    for (definition, _, _) in COLUMNS {
        let unit = if definition.unit == phrase!("unit-db") { "dB" } else { "" };
        let name = short(definition);
        let heads = [
            ("train", t!("error-head-training", name = name)),
            ("held_out", t!("error-head-held-out", name = name)),
        ];
        for (set, head) in heads {
            columns.push(markup::Column::of(format!("{}_{set}", definition.key), head, unit));
        }
    }
    columns.push(markup::Column::of(distortion::SHANNON.key, t!("error-shannon-reference"), "dB"));
    let mut table = markup::Table::new(t!("error-table"), columns);
    for (layer, &shannon) in figures.shannon.iter().enumerate() {
        let mut cells = vec![Cell::count(layer + 1)];
        for (_, of, show) in COLUMNS {
            cells.push(Cell::figure(figures.train.get(layer).and_then(of), show));
            cells.push(Cell::figure(figures.held_out.get(layer).and_then(of), show));
        }
        cells.push(Cell::figure(shannon, two_decimals));
        table.rows.push(cells);
    }
    table
}
