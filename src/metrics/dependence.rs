//! What the codes of a layer tell of each other: those of one frame in neighbouring layers, and those of neighbouring frames in one layer.
//!
//! A quantizer whose layers say new things has codes that are hard to guess from those of the layer before. Entropies that are counted from few
//! frames come out too low, and the more pairs of codes there are, the more so: by about `(K_a - 1)(K_b - 1) / (2 n ln 2)` bits for information
//! (Miller, 1955). So each stands beside what the same codes give when those of the layer are shuffled among the frames, which takes away what
//! they tell of each other and leaves the bias as it is (Panzeri et al., 2007).

use std::collections::HashMap;

use super::over_time::OverTime;
use super::{metric, usage};
use crate::random::{self, Purpose};
use crate::text::{Phrase, phrase};

/// Cells of a table of pairs at the most; beyond it pairs are counted by hashing.
const MOST_CELLS: usize = 1 << 22;
/// Rows and columns of a folded table of pairs.
const MOST_BINS: usize = 256;
/// Lengths of runs that are counted one by one; the last counts all that are longer too.
const LENGTHS: usize = 32;

metric! {
    CONDITIONAL_ENTROPY, "conditional_entropy_bits", phrase!("unit-bits"),
    "`H(l | l-1) = H(a, b) - H(a)` over the codes a and b of a frame in layers l-1 and l: what the layer says that the one before has not said. 0 where its code follows from that before it. From few frames it comes out too low: compare it with the same codes shuffled among the frames, not with the entropy.";
    #[must_use]
    pub fn conditional_entropy_bits(pairs: &PairCounts) -> Option<f64> {
        Some((usage::entropy_of(&pairs.both)? - usage::entropy_of(&pairs.first)?).max(0.0) / std::f64::consts::LN_2)
    }
}

metric! {
    MUTUAL_INFORMATION, "mutual_information_bits", phrase!("unit-bits"),
    "`I = H_shuffled(l | l-1) - H(l | l-1)`: the bits of a layer's code that the code before it tells already, beyond what chance makes of so few frames. About 0 where the layers are independent; a little below it by chance.";
    #[must_use]
    pub fn mutual_information_bits(given_bits: f64, shuffled_bits: f64) -> f64 {
        shuffled_bits - given_bits
    }
}

metric! {
    REPETITION, "repetition_share", Phrase::NONE,
    "`#{c_t = c_(t+1)} / #pairs` over the codes of neighbouring frames of a clip: the share of frames that repeat the code before them.";
    #[must_use]
    pub fn repetition_share(repeated: u64, pairs: u64) -> Option<f64> {
        (pairs > 0).then(|| repeated as f64 / pairs as f64)
    }
}

metric! {
    RUN_LENGTH, "mean_run_length", phrase!("unit-frames"),
    "`n / #runs`: the mean length of stretches of one code. 1 where no frame repeats the code before it; with shares p_k and no memory about `1 / (1 - sum_k p_k²)`.";
    #[must_use]
    pub fn mean_run_length(frames: u64, runs: u64) -> Option<f64> {
        (runs > 0).then(|| frames as f64 / runs as f64)
    }
}

/// How often pairs of codes and each of their two codes were counted; only what was counted at all, in ascending order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PairCounts {
    both: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
}

/// What a layer tells beside the one before it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LayerDependence {
    /// Frames with a code in both layers; of the first layer, with a code in it.
    pub frames: u64,
    /// `H(l)`.
    pub entropy_bits: Option<f64>,
    /// [`conditional_entropy_bits`]; `None` for the first layer.
    pub given_bits: Option<f64>,
    /// The same of codes that are shuffled among the frames.
    pub shuffled_bits: Option<f64>,
}

