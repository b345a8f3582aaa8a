//! The history of single codes: what every code was at some steps of a training.

use std::ops::Range;
use std::sync::Arc;

use crate::metrics::convergence;
use crate::rvq::{Rvq, RvqError};
use crate::text::msg;

/// Snapshots that are kept at most, of the whole of a training.
const MOST_SNAPSHOTS: usize = 64;

/// With fewer than this many there is no history to be seen.
const LEAST_SNAPSHOTS: usize = 8;

/// What all snapshots of a training may take in memory.
const MOST_BYTES: usize = 64 << 20;

/// A size, a movement and a count.
const BYTES_A_CODE: usize = 12;

/// Every code at one step, those of the first layer first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CodeSnapshot {
    /// The step behind which it was taken.
    pub step: u64,
    /// EMA cluster sizes `c_k`.
    pub sizes: Vec<f32>,
    /// How far each row has moved since the snapshot before, relative to its length: the sum over the steps, but those that replaced it.
    pub moved: Vec<f32>,
    /// How often each code was replaced since the snapshot before.
    pub replaced: Vec<u32>,
}

/// Every code of a training at some of its steps.
///
/// There are at most 64 snapshots, at the multiples of a number of steps that doubles whenever they have become too many: which steps they are
/// of depends on how many steps were taken and on nothing else. Movements and replacements add up where a snapshot is dropped, so that none is lost.
#[derive(Debug, Clone, PartialEq)]
pub struct CodeTrace {
    /// The number of codes of each layer.
    layer_codes: Vec<usize>,
    /// The step behind which it begins.
    from: u64,
    /// Steps from one snapshot to the next.
    pub(super) every: u64,
    pub(super) snapshots: Vec<Arc<CodeSnapshot>>,
}

/// One code at one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CodePoint {
    /// The step.
    pub step: u64,
    /// Its EMA cluster size.
    pub size: f64,
    /// How far its row moved in a step, on average since the point before; see [`convergence::code_drift`].
    pub drift: Option<f64>,
    /// How often it was replaced since the point before.
    pub replaced: u32,
}

impl CodeTrace {
    /// One without snapshots that begins behind step `from`; `None` where `rvq` has so many codes that too few snapshots would fit.
    pub(super) fn begin(rvq: &Rvq, from: u64) -> Option<Self> {
        let layer_codes = codes_of(rvq);
        (capacity(layer_codes.iter().sum()) > 0).then_some(Self {
            layer_codes,
            from,
            every: 1,
            snapshots: Vec::new(),
        })
    }

    /// One of these snapshots, a multiple of `every` steps each; `layer_codes` are the numbers of codes by layer.
    ///
    /// # Errors
    /// They do not ascend, lie at other steps, are too many, or are not of so many codes, or a number is none.
    pub fn from_parts(
        layer_codes: Vec<usize>,
        from: u64,
        every: u64,
        snapshots: Vec<Arc<CodeSnapshot>>,
    ) -> Result<Self, RvqError> {
        let num_codes: usize = layer_codes.iter().sum();
        let fits = |snapshot: &Arc<CodeSnapshot>| {
            let CodeSnapshot { step, sizes, moved, replaced } = snapshot.as_ref();
            [sizes.len(), moved.len(), replaced.len()] == [num_codes; 3]
                && *step > from
                && step.is_multiple_of(every)
                && !sizes.iter().chain(moved).any(|value| value.is_nan())
        };
        let ascends = snapshots.is_sorted_by(|a, b| a.step < b.step);
        if every == 0 || snapshots.len() > MOST_SNAPSHOTS || !ascends || !snapshots.iter().all(fits) {
            return Err(RvqError::Shape(msg!("err-trace-parts")));
        }
        Ok(Self { layer_codes, from, every, snapshots })
    }

    /// The step behind which it begins: 0, but for a training that was resumed from what held no history of codes.
    #[must_use]
    pub fn from(&self) -> u64 {
        self.from
    }

    /// Steps from one snapshot to the next.
    #[must_use]
    pub fn every(&self) -> u64 {
        self.every
    }

    /// The snapshots, by step.
    #[must_use]
    pub fn snapshots(&self) -> &[Arc<CodeSnapshot>] {
        &self.snapshots
    }

    /// The number of codes of all layers.
    #[must_use]
    pub fn num_codes(&self) -> usize {
        self.layer_codes.iter().sum()
    }

    /// Whether it is of the codes of `rvq`, and of none of the steps behind `step`.
    #[must_use]
    pub fn fits(&self, rvq: &Rvq, step: u64) -> bool {
        let last = self.snapshots.last().map_or(self.from, |last| last.step);
        self.layer_codes == codes_of(rvq) && last <= step
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.snapshots.len() * self.num_codes() * BYTES_A_CODE
    }

    /// How many snapshots there may be.
    pub(super) fn capacity(&self) -> usize {
        capacity(self.num_codes())
    }

    /// Where the codes of a layer stand among those of all layers.
    pub(super) fn codes_of_layer(&self, layer_idx: usize) -> Range<usize> {
        let start = self.layer_codes.iter().take(layer_idx).sum();
        start..start + self.layer_codes.get(layer_idx).copied().unwrap_or(0)
    }

