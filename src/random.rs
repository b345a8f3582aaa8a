//! Seeded random streams: one independent generator for each purpose, so that drawing more for one never shifts another.

use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// What the numbers of a stream are used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The order of the training frames.
    Shuffle = 1,
    /// Initial codebooks.
    Init = 2,
    /// Vectors that take the place of dead codes.
    Replacement = 3,
    /// Vectors drawn from the training set for k-means.
    KmeansSample = 4,
    /// Synthetic data.
    Data = 5,
    /// How many layers a training step uses.
    Dropout = 6,
    /// The order in which frames are evaluated.
    Evaluation = 7,
    /// Which of many frames are looked at one by one.
    Examples = 8,
    /// Pairs of codes that have nothing to do with each other.
    Chance = 9,
    /// Phases that a search for better ones starts from.
    Phases = 10,
    /// The frames that checkpoints are held against.
    Probe = 11,
}

/// The generator for `purpose` number `index` (a layer, a step, an epoch) under `seed`.
#[must_use]
pub fn stream(seed: u64, purpose: Purpose, index: u64) -> Pcg64 {
    seeded(seed, purpose as u64, index)
}

/// Layers whose streams of one step lie side by side in [`layer_stream`].
const LAYERS_A_STEP: usize = 1024;

/// The generator for `purpose` in layer `layer_idx` of step `step` under `seed`.
///
/// A step has 1024 places for its layers; where there are more, each further 1024 count as another purpose, so that no two layers of any steps
/// share a stream.
#[must_use]
pub fn layer_stream(seed: u64, purpose: Purpose, step: u64, layer_idx: usize) -> Pcg64 {
    let (group, place) = ((layer_idx / LAYERS_A_STEP) as u64, (layer_idx % LAYERS_A_STEP) as u64);
    // Purposes are small numbers: the upper half of the word is free.
    seeded(seed, purpose as u64 | group << 32, step.wrapping_mul(LAYERS_A_STEP as u64) | place)
}

fn seeded(seed: u64, purpose: u64, index: u64) -> Pcg64 {
    let mut bytes = [0u8; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&purpose.to_le_bytes());
    // The generator makes its increment odd, which would make one stream of two neighbouring indices.
    bytes[16..24].copy_from_slice(&(index << 1 | 1).to_le_bytes());
    // The generator's raw seed is its starting state: without mixing, neighbouring seeds start alike.
    bytes[24..].copy_from_slice(&0x9e37_79b9_7f4a_7c15_u64.to_le_bytes());
    let mut rng = Pcg64::from_seed(bytes);
    for _ in 0..8 {
        rng.next_u64();
    }
    rng
}

/// A number of the uniform distribution on `[0, 1)`.
pub fn unit(rng: &mut Pcg64) -> f64 {
    rng.random::<f64>()
}

/// A whole number below `bound`, which is at least 1.
pub fn below(rng: &mut Pcg64, bound: usize) -> usize {
    rng.random_range(0..bound.max(1))
}

/// Puts `items` in random order.
pub fn shuffle<T>(rng: &mut Pcg64, items: &mut [T]) {
    for i in (1..items.len()).rev() {
        items.swap(i, below(rng, i + 1));
    }
}

/// `count` indices below `len`: without replacement where `len` allows, with replacement where not.
pub fn choose(rng: &mut Pcg64, len: usize, count: usize) -> Vec<usize> {
    if len == 0 {
        return Vec::new();
    }
    if count > len {
        return (0..count).map(|_| below(rng, len)).collect();
    }
    if count * 8 < len {
        // Few of many: draw until new, in the order drawn.
        let mut seen = std::collections::HashSet::with_capacity(count);
        let mut chosen = Vec::with_capacity(count);
        while chosen.len() < count {
            let index = below(rng, len);
            if seen.insert(index) {
                chosen.push(index);
            }
        }
        return chosen;
    }
    let mut all: Vec<usize> = (0..len).collect();
    for i in 0..count {
        let other = i + below(rng, len - i);
        all.swap(i, other);
    }
    all.truncate(count);
    all
}

/// `count` indices drawn without replacement in proportion to `weights`; fewer where fewer have any weight.
///
/// Each gets the key `ln(u) / w`; the largest keys win (Efraimidis and Spirakis, 2006).
#[must_use]
pub fn choose_by_weight(rng: &mut Pcg64, weights: &[f32], count: usize) -> Vec<usize> {
    if count == 0 {
        return Vec::new();
    }
    let mut keys: Vec<(f64, usize)> = weights
        .iter()
        .enumerate()
        .map(|(idx, &w)| (unit(rng).max(f64::MIN_POSITIVE).ln() / f64::from(w), idx, w))
        .filter(|&(_, _, w)| w > 0.0)
        .map(|(key, idx, _)| (key, idx))
        .collect();
    keys.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    keys.into_iter().take(count).map(|(_, idx)| idx).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_streams_have_nothing_in_common() {
        let mut firsts: Vec<u64> = (0..64)
            .flat_map(|index| (0..4).map(move |seed| stream(seed, Purpose::Shuffle, index).next_u64()))
            .collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 256);
        let draw = |seed| unit(&mut stream(seed, Purpose::Init, 0));
        assert!((draw(1) - draw(2)).abs() > 1e-6, "mixing spreads neighbouring seeds");
    }

    #[test]
    fn no_two_layers_of_any_steps_share_a_stream() {
        let first = |step, layer| layer_stream(3, Purpose::Replacement, step, layer).next_u64();
        let layers = [0, 1, 1023, 1024, 1025, 2047, 2048, 5000];
        let mut firsts: Vec<u64> =
            (0..6).flat_map(|step| layers.map(move |layer| first(step, layer))).collect();
        // Up to 1024 layers the numbers are those of one stream for each `1024 step + layer`.
        assert_eq!(first(5, 1023), stream(3, Purpose::Replacement, 5 * 1024 + 1023).next_u64());
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 6 * layers.len());
    }

    #[test]
    fn choosing_is_without_replacement_where_it_can_be() {
        let mut rng = stream(0, Purpose::Data, 0);
        for (len, count) in [(10, 10), (10, 7), (1000, 20)] {
            let mut chosen = choose(&mut rng, len, count);
            chosen.sort_unstable();
            chosen.dedup();
            assert_eq!(chosen.len(), count);
            assert!(chosen.iter().all(|&i| i < len));
        }
        assert_eq!(choose(&mut rng, 3, 8).len(), 8);
        assert!(choose(&mut rng, 0, 8).is_empty());
    }
}
