//! Tables of the window as documents take them: the same rows and digits, with units in the head.

use crate::markup::{Cell, Column, Table};

/// A column with the head that it has in the window, behind whose comma a unit may stand: "SNR, dB".
#[must_use]
pub fn column(key: impl Into<String>, head: &str) -> Column {
    // The comma is that of the language.
    match head.strip_suffix("dB").and_then(|head| head.strip_suffix(", ").or(head.strip_suffix('，'))) {
        Some(label) => Column::of(key, label, "dB"),
        None => Column::plain(key, head),
    }
}

/// The table as it is to be copied: where every figure of a column is in per cent, the sign goes into its head.
#[must_use]
pub fn with_units(mut table: Table) -> Table {
    for (place, column) in table.columns.iter_mut().enumerate() {
        let cells = || table.rows.iter().filter_map(|row| row.get(place));
        let shown = || {
            cells().filter_map(|cell| if let Cell::Figure { shown, .. } = cell { Some(shown) } else { None })
        };
        if shown().next().is_none() || !shown().all(|shown| shown.ends_with(" %")) {
            continue;
        }
        column.unit = "%";
        for cell in table.rows.iter_mut().filter_map(|row| row.get_mut(place)) {
            if let Cell::Figure { shown, .. } = cell {
                shown.truncate(shown.len() - " %".len());
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::plot::numbers::percent;

    #[test]
    fn units_go_into_the_head() {
        let columns =
            vec![column("snr_db", "SNR, dB"), column("used", "Used codes"), column("n", "Frames, held-out")];
        let mut table = Table::new("", columns);
        let row = |used| vec![Cell::count(7), Cell::figure(used, percent), Cell::count(3)];
        table.rows = vec![row(Some(0.5)), row(None)];
        let text = with_units(table).markdown();
        assert!(text.starts_with("| SNR (dB) | Used codes (%) | Frames, held-out |"), "{text}");
        assert!(text.contains(" 50.0 |") && text.contains(" \u{2013} |"), "{text}");
    }
}
