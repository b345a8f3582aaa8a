//! Which code follows which in time, as a picture.

use std::sync::{Arc, OnceLock};

use egui::{Color32, ColorImage, TextureHandle, Ui, vec2};
use egui_plot::{Line, PlotImage, PlotPoint};

use super::super::parts::ramp_ui;
use super::ID;
use crate::app::drawing;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::{grouped, percent};
use crate::app::plot::{Axis, Cell, Chart, Csv, ReadOut};
use crate::app::{Palette, PanelCtx};
use crate::metrics::dependence::{Bigrams, InTime};
use crate::session::SelectCommand;
use crate::text::t;

/// Codes of a bin that are named one by one.
const NAMED: usize = 4;
/// Beside the title the meaning of colours is drawn where this much room is left.
const RAMP_FROM: f32 = 130.0;

/// The picture, made once for each layer and theme.
#[derive(Default)]
pub struct Matrix {
    picture: Memo<(ByPtr<OnceLock<InTime>>, bool), Option<TextureHandle>>,
}

impl Matrix {
    /// Draws it; a click selects the code that stands first.
    pub fn ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        place: &Arc<OnceLock<InTime>>,
        layer: usize,
        height: f32,
    ) {
        let Some(InTime { bigrams, .. }) = place.get() else { return };
        let palette = ctx.palette;
        let picture = self.picture.get((ByPtr(place.clone()), palette.is_dark), || {
            let image = paint(bigrams, palette)?;
            Some(drawing::load(ui.ctx(), "pairs of codes in time", image)) // not a text
        });
        let Some(texture) = picture.as_ref().map(TextureHandle::id) else {
            let text = egui::RichText::new(t!("dependence-no-pairs"));
            ui.label(text.size(12.0).color(palette.faint));
            return;
        };
        let bins = bigrams.num_bins as f64;
        let x = Axis::whole(t!("dependence-next-axis"), t!("dependence-next-axis.help"));
        let y = Axis::whole(t!("dependence-code-axis"), t!("dependence-code-axis.help"));
        let selected = ctx.session.selection().code.and_then(|code| bigrams.bin_of(code as u32));
        let most = bigrams.counts.iter().copied().max().unwrap_or(0);
        let title = t!("dependence-pairs", layer = layer + 1);
        let drawn = Chart::new(ID, "bigrams", &title, x, y, height)
            .reader(move |at| read(bigrams, at))
            .stops(1.0, bins, 1.0, 1.0)
            .tune(move |plot| {
                plot.invert_y(true)
                    .show_grid(false)
                    .set_margin_fraction(vec2(0.0, 0.0))
                    .include_x(0.5)
                    .include_x(bins + 0.5)
                    .include_y(0.5)
                    .include_y(bins + 0.5)
            })
            .show(
                ctx,
                ui,
                |ui| {
                    if ui.available_width() > RAMP_FROM {
                        ramp_ui(ui, palette, "1", &grouped(most as i64), t!("dependence-ramp"));
                    }
                },
                || Some(table(bigrams)),
                |plot| {
                    let middle = PlotPoint::new((bins + 1.0) / 2.0, (bins + 1.0) / 2.0);
                    let size = vec2(bins as f32, bins as f32);
                    plot.image(PlotImage::new("pairs", texture, middle, size).allow_hover(false));
                    if let Some(bin) = selected {
                        for edge in [0.5, 1.5] {
                            let y = bin as f64 + edge;
                            let line = Line::new("selected code", vec![[0.5, y], [bins + 0.5, y]]); // not a text
                            plot.line(line.color(palette.highlight).width(1.0).allow_hover(false));
                        }
                    }
                },
            );
        if let Some((from, _)) = drawn.clicked_at().and_then(|at| bins_at(bigrams, at)) {
            let code = bigrams.codes_in(from).first().map(|&code| code as usize);
            ctx.send(SelectCommand::Code(layer, code));
        }
    }
}