/// What a layer does over time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InTime {
    /// Which code follows which.
    pub bigrams: Bigrams,
    /// Pairs of neighbouring frames with the same code.
    pub repeated: u64,
    /// `sum_k p_k²`: the share of pairs that would have the same code if frames were in random order.
    pub by_chance: Option<f64>,
    /// Stretches of one code by their length, from 1; the last counts those that are longer too. Empty where there is none.
    pub runs: Vec<u64>,
    /// The longest of them.
    pub longest: u64,
    /// Frames that were counted.
    pub frames: u64,
}

/// Which code follows which in time, folded to a table of at most 256 by 256 bins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bigrams {
    /// The codes that are used, the most used first.
    pub codes: Vec<u32>,
    /// Rows, and columns, of the table.
    pub num_bins: usize,
    /// How often a code of the row is followed by one of the column, row by row.
    pub counts: Vec<u64>,
    /// All pairs.
    pub total: u64,
}

impl PairCounts {
    /// Counts the pairs `(a, b)` of codes, the first of `num_codes.0` and the second of `num_codes.1`.
    #[must_use]
    pub fn of(a: &[u32], b: &[u32], num_codes: (usize, usize)) -> Self {
        let singles = |codes: &[u32], num_codes: usize| {
            let mut counts = vec![0u32; num_codes];
            codes.iter().for_each(|&code| counts[code as usize] += 1);
            ascending(counts)
        };
        let pairs = || a.iter().zip(b);
        let cells = num_codes.0.saturating_mul(num_codes.1);
        let both = if cells <= MOST_CELLS {
            let mut counts = vec![0u32; cells];
            pairs().for_each(|(&a, &b)| counts[a as usize * num_codes.1 + b as usize] += 1);
            ascending(counts)
        } else {
            let mut counts: HashMap<(u32, u32), u32> = HashMap::new();
            pairs().for_each(|(&a, &b)| *counts.entry((a, b)).or_default() += 1);
            ascending(counts.into_values())
        };
        Self { both, first: singles(a, num_codes.0), second: singles(b, num_codes.1) }
    }

    /// `H` of the second code, in bits.
    #[must_use]
    pub fn second_entropy_bits(&self) -> Option<f64> {
        usage::entropy_of(&self.second).map(|nats| nats / std::f64::consts::LN_2)
    }
}

/// What was counted at all, in an order that is the same however it was counted.
fn ascending(counts: impl IntoIterator<Item = u32>) -> Vec<f64> {
    let mut counts: Vec<u32> = counts.into_iter().filter(|&count| count > 0).collect();
    counts.sort_unstable();
    counts.into_iter().map(f64::from).collect()
}

impl LayerDependence {
    /// Of `layer` behind `before`, frame by frame: `O(num_frames)` time, and memory for as many pairs. `seed` and `layer_idx` decide how codes
    /// are shuffled.
    #[must_use]
    pub fn of(before: Option<OverTime<'_>>, layer: OverTime<'_>, layer_idx: usize, seed: u64) -> Self {
        let Some(before) = before else { return Self::alone(layer) };
        // Where frames share codes, each pair counts once.
        let step = before.stride.min(layer.stride).max(1);
        let frames = (0..before.codes.len().min(layer.codes.len())).step_by(step);
        let pairs = frames.filter_map(|frame| before.code(frame).zip(layer.code(frame)));
        let (a, mut b): (Vec<u32>, Vec<u32>) = pairs.unzip();
        let num_codes = (before.num_codes, layer.num_codes);
        let counts = PairCounts::of(&a, &b, num_codes);
        random::shuffle(&mut random::stream(seed, Purpose::Chance, layer_idx as u64), &mut b);
        Self {
            frames: a.len() as u64,
            entropy_bits: counts.second_entropy_bits(),
            given_bits: conditional_entropy_bits(&counts),
            shuffled_bits: conditional_entropy_bits(&PairCounts::of(&a, &b, num_codes)),
        }
    }

    fn alone(layer: OverTime<'_>) -> Self {
        let counts = layer.counts();
        let entropy_bits = usage::entropy_nats(&counts).map(|nats| nats / std::f64::consts::LN_2);
        Self { frames: usage::frames(&counts), entropy_bits, given_bits: None, shuffled_bits: None }
    }

