//! How far work is that goes layer by layer: over all layers, not the one it is at.

use crate::task::Progress;

/// The layer, from 1, that a stage says it is at: `k-means, layer 3`.
fn layer_of(stage: &str) -> Option<usize> {
    let (_, behind) = stage.rsplit_once("layer ")?;
    let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The stage in words; of work that goes layer by layer, of how many.
#[must_use]
pub fn stage_words(progress: &Progress, num_layers: usize) -> String {
    let Progress { stage, done, total } = progress;
    match layer_of(stage) {
        Some(layer) if num_layers >= layer => {
            let said = format!("layer {layer}");
            stage.replacen(&said, &format!("{said} of {num_layers}"), 1)
        }
        _ if *total > 0 => format!("{stage} ({done} of {total})"),
        _ => stage.clone(),
    }
}

/// The share that is done. A layer that is finished leaves the others to come.
#[must_use]
pub fn stage_share(progress: &Progress, num_layers: usize) -> f32 {
    let Progress { stage, done, total } = progress;
    let share = if *total == 0 { 0.0 } else { *done as f32 / *total as f32 };
    match layer_of(stage) {
        Some(layer) if num_layers >= layer && layer > 0 => ((layer - 1) as f32 + share) / num_layers as f32,
        _ => share,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_that_is_done_is_not_all_of_them() {
        let progress = |stage: &str, done| Progress { stage: stage.to_owned(), done, total: 50 };
        let k_means = progress("k-means, layer 2", 50);
        assert_eq!(stage_share(&k_means, 8), 0.25);
        assert_eq!(stage_words(&k_means, 8), "k-means, layer 2 of 8");
        assert_eq!(stage_share(&progress("k-means, layer 3, seeding", 25), 5), 0.5);
        assert_eq!(
            stage_words(&progress("k-means, layer 1, seeding", 1), 8),
            "k-means, layer 1 of 8, seeding"
        );
        let reading = progress("reading", 25);
        assert_eq!(
            (stage_share(&reading, 8), stage_words(&reading, 8)),
            (0.5, "reading (25 of 50)".to_owned())
        );
    }
}