/// The bins of the first and the second code at a place in the plot.
fn bins_at(bigrams: &Bigrams, at: PlotPoint) -> Option<(usize, usize)> {
    let bin = |value: f64| {
        let rank = value.round();
        (rank >= 1.0 && rank <= bigrams.num_bins as f64).then(|| rank as usize - 1)
    };
    Some((bin(at.y)?, bin(at.x)?))
}

fn read(bigrams: &Bigrams, at: PlotPoint) -> Option<ReadOut> {
    let (from, to) = bins_at(bigrams, at)?;
    let times = bigrams.count(from, to);
    let share = times as f64 / bigrams.total.max(1) as f64;
    let (first, second) = (bigrams.codes_in(from), bigrams.codes_in(to));
    let title = t!("dependence-pair", first = words(first), second = words(second));
    let occurs = t!("dependence-times", n = times, share = percent(share));
    Some(ReadOut::new(to as f64 + 1.0, title).row(t!("dependence-occurs"), occurs))
}

/// The codes of a bin.
fn words(codes: &[u32]) -> String {
    if let [code] = codes {
        return t!("code-n", code = *code);
    }
    let named: Vec<String> = codes.iter().take(NAMED).map(u32::to_string).collect();
    let named = named.join(t!("dependence-comma"));
    match codes.len().saturating_sub(NAMED) {
        0 => t!("dependence-codes", codes = named),
        more => t!("dependence-codes-more", codes = named, more = more),
    }
}

fn never(palette: &Palette) -> Color32 {
    palette.ramp(0.0)
}

/// A texel a bin, the most used code on the left and on top.
fn paint(bigrams: &Bigrams, palette: &Palette) -> Option<ColorImage> {
    let most = bigrams.counts.iter().copied().max().filter(|&most| most > 0)?;
    let span = (most as f64).ln();
    let color = |&times: &u64| match times {
        0 => never(palette),
        // A little above the colour of pairs that never occur.
        times if span > 0.0 => palette.ramp((0.2 + 0.8 * (times as f64).ln() / span) as f32),
        _ => palette.ramp(1.0),
    };
    Some(ColorImage::new([bigrams.num_bins; 2], bigrams.counts.iter().map(color).collect()))
}

fn table(bigrams: &Bigrams) -> String {
    let mut csv = Csv::new(["codes", "next_codes", "count"]);
    let names: Vec<String> = (0..bigrams.num_bins)
        .map(|bin| bigrams.codes_in(bin).iter().map(u32::to_string).collect::<Vec<_>>().join(" "))
        .collect();
    for (from, first) in names.iter().enumerate() {
        for (to, second) in names.iter().enumerate() {
            let times = bigrams.count(from, to);
            if times > 0 {
                csv.row([Cell::from(first.as_str()), Cell::from(second.as_str()), Cell::Int(times)]);
            }
        }
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bigrams() -> Bigrams {
        Bigrams { codes: vec![7, 3], num_bins: 2, counts: vec![100, 1, 0, 10], total: 111 }
    }

    #[test]
    fn a_place_is_a_pair_of_codes() {
        let bigrams = bigrams();
        let read = |x: f64, y: f64| read(&bigrams, PlotPoint::new(x, y));
        let found = read(2.2, 1.0).unwrap();
        assert_eq!(
            (found.title.as_str(), found.rows[0].value.as_str()),
            ("Code 7, then Code 3", "1 time (0.90 %)")
        );
        assert!(read(0.3, 1.0).is_none() && read(1.0, 2.6).is_none());
        assert_eq!(words(&[1, 2, 3, 4, 5, 6]), "Codes 1, 2, 3, 4 and 2 more");
        assert_eq!(table(&bigrams), "codes,next_codes,count\n7,7,100\n7,3,1\n3,3,10\n");
    }

    #[test]
    fn rare_pairs_are_told_from_those_that_never_occur() {
        let palette = Palette::of(egui::Theme::Dark);
        let image = paint(&bigrams(), &palette).unwrap();
        assert_eq!(
            (image.size, image.pixels[0], image.pixels[2]),
            ([2, 2], palette.ramp(1.0), never(&palette))
        );
        assert_ne!(image.pixels[1], image.pixels[2]);
        assert!(paint(&Bigrams::default(), &palette).is_none());
    }
}
