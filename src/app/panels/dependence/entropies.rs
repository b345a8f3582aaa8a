//! What each layer says beside the one before it, as bars.

use egui::Ui;
use egui_plot::{MarkerShape, PlotPoint};

use super::super::parts::swatch_ui;
use super::ID;
use crate::app::PanelCtx;
use crate::app::plot::numbers::number;
use crate::app::plot::{Along, Axis, Bars, Cell, Chart, Csv, Curve, Data, ReadOut, Stroke};
use crate::app::rich::RichHover as _;
use crate::metrics::dependence::{CONDITIONAL_ENTROPY, LayerDependence};
use crate::session::SelectCommand;
use crate::text::t;

/// What is drawn, by layer; 0 where it is not known.
struct Heights {
    own: Vec<f64>,
    given: Vec<f64>,
    /// The shuffled codes', from the second layer on.
    shuffled: Vec<(f64, f64)>,
    points: Vec<PlotPoint>,
}

impl Heights {
    fn new(layers: &[Option<LayerDependence>]) -> Self {
        let of = |value: fn(&LayerDependence) -> Option<f64>| {
            layers.iter().map(move |layer| layer.as_ref().and_then(value))
        };
        let shuffled = (1u32..).zip(of(|layer| layer.shuffled_bits));
        let shuffled: Vec<(f64, f64)> =
            shuffled.filter_map(|(layer, bits)| Some((f64::from(layer), bits?))).collect();
        Self {
            own: of(|layer| layer.entropy_bits).map(Option::unwrap_or_default).collect(),
            given: of(|layer| layer.given_bits).map(Option::unwrap_or_default).collect(),
            points: shuffled.iter().map(|&(x, y)| PlotPoint::new(x, y)).collect(),
            shuffled,
        }
    }
}

/// Draws it; a click selects a layer.
pub fn ui(ctx: &PanelCtx<'_>, ui: &mut Ui, layers: &[Option<LayerDependence>], height: f32) {
    let Heights { own, given, shuffled, points } = &Heights::new(layers);
    let palette = ctx.palette;
    let selected = ctx.session.selection().layer;
    let num_layers = layers.len();
    let x = Axis::whole(t!("word-layer"), t!("dependence-layers-axis"));
    let y = Axis::real(t!("dependence-bits-axis"), CONDITIONAL_ENTROPY.text.text());
    let curve =
        Curve::new(t!("dependence-shuffled-line"), palette.highlight, points, Data::Pairs(shuffled.clone()))
            .stroke(Stroke::Marked(MarkerShape::Diamond));
    let top = ui.cursor().top();
    ui.horizontal_wrapped(|ui| {
        swatch_ui(ui, palette.grid, t!("dependence-own"));
        swatch_ui(ui, palette.layer(selected), t!("dependence-given"))
            .on_hover_rich(CONDITIONAL_ENTROPY.text);
        let shuffled = swatch_ui(ui, palette.highlight, t!("dependence-shuffled"));
        shuffled.on_hover_rich(t!("dependence-shuffled.help"));
    });
    let height = height - (ui.cursor().top() - top);
    let drawn = Chart::new(ID, "entropies", t!("dependence-entropies"), x, y, height)
        .along(Along::Layers)
        .curves(vec![curve])
        .reader(move |at| read(layers, at.x))
        .stops(1.0, num_layers as f64, 1.0, 0.0)
        .tune(move |plot| plot.include_x(0.4).include_x(num_layers as f64 + 0.6).include_y(0.0))
        .show(
            ctx,
            ui,
            |_| {},
            || Some(table(layers)),
            |plot| {
                plot.add(Bars::new("own entropy", 1.0, own, palette.grid)); // not a text
                let color = palette.layer(selected);
                let faint = color.gamma_multiply(0.55);
                let bars = Bars::new("given the layer before", 1.0, given, faint); // not a text
                plot.add(bars.selected((selected > 0).then_some((selected, color))));
            },
        );
    if let Some(at) = drawn.clicked_at() {
        let layer = (at.x.round().max(1.0) as usize - 1).min(num_layers.saturating_sub(1));
        ctx.send(SelectCommand::Layer(layer));
    }
}

fn read(layers: &[Option<LayerDependence>], x: f64) -> Option<ReadOut> {
    let x = x.round();
    let layer = layers.get((x >= 1.0).then(|| x as usize - 1)?)?;
    let read = ReadOut::new(x, t!("layer-n", layer = x.to_string()));
    let Some(found) = layer else { return Some(read.row(t!("dependence-not-counted"), "")) };
    let rows = [
        (t!("dependence-read-own"), found.entropy_bits),
        (t!("dependence-read-given"), found.given_bits),
        (t!("dependence-read-shuffled"), found.shuffled_bits),
        (t!("dependence-read-shared"), found.shared_bits()),
    ];
    let known = rows.into_iter().filter_map(|(name, bits)| Some((name, bits?)));
    Some(known.fold(read, |read, (name, bits)| read.row(name, t!("dependence-bits", bits = number(bits)))))
}

fn table(layers: &[Option<LayerDependence>]) -> String {
    let mut csv = Csv::new([
        "layer",
        "frames",
        "entropy_bits",
        "conditional_entropy_bits",
        "shuffled_bits",
        "mutual_information_bits",
    ]);
    for (nth, found) in layers.iter().enumerate() {
        let Some(found) = found else { continue };
        csv.row([
            Cell::from(nth + 1),
            Cell::Int(found.frames),
            Cell::from(found.entropy_bits),
            Cell::from(found.given_bits),
            Cell::from(found.shuffled_bits),
            Cell::from(found.shared_bits()),
        ]);
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_that_are_not_counted_yet_are_left_out() {
        let first = LayerDependence { frames: 9, entropy_bits: Some(2.0), ..LayerDependence::default() };
        let second = LayerDependence { given_bits: Some(1.0), shuffled_bits: Some(1.5), ..first };
        let layers = [Some(first), Some(second), None];
        let heights = Heights::new(&layers);
        assert_eq!((heights.own, heights.given), (vec![2.0, 2.0, 0.0], vec![0.0, 1.0, 0.0]));
        assert_eq!(heights.shuffled, [(2.0, 1.5)]);
        assert_eq!(table(&layers).lines().skip(1).collect::<Vec<_>>(), ["1,9,2,,,", "2,9,2,1,1.5,0.5"]);
        assert_eq!(read(&layers, 2.2).unwrap().rows.len(), 4);
        assert!(read(&layers, 0.2).is_none() && read(&layers, 4.0).is_none());
    }
}