    /// [`mutual_information_bits`] of the two entropies.
    #[must_use]
    pub fn shared_bits(&self) -> Option<f64> {
        Some(mutual_information_bits(self.given_bits?, self.shuffled_bits?))
    }
}

impl InTime {
    /// Of one layer: `O(num_frames + K log K)` time.
    #[must_use]
    pub fn of(layer: OverTime<'_>) -> Self {
        let counts = layer.counts();
        let frames = usage::frames(&counts);
        let share = |&count: &u64| (count as f64 / frames as f64).powi(2);
        let mut found = Self {
            bigrams: Bigrams::of(layer, &counts),
            by_chance: (frames > 0).then(|| counts.iter().map(share).sum()),
            frames,
            ..Self::default()
        };
        for clip in layer.by_clip() {
            let mut run: Option<(u32, u64)> = None;
            for code in clip {
                match (&mut run, code) {
                    (Some((of, length)), Some(code)) if *of == code => {
                        *length += 1;
                        found.repeated += 1;
                    }
                    (run, code) => {
                        found.end_run(run.take());
                        *run = code.map(|code| (code, 1));
                    }
                }
            }
            found.end_run(run);
        }
        found
    }

    fn end_run(&mut self, run: Option<(u32, u64)>) {
        let Some((_, length)) = run else { return };
        let place = (length as usize).min(LENGTHS) - 1;
        if self.runs.len() <= place {
            self.runs.resize(place + 1, 0);
        }
        self.runs[place] += 1;
        self.longest = self.longest.max(length);
    }

    /// [`repetition_share`] of the pairs.
    #[must_use]
    pub fn repetition(&self) -> Option<f64> {
        repetition_share(self.repeated, self.bigrams.total)
    }

    /// [`mean_run_length`] of the runs.
    #[must_use]
    pub fn mean_run(&self) -> Option<f64> {
        mean_run_length(self.frames, self.runs.iter().sum())
    }

    /// Whether the last of [`runs`](Self::runs) counts longer ones too.
    #[must_use]
    pub fn last_is_open(&self) -> bool {
        self.longest > LENGTHS as u64
    }
}

impl Bigrams {
    fn of(layer: OverTime<'_>, counts: &[u64]) -> Self {
        let mut codes: Vec<u32> =
            (0..).zip(counts).filter(|(_, count)| **count > 0).map(|(code, _)| code).collect();
        codes.sort_by_key(|&code| (std::cmp::Reverse(counts[code as usize]), code));
        let num_bins = codes.len().min(MOST_BINS);
        let mut bins = vec![0usize; layer.num_codes];
        for (rank, &code) in codes.iter().enumerate() {
            bins[code as usize] = rank * num_bins / codes.len();
        }
        let mut found = Self { counts: vec![0; num_bins * num_bins], codes, num_bins, total: 0 };
        for clip in layer.by_clip() {
            let mut before = None;
            for code in clip {
                if let (Some(before), Some(code)) = (before, code) {
                    found.counts[bins[before as usize] * num_bins + bins[code as usize]] += 1;
                    found.total += 1;
                }
                before = code;
            }
        }
        found
    }

    /// The codes that share a bin, the most used first.
    #[must_use]
    pub fn codes_in(&self, bin: usize) -> &[u32] {
        let len = self.codes.len();
        let start = |bin: usize| (bin * len).div_ceil(self.num_bins.max(1)).min(len);
        self.codes.get(start(bin)..start(bin + 1)).unwrap_or(&[])
    }

    /// The bin of a code; `None` for one that is not used.
    #[must_use]
    pub fn bin_of(&self, code: u32) -> Option<usize> {
        let rank = self.codes.iter().position(|&other| other == code)?;
        Some(rank * self.num_bins / self.codes.len())
    }

