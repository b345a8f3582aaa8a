//! What is worth knowing about a quantizer's file before it is used. What is wrong with the quantizer is for the doctor to say.

use crate::rvq::Rvq;

/// Findings on every layer. `has_sizes` tells for each layer whether its cluster sizes come from the file.
pub(super) fn findings(rvq: &Rvq, has_sizes: &[bool]) -> Vec<String> {
    let mut findings = Vec::new();
    let sizes: Vec<usize> = rvq.layers().iter().map(|layer| layer.codebook.num_codes()).collect();
    if sizes.windows(2).any(|pair| pair.first() != pair.last()) {
        findings.push(format!("the layers have different numbers of codes: {sizes:?}"));
    }
    for (layer_idx, (layer, &has_sizes)) in rvq.layers().iter().zip(has_sizes).enumerate() {
        if has_sizes && layer.codebook.cluster_size().iter().all(|&size| size == 0.0) {
            findings
                .push(format!("layer {layer_idx}: every EMA cluster size is 0: the layer was never trained"));
        }
    }
    findings
}
