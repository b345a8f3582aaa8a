//! How much each layer adds as its rows alone tell it: the mean energy of a row, each weighted by how often the running averages have it chosen.

use egui::Ui;
use egui_plot::{MarkerShape, PlotPoint};

use super::ID;
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::{Along, Axis, Cell, Chart, Choices, Csv, Curve, Data, Scale, Stroke, look_of};
use crate::rvq::{Layer, Rvq};
use crate::session::{SelectCommand, View};
use crate::text::t;

/// The chart's own state.
#[derive(Default)]
pub struct Energy {
    of: Memo<ByPtr<Rvq>, Vec<f64>>,
    points: Vec<PlotPoint>,
}

impl Energy {
    /// Draws it; a click selects the nearest layer.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>, height: f32) {
        let Self { of, points } = self;
        let energies =
            of.get(ByPtr(view.run.rvq.clone()), || view.run.rvq.layers().iter().map(energy).collect());
        let choices = Choices { kind: "row_energy", x: None, y: Scale::Log, smooths: false };
        let (_, _, scale) = look_of(ui, &choices);
        let shown = energies.iter().enumerate().filter(|(_, energy)| scale.shows(**energy));
        *points = shown.map(|(i, &energy)| PlotPoint::new((i + 1) as f64, scale.place(energy))).collect();
        let palette = ctx.palette;
        let data = Data::Even(1.0, energies);
        let curve = Curve::new(t!("error-energy-rows"), palette.accent, points, data)
            .stroke(Stroke::Marked(MarkerShape::Circle));
        let x = Axis::whole(t!("word-layer"), t!("error-layers-axis"));
        let y = Axis::real(t!("error-energy-axis"), t!("error-energy-axis.help")).scaled(scale);
        let title = t!("error-energy");
        let last = energies.len() as f64;
        let drawn = Chart::new(ID, "row-energy", title, x, y, height)
            .along(Along::Layers)
            .choices(choices)
            .curves(vec![curve])
            .tune(move |plot| plot.include_x(0.6).include_x(last + 0.4))
            .show(ctx, ui, |_| {}, || Some(table(energies)), |_| {});
        if let Some(at) = drawn.clicked_at() {
            let layer = (at.x.round().max(1.0) as usize - 1).min(energies.len().saturating_sub(1));
            ctx.send(SelectCommand::Layer(layer));
        }
    }
}

/// The mean squared length of a layer's rows, weighted by their EMA shares.
fn energy(layer: &Layer) -> f64 {
    let sizes = layer.codebook.cluster_size();
    let total: f64 = sizes.iter().map(|size| size.max(0.0)).sum();
    let even = 1.0 / sizes.len().max(1) as f64;
    let embed = layer.codebook.embed();
    let rows = embed.rows().into_iter().zip(sizes).map(|(row, size)| {
        let length: f64 = row.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
        let share = if total > 0.0 { size.max(0.0) / total } else { even };
        share * length
    });
    rows.sum()
}

fn table(energies: &[f64]) -> String {
    let mut csv = Csv::new(["layer", "row_energy"]);
    for (layer, &energy) in energies.iter().enumerate() {
        csv.row([Cell::from(layer + 1), Cell::from(energy)]);
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, arr2};

    use super::*;
    use crate::rvq::Codebook;

    #[test]
    fn rows_count_as_often_as_they_are_chosen() {
        let embed = arr2(&[[3.0f32, 4.0], [1.0, 0.0]]);
        let layer = |sizes: [f64; 2]| {
            let sizes = Array1::from(sizes.to_vec());
            let averages = embed.mapv(f64::from);
            energy(&Layer::from(Codebook::new(embed.clone(), sizes, averages).unwrap()))
        };
        assert_eq!(layer([3.0, 1.0]), 0.75 * 25.0 + 0.25);
        assert_eq!(layer([0.0, 0.0]), 13.0, "without cluster sizes all count alike");
    }
}