    /// How often a code of bin `from` is followed by one of bin `to`.
    #[must_use]
    pub fn count(&self, from: usize, to: usize) -> u64 {
        if to < self.num_bins { self.counts.get(from * self.num_bins + to).copied().unwrap_or(0) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use ndarray::{Array1, ArrayView1};

    /// A layer in which every frame has a code of its own.
    fn layer<'a>(
        codes: ArrayView1<'a, u32>,
        num_codes: usize,
        clips: &'a [std::ops::Range<usize>],
    ) -> OverTime<'a> {
        OverTime { codes, num_codes, clips, stride: 1 }
    }

    fn draw(index: u64, len: usize, num_codes: usize) -> Array1<u32> {
        let mut rng = random::stream(11, Purpose::Data, index);
        Array1::from_shape_simple_fn(len, || random::below(&mut rng, num_codes) as u32)
    }

    fn of(a: &Array1<u32>, b: &Array1<u32>, num_codes: (usize, usize)) -> LayerDependence {
        let clips = [0..a.len()];
        LayerDependence::of(
            Some(layer(a.view(), num_codes.0, &clips)),
            layer(b.view(), num_codes.1, &clips),
            1,
            0,
        )
    }

    #[test]
    fn independent_layers_share_nothing_beyond_chance() {
        // 2000 frames of 32 x 32 pairs: the bias is 31 * 31 / (2 * 2000 ln 2) = 0.35 bits.
        let (a, b) = (draw(1, 2000, 32), draw(2, 2000, 32));
        let found = of(&a, &b, (32, 32));
        let plain = found.entropy_bits.unwrap() - found.given_bits.unwrap();
        assert!((0.25..0.45).contains(&plain), "{plain}");
        assert!(found.shared_bits().unwrap().abs() < 0.04, "{found:?}");
    }

    #[test]
    fn a_layer_that_follows_from_the_one_before_says_nothing_new() {
        let a = draw(3, 5000, 16);
        let found = of(&a, &a.mapv(|code| code / 2), (16, 8));
        assert!(found.given_bits.unwrap() < 1e-9);
        assert!((found.entropy_bits.unwrap() - 3.0).abs() < 0.01);
        assert!((found.shared_bits().unwrap() - 3.0).abs() < 0.05);
        // A layer of one code has nothing to tell.
        let found = of(&a, &Array1::zeros(5000), (16, 1));
        assert_eq!(
            (found.entropy_bits, found.given_bits, found.shared_bits()),
            (Some(0.0), Some(0.0), Some(0.0))
        );
    }

    #[test]
    fn entropies_are_those_of_the_definition_and_hashing_counts_the_same() {
        let (a, b) = (draw(4, 900, 7), draw(5, 900, 9).mapv(|code| code * code % 9));
        let mut joint: BTreeMap<(u32, u32), f64> = BTreeMap::new();
        a.iter().zip(&b).for_each(|(&a, &b)| *joint.entry((a, b)).or_default() += 1.0);
        let mut first: BTreeMap<u32, f64> = BTreeMap::new();
        a.iter().for_each(|&a| *first.entry(a).or_default() += 1.0);
        let wanted: f64 = joint.iter().map(|((a, _), n)| -n / 900.0 * (n / first[a]).log2()).sum();
        let found = of(&a, &b, (7, 9)).given_bits.unwrap();
        assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
        // The same codes in codebooks too large for a table.
        let (values_a, values_b) = (a.to_vec(), b.to_vec());
        let [table, hashed] = [(7, 9), (4096, 4096)].map(|sizes| PairCounts::of(&values_a, &values_b, sizes));
        assert_eq!(table, hashed);
        assert_eq!(of(&a, &b, (7, 9)), of(&a, &b, (4096, 4096)));
    }

