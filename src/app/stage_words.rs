//! How far work is that goes layer by layer: over all layers, not the one it is at.

use crate::task::Progress;
use crate::text::{Message, Value, msg, t};

/// What says which layer a stage is at: as it is told, and with the number of layers.
const LAYER: &str = "stage-layer";

/// The layer, from 1, that a stage says it is at: `k-means, layer 3`.
fn layer_of(stage: &Message) -> Option<usize> {
    let Message::Said { key, args } = stage else { return None };
    args.iter().find_map(|(_, value)| match value {
        Value::Message(part) => layer_of(part),
        Value::Whole(layer) if *key == LAYER => usize::try_from(*layer).ok(),
        _ => None,
    })
}

/// The stage with the number of layers beside the one that it is at.
fn with_layers(stage: &Message, layer: usize, num_layers: usize) -> Message {
    match stage {
        Message::Said { key: LAYER, .. } => msg!("stage-layer-of", layer = layer, layers = num_layers),
        Message::Said { key, args } => {
            let of_all = |value: &Value| match value {
                Value::Message(part) => Value::from(with_layers(part, layer, num_layers)),
                other => other.clone(),
            };
            Message::Said { key, args: args.iter().map(|(name, value)| (*name, of_all(value))).collect() }
        }
        Message::Verbatim(_) => stage.clone(),
    }
}

/// The stage in words; of work that goes layer by layer, of how many.
#[must_use]
pub fn stage_words(progress: &Progress, num_layers: usize) -> String {
    let Progress { stage, done, total } = progress;
    match layer_of(stage) {
        Some(layer) if num_layers >= layer => with_layers(stage, layer, num_layers).text(),
        _ if *total > 0 => t!("stage-done", stage = stage, done = *done, total = *total),
        _ => stage.text(),
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
    use crate::text::Language;

    #[test]
    fn a_layer_that_is_done_is_not_all_of_them() {
        let progress = |stage: &Message, done| Progress { stage: stage.clone(), done, total: 50 };
        let k_means = |layer: usize| msg!("stage-k-means", layer = msg!("stage-layer", layer = layer));
        let seeding = |layer: usize| msg!("stage-seeding", stage = k_means(layer));
        let second = progress(&k_means(2), 50);
        assert_eq!(stage_share(&second, 8), 0.25);
        assert_eq!(stage_words(&second, 8), "k-means, layer 2 of 8");
        assert_eq!(stage_share(&progress(&seeding(3), 25), 5), 0.5);
        assert_eq!(stage_words(&progress(&seeding(1), 1), 8), "k-means, layer 1 of 8, seeding");
        assert_eq!(with_layers(&k_means(2), 2, 8).text_in(Language::Chinese), "k-means，第 2 层（共 8 层）");
        let reading = progress(&msg!("stage-reading"), 25);
        assert_eq!(
            (stage_share(&reading, 8), stage_words(&reading, 8)),
            (0.5, "reading (25 of 50)".to_owned())
        );
    }
}
