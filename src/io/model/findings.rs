//! What is worth knowing about a quantizer before it is used: rows and sizes that point to trouble.

use std::collections::HashSet;

use crate::rvq::{Codebook, Rvq};

/// Below this EMA size a code counts as hardly used; the usual `threshold_ema_dead_code`.
const SMALL_CLUSTER: f64 = 2.0;

/// A row this many times as long as the median row is an outlier.
const NORM_RATIO: f64 = 1e3;

/// Findings on every layer. `has_sizes` tells for each layer whether its cluster sizes come from the file.
pub(super) fn findings(rvq: &Rvq, has_sizes: &[bool]) -> Vec<String> {
    let mut findings = Vec::new();
    let sizes: Vec<usize> = rvq.layers().iter().map(|layer| layer.codebook.num_codes()).collect();
    if sizes.windows(2).any(|pair| pair.first() != pair.last()) {
        findings.push(format!("the layers have different numbers of codes: {sizes:?}"));
    }
    for (layer_idx, layer) in rvq.layers().iter().enumerate() {
        let codebook = &layer.codebook;
        let has_sizes = has_sizes.get(layer_idx).copied().unwrap_or(false);
        let sizes = if has_sizes { cluster_sizes(codebook) } else { Vec::new() };
        let rows = [duplicates(codebook), norm_outliers(codebook)].into_iter().flatten();
        findings.extend(sizes.into_iter().chain(rows).map(|finding| format!("layer {layer_idx}: {finding}")));
    }
    findings
}

fn cluster_sizes(codebook: &Codebook) -> Vec<String> {
    let sizes = codebook.cluster_size();
    let mut findings = Vec::new();
    let negative = sizes.iter().filter(|&&size| size < 0.0).count();
    if negative > 0 {
        findings.push(format!("{negative} of {} codes have a negative EMA cluster size", sizes.len()));
    }
    if sizes.iter().all(|&size| size == 0.0) {
        findings.push("every EMA cluster size is 0: the layer was never trained".to_owned());
        return findings;
    }
    // What a size says is seen beside that of an even code: in small batches every code has few frames.
    let even = sizes.iter().map(|size| size.max(0.0)).sum::<f64>() / sizes.len() as f64;
    let small = sizes.iter().filter(|&&size| size < SMALL_CLUSTER).count();
    if small > 0 {
        findings.push(format!(
            "{small} of {} codes have an EMA cluster size below {SMALL_CLUSTER}, where an even code has {even:.3}",
            sizes.len()
        ));
    }
    findings
}

fn duplicates(codebook: &Codebook) -> Option<String> {
    let mut seen = HashSet::with_capacity(codebook.num_codes());
    // Adding 0 makes -0 and 0 the same bits.
    let bits =
        |row: ndarray::ArrayView1<'_, f32>| row.iter().map(|v| (v + 0.0).to_bits()).collect::<Vec<_>>();
    let equal = codebook.embed().rows().into_iter().filter(|row| !seen.insert(bits(*row))).count();
    (equal > 0).then(|| format!("{equal} of {} rows equal an earlier row", codebook.num_codes()))
}

fn norm_outliers(codebook: &Codebook) -> Option<String> {
    let norm =
        |row: ndarray::ArrayView1<'_, f32>| row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
    let norms: Vec<f64> = codebook.embed().rows().into_iter().map(norm).collect();
    let mut sorted = norms.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    if sorted.last().is_none_or(|&largest| largest == 0.0) {
        return Some("every row is zero".to_owned());
    }
    // Half of the rows being zero leaves no scale to compare with.
    let outliers = norms.iter().filter(|&&norm| median > 0.0 && norm > NORM_RATIO * median).count();
    (outliers > 0).then(|| {
        format!("{outliers} of {} rows are over {NORM_RATIO} times as long as the median row", norms.len())
    })
}