    /// One code at every step that there is a snapshot of, from step `since` on; none for a code that is not there.
    #[must_use]
    pub fn code(&self, layer_idx: usize, code: usize, since: u64) -> Vec<CodePoint> {
        let codes = self.codes_of_layer(layer_idx);
        let Some(at) = codes.start.checked_add(code).filter(|at| codes.contains(at)) else {
            return Vec::new();
        };
        let before = std::iter::once(self.from).chain(self.snapshots.iter().map(|snapshot| snapshot.step));
        let point = |(before, snapshot): (u64, &Arc<CodeSnapshot>)| {
            let CodeSnapshot { step, sizes, moved, replaced } = snapshot.as_ref();
            let replaced = *replaced.get(at)?;
            // Before the step that started its layer there was no row to move.
            let steps = step.saturating_sub(before.max(since.saturating_sub(1)));
            let drift = convergence::code_drift(
                f64::from(*moved.get(at)?),
                steps.saturating_sub(u64::from(replaced)),
            );
            Some(CodePoint { step: *step, size: f64::from(*sizes.get(at)?), drift, replaced })
        };
        let points = before.zip(&self.snapshots).filter(|(_, snapshot)| snapshot.step >= since);
        points.filter_map(point).collect()
    }
}

impl CodeSnapshot {
    /// The same with what `before`, which is dropped, has told of the steps before it.
    pub(super) fn joined(&self, before: &Self) -> Self {
        let moved = self.moved.iter().zip(&before.moved);
        let replaced = self.replaced.iter().zip(&before.replaced);
        Self {
            step: self.step,
            sizes: self.sizes.clone(),
            moved: moved.map(|(&own, &other)| narrow(f64::from(own) + f64::from(other))).collect(),
            replaced: replaced.map(|(&own, &other)| own.saturating_add(other)).collect(),
        }
    }
}

/// A value that is not negative as an f32 that is finite.
pub(super) fn narrow(value: f64) -> f32 {
    value.min(f64::from(f32::MAX)) as f32
}

/// Whether a quantizer has so many codes that no history of single ones is kept.
pub(super) fn is_beyond(rvq: &Rvq) -> bool {
    capacity(codes_of(rvq).iter().sum()) == 0
}

fn codes_of(rvq: &Rvq) -> Vec<usize> {
    rvq.layers().iter().map(|layer| layer.codebook.num_codes()).collect()
}

/// How many snapshots of so many codes there may be: an even number, or 0 where too few fit.
fn capacity(num_codes: usize) -> usize {
    let fit = MOST_BYTES / num_codes.max(1).saturating_mul(BYTES_A_CODE);
    if fit < LEAST_SNAPSHOTS { 0 } else { fit.min(MOST_SNAPSHOTS) / 2 * 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(step: u64, moved: f32, replaced: u32) -> Arc<CodeSnapshot> {
        let (sizes, moved) = (vec![1.0, 2.0, step as f32], vec![0.0, 0.0, moved]);
        Arc::new(CodeSnapshot { step, sizes, moved, replaced: vec![0, 0, replaced] })
    }

    #[test]
    fn memory_bounds_the_number_of_snapshots() {
        assert_eq!([capacity(8 * 1024), capacity(1), capacity(0)], [64, 64, 64]);
        assert_eq!([capacity(8 * 16_384), capacity(699_050), capacity(699_051)], [42, 8, 0]);
        assert_eq!(capacity(usize::MAX), 0);
    }

    #[test]
    fn a_code_is_read_off_with_its_movement_in_a_step() {
        let snapshots = vec![snapshot(4, 0.4, 0), snapshot(8, 0.3, 1), snapshot(12, 0.0, 4)];
        let trace = CodeTrace::from_parts(vec![2, 1], 0, 4, snapshots).unwrap();
        let points = trace.code(1, 0, 1);
        assert_eq!(
            points.iter().map(|p| (p.step, p.size)).collect::<Vec<_>>(),
            [(4, 4.0), (8, 8.0), (12, 12.0)]
        );
        assert_eq!(points.iter().map(|p| p.replaced).collect::<Vec<_>>(), [0, 1, 4]);
        let drifts: Vec<_> = points.iter().map(|p| p.drift.map(|d| (d * 1e6).round() / 1e6)).collect();
        assert_eq!(drifts, [Some(0.1), Some(0.1), None], "a step that replaces it is none of its own moves");
        // A layer that was started in the third step has moved in two of the first four.
        assert_eq!(trace.code(1, 0, 3)[0].drift.map(|d| (d * 1e6).round() / 1e6), Some(0.2));
        assert_eq!(trace.code(1, 0, 5).len(), 2);
        assert_eq!(trace.code(0, 1, 0).iter().map(|p| p.size).collect::<Vec<_>>(), [2.0; 3]);
        for (layer_idx, code) in [(0, 2), (1, 1), (2, 0), (0, usize::MAX)] {
            assert!(trace.code(layer_idx, code, 0).is_empty(), "layer {layer_idx}, code {code}");
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let refused = |layer_codes: &[usize], from, every, snapshots: &[Arc<CodeSnapshot>]| {
            let made = CodeTrace::from_parts(layer_codes.to_vec(), from, every, snapshots.to_vec());
            assert!(matches!(made, Err(RvqError::Shape(_))));
        };
        let sound = [snapshot(2, 0.0, 0), snapshot(4, 0.0, 0)];
        assert!(CodeTrace::from_parts(vec![3], 1, 2, sound.to_vec()).is_ok());
        refused(&[4], 0, 2, &sound);
        refused(&[3], 2, 2, &sound);
        refused(&[3], 0, 4, &sound);
        refused(&[3], 0, 0, &sound);
        refused(&[3], 0, 2, &[sound[1].clone(), sound[0].clone()]);
        refused(&[3], 0, 1, &[sound[0].clone(), sound[0].clone()]);
        refused(&[3], 0, 1, &[snapshot(1, f32::NAN, 0)]);
        let many: Vec<_> = (1..=65).map(|step| snapshot(step, 0.0, 0)).collect();
        refused(&[3], 0, 1, &many);
        assert!(CodeTrace::from_parts(vec![3], 0, 1, many[..64].to_vec()).is_ok());
    }
}
