//! Quantizers between standardized units and those of the input.

use crate::features::Standardizer;
use crate::rvq::{Codebook, Layer, Rvq, RvqError};

/// The quantizer in the units that the standardizer restores: the first layer is scaled and shifted, the others are scaled. Behind a projection
/// it is the projection that shifts.
pub(super) fn rescaled(rvq: &Rvq, standardizer: &Standardizer) -> Result<Rvq, RvqError> {
    let mut layers = Vec::with_capacity(rvq.num_layers());
    for (layer_idx, layer) in rvq.layers().iter().enumerate() {
        let scale = standardizer.scale;
        let mut embed = layer.codebook.embed().to_owned();
        let sizes = layer.codebook.cluster_size().clone();
        let mut sums = layer.codebook.embed_avg().clone();
        let projection = match &layer.projection {
            None => {
                standardizer.restore_rows(layer_idx, &mut embed);
                standardizer.restore_sums(layer_idx, &mut sums, &sizes);
                None
            }
            Some(projection) => {
                embed.mapv_inplace(|v| (f64::from(v) * scale) as f32);
                sums *= scale;
                let shift = if layer_idx == 0 { standardizer.mean.as_slice() } else { &[] };
                Some(projection.in_units_of(scale, shift))
            }
        };
        layers.push(Layer { codebook: Codebook::new(embed, sizes, sums)?, projection, stride: layer.stride });
    }
    Rvq::with_metric(layers, rvq.metric())
}
