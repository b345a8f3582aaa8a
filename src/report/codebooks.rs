//! Plots and numbers of codebooks on their own: what a model tells without any frame.

use crate::metrics::{CodebookView, usage};
use crate::training::{CodeState, LayerCodes};

use super::plot::{Axis, Content, Mark, Plot, Series, Size, Tone, push_line};
use super::series::{counted_from_one, layer_series};

/// Rank against share in the EMA view, lengths of rows, neighbours, gaps, and the rows of each layer in the plane. `of` says of which quantizer.
pub(super) fn plots(views: &[CodebookView], of: &str) -> Vec<Plot> {
    let mut plots = Vec::new();
    let sorted = |values: Vec<f64>| {
        let mut values = values;
        values.sort_unstable_by(|a, b| b.total_cmp(a));
        values
    };
    let over_ranks =
        |id: &str, title: &str, note: &str, y: Axis, values: &dyn Fn(&CodebookView) -> Vec<f64>| {
            let layer = |(layer_idx, view): (usize, &CodebookView)| {
                let points = counted_from_one(sorted(values(view)).into_iter());
                layer_series(layer_idx, views.len(), Mark::Line, points)
            };
            Plot {
                id: id.to_owned(),
                title: title.to_owned(),
                of: of.to_owned(),
                note: note.to_owned(),
                size: Size::Medium,
                x: Axis::whole("Rank").log(),
                y,
                content: Content::Series(views.iter().enumerate().map(layer).collect()),
            }
        };
    if views.iter().any(|view| view.ema.is_some()) {
        plots.push(over_ranks(
            "ema_rank_frequency",
            "Rank against frequency, EMA view",
            "The share `p_k = c_k / C` of each code times K, from the largest down: 1 is even use. It is of the batches that were trained on last, \
             and not of counted frames",
            Axis::linear("Share \u{d7} K", "").log(),
            &|view| view.ema.as_ref().map_or_else(Vec::new, |ema| scaled(&ema.shares)),
        ));
        plots.push(over_ranks(
            "embed_gap",
            "Rows against their averages",
            crate::metrics::buffers::EMBED_GAP.text.text(),
            Axis::linear("Gap", "of the RMS row"),
            &|view| view.ema.as_ref().map_or_else(Vec::new, |ema| ema.gaps.clone()),
        ));
    }
    plots.push(over_ranks(
        "row_norms",
        "Lengths of the rows",
        "`||e_k||` of each code from the largest down. Rows far longer than the rest are codes that nothing chooses",
        Axis::linear("Length", ""),
        &|view| view.norms.clone(),
    ));
    plots.push(over_ranks(
        "nearest_codes",
        "Distance to the nearest other code",
        crate::metrics::buffers::NEAR_DUPLICATES.text.text(),
        Axis::linear("Distance", ""),
        &|view| view.neighbours.iter().map(|other| other.distance).collect(),
    ));
    plots.extend(views.iter().enumerate().map(|(layer_idx, view)| rows(layer_idx, view, of)));
    plots
}

/// Shares times K.
fn scaled(shares: &[f64]) -> Vec<f64> {
    shares.iter().map(|share| share * shares.len() as f64).collect()
}

/// The rows of one layer in the plane.
fn rows(layer_idx: usize, view: &CodebookView, of: &str) -> Plot {
    let [first, second] = view
        .picture
        .explained
        .unwrap_or([0.0; 2])
        .map(|share| format!("{:.0} % of the variance", share * 100.0));
    let number = layer_idx + 1;
    Plot {
        id: format!("rows_layer_{number}"),
        title: format!("Rows in the plane, layer {number}"),
        of: format!("{} codes, {of}", view.norms.len()),
        note: "One dot a code, by the first two principal coordinates of the rows".to_owned(),
        size: Size::Small,
        x: Axis::linear("First coordinate", &first),
        y: Axis::linear("Second coordinate", &second),
        content: Content::Series(vec![Series {
            name: "a code".to_owned(),
            mark: Mark::Dots,
            tone: Tone::HeldOut,
            points: view.picture.points.clone(),
        }]),
    }
}

/// How many codes of each layer are in which state; all states together are K.
pub(super) fn states(layers: &[LayerCodes], of: &str) -> Plot {
    let present =
        CodeState::ALL.into_iter().filter(|&state| layers.iter().any(|codes| codes.counted(state) > 0));
    let series = present.map(|state| Series {
        name: state.label().to_owned(),
        mark: Mark::Bars,
        tone: match state {
            CodeState::Alive => Tone::HeldOut,
            CodeState::Rare => Tone::Ramp(0.75),
            CodeState::NotChosen => Tone::Train,
            CodeState::BelowThreshold => Tone::Warn,
            CodeState::UnusedInCorpus => Tone::Ramp(1.0),
            CodeState::Replaced => Tone::Ramp(0.5),
            CodeState::Unknown => Tone::Muted,
        },
        points: counted_from_one(layers.iter().map(|codes| codes.counted(state) as f64)),
    });
    Plot {
        id: "code_states".to_owned(),
        title: "Codes by state".to_owned(),
        of: of.to_owned(),
        note: "Every code is in one state: the first that applies of replaced lately, unused in the corpus, below threshold, not chosen, rare, alive"
            .to_owned(),
        size: Size::Medium,
        x: Axis::whole("Layer"),
        y: Axis::whole("Codes"),
        content: Content::Series(series.collect()),
    }
}

/// `codes.csv`: everything that is known of each code of each layer.
pub(super) fn codes_csv(layers: &[LayerCodes], views: &[CodebookView]) -> String {
    let mut text = String::new();
    push_line(
        &mut text,
        [
            "layer",
            "code",
            "state",
            "count",
            "share",
            "cluster_size",
            "threshold",
            "replaced_at",
            "ema_share",
            "norm",
            "nearest_code",
            "nearest_distance",
            "nearest_cosine",
            "embed_gap",
            "coordinate_1",
            "coordinate_2",
        ],
    );
    for (layer_idx, codes) in layers.iter().enumerate() {
        let view = views.get(layer_idx);
        let frames = usage::frames(&codes.counts) as f64;
        for (code, state) in codes.states.iter().enumerate() {
            let whole = |values: &[u64]| values.get(code).map_or_else(String::new, u64::to_string);
            let real = |value: Option<f64>| {
                value.filter(|v| v.is_finite()).map_or_else(String::new, |v| v.to_string())
            };
            let ema = view.and_then(|view| view.ema.as_ref());
            let other = view.and_then(|view| view.neighbours.get(code));
            let place = view.and_then(|view| view.picture.points.get(code));
            let share = codes.counts.get(code).map(|&count| count as f64 / frames);
            push_line(
                &mut text,
                [
                    (layer_idx + 1).to_string(),
                    code.to_string(),
                    state.key().to_owned(),
                    whole(&codes.counts),
                    real(share),
                    real(codes.sizes.get(code).copied()),
                    real(Some(codes.threshold)),
                    whole(&codes.replaced_at),
                    real(ema.and_then(|ema| ema.shares.get(code).copied())),
                    real(view.and_then(|view| view.norms.get(code).copied())),
                    other.map_or_else(String::new, |other| other.code.to_string()),
                    real(other.map(|other| other.distance)),
                    real(other.map(|other| other.cosine)),
                    real(ema.and_then(|ema| ema.gaps.get(code).copied())),
                    real(place.map(|place| place[0])),
                    real(place.map(|place| place[1])),
                ]
                .each_ref()
                .map(String::as_str),
            );
        }
    }
    text
}