    #[test]
    fn frames_without_a_code_and_shared_codes_are_counted_once() {
        let a = Array1::from(vec![0u32, 0, 0, 0, 1, 1, 1, 1]);
        let b = Array1::from(vec![0u32, 0, 1, 1, 9, 9, 1, 1]);
        let (before, this) = (layer(a.view(), 2, &[0..8]), layer(b.view(), 2, &[0..8]));
        let found =
            LayerDependence::of(Some(OverTime { stride: 4, ..before }), OverTime { stride: 2, ..this }, 1, 0);
        assert_eq!(found.frames, 3);
        // Pairs 00, 01, 11: H(a, b) = log2 3, H(a) = log2 3 - 2/3.
        assert!((found.given_bits.unwrap() - 2.0 / 3.0).abs() < 1e-12);
        let first = LayerDependence::of(None, this, 0, 0);
        assert_eq!((first.frames, first.given_bits, first.shuffled_bits), (6, None, None));
        let none = LayerDependence::of(None, OverTime { num_codes: 0, ..this }, 0, 0);
        assert_eq!(none, LayerDependence::default());
    }

    #[test]
    fn runs_and_repetition_by_hand() {
        let codes = Array1::from(vec![5u32, 5, 5, 2, 2, 5, 99, 5, 5, 5]);
        // Clips 5 5 5 2 | 2 5 . 5 | 5 5, where the point has no code.
        let found = InTime::of(layer(codes.view(), 6, &[0..4, 4..8, 8..10]));
        assert_eq!((found.frames, found.repeated, found.bigrams.total), (9, 3, 5));
        assert_eq!((found.runs.as_slice(), found.longest), (&[4, 1, 1][..], 3));
        assert_eq!((found.repetition(), found.mean_run()), (Some(0.6), Some(1.5)));
        assert!((found.by_chance.unwrap() - (49.0 + 4.0) / 81.0).abs() < 1e-12);
        let Bigrams { codes, num_bins, counts, .. } = &found.bigrams;
        assert_eq!((codes.as_slice(), *num_bins, counts.as_slice()), (&[5, 2][..], 2, &[3, 1, 1, 0][..]));
        let nothing = InTime::of(layer(Array1::zeros(0).view(), 6, &[]));
        assert_eq!(nothing, InTime::default());
        assert_eq!((nothing.repetition(), nothing.mean_run()), (None, None));
        let long = InTime::of(layer(Array1::zeros(100).view(), 1, &[0..100]));
        assert_eq!((long.runs.len(), long.runs[LENGTHS - 1], long.last_is_open()), (LENGTHS, 1, true));
    }

    #[test]
    fn many_codes_are_folded_by_use_and_no_pair_is_lost() {
        let codes =
            draw(7, 20_000, 40).iter().zip(&draw(8, 20_000, 25)).map(|(a, b)| a * b).collect::<Array1<u32>>();
        let clips = [0..7000, 7000..20_000];
        let found = InTime::of(layer(codes.view(), 1000, &clips)).bigrams;
        assert!(found.codes.len() > MOST_BINS && found.num_bins == MOST_BINS);
        assert_eq!((found.counts.iter().sum::<u64>(), found.total), (19_998, 19_998));
        let counts = layer(codes.view(), 1000, &clips).counts();
        assert!(found.codes.is_sorted_by(|&a, &b| counts[a as usize] >= counts[b as usize]));
        let together: Vec<u32> = (0..found.num_bins).flat_map(|bin| found.codes_in(bin).to_vec()).collect();
        assert_eq!(together, found.codes, "every code is in one bin");
        for bin in 0..found.num_bins {
            assert!(!found.codes_in(bin).is_empty());
            assert!(found.codes_in(bin).iter().all(|&code| found.bin_of(code) == Some(bin)));
        }
        // A bin holds what its codes have together.
        let (from, to) = (200, 3);
        let plain = clips
            .iter()
            .flat_map(|clip| codes.as_slice().unwrap()[clip.clone()].windows(2))
            .filter(|pair| found.bin_of(pair[0]) == Some(from) && found.bin_of(pair[1]) == Some(to));
        assert_eq!(found.count(from, to), plain.count() as u64);
        assert_eq!((found.bin_of(999), found.count(0, 256), found.count(999, 0)), (None, 0, 0));
    }
}
