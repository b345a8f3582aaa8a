//! Layers made ready to encode: what is computed once and read for every block of frames.

use std::sync::OnceLock;

use super::codebook::normalize_rows;
use super::nearest::{Kernel, PathTables, Scratch, Searcher};
use super::rows::Rows;
use super::{Layer, Metric};

/// One layer made ready.
#[derive(Debug)]
pub(super) struct PreparedLayer<'a> {
    pub(super) layer: &'a Layer,
    metric: Metric,
    kernel: Option<Kernel>,
    pub(super) searcher: Searcher,
    /// What each code subtracts in the space that its chain works in, `(num_codes, dim)`, row by row.
    pub(super) outputs: Rows<'a>,
    /// For a search along several paths; made when one gains from them.
    tables: OnceLock<Option<PathTables>>,
}

impl<'a> PreparedLayer<'a> {
    pub(super) fn new(layer: &'a Layer, metric: Metric) -> Self {
        Self::with_kernel(layer, metric, None)
    }

    /// The layer, to be searched with one kernel instead of the best.
    pub(super) fn with_kernel(layer: &'a Layer, metric: Metric, kernel: Option<Kernel>) -> Self {
        let embed = layer.codebook.embed();
        let units = metric.is_cosine().then(|| {
            let mut rows = embed.to_owned();
            normalize_rows(&mut rows);
            rows
        });
        let rows = units.as_ref().map_or(embed, |units| units.view());
        let searcher =
            kernel.map_or_else(|| Searcher::new(rows), |kernel| Searcher::with_kernel(rows, kernel));
        // In DAC the angle decides, but what is subtracted is the row at its full length.
        let units = units.filter(|_| metric != Metric::CosineRaw);
        let outputs = match (&layer.projection, units) {
            (Some(p), Some(units)) => p.project_out(units.view()).into(),
            (Some(p), None) => p.project_out(embed).into(),
            (None, Some(units)) => units.into(),
            (None, None) => Rows::of(embed),
        };
        Self { layer, metric, kernel, searcher, outputs, tables: OnceLock::new() }
    }

    /// What a search along several paths gains from.
    pub(super) fn tables(&self) -> Option<&PathTables> {
        self.tables.get().and_then(Option::as_ref)
    }

    /// Whether the search happens in the frames' own space.
    pub(super) fn is_plain(&self) -> bool {
        self.layer.projection.is_none() && self.metric == Metric::Euclidean && self.layer.stride == 1
    }

    /// What the search sees of `residual`; `None` where that is `residual` itself.
    pub(super) fn own_input(&self, residual: &Rows<'_>) -> Option<Rows<'static>> {
        self.layer.search_input(self.metric, residual.view()).map(Rows::from)
    }

    /// Writes the code of every frame and its squared distance.
    pub(super) fn assign(
        &self,
        residual: &Rows<'_>,
        codes: &mut [u32],
        sq_dists: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let stride = self.layer.stride;
        let means = (stride > 1).then(|| residual.pooled(stride));
        let residual = means.as_ref().unwrap_or(residual);
        let own = self.own_input(residual);
        let input = own.as_ref().unwrap_or(residual);
        if stride == 1 {
            self.searcher.assign_block(input.values(), codes, sq_dists, scratch);
            return;
        }
        let (mut few, mut dists) = (vec![0; input.num_rows()], vec![0.0; input.num_rows()]);
        self.searcher.assign_block(input.values(), &mut few, &mut dists, scratch);
        codes.chunks_mut(stride).zip(few).for_each(|(codes, code)| codes.fill(code));
        sq_dists.chunks_mut(stride).zip(dists).for_each(|(dists, dist)| dists.fill(dist));
    }
}

/// Bytes that the tables of a chain may take.
const LARGEST_TABLES: usize = 256 << 20;

/// Gives every layer its products with those before it, where all of them search in the space of `layers` and `width` paths gain from that.
pub(super) fn prepare_tables(layers: &[PreparedLayer<'_>], width: usize) {
    if layers.iter().all(|layer| layer.searcher.screens_each_path(width)) {
        return;
    }
    let num_codes = |layer: &PreparedLayer<'_>| layer.outputs.num_rows();
    let bytes = |nth: usize| {
        PathTables::num_bytes(num_codes(&layers[nth]), layers[..nth].iter().map(num_codes).sum())
    };
    let total = (0..layers.len()).map(bytes).fold(0, usize::saturating_add);
    if total > LARGEST_TABLES || !layers.iter().all(PreparedLayer::is_plain) {
        return;
    }
    for (nth, layer) in layers.iter().enumerate() {
        let earlier: Vec<_> = layers[..nth].iter().map(|layer| layer.outputs.view()).collect();
        layer.tables.get_or_init(|| PathTables::new(layer.outputs.view(), &earlier, layer.kernel));
    }
}
